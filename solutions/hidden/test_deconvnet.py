"""Hidden tests of deconvnet: the same points for the same exercises as the visible ones, on secret inputs.

Pooling and unpooling are checked against loops in numpy, occlusion maps against a network written out in numpy.
"""

import itertools

import numpy as np
import scipy.special
import torch

from course_lib.grading import expect, points, teaches


def pooled_by_loops(x, size, stride):
    """(pooled, switches) of a numpy array [N, C, H, W]: np.argmax takes the first of several maxima."""
    n, c, height, width = x.shape
    shape = (n, c, (height - size) // stride + 1, (width - size) // stride + 1)
    pooled, switches = np.zeros(shape, x.dtype), np.zeros(shape, np.int64)
    for place in np.ndindex(shape):
        top, left = place[2] * stride, place[3] * stride
        window = x[place[0], place[1], top : top + size, left : left + size]
        down, right = divmod(int(np.argmax(window)), size)
        pooled[place], switches[place] = window[down, right], (top + down) * width + left + right
    return torch.from_numpy(pooled), torch.from_numpy(switches)


def unpooled_by_loops(signal, switches, height, width):
    flat = np.zeros((*signal.shape[:2], height * width), signal.dtype)
    for place in np.ndindex(signal.shape):
        flat[place[0], place[1], switches[place]] += signal[place]
    return torch.from_numpy(flat.reshape(*signal.shape[:2], height, width))


def occluded_by_loops(weights, image, label, size, stride, fill):
    """The given classifier in numpy, for every place of the square."""
    _, height, width = image.shape
    rows, columns = (range(0, side - size + 1, stride) for side in (height, width))
    answer = np.zeros((len(rows), len(columns)))
    for (i, top), (j, left) in itertools.product(enumerate(rows), enumerate(columns)):
        hidden = image.copy()
        hidden[:, top : top + size, left : left + size] = fill
        padded = np.pad(hidden, ((0, 0), (1, 1), (1, 1)))
        maps = np.zeros((3, height, width)) + weights["0.bias"][:, None, None]
        for down, right in itertools.product(range(3), range(3)):
            patch = padded[:, down : down + height, right : right + width]
            maps += np.tensordot(weights["0.weight"][:, :, down, right], patch, axes=1)
        logits = weights["3.weight"] @ np.maximum(maps, 0).ravel() + weights["3.bias"]
        answer[i, j] = scipy.special.softmax(logits)[label]
    return torch.from_numpy(answer)


def weights_of(network):
    """Of the given network, as numpy arrays; to be read before the submission has had it in hand."""
    return {name: value.numpy() for name, value in network.state().items()}


@points(1, "max_pool_with_switches")
@teaches("eq-switches")
def test_secret_maps(student, rng):
    for shape, size, stride in (
        ((3, 2, 8, 5), 2, 2),
        ((1, 4, 6, 11), 3, 2),
        ((2, 1, 10, 7), 2, 3),
        ((2, 2, 4, 6), 4, 1),
    ):
        x = 3 * rng.normal(*shape) - 2
        expect(student.max_pool_with_switches(x, size, stride), pooled_by_loops(x.numpy(), size, stride))
        x = x.float()
        expect(student.max_pool_with_switches(x, size, stride), pooled_by_loops(x.numpy(), size, stride))


@points(1, "max_pool_with_switches")
@teaches("eq-switches")
def test_secret_maps_with_ties(student, rng):
    for shape, size, stride in (((4, 2, 9, 6), 2, 2), ((2, 3, 8, 12), 3, 3), ((3, 2, 7, 10), 3, 1)):
        x = rng.integers(-1, 1, *shape).double()
        expect(student.max_pool_with_switches(x, size, stride), pooled_by_loops(x.numpy(), size, stride))


@points(1, "max_unpool")
@teaches("eq-unpool")
def test_secret_switches(student, rng):
    for (height, width), size, stride in (((8, 6), 2, 2), ((7, 11), 3, 3), ((9, 8), 2, 3)):
        x = rng.normal(2, 3, height, width)
        pooled, switches = pooled_by_loops(x.numpy(), size, stride)
        signal = rng.normal(*pooled.shape)
        expected = unpooled_by_loops(signal.numpy(), switches.numpy(), height, width)
        expect(student.max_unpool(signal, switches, height, width), expected)
        expect(student.max_unpool(signal.float(), switches, height, width), expected.float())


@points(1, "max_unpool")
@teaches("eq-unpool", "eq-unpool-transpose")
def test_secret_switches_that_meet(student, rng):
    for h, w, height, width in ((5, 4, 3, 4), (3, 6, 5, 2)):  # more numbers than places: many must meet
        signal, switches = rng.normal(2, 3, h, w), rng.integers(0, height * width, 2, 3, h, w)
        weight = rng.normal(2, 3, height, width)
        value, (in_signal,) = student.value_and_grad(
            "max_unpool", signal, switches, height, width, cotangent=weight
        )  # fmt: skip
        expect(value, unpooled_by_loops(signal.numpy(), switches.numpy(), height, width))
        picked = np.take_along_axis(weight.numpy().reshape(2, 3, -1), switches.numpy().reshape(2, 3, -1), 2)
        expect(in_signal, torch.from_numpy(picked.reshape(2, 3, h, w)), what="its gradient in signal")


@points(1, "deconvnet_relu")
@teaches("eq-deconvnet-rule")
def test_secret_signals_back(student, rng):
    for shape in ((40,), (3, 4, 5), (2, 3, 4, 5)):
        x, signal = rng.normal(*shape), rng.normal(*shape)
        value, (down,) = student.value_and_grad("deconvnet_relu", x, cotangent=signal)
        expect(value, torch.from_numpy(np.maximum(x.numpy(), 0)))
        expect(down, torch.from_numpy(np.maximum(signal.numpy(), 0)), what="what it sends back")


@points(1, "deconvnet_relu")
@teaches("eq-deconvnet-rule")
def test_secret_signals_back_at_extremes(student, rng):
    x, signal = rng.normal(60, dtype=torch.float32), rng.normal(60, dtype=torch.float32)
    x[:20] = torch.where(rng.uniform(20) < 0.5, -torch.inf, 0.0)
    signal[:20] = signal[:20].abs()
    value, (down,) = student.value_and_grad("deconvnet_relu", x, cotangent=signal)
    expect(value, torch.from_numpy(np.maximum(x.numpy(), 0)))
    expect(down, torch.from_numpy(np.maximum(signal.numpy(), 0)), what="what it sends back")


@points(1, "guided_relu")
@teaches("eq-guided-rule")
def test_secret_signals_guided(student, rng):
    for shape in ((40,), (3, 4, 5), (2, 3, 4, 5)):
        x, signal = rng.normal(*shape), rng.normal(*shape)
        value, (down,) = student.value_and_grad("guided_relu", x, cotangent=signal)
        expect(value, torch.from_numpy(np.maximum(x.numpy(), 0)))
        expected = np.where((x.numpy() > 0) & (signal.numpy() > 0), signal.numpy(), 0)
        expect(down, torch.from_numpy(expected), what="what it sends back")


@points(1, "guided_relu")
@teaches("eq-guided-rule")
def test_secret_signals_guided_at_extremes(student, rng):
    x, signal = rng.normal(60, dtype=torch.float32), rng.normal(60, dtype=torch.float32)
    x[:20] = torch.where(rng.uniform(20) < 0.5, -torch.inf, torch.inf)
    x[20:30], signal[20:30] = 0.0, signal[20:30].abs()
    value, (down,) = student.value_and_grad("guided_relu", x, cotangent=signal)
    expect(value, torch.from_numpy(np.maximum(x.numpy(), 0)))
    expected = np.where((x.numpy() > 0) & (signal.numpy() > 0), signal.numpy(), np.float32(0))
    expect(down, torch.from_numpy(expected), what="what it sends back")


@points(1, "occlusion_map")
@teaches("eq-occlusion")
def test_secret_occluders(student, rng):
    for channels, height, width, size, stride in ((2, 6, 9, 2, 2), (1, 8, 5, 3, 1), (3, 7, 7, 2, 3)):
        network = student.given("network", int(rng.integers(0, 10**6, 1)), channels, height, width)
        weights, image = weights_of(network), rng.normal(channels, height, width)
        label, fill = int(rng.integers(0, 4, 1)), float(rng.normal(1))
        expected = occluded_by_loops(weights, image.numpy(), label, size, stride, fill)
        expect(student.occlusion_map(network, image, label, size, stride, fill), expected)


@points(1, "occlusion_map")
@teaches("eq-occlusion")
def test_secret_occluders_of_a_network_that_is_sure(student, rng):
    network = student.given("network", int(rng.integers(0, 10**6, 1)), 2, 6, 4, scale=300.0)
    weights, image = weights_of(network), rng.normal(2, 6, 4)
    for label, (size, stride) in itertools.product(range(4), ((2, 2), (4, 1))):
        expected = occluded_by_loops(weights, image.numpy(), label, size, stride, 0.5)
        expect(student.occlusion_map(network, image, label, size, stride, 0.5), expected)
