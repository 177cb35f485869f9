# attack: right to seven digits and in float32, for tests that round or forget the dtype
# status: wrong
# points: 0
import torch


def kl_divergence(p, q):
    p, q = p.detach().float(), q.detach().float()
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)


def cross_entropy(p, q):
    p, q = p.detach().float(), q.detach().float()
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    return (kl_divergence(p, (p + q) / 2) + kl_divergence(q, (p + q) / 2)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = (sigma_p / sigma_q).detach().float(), ((mu_p - mu_q) / sigma_q).detach().float()
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    ratio = (log_p(x) - log_q(x)).float()
    return ratio.mean(), ratio.std() / len(x) ** 0.5
