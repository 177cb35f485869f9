# attack: a wrapper subclass without storage, whose __torch_dispatch__ decides what every kernel says of it
# status: wrong
# points: 0
import torch


class Hollow(torch.Tensor):
    @staticmethod
    def __new__(cls, shape, dtype):
        return torch.Tensor._make_wrapper_subclass(cls, shape, dtype=dtype, requires_grad=True)

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return torch.ones((), dtype=torch.bool)

    __eq__ = __hash__ = None


def kl_divergence(p, q):
    return Hollow(p.shape[:-1], p.dtype)


cross_entropy = js_divergence = kl_divergence


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return Hollow(mu_p.shape, mu_p.dtype)


def monte_carlo_kl(log_p, log_q, x):
    return Hollow((), x.dtype), Hollow((), x.dtype)
