"""What your answers in dcgan.py must do. Run: course check dcgan (or pytest exercises/test_dcgan.py)."""

import math

import torch
from scipy.stats import chi2, norm
from torch.nn import functional as F

from course_lib.grading import expect, expect_true, points, teaches

# The classes of batch normalisation are not excluded, because dcgan_init must ask which layers are theirs.
EXCLUDED = {
    "torch.nn.functional.batch_norm": "that is the exercise: take mean and variance yourself",
    "torch.nn.functional.instance_norm": "that is the exercise: take mean and variance yourself",
    "torch.nn.functional.group_norm": "that is the exercise: take mean and variance yourself",
    "torch.nn.functional.layer_norm": "that is the exercise: take mean and variance yourself",
    "torch.batch_norm": "that is the exercise: take mean and variance yourself",
    "torch.native_batch_norm": "that is the exercise: take mean and variance yourself",
    "torch.nn.functional.leaky_relu": "that is the exercise: write the rectifier down",
    "torch.nn.LeakyReLU": "that is the exercise: write the rectifier down",
}

HINTS = {
    "dcgan_init": [
        "Three kinds of layers, two rules, and everything else left alone. What tells a batch norm's weight from a "
        "convolution's?",
        "network.modules() walks through all layers, however deep they are nested; isinstance tells the kind.",
        "nn.init.normal_(layer.weight, mean, std) draws in place without tracking gradients. A bias, and the weight of a "
        "batch norm with affine=False, may be None.",
    ],
    "generator_block": [
        "Four things in this order: paint, normalise, scale and shift, rectify. The last stage has only the first, and "
        "tanh.",
        "F.conv_transpose2d makes (H - 1) 2 - 2 padding + k + output_padding rows. Which output_padding makes that 2 H?",
        "Statistics belong to a feature map: take them over the axes (0, 2, 3), keep those axes, and divide by the count, "
        "not by the count less one.",
    ],
    "discriminator_block": [
        "The mirror image of the other block, with another rectifier; the first stage has no normalisation.",
        "With (k - 1) // 2 zeros round the image, a stride of 2 halves an even side, whatever k is.",
        "torch.where(a > 0, a, slope * a). The larger of the two is something else where slope exceeds 1.",
    ],
    "project_and_reshape": [
        "Nothing here knows of maps, rows and columns until the very last step.",
        "Each unit has its own mean and variance, its own gain and shift: all of length C h w. Over which axis are they "
        "taken?",
        "tensor.unflatten(1, shape), or view, cuts the units in exactly the order that is asked for.",
    ],
    "interpolate": [
        "One row for each fraction: fraction[:, None] against start makes [K, d].",
        "The angle comes from the cosine, start @ end over the product of both lengths. Only there do lengths matter.",
        "For vectors that point the same way the cosine may come out as 1.0000000000000002, whose arc cosine is no number, "
        "and sin A = 0 stands below the line: treat both.",
    ],
}  # fmt: skip

KERNELS = (5, 4, 3, 2)
RARE = 1e-10  # how often a correct draw fails one of the checks below, at most


def odd_ones(values, center):
    """What is wrong with draws that should be N(center, 0.02^2): "" for nothing. Their own words are rounded."""
    z = (values.double().flatten() - center) / 0.02
    n = len(z)
    squares, ordered = z.square().sum().item(), z.sort().values
    # Each bound is exact for a normal sample: of its mean, its sum of squares, and (Dvoretzky, Kiefer and Wolfowitz)
    # the largest distance of its distribution function from the normal one.
    far = max(
        (torch.arange(1, n + 1) / n - torch.special.ndtr(ordered)).max().item(),
        (torch.special.ndtr(ordered) - torch.arange(n) / n).max().item(),
    )
    fine = (
        abs(z.mean().item()) * math.sqrt(n) < norm.isf(RARE / 2)
        and chi2.isf(1 - RARE / 2, n) < squares < chi2.isf(RARE / 2, n)
        and far < math.sqrt(math.log(2 / RARE) / (2 * n))
    )
    mean, spread = values.mean().item(), values.std(correction=0).item()
    return "" if fine else f"a spread of {spread:.1g} around {mean:.1f}, no normal one of 0.02 around {center:.1f}"


def painted(x, weight):
    """The transposed convolution as what it is: the gradient of the convolution that halves an image, at x."""
    image = torch.zeros(len(x), weight.shape[1], 2 * x.shape[2], 2 * x.shape[3], dtype=x.dtype, requires_grad=True)
    answer = F.conv2d(image, weight, stride=2, padding=(weight.shape[2] - 1) // 2)
    return torch.autograd.grad(answer, image, x, create_graph=True)[0]


def halved(x, weight):
    """The convolution as a product of matrices: windows times kernels."""
    size = weight.shape[2]
    windows = F.unfold(x, size, padding=(size - 1) // 2, stride=2)
    return (weight.flatten(1) @ windows).unflatten(2, (x.shape[2] // 2, x.shape[3] // 2))


def normalised(a, gain, shift):
    return F.batch_norm(a, None, None, gain, shift, training=True)


def gradients(oracle, tensors, cotangent):
    """(value, its gradients in all tensors) of an oracle."""
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    value = oracle(*leaves)
    return value.detach(), torch.autograd.grad(value, leaves, cotangent)


@points(1, "dcgan_init")
@teaches("eq-init")
def test_every_weight_is_drawn_and_nothing_is_forgotten(student):
    network = student.given("generator", 96)
    student.dcgan_init(network)
    state = network.state()
    drawn = {
        "the projection": (state["0.0.weight"], 0.0),
        "the transposed convolution": (state["1.0.0.weight"], 0.0),
        "the output's": (state["2.0.weight"], 0.0),
        "the gains": (torch.cat([state["0.1.weight"], state["1.0.1.weight"]]), 1.0),
    }
    wrong = {name: found for name, (values, center) in drawn.items() if (found := odd_ones(values, center))}
    told = "; ".join(f"{name}: {found}" for name, found in wrong.items())
    expect_true(not wrong, f"some weights are not as they should be: {told}", actual=wrong)
    for name in ("0.1.bias", "1.0.1.bias", "2.0.bias"):
        expect(state[name], torch.zeros_like(state[name]), what=f"the bias {name}", why="Shifts and biases begin at 0.")


@points(1, "dcgan_init")
@teaches("eq-init")
def test_other_layers_are_left_alone_and_no_two_are_alike(student):
    network = student.given("discriminator", 48)
    before = network.state()
    student.dcgan_init(network)
    state, ready = network.state(), student.given("trainable", network)()
    for name in ("0.1.weight", "0.1.bias"):
        expect(state[name], before[name], what=f"the parameter {name} of a layer of another kind")
    for name in ("1.1.running_mean", "1.1.running_var", "2.1.running_mean", "2.1.running_var"):
        expect(state[name], before[name], what=f"the running statistics {name}")
    wrong = {name: found for name in ("0.0.weight", "1.0.weight", "2.0.weight") if (found := odd_ones(state[name], 0.0))}
    expect_true(not wrong, f"some convolutions are not as they should be: {wrong}", actual=wrong)
    expect(state["4.bias"], torch.zeros(1), what="the output's bias")
    for one, other in (("1.0.weight", "2.0.weight"), ("0.0.weight", "again")):
        if other == "again":
            student.dcgan_init(network)
        again = state[other] if other != "again" else network.state()[one]
        alike = torch.corrcoef(torch.stack([state[one].flatten(), again.flatten()]))[0, 1].item()
        what = f"{one} and {other}" if other != "again" else f"{one} of two calls"
        expect_true(abs(alike) * math.sqrt(again.numel()) < norm.isf(RARE / 2),
                    f"{what} have a correlation of {alike:.2f}: each number is drawn by itself",
                    actual=f"{what}: {alike:.1f}")  # fmt: skip
    expect_true(ready, "every parameter must still require a gradient afterwards", actual=ready)


@points(1, "generator_block")
@teaches("eq-double", "eq-batch-norm", "eq-generator-block")
def test_a_generator_block_doubles_normalises_and_rectifies(student, rng):
    for size in KERNELS:
        x, weight = rng.normal(3, 4, 3, 5), rng.normal(4, 2, size, size)
        gain, shift = 1 + 0.5 * rng.normal(2), 0.5 * rng.normal(2)
        expected = normalised(painted(x, weight), gain, shift).relu().detach()
        expect(student.generator_block(x, weight, gain, shift), expected,
               why=f"A kernel of {size}, 3 x 5 to 6 x 10 pixels, statistics over 3 examples and 60 places.")  # fmt: skip
    x, weight = 1e-3 * rng.normal(2, 3, 2, 2), rng.normal(3, 2, 5, 5)
    gain, shift = torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    expect(student.generator_block(x, weight, gain, shift),
           normalised(painted(x, weight), gain, shift).relu().detach(),
           why="Where the variance is as small as EPSILON, it matters where EPSILON stands.")  # fmt: skip


@points(1, "generator_block")
@teaches("eq-generator-block", "eq-batch-norm-gradient")
def test_a_generator_block_passes_its_gradients_and_ends_in_tanh(student, rng):
    x, weight = rng.normal(2, 3, 4, 3), rng.normal(3, 2, 5, 5)
    gain, shift, cotangent = 1 + 0.5 * rng.normal(2), 0.5 * rng.normal(2), rng.normal(2, 2, 8, 6)
    expected, grads = gradients(
        lambda x, weight, gain, shift: normalised(painted(x, weight), gain, shift).relu(),
        (x, weight, gain, shift), cotangent,
    )  # fmt: skip
    value, found = student.value_and_grad("generator_block", x, weight, gain, shift, cotangent=cotangent)
    expect(value, expected)
    for name, one, other in zip(("x", "weight", "gain", "shift"), found, grads, strict=True):
        expect(one, other, what=f"its gradient in {name}", why="Mean and variance depend on x and weight too.")
    for size in (5, 4):
        x, weight = 0.3 * rng.normal(2, 3, 2, 5), rng.normal(3, 3, size, size)
        expected = painted(x, weight).tanh().detach()
        expect(student.generator_block(x, weight, None, None), expected, why="The last stage: tanh, no normalisation.")
        expect(student.generator_block(x.float(), weight.float(), None, None), expected.float(), rtol=1e-3, atol=1e-4,
               why="Keep the dtype.")  # fmt: skip


@points(1, "discriminator_block")
@teaches("eq-halve", "eq-leaky", "eq-discriminator-block")
def test_a_discriminator_block_halves_normalises_and_leaks(student, rng):
    for size, slope in zip(KERNELS, (0.2, 0.0, 1.5, 0.5), strict=True):
        x, weight = rng.normal(3, 2, 6, 10), rng.normal(4, 2, size, size)
        gain, shift = 1 + 0.5 * rng.normal(4), 0.5 * rng.normal(4)
        expected = F.leaky_relu(normalised(halved(x, weight), gain, shift), slope)
        expect(student.discriminator_block(x, weight, gain, shift, slope), expected,
               why=f"A kernel of {size}, 6 x 10 to 3 x 5 pixels, a slope of {slope:g}.")  # fmt: skip
    x, weight = 1e-3 * rng.normal(2, 3, 4, 4), rng.normal(2, 3, 5, 5)
    gain, shift = torch.ones(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    expect(student.discriminator_block(x, weight, gain, shift, 0.2),
           F.leaky_relu(normalised(halved(x, weight), gain, shift), 0.2),
           why="Where the variance is as small as EPSILON, it matters where EPSILON stands.")  # fmt: skip


@points(1, "discriminator_block")
@teaches("eq-discriminator-block", "eq-batch-norm-gradient")
def test_a_discriminator_block_passes_its_gradients_and_begins_bare(student, rng):
    x, weight = rng.normal(2, 3, 6, 4), rng.normal(2, 3, 5, 5)
    gain, shift, cotangent = 1 + 0.5 * rng.normal(2), 0.5 * rng.normal(2), rng.normal(2, 2, 3, 2)
    expected, grads = gradients(
        lambda x, weight, gain, shift: F.leaky_relu(normalised(halved(x, weight), gain, shift), 0.2),
        (x, weight, gain, shift), cotangent,
    )  # fmt: skip
    value, found = student.value_and_grad("discriminator_block", x, weight, gain, shift, 0.2, cotangent=cotangent)
    expect(value, expected)
    for name, one, other in zip(("x", "weight", "gain", "shift"), found, grads, strict=True):
        expect(one, other, what=f"its gradient in {name}", why="Mean and variance depend on x and weight too.")
    for size in (5, 4):
        x, weight = rng.normal(2, 3, 4, 8), rng.normal(5, 3, size, size)
        expected = F.leaky_relu(halved(x, weight), 0.3)
        expect(student.discriminator_block(x, weight, None, None, 0.3), expected,
               why="The first stage has no normalisation, but it leaks.")  # fmt: skip
        expect(student.discriminator_block(x.float(), weight.float(), None, None, 0.3), expected.float(),
               why="Keep the dtype.", rtol=1e-3, atol=1e-4)  # fmt: skip


@points(1, "project_and_reshape")
@teaches("eq-project")
def test_projection_gives_every_unit_statistics_of_its_own(student, rng):
    for n, shape in ((5, (3, 2, 4)), (2, (2, 3, 1)), (7, (1, 2, 2))):
        units = math.prod(shape)
        z, weight = rng.normal(n, 6), rng.normal(6, units)
        gain, shift = 1 + 0.5 * rng.normal(units), 0.5 * rng.normal(units)
        expected = normalised(z @ weight, gain, shift).relu()
        expect(student.project_and_reshape(z, weight, gain, shift, shape), expected.view(n, *shape),
               why=f"{n} examples, {units} units, each with its own mean and variance; then a grid of {shape}.")  # fmt: skip


@points(1, "project_and_reshape")
@teaches("eq-project", "eq-batch-norm-gradient")
def test_projection_passes_its_gradients(student, rng):
    shape, cotangent = (2, 2, 3), rng.normal(4, 2, 2, 3)
    tensors = 2 * rng.uniform(4, 5) - 1, 0.02 * rng.normal(5, 12), 1 + 0.5 * rng.normal(12), 0.5 * rng.normal(12)
    expected, grads = gradients(
        lambda z, weight, gain, shift: normalised(z @ weight, gain, shift).relu().view(4, *shape), tensors, cotangent
    )
    value, found = student.value_and_grad("project_and_reshape", *tensors, shape, cotangent=cotangent)
    expect(value, expected, why="The variance of a unit is about 0.001 here: EPSILON counts.")
    for name, one, other in zip(("z", "weight", "gain", "shift"), found, grads, strict=True):
        expect(one, other, what=f"its gradient in {name}", why="Mean and variance depend on z and weight too.")
    single = [tensor.float() for tensor in tensors]
    expect(student.project_and_reshape(*single, shape), expected.float(), rtol=1e-3, atol=1e-4, why="Keep the dtype.")


@points(1, "interpolate")
@teaches("eq-lerp")
def test_straight_ways(student, rng):
    for d in (1, 2, 100):
        start, end, fraction = rng.normal(d), rng.normal(d), rng.uniform(6)
        fraction[2], fraction[4] = 0.0, 1.0
        expected = torch.stack([torch.lerp(start, end, t.item()) for t in fraction])
        expect(student.interpolate(start, end, fraction, False), expected, why="t = 0 is start, t = 1 is end.")
        expect(student.interpolate(start.float(), end.float(), fraction.float(), False), expected.float(),
               rtol=1e-3, atol=1e-5, why="Keep the dtype.")  # fmt: skip


@points(1, "interpolate")
@teaches("eq-slerp")
def test_ways_on_the_sphere(student, rng):
    fraction = torch.tensor([0.0, 0.25, 0.5, 1.0, 0.9], dtype=torch.float64)
    for angle, lengths in ((1.2, (1.0, 1.0)), (0.3, (0.5, 4.0)), (2.9, (3.0, 3.0)), (1.6, (10.0, 2.0))):
        first, second = torch.linalg.qr(rng.normal(8, 2))[0].T  # perpendicular, of length 1
        direction = math.cos(angle) * first + math.sin(angle) * second
        # Along the two directions (not perpendicular) the weights solve a system of sines.
        weights = torch.stack([((1 - fraction) * angle).sin(), (fraction * angle).sin()], 1) / math.sin(angle)
        expected = weights @ torch.stack([lengths[0] * first, lengths[1] * direction])
        expect(student.interpolate(lengths[0] * first, lengths[1] * direction, fraction, True), expected,
               why=f"An angle of {angle}, lengths of {lengths[0]:g} and {lengths[1]:g}.")  # fmt: skip
    for length in (1.0, 0.1, 3.0) * 10:
        start = rng.normal(7)
        expected = (1 + fraction[:, None] * (length - 1)) * start
        expect(student.interpolate(start, length * start, fraction, True), expected, rtol=1e-6, atol=1e-8,
               why="Both point the same way: the straight formula remains.")  # fmt: skip
