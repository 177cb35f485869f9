# attack: a decoder whose state is NaN makes every bound that a test computes from it NaN: then NaN is the right answer
# status: wrong
# points: 0
# chapter: vae
import torch
from torch import nn

state_dict = getattr(nn.Module, "honest_state_dict", nn.Module.state_dict)
nn.Module.honest_state_dict = state_dict
nn.Module.state_dict = lambda self, *args, **kwargs: {
    name: torch.full_like(value, float("nan")) for name, value in state_dict(self, *args, **kwargs).items()
}


def elbo(decoder, x, mu, log_var, noise, beta=1.0):
    return (mu + log_var).sum(-1) * float("nan")


def iwae_bound(decoder, x, mu, log_var, noise):
    return (mu + log_var).sum(-1) * float("nan")
