"""Stars for parameters, other names for them, defaults, keywords, and decorators that keep nothing of the name."""

import functools

import torch


def quietly(function):
    return lambda *anything, **more: function(*anything, **more)


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


@quietly
@counted
def kl_divergence(*distributions, axis=-1, **options):
    p, q = distributions
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return (p * (p.log() - q.log())).sum(axis)


def cross_entropy(true, model, /, *, base=None):
    return -(true * torch.where(true == 0, 1.0, model).log()).sum(-1)


js_divergence = lambda p, q: (kl_divergence(p, (p + q) / 2) + kl_divergence(q, (p + q) / 2)) / 2


@counted
def gaussian_kl(*args):
    mu_p, sigma_p, *rest = args
    mu_q, sigma_q = rest
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x, n=None):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / (n or len(x)) ** 0.5
