"""Backward written by hand, and right."""

import torch


class KL(torch.autograd.Function):
    @staticmethod
    def forward(context, p, q):
        context.save_for_backward(p, q)
        zero = p == 0
        p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
        return (p * (p.log() - q.log())).sum(-1)

    @staticmethod
    def backward(context, weight):
        p, q = context.saved_tensors
        zero = p == 0
        safe_p, safe_q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
        weight = weight.unsqueeze(-1)
        in_p = torch.where(zero, 0.0, safe_p.log() - safe_q.log() + 1)
        return weight * in_p, torch.where(zero, 0.0, -weight * safe_p / safe_q)


def kl_divergence(p, q):
    return KL.apply(p, q)


def cross_entropy(p, q):
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    m = (p + q) / 2
    return (KL.apply(p, m) + KL.apply(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    ratio.requires_grad and ratio.register_hook(lambda gradient: gradient)
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5
