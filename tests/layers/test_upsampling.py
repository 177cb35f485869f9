"""Up-sampling layers: painting, the sparse matrix and torch's operator agree in every setting that torch allows."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_lib.errors import CourseError
from course_lib.layers.upsampling import (
    ResizeConv2d,
    bilinear_init_,
    bilinear_kernel,
    conv_matrix,
    conv_output_size,
    insert_zeros,
    phase_sums,
    scatter_add,
    transposed_conv_output_size,
)


def _normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@st.composite
def layers(draw):
    """x, weight and the settings of a transposed convolution that torch accepts; height and width differ in all."""
    groups = draw(st.integers(1, 3))
    inputs, outputs = groups * draw(st.integers(1, 2)), draw(st.integers(1, 2))
    axes = []
    for _ in range(2):
        size, kernel, stride, dilation = (draw(st.integers(1, most)) for most in (5, 4, 4, 3))
        output_padding = draw(st.integers(0, max(stride, dilation) - 1))
        reach = transposed_conv_output_size(size, kernel, stride, 0, output_padding, dilation)
        axes.append((size, kernel, stride, draw(st.integers(0, (reach - 1) // 2)), output_padding, dilation))
    size, kernel, stride, padding, output_padding, dilation = zip(*axes, strict=True)
    seed = draw(st.integers(0, 10**6))
    x, weight = _normal(draw(st.integers(1, 2)), inputs, *size, seed=seed), _normal(inputs, outputs, *kernel, seed=seed)
    return x, weight, stride, padding, output_padding, dilation, groups


@settings(max_examples=400, deadline=None)
@given(layers())
def test_painting_and_the_matrix_are_torchs_transposed_convolution(layer):
    x, weight, stride, padding, output_padding, dilation, groups = layer
    expected = F.conv_transpose2d(
        x, weight, stride=stride, padding=padding, output_padding=output_padding, groups=groups, dilation=dilation
    )
    painted = scatter_add(x, weight, stride, padding, output_padding, dilation, groups)
    torch.testing.assert_close(painted, expected)

    size = expected.shape[2:]
    axes = list(zip(size, weight.shape[2:], stride, padding, dilation, strict=True))
    if [conv_output_size(*axis) for axis in axes] != list(x.shape[2:]):
        return  # an output padding beyond the stride: no convolution makes x's size of it
    matrix = conv_matrix(weight, size, stride, padding, dilation, groups)
    by_matrix = (matrix.T @ x.flatten(1).T).T.view(len(x), -1, *size)
    torch.testing.assert_close(by_matrix, expected)


@settings(max_examples=300, deadline=None)
@given(layers())
def test_the_matrix_is_torchs_convolution(layer):
    feature, weight, stride, padding, output_padding, dilation, groups = layer
    axes = zip(feature.shape[2:], weight.shape[2:], stride, padding, output_padding, dilation, strict=True)
    size = [transposed_conv_output_size(*axis) for axis in axes]
    image = _normal(2, weight.shape[1] * groups, *size, seed=1)
    expected = F.conv2d(image, weight, stride=stride, padding=padding, groups=groups, dilation=dilation)
    matrix = conv_matrix(weight, tuple(size), stride, padding, dilation, groups)
    torch.testing.assert_close((matrix @ image.flatten(1).T).T.view(expected.shape), expected)
    assert matrix.layout == torch.sparse_coo
    assert matrix._nnz() <= weight.numel() * expected.shape[2] * expected.shape[3]


@settings(max_examples=300, deadline=None)
@given(layers())
def test_bed_of_nails_then_convolution_with_the_flipped_kernel(layer):
    x, weight, stride, padding, output_padding, dilation, groups = layer
    expected = F.conv_transpose2d(x, weight, None, stride, padding, output_padding, groups, dilation)
    margin = [d * (k - 1) - p for d, k, p in zip(dilation, weight.shape[2:], padding, strict=True)]
    rows, columns = ((m, m + more) for m, more in zip(margin, output_padding, strict=True))
    nails = F.pad(insert_zeros(x, stride), (*columns, *rows))  # a negative margin crops
    flipped = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1).flip(2, 3)
    torch.testing.assert_close(F.conv2d(nails, flipped, None, 1, 0, dilation, groups), expected)


def test_sizes_against_shapes_that_torch_makes():
    for size in range(1, 9):
        for kernel in range(1, 5):
            for stride in range(1, 4):
                for padding in range(3):
                    for dilation in range(1, 3):
                        made = conv_output_size(size, kernel, stride, padding, dilation)
                        if size + 2 * padding <= dilation * (kernel - 1):
                            assert made == 0
                            continue
                        x, weight = torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel)
                        assert F.conv2d(x, weight, None, stride, padding, dilation).shape[2] == made
                        back = [transposed_conv_output_size(made, kernel, stride, padding, extra, dilation)
                                for extra in range(stride)]  # fmt: skip
                        assert size in back  # one output padding for each size that ends here
                        inverse = [
                            s for s in range(30) if conv_output_size(s, kernel, stride, padding, dilation) == made
                        ]
                        assert inverse == [s for s in back if s >= 0]


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5, 8])
def test_the_bilinear_kernel_interpolates(factor):
    x = _normal(2, 3, 6, 7)
    kernel = bilinear_kernel(factor, torch.float64)
    layer = bilinear_init_(nn.ConvTranspose2d(3, 3, len(kernel), factor, (len(kernel) - factor) // 2).double())
    expected = F.interpolate(x, scale_factor=factor, mode="bilinear")
    inner = slice(factor, -factor)
    torch.testing.assert_close(layer(x)[..., inner, inner], expected[..., inner, inner])
    torch.testing.assert_close(phase_sums(kernel, factor), torch.ones(factor, factor, dtype=torch.float64))


@pytest.mark.parametrize(("size", "groups"), [(4, 1), (4, 4), (8, 1), (6, 2)])
def test_a_layer_may_begin_as_interpolation(size, groups):
    x = _normal(2, 4, 6, 5).float()
    layer = bilinear_init_(nn.ConvTranspose2d(4, 4, size, 2, (size - 2) // 2, groups=groups))
    expected = F.interpolate(x, scale_factor=2, mode="bilinear")
    torch.testing.assert_close(layer(x)[..., 2:-2, 2:-2], expected[..., 2:-2, 2:-2])


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.ConvTranspose2d(1, 1, 3, 2, 0), r"a bilinear kernel of 4 has no place in the middle of one of 3"),
        (nn.ConvTranspose2d(1, 1, 2, 2, 0), r"a bilinear kernel of 4 has no place in the middle of one of 2"),
        (nn.ConvTranspose2d(1, 1, 4, 2, 0), r"padding \(0, 0\) .* needs \(1, 1\)"),
        (nn.ConvTranspose2d(2, 3, 4, 2, 1), r"out_channels 3 .* needs 2"),
        (nn.ConvTranspose2d(1, 1, 4, 2, 1, output_padding=1), r"output_padding"),
        (nn.ConvTranspose2d(1, 1, (4, 2), 2, (1, 0)), r"kernel_size"),
    ],
)
def test_what_cannot_begin_as_interpolation(layer, message):
    before = layer.weight.clone()
    with pytest.raises(CourseError, match=message):
        bilinear_init_(layer)
    assert torch.equal(layer.weight, before)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_phase_sums_are_what_a_constant_input_becomes(stride):
    weight = _normal(1, 2, 4, 5)
    made = F.conv_transpose2d(torch.ones(1, 1, 8, 8).double(), weight, stride=stride)[0]
    start = 6  # beyond the edge, and a multiple of each stride
    torch.testing.assert_close(phase_sums(weight, stride)[0], made[:, start : start + stride, start : start + stride])
    assert phase_sums(weight, stride).shape == (1, 2, stride, stride)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_resize_convolution_keeps_a_constant_constant(mode):
    torch.manual_seed(0)
    layer = ResizeConv2d(3, 5, size=3, factor=3, mode=mode)
    made = layer(torch.tensor([1.0, -2.0, 0.5]).view(1, 3, 1, 1).expand(2, 3, 4, 6))
    assert made.shape == (2, 5, 12, 18)
    inner = made[..., 3:-3, 3:-3]
    torch.testing.assert_close(inner, inner[..., :1, :1].expand_as(inner))
    assert made.std() > 0.01


def test_nearest_resize_convolution_is_a_transposed_convolution_with_tied_weights():
    torch.manual_seed(0)
    layer = ResizeConv2d(2, 3, size=3, factor=2, bias=False).double()
    x = _normal(1, 2, 5, 5)
    kernel = layer.conv.weight.transpose(0, 1).flip(2, 3)
    box = torch.ones(1, 1, 2, 2).double()
    tied = F.conv2d(kernel.flatten(0, 1)[:, None], box, padding=1).view(2, 3, 4, 4)
    torch.testing.assert_close(F.conv_transpose2d(x, tied, stride=2, padding=1), layer(x))


def test_what_is_no_layer():
    with pytest.raises(CourseError, match="a kernel of 4 has no centre"):
        ResizeConv2d(1, 1, size=4)
    with pytest.raises(CourseError, match=r"a kernel of 3 \(dilation 2\) fits nowhere on 4 pixels, padding 0"):
        conv_matrix(torch.zeros(1, 1, 3, 3), 4, dilation=2)
