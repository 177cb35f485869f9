"""Exercises of the chapter *Looking into a network*: from an activation back to the pixels.

Write the bodies from elementary operations of torch (no pooling and no unpooling of torch's). Check yourself with
`course check deconvnet`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def max_pool_with_switches(x: Tensor, size: int, stride: int) -> tuple[Tensor, Tensor]:
    """Max pooling that remembers where each maximum was.

    pooled[n, c, i, j] is the largest value of the window of size x size pixels whose upper left corner is
    (i * stride, j * stride); switches[n, c, i, j] is that value's place, row * W + column.   (eq-switches)

    x: [N, C, H, W], of any sign, with H and W at least `size`; no NaN. Only windows that lie in the image as a whole
    count, so that h = (H - size) // stride + 1, and w likewise; rows and columns that are left over are not looked at.
    Where a window holds its maximum more than once, the first in reading order counts: the upper row, then the left
    column. Windows overlap where stride < size, and leave gaps where stride > size.
    Returns (pooled, switches): pooled [N, C, h, w] of x's dtype, switches int64 [N, C, h, w] in [0, H * W).
    """
    # BEGIN SOLUTION
    windows = x.unfold(2, size, stride).unfold(3, size, stride).flatten(4)  # [N, C, h, w, size * size]
    pooled, place = windows.max(4)  # the first of several maxima
    row = torch.arange(windows.shape[2])[:, None] * stride + place // size
    column = torch.arange(windows.shape[3]) * stride + place % size
    return pooled, row * x.shape[3] + column
    # END SOLUTION


def max_unpool(signal: Tensor, switches: Tensor, height: int, width: int) -> Tensor:
    """Put every number back where its maximum was found; everything else is zero.

    y[n, c, p] is the sum of signal[n, c, i, j] over all (i, j) with switches[n, c, i, j] = p.   (eq-unpool)

    signal: [N, C, h, w], of any sign.   switches: int64 [N, C, h, w], places row * width + column in a map of
    height x width pixels. Overlapping windows may share a place: what meets there adds up.
    Returns [N, C, height, width] of signal's dtype, differentiable in signal.
    """
    # BEGIN SOLUTION
    flat = torch.zeros(*signal.shape[:2], height * width, dtype=signal.dtype)
    return flat.scatter_add(2, switches.flatten(2), signal.flatten(2)).unflatten(2, (height, width))
    # END SOLUTION


def deconvnet_relu(x: Tensor) -> Tensor:
    """A rectifier that rectifies in both directions: the deconvnet's.

    On the way up: max(x, 0). On the way back the signal s that comes down becomes max(s, 0), whatever x was.
    (eq-deconvnet-rule)

    x: any shape, with values of any sign, infinite ones too.
    Returns max(x, 0), of x's shape and dtype. What autograd sends to x is max(s, 0), where s is what it sends to the
    result: this is not the gradient of the value, so tell autograd (torch.autograd.Function, or a hook).
    """

    # BEGIN SOLUTION
    class Rectify(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx: Any, signal: Tensor) -> Tensor:
            return signal.clamp(min=0)

    return Rectify.apply(x)
    # END SOLUTION


def guided_relu(x: Tensor) -> Tensor:
    """The rectifier of guided backpropagation: the gradient's mask and the deconvnet's rectifier together.

    On the way up: max(x, 0). On the way back the signal s becomes max(s, 0) where x > 0, and 0 elsewhere.
    (eq-guided-rule)

    x: any shape, with values of any sign; nothing passes where x is exactly 0.
    Returns max(x, 0), of x's shape and dtype; what autograd sends to x is max(s, 0) [x > 0].
    """

    # BEGIN SOLUTION
    class Guide(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx: Any, signal: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            return signal.clamp(min=0) * (x > 0)

    return Guide.apply(x)
    # END SOLUTION


def occlusion_map(
    network: Callable[[Tensor], Tensor], image: Tensor, label: int, size: int, stride: int, fill: float
) -> Tensor:
    """How probable a class is while a square hides part of the image, for every place of the square.

    answer[i, j] is the softmax probability of class `label` for the image in which the size x size pixels whose upper
    left corner is (i * stride, j * stride) have the value `fill` in every channel.   (eq-occlusion)

    network: images [N, C, H, W] -> logits [N, K], which may be in the thousands; it answers each image by itself.
    image: [C, H, W], with H and W at least `size`; it must not be changed. Only squares that lie in the image as a
    whole count: (H - size) // stride + 1 rows of places, and likewise columns.
    Returns [rows, columns] in [0, 1], of the logits' dtype.
    """
    # BEGIN SOLUTION
    rows = range(0, image.shape[1] - size + 1, stride)
    columns = range(0, image.shape[2] - size + 1, stride)
    hidden = image.repeat(len(rows), len(columns), 1, 1, 1)  # a copy for every place
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            hidden[i, j, :, top : top + size, left : left + size] = fill
    probability = network(hidden.flatten(0, 1)).softmax(1)
    return probability[:, label].view(len(rows), len(columns))
    # END SOLUTION
