"""Hidden tests of transposed_convolution: the same points for the same exercises as the visible ones, on secret inputs.

Oracles are counted out or written in numpy and scipy; gradients follow from the operators being linear.
"""

import numpy as np
import scipy.signal
import torch

from course_lib.grading import expect, points, teaches


def whole(rng, low, high):
    """A secret number from low to high, both included."""
    return int(rng.integers(low, high + 1, 1))


def setting(rng):
    """Stride, padding and dilation, each drawn."""
    return whole(rng, 1, 3), whole(rng, 0, 2), whole(rng, 1, 2)


def stretched(kernel, step):
    """A kernel [kh, kw] with step - 1 zeros between its weights."""
    height, width = kernel.shape
    wide = np.zeros(((height - 1) * step + 1, (width - 1) * step + 1))
    wide[::step, ::step] = kernel
    return wide


def correlated(image, kernel, stride, padding, dilation):
    """Convolution as networks have it, of one channel, by scipy."""
    padded = np.pad(image, padding)
    return scipy.signal.correlate2d(padded, stretched(kernel, dilation), mode="valid")[::stride, ::stride]


def painted(x, weight, stride, padding, extra, dilation):
    """Transposed convolution of [N, I, H, W] by scipy: full convolution of a bed of nails, then cropped."""
    made = []
    for image in x:
        channels = []
        for o in range(weight.shape[1]):
            kernels = [stretched(kernel, dilation) for kernel in weight[:, o]]
            nails = [stretched(channel, stride) for channel in image]
            full = sum(scipy.signal.convolve2d(one, kernel) for one, kernel in zip(nails, kernels, strict=True))
            full = np.pad(full, (0, extra))
            channels.append(full[padding : full.shape[0] - padding, padding : full.shape[1] - padding])
        made.append(channels)
    return np.array(made)


@points(1, "conv_output_size")
@teaches("eq-conv-size")
def test_secret_places(student, rng):
    for _ in range(20):
        kernel, (stride, padding, dilation) = whole(rng, 1, 5), setting(rng)
        size = whole(rng, 1, 12) + dilation * (kernel - 1)
        line = np.arange(size + 2 * padding - dilation * (kernel - 1))
        expect(student.conv_output_size(size, kernel, stride, padding, dilation), len(line[::stride]))
    for size, kernel, stride, padding, dilation in ((10, 3, 2, 1, 2), (11, 3, 3, 1, 2), (13, 4, 2, 2, 3)):
        shift = whole(rng, 0, 20)
        line = np.arange(shift + size + 2 * padding - dilation * (kernel - 1))
        expect(student.conv_output_size(shift + size, kernel, stride, padding, dilation), len(line[::stride]))
    expect(student.conv_output_size(9, 3), 7)


@points(1, "conv_output_size")
@teaches("eq-conv-size")
def test_secret_kernels_that_do_not_fit(student, rng):
    for missing in (1, 1 + whole(rng, 0, 2), 4, 5 + whole(rng, 0, 9)):
        for stride, padding, dilation in ((2 + whole(rng, 0, 3), 0, 1), (6, 1, 2), (3, 0, 2)):
            kernel = 8
            size = dilation * (kernel - 1) + 1 - 2 * padding - missing
            if size > 0:
                expect(student.conv_output_size(size, kernel, stride, padding, dilation), 0)
            expect(student.conv_output_size(size + missing, kernel, stride, padding, dilation), 1)


@points(1, "transposed_conv_output_size")
@teaches("eq-transposed-size")
def test_secret_transposed_sizes(student, rng):
    for _ in range(20):
        size, kernel, (stride, padding, dilation) = whole(rng, 1, 9), whole(rng, 1, 5), setting(rng)
        extra = whole(rng, 0, 2)
        canvas = np.zeros(size * stride + dilation * kernel + extra)
        for pixel in range(size):
            canvas[pixel * stride + dilation * np.arange(kernel)] = 1
        last = canvas.nonzero()[0][-1]
        expect(student.transposed_conv_output_size(size, kernel, stride, padding, extra, dilation),
               len(range(padding, last + 1 + extra - padding)))  # fmt: skip
    size = whole(rng, 5, 30)
    expect(student.transposed_conv_output_size(size, 5, 3, 2, 1, 2), 3 * size + 3)
    expect(student.transposed_conv_output_size(size, 3), size + 2)


@points(1, "transposed_conv_output_size")
@teaches("eq-transposed-size", "eq-output-padding")
def test_secret_sizes_that_end_alike(student, rng):
    for _ in range(5):
        kernel, stride, dilation = whole(rng, 2, 5), whole(rng, 2, 4), whole(rng, 1, 2)
        padding, size = whole(rng, 0, 1), whole(rng, 2, 6)
        spans = {many: len(np.arange(many + 2 * padding - dilation * (kernel - 1))[::stride]) for many in range(1, 60)}
        before = [many for many, count in spans.items() if count == size]
        made = [student.transposed_conv_output_size(size, kernel, stride, padding, extra, dilation)
                for extra in range(stride)]  # fmt: skip
        expect(made, before)
    for padding in (2, 3, whole(rng, 4, 9)):
        expect(student.transposed_conv_output_size(1, 4, 3, padding), 0)


@points(1, "conv_matrix")
@teaches("eq-conv-matrix")
def test_secret_images_through_the_matrix(student, rng):
    for stride, padding, dilation in ((2, 1, 1), (1, 2, 2), setting(rng), setting(rng)):
        kernel = rng.normal(whole(rng, 1, 3), whole(rng, 2, 3))
        height, width = 5, 6 + whole(rng, 0, 1)
        image = rng.normal(height, width)
        expected = correlated(image.numpy(), kernel.numpy(), stride, padding, dilation).flatten()
        matrix = student.conv_matrix(kernel, height, width, stride, padding, dilation)
        expect(tuple(matrix.shape), (len(expected), height * width))
        expect(matrix @ image.flatten(), torch.from_numpy(expected), what="its product with an image")
    kernel = rng.normal(3, 2).float()
    matrix = student.conv_matrix(kernel, 3, 3)
    expected = torch.zeros(2, 3, 3)
    expected[0, :, :2] = expected[1, :, 1:] = kernel
    expect(matrix, expected.flatten(1))


@points(1, "conv_matrix")
@teaches("eq-conv-matrix")
def test_secret_gradients_of_the_matrix(student, rng):
    for stride, padding, dilation in ((2, 1, 1), (1, 1, 2), setting(rng)):
        kernel, height, width = rng.normal(2, 3), 4, 5
        basis = [np.eye(6)[i].reshape(2, 3) for i in range(6)]
        pixels = [np.eye(20)[i].reshape(4, 5) for i in range(20)]
        slopes = [np.stack([correlated(pixel, one, stride, padding, dilation).flatten() for pixel in pixels], 1)
                  for one in basis]  # fmt: skip
        weight = rng.normal(*slopes[0].shape)
        value, (gradient,) = student.value_and_grad(
            "conv_matrix", kernel, height, width, stride, padding, dilation, cotangent=weight
        )
        expected = sum(part * slope for part, slope in zip(kernel.flatten().tolist(), slopes, strict=True))
        expect(value, torch.from_numpy(expected))
        wanted = [(weight.numpy() * slope).sum() for slope in slopes]
        expect(gradient, torch.tensor(wanted, dtype=torch.float64).view(2, 3), what="its gradient in kernel")


@points(1, "transposed_conv2d")
@teaches("eq-paint")
def test_secret_paintings(student, rng):
    for stride, padding, extra, dilation, turn in (
        (2, 1, 1, 1, 1),
        (3, 0, 2, 1, -1),
        (1, 2, 1, 2, 1),
        (2, 1, 0, 2, -1),
    ):
        n, inputs, outputs = whole(rng, 1, 2), whole(rng, 2, 3), whole(rng, 1, 3)
        x = rng.normal(n, inputs, *(inputs + 1, inputs + whole(rng, 2, 3))[::turn])  # wide and high ones
        weight = rng.normal(inputs, outputs, whole(rng, 3, 4), whole(rng, 3, 5))
        expected = painted(x.numpy(), weight.numpy(), stride, padding, extra, dilation)
        expect(student.transposed_conv2d(x, weight, stride, padding, extra, dilation), torch.from_numpy(expected))
    level = whole(rng, 2, 5)
    x, weight = torch.full((1, 1, 1, 2), float(level)), torch.ones(1, 1, 1, 3)
    expect(student.transposed_conv2d(x, weight), level * torch.tensor([[[[1.0, 2, 2, 1]]]]))
    expect(student.transposed_conv2d(x, weight, 2), level * torch.tensor([[[[1.0, 1, 2, 1, 1]]]]))


@points(1, "transposed_conv2d")
@teaches("eq-paint", "eq-adjoint")
def test_secret_gradients_of_paintings(student, rng):
    for stride, padding, extra, dilation in ((2, 1, 1, 1), (1, 1, 0, 2), (3, 1, 2, 1)):
        x, weight = rng.normal(2, 2, 2, 3), rng.normal(2, 3, 3, 2 + whole(rng, 0, 1))
        numbers, kernels = x.numpy(), weight.numpy()
        expected = painted(numbers, kernels, stride, padding, extra, dilation)
        upstream = rng.normal(*expected.shape)
        value, (in_x, in_weight) = student.value_and_grad(
            "transposed_conv2d", x, weight, stride, padding, extra, dilation, cotangent=upstream
        )
        expect(value, torch.from_numpy(expected))
        above = upstream.numpy()
        back = [[sum(correlated(above[n, o], kernels[i, o], stride, padding, dilation)[:2, :3] for o in range(3))
                 for i in range(2)] for n in range(2)]  # fmt: skip
        expect(in_x, torch.from_numpy(np.array(back)), what="its gradient in x")
        slope = np.zeros_like(kernels)
        for where in np.ndindex(kernels.shape):  # linear in every weight: its slope is what it paints alone
            alone = np.zeros_like(kernels)
            alone[where] = 1
            slope[where] = (above * painted(numbers, alone, stride, padding, extra, dilation)).sum()
        expect(in_weight, torch.from_numpy(slope), what="its gradient in weight")


@points(1, "bilinear_kernel")
@teaches("eq-bilinear-kernel")
def test_secret_tents(student, rng):
    for factor in (1, 2 * whole(rng, 1, 5), 1 + 2 * whole(rng, 1, 5)):
        box = np.ones((factor, factor)) / factor  # a tent is two boxes, one over the other
        if factor % 2:
            tent = scipy.signal.convolve2d(box, box)
        else:  # half a pixel off: the boxes meet between pixels
            fine = np.ones(2 * factor) / (2 * factor)
            line = np.convolve(fine, fine)[::2] * 2 * factor
            tent = np.outer(line, line)
        expect(student.bilinear_kernel(factor), torch.from_numpy(tent), why="In float64.")


@points(1, "bilinear_kernel")
@teaches("eq-bilinear-kernel", "eq-phase-sums")
def test_secret_ramps_stay_ramps(student, rng):
    for factor in (2, 4, 3 + 2 * whole(rng, 0, 2)):
        slope, level = rng.normal(2, 1)[:, 0], rng.normal(1)
        rows, columns = torch.meshgrid(*[torch.arange(6, dtype=torch.float64)] * 2, indexing="ij")
        image = (level + slope[0] * rows + slope[1] * columns).numpy()
        kernel = student.bilinear_kernel(factor)
        made = painted(image[None, None], kernel.numpy()[None, None], factor, (len(kernel) - factor) // 2, 0, 1)[0, 0]
        at = (
            torch.arange(6 * factor, dtype=torch.float64) + 0.5
        ) / factor - 0.5  # an output pixel's place among inputs
        expected = level + slope[0] * at[:, None] + slope[1] * at
        inner = slice(factor, -factor)
        expect(
            torch.from_numpy(made)[inner, inner], expected[inner, inner], what="what it makes of a ramp, edges aside"
        )
