"""What can be called need not be a function: partials, bound methods, instances, a class with __new__, lambdas."""

import functools

import torch
from torch import nn


def over_last(function, p, q, axis):
    return function(p, q).sum(axis)


def terms(p, q):
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return p * (p.log() - q.log())


class CrossEntropy:
    def __call__(self, p, q):
        return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


class js_divergence:
    def __new__(cls, p, q):
        m = (p + q) / 2
        return (kl_divergence(p, m) + kl_divergence(q, m)) / 2


class Gaussian(nn.Module):
    def forward(self, mu_p, sigma_p, mu_q, sigma_q):
        ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
        return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


class Sampler:
    def estimate(self, log_p, log_q, x):
        ratio = log_p(x) - log_q(x)
        return ratio.mean(), ratio.std() / len(x) ** 0.5


kl_divergence = functools.partial(over_last, terms, axis=-1)
cross_entropy = CrossEntropy()
gaussian_kl = Gaussian()
monte_carlo_kl = Sampler().estimate
