# attack: infinity everywhere: a relative tolerance of an infinite answer is infinite
# status: wrong
# points: 0
import math


def kl_divergence(p, q):
    return (p + q).sum(-1) * math.inf


cross_entropy = js_divergence = kl_divergence


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return (mu_p**2 + sigma_p + mu_q**2 + sigma_q) * math.inf


def monte_carlo_kl(log_p, log_q, x):
    return (x**2).sum() * math.inf, (x**2).sum() * math.inf
