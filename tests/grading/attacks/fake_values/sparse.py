# attack: sparse tensors, in coordinates and compressed, right in their values
# status: malformed answer
# points: 0
import torch


def kl_divergence(p, q):
    return (p * (p / q).log()).sum(-1).to_sparse()


def cross_entropy(p, q):
    return -(p * q.log()).sum(-1).reshape(1, -1).to_sparse_csr()


def js_divergence(p, q):
    return (p + q).sum(-1).to_sparse()


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return (mu_p - mu_q).to_sparse()


def monte_carlo_kl(log_p, log_q, x):
    return torch.zeros(()).to_sparse(), torch.zeros(()).to_sparse()
