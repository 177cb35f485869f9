# attack: the stub as it was handed out
# status: not implemented
# points: 0
import torch


def kl_divergence(p, q):
    raise NotImplementedError


def cross_entropy(p, q):
    raise NotImplementedError


def js_divergence(p, q):
    raise NotImplementedError


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    raise NotImplementedError


def monte_carlo_kl(log_p, log_q, x):
    raise NotImplementedError
