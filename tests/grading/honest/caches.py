"""Caches, memory between calls and the weak references that go with them."""

import functools
import math
import weakref

import torch

seen = {}


@functools.cache
def ones(shape, dtype):
    return torch.ones(shape, dtype=dtype)


@functools.lru_cache(maxsize=4)
def root(n):
    return math.sqrt(n)


def kl_divergence(p, q):
    seen[id(p)] = weakref.ref(p)
    one = ones(tuple(p.shape), p.dtype)
    p, q = torch.where(p == 0, one, p), torch.where(p == 0, one, q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    return -(p * torch.where(p == 0, ones(tuple(p.shape), p.dtype), q).log()).sum(-1)


def js_divergence(p, q, _halves={}):
    m = _halves[id(p), id(q)] = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2


class Lazy:
    @functools.cached_property
    def half(self):
        return 0.5


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q, lazy=Lazy()):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) * lazy.half - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / root(len(x))
