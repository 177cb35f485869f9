"""Exercises of the chapter *Transposed convolution*: how an image becomes larger.

Write the bodies from elementary operations of torch: indexing, sums, products, torch.einsum. Convolution is what
networks call so, cross-correlation: the kernel is not flipped. A function may use those above it.
Check yourself with `course check transposed_convolution`.
"""

import torch
from torch import Tensor


def conv_output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How many places a kernel has on a line of pixels.

    floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.   (eq-conv-size)

    size: pixels, at least 1.   kernel: its weights, `dilation` pixels apart.   padding: zeros added on either side.
    Returns an int; 0 where the kernel is longer than the padded line, however much longer.
    """
    raise NotImplementedError


def transposed_conv_output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """How many pixels a transposed convolution makes of a line of pixels.

    (size - 1) stride + dilation (kernel - 1) + 1 - 2 padding + output_padding.   (eq-transposed-size)

    The settings are those of the convolution whose transpose it is. padding: pixels cropped on either side.
    output_padding: pixels more at the end, to choose among the sizes that this convolution takes to `size`.
    Returns an int; 0 where cropping leaves nothing.
    """
    raise NotImplementedError


def conv_matrix(
    kernel: Tensor, height: int, width: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    """The matrix C of a convolution: C times an image as a vector is the feature map as a vector.

    C[o, i] is the weight that pixel i has in place o, and 0 where place o does not reach pixel i.   (eq-conv-matrix)

    kernel: [kh, kw], floating point, of one channel.   height, width: of the image; vectors read it row by row.
    stride, padding, dilation: the same for both axes; the padding's zeros are no pixels and have no column.
    Returns [places, height * width], dense, of kernel's dtype, differentiable in kernel. places is the product of both
    axes' output sizes, and at least 1.
    """
    raise NotImplementedError


def transposed_conv2d(
    x: Tensor, weight: Tensor, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> Tensor:
    """Transposed convolution by painting: each pixel adds its multiple of the kernel to the output.

    y[n, o, s h + d a - p, s w + d b - p] += x[n, i, h, w] weight[i, o, a, b], for all indices.   (eq-paint)

    x: [N, I, H, W].   weight: [I, O, kh, kw]: kernel (i, o) is what channel i paints into channel o.
    stride s, padding p, output_padding and dilation d are the same for both axes. What falls outside is lost.
    Returns [N, O, H', W'], both sizes as transposed_conv_output_size says and at least 1, of x's dtype, differentiable
    in x and in weight.
    """
    raise NotImplementedError


def bilinear_kernel(factor: int) -> Tensor:
    """The kernel that makes a transposed convolution with stride `factor` a bilinear interpolation, edges aside.

    K[a, b] = t[a] t[b], t[a] = 1 - |a - c| / factor, with c the middle of the kernel.   (eq-bilinear-kernel)

    factor: how many times larger the image becomes, at least 1.
    Returns float64 [k, k] with k = 2 factor for an even factor and 2 factor - 1 for an odd one.
    """
    raise NotImplementedError


# As released: 555aae9616b4
