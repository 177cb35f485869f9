"""Tensors that began as numpy arrays, views of them included, and numpy's numbers."""

import numpy as np
import torch

HALF = torch.from_numpy(np.array(0.5))
ONE = torch.as_tensor(np.ones(1, dtype=np.float64)[::1])


def kl_divergence(p, q):
    zero = torch.from_numpy(p.detach().numpy() == 0)
    one = ONE.to(p.dtype)
    p, q = torch.where(zero, one, p), torch.where(zero, one, q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    zero = torch.from_numpy(np.equal(p.detach().numpy(), np.float64(0)))
    return torch.from_numpy(np.array(-1, dtype=p.detach().numpy().dtype)) * (
        p * torch.where(zero, ONE.to(p.dtype), q).log()
    ).sum(-1)


def js_divergence(p, q):
    m = (p + q) * HALF.to(p.dtype)
    return (kl_divergence(p, m) + kl_divergence(q, m)) * float(np.float64(0.5))


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio ** int(np.int64(2)) + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    ratio = (log_p(x) - log_q(x)).numpy()
    estimate, error = ratio.mean(), ratio.std(ddof=1) / np.sqrt(len(ratio))
    return torch.tensor(estimate, dtype=x.dtype), torch.from_numpy(np.asarray(error, dtype=ratio.dtype))
