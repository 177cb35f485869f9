# attack: tensors on the meta device: shape and dtype are right, and there is nothing to compare
# status: malformed answer
# points: 0
import torch


def kl_divergence(p, q):
    return torch.empty(p.shape[:-1], dtype=p.dtype, device="meta", requires_grad=True)


cross_entropy = js_divergence = kl_divergence


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return torch.empty(mu_p.shape, dtype=mu_p.dtype, device="meta")


def monte_carlo_kl(log_p, log_q, x):
    return torch.empty((), dtype=x.dtype, device="meta"), torch.empty((), dtype=x.dtype, device="meta")
