# attack: hooks on values and arguments that replace, scale or refuse gradients on their way back
# status: wrong|crashed
# points: 0
import torch


def refuse(gradient):
    raise KeyboardInterrupt("no gradient for you")


def hooked(value, *leaves):
    for leaf in leaves:
        if leaf.requires_grad:
            leaf.register_hook(lambda gradient: torch.full_like(gradient, float("nan")))
    return value


def kl_divergence(p, q):
    return hooked((p - q).sum(-1), p, q)


def cross_entropy(p, q):
    return hooked((p * q).sum(-1), p, q)


def js_divergence(p, q):
    value = (p - q).sum(-1)
    if value.requires_grad:
        value.register_hook(refuse)
    return value


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return hooked(mu_p + sigma_p - mu_q - sigma_q, mu_p, sigma_p, mu_q, sigma_q)


def monte_carlo_kl(log_p, log_q, x):
    return hooked(x.sum(), x), x.sum()
