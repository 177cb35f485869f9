# attack: right values whose backward, written by hand, gives the gradient of something else
# status: wrong
# points: 8
import torch


class Lie(torch.autograd.Function):
    @staticmethod
    def forward(context, value, *leaves):
        context.save_for_backward(*leaves)
        return value.detach().clone()

    @staticmethod
    def backward(context, weight):
        return None, *(torch.ones_like(leaf) for leaf in context.saved_tensors)


def kl_divergence(p, q):
    possible = p == 0
    safe_p, safe_q = torch.where(possible, 1.0, p), torch.where(possible, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)


def cross_entropy(p, q):
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    m = (p + q) / 2
    return Lie.apply((kl_divergence(p, m) + kl_divergence(q, m)) / 2, p, q)


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return Lie.apply((ratio**2 + shift**2 - 1) / 2 - ratio.log(), mu_p, sigma_p, mu_q, sigma_q)


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5
