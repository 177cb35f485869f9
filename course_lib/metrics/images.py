"""Measures of pictures: how near one is to another, and what repeats in it. Chapter: transposed_convolution."""

import math

import torch
from torch import Tensor


def psnr(made: Tensor, image: Tensor, rim: int = 0) -> float:
    """Peak signal-to-noise ratio in dB, 10 log10(2^2 / mean squared error), of pixels in [-1, 1].

    made, image: [..., H, W].   rim: pixels at each edge that do not count.
    """
    height, width = image.shape[-2:]
    error = (made - image)[..., rim : height - rim, rim : width - rim]
    return 10 * math.log10(4 / error.square().mean().item())


def stride_lines(images: Tensor, stride: int) -> Tensor:
    """The power of images at the stride's frequencies: multiples of 1 / stride cycles a pixel along both axes.

    images: [N, C, H, W], height and width multiples of the stride.
    Returns [stride, stride], means over images and channels of |DFT|^2 / (H W)^2; entry (0, 0) is the squared mean.
    All the power of a pattern that repeats every `stride` pixels is in these entries.
    """
    height, width = images.shape[-2:]
    if height % stride or width % stride:
        raise ValueError(f"{height} x {width} pixels are no whole number of periods of {stride}")
    power = torch.fft.fft2(images.double()).abs().square().mean((0, 1)) / (height * width) ** 2
    return power[:: height // stride, :: width // stride]


def checkerboard_energy(images: Tensor, stride: int) -> float:
    """Power at the stride's frequencies, the mean's own excepted, as a share of the mean's: 0 for a constant image."""
    lines = stride_lines(images, stride)
    return ((lines.sum() - lines[0, 0]) / lines[0, 0]).item()


def line_excess(images: Tensor, stride: int) -> float:
    """How far the stride's frequencies stand out: their mean power over that of their neighbours in the spectrum.

    images: [N, C, H, W] of at least 4 periods along each axis. Near 1 for noise of any smooth spectrum, larger where
    something repeats every `stride` pixels. The power is averaged over images and channels before the ratio is taken.
    Neighbours are the up to 8 frequencies around each line; the mean of an image is no line.
    """
    height, width = images.shape[-2:]
    if height % stride or width % stride or min(height, width) < 4 * stride:
        raise ValueError(f"{height} x {width} pixels are no whole number of periods of {stride}, or fewer than 4")
    power = torch.fft.fft2(images.double()).abs().square().mean((0, 1))
    lines, around = [], []
    for row in range(0, height, height // stride):
        for column in range(0, width, width // stride):
            if row or column:
                lines.append(power[row, column])
                # Photographs have much of their power on the axes: a line there is compared with its axis alone.
                down, across = (-1, 0, 1) if row else (0,), (-1, 0, 1) if column else (0,)
                near = [power[(row + a) % height, (column + b) % width] for a in down for b in across if a or b]
                around.append(torch.stack(near).mean())
    return (torch.stack(lines).mean() / torch.stack(around).mean()).item()
