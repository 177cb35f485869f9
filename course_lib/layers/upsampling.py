"""Making images larger: transposed convolution in its several forms, bilinear kernels, resize-convolution.

Chapter: transposed_convolution. In a network use `torch.nn.ConvTranspose2d`, with `bilinear_init_` where it should
begin as an interpolation, or `ResizeConv2d`. The functions say the same operator in other words: as a sparse matrix,
as sums of painted kernels, as a convolution over inserted zeros.

Sizes and settings are ints, or pairs for height and width, as in torch. Convolution is what networks call so:
cross-correlation, the kernel not flipped.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.errors import CourseError

Pair = int | tuple[int, int]


def conv_output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How many places a kernel has on a line of `size` pixels: floor((size + 2 p - d (k - 1) - 1) / s) + 1, or 0.

    Source: Dumoulin and Visin (2016), *A guide to convolution arithmetic*, relationship 15 (with dilation).
    """
    return max(0, (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


def transposed_conv_output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """How many pixels a transposed convolution makes of `size`: (size - 1) s - 2 p + d (k - 1) + 1 + output_padding.

    With output_padding = 0 that is the smallest size whose convolution has `size` places, with stride - 1 the largest.
    Source: Dumoulin and Visin (2016), relationship 14 (their a is the output padding).
    """
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding


def conv_matrix(
    weight: Tensor, size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1, groups: int = 1
) -> Tensor:
    """The sparse matrix C with C x = conv2d(x, weight), images and feature maps read as vectors, row by row.

    weight: [O, I / groups, kh, kw].   size: height and width of the image.
    Returns a sparse COO tensor [O Ho Wo, I H W] of weight's dtype, coalesced. Its transpose is the transposed
    convolution that takes O channels to I: `conv_transpose2d(y, weight, ...)` with output size H x W.
    Raises CourseError where the kernel fits nowhere.
    """
    outputs, inputs, *_ = weight.shape
    axes = zip(_pair(size), weight.shape[2:], _pair(stride), _pair(padding), _pair(dilation), strict=True)
    (rows, row_inside, height), (columns, column_inside, width) = (_reach(*axis) for axis in axes)
    o, i = torch.arange(outputs), torch.arange(inputs)
    channel = (o // (outputs // groups))[:, None] * inputs + i  # of the image, [O, I / groups]
    # Every index has the axes [O, I / groups, Ho, Wo, kh, kw].
    pixel = (channel[..., None, None, None, None] * height + rows[:, None, :, None]) * width + columns[:, None, :]
    place = torch.arange(outputs * len(rows) * len(columns)).view(outputs, 1, len(rows), len(columns), 1, 1)
    inside = (row_inside[:, None, :, None] & column_inside[:, None, :]).expand(pixel.shape)
    index = torch.stack([place.expand(pixel.shape)[inside], pixel[inside]])
    values = weight[:, :, None, None].expand(pixel.shape)[inside]
    shape = (outputs * len(rows) * len(columns), inputs * groups * height * width)
    return torch.sparse_coo_tensor(index, values, shape, check_invariants=True).coalesce()


def _reach(size: int, kernel: int, stride: int, padding: int, dilation: int) -> tuple[Tensor, Tensor, int]:
    """Along one axis: the pixel under each place and tap, int64 [places, kernel], whether it exists, and `size`."""
    places = conv_output_size(size, kernel, stride, padding, dilation)
    if places < 1:
        raise CourseError(
            f"a kernel of {kernel} (dilation {dilation}) fits nowhere on {size} pixels, padding {padding}"
        )
    pixel = stride * torch.arange(places)[:, None] + dilation * torch.arange(kernel) - padding
    return pixel, (pixel >= 0) & (pixel < size), size


def scatter_add(
    x: Tensor,
    weight: Tensor,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Transposed convolution as painting: every input pixel adds its multiple of the kernel to the output.

    x: [N, I, H, W].   weight: [I, O / groups, kh, kw], as in `torch.nn.ConvTranspose2d`.
    Returns [N, O, H', W'] with H', W' from `transposed_conv_output_size`. Slow and plain: to read, and to check with.
    """
    axes = zip(
        x.shape[2:],
        weight.shape[2:],
        _pair(stride),
        _pair(padding),
        _pair(output_padding),
        _pair(dilation),
        strict=True,
    )
    (rows, height), (columns, width) = (_targets(*axis) for axis in axes)
    by_group = x.unflatten(1, (groups, -1)), weight.unflatten(0, (groups, -1))
    paint = torch.einsum("ngihw,giokl->ngohkwl", *by_group).flatten(1, 2)  # [N, O, H, kh, W, kw]
    inside = ((rows >= 0) & (rows < height))[..., None, None] & ((columns >= 0) & (columns < width))
    target = rows[..., None, None] * width + columns
    canvas = x.new_zeros(*paint.shape[:2], height * width)
    return canvas.index_add(2, target[inside], paint[..., inside]).unflatten(2, (height, width))


def _targets(
    size: int, kernel: int, stride: int, padding: int, output_padding: int, dilation: int
) -> tuple[Tensor, int]:
    """Along one axis: where each input pixel's taps land, int64 [size, kernel], and the output's size."""
    made = transposed_conv_output_size(size, kernel, stride, padding, output_padding, dilation)
    return stride * torch.arange(size)[:, None] + dilation * torch.arange(kernel) - padding, made


def insert_zeros(x: Tensor, stride: Pair) -> Tensor:
    """A bed of nails: stride - 1 zeros between neighbours, none outside. [..., H, W] -> [..., (H - 1) s + 1, ...]."""
    down, across = _pair(stride)
    height, width = x.shape[-2:]
    nails = x.new_zeros(*x.shape[:-2], (height - 1) * down + 1, (width - 1) * across + 1)
    nails[..., ::down, ::across] = x
    return nails


def phase_sums(kernel: Tensor, stride: int) -> Tensor:
    """What each phase of the output receives when every input is 1: sums of every stride-th weight. [..., s, s].

    kernel: [..., kh, kw]. Entry (a, b) belongs to output pixels whose row is a and whose column is b modulo the stride,
    counted before padding is cropped. The layer makes a constant input constant, edges aside, where all are equal.
    """
    height, width = kernel.shape[-2:]
    even = F.pad(kernel, (0, -width % stride, 0, -height % stride))
    return even.unflatten(-1, (-1, stride)).unflatten(-3, (-1, stride)).sum((-4, -2))


def bilinear_kernel(factor: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """The kernel with which a transposed convolution of this stride is bilinear interpolation, edges aside. [k, k].

    k = 2 factor - factor mod 2, and the padding that goes with it is (k - factor) / 2. Agrees with
    `interpolate(mode="bilinear", align_corners=False)` wherever that does not reach beyond the image.
    Source: Long, Shelhamer and Darrell (2015), *Fully convolutional networks*, section 3.3.
    """
    size = 2 * factor - factor % 2
    tent = 1 - (torch.arange(size, dtype=dtype) - (size - 1) / 2).abs() / factor
    return tent[:, None] * tent


@torch.no_grad()
def bilinear_init_(layer: nn.ConvTranspose2d) -> nn.ConvTranspose2d:
    """Let the layer begin as bilinear interpolation by its stride, channel by channel: output c from input c.

    Larger kernels carry the bilinear one in their middle, zeros around it. The layer needs as many outputs as inputs, a
    square stride, the padding (kernel - stride) / 2 and no dilation; raises CourseError otherwise. Returns the layer.
    """
    stride, size = layer.stride[0], layer.kernel_size[0]
    small = bilinear_kernel(stride, layer.weight.dtype)
    margin = size - len(small)
    wanted = {
        "kernel_size": (size, size), "stride": (stride, stride), "padding": ((size - stride) // 2,) * 2,
        "output_padding": (0, 0), "dilation": (1, 1), "out_channels": layer.in_channels,
    }  # fmt: skip
    for setting, value in wanted.items():
        if getattr(layer, setting) != value:
            raise CourseError(f"{setting} {getattr(layer, setting)} is none of a bilinear up-sampling: needs {value}")
    if margin < 0 or margin % 2:
        raise CourseError(f"a bilinear kernel of {len(small)} has no place in the middle of one of {size}")
    layer.weight.zero_()
    per_group = layer.out_channels // layer.groups
    for channel in range(layer.in_channels):
        layer.weight[channel, channel % per_group] = F.pad(small, (margin // 2,) * 4)
    if layer.bias is not None:
        layer.bias.zero_()
    return layer


class ResizeConv2d(nn.Module):
    """Enlarge, then convolve: [N, inputs, H, W] -> [N, outputs, factor H, factor W].

    A constant input stays constant, edges aside, whatever the weights: no checkerboards by construction.
    mode: "nearest" repeats pixels, "bilinear" interpolates.   size: of the kernel, odd.
    Source: Odena, Dumoulin and Olah (2016), *Deconvolution and checkerboard artifacts*.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int = 3,
        factor: int = 2,
        mode: Literal["nearest", "bilinear"] = "nearest",
        bias: bool = True,
    ) -> None:
        super().__init__()
        if size % 2 == 0:
            raise CourseError(
                f"a kernel of {size} has no centre, and would change the size of the image: take an odd one"
            )
        self.factor, self.mode = factor, mode
        self.conv = nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=self.factor, mode=self.mode))


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)
