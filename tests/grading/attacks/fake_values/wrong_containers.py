# attack: right numbers as lists, floats, arrays and namedtuples, where a tensor or a pair was asked for
# status: wrong
# points: 0
from collections import namedtuple

import torch

Pair = namedtuple("Pair", "estimate error extra")


def kl_divergence(p, q):
    return (p * (p / q).log()).nansum(-1).tolist()


def cross_entropy(p, q):
    return -(p * q.log()).nansum(-1).detach().numpy()


def js_divergence(p, q):
    return tuple((p + q).sum(-1).flatten())


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return [(ratio**2 + shift**2 - 1) / 2 - ratio.log()]


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return Pair(ratio.mean(), ratio.std() / len(x) ** 0.5, torch.zeros(()))
