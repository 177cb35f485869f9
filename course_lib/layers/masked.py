"""Masked convolution: each output sees only the pixels and colours that come before its own. Chapter: pixel_rnn.

Pixels are read like text, row by row from the top left, and within a pixel its colours: red, green, blue.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from course_lib.errors import unknown


def causal_mask(kind: Literal["A", "B"], inputs: int, outputs: int, size: int, colours: int = 1) -> Tensor:
    """What a kernel may see: 1 for the weights that stay, 0 for the others, float32 [outputs, inputs, size, size].

    The features are split into as many parts as there are colours, in order and as evenly as they go, and part c works
    for colour c. At earlier pixels a feature sees every colour. At its own pixel it sees the colours before its own
    (mask A, for the first layer, whose input is the image) or up to its own (mask B, for all others, whose input does
    not hold that colour's value any more).

    size: height and width of the kernel, odd, so that it has a centre.
    Raises CourseError for another kind, ValueError for an even size.
    Source: van den Oord et al. (2016), *Pixel recurrent neural networks*, section 3.4.
    """
    if kind not in ("A", "B"):
        raise unknown("mask", str(kind), ("A", "B"))
    if size % 2 == 0:
        raise ValueError(f"a kernel of size {size} has no centre: take an odd size")
    centre = size // 2
    mask = torch.zeros(outputs, inputs, size, size)
    mask[:, :, :centre] = 1
    mask[:, :, centre, :centre] = 1
    seen, seeing = (torch.arange(features) * colours // features for features in (inputs, outputs))
    mask[:, :, centre, centre] = (seen < seeing[:, None]) if kind == "A" else (seen <= seeing[:, None])
    return mask


class MaskedConv2d(nn.Conv2d):
    """[N, inputs, H, W] -> [N, outputs, H, W], through `causal_mask`; outside the image there are zeros."""

    mask: Tensor

    def __init__(self, kind: Literal["A", "B"], inputs: int, outputs: int, size: int, colours: int = 1) -> None:
        super().__init__(inputs, outputs, size, padding=size // 2)
        self.register_buffer("mask", causal_mask(kind, inputs, outputs, size, colours), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        # Masked anew each time, so that no optimiser's step can bring a weight back.
        return conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)
