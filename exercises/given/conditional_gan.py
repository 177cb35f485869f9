"""What the exercises of `conditional_gan` are handed: a generator and a discriminator without weights to train."""

from collections.abc import Callable

import torch
from torch import Tensor


def generator(pixels: int) -> Callable[[Tensor, Tensor], Tensor]:
    """(z [M, d], y [M, k]) -> images [M, pixels]: tanh of z_1 + ... + z_d plus (j + 1) sin(1), sin(2), ... times y."""

    def draw(z: Tensor, y: Tensor) -> Tensor:
        row = torch.arange(1, pixels + 1, dtype=z.dtype)
        weights = torch.sin(torch.arange(1, y.shape[1] + 1, dtype=z.dtype))
        return torch.tanh(0.5 * z.sum(1, keepdim=True) + (y * weights).sum(1, keepdim=True) * row)

    return draw


def discriminator(scale: float) -> Callable[[Tensor, Tensor], Tensor]:
    """(x [n, p], y [n, k]) -> logits [n]: scale times (x_1 + 2 x_2 + ... + p x_p + 1) times the cosine of
    y_1 + 2 y_2 + ... + k y_k. A pair with another condition has another logit."""

    def judge(x: Tensor, y: Tensor) -> Tensor:
        one = (x * torch.arange(1, x.shape[1] + 1, dtype=x.dtype)).sum(1) + 1
        return scale * one * (y * torch.arange(1, y.shape[1] + 1, dtype=x.dtype)).sum(1).cos()

    return judge
