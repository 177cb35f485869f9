# attack: nested tensors, tensors in oneDNN's layout and in float8, whose type is Tensor all the same
# status: malformed answer
# points: 0
import warnings

import torch

warnings.simplefilter("ignore")


def kl_divergence(p, q):
    return torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])


def cross_entropy(p, q):
    return torch.zeros(2, 2).to_mkldnn()


def js_divergence(p, q):
    return torch.zeros(2, 2).to(torch.float8_e4m3fn)


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return torch.zeros(2, 2, dtype=torch.uint16)


def monte_carlo_kl(log_p, log_q, x):
    return torch.nested.nested_tensor([x, x]), torch.zeros(2).to_mkldnn()
