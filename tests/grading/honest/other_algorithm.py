"""Entropies and cross-entropies instead of ratios; the Gaussians by their moments."""

import torch


def minus_p_log(p, q):
    """-sum p log q, by xlogy, with the convention that p = 0 adds nothing to value or gradient."""
    q = torch.where(p > 0, q, torch.ones_like(q))
    return -torch.xlogy(torch.where(p > 0, p, torch.zeros_like(p)), q).sum(dim=-1)


def kl_divergence(p, q):
    return minus_p_log(p, q) - minus_p_log(p, p)


def cross_entropy(p, q):
    return minus_p_log(p, q)


def js_divergence(p, q):
    m = 0.5 * (p + q)
    return minus_p_log(p, m) / 2 + minus_p_log(q, m) / 2 - (minus_p_log(p, p) + minus_p_log(q, q)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    log_ratio = torch.log(sigma_p / sigma_q)
    z = (mu_p - mu_q) / sigma_q
    return 0.5 * (torch.expm1(2 * log_ratio) - 2 * log_ratio + z * z)


def monte_carlo_kl(log_p, log_q, x):
    log_ratio = log_p(x) - log_q(x)
    variance, mean = torch.var_mean(log_ratio, correction=1)
    return mean, (variance / x.numel()).sqrt()
