"""Named wrong answers, and correct variants, of the exercises of `dcgan`."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.grading.mistakes import mistake, variant

EPSILON = 1e-5
WEIGHTED = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
NORMS = nn.BatchNorm1d | nn.BatchNorm2d


@torch.no_grad()
def _draw(network, weights=0.0, gains=1.0, std=0.02, kinds=WEIGHTED, norms=NORMS, modules=None, biases=0.0):
    for module in network.modules() if modules is None else modules:
        if isinstance(module, kinds):
            module.weight.normal_(weights, std)
        elif isinstance(module, norms) and module.affine:
            module.weight.normal_(gains, std)
        else:
            continue
        if module.bias is not None and biases is not None:
            module.bias.fill_(biases)


def _paint(x, weight):
    size = weight.shape[2]
    return F.conv_transpose2d(x, weight, stride=2, padding=(size - 1) // 2, output_padding=size % 2)


def _halve(x, weight):
    return F.conv2d(x, weight, stride=2, padding=(weight.shape[2] - 1) // 2)


def _standard(a, axes=(0, 2, 3), correction=0, detached=False):
    variance, mean = torch.var_mean(a, axes, correction=correction, keepdim=True)
    if detached:
        variance, mean = variance.detach(), mean.detach()
    return (a - mean) / (variance + EPSILON).sqrt()


def _norm(a, gain, shift, **options):
    return gain[:, None, None] * _standard(a, **options) + shift[:, None, None]


def _leak(a, slope):
    return torch.where(a > 0, a, slope * a)


# ---------------------------------------------------------------------------------------------------- dcgan_init


@mistake(
    "dcgan_init",
    "Your gains are drawn around 0: every normalised map is multiplied by about 0.02, and a few layers leave nothing. "
    "A gain begins at 1, give or take 0.02.",
)
def gains_around_zero(network):
    _draw(network, gains=0.0)


@mistake(
    "dcgan_init",
    "The gains stay where they were: in batch normalisation they are drawn from N(1, 0.02^2), and shifts become 0.",
)
def norms_forgotten(network):
    _draw(network, norms=())


@mistake("dcgan_init", "The transposed convolutions are forgotten: nn.ConvTranspose2d is no kind of nn.Conv2d.")
def transposed_forgotten(network):
    _draw(network, kinds=nn.Linear | nn.Conv2d)


@mistake("dcgan_init", "The linear layers are forgotten: the generator's projection is a weight like any other.")
def linear_forgotten(network):
    _draw(network, kinds=nn.Conv2d | nn.ConvTranspose2d)


@mistake("dcgan_init", "0.02 is the standard deviation. You took it for the variance: the spread is its root, 0.14.")
def variance_for_deviation(network):
    _draw(network, std=math.sqrt(0.02))


@mistake(
    "dcgan_init",
    "That is a uniform distribution on [-0.02, 0.02], whose standard deviation is 0.012. Draw normal ones.",
)
@torch.no_grad()
def uniform_draws(network):
    _draw(network)
    for module in network.modules():
        if isinstance(module, WEIGHTED):
            module.weight.uniform_(-0.02, 0.02)


@mistake("dcgan_init", "Biases and shifts begin at 0: yours stay as they were.")
def biases_kept(network):
    _draw(network, biases=None)


@mistake(
    "dcgan_init",
    "You drew whatever has a weight: layers of other kinds keep theirs. Ask for the kind, not for the attribute.",
)
@torch.no_grad()
def whatever_has_a_weight(network):
    _draw(network)
    for module in network.modules():
        if not isinstance(module, WEIGHTED | NORMS) and hasattr(module, "weight"):
            module.weight.normal_(0.0, 0.02)


@mistake(
    "dcgan_init", "Seeding before each layer gives equal layers equal weights: draw on from torch's global generator."
)
def seeded_each_time(network):
    for module in network.modules():
        torch.manual_seed(0)
        _draw(network, modules=[module])


@mistake(
    "dcgan_init",
    "Only the outermost layers were visited: network.children() does not look into nested parts; network.modules() "
    "does.",
)
def children_only(network):
    _draw(network, modules=network.children())


@variant("dcgan_init")
def applied_recursively(network):
    def draw(module):
        if isinstance(module, WEIGHTED):
            module.weight.data = 0.02 * torch.randn_like(module.weight)
        if isinstance(module, NORMS) and module.weight is not None:
            module.weight.data = 1 + 0.02 * torch.randn_like(module.weight)
        if isinstance(module, WEIGHTED | NORMS) and module.bias is not None:
            module.bias.data = torch.zeros_like(module.bias)

    network.apply(draw)


@variant("dcgan_init")
@torch.no_grad()
def by_inverse_of_the_distribution(network):
    _draw(network)
    for module in network.modules():
        if isinstance(module, WEIGHTED):
            uniform = torch.rand(module.weight.shape, dtype=torch.float64).clamp(1e-12, 1 - 1e-12)
            module.weight.copy_(0.02 * torch.special.ndtri(uniform))


# ----------------------------------------------------------------------------------------------- generator_block


@mistake(
    "generator_block",
    "Each image was normalised by itself: that is instance normalisation. A map's statistics run over the examples "
    "too.",
)
def images_apart(x, weight, gain, shift):
    a = _paint(x, weight)
    return a.tanh() if gain is None else _norm(a, gain, shift, axes=(2, 3)).relu()


@mistake(
    "generator_block",
    "Each place has statistics of its own in your answer. A feature map is one unit: its mean runs over all places "
    "too.",
)
def places_apart(x, weight, gain, shift):
    a = _paint(x, weight)
    return a.tanh() if gain is None else _norm(a, gain, shift, axes=0).relu()


@mistake(
    "generator_block",
    "That variance divides by the count less one. Batch normalisation divides by the count: correction=0.",
)
def sample_variance(x, weight, gain, shift):
    a = _paint(x, weight)
    return a.tanh() if gain is None else _norm(a, gain, shift, correction=1).relu()


@mistake(
    "generator_block",
    "You rectified first and normalised then: what leaves the block is negative half of the time. The rectifier is "
    "last.",
)
def rectified_first(x, weight, gain, shift):
    a = _paint(x, weight)
    return a.tanh() if gain is None else _norm(a.relu(), gain, shift)


@mistake(
    "generator_block",
    "The last stage ends in tanh, so that the images have the range of the data: a rectifier never goes below 0.",
)
def rectified_output(x, weight, gain, shift):
    a = _paint(x, weight)
    return a.relu() if gain is None else _norm(a, gain, shift).relu()


@mistake(
    "generator_block",
    "The last stage was normalised: without gain and shift it is tanh of the transposed convolution alone.",
)
def output_normalised(x, weight, gain, shift):
    a = _paint(x, weight)
    return _standard(a).tanh() if gain is None else _norm(a, gain, shift).relu()


@mistake(
    "generator_block",
    "Mean and variance were taken for constants on the way back: they depend on x and on weight, and carry gradient.",
)
def constant_statistics(x, weight, gain, shift):
    a = _paint(x, weight)
    return a.tanh() if gain is None else _norm(a, gain, shift, detached=True).relu()


@mistake(
    "generator_block",
    "One row and one column are missing: with stride 2 and an odd kernel the output is 2 H - 1 high unless "
    "output_padding is 1.",
)
def no_output_padding(x, weight, gain, shift):
    a = F.conv_transpose2d(x, weight, stride=2, padding=(weight.shape[2] - 1) // 2)
    return a.tanh() if gain is None else _norm(a, gain, shift).relu()


@mistake(
    "generator_block",
    "EPSILON belongs under the root, added to the variance. Added to the root it is another number.",
)
def epsilon_outside(x, weight, gain, shift):
    a = _paint(x, weight)
    if gain is None:
        return a.tanh()
    variance, mean = torch.var_mean(a, (0, 2, 3), correction=0, keepdim=True)
    return (gain[:, None, None] * (a - mean) / (variance.sqrt() + EPSILON) + shift[:, None, None]).relu()


@variant("generator_block")
def nails_and_turned_kernels(x, weight, gain, shift):
    size = weight.shape[2]
    nails = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    nails[:, :, ::2, ::2] = x
    before = size - 1 - (size - 1) // 2
    wide = F.pad(nails, (before, size - 1 - before, before, size - 1 - before))
    a = F.conv2d(wide, weight.flip(2, 3).transpose(0, 1))
    return a.tanh() if gain is None else _norm(a, gain, shift).relu()


@variant("generator_block")
def cut_from_the_whole(x, weight, gain, shift):
    cut = (weight.shape[2] - 1) // 2
    a = F.pad(F.conv_transpose2d(x, weight, stride=2), (0, 1, 0, 1))
    a = a[:, :, cut : cut + 2 * x.shape[2], cut : cut + 2 * x.shape[3]]
    if gain is None:
        return 2 * torch.sigmoid(2 * a) - 1
    flat = a.transpose(0, 1).flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    scaled = centred * (centred.square().mean(1, keepdim=True) + EPSILON).rsqrt()
    y = (gain[:, None] * scaled + shift[:, None]).unflatten(1, (len(x), *a.shape[2:])).transpose(0, 1)
    return torch.maximum(y, torch.zeros_like(y))


# ------------------------------------------------------------------------------------------- discriminator_block


@mistake(
    "discriminator_block",
    "That is an ordinary rectifier: below zero the discriminator's lets slope * v through, or no gradient comes back.",
)
def no_leak(x, weight, gain, shift, slope):
    a = _halve(x, weight)
    return (a if gain is None else _norm(a, gain, shift)).relu()


@mistake(
    "discriminator_block", "The slope here is an argument: torch's own leaky rectifier leaks 0.01 unless it is told."
)
def default_slope(x, weight, gain, shift, slope):
    a = _halve(x, weight)
    return _leak(a if gain is None else _norm(a, gain, shift), 0.01)


@mistake(
    "discriminator_block",
    "The slope is on the wrong side: values above zero pass as they are, those below are multiplied by it.",
)
def leak_above(x, weight, gain, shift, slope):
    a = _halve(x, weight)
    a = a if gain is None else _norm(a, gain, shift)
    return torch.where(a > 0, slope * a, a)


@mistake(
    "discriminator_block",
    "The larger of v and slope * v is the leaky rectifier only up to a slope of 1; beyond, it is the other one.",
)
def larger_of_both(x, weight, gain, shift, slope):
    a = _halve(x, weight)
    a = a if gain is None else _norm(a, gain, shift)
    return torch.maximum(a, slope * a)


@mistake(
    "discriminator_block",
    "The first stage was normalised: where gain is None there is only the convolution and the rectifier.",
)
def input_normalised(x, weight, gain, shift, slope):
    a = _halve(x, weight)
    return _leak(_standard(a) if gain is None else _norm(a, gain, shift), slope)


@mistake(
    "discriminator_block",
    "Normalise before the rectifier, not after it: otherwise the leak's small values are blown up again.",
)
def normalised_last(x, weight, gain, shift, slope):
    a = _leak(_halve(x, weight), slope)
    return a if gain is None else _norm(a, gain, shift)


@mistake(
    "discriminator_block",
    "Each image was normalised by itself. Batch normalisation takes a map's statistics over the whole batch.",
)
def each_image_by_itself(x, weight, gain, shift, slope):
    a = _halve(x, weight)
    return _leak(a if gain is None else _norm(a, gain, shift, axes=(2, 3)), slope)


@mistake(
    "discriminator_block",
    "Without zeros round the image the windows at its edge are lost, and the sides are not halved.",
)
def unpadded(x, weight, gain, shift, slope):
    a = F.conv2d(x, weight, stride=2)
    return _leak(a if gain is None else _norm(a, gain, shift), slope)


@mistake(
    "discriminator_block",
    "That is pooling: the guideline lets the convolution itself take steps of 2.",
)
def pooled_instead(x, weight, gain, shift, slope):
    size = weight.shape[2]
    before, after = (size - 1) // 2, size // 2
    a = F.max_pool2d(F.conv2d(F.pad(x, (before, after, before, after)), weight), 2)
    return _leak(a if gain is None else _norm(a, gain, shift), slope)


@variant("discriminator_block")
def every_other_place(x, weight, gain, shift, slope):
    size = weight.shape[2]
    before, after = (size - 1) // 2, size // 2
    a = F.conv2d(F.pad(x, (before, after, before, after)), weight)[:, :, ::2, ::2]
    if gain is not None:
        mean = a.mean((0, 2, 3))
        spread = (a.square().mean((0, 2, 3)) - mean.square() + EPSILON).sqrt()
        a = a * (gain / spread)[:, None, None] + (shift - gain * mean / spread)[:, None, None]
    return slope * a + (1 - slope) * a.clamp(min=0)


@variant("discriminator_block")
def windows_times_kernels(x, weight, gain, shift, slope):
    size = weight.shape[2]
    windows = F.unfold(x, size, padding=(size - 1) // 2, stride=2)
    a = torch.einsum("ok,nkp->nop", weight.flatten(1), windows)
    if gain is not None:
        centred = a - a.mean((0, 2), keepdim=True)
        a = gain[:, None] * centred * (centred.square().mean((0, 2), keepdim=True) + EPSILON).rsqrt() + shift[:, None]
    return (a.clamp(min=0) + slope * a.clamp(max=0)).unflatten(2, (x.shape[2] // 2, x.shape[3] // 2))


# ------------------------------------------------------------------------------------------- project_and_reshape


def _units(z, weight, gain, shift, axis=0, correction=0, detached=False):
    return gain * _standard(z @ weight, axis, correction, detached) + shift


@mistake(
    "project_and_reshape",
    "You normalised maps. In the projection each unit, map and place, has a mean and a variance of its own.",
)
def maps_normalised(z, weight, gain, shift, shape):
    a = _standard((z @ weight).unflatten(1, shape)).flatten(1)
    return (gain * a + shift).relu().unflatten(1, shape)


@mistake(
    "project_and_reshape",
    "You normalised each example over its units: that is layer normalisation. The statistics run over the examples.",
)
def examples_normalised(z, weight, gain, shift, shape):
    return _units(z, weight, gain, shift, axis=1).relu().unflatten(1, shape)


@mistake(
    "project_and_reshape",
    "The channels came last: the units are cut into C maps first, each of h rows of w. permute after a reshape to "
    "(h, w, C) takes other units together.",
)
def channels_last(z, weight, gain, shift, shape):
    maps, height, width = shape
    return _units(z, weight, gain, shift).relu().unflatten(1, (height, width, maps)).permute(0, 3, 1, 2).contiguous()


@mistake("project_and_reshape", "The rectifier is missing: this stage ends as the others do.")
def not_rectified(z, weight, gain, shift, shape):
    return _units(z, weight, gain, shift).unflatten(1, shape)


@mistake("project_and_reshape", "That variance divides by N - 1. Batch normalisation divides by N: correction=0.")
def variance_of_a_sample(z, weight, gain, shift, shape):
    return _units(z, weight, gain, shift, correction=1).relu().unflatten(1, shape)


@mistake(
    "project_and_reshape",
    "The normalisation is missing: a = z weight goes through gain and shift only when standardised.",
)
def not_normalised(z, weight, gain, shift, shape):
    return (gain * (z @ weight) + shift).relu().unflatten(1, shape)


@mistake(
    "project_and_reshape",
    "Mean and variance were taken for constants on the way back. They are made of z and weight.",
)
def statistics_detached(z, weight, gain, shift, shape):
    return _units(z, weight, gain, shift, detached=True).relu().unflatten(1, shape)


@variant("project_and_reshape")
def centred_weights(z, weight, gain, shift, shape):
    a = (z - z.mean(0)) @ weight  # the mean of a product is the product with the mean
    y = gain * a * (a.square().mean(0) + EPSILON).rsqrt() + shift
    return torch.where(y > 0, y, torch.zeros_like(y)).view(len(z), *shape)


@variant("project_and_reshape")
def by_the_covariance(z, weight, gain, shift, shape):
    centred = z - z.sum(0) / len(z)
    covariance = centred.T @ centred / len(z)
    variance = torch.einsum("lu,lk,ku->u", weight, covariance, weight)
    y = centred @ (weight * gain / (variance + EPSILON).sqrt()) + shift
    return torch.stack([row.reshape(shape) for row in y.clamp(min=0)])


# --------------------------------------------------------------------------------------------------- interpolate


def _straight(start, end, t):
    return (1 - t) * start + t * end


def _angle(start, end):
    return (start @ end / (start.norm() * end.norm())).clamp(-1, 1).acos()


def _sphere(start, end, t, angle):
    if angle == 0:
        return _straight(start, end, t)
    return (((1 - t) * angle).sin() * start + (t * angle).sin() * end) / angle.sin()


@mistake("interpolate", "The way runs backward: t = 0 is start, t = 1 is end.")
def backward(start, end, fraction, spherical):
    t = 1 - fraction[:, None]
    return _sphere(start, end, t, _angle(start, end)) if spherical else _straight(start, end, t)


@mistake(
    "interpolate",
    "Your points have length 1: both directions were normalised, and the lengths of start and end are lost.",
)
def on_the_unit_sphere(start, end, fraction, spherical):
    if not spherical:
        return _straight(start, end, fraction[:, None])
    return _sphere(start / start.norm(), end / end.norm(), fraction[:, None], _angle(start, end))


@mistake("interpolate", "The flag has no effect: the spherical way is straight as well.")
def always_straight(start, end, fraction, spherical):
    return _straight(start, end, fraction[:, None])


@mistake(
    "interpolate",
    "A straight way, pulled out to the sphere: it passes the right points, but fastest in the middle. The sines keep "
    "the speed even.",
)
def pulled_out(start, end, fraction, spherical):
    t = fraction[:, None]
    way = _straight(start, end, t)
    return way / way.norm(dim=1, keepdim=True) * _straight(start.norm(), end.norm(), t) if spherical else way


@mistake(
    "interpolate",
    "Where both point the same way your answer is no number: sin A is 0 there, or the cosine was rounded beyond 1.",
)
def no_number_on_a_ray(start, end, fraction, spherical):
    t = fraction[:, None]
    if not spherical:
        return _straight(start, end, t)
    angle = (start @ end / (start.norm() * end.norm())).acos()
    return (((1 - t) * angle).sin() * start + (t * angle).sin() * end) / angle.sin()


@mistake(
    "interpolate",
    "The square root of 1 - t and of t, or sine and cosine of a right angle, fit perpendicular vectors only: the angle "
    "between start and end must enter.",
)
def as_if_perpendicular(start, end, fraction, spherical):
    t = fraction[:, None]
    if not spherical:
        return _straight(start, end, t)
    quarter = t * math.pi / 2
    return quarter.cos() * start + quarter.sin() * end


@mistake("interpolate", "start @ end is no cosine until it is divided by both lengths.")
def cosine_not_divided(start, end, fraction, spherical):
    t = fraction[:, None]
    return _sphere(start, end, t, (start @ end).clamp(-1, 1).acos()) if spherical else _straight(start, end, t)


@variant("interpolate")
def turned_in_the_plane(start, end, fraction, spherical):
    if not spherical:
        return start + fraction[:, None] * (end - start)
    first = start / start.norm()
    across = end - (end @ first) * first
    angle = torch.atan2(across.norm(), end @ first)
    if across.norm() <= 1e-12 * end.norm():
        return start + fraction[:, None] * (end - start)
    across = across / across.norm()
    t = fraction[:, None]
    share = (t * angle).sin() / angle.sin()
    pure = start.norm() * ((t * angle).cos() * first + (t * angle).sin() * across)
    return pure + share * (end - start.norm() * (angle.cos() * first + angle.sin() * across))


@variant("interpolate")
def row_by_row(start, end, fraction, spherical):
    chord = (start / start.norm() - end / end.norm()).norm()
    angle = 2 * torch.asin((chord / 2).clamp(max=1))
    rows = []
    for t in fraction:
        if spherical and angle > 1e-7:
            rows.append((torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / torch.sin(angle))
        else:
            rows.append(start + t * (end - start))
    return torch.stack(rows)
