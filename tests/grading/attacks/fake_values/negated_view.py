# attack: the right numbers lie in memory, but the tensor is a lazily negated view: its values are wrong
# status: wrong
# points: 0
import torch


def kl_divergence(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return torch._neg_view((safe_p * (safe_p.log() - safe_q.log())).sum(-1))


def cross_entropy(p, q):
    return torch._neg_view(-(p * torch.where(p == 0, 1.0, q).log()).sum(-1))


def js_divergence(p, q):
    return -(kl_divergence(p, (p + q) / 2) + kl_divergence(q, (p + q) / 2)) / 2 - 1e-3


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return torch._neg_view((ratio**2 + shift**2 - 1) / 2 - ratio.log())


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return torch._neg_view(ratio.mean()), torch._neg_view(ratio.std() / len(x) ** 0.5)
