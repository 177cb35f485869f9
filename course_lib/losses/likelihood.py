"""Log-likelihoods of whole images and bounds on them, in nats per image. Chapter: vae.

Pixels are summed over, never averaged: log p of an image is what all its pixels cost together. An image occupies the
last three axes, [C, H, W]; the axes before them, such as samples and examples, are kept.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def bernoulli_log_likelihood(x: Tensor, logit: Tensor) -> Tensor:
    """log p(x) of independent coins, sum of x log p + (1 - x) log(1 - p) with p = sigmoid(logit), from logits.

    x: [..., C, H, W] in [0, 1]; where it is not 0 or 1, this is the mean over images binarised at random with these
    probabilities, not the density of a grey image.   logit: the same shape, or with further axes in front.
    Returns the axes before the last three, in (-inf, 0]. Source: Kingma and Welling (2014), appendix C.1.
    """
    per_pixel = -binary_cross_entropy_with_logits(logit, x.expand_as(logit), reduction="none")
    return per_pixel.sum((-3, -2, -1))


def gaussian_log_likelihood(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """log of the density of independent Gaussians, one a pixel, at x.

    x: [..., C, H, W], in any units.   mean: the same shape, or with further axes in front.   log_var: log variances,
    of a shape that broadcasts with mean's.
    Returns the axes before the last three; a density may exceed 1, so its logarithm may exceed 0.
    Source: Kingma and Welling (2014), appendix C.2.
    """
    per_pixel = -0.5 * (math.log(2 * math.pi) + log_var + (x - mean) ** 2 * torch.exp(-log_var))
    return per_pixel.sum((-3, -2, -1))


def kl_to_standard_normal(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mu, diag sigma^2) || N(0, I)) with sigma^2 = exp(log_var), by latent: [..., d] -> [..., d], in [0, inf).

    Sum over the last axis for the divergence; its parts say which latents are used. Unlike `divergences.gaussian_kl` it
    checks nothing, so that a GPU need not wait. Source: Kingma and Welling (2014), appendix B.
    """
    return 0.5 * (mu**2 + torch.exp(log_var) - 1 - log_var)


def standard_normal_log_ratio(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    """log p(z) - log q(z) for p = N(0, I) and q = N(mu, diag sigma^2): z [..., d] -> [...]; the constants cancel."""
    return 0.5 * ((z - mu) ** 2 * torch.exp(-log_var) + log_var - z**2).sum(-1)


def importance_weighted_bound(log_weight: Tensor) -> Tensor:
    """log of the mean of K importance weights, from their logarithms: [K, ...] -> [...].

    With weights p(x, z_k) / q(z_k | x) and z_k drawn from q(z | x) its mean is a lower bound on log p(x), the ELBO for
    K = 1, and grows with K. Source: Burda et al. (2016), equation 8 and theorem 1.
    """
    return torch.logsumexp(log_weight, 0) - math.log(len(log_weight))
