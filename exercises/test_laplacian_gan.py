"""What your answers in laplacian_gan.py must do. Run: course check laplacian_gan, or pytest on this file."""

import math
from itertools import pairwise

import numpy as np
import scipy.ndimage
import scipy.signal
import torch

from course_lib.grading import expect, points, teaches

EXCLUDED = {
    "torch.nn.functional.interpolate": "it uses other weights: write the kernel of the contract",
    "torch.nn.functional.upsample": "it uses other weights: write the kernel of the contract",
    "torch.nn.Upsample": "it uses other weights: write the kernel of the contract",
}

HINTS = {
    "downsample": [
        "The kernel is the same along rows and columns: write it for one axis, then do it twice.",
        "Pixels beyond the edge: clamp the index of the pixel that you want to 0 ... size - 1, or pad with "
        'torch.nn.functional.pad(x, (2, 2, 2, 2), mode="replicate").',
        "The centres are torch.arange(0, size, 2). y is the sum over m = -2 ... 2 of w[m] times "
        "x.index_select(axis, (centre + m).clamp(0, size - 1)).",
    ],
    "upsample": [
        "Even places and odd places have formulas of their own. Compute both, then interleave them.",
        "x[i - 1] and x[i + 1] for all i at once: index_select with a clamped index, as in downsample.",
        "torch.stack([even, odd], axis + 1).flatten(axis, axis + 1) interleaves; narrow(axis, 0, size) cuts.",
    ],
    "build_pyramid": [
        "One step makes a coarse image, and what is lost. The next step does the same to ... which of the two?",
        "The coarse image is halved again; the difference goes to the list. At the end one image is left over.",
        "up must be told the size of the image that you subtract from: image.shape[2], image.shape[3].",
    ],
    "reconstruct": [
        "Run the definition of h_k backwards: which of its terms do you know at the coarsest level?",
        "Begin with the last of the list, walk towards the first, and carry one image along.",
        "image = up(image, its height, its width) + difference, for every difference in reversed(pyramid[:-1]).",
    ],
    "lapgan_sample": [
        "It is the reconstruction, with a generator in the place where the pyramid had a stored difference.",
        "The generator sees the same up-sampled image that its output is added to.",
        "Begin with [generator(K, noise[K], None)], K = len(noise) - 1; noise[k] says how large the next image is.",
    ],
}  # fmt: skip

SIZES = ((8, 8), (6, 10), (7, 5), (1, 4), (3, 1), (2, 2))
WEIGHTS = np.array([1, 4, 6, 4, 1]) / 16


def reduced(x):
    """scipy's correlation along both axes, edges repeated, and every second pixel of it."""
    y = x.numpy()
    for axis in (2, 3):
        y = scipy.ndimage.correlate1d(y, WEIGHTS, axis=axis, mode="nearest")
    return torch.from_numpy(y[:, :, ::2, ::2].copy())


def expanded(x, height, width):
    """scipy's up-sampling by inserted zeros and a filter of twice the weights, on an image whose edges are repeated."""
    y = np.pad(x.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    for axis, size in enumerate((height, width), 2):
        y = scipy.signal.upfirdn(2 * WEIGHTS, y, up=2, axis=axis)
        y = np.take(y, range(4, 4 + size), axis=axis)  # 2 for the pixel in front, 2 for half the filter
    return torch.from_numpy(y.copy())


def matrix(operator, shape):
    """The linear operator written out: its answers to every image with a single 1, as columns."""
    basis = torch.eye(math.prod(shape), dtype=torch.float64).view(-1, 1, *shape)
    return operator(basis).flatten(1).T


def repeated(x, height, width):
    """The given `up` of kind repeat."""
    rows, columns = torch.arange(height) // 2, torch.arange(width) // 2
    return x[:, :, rows][:, :, :, columns]


def waves(x, height, width):
    """The given `up` of kind waves."""
    return torch.sin(2 * repeated(x, height, width)) + torch.arange(height).to(x.dtype)[:, None]


def coarsest_of(z, level, channels, height, width):
    """The given generators' first image, at level number `level`."""
    pattern = 3 * torch.cos(torch.arange(channels * height * width).to(z.dtype)).view(1, channels, height, width)
    return (level + 1) * z.mean(1).view(-1, 1, 1, 1) * pattern


@points(1, "downsample")
@teaches("eq-reduce")
def test_reducing_blurs_and_keeps_every_second_pixel(student, rng):
    for height, width in SIZES:
        x = rng.normal(2, 3, height, width)
        expect(student.downsample(x), reduced(x),
               why=f"{height} x {width} pixels: blur along both axes, then rows and columns 0, 2, 4, ...")  # fmt: skip
    constant = torch.full((1, 2, 5, 6), 0.7)
    expect(student.downsample(constant), torch.full((1, 2, 3, 3), 0.7),
           why="A constant image stays constant, up to its edges; and float32 stays float32.")  # fmt: skip


@points(1, "downsample")
@teaches("eq-reduce")
def test_reducing_is_linear_with_the_right_transpose(student, rng):
    x, cotangent = rng.normal(2, 1, 5, 6), rng.normal(2, 1, 3, 3)
    value, (grad,) = student.value_and_grad("downsample", x, cotangent=cotangent)
    expect(value, reduced(x))
    by_hand = cotangent.flatten(1) @ matrix(reduced, (5, 6))
    expect(grad, by_hand.view_as(x), what="its gradient in x",
           why="The gradient goes to every pixel that was blurred in, the edges several times.")  # fmt: skip


@points(1, "upsample")
@teaches("eq-expand")
def test_expanding_is_smooth_and_of_the_size_asked_for(student, rng):
    for h, w in ((4, 4), (3, 5), (1, 2), (1, 1)):
        x = rng.normal(2, 3, h, w)
        for height, width in ((2 * h, 2 * w), (2 * h - 1, 2 * w), (2 * h, 2 * w - 1)):
            expect(student.upsample(x, height, width), expanded(x, height, width),
                   why=f"From {h} x {w} to {height} x {width}.")  # fmt: skip
    constant = torch.full((1, 2, 3, 2), 0.7)
    expect(student.upsample(constant, 6, 3), torch.full((1, 2, 6, 3), 0.7),
           why="A constant image stays constant, up to its edges; and float32 stays float32.")  # fmt: skip


@points(1, "upsample")
@teaches("eq-expand")
def test_expanding_is_linear_with_the_right_transpose(student, rng):
    x, cotangent = rng.normal(2, 1, 3, 4), rng.normal(2, 1, 5, 8)
    value, (grad,) = student.value_and_grad("upsample", x, 5, 8, cotangent=cotangent)
    expect(value, expanded(x, 5, 8))
    by_hand = cotangent.flatten(1) @ matrix(lambda images: expanded(images, 5, 8), (3, 4))
    expect(grad, by_hand.view_as(x), what="its gradient in x")


@points(1, "build_pyramid")
@teaches("eq-residual")
def test_a_pyramid_holds_what_each_halving_loses(student, rng):
    for height, width, levels in ((8, 8, 2), (12, 8, 3), (6, 10, 1)):
        image = rng.normal(2, 3, height, width)
        halves = [image[:, :, :: 2**k, :: 2**k] for k in range(levels + 1)]
        expected = [fine - repeated(coarse, *fine.shape[2:])
                    for fine, coarse in pairwise(halves)] + [halves[-1]]  # fmt: skip
        expect(student.build_pyramid(image, levels, student.given("down", "corner"), student.given("up", "repeat")),
               expected, why=f"{levels} halvings: as many differences, and one image.")  # fmt: skip
    image = rng.normal(1, 1, 4, 4, dtype=torch.float32)
    expect(student.build_pyramid(image, 0, student.given("down", "corner"), student.given("up", "repeat")), [image],
           why="Halved no times, the pyramid is the image. float32 stays float32.")  # fmt: skip


@points(1, "build_pyramid")
@teaches("eq-residual")
def test_a_pyramid_of_odd_sizes_with_strange_operators(student, rng):
    image = rng.normal(1, 2, 11, 6)
    first = image[:, :, ::2, ::2] ** 2  # 6 x 3
    second = first[:, :, ::2, ::2] ** 2  # 3 x 2
    expected = [image - waves(first, 11, 6), first - waves(second, 6, 3), second]
    expect(student.build_pyramid(image, 2, student.given("down", "squares"), student.given("up", "waves")), expected,
           why="11 x 6, 6 x 3, 3 x 2: up must be told the size. Nothing says that down and up are linear.")  # fmt: skip


@points(1, "reconstruct")
@teaches("eq-reconstruct")
def test_the_image_comes_back_whatever_up_is(student, rng):
    for kind, operator in (("waves", waves), ("repeat", repeated)):
        for height, width in ((8, 12), (9, 5)):
            image = rng.normal(2, 3, height, width)
            halves = [image[:, :, :: 2**k, :: 2**k] for k in range(3)]
            pyramid = [fine - operator(coarse, *fine.shape[2:])
                       for fine, coarse in pairwise(halves)] + [halves[-1]]  # fmt: skip
            expect(student.reconstruct(pyramid, student.given("up", kind)), image,
                   why="What was subtracted is added again, whatever it was: the image returns.")  # fmt: skip


@points(1, "reconstruct")
@teaches("eq-reconstruct")
def test_a_pyramid_of_any_numbers_makes_an_image(student, rng):
    fine, middle = rng.normal(2, 1, 13, 16), 3 * rng.normal(2, 1, 7, 8)
    low, coarse = 3 * rng.normal(2, 1, 4, 4), 3 * rng.normal(2, 1, 2, 2)
    expected = repeated(repeated(repeated(coarse, 4, 4) + low, 7, 8) + middle, 13, 16) + fine
    expect(student.reconstruct([fine, middle, low, coarse], student.given("up", "repeat")), expected,
           why="Every level is added to the image so far, brought to its size. Nothing is clipped.")  # fmt: skip
    expect(student.reconstruct([coarse.float()], student.given("up", "repeat")), coarse.float(),
           why="One level alone is the image itself. Keep the dtype.")  # fmt: skip


@points(1, "lapgan_sample")
@teaches("eq-chain")
def test_two_levels_of_a_chain(student, rng):
    z, plane = rng.normal(3, 5), rng.normal(3, 1, 6, 7)
    coarse = coarsest_of(z, 1, 2, 3, 4)
    low = repeated(coarse, 6, 7)
    expected = [low + torch.sin(3 * low) + plane, coarse]
    expect(student.lapgan_sample(student.given("generators", 2, 3, 4), [plane, z], student.given("up", "repeat")),
           expected, why="[I_0, I_1]: I_1 = G_1(z_1), I_0 = up(I_1) + G_0(z_0, up(I_1)).")  # fmt: skip


@points(1, "lapgan_sample")
@teaches("eq-chain")
def test_each_level_continues_from_the_image_of_the_one_before(student, rng):
    z, middle, fine = rng.normal(2, 3), rng.normal(2, 1, 3, 4), rng.normal(2, 1, 6, 8)
    i2 = coarsest_of(z, 2, 1, 2, 2)
    l1 = waves(i2, 3, 4)
    i1 = l1 + torch.sin(3 * l1) / 2 + 2 * middle
    l0 = waves(i1, 6, 8)
    i0 = l0 + torch.sin(3 * l0) + fine
    expect(student.lapgan_sample(student.given("generators", 1, 2, 2), [fine, middle, z], student.given("up", "waves")),
           [i0, i1, i2], why="Three levels: l_0 is the up-sampled image I_1, not the difference h_1.")  # fmt: skip
    z = rng.normal(4, 3, dtype=torch.float32)
    expect(student.lapgan_sample(student.given("generators", 1, 2, 2), [z], student.given("up", "repeat")),
           [coarsest_of(z, 0, 1, 2, 2)], why="One level alone is an ordinary generator. Keep the dtype.")  # fmt: skip
