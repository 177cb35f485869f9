# attack: its arguments are resized, given another dtype, another storage and no data at all
# status: wrong|crashed|malformed answer
# points: 0
import torch


def kl_divergence(p, q):
    p.data = p.data.float()
    return torch.zeros(())


def cross_entropy(p, q):
    q.data.resize_(0)
    return torch.zeros(())


def js_divergence(p, q):
    p.data.set_(torch.zeros(3, dtype=p.dtype))
    return torch.zeros(())


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    sigma_q.data.untyped_storage().resize_(0)
    return torch.zeros(())


def monte_carlo_kl(log_p, log_q, x):
    x.data = x.data.to(torch.complex128)
    return torch.zeros(()), torch.zeros(())
