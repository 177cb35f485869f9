"""What your answers in conditional_gan.py must do. Run: course check conditional_gan, or pytest on this file."""

import math
import statistics

import numpy as np
import scipy.special
import torch

from course_lib.grading import expect, points, teaches

EXCLUDED = {
    "torch.nn.functional": "build it from elementary operations",
    "torch.nn.BCELoss": "build it from elementary operations",
    "torch.nn.BCEWithLogitsLoss": "build it from elementary operations",
}

HINTS = {
    "concat_condition_vector": [
        "Bring y to its final form first: dtype, then the layer if there is one, then one row for each row of z.",
        "W is [m, k], one row for each unit, and the rows of y are examples: y @ W.T has the right shape.",
        "expand gives a single condition as many rows as z has, and leaves [N, k] alone. torch.cat along axis 1 joins.",
    ],
    "concat_condition_map": [
        "Each number of y has to become a whole plane of H x W pixels. What is its shape before, and after?",
        "y[:, :, None, None] is [N, k, 1, 1]: multiply it by ones, expand it or repeat it; then torch.cat.",
        "Channels are axis 1, and H need not be W: take both sizes from x.",
    ],
    "one_hot_maps": [
        "Compare the label of each example with each class: N x classes answers, yes or no.",
        "label[:, None] == torch.arange(classes) broadcasts. A label of -1 equals none of them.",
        "Two more axes, [:, :, None, None], repeated to height and width; then float().",
    ],
    "conditional_losses": [
        "Three pairs are judged, two of them alike. Which condition belongs to which image?",
        "A generated image is judged with the condition that it was drawn for. In L_D it is a constant: detach it.",
        "log sigmoid(l) = -log(1 + e^-l), and torch.logaddexp(a, b) is log(e^a + e^b) without overflow: take a = 0.",
    ],
    "class_accuracy": [
        "Which images came out right is a vector of yes and no. The overall share is its mean.",
        "For class k: the same vector, but only the images that were asked to be k; divide by how many these are.",
        "A sum of nothing, divided by a count of 0, is 0 / 0: NaN, as it should be. Count by what was asked.",
    ],
}  # fmt: skip


def joined(z, y):
    """numpy, row by row."""
    y = np.broadcast_to(y.numpy().astype(z.numpy().dtype), (len(z), y.shape[-1]))
    return torch.from_numpy(np.hstack([z.numpy(), y]))


def with_planes(x, y):
    """numpy, pixel by pixel."""
    n, channels, height, width = x.shape
    made = np.empty((n, channels + y.shape[1], height, width), dtype=x.numpy().dtype)
    for i, c, row, column in np.ndindex(made.shape):
        made[i, c, row, column] = x[i, c, row, column] if c < channels else y[i, c - channels]
    return torch.from_numpy(made)


def drawn(z, y, pixels):
    """The given generator, in numpy."""
    inner = 0.5 * z.sum(1, keepdims=True) + (y @ np.sin(np.arange(1, y.shape[1] + 1)))[:, None] * np.arange(
        1, pixels + 1
    )
    return np.tanh(inner)


def judged(x, y, scale):
    """The given discriminator, in numpy."""
    return scale * (x @ np.arange(1, x.shape[1] + 1) + 1) * np.cos(y @ np.arange(1, y.shape[1] + 1))


def losses(x, y, z, wanted, scale):
    """(L_D, L_G) by scipy."""
    x, y, z, wanted = (part.numpy() for part in (x, y, z, wanted))
    real, fake = judged(x, y, scale), judged(drawn(z, wanted, x.shape[1]), wanted, scale)
    log = scipy.special.log_expit
    return torch.tensor([-log(real).mean() - log(-fake).mean(), -log(fake).mean()])


def slopes(f, z, reach=1e-6):
    """The gradient of f in z, by central differences."""
    found = torch.zeros_like(z)
    for i in np.ndindex(*z.shape):
        bump = torch.zeros_like(z)
        bump[i] = reach
        found[i] = (f(z + bump) - f(z - bump)) / (2 * reach)
    return found


@points(1, "concat_condition_vector")
@teaches("eq-concat-vector")
def test_noise_first_and_the_condition_behind_it(student, rng):
    z, y = rng.normal(5, 3), rng.normal(5, 2)
    expect(student.concat_condition_vector(z, y), joined(z, y), why="Along axis 1, the noise first.")
    one = rng.normal(4)
    expect(student.concat_condition_vector(z, one), joined(z, one), why="One condition [k] is meant for every row.")
    hot = torch.eye(4, dtype=torch.int64)[torch.tensor([2, 0, 3, 3, 1])]
    expect(student.concat_condition_vector(z.float(), hot), joined(z.float(), hot),
           why="A one-hot vector may be of whole numbers; the result has z's dtype, here float32.")  # fmt: skip


@points(1, "concat_condition_vector")
@teaches("eq-concat-vector")
def test_a_layer_may_come_before_the_condition(student, rng):
    z, y, weight, bias = rng.normal(6, 3), rng.normal(6, 2), rng.normal(5, 2), rng.normal(5)
    cotangent = rng.normal(6, 8)
    inner = np.einsum("nk,mk->nm", y.numpy(), weight.numpy()) + bias.numpy()
    expected = joined(z, torch.from_numpy(np.maximum(inner, 0)))
    expect(student.concat_condition_vector(z, y, weight, bias), expected, why="max(0, W y + b), behind z.")
    value, grads = student.value_and_grad("concat_condition_vector", z, y, weight, bias, cotangent=cotangent)
    expect(value, expected)
    passed = cotangent[:, 3:].numpy() * (inner > 0)
    by_hand = (cotangent[:, :3], passed @ weight.numpy(), passed.T @ y.numpy(), passed.sum(0))
    for name, grad, oracle in zip(("z", "y", "weight", "bias"), grads, by_hand, strict=True):
        expect(grad, torch.as_tensor(oracle), what=f"its gradient in {name}")
    hot = torch.tensor([0, 1])
    answer = student.concat_condition_vector(z, hot, weight, bias)
    expect(answer, joined(z, (weight[:, 1] + bias).clamp(min=0)),
           why="A one-hot vector picks a column of W, for every row of z.")  # fmt: skip


@points(1, "concat_condition_map")
@teaches("eq-concat-map")
def test_every_entry_of_the_condition_becomes_a_plane(student, rng):
    for shape, k in (((2, 1, 4, 4), 3), ((3, 3, 2, 5), 1), ((1, 2, 3, 1), 2), ((4, 1, 1, 6), 4)):
        x, y = rng.normal(*shape), rng.normal(shape[0], k)
        expect(student.concat_condition_map(x, y), with_planes(x, y),
               why=f"Images {list(shape)}, conditions of {k}: the channels first; height is not width.")  # fmt: skip
    hot = torch.eye(3, dtype=torch.int64)[torch.tensor([1, 2])]
    x = rng.normal(2, 1, 2, 3, dtype=torch.float32)
    for y in (hot, rng.normal(2, 3)):
        expect(student.concat_condition_map(x, y), with_planes(x, y), why="The result has the dtype of the image.")


@points(1, "concat_condition_map")
@teaches("eq-concat-map")
def test_a_plane_sends_back_the_sum_over_its_pixels(student, rng):
    x, y, cotangent = rng.normal(3, 2, 4, 5), rng.normal(3, 4), rng.normal(3, 6, 4, 5)
    value, (in_x, in_y) = student.value_and_grad("concat_condition_map", x, y, cotangent=cotangent)
    expect(value, with_planes(x, y))
    expect(in_x, cotangent[:, :2], what="its gradient in x")
    expect(in_y, torch.from_numpy(cotangent[:, 2:].numpy().sum((2, 3))), what="its gradient in y",
           why="All H x W pixels of a plane are the same number: their gradients add up.")  # fmt: skip


@points(1, "one_hot_maps")
@teaches("eq-one-hot-maps")
def test_the_own_class_has_the_bright_map(student):
    label = torch.tensor([2, 0, 1, 2])
    expected = torch.zeros(4, 3, 2, 5)
    for n, k in enumerate(label.tolist()):
        expected[n, k] = 1
    expect(student.one_hot_maps(label, 3, 2, 5), expected, why="One map for each class; 2 rows, 5 columns; float32.")
    expect(student.one_hot_maps(torch.tensor([0]), 1, 1, 1), torch.ones(1, 1, 1, 1))


@points(1, "one_hot_maps")
@teaches("eq-one-hot-maps")
def test_an_unknown_class_has_no_bright_map(student):
    label = torch.tensor([-1, 4, -1, 0])
    expected = torch.zeros(4, 6, 3, 2)
    expected[1, 4] = 1
    expected[3, 0] = 1
    expect(student.one_hot_maps(label, 6, 3, 2), expected,
           why="-1 stands for an unknown class: all maps 0, and not the last one 1. Class 5, which no example has, has "
           "a map all the same.")  # fmt: skip


@points(1, "conditional_losses")
@teaches("eq-conditional-losses")
def test_every_image_is_judged_with_its_own_condition(student, rng):
    for n, m in ((5, 5), (4, 7)):
        x, y, z, wanted = rng.normal(n, 3), rng.normal(n, 2), rng.normal(m, 4), rng.normal(m, 2)
        answer = student.conditional_losses(
            student.given("generator", 3), student.given("discriminator", 0.7), x, y, z, wanted
        )
        expect(answer, losses(x, y, z, wanted, 0.7),
               why="Pairs (x, y) and (G(z, y'), y'): two means, added, for D; G wants D = 1 on its own.")  # fmt: skip
    # A condition whose cosine is 1, and x_1 + 2 x_2 + 3 x_3 = +-1e4 - 1: logits of +-1e4.
    x, zero = torch.tensor([[1e4 - 1, 0, 0], [-1e4 - 1, 0, 0]], dtype=torch.float64), torch.zeros(2, 2).double()
    answer = student.conditional_losses(
        student.given("generator", 3), student.given("discriminator", 1.0), x, zero, zero, zero
    )
    expect(answer, torch.tensor([0.5e4 + math.log1p(math.e), math.log1p(math.exp(-1))]).double(),
           why="A logit of -1e4 on real data costs 1e4 nats, not infinitely many.")  # fmt: skip


@points(1, "conditional_losses")
@teaches("eq-conditional-losses")
def test_only_its_own_loss_teaches_the_generator(student, rng):
    x, y, z, wanted = rng.normal(3, 2), rng.normal(3, 3), rng.normal(4, 2), rng.normal(4, 3)
    networks = student.given("generator", 2), student.given("discriminator", 0.5)
    only_g, only_d = torch.tensor([0.0, 1.0]).double(), torch.tensor([1.0, 0.0]).double()
    value, grads = student.value_and_grad("conditional_losses", *networks, x, y, z, wanted, cotangent=only_g)
    expect(value, losses(x, y, z, wanted, 0.5))
    expect(grads[2], slopes(lambda some: losses(x, y, some, wanted, 0.5)[1], z), what="the gradient of L_G in z",
           rtol=1e-5, atol=1e-8, why="G learns through D: nothing is cut off between L_G and z.")  # fmt: skip
    _, grads = student.value_and_grad("conditional_losses", *networks, x, y, z, wanted, cotangent=only_d)
    expect(grads[2], torch.zeros_like(z), what="the gradient of L_D in z",
           why="In L_D the generated images are constants: detach them.")  # fmt: skip
    expect(grads[0], slopes(lambda some: losses(some, y, z, wanted, 0.5)[0], x), what="the gradient of L_D in x",
           rtol=1e-5, atol=1e-8)  # fmt: skip


@points(1, "class_accuracy")
@teaches("eq-class-accuracy")
def test_accuracy_is_counted_by_what_was_asked_for(student, rng):
    probabilities = rng.simplex(60, 4)
    asked = torch.tensor([0] * 30 + [1] * 15 + [2] * 10 + [3] * 5)
    pairs = [(row.index(max(row)), k) for row, k in zip(probabilities.tolist(), asked.tolist(), strict=True)]
    overall = statistics.fmean(answer == k for answer, k in pairs)
    recall = [statistics.fmean(answer == one for answer, k in pairs if k == one) for one in range(4)]
    expected = torch.tensor(overall).double(), torch.tensor(recall).double()
    expect(student.class_accuracy(probabilities, asked), expected,
           why="Overall each image counts once; by class, those that were asked to be of it.")  # fmt: skip


@points(1, "class_accuracy")
@teaches("eq-class-accuracy")
def test_a_class_never_asked_for_has_no_accuracy(student):
    probabilities = torch.tensor([[0.1, 0.2, 0.6, 0.1], [0.3, 0.4, 0.2, 0.1], [0.2, 0.1, 0.3, 0.4]])
    nan = math.nan
    expect(student.class_accuracy(probabilities, torch.tensor([2, 0, 2])),
           (torch.tensor(1 / 3), torch.tensor([0.0, nan, 0.5, nan])),
           why="Nothing can be said of classes 1 and 3: NaN, not 0, though the classifier saw both.")  # fmt: skip
    expect(student.class_accuracy(probabilities[:1].double(), torch.tensor([2])),
           (torch.tensor(1.0).double(), torch.tensor([nan, nan, 1.0, nan]).double()),
           why="Overall it is a share of images: a number even so. Keep the dtype.")  # fmt: skip
