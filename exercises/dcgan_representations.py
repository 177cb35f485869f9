"""Exercises of the chapter *What a DCGAN has learnt*: features out of D, and directions, sums and maps of G.

Write the bodies from elementary operations of torch (no pooling of torch's). Check yourself with
`course check dcgan_representations`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def pooled_features(maps: list[Tensor], grid: int) -> Tensor:
    """The discriminator's feature maps of all stages, each pooled to a small grid, as one vector for each image.

    The vector of an image is the concatenation, stage after stage, of f_i[c, r, s] = the largest value of map c of
    stage i within block (r, s), in the order of c, then r, then s.   (eq-pooled-features)

    maps: one tensor [N, C_i, H_i, W_i] for each stage, one stage or more, of any sign. H_i and W_i are multiples of
    grid, perhaps different ones; blocks are H_i / grid rows high and W_i / grid columns wide, side by side.
    grid: blocks along either side, at least 1.
    Returns [N, grid * grid * (C_1 + C_2 + ...)] of the maps' dtype.
    """
    raise NotImplementedError


def walk(stations: Tensor, steps: int, closed: bool) -> Tensor:
    """A walk in the latent space from station to station, in straight lines and equal steps.

    z[k * steps + j] = (1 - j / steps) * stations[k] + (j / steps) * stations[k + 1], for j = 0, ..., steps - 1.
    An open walk ends with the last station itself; a closed one goes on from the last station to the first, and stops
    one step before it gets there.   (eq-walk)

    stations: [K, d], two or more.   steps: from one station to the next, at least 1.
    Returns [(K - 1) * steps + 1, d] for an open walk, [K * steps, d] for a closed one; of the stations' dtype,
    differentiable. Every station is met exactly, and only once.
    """
    raise NotImplementedError


def arithmetic(a: Tensor, b: Tensor, c: Tensor, uniform: Tensor, scale: float) -> Tensor:
    """Arithmetic on latents: the concept of a, less that of b, plus that of c; and a neighbourhood of the result.

    y = mean of a - mean of b + mean of c, and y_m = y + scale * (2 u_m - 1) for every row u_m of uniform, so that the
    noise is uniform between -scale and scale.   (eq-arithmetic)

    a: [n, d], b: [m, d], c: [k, d], the latents of a few examples of each concept, one or more; n, m, k may differ.
    uniform: [M, d] in [0, 1), M may be 0.   scale: at least 0.
    Returns [1 + M, d]: y first, then y_1, ..., y_M. Of their dtype, differentiable in a, b and c.
    """
    raise NotImplementedError


def drop_feature_maps(
    below: Callable[[Tensor], Tensor], above: Callable[[Tensor], Tensor], z: Tensor, weights: Tensor
) -> Tensor:
    """Images in which the generator forgets an object: it goes without the feature maps that stand for it.

    h = below(z) are feature maps. Those whose weight in a logistic regression, which tells places on the object from
    other places, is above 0 are set to 0 at every place, whatever their activations are; the others stay as they are.
    The answer is above of the result.   (eq-drop-maps)

    below: z [N, d] -> [N, C, H, W], the generator's first layers.   above: [N, C, H, W] -> images, its last ones.
    z: [N, d].   weights: [C], of any sign; a map of weight 0 stays.
    Returns images [N, ...] as above gives them.
    """
    raise NotImplementedError


def turn_vector(left: Tensor, right: Tensor, z: Tensor, positions: Tensor) -> Tensor:
    """Turn heads: move latents along the direction from faces that look left to faces that look right.

    v = mean of right - mean of left; the answer for latent i at position t_k is z_i + t_k v.   (eq-turn)

    left: [n, d] and right: [m, d], latents of a few faces each, n and m may differ.
    z: [N, d], latents of other faces.   positions: [K], of any sign, not sorted; 0 leaves a face as it is.
    Returns [N, K, d] of their dtype, differentiable.
    """
    raise NotImplementedError


# As released: 28c20f3fa7ad
