"""Sets seeds, the default dtype, print options and the number of threads, and draws random numbers of its own."""

import random

import numpy as np
import torch

random.seed(1)
np.random.seed(1)
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
torch.set_printoptions(precision=2)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
np.seterr(all="ignore")
NOISE = torch.randn(3)


def kl_divergence(p, q):
    torch.manual_seed(random.randrange(1000))
    zero = p == 0
    p, q = torch.where(zero, torch.ones_like(p), p), torch.where(zero, torch.ones_like(q), q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    with torch.random.fork_rng():
        torch.rand(5)
    return -(p * torch.where(p == 0, torch.ones_like(q), q).log()).sum(-1)


def js_divergence(p, q):
    order = torch.randperm(p.shape[-1])
    p, q = p[..., order], q[..., order]
    m = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    x = x[torch.randperm(len(x))]
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5
