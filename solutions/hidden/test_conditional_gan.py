"""Hidden tests of conditional_gan: the same points for the same exercises as the visible ones, on secret inputs.

The oracles differ from the visible ones: loops in Python, finite differences, and counts by hand.
"""

import math

import torch

from course_lib.grading import expect, points, teaches

REACH = 1e-6  # of the central differences; their error is of the order of its square, and of 1e-16 / REACH


def row_by_row(z, y):
    rows = [z[i].tolist() + (y[i] if y.dim() == 2 else y).to(z.dtype).tolist() for i in range(len(z))]
    return torch.tensor(rows, dtype=z.dtype)


def plane_by_plane(x, y):
    channels = x.shape[1]
    made = torch.zeros(len(x), channels + y.shape[1], *x.shape[2:], dtype=x.dtype)
    for i in range(len(x)):
        for j in range(y.shape[1]):
            made[i, channels + j].fill_(y[i, j].item())
        for c in range(channels):
            made[i, c].copy_(x[i, c])
    return made


def draws(z, y, pixels):
    rows = []
    for noise, condition in zip(z.tolist(), y.tolist(), strict=True):
        pushed = sum(value * math.sin(j + 1) for j, value in enumerate(condition))
        rows.append([math.tanh(0.5 * sum(noise) + pushed * (p + 1)) for p in range(pixels)])
    return rows


def logits(images, y, scale):
    return [
        scale
        * (sum((p + 1) * value for p, value in enumerate(image)) + 1)
        * math.cos(sum((j + 1) * value for j, value in enumerate(condition)))
        for image, condition in zip(images, y.tolist(), strict=True)
    ]


def softplus(value):
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))


def mean(values):
    return math.fsum(values) / len(values)


def both_losses(x, y, z, wanted, scale):
    real = logits(x.tolist(), y, scale)
    fake = logits(draws(z, wanted, x.shape[1]), wanted, scale)
    of_d = mean([softplus(-value) for value in real]) + mean([softplus(value) for value in fake])
    return torch.tensor([of_d, mean([softplus(-value) for value in fake])], dtype=torch.float64)


def slopes(f, arguments, number, cotangent):
    """The gradient of the sum of f(*arguments) * cotangent in argument `number`, by central differences."""
    at = arguments[number]
    found = torch.zeros_like(at)
    for place in range(at.numel()):
        bump = torch.zeros_like(at)
        bump.view(-1)[place] = REACH
        up, down = (f(*arguments[:number], moved, *arguments[number + 1 :]) for moved in (at + bump, at - bump))
        found.view(-1)[place] = ((up - down) * cotangent).sum() / (2 * REACH)
    return found


def layer(y, weight, bias):
    rows = [
        [max(0.0, sum(w * v for w, v in zip(unit, row, strict=True)) + b)
         for unit, b in zip(weight.tolist(), bias.tolist(), strict=True)]
        for row in y.tolist()
    ]  # fmt: skip
    return torch.tensor(rows, dtype=torch.float64)


def distinct_labels(rng, n, classes):
    """At least two different ones."""
    label = rng.integers(0, classes, n)
    label[0], label[1] = 0, classes - 1
    return label


@points(1, "concat_condition_vector")
@teaches("eq-concat-vector")
def test_noise_first_and_the_condition_behind_it(student, rng):
    for n, d, k in ((4, 3, 5), (2, 1, 1), (7, 2, 3)):
        z, y, one = rng.normal(n, d), rng.normal(n, k), rng.normal(k)
        expect(student.concat_condition_vector(z, y), row_by_row(z, y))
        expect(student.concat_condition_vector(z, one), row_by_row(z, one))
    hot = torch.eye(6, dtype=torch.int64)[rng.integers(0, 6, 3)]
    z = rng.normal(3, 2, dtype=torch.float32)
    expect(student.concat_condition_vector(z, hot), row_by_row(z, hot))
    expect(student.concat_condition_vector(z.double(), hot[0]), row_by_row(z.double(), hot[0]))


@points(1, "concat_condition_vector")
@teaches("eq-concat-vector")
def test_a_layer_may_come_before_the_condition(student, rng):
    for n, d, k, m in ((4, 3, 2, 9), (3, 1, 4, 5)):
        z, y, weight, bias = rng.normal(n, d), rng.normal(n, k), rng.normal(m, k), rng.normal(m)
        cotangent = rng.normal(n, d + m)

        inner = layer(y, weight, bias)
        expect(student.concat_condition_vector(z, y, weight, bias), row_by_row(z, inner))
        value, grads = student.value_and_grad("concat_condition_vector", z, y, weight, bias, cotangent=cotangent)
        expect(value, row_by_row(z, inner))
        expect(grads[0], cotangent[:, :d], what="its gradient in z")
        near = layer(y, weight, bias + 1e-4) - layer(y, weight, bias - 1e-4)
        if bool(((near == 0) | ((near - 2e-4).abs() < 1e-9)).all()):  # no unit is at its kink: slopes are slopes
            for number, name in enumerate(("y", "weight", "bias")):
                oracle = slopes(layer, (y, weight, bias), number, cotangent[:, d:])
                expect(grads[number + 1], oracle, what=f"its gradient in {name}", rtol=1e-5, atol=1e-7)
        hot = torch.eye(k, dtype=torch.int64)[k - 1]
        expect(student.concat_condition_vector(z, hot, weight, bias),
               row_by_row(z, layer(hot[None].double(), weight, bias)[0]))  # fmt: skip


@points(1, "concat_condition_map")
@teaches("eq-concat-map")
def test_every_entry_of_the_condition_becomes_a_plane(student, rng):
    for shape, k in (((3, 2, 3, 6), 4), ((2, 1, 5, 2), 1), ((4, 3, 1, 3), 2), ((1, 1, 2, 1), 5)):
        x, y = rng.normal(*shape), rng.normal(shape[0], k)
        expect(student.concat_condition_map(x, y), plane_by_plane(x, y))
    x, hot = rng.normal(3, 2, 2, 4, dtype=torch.float32), torch.eye(5, dtype=torch.int64)[rng.integers(0, 5, 3)]
    expect(student.concat_condition_map(x, hot), plane_by_plane(x, hot))
    y = rng.normal(3, 2)
    expect(student.concat_condition_map(x, y), plane_by_plane(x, y))


@points(1, "concat_condition_map")
@teaches("eq-concat-map")
def test_a_plane_sends_back_the_sum_over_its_pixels(student, rng):
    for n, channels, height, width, k in ((2, 3, 3, 4, 2), (4, 1, 5, 2, 3)):
        x, y = rng.normal(n, channels, height, width), rng.normal(n, k)
        cotangent = rng.normal(n, channels + k, height, width)
        value, (in_x, in_y) = student.value_and_grad("concat_condition_map", x, y, cotangent=cotangent)
        expect(value, plane_by_plane(x, y))
        expect(in_x, cotangent[:, :channels], what="its gradient in x")
        sums = [[math.fsum(cotangent[i, channels + j].flatten().tolist()) for j in range(k)] for i in range(n)]
        expect(in_y, torch.tensor(sums, dtype=torch.float64), what="its gradient in y", rtol=1e-6, atol=1e-9)


@points(1, "one_hot_maps")
@teaches("eq-one-hot-maps")
def test_the_own_class_has_the_bright_map(student, rng):
    for n, classes, height, width in ((5, 4, 3, 2), (3, 7, 1, 6), (4, 2, 5, 1)):
        label = distinct_labels(rng, n, classes)
        pixels = [
            [[[float(k == own)] * width for _ in range(height)] for k in range(classes)] for own in label.tolist()
        ]
        expect(student.one_hot_maps(label, classes, height, width), torch.tensor(pixels))


@points(1, "one_hot_maps")
@teaches("eq-one-hot-maps")
def test_an_unknown_class_has_no_bright_map(student, rng):
    for n, classes, height, width in ((6, 5, 2, 3), (4, 3, 4, 1)):
        label = distinct_labels(rng, n, classes - 1)
        label[-1] = -1
        pixels = [
            [[[float(k == own)] * width for _ in range(height)] for k in range(classes)] for own in label.tolist()
        ]
        expect(student.one_hot_maps(label, classes, height, width), torch.tensor(pixels))


@points(1, "conditional_losses")
@teaches("eq-conditional-losses")
def test_every_image_is_judged_with_its_own_condition(student, rng):
    for n, m, pixels, k in ((4, 4, 2, 3), (3, 6, 4, 1), (5, 2, 3, 2)):
        x, y, z, wanted = rng.normal(n, pixels), rng.normal(n, k), rng.normal(m, 3), rng.normal(m, k)
        answer = student.conditional_losses(
            student.given("generator", pixels), student.given("discriminator", 0.6), x, y, z, wanted
        )
        expect(answer, both_losses(x, y, z, wanted, 0.6))
    x, y, z, wanted = rng.normal(4, 2), rng.normal(4, 2), rng.normal(3, 3), rng.normal(3, 2)
    x[0], y[0] = torch.tensor([-4e3, -4e3]), 0.0  # a logit of -1.2e8
    answer = student.conditional_losses(
        student.given("generator", 2), student.given("discriminator", 1e4), x, y, z, wanted
    )
    expect(answer, both_losses(x, y, z, wanted, 1e4), rtol=1e-6)


@points(1, "conditional_losses")
@teaches("eq-conditional-losses")
def test_only_its_own_loss_teaches_the_generator(student, rng):
    for n, m, k in ((4, 4, 2), (2, 5, 3)):
        x, y, z, wanted = rng.normal(n, 2), rng.normal(n, k), rng.normal(m, 2), rng.normal(m, k)
        networks = student.given("generator", 2), student.given("discriminator", 0.5)
        only_g, only_d = torch.tensor([0.0, 1.0]).double(), torch.tensor([1.0, 0.0]).double()
        _, of_g = student.value_and_grad("conditional_losses", *networks, x, y, z, wanted, cotangent=only_g)
        expect(of_g[2], slopes(both_losses, (x, y, z, wanted, 0.5), 2, only_g),
               what="the gradient of L_G in z", rtol=1e-5, atol=1e-8)  # fmt: skip
        _, of_d = student.value_and_grad("conditional_losses", *networks, x, y, z, wanted, cotangent=only_d)
        expect(of_d[2], torch.zeros_like(z), what="the gradient of L_D in z")
        expect(of_d[0], slopes(both_losses, (x, y, z, wanted, 0.5), 0, only_d),
               what="the gradient of L_D in x", rtol=1e-5, atol=1e-8)  # fmt: skip


@points(1, "class_accuracy")
@teaches("eq-class-accuracy")
def test_accuracy_is_counted_by_what_was_asked_for(student, rng):
    for counts in ((20, 12, 5), (3, 25, 7)):
        asked = torch.tensor([k for k, count in enumerate(counts) for _ in range(count)])
        asked = asked[torch.argsort(rng.uniform(len(asked)))]
        # Answers of which just so many are right in each class; the wrong ones are of the next class.
        right = {k: 1 + rng.integers(0, count - 1).item() for k, count in enumerate(counts)}
        answers, left = [], dict(right)
        for k in asked.tolist():
            answers.append(k if left[k] > 0 else (k + 1) % 3)
            left[k] -= 1
        probabilities = rng.simplex(len(asked), 3) / 2
        probabilities[range(len(asked)), answers] += 0.5
        overall = torch.tensor(sum(right.values()) / sum(counts)).double()
        by_class = torch.tensor([right[k] / count for k, count in enumerate(counts)]).double()
        expect(student.class_accuracy(probabilities, asked), (overall, by_class))


@points(1, "class_accuracy")
@teaches("eq-class-accuracy")
def test_a_class_never_asked_for_has_no_accuracy(student, rng):
    for dtype in (torch.float32, torch.float64):
        probabilities = rng.simplex(4, 5, dtype=dtype) / 2
        probabilities[range(4), [1, 0, 3, 3]] += 0.5
        by_class = torch.tensor([math.nan, 1 / 3, math.nan, 1.0, math.nan], dtype=dtype)
        expect(student.class_accuracy(probabilities, torch.tensor([1, 1, 3, 1])),
               (torch.tensor(0.5, dtype=dtype), by_class))  # fmt: skip
