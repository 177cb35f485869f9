"""One pair of distributions at a time, vectorised by vmap; for Gaussians one number at a time."""

import torch
from torch.func import vmap


def one_kl(p, q):
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return torch.dot(p, p.log() - q.log())


def one_cross_entropy(p, q):
    # Where q is 0 too, a dot product would make 0 * -inf; the sum has no such term.
    return -(p * torch.where(p == 0, 1.0, q).log()).sum()


def over_rows(function, p, q):
    rows = p.shape[:-1]
    return vmap(function)(p.reshape(-1, p.shape[-1]), q.reshape(-1, q.shape[-1])).reshape(rows)


def kl_divergence(p, q):
    return over_rows(one_kl, p, q)


def cross_entropy(p, q):
    return over_rows(one_cross_entropy, p, q)


def js_divergence(p, q):
    return over_rows(lambda a, b: (one_kl(a, (a + b) / 2) + one_kl(b, (a + b) / 2)) / 2, p, q)


def one_gaussian(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    tensors = torch.broadcast_tensors(mu_p, sigma_p, mu_q, sigma_q)
    return vmap(one_gaussian)(*(tensor.reshape(-1) for tensor in tensors)).reshape(tensors[0].shape)


def monte_carlo_kl(log_p, log_q, x):
    ratio = vmap(lambda one: log_p(one) - log_q(one))(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5
