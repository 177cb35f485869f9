"""Exercises of the chapter *Variational autoencoders*: a bound on log p(x) that gradients can pass through.

Write the bodies from elementary operations of torch (no torch.distributions, no torch.nn.functional, no loss classes).
The last two may use the first three. Check yourself with `course check vae`.
"""

import math

import torch
from torch import Tensor, nn


def reparameterize(mu: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """A sample of N(mu, sigma^2 I) as a function of its parameters: what makes the encoder trainable.

    z = mu + sigma * noise, with sigma = exp(log_var / 2) and noise ~ N(0, I).   (eq-reparameterize)

    mu, log_var: [N, d], means and log variances.   noise: [N, d], or [L, N, d] for L samples of each z.
    Returns noise's shape, of its dtype, differentiable in mu and in log_var. Log variances of 1,000 and of -1,000 are
    legal in float64: sigma neither overflows nor vanishes there.
    """
    # BEGIN SOLUTION
    return mu + torch.exp(log_var / 2) * noise
    # END SOLUTION


def gaussian_kl_to_standard(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mu, diag sigma^2) || N(0, I)) in closed form, in nats: what the code z tells of the image, at most.

    KL = 1/2 sum_j (mu_j^2 + sigma_j^2 - 1 - log sigma_j^2), with log sigma_j^2 = log_var_j.   (eq-kl-standard)

    mu, log_var: [..., d].
    Returns [...], in [0, inf) up to rounding, of their dtype, differentiable in both. Log variances far below those
    that exp can represent (-1e4) give exact finite values and gradients.
    """
    # BEGIN SOLUTION
    return (mu**2 + log_var.exp() - 1 - log_var).sum(-1) / 2
    # END SOLUTION


def bernoulli_log_likelihood(x: Tensor, logit: Tensor) -> Tensor:
    """log p(x | z) of an image whose pixels are independent coins, in nats per image, from the coins' logits.

    log p(x | z) = sum over pixels of x log p + (1 - x) log(1 - p), with p = sigmoid(logit).   (eq-bernoulli-likelihood)

    x: [..., C, H, W], in [0, 1] (0 or 1 for binary images).   logit: the same, or with further axes in front.
    Returns the axes before the last three, in (-inf, 0], of logit's dtype, differentiable in logit. Logits of size 1e4
    give exact finite values and gradients, and so does a logit of 0.
    """
    # BEGIN SOLUTION
    # x log p + (1 - x) log(1 - p) = x l - log(1 + e^l): logaddexp(0, l) never forms e^l alone.
    per_pixel = x * logit - torch.logaddexp(torch.zeros_like(logit), logit)
    return per_pixel.sum((-3, -2, -1))
    # END SOLUTION


def elbo(decoder: nn.Module, x: Tensor, mu: Tensor, log_var: Tensor, noise: Tensor, beta: float = 1.0) -> Tensor:
    """The evidence lower bound of each image, in nats, its expectation estimated by L samples of z.

    mean_l log p(x | z_l) - beta KL(q(z | x) || p(z)), with z_l = mu + sigma * noise_l.   (eq-elbo-estimate)

    decoder: z [..., d] -> the logits [..., C, H, W] of p(x | z).   x: [N, C, H, W] in [0, 1].
    mu, log_var: [N, d], the encoder's answer for these images.   noise: [L, N, d].
    Returns [N] (a mean over samples, none over images), differentiable in mu and log_var, through z as well.
    """
    # BEGIN SOLUTION
    z = reparameterize(mu, log_var, noise)
    return bernoulli_log_likelihood(x, decoder(z)).mean(0) - beta * gaussian_kl_to_standard(mu, log_var)
    # END SOLUTION


def iwae_bound(decoder: nn.Module, x: Tensor, mu: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """The importance-weighted bound of each image, in nats: tighter than the ELBO, exact for infinitely many samples.

    log (1/K) sum_k w_k, with w_k = p(x | z_k) p(z_k) / q(z_k | x) and z_k = mu + sigma * noise_k.   (eq-iwae)

    decoder: z [..., d] -> the logits [..., C, H, W] of p(x | z).   x: [N, C, H, W] in [0, 1].
    mu, log_var: [N, d]; q(z | x) = N(mu, diag exp(log_var)), p(z) = N(0, I).   noise: [K, N, d].
    Returns [N], differentiable in mu and log_var. Weights that no float can hold (log w = -1e4) must not make it
    infinite.
    """
    # BEGIN SOLUTION
    z = reparameterize(mu, log_var, noise)
    # log p(z) - log q(z | x): both have the same constant, and (z - mu) / sigma is the noise itself.
    log_ratio = (noise**2 + log_var - z**2).sum(-1) / 2
    log_w = bernoulli_log_likelihood(x, decoder(z)) + log_ratio
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))
    # END SOLUTION
