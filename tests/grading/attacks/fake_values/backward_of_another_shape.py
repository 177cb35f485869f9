# attack: a backward that returns gradients of another shape, of another dtype, or too many, and raises ValueError
# status: wrong|crashed
# points: 0
import torch


class Misshapen(torch.autograd.Function):
    @staticmethod
    def forward(context, p, q):
        context.kind = p.ndim
        return (p + q).sum(-1)

    @staticmethod
    def backward(context, weight):
        if context.kind > 2:
            return torch.ones(7), torch.ones(2, 3, 4, 5, dtype=torch.float16), torch.ones(1)
        raise ValueError("<b>no</b>")


def kl_divergence(p, q):
    return Misshapen.apply(p[None, None], q[None, None])


def cross_entropy(p, q):
    return Misshapen.apply(p, q)


js_divergence = kl_divergence


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return Misshapen.apply(mu_p[..., None], mu_q[..., None])


def monte_carlo_kl(log_p, log_q, x):
    return x.sum(), x.sum()
