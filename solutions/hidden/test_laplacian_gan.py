"""Hidden tests of laplacian_gan: the same points for the same exercises as the visible ones, on secret inputs.

Halving is checked against loops in numpy, doubling against a matrix that a transposed convolution wrote, pyramids
against their definitions level by level.
"""

import numpy as np
import torch
from torch.nn.functional import conv_transpose1d, pad

from course_lib.grading import expect, points, teaches


def reduced_by_loops(x):
    n, c, height, width = x.shape
    y = np.zeros((n, c, (height + 1) // 2, (width + 1) // 2))
    for i, j in np.ndindex(y.shape[2:]):
        for a, row in enumerate((1, 4, 6, 4, 1)):
            for b, column in enumerate((1, 4, 6, 4, 1)):
                top, left = min(max(2 * i + a - 2, 0), height - 1), min(max(2 * j + b - 2, 0), width - 1)
                y[:, :, i, j] += row * column / 256 * x[:, :, top, left].numpy()
    return torch.from_numpy(y)


def expanding_matrix(small, size):
    """[size, small]: its columns are the transposed convolutions of one pixel alone, edges repeated before."""
    signals = pad(torch.eye(small, dtype=torch.float64)[:, None], (1, 1), mode="replicate")
    kernel = torch.tensor([[[1.0, 4, 6, 4, 1]]], dtype=torch.float64) / 8
    return conv_transpose1d(signals, kernel, stride=2)[:, 0, 4 : 4 + size].T


def expanded_by_matrices(x, height, width):
    down, across = expanding_matrix(x.shape[2], height), expanding_matrix(x.shape[3], width)
    return torch.einsum("ih,jw,nchw->ncij", down, across, x)


def repeated(x, height, width):
    return torch.from_numpy(np.repeat(np.repeat(x.numpy(), 2, 2), 2, 3)[..., :height, :width].copy())


def waves(x, height, width):
    return torch.from_numpy(np.sin(2 * repeated(x, height, width).numpy()) + np.arange(height)[:, None])


UPS = {"repeat": repeated, "waves": waves}
DOWNS = {"corner": lambda x: x[:, :, ::2, ::2], "squares": lambda x: x[:, :, ::2, ::2].pow(2)}


def chain_by_definition(noise, channels, height, width, up):
    z = noise[-1].numpy()
    pattern = 3 * np.cos(np.arange(channels * height * width)).reshape(channels, height, width)
    image = torch.from_numpy(len(noise) * np.einsum("n,chw->nchw", z.mean(1), pattern))
    images = [image]
    for level in range(len(noise) - 2, -1, -1):
        low = up(image, *noise[level].shape[2:])
        image = low + low.mul(3).sin() / (level + 1) + (level + 1) * noise[level]
        images.append(image)
    return images[::-1]


@points(1, "downsample")
@teaches("eq-reduce")
def test_secret_images_are_reduced(student, rng):
    for shape in ((2, 3, 9, 4), (1, 1, 2, 7), (3, 2, 5, 5), (2, 1, 1, 1), (1, 2, 12, 3)):
        x = 3 * rng.normal(*shape) + 1
        expect(student.downsample(x), reduced_by_loops(x))
    x = rng.normal(2, 2, 6, 5)
    expect(student.downsample(x.float()), reduced_by_loops(x).float(), rtol=1e-4, atol=1e-5)


@points(1, "downsample")
@teaches("eq-reduce")
def test_secret_images_are_reduced_with_gradients(student, rng):
    for height, width in ((6, 7), (4, 4), (3, 2)):
        x = rng.normal(2, 2, height, width)
        cotangent = rng.normal(2, 2, (height + 1) // 2, (width + 1) // 2)
        value, (grad,) = student.value_and_grad("downsample", x, cotangent=cotangent)
        expect(value, reduced_by_loops(x))
        basis = torch.eye(height * width, dtype=torch.float64).view(-1, 1, height, width)
        matrix = reduced_by_loops(basis).flatten(1)  # [H W, h w]
        expect(grad, (cotangent.flatten(2) @ matrix.T).view_as(x), what="its gradient in x")


@points(1, "upsample")
@teaches("eq-expand")
def test_secret_images_are_expanded(student, rng):
    for h, w, height, width in ((5, 3, 10, 5), (2, 6, 3, 12), (1, 3, 1, 6), (4, 1, 7, 2), (3, 3, 6, 6)):
        x = 3 * rng.normal(2, 2, h, w) + 1
        expect(student.upsample(x, height, width), expanded_by_matrices(x, height, width))
    x = rng.normal(1, 2, 3, 4)
    expect(student.upsample(x.float(), 6, 7), expanded_by_matrices(x, 6, 7).float(), rtol=1e-4, atol=1e-5)


@points(1, "upsample")
@teaches("eq-expand")
def test_secret_images_are_expanded_with_gradients(student, rng):
    for h, w, height, width in ((3, 4, 6, 7), (2, 2, 3, 4), (1, 5, 2, 9)):
        x, cotangent = rng.normal(2, 2, h, w), rng.normal(2, 2, height, width)
        value, (grad,) = student.value_and_grad("upsample", x, height, width, cotangent=cotangent)
        expect(value, expanded_by_matrices(x, height, width))
        down, across = expanding_matrix(h, height), expanding_matrix(w, width)
        expect(grad, torch.einsum("ih,jw,ncij->nchw", down, across, cotangent), what="its gradient in x")


def pyramid_by_definition(image, levels, down, up):
    if levels == 0:
        return [image]
    coarse = down(image)
    return [image - up(coarse, *image.shape[2:]), *pyramid_by_definition(coarse, levels - 1, down, up)]


@points(1, "build_pyramid")
@teaches("eq-residual")
def test_secret_pyramids(student, rng):
    for shape, levels in (((2, 1, 16, 8), 3), ((1, 3, 4, 12), 2), ((3, 2, 6, 6), 1), ((2, 2, 3, 5), 0)):
        image = 2 * rng.normal(*shape)
        expect(student.build_pyramid(image, levels, student.given("down", "corner"), student.given("up", "repeat")),
               pyramid_by_definition(image, levels, DOWNS["corner"], UPS["repeat"]))  # fmt: skip


@points(1, "build_pyramid")
@teaches("eq-residual")
def test_secret_pyramids_of_odd_sizes(student, rng):
    for shape, levels in (((2, 1, 13, 6), 3), ((1, 2, 5, 9), 2), ((2, 2, 7, 3), 2)):
        image = rng.normal(*shape)
        for down, up in (("corner", "waves"), ("squares", "repeat"), ("squares", "waves")):
            expect(student.build_pyramid(image, levels, student.given("down", down), student.given("up", up)),
                   pyramid_by_definition(image, levels, DOWNS[down], UPS[up]))  # fmt: skip


@points(1, "reconstruct")
@teaches("eq-reconstruct")
def test_secret_images_come_back(student, rng):
    for shape, levels in (((2, 2, 10, 14), 2), ((1, 1, 7, 9), 3), ((3, 1, 5, 4), 1)):
        image = 2 * rng.normal(*shape)
        for down, up in (("corner", "repeat"), ("squares", "waves")):
            pyramid = pyramid_by_definition(image, levels, DOWNS[down], UPS[up])
            expect(student.reconstruct(pyramid, student.given("up", up)), image)


@points(1, "reconstruct")
@teaches("eq-reconstruct")
def test_secret_pyramids_that_are_of_no_image(student, rng):
    for sizes in (((9, 6), (5, 3), (3, 2), (2, 1)), ((4, 4), (2, 2)), ((3, 5),)):
        pyramid = [2 * rng.normal(2, 2, *size) for size in sizes]
        expected = sum(brought_up(pyramid[k], sizes[:k]) for k in range(len(sizes)))
        expect(student.reconstruct(pyramid, student.given("up", "repeat")), expected)


def brought_up(image, sizes):
    """The image repeated through all these sizes, the nearest first in the list being the last."""
    for height, width in reversed(sizes):
        image = repeated(image, height, width)
    return image


@points(1, "lapgan_sample")
@teaches("eq-chain")
def test_secret_chains_of_two(student, rng):
    for channels, h, w, height, width in ((1, 4, 4, 8, 8), (3, 2, 5, 3, 10), (2, 3, 1, 6, 1)):
        noise = [rng.normal(3, 1, height, width), rng.normal(3, 6)]
        expect(student.lapgan_sample(student.given("generators", channels, h, w), noise, student.given("up", "repeat")),
               chain_by_definition(noise, channels, h, w, repeated))  # fmt: skip


@points(1, "lapgan_sample")
@teaches("eq-chain")
def test_secret_chains_of_more(student, rng):
    for planes in (((11, 7), (6, 4)), ((12, 16), (6, 8), (3, 4)), ()):
        noise = [rng.normal(2, 1, *plane) for plane in planes] + [2 * rng.normal(2, 4)]
        h, w = ((planes[-1][0] + 1) // 2, (planes[-1][1] + 1) // 2) if planes else (3, 2)
        for kind, operator in UPS.items():
            expect(student.lapgan_sample(student.given("generators", 2, h, w), noise, student.given("up", kind)),
                   chain_by_definition(noise, 2, h, w, operator))  # fmt: skip
