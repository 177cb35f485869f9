"""What the exercises of `deconvnet` are handed: a small classifier."""

import torch
from torch import nn


def network(seed: int, channels: int, height: int, width: int, scale: float = 1.0) -> nn.Module:
    """images [N, channels, height, width] -> logits [N, 4], float64: one rectified convolution, one linear layer.

    scale: of all its weights; a large one makes logits of thousands.
    """
    layers = nn.Sequential(
        nn.Conv2d(channels, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(3 * height * width, 4)
    ).double()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=random, dtype=torch.float64) / 3)
    return layers
