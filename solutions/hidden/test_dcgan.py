"""Hidden tests of dcgan: the same points for the same exercises as the visible ones, on secret inputs.

Both blocks and the projection are checked against loops in numpy, their gradients against the formula of the page, the
way on the sphere against a rotation. Draws are held to bounds that a correct one misses once in 1e8.
"""

import itertools
import math

import numpy as np
import torch
from scipy.stats import chi2, kstest, norm

from course_lib.grading import expect, expect_true, points, teaches

RARE = 1e-9  # for each check of a draw; there are about twenty


def is_drawn(values, center):
    """Whether these could be draws from N(center, 0.02^2), by mean, spread and distribution."""
    z = ((values.double().flatten() - center) / 0.02).numpy()
    low, high = chi2.ppf([RARE / 2, 1 - RARE / 2], len(z))
    return (
        abs(z.sum()) < norm.isf(RARE / 2) * math.sqrt(len(z))
        and low < np.square(z).sum() < high
        and kstest(z, "norm").pvalue > RARE
    )


def painted(x, weight):
    """Transposed convolution of stride 2: every pixel paints its multiple of the kernel, then the edges are cut."""
    (n, _, h, w), (_, outputs, k, _) = x.shape, weight.shape
    canvas = np.zeros((n, outputs, 2 * h + k, 2 * w + k))
    for i, j in itertools.product(range(h), range(w)):
        canvas[:, :, 2 * i : 2 * i + k, 2 * j : 2 * j + k] += np.tensordot(x[:, :, i, j], weight, axes=1)
    cut = (k - 1) // 2
    return canvas[:, :, cut : cut + 2 * h, cut : cut + 2 * w]


def halved(x, weight):
    """Convolution of stride 2, window by window."""
    k, (n, _, h, w) = weight.shape[2], x.shape
    before = (k - 1) // 2
    padded = np.pad(x, ((0, 0), (0, 0), (before, k), (before, k)))
    answer = np.zeros((n, len(weight), h // 2, w // 2))
    for i, j in itertools.product(range(h // 2), range(w // 2)):
        window = padded[:, :, 2 * i : 2 * i + k, 2 * j : 2 * j + k]
        answer[:, :, i, j] = np.tensordot(window, weight, axes=([1, 2, 3], [1, 2, 3]))
    return answer


def normalised(a, gain, shift):
    """Each entry of axis 1 by its own statistics, whatever the other axes are."""
    answer = np.empty_like(a)
    for c in range(a.shape[1]):
        centred = a[:, c] - a[:, c].mean()
        answer[:, c] = gain[c] * centred / np.sqrt(np.square(centred).mean() + 1e-5) + shift[c]
    return answer


def leaky(a, slope):
    return a * np.where(a > 0, 1.0, slope)


def expect_slopes(found, linear, tensors, slope, cotangent, rng):
    """Each gradient, along a direction drawn at random, against the formula of the page in numpy.

    linear: the map of x and weight before normalisation. It is linear in each, so that what a step does to its output
    is what it makes of the step.
    """
    x, weight, gain, shift = (one.numpy() for one in tensors)
    a = linear(x, weight)
    ones = np.ones(len(gain))
    standard = normalised(a, ones, 0 * ones)
    by_map = (1, -1, *[1] * (a.ndim - 2))
    signal = cotangent.numpy().reshape(a.shape) * np.where(normalised(a, gain, shift) > 0, 1.0, slope)
    axes = (0, *range(2, a.ndim))
    scaled = signal * gain.reshape(by_map)
    mean, along = scaled.mean(axes, keepdims=True), (scaled * standard).mean(axes, keepdims=True)
    root = np.sqrt(a.var(axes, keepdims=True) + 1e-5)
    into = (scaled - mean - standard * along) / root
    steps = [rng.normal(*one.shape) for one in tensors]
    for i, expected in enumerate(
        (
            (into * linear(steps[0].numpy(), weight)).sum(),
            (into * linear(x, steps[1].numpy())).sum(),
            (signal * standard * steps[2].numpy().reshape(by_map)).sum(),
            (signal * steps[3].numpy().reshape(by_map)).sum(),
        )
    ):
        name = ("its input", "weight", "gain", "shift")[i]
        expect((found[i] * steps[i]).sum(), torch.tensor(expected), what=f"its gradient in {name}",
               rtol=1e-6, atol=1e-6)  # fmt: skip


@points(1, "dcgan_init")
@teaches("eq-init")
def test_secret_generators(student, rng):
    width = int(rng.integers(80, 120, 1))
    network = student.given("generator", width)
    student.dcgan_init(network)
    state = network.state()
    for name, center in (("0.0.weight", 0.0), ("1.0.0.weight", 0.0), ("2.0.weight", 0.0), ("0.1.weight", 1.0),
                         ("1.0.1.weight", 1.0)):  # fmt: skip
        expect_true(is_drawn(state[name], center), f"{name} is not drawn from N({center:g}, 0.02^2)",
                    actual=[state[name].mean().item(), state[name].std().item()])  # fmt: skip
    for name in ("0.1.bias", "1.0.1.bias", "2.0.bias"):
        expect(state[name], torch.zeros_like(state[name]), what=name)
    for name in ("0.1.running_mean", "1.0.1.running_mean"):
        expect(state[name], torch.full_like(state[name], 0.5), what=name)


@points(1, "dcgan_init")
@teaches("eq-init")
def test_secret_discriminators(student, rng):
    width = int(rng.integers(40, 60, 1))
    network = student.given("discriminator", width)
    before = network.state()
    student.dcgan_init(network)
    state, ready = network.state(), student.given("trainable", network)()
    for name in ("0.1.weight", "0.1.bias", "1.1.running_mean", "1.1.running_var", "2.1.running_mean",
                 "2.1.running_var"):  # fmt: skip
        expect(state[name], before[name], what=name)
    for name, center in (("0.0.weight", 0.0), ("1.0.weight", 0.0), ("2.0.weight", 0.0), ("2.1.weight", 1.0),
                         ("4.weight", 0.0)):  # fmt: skip
        expect_true(is_drawn(state[name], center), f"{name} is not drawn from N({center:g}, 0.02^2)",
                    actual=[state[name].mean().item(), state[name].std().item()])  # fmt: skip
    for name in ("0.0.bias", "2.0.bias", "2.1.bias", "4.bias"):
        expect(state[name], torch.zeros_like(state[name]), what=name)
    student.dcgan_init(network)
    once_more = network.state()
    for one, other in ((state["1.0.weight"], state["2.0.weight"]), (state["4.weight"], once_more["4.weight"])):
        alike = torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1].item()
        bound = norm.isf(RARE / 2) / math.sqrt(one.numel() - 2)
        expect_true(abs(alike) < bound, f"two draws have a correlation of {alike:.2f}", actual=alike)
    expect_true(ready, "every parameter must still require a gradient afterwards", actual=ready)


@points(1, "generator_block")
@teaches("eq-double", "eq-batch-norm", "eq-generator-block")
def test_secret_doublings(student, rng):
    for size, scale in ((5, 1.0), (4, 1.0), (3, 2e-3), (7, 1.0), (2, 1.0)):
        n, h, w = (int(one) for one in rng.integers(1, 5, 3))
        x, weight = scale * rng.normal(n + 1, 3, h, w), rng.normal(3, 4, size, size)
        gain, shift = rng.normal(4), rng.normal(4)
        expected = normalised(painted(x.numpy(), weight.numpy()), gain.numpy(), shift.numpy()).clip(0)
        expect(student.generator_block(x, weight, gain, shift), torch.from_numpy(expected))


@points(1, "generator_block")
@teaches("eq-generator-block", "eq-batch-norm-gradient")
def test_secret_doublings_backward_and_last(student, rng):
    for size in (5, 4, 3):
        tensors = rng.normal(3, 2, 3, 2), rng.normal(2, 3, size, size), rng.normal(3), rng.normal(3)
        cotangent = rng.normal(3, 3, 6, 4)
        value, found = student.value_and_grad("generator_block", *tensors, cotangent=cotangent)

        x, weight, gain, shift = (one.numpy() for one in tensors)
        expect(value, torch.from_numpy(normalised(painted(x, weight), gain, shift).clip(0)))
        expect_slopes(found, painted, tensors, 0.0, cotangent, rng)
        x, weight = 0.3 * rng.normal(2, 3, 3, 4), rng.normal(3, 1, size, size)
        expected = torch.from_numpy(np.tanh(painted(x.numpy(), weight.numpy())))
        expect(student.generator_block(x, weight, None, None), expected)
        expect(student.generator_block(x.float(), weight.float(), None, None), expected.float(), rtol=1e-3, atol=1e-4)


@points(1, "discriminator_block")
@teaches("eq-halve", "eq-leaky", "eq-discriminator-block")
def test_secret_halvings(student, rng):
    for size, scale in ((5, 1.0), (4, 1.0), (3, 2e-3), (7, 1.0), (2, 1.0)):
        n, h, w = (int(one) for one in rng.integers(1, 5, 3))
        x, weight = scale * rng.normal(n + 1, 3, 2 * h, 2 * w), rng.normal(4, 3, size, size)
        gain, shift, slope = rng.normal(4), rng.normal(4), rng.uniform(1, high=2.0).item()
        expected = leaky(normalised(halved(x.numpy(), weight.numpy()), gain.numpy(), shift.numpy()), slope)
        expect(student.discriminator_block(x, weight, gain, shift, slope), torch.from_numpy(expected))


@points(1, "discriminator_block")
@teaches("eq-discriminator-block", "eq-batch-norm-gradient")
def test_secret_halvings_backward_and_first(student, rng):
    for size in (5, 4, 3):
        slope = rng.uniform(1, high=2.0).item()
        tensors = rng.normal(3, 2, 4, 6), rng.normal(3, 2, size, size), rng.normal(3), rng.normal(3)
        cotangent = rng.normal(3, 3, 2, 3)
        value, found = student.value_and_grad("discriminator_block", *tensors, slope, cotangent=cotangent)

        x, weight, gain, shift = (one.numpy() for one in tensors)
        expect(value, torch.from_numpy(leaky(normalised(halved(x, weight), gain, shift), slope)))
        expect_slopes(found, halved, tensors, slope, cotangent, rng)
        x, weight = rng.normal(2, 3, 4, 8), rng.normal(5, 3, size, size)
        expected = torch.from_numpy(leaky(halved(x.numpy(), weight.numpy()), slope))
        expect(student.discriminator_block(x, weight, None, None, slope), expected)
        expect(student.discriminator_block(x.float(), weight.float(), None, None, slope), expected.float(),
               rtol=1e-3, atol=1e-3)  # fmt: skip


def projected(z, weight, gain, shift, shape):
    flat = normalised(z @ weight, gain, shift).clip(0)
    answer = np.empty((len(z), *shape))
    for c, i, j in np.ndindex(*shape):
        answer[:, c, i, j] = flat[:, (c * shape[1] + i) * shape[2] + j]
    return answer


@points(1, "project_and_reshape")
@teaches("eq-project")
def test_secret_projections(student, rng):
    for scale in (1.0, 1.0, 2e-3):
        shape = tuple(int(one) for one in rng.integers(1, 5, 3))
        n, units = int(rng.integers(2, 9, 1)), math.prod(shape)
        z, weight, gain, shift = scale * rng.normal(n, 5), rng.normal(5, units), rng.normal(units), rng.normal(units)
        expected = projected(z.numpy(), weight.numpy(), gain.numpy(), shift.numpy(), shape)
        expect(student.project_and_reshape(z, weight, gain, shift, shape), torch.from_numpy(expected))
    shape = (3, 2, 4)
    tensors = rng.normal(6, 5), rng.normal(5, 24), rng.normal(24), rng.normal(24)
    expected = projected(*[one.numpy() for one in tensors], shape)
    expect(student.project_and_reshape(*tensors, shape), torch.from_numpy(expected))


@points(1, "project_and_reshape")
@teaches("eq-project", "eq-batch-norm-gradient")
def test_secret_projections_backward(student, rng):
    for shape in ((2, 3, 2), (4, 1, 2)):
        units, n = math.prod(shape), int(rng.integers(3, 7, 1))
        tensors = rng.normal(n, 4), 0.05 * rng.normal(4, units), rng.normal(units), rng.normal(units)
        cotangent = rng.normal(n, *shape)
        value, found = student.value_and_grad("project_and_reshape", *tensors, shape, cotangent=cotangent)
        expected = projected(*[one.numpy() for one in tensors], shape)
        expect(value, torch.from_numpy(expected))
        single = [tensor.float() for tensor in tensors]
        expect(student.project_and_reshape(*single, shape), torch.from_numpy(expected).float(), rtol=1e-2, atol=1e-3)
        expect_slopes(found, np.matmul, tensors, 0.0, cotangent, rng)


@points(1, "interpolate")
@teaches("eq-lerp")
def test_secret_straight_ways(student, rng):
    for d in (1, 3, 64):
        start, end, fraction = rng.normal(d), rng.normal(d), rng.uniform(int(rng.integers(1, 9, 1)))
        a, b, t = start.numpy(), end.numpy(), fraction.numpy()
        expected = torch.from_numpy(np.outer(1 - t, a) + np.outer(t, b))
        expect(student.interpolate(start, end, fraction, False), expected)
        expect(student.interpolate(start.float(), end.float(), fraction.float(), False), expected.float(),
               rtol=1e-3, atol=1e-5)  # fmt: skip


@points(1, "interpolate")
@teaches("eq-slerp")
def test_secret_ways_on_the_sphere(student, rng):
    for d in (2, 3, 64):
        angle, radius = 0.2 + 2.7 * rng.uniform(1).item(), 0.5 + 5 * rng.uniform(1).item()
        first, second = torch.linalg.qr(rng.normal(d, 2))[0].T
        fraction = rng.uniform(5)
        # On a circle: turn by t times the angle.
        turn = fraction[:, None] * angle
        expected = radius * (turn.cos() * first + turn.sin() * second)
        end = radius * (math.cos(angle) * first + math.sin(angle) * second)
        expect(student.interpolate(radius * first, end, fraction, True), expected, rtol=1e-6, atol=1e-8)
        # Lengths carry over linearly: a longer end makes its own part longer and leaves the other.
        part = (turn.sin() / math.sin(angle)) * end
        expect(student.interpolate(radius * first, 3 * end, fraction, True), expected + 2 * part, rtol=1e-6, atol=1e-8)
    for _ in range(20):
        start, factor, fraction = rng.normal(9), 0.1 + rng.uniform(1).item(), rng.uniform(3)
        expected = torch.outer(1 + fraction * (factor - 1), start)
        expect(student.interpolate(start, factor * start, fraction, True), expected, rtol=1e-6, atol=1e-8)
        expect(student.interpolate(start, start, fraction, True), start.expand(3, 9), rtol=1e-6, atol=1e-8)
