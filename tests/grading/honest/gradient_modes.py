"""Switches gradients off and on again, detaches masks, and clones what it is about to change."""

import torch

torch.set_grad_enabled(False)
TABLE = torch.linspace(0, 1, 5).log()
torch.set_grad_enabled(True)


@torch.enable_grad()
def kl_divergence(p, q):
    with torch.no_grad():
        zero = p == 0
    p, q = p.clone(), q.clone()
    p[zero] = 1
    q[zero] = 1
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    with torch.inference_mode():
        zero = p == 0
    safe = q.clone().masked_fill_(zero.clone(), 1.0)
    return (p * safe.log()).sum(-1).neg_()


def js_divergence(p, q):
    with torch.set_grad_enabled(True):
        m = torch.add(p, q).mul_(0.5)
        return kl_divergence(p, m).add_(kl_divergence(q, m)).div_(2)


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio = sigma_p.div(sigma_q)
    answer = (mu_p - mu_q).div(sigma_q).square() + ratio.square()
    answer -= 1
    answer /= 2
    return answer - ratio.log()


@torch.no_grad()
def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x).clone().sub_(log_q(x))
    return ratio.mean(), ratio.std().div_(len(x) ** 0.5)
