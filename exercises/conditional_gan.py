"""Exercises of the chapter *Conditional GANs*: show networks a condition, let them play, and ask a referee.

Write the bodies from elementary operations of torch (no torch.nn.functional, no loss classes of torch.nn). Check
yourself with `course check conditional_gan`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def concat_condition_vector(z: Tensor, y: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
    """The input of a conditional generator: noise and condition in one vector, noise first.

    (z, y) as it is; or (z, max(0, W y + b)), where a fully connected layer is given.   (eq-concat-vector)

    z: [N, d], floating.   y: [N, k], one condition for each row of z; or [k], the same one for all. Of any dtype, such
    as the int64 of a one-hot vector; it counts in z's.
    weight: W [m, k] and bias: b [m], of z's dtype; both None for no layer.
    Returns [N, d + k], or [N, d + m] with the layer, of z's dtype; differentiable in every floating argument.
    """
    raise NotImplementedError


def concat_condition_map(x: Tensor, y: Tensor) -> Tensor:
    """The input of a conditional discriminator: behind the image's channels a constant map for each entry of y.

    Channel c < C of the result is channel c of x; channel C + j has the value y_j in every pixel.   (eq-concat-map)

    x: [N, C, H, W], H and W at least 1 and perhaps different.   y: [N, k], a condition for each image, of any dtype.
    Returns [N, C + k, H, W] of x's dtype, differentiable in x, and in y where y is floating.
    """
    raise NotImplementedError


def one_hot_maps(label: Tensor, classes: int, height: int, width: int) -> Tensor:
    """A constant map for each class: 1 in every pixel of the map of the example's own class, 0 in all others.

    m_{nkij} = 1 where k = label_n, else 0.   (eq-one-hot-maps)

    label: int64 [N], each from 0 to classes - 1; or -1 where the class of an example is not known: then all its maps
    are 0.
    Returns float32 [N, classes, height, width].
    """
    raise NotImplementedError


def conditional_losses(
    generator: Callable[[Tensor, Tensor], Tensor],
    discriminator: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    z: Tensor,
    wanted: Tensor,
) -> Tensor:
    """What both players of a conditional GAN minimise, in nats, from logits.

    L_D = -E log D(x, y) - E log(1 - D(G(z, y'), y')) and L_G = -E log D(G(z, y'), y'), where D = sigmoid(logit), each E
    is a mean over examples, and y' is `wanted`.   (eq-conditional-losses)

    generator: (z [M, d], condition [M, k]) -> images [M, p].   discriminator: (images [n, p], conditions [n, k]) ->
    logits [n], of any size: logits of 1e4 give exact finite losses.
    x: [N, p], real images.   y: [N, k], their conditions.   z: [M, d].   wanted: [M, k], what G is asked for. M may
    differ from N.
    Returns [2], (L_D, L_G), of x's dtype. L_D must not teach the generator: its gradient in z is 0. L_G is
    differentiable in z, through both networks.
    """
    raise NotImplementedError


def class_accuracy(probabilities: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
    """How often a classifier sees in a generated image the class that was asked for.

    The classifier's answer is its most probable class, c_n. Overall: the share of images with c_n = y_n. For class k:
    the same share among the images for which y_n = k.   (eq-class-accuracy)

    probabilities: floating [N, K], N at least 1; no row has its largest entry twice.   asked: int64 [N], the classes
    y_n that the generator was asked for; some classes may occur more often than others, or never.
    Returns (overall [], by class [K]), both of the dtype of `probabilities`; NaN for a class that was never asked for.
    """
    raise NotImplementedError


# As released: 5a6d1c0676dc
