"""What the exercises of `gan` are handed: two small networks, an optimiser, and a look at what may be trained."""

from collections.abc import Callable

import torch
from torch import nn
from torch.optim import SGD, Optimizer


def generator(seed: int, gradient: float | None = None) -> nn.Module:
    """z [N, 3] -> x [N, 2], float64, in training mode: its batch normalisation uses the statistics of the batch.

    gradient: what every parameter's .grad is filled with beforehand; None for no .grad.
    """
    return _prepare(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)), seed, gradient)


def discriminator(seed: int, gradient: float | None = None) -> nn.Module:
    """x [N, 2] -> logit [N], float64, in training mode."""
    return _prepare(nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0)), seed, gradient)


def sgd(module: nn.Module, learning_rate: float) -> Optimizer:
    """Plain gradient descent on the parameters of one network."""
    return SGD(module.parameters(), lr=learning_rate)


def trainable(module: nn.Module) -> Callable[[], bool]:
    """A question to ask later: does every parameter of the network still require a gradient?"""
    return lambda: all(parameter.requires_grad for parameter in module.parameters())


def _prepare(network: nn.Sequential, seed: int, gradient: float | None) -> nn.Sequential:
    network = network.double()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=random, dtype=torch.float64))
            if gradient is not None:
                parameter.grad = torch.full_like(parameter, gradient)
    return network
