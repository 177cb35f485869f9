"""What the exercises of `laplacian_gan` are handed: ways to halve and to double images, and a chain's generators."""

from collections.abc import Callable

import torch
from torch import Tensor


def down(kind: str) -> Callable[[Tensor], Tensor]:
    """x [N, C, H, W] -> [N, C, ceil(H / 2), ceil(W / 2)].

    corner: every second pixel, as it is.   squares: every second pixel, squared: not linear at all.
    """
    return {"corner": lambda x: x[..., ::2, ::2].clone(), "squares": lambda x: x[..., ::2, ::2].square()}[kind]


def up(kind: str) -> Callable[[Tensor, int, int], Tensor]:
    """(x [N, C, h, w], height, width) -> [N, C, height, width], where height is 2 h or 2 h - 1, and width likewise.

    repeat: each pixel becomes a block of 2 x 2.   waves: the sine of twice that, plus the row's number: not linear, and
    of no use to anybody.
    """

    def repeat(x: Tensor, height: int, width: int) -> Tensor:
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :height, :width].clone()

    def waves(x: Tensor, height: int, width: int) -> Tensor:
        return torch.sin(2 * repeat(x, height, width)) + torch.arange(height, dtype=x.dtype)[:, None]

    return {"repeat": repeat, "waves": waves}[kind]


def generators(channels: int, height: int, width: int) -> Callable[[int, Tensor, Tensor | None], Tensor]:
    """(level k, z_k, l_k) -> h_k, for all levels of a chain.

    At the coarsest l is None, z is [N, d], and h [N, channels, height, width] has (k + 1) 3 cos(j) times the mean of z
    in place number j of an image. At the others z is [N, 1, H, W], and h = sin(3 l) / (k + 1) + (k + 1) z, in every
    channel.
    """

    def generator(level: int, z: Tensor, low: Tensor | None) -> Tensor:
        if low is None:
            pattern = 3 * torch.arange(channels * height * width, dtype=z.dtype).cos()
            return (level + 1) * z.mean(1)[:, None, None, None] * pattern.view(channels, height, width)
        return torch.sin(3 * low) / (level + 1) + (level + 1) * z

    return generator
