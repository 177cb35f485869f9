"""Gaussian and Laplacian pyramids: an image taken apart by scale, and put together again. Chapter: laplacian_gan.

A Laplacian pyramid is [h_0, ..., h_{K-1}, I_K]: what each halving loses, finest first, and the image that is left.
It is inverted exactly, whatever way of doubling was used, because the same is added that was subtracted.

Images are [N, C, H, W], of any size; a side of n pixels is halved to ceil(n / 2). `down` and `up` below are functions
of the form of `reduce` and `expand`, or of `block_mean` and `repeat`.
"""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor
from torch.nn import functional as F

from course_lib.errors import CourseError

Down = Callable[[Tensor], Tensor]
Up = Callable[[Tensor, int, int], Tensor]

# a = 3/8 in Burt and Adelson's family (1/4 - a/2, 1/4, a, 1/4, 1/4 - a/2): the binomial weights, near a Gaussian.
KERNEL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def reduce(x: Tensor) -> Tensor:
    """Blur with KERNEL along both axes, then keep every second pixel: [N, C, H, W] -> [N, C, ceil(H/2), ceil(W/2)].

    Pixels beyond the edge are those at the edge. A constant stays constant, and values stay within their range.
    Source: Burt and Adelson (1983), REDUCE; the treatment of edges is ours.
    """
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), _kernel(x, 1.0), stride=2, groups=x.shape[1])


def expand(x: Tensor, height: int, width: int) -> Tensor:
    """Put zeros between the pixels and blur with twice KERNEL along both axes: [N, C, h, w] -> [N, C, height, width].

    height: 2 h or 2 h - 1, and width likewise. Pixels beyond the edge are those at the edge; a constant stays constant.
    Source: Burt and Adelson (1983), EXPAND; the treatment of edges is ours.
    """
    _check_doubled(x, height, width)
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    doubled = F.conv_transpose2d(padded, _kernel(x, 2.0), stride=2, groups=x.shape[1])
    return doubled[..., 4 : 4 + height, 4 : 4 + width]  # 2 for the pixel in front, 2 for half the kernel


def _kernel(x: Tensor, gain: float) -> Tensor:
    """The kernel for every channel of x, its weights summing to gain^2: [C, 1, 5, 5]."""
    line = gain * x.new_tensor(KERNEL)
    return (line[:, None] * line).expand(x.shape[1], 1, 5, 5)


def block_mean(x: Tensor) -> Tensor:
    """The means of blocks of 2 x 2 pixels: [N, C, H, W] -> [N, C, H / 2, W / 2], both sides even.

    With `repeat` as its partner a pyramid is orthogonal up to scale: the difference in each block has mean 0, so that
    3/4 of the numbers are free and none is counted twice. Raises CourseError where a side is odd.
    """
    if x.shape[2] % 2 or x.shape[3] % 2:
        raise CourseError(f"blocks of 2 x 2 pixels do not fill an image of {x.shape[2]} x {x.shape[3]}")
    return F.avg_pool2d(x, 2)


def repeat(x: Tensor, height: int, width: int) -> Tensor:
    """Every pixel becomes a block of 2 x 2 pixels: [N, C, h, w] -> [N, C, height, width]."""
    _check_doubled(x, height, width)
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :height, :width]


def _check_doubled(x: Tensor, height: int, width: int) -> None:
    for name, small, large in (("height", x.shape[2], height), ("width", x.shape[3], width)):
        if large not in (2 * small, 2 * small - 1):
            raise CourseError(f"a {name} of {small} is doubled to {2 * small} or {2 * small - 1}, not to {large}")


def gaussian_pyramid(image: Tensor, levels: int, down: Down = reduce) -> list[Tensor]:
    """[I_0, ..., I_K]: the image and its K = `levels` successive halvings. Raises CourseError for levels below 0."""
    if levels < 0:
        raise CourseError(f"an image is halved 0 times or more, not {levels}")
    images = [image]
    for _ in range(levels):
        images.append(down(images[-1]))
    return images


def laplacian_pyramid(image: Tensor, levels: int, down: Down = reduce, up: Up = expand) -> list[Tensor]:
    """[h_0, ..., h_{K-1}, I_K] with h_k = I_k - up(I_{k+1}), finest first.

    Source: Burt and Adelson (1983); Denton et al. (2015), equation 3, where the last entry is called h_K.
    """
    images = gaussian_pyramid(image, levels, down)
    return [fine - low_pass(coarse, fine, up) for fine, coarse in pairwise(images)] + images[-1:]


def low_pass(coarse: Tensor, fine: Tensor, up: Up = expand) -> Tensor:
    """l: the coarse image [N, C, h, w] brought to the size of the fine one."""
    return up(coarse, fine.shape[2], fine.shape[3])


def reconstruct(pyramid: list[Tensor], up: Up = expand) -> Tensor:
    """The image of a Laplacian pyramid: I_k = up(I_{k+1}) + h_k, from the coarsest, which is the last of the list.

    `up` must be the one that the pyramid was built with, and may be any function. In exact arithmetic the image is the
    one taken apart; in floating point it differs by rounding. Source: Denton et al. (2015), equation 4.
    """
    image = pyramid[-1]
    for residual in reversed(pyramid[:-1]):
        image = low_pass(image, residual, up) + residual
    return image
