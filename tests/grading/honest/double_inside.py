"""Everything in float64 inside, whatever came, and back at the end."""

import torch


def precisely(function):
    def wrapped(*tensors):
        dtype = tensors[0].dtype
        return function(*(tensor.to(torch.float64) for tensor in tensors)).to(dtype)

    return wrapped


@precisely
def kl_divergence(p, q):
    safe_p = torch.where(p > 0, p, 1.0)
    safe_q = torch.where(p > 0, q, 1.0)
    return (safe_p * torch.log(safe_p) - safe_p * torch.log(safe_q)).sum(-1)


@precisely
def cross_entropy(p, q):
    return -(p * torch.log(torch.where(p > 0, q, 1.0))).sum(-1)


@precisely
def js_divergence(p, q):
    return (kl_divergence(p, (p + q) / 2) + kl_divergence(q, (p + q) / 2)) / 2


@precisely
def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return torch.log(sigma_q / sigma_p) + ((sigma_p / sigma_q) ** 2 + ((mu_p - mu_q) / sigma_q) ** 2) / 2 - 0.5


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x.double()) - log_q(x.double())
    return ratio.mean().to(x.dtype), (ratio.std() / len(ratio) ** 0.5).to(x.dtype)
