"""Exercises of the chapter *DCGAN*: the stages of both networks, how they begin, and the way between two latents.

Convolutions may be torch's; normalisation and the leaky rectifier are yours to write. Check yourself with
`course check dcgan`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-5  # added to every variance before its root, as in torch's layers


def dcgan_init(network: nn.Module) -> None:
    """Draw a network's weights anew, in place, as DCGAN does.

    w ~ N(0, 0.02^2) for every weight of a linear layer, a convolution and a transposed convolution;
    gain ~ N(1, 0.02^2) and shift = 0 in batch normalisation; biases = 0.   (eq-init)

    network: any module, its layers nested to any depth: nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm1d and
    nn.BatchNorm2d (whose gain is called weight and whose shift is called bias), each with or without those
    parameters, and modules of other kinds, which keep their parameters as they are.
    Every number is drawn by itself, from torch's global generator: two layers, or two calls, never share theirs. The
    parameters stay trainable; running statistics stay as they are.
    """
    raise NotImplementedError


def generator_block(x: Tensor, weight: Tensor, gain: Tensor | None, shift: Tensor | None) -> Tensor:
    """One stage of the generator, in training: twice as high, twice as wide.

    y = relu(gain * (a - mean a) / sqrt(var a + EPSILON) + shift), with a the transposed convolution of x by weight
    with stride 2 (eq-double). Mean and variance are those of each feature map over examples and places, the variance
    a mean of squares (eq-batch-norm). Where gain is None it is the last stage: y = tanh(a).   (eq-generator-block)

    x: [N, I, H, W].   weight: [I, O, k, k], with k from 2 to 9, odd or even.   gain, shift: [O], or both None.
    Returns [N, O, 2 H, 2 W] of x's dtype, differentiable in all four. The kernel's middle falls on the middle of what
    it paints: (k - 1) // 2 rows and columns are cut off at the top and left, and the size decides what is left of
    the others.
    """
    raise NotImplementedError


def discriminator_block(x: Tensor, weight: Tensor, gain: Tensor | None, shift: Tensor | None, slope: float) -> Tensor:
    """One stage of the discriminator, in training: half as high, half as wide.

    y = leaky(gain * (a - mean a) / sqrt(var a + EPSILON) + shift), with a the convolution of x by weight with stride 2
    and (k - 1) // 2 zeros round the image (eq-halve); leaky(v) = v where v > 0, and slope * v elsewhere (eq-leaky).
    Mean and variance as in `generator_block`. Where gain is None it is the first stage: y = leaky(a), without
    normalisation.   (eq-discriminator-block)

    x: [N, I, H, W], H and W even.   weight: [O, I, k, k], with k from 2 to 9, odd or even.   gain, shift: [O], or both
    None.   slope: in [0, 2]; yes, it may exceed 1.
    Returns [N, O, H / 2, W / 2] of x's dtype, differentiable in all four (v = 0 aside).
    """
    raise NotImplementedError


def project_and_reshape(z: Tensor, weight: Tensor, gain: Tensor, shift: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """The generator's first stage, in training: from a latent vector to a small grid of features.

    y = relu(gain * (a - mean a) / sqrt(var a + EPSILON) + shift), with a = z weight. Mean and variance are those of
    each of the C h w *units* over the examples, the variance a mean of squares; only then is y cut into C maps, each h
    rows of w.   (eq-project)

    z: [N, latent], N at least 2.   weight: [latent, C h w].   gain, shift: [C h w].   shape: (C, h, w).
    Returns [N, C, h, w] of z's dtype, differentiable in the four tensors. Unit (c h + i) w + j goes to map c, row i,
    column j.
    """
    raise NotImplementedError


def interpolate(start: Tensor, end: Tensor, fraction: Tensor, spherical: bool) -> Tensor:
    """Latents on the way from one to another.

    Straight: (1 - t) start + t end (eq-lerp). Spherical, with A the angle between the two directions, 0 <= A < pi:
    [sin((1 - t) A) start + sin(t A) end] / sin A   (eq-slerp); where both point the same way, which is A = 0, that
    tends to the straight formula, and so must the answer.

    start, end: [d], not zero; they never point in opposite directions.   fraction: [K], the values of t, in [0, 1], in
    any order.
    Returns [K, d] of start's dtype: row i belongs to fraction[i]. Nothing is normalised: at t = 0 it is start, at t = 1
    end, whatever their lengths.
    """
    raise NotImplementedError


# As released: f01352567978
