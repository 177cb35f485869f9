# attack: one number, the mean of the right ones, as shape [] and with a tolerance-sized error for each
# status: wrong
# points: 0
import torch


def kl_divergence(p, q):
    return (torch.where(p == 0, 1.0, p) * torch.where(p == 0, 1.0, p / q).log()).sum(-1).mean()


def cross_entropy(p, q):
    return -(p * q.clamp(min=1e-300).log()).sum(-1).mean() * 1.00001


def js_divergence(p, q):
    return (kl_divergence(p, (p + q) / 2) + kl_divergence(q, (p + q) / 2)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return ((sigma_p / sigma_q) ** 2 - 1 - 2 * (sigma_p / sigma_q).log()).mean() / 2


def monte_carlo_kl(log_p, log_q, x):
    return (log_p(x) - log_q(x)).mean()
