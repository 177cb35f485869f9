# attack: right values with an axis in front, [1, N] for [N], which a comparison that broadcasts never notices
# status: wrong
# points: 0
import torch


def kl_divergence(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)[None].detach()


def cross_entropy(p, q):
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)[None].detach()


def js_divergence(p, q):
    return (kl_divergence(p, (p + q) / 2) + kl_divergence(q, (p + q) / 2)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return ((ratio**2 + shift**2 - 1) / 2 - ratio.log())[None].detach()


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean()[None, None], (ratio.std() / len(x) ** 0.5)[None, None]
