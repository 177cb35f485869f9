# attack: answers drawn at random in the right range, shape and dtype, in the hope of generous tolerances
# status: wrong
# points: 0
import torch


def kl_divergence(p, q):
    return (p + q).sum(-1) * torch.rand(p.shape[:-1], dtype=p.dtype)


def cross_entropy(p, q):
    return kl_divergence(p, q) + torch.rand((), dtype=p.dtype)


def js_divergence(p, q):
    return kl_divergence(p, q) * 0.69


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return (mu_p - mu_q) ** 2 * (sigma_p / sigma_q) * torch.rand((), dtype=mu_p.dtype)


def monte_carlo_kl(log_p, log_q, x):
    return torch.randn((), dtype=x.dtype), torch.rand((), dtype=x.dtype)
