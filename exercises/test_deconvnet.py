"""What your answers in deconvnet.py must do. Run: course check deconvnet (or pytest exercises/test_deconvnet.py)."""

import itertools
import math

import torch
from torch.nn.functional import conv2d, max_pool2d, max_unpool2d

from course_lib.grading import expect, points, teaches

EXCLUDED = {
    "torch.nn.functional.max_pool2d": "that is the exercise: build it from elementary operations",
    "torch.nn.functional.max_pool2d_with_indices": "that is the exercise: build it from elementary operations",
    "torch.nn.functional.adaptive_max_pool2d": "that is the exercise: build it from elementary operations",
    "torch.nn.functional.fractional_max_pool2d": "that is the exercise: build it from elementary operations",
    "torch.nn.functional.max_unpool2d": "that is the exercise: build it from elementary operations",
    "torch.max_pool2d": "that is the exercise: build it from elementary operations",
    "torch.max_pool2d_with_indices": "that is the exercise: build it from elementary operations",
    "torch.nn.MaxPool2d": "that is the exercise: build it from elementary operations",
    "torch.nn.MaxUnpool2d": "that is the exercise: build it from elementary operations",
}

HINTS = {
    "max_pool_with_switches": [
        "First cut the image into windows, then look for the largest value in each: two problems, not one.",
        "x.unfold(2, size, stride).unfold(3, size, stride) has the windows in two further axes, [N, C, h, w, size, size]. "
        "Flatten those two, and max over them gives the value and its place within the window.",
        "place // size rows below the window's corner and place % size columns to its right. The corner of window (i, j) "
        "is (i * stride, j * stride); the switch counts in rows of the whole image: row * W + column.",
    ],
    "max_unpool": [
        "Begin with a map of zeros, laid out as one long row of height * width places: that is what switches count in.",
        "tensor.scatter_add adds numbers at given places, along an axis of your choice. Flatten signal and switches alike.",
        "torch.zeros(N, C, height * width, dtype=signal.dtype).scatter_add(2, flat switches, flat signal), then reshape.",
    ],
    "deconvnet_relu": [
        "Value and backward pass belong together nowhere in mathematics here: you must write both down yourself.",
        "A subclass of torch.autograd.Function has two static methods, forward(ctx, x) and backward(ctx, signal). Call it "
        "by its .apply.",
        "forward returns x.clamp(min=0), backward returns signal.clamp(min=0). Nothing needs to be remembered.",
    ],
    "guided_relu": [
        "Two conditions on the way back, and both must hold. One is about the signal, one about what came up.",
        "backward must know x: ctx.save_for_backward(x) on the way up, (x,) = ctx.saved_tensors on the way back.",
        "signal.clamp(min=0) * (x > 0).",
    ],
    "occlusion_map": [
        "One image for each place of the square, each with one square only. Where would a copy be forgotten?",
        "The places are range(0, H - size + 1, stride), and likewise with W. Clone the image for each, and fill its square "
        "in all channels.",
        "Stack the copies to a batch, ask the network once, softmax over the classes, take column `label`, reshape.",
    ],
}  # fmt: skip

SETTINGS = ((2, 2), (3, 2), (2, 3), (1, 1), (3, 1), (4, 4))  # size and stride: side by side, overlapping, with gaps


def probabilities_of(weights, images):
    """The given classifier, written out: its weights by name, images [N, C, H, W] -> probabilities [N, 4]."""
    hidden = conv2d(images, weights["0.weight"], weights["0.bias"], padding=1).clamp(min=0)
    logits = hidden.flatten(1) @ weights["3.weight"].T + weights["3.bias"]
    return torch.exp(logits - torch.logsumexp(logits, 1, keepdim=True))


def occluded_one_by_one(weights, image, label, size, stride, fill):
    """The oracle of occlusion maps: a mask for every place, one image at a time."""
    _, height, width = image.shape
    answer = []
    for top in range(0, height - size + 1, stride):
        answer.append([])
        for left in range(0, width - size + 1, stride):
            down, right = torch.arange(height)[:, None] - top, torch.arange(width) - left
            square = (down >= 0) & (down < size) & (right >= 0) & (right < size)
            answer[-1].append(probabilities_of(weights, torch.where(square, fill, image)[None])[0, label])
    return torch.stack([torch.stack(row) for row in answer])


@points(1, "max_pool_with_switches")
@teaches("eq-switches")
def test_pooling_finds_the_largest_value_and_where_it_was(student, rng):
    for size, stride in SETTINGS:
        x = rng.normal(2, 3, 7, 10)
        expect(student.max_pool_with_switches(x, size, stride), max_pool2d(x, size, stride, return_indices=True),
               why=f"Windows of {size}, stride {stride}, a map of 7 x 10: (pooled, switches).")  # fmt: skip
    below_zero = -1 - rng.uniform(1, 2, 5, 4, dtype=torch.float32)
    expect(student.max_pool_with_switches(below_zero, 2, 2), max_pool2d(below_zero, 2, 2, return_indices=True),
           why="The largest of negative values is negative: nothing is padded with zeros. Keep the dtype.")  # fmt: skip


@points(1, "max_pool_with_switches")
@teaches("eq-switches")
def test_of_equal_maxima_the_first_in_reading_order_counts(student, rng):
    for size, stride in ((2, 2), (3, 3), (3, 2)):
        x = rng.integers(0, 2, 2, 2, 9, 6).double()  # as behind a rectifier: many zeros
        pooled, switches = torch.zeros(2, 2, (9 - size) // stride + 1, (6 - size) // stride + 1).double(), {}
        for n, c, i, j in itertools.product(*map(range, pooled.shape)):
            window = itertools.product(range(i * stride, i * stride + size), range(j * stride, j * stride + size))
            best = -math.inf
            for row, column in window:  # in reading order
                if x[n, c, row, column] > best:
                    best, switches[n, c, i, j] = x[n, c, row, column].item(), row * 6 + column
            pooled[n, c, i, j] = best
        expect(student.max_pool_with_switches(x, size, stride),
               (pooled, torch.tensor(list(switches.values())).view(pooled.shape)),
               why="Equal maxima: the upper row first, then the left column.")  # fmt: skip


@points(1, "max_unpool")
@teaches("eq-unpool")
def test_unpooling_puts_each_number_where_its_maximum_was(student, rng):
    x, signal = rng.normal(2, 3, 7, 10), rng.normal(2, 3, 3, 5)
    _, switches = max_pool2d(x, 2, return_indices=True)
    expected = max_unpool2d(signal, switches, 2, output_size=(7, 10))
    expect(student.max_unpool(signal, switches, 7, 10), expected, why="Row 6 belongs to no window and stays zero.")
    expect(student.max_unpool(signal.float(), switches, 7, 10), expected.float(), why="Keep the dtype.")
    _, switches = max_pool2d(rng.normal(1, 2, 8, 9), 2, 3, return_indices=True)
    signal = rng.normal(1, 2, 3, 3)
    expect(student.max_unpool(signal, switches, 8, 9), max_unpool2d(signal, switches, 2, 3, output_size=(8, 9)),
           why="Windows of 2 with stride 3 leave gaps.")  # fmt: skip


@points(1, "max_unpool")
@teaches("eq-unpool", "eq-unpool-transpose")
def test_unpooling_is_the_transpose_of_pooling(student, rng):
    x, signal = rng.normal(2, 2, 9, 6).requires_grad_(), rng.normal(2, 2, 7, 4)
    pooled, switches = max_pool2d(x, 3, 1, return_indices=True)  # overlapping: places are shared
    (expected,) = torch.autograd.grad(pooled, x, signal)
    weight = rng.normal(2, 2, 9, 6)
    value, (in_signal,) = student.value_and_grad("max_unpool", signal, switches, 9, 6, cotangent=weight)
    expect(value, expected, why="Where overlapping windows share a maximum, what meets there adds up.")
    expect(in_signal, weight.flatten(2).gather(2, switches.flatten(2)).view(2, 2, 7, 4), what="its gradient in signal",
           why="Every number of signal sits in one place, whose gradient it gets.")  # fmt: skip


@points(1, "deconvnet_relu")
@teaches("eq-deconvnet-rule")
def test_deconvnet_rectifies_what_comes_down_whatever_went_up(student, rng):
    x, signal = rng.normal(6, 5), rng.normal(6, 5)
    x[0], signal[:, 0] = torch.tensor([-2.0, 0.0, 3.0, -1.0, 0.5]), torch.tensor([1.0, -1.0, 2.0, -2.0, 3.0, 0.5])
    value, (down,) = student.value_and_grad("deconvnet_relu", x, cotangent=signal)
    expect(value, torch.maximum(x, torch.zeros(())), why="On the way up it is an ordinary rectifier.")
    expect(down, torch.maximum(signal, torch.zeros(())), what="what it sends back",
           why="On the way back the signal is rectified, and x has no say.")  # fmt: skip


@points(1, "deconvnet_relu")
@teaches("eq-deconvnet-rule")
def test_deconvnet_relu_of_any_shape_and_size(student, rng):
    x = torch.tensor([-math.inf, -1e300, -1e-300, 0.0, 1e-300, 1e300, math.inf], dtype=torch.float64)
    signal = torch.tensor([1.0, -2.0, 3.0, 4.0, -5.0, 6.0, -7.0], dtype=torch.float64)
    value, (down,) = student.value_and_grad("deconvnet_relu", x, cotangent=signal)
    expect(value, torch.tensor([0, 0, 0, 0, 1e-300, 1e300, math.inf], dtype=torch.float64), atol=0.0)
    expect(down, torch.tensor([1.0, 0, 3, 4, 0, 6, 0], dtype=torch.float64), what="what it sends back")
    x, signal = rng.normal(2, 3, 4, 5, dtype=torch.float32), rng.normal(2, 3, 4, 5, dtype=torch.float32)
    value, (down,) = student.value_and_grad("deconvnet_relu", x, cotangent=signal)
    expect(value, (x + x.abs()) / 2, why="Any shape; float32 stays float32.")
    expect(down, (signal + signal.abs()) / 2, what="what it sends back")


@points(1, "guided_relu")
@teaches("eq-guided-rule")
def test_guided_lets_pass_what_is_positive_both_ways(student, rng):
    x, signal = rng.normal(6, 5), rng.normal(6, 5)
    x[0], signal[:, 0] = torch.tensor([-2.0, 0.0, 3.0, -1.0, 0.5]), torch.tensor([1.0, -1.0, 2.0, -2.0, 3.0, 0.5])
    value, (down,) = student.value_and_grad("guided_relu", x, cotangent=signal)
    expect(value, torch.maximum(x, torch.zeros(())), why="On the way up it is an ordinary rectifier.")
    expect(down, torch.where((x > 0) & (signal > 0), signal, 0.0), what="what it sends back",
           why="Both must be positive: what went up, and what comes down.")  # fmt: skip


@points(1, "guided_relu")
@teaches("eq-guided-rule")
def test_guided_relu_at_zero_and_at_extremes(student, rng):
    x = torch.tensor([-math.inf, -1e300, -1e-300, 0.0, 0.0, 1e-300, 1e300, math.inf], dtype=torch.float64)
    signal = torch.tensor([1.0, 2.0, 3.0, 4.0, -5.0, 6.0, -7.0, 8.0], dtype=torch.float64)
    value, (down,) = student.value_and_grad("guided_relu", x, cotangent=signal)
    expect(value, torch.tensor([0, 0, 0, 0, 0, 1e-300, 1e300, math.inf], dtype=torch.float64), atol=0.0)
    expect(down, torch.tensor([0.0, 0, 0, 0, 0, 6, 0, 8], dtype=torch.float64), what="what it sends back",
           why="At x = 0 exactly nothing passes.")  # fmt: skip
    x, signal = rng.normal(2, 3, 4, 5, dtype=torch.float32), rng.normal(2, 3, 4, 5, dtype=torch.float32)
    value, (down,) = student.value_and_grad("guided_relu", x, cotangent=signal)
    expect(value, (x + x.abs()) / 2, why="Any shape; float32 stays float32.")
    expect(down, torch.relu(signal) * x.sign().clamp(min=0), what="what it sends back")


@points(1, "occlusion_map")
@teaches("eq-occlusion")
def test_occlusion_asks_the_network_once_for_every_place(student, rng):
    network = student.given("network", 1, 2, 7, 9)
    weights, image = network.state(), rng.normal(2, 7, 9)
    for label, size, stride, fill in ((0, 2, 2, 0.5), (3, 3, 1, -1.0), (1, 1, 3, 0.0)):
        expected = occluded_one_by_one(weights, image, label, size, stride, fill)
        expect(student.occlusion_map(network, image, label, size, stride, fill), expected,
               why=f"Class {label}, squares of {size} with value {fill:g} in both channels, stride {stride}.")  # fmt: skip


@points(1, "occlusion_map")
@teaches("eq-occlusion")
def test_occlusion_of_everything_and_of_a_network_that_is_sure(student, rng):
    network = student.given("network", 2, 3, 5, 5)
    weights, image = network.state(), rng.normal(3, 5, 5)
    expect(student.occlusion_map(network, image, 2, 5, 1, 0.25),
           occluded_one_by_one(weights, image, 2, 5, 1, 0.25), why="One place: everything is hidden.")  # fmt: skip
    sure = student.given("network", 3, 1, 4, 6, scale=300.0)
    weights, image = sure.state(), rng.normal(1, 4, 6)
    for label in range(4):
        expect(student.occlusion_map(sure, image, label, 2, 2, 1.0),
               occluded_one_by_one(weights, image, label, 2, 2, 1.0),
               why="Logits of thousands: their exponentials alone are no numbers.")  # fmt: skip
