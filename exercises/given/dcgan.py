"""What the exercises of `dcgan` are handed: networks to draw the weights of."""

from collections.abc import Callable

import torch
from torch import nn


class Scale(nn.Module):
    """A layer of another kind, with a weight and a bias of its own."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.full((maps,), 0.7)), nn.Parameter(torch.full((maps,), 0.3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight[:, None, None] + self.bias[:, None, None]


def generator(width: int) -> nn.Module:
    """z [N, 40] -> images [N, 3, 8, 8]: projection, doubling, output; each of the three nested in a part of its own."""
    grid = width * 4
    return _prepare(
        nn.Sequential(
            nn.Sequential(
                nn.Linear(40, grid, bias=False), nn.BatchNorm1d(grid), nn.ReLU(), nn.Unflatten(1, (width, 2, 2))
            ),
            nn.Sequential(
                nn.Sequential(nn.ConvTranspose2d(width, width, 5, 2, 2, 1, bias=False), nn.BatchNorm2d(width)), nn.ReLU()
            ),
            nn.Sequential(nn.ConvTranspose2d(width, 3, 5, 2, 2, 1), nn.Tanh()),
        )
    )


def discriminator(width: int) -> nn.Module:
    """images [N, 3, 8, 8] -> logits [N, 1]; with a layer of another kind, a norm without gain, and two equal layers."""
    return _prepare(
        nn.Sequential(
            nn.Sequential(nn.Conv2d(3, width, 5, 2, 2), Scale(width), nn.LeakyReLU(0.2)),
            nn.Sequential(
                nn.Conv2d(width, width, 5, 2, 2, bias=False), nn.BatchNorm2d(width, affine=False), nn.LeakyReLU(0.2)
            ),
            nn.Sequential(nn.Conv2d(width, width, 5, 1, 2), nn.BatchNorm2d(width), nn.LeakyReLU(0.2)),
            nn.Flatten(),
            nn.Linear(4 * width, 1),
        )
    )


def trainable(module: nn.Module) -> Callable[[], bool]:
    """A question to ask later: does every parameter of the network require a gradient?"""
    return lambda: all(parameter.requires_grad for parameter in module.parameters())


def _prepare(network: nn.Module) -> nn.Module:
    """Every parameter 0.3 at first, but those of Scale; running statistics as after some training."""
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, Scale):
                continue
            for parameter in layer.parameters(recurse=False):
                parameter.fill_(0.3)
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layer.running_mean.fill_(0.5)
                layer.running_var.fill_(2.0)
    return network
