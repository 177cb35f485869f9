# attack: one function of five never returns; the other four are right and must keep their points
# status: timed out
# points: 8
import torch


def kl_divergence(p, q):
    possible = p == 0
    safe_p, safe_q = torch.where(possible, 1.0, p), torch.where(possible, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)


def cross_entropy(p, q):
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    m = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    while True:
        pass
