"""Imports what it needs when it needs it: parts of torch and of the standard library that nobody has loaded yet."""


def kl_divergence(p, q):
    import wave

    import torch
    import torch._subclasses.schema_check_mode

    assert wave.__name__ == "wave"
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    from torch import special, where

    return -special.xlogy(p, where(p == 0, 1.0, q)).sum(-1)


def js_divergence(p, q):
    from statistics import mean as half

    m = half([1, 0]) * (p + q)
    return half([1, 0]) * (kl_divergence(p, m) + kl_divergence(q, m))


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    import colorsys
    import operator as o
    import sched
    from functools import reduce

    assert colorsys and sched
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return reduce(o.add, [ratio**2 / 2, shift**2 / 2, -ratio.log()]) - 0.5


def monte_carlo_kl(log_p, log_q, x):
    import cmath

    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / cmath.sqrt(len(x)).real
