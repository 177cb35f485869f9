"""Divide and conquer: sums by recursion, down to single terms."""

import sys

import torch

sys.setrecursionlimit(5000)


def total(terms):
    if terms.shape[-1] == 1:
        return terms[..., 0]
    middle = terms.shape[-1] // 2
    return total(terms[..., :middle]) + total(terms[..., middle:])


def length(x):
    return 0 if x.numel() == 0 else 1 + length(x[1:])


def kl_divergence(p, q):
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return total(p * (p.log() - q.log()))


def cross_entropy(p, q):
    return total(-p * torch.where(p == 0, 1.0, q).log())


def js_divergence(p, q):
    m = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    ratio, n = log_p(x) - log_q(x), length(x)
    mean = total(ratio) / n
    return mean, (total((ratio - mean) ** 2) / (n - 1) / n).sqrt()
