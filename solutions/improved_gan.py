"""Exercises of the chapter *Improved techniques for training GANs*: six remedies, each a few lines.

Write the bodies from elementary operations of torch, for which the contracts have everything. Check yourself with
`course check improved_gan`.
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def feature_matching_loss(real: Tensor, fake: Tensor) -> Tensor:
    """What the generator minimises: how far apart the mean features of data and of its images are.

    || 1/N sum_n real[n] - 1/M sum_m fake[m] ||_2^2, the sum of squares over the A features.   (eq-feature-matching)

    real: features f(x) [N, A] of N images of the data.   fake: f(G(z)) [M, A]; M need not be N.
    Returns [] in [0, inf), of their dtype, differentiable in both.
    """
    # BEGIN SOLUTION
    gap = fake.mean(dim=0) - real.mean(dim=0)
    return (gap * gap).sum()
    # END SOLUTION


def minibatch_discrimination(features: Tensor, tensor: Tensor) -> Tensor:
    """The features of each example, followed by how near it is to the others of its batch.

    M_i = f_i T is a matrix [B, C];  c_b(i, j) = exp(-sum_c |M_i[b, c] - M_j[b, c]|);  o_b(i) = sum over the j other
    than i of c_b(i, j).   (eq-minibatch)

    features: f [N, A], N at least 1.   tensor: T [A, B, C].
    Returns [N, A + B]: f_i, then o(i), which is 0 in a batch of one. Of their dtype, differentiable in both.
    """
    # BEGIN SOLUTION
    projected = (features @ tensor.flatten(1)).unflatten(1, tensor.shape[1:])
    closeness = (projected.unsqueeze(1) - projected).abs().sum(3).neg().exp()
    return torch.cat([features, closeness.sum(1) - 1], dim=1)
    # END SOLUTION


def historical_average_penalty(theta: Tensor, average: Tensor, t: int) -> Tensor:
    """The penalty that pulls a player's weights to the mean of all values that they have had so far.

    || theta[t] - 1/t (theta[1] + ... + theta[t]) ||_2^2, the mean held fixed: it is history, and the gradient in theta
    is that of a pull towards a point that does not move.   (eq-historical)

    theta: theta[t] [P], the weights as they are.   average: the mean of theta[1], ..., theta[t - 1], [P].
    t: how many values there are, this one included, at least 1; where it is 1, `average` may be any
    finite numbers, and the mean is theta itself.
    Returns [] in [0, inf), of theta's dtype; its gradient in `average` is zero.
    """
    # BEGIN SOLUTION
    mean = average + (theta - average) / t
    return (theta - mean.detach()).square().sum()
    # END SOLUTION


def smoothed_labels(real_logit: Tensor, fake_logit: Tensor, alpha: float, beta: float) -> Tensor:
    """The discriminator's loss with target alpha for data and beta for generated images.

    -E_x [alpha log D(x) + (1 - alpha) log(1 - D(x))] - E_z [beta log D(G(z)) + (1 - beta) log(1 - D(G(z)))], where
    D = sigmoid(logit).   (eq-smoothed)

    real_logit: [N].   fake_logit: [M].   alpha, beta: in [0, 1].
    Returns [] in [0, inf), of their dtype, differentiable in both; exact where logits are as large as 1e4.
    """
    # BEGIN SOLUTION
    for_real = alpha * logsigmoid(real_logit) + (1 - alpha) * logsigmoid(-real_logit)
    for_fake = beta * logsigmoid(fake_logit) + (1 - beta) * logsigmoid(-fake_logit)
    return -for_real.mean() - for_fake.mean()
    # END SOLUTION


def virtual_batch_norm(x: Tensor, reference: Tensor, eps: float = 1e-5) -> Tensor:
    """Normalise each example by the mean and variance of the reference batch together with that example.

    For each example i and feature c, over the R + 1 numbers x[i, c], reference[1, c], ..., reference[R, c]: mean m and
    variance v (divided by R + 1), and the result is (x[i, c] - m) / sqrt(v + eps).   (eq-virtual)

    x: [N, C].   reference: [R, C], R at least 1, the features of the reference batch at this layer.
    Returns [N, C] of x's dtype, differentiable in both. No example depends on another of x.
    """
    # BEGIN SOLUTION
    together = torch.cat([x[None], reference[:, None].expand(-1, len(x), -1)])  # [R + 1, N, C]
    mean = together.mean(0)
    variance = (together - mean).square().mean(0)
    return (x - mean) / torch.sqrt(variance + eps)
    # END SOLUTION


def semi_supervised_loss(labelled: Tensor, label: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """The loss of a classifier that is the discriminator as well: L_supervised + L_unsupervised.

    The logits l_1, ..., l_K of the real classes are given, and the logit of the class "generated" is 0. With
    Z = sum_k exp(l_k):  L_supervised = -E log(exp(l_y) / Z)  and  L_unsupervised = -E_x log D(x) - E_z log(1 - D(G(z)))
    with D = Z / (Z + 1).   (eq-semi-supervised)

    labelled: logits [L, K] of labelled images.   label: int64 [L], 0 to K - 1.
    real, fake: logits [N, K] of unlabelled and [M, K] of generated images. K may be 1.
    Returns [] in [0, inf), of the logits' dtype, differentiable in all three; exact where logits are as large as 1e4.
    """
    # BEGIN SOLUTION
    supervised = labelled.logsumexp(1).mean() - labelled.gather(1, label[:, None]).mean()
    unsupervised = -logsigmoid(real.logsumexp(1)).mean() - logsigmoid(-fake.logsumexp(1)).mean()
    return supervised + unsupervised
    # END SOLUTION
