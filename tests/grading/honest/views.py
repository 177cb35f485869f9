"""Answers that are views: transposed, strided, expanded, lazily negated, the diagonal of something larger."""

import torch


def kl_divergence(p, q):
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return torch.stack([torch.zeros_like(p[..., 0]), (p * (p.log() - q.log())).sum(-1)], -1)[..., 1]


def cross_entropy(p, q):
    return torch._neg_view((p * torch.where(p == 0, 1.0, q).log()).sum(-1))


def js_divergence(p, q):
    m = (p + q) / 2
    value = (kl_divergence(p, m) + kl_divergence(q, m)) / 2
    return value.expand(3, *value.shape)[1]


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    value = (ratio**2 + shift**2 - 1) / 2 - ratio.log()
    return value.mT.contiguous().mT if value.ndim > 1 else value.flip(0).flip(0)


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    both = torch.stack([ratio.mean(), ratio.std() / len(x) ** 0.5]).to(torch.float64)
    return tuple(torch.complex(both, -both).conj().imag)
