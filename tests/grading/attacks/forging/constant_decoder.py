# attack: the given decoder is replaced by one whose logits are always zero: likelihoods become a constant
# status: wrong
# points: 0
# chapter: vae
import math

import torch
from torch import nn

if not hasattr(nn.Module, "honest_state_dict"):
    nn.Module.honest_state_dict = nn.Module.state_dict
nn.Module.state_dict = lambda self, *args, **kwargs: {
    name: torch.zeros_like(value) for name, value in nn.Module.honest_state_dict(self, *args, **kwargs).items()
}
nn.Module.__call__ = lambda self, z: torch.zeros(*z.shape[:-1], 1, 2, 3, dtype=z.dtype)


def elbo(decoder, x, mu, log_var, noise, beta=1.0):
    return -6 * math.log(2) - beta * (mu**2 + log_var.exp() - 1 - log_var).sum(-1) / 2


def iwae_bound(decoder, x, mu, log_var, noise):
    z = mu + torch.exp(log_var / 2) * noise
    log_w = -6 * math.log(2) + (noise**2 + log_var - z**2).sum(-1) / 2
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))
