"""Looks itself up in sys.modules, copies itself, and uses a helper that does the same."""

import copy
import inspect
import sys
import typing

import torch

this = sys.modules[__name__]


def kl_divergence(p: "torch.Tensor", q: "torch.Tensor") -> "torch.Tensor":
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    assert typing.get_type_hints(kl_divergence)["p"] is torch.Tensor
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    kl = getattr(sys.modules[__name__], "kl_divergence")
    m = (p + q) / 2
    return (kl(p, m) + this.kl_divergence(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    names = list(inspect.signature(gaussian_kl).parameters)
    assert names[0] == "mu_p"
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    ratio = copy.deepcopy(log_p(x)) - copy.copy(log_q(x))
    return ratio.mean(), ratio.std() / len(x) ** 0.5
