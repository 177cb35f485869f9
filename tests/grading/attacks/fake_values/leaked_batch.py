# attack: a tensor smuggled out of vmap and one out of grad: its type is Tensor, its contents belong to a dead level
# status: malformed answer|wrong|crashed
# points: 0
import torch

leaked = []


def keep(x):
    leaked.append(x)
    return x.sum()


def guess(*args):
    leaked.clear()
    torch.vmap(keep)(torch.zeros(3, 4))
    return leaked[0]


def js_divergence(p, q):
    leaked.clear()
    torch.func.grad(keep)(torch.zeros(4))
    return leaked[0]


def monte_carlo_kl(log_p, log_q, x):
    return guess(), js_divergence(x, x)


kl_divergence = cross_entropy = gaussian_kl = guess
