"""Exercises of the chapter *Laplacian pyramids of adversarial networks*: take an image apart by scale, and draw one.

Write the bodies from elementary operations of torch (no interpolation of torch's; convolution is allowed). Check
yourself with `course check laplacian_gan`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def downsample(x: Tensor) -> Tensor:
    """Half as high and half as wide: blur along both axes, then keep every second pixel, beginning with the first.

    Along one axis: y[i] = (x[2i - 2] + 4 x[2i - 1] + 6 x[2i] + 4 x[2i + 1] + x[2i + 2]) / 16.   (eq-reduce)

    x: [N, C, H, W], H and W at least 1, even or odd. A pixel beyond the edge counts as the nearest one at the edge.
    Returns [N, C, ceil(H / 2), ceil(W / 2)] of x's dtype, differentiable in x. A constant image stays what it is.
    """
    # BEGIN SOLUTION
    for axis in (2, 3):
        last = x.shape[axis] - 1
        centre = torch.arange(0, last + 1, 2)
        taps = zip((1, 4, 6, 4, 1), range(-2, 3), strict=True)
        x = sum(weight / 16 * x.index_select(axis, (centre + m).clamp(0, last)) for weight, m in taps)
    return x
    # END SOLUTION


def upsample(x: Tensor, height: int, width: int) -> Tensor:
    """Twice as high and twice as wide, smoothly; or one pixel less, where the image once had an odd side.

    Along one axis: y[2i] = (x[i - 1] + 6 x[i] + x[i + 1]) / 8 and y[2i + 1] = (x[i] + x[i + 1]) / 2.   (eq-expand)

    x: [N, C, h, w], h and w at least 1. A pixel beyond the edge counts as the nearest one at the edge.
    height: 2 h or 2 h - 1.   width: 2 w or 2 w - 1. The last row, or column, is then not computed or dropped.
    Returns [N, C, height, width] of x's dtype, differentiable in x. A constant image stays what it is.
    """
    # BEGIN SOLUTION
    for axis, size in ((2, height), (3, width)):
        last = x.shape[axis] - 1
        place = torch.arange(last + 1)
        before = x.index_select(axis, (place - 1).clamp(min=0))
        after = x.index_select(axis, (place + 1).clamp(max=last))
        pairs = torch.stack([(before + 6 * x + after) / 8, (x + after) / 2], axis + 1)
        x = pairs.flatten(axis, axis + 1).narrow(axis, 0, size)
    return x
    # END SOLUTION


def build_pyramid(
    image: Tensor, levels: int, down: Callable[[Tensor], Tensor], up: Callable[[Tensor, int, int], Tensor]
) -> list[Tensor]:
    """The Laplacian pyramid: what each halving loses, and what is left at the end.

    I_0 = image, I_{k+1} = down(I_k), h_k = I_k - up(I_{k+1}).   (eq-residual)

    image: [N, C, H, W]; it must not be changed.   levels: how often it is halved, 0 or more.
    down: x [N, C, H, W] -> [N, C, ceil(H / 2), ceil(W / 2)].
    up: (x [N, C, h, w], height, width) -> [N, C, height, width], where height is 2 h or 2 h - 1, and width likewise.
    Both may be any functions of that form; nothing says that they are linear.
    Returns the list [h_0, ..., h_{levels - 1}, I_levels], finest first, of the image's dtype.
    """
    # BEGIN SOLUTION
    pyramid = []
    for _ in range(levels):
        coarse = down(image)
        pyramid.append(image - up(coarse, image.shape[2], image.shape[3]))
        image = coarse
    return [*pyramid, image]
    # END SOLUTION


def reconstruct(pyramid: list[Tensor], up: Callable[[Tensor, int, int], Tensor]) -> Tensor:
    """The image again, from its Laplacian pyramid.

    I_K is the last of the list; then I_k = up(I_{k+1}) + h_k, down to k = 0.   (eq-reconstruct)

    pyramid: [h_0, ..., h_{K-1}, I_K], finest first, each [N, C, H_k, W_k] with the sizes that halving gave; only
    [I_0] where K = 0. It must not be changed, and its numbers may be any: a generated pyramid is none of an image.
    up: as in `build_pyramid`; the result of up(I_{k+1}) has the height and width of h_k.
    Returns I_0 [N, C, H_0, W_0], of the pyramid's dtype.
    """
    # BEGIN SOLUTION
    image = pyramid[-1]
    for residual in reversed(pyramid[:-1]):
        image = up(image, residual.shape[2], residual.shape[3]) + residual
    return image
    # END SOLUTION


def lapgan_sample(
    generator: Callable[[int, Tensor, Tensor | None], Tensor],
    noise: list[Tensor],
    up: Callable[[Tensor, int, int], Tensor],
) -> list[Tensor]:
    """Draw images from coarse to fine, each level from the one before it.

    I_K = G_K(z_K); then, for k = K - 1 to 0, l_k = up(I_{k+1}) and I_k = l_k + G_k(z_k, l_k).   (eq-chain)

    generator: (k, z_k, l_k) -> G_k(z_k, l_k) [N, C, H_k, W_k], for every level k; l_K does not exist and is None.
    noise: [z_0, ..., z_K], finest first; z_K is [N, d], the others are planes [N, 1, H_k, W_k], of the size of I_k.
    up: as in `build_pyramid`.
    Returns the list of images [I_0, ..., I_K], finest first, of the noise's dtype; they are not clipped to any range.
    """
    # BEGIN SOLUTION
    coarsest = len(noise) - 1
    images = [generator(coarsest, noise[coarsest], None)]
    for level in reversed(range(coarsest)):
        low = up(images[0], noise[level].shape[2], noise[level].shape[3])
        images.insert(0, low + generator(level, noise[level], low))
    return images
    # END SOLUTION
