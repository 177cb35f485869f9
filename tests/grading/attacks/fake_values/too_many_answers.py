# attack: three, one and no results where two were asked for, the right ones among them
# status: wrong
# points: 0
import torch


def guess(*args):
    return torch.zeros(()), torch.ones(()), torch.full((), float("nan"))


def kl_divergence(p, q):
    return ()


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5, ratio.mean()


cross_entropy = js_divergence = gaussian_kl = guess
