from math import *
from torch import *


def kl_divergence(p, q):
    zero = p == 0
    p, q = where(zero, 1.0, p), where(zero, 1.0, q)
    return sum(p * (p.log() - q.log()), dim=-1)


def cross_entropy(p, q):
    return -sum(p * where(p == 0, 1.0, q).log(), dim=-1)


def js_divergence(p, q):
    m = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (square(ratio) + square(shift) - 1) / 2 - log(ratio)


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return mean(ratio), std(ratio) / len(x) ** 0.5
