"""What the exercises of `vae` are handed: a small decoder."""

import torch
from torch import nn


def decoder(seed: int, scale: float = 1.0) -> nn.Module:
    """z [..., 2] -> logits [..., 1, 2, 3], float64: one hidden layer of four tanh units.

    scale: of the weights; a large one makes log-likelihoods of thousands of nats.
    """
    network = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 6), nn.Unflatten(-1, (1, 2, 3))).double()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=random, dtype=torch.float64))
    return network
