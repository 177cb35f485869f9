"""What the exercises of `dcgan_representations` are handed: the two halves of a small generator."""

import torch
from torch import nn


def below(seed: int, latent: int, maps: int, height: int, width: int) -> nn.Module:
    """z [N, latent] -> feature maps [N, maps, height, width] of either sign, float64: one linear layer."""
    layers = nn.Sequential(nn.Linear(latent, maps * height * width), nn.Unflatten(1, (maps, height, width)))
    return _drawn(layers, seed)


def above(seed: int, maps: int) -> nn.Module:
    """Feature maps [N, maps, H, W] -> images [N, 2, 2 H, 2 W] in (-1, 1), float64: one transposed convolution."""
    return _drawn(nn.Sequential(nn.ConvTranspose2d(maps, 2, 4, 2, 1), nn.Tanh()), seed)


def _drawn(layers: nn.Module, seed: int) -> nn.Module:
    random = torch.Generator().manual_seed(seed)
    layers = layers.double()
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random, dtype=torch.float64) / 2)
    return layers
