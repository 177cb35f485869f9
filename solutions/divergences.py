"""Exercises of the chapter *Divergences*: how far apart two distributions are.

Write the bodies from elementary operations of torch (no torch.distributions, no torch.nn.functional).
Check yourself with `course check divergences`.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Kullback-Leibler divergence of discrete distributions, in nats.

    KL(p || q) = sum_x p(x) log(p(x) / q(x)), with 0 log 0 = 0, and infinity where q(x) = 0 < p(x).   (eq-kl)

    p, q: [..., K], non-negative, each summing to 1 over the last axis.
    Returns [...], in [0, inf], of p's dtype, differentiable in both. An outcome with p(x) = 0 adds nothing to the
    value, and by convention nothing to either gradient, whether q(x) is zero or not: no gradient may ever be NaN.
    """
    # BEGIN SOLUTION
    impossible = p == 0
    # Both branches of a `where` are differentiated: keep 0 / 0 and log 0 out of the branch that is not taken.
    safe_p = torch.where(impossible, 1.0, p)
    safe_q = torch.where(impossible, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)
    # END SOLUTION


def cross_entropy(p: Tensor, q: Tensor) -> Tensor:
    """Cross-entropy of q relative to p, in nats: what it costs to code samples of p with a code made for q.

    H(p, q) = -sum_x p(x) log q(x), with 0 log 0 = 0.   (eq-cross-entropy)

    p, q: [..., K], non-negative, each summing to 1 over the last axis.
    Returns [...], in [0, inf], of p's dtype, differentiable in q; where p(x) = 0 the gradient in q(x) is 0, not NaN.
    """
    # BEGIN SOLUTION
    safe_q = torch.where(p == 0, 1.0, q)
    return -(p * safe_q.log()).sum(-1)
    # END SOLUTION


def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Jensen-Shannon divergence of discrete distributions, in nats.

    JS(p || q) = KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2.   (eq-js)

    p, q: [..., K], non-negative, each summing to 1 over the last axis.
    Returns [...], in [0, log 2] whatever the zeros of p and q, of p's dtype, differentiable in both. The true
    gradient in p(x) is infinite where p(x) = 0 < q(x): there any finite value will do, but no NaN and no infinity.
    """
    # BEGIN SOLUTION
    m = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2
    # END SOLUTION


def gaussian_kl(mu_p: Tensor, sigma_p: Tensor, mu_q: Tensor, sigma_q: Tensor) -> Tensor:
    """KL(p || q) of two one-dimensional Gaussians in closed form, in nats, elementwise.

    KL = log(sigma_q / sigma_p) + (sigma_p^2 + (mu_p - mu_q)^2) / (2 sigma_q^2) - 1/2   (eq-gaussian-kl)

    mu_p, mu_q: means; sigma_p, sigma_q: standard deviations (not variances), positive. Shapes broadcast.
    Returns the broadcast shape, in [0, inf), differentiable in all four. Two standard deviations of like size,
    however small or large (1e-200, 1e200), must neither overflow nor vanish.
    """
    # BEGIN SOLUTION
    ratio = sigma_p / sigma_q  # a ratio first: the squares alone can leave the range of floats
    shift = (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()
    # END SOLUTION


def monte_carlo_kl(
    log_p: Callable[[Tensor], Tensor], log_q: Callable[[Tensor], Tensor], x: Tensor
) -> tuple[Tensor, Tensor]:
    """Estimate KL(p || q) from samples of p, and say how far off the estimate may be.

    estimate = mean_i log(p(x_i) / q(x_i));   standard error = s / sqrt(n)   (eq-monte-carlo-kl)
    with s the sample standard deviation of the n log ratios (divisor n - 1).

    log_p, log_q: log densities, [n] -> [n].   x: [n] samples of p, n >= 2.
    Returns (estimate, standard error), both of shape [].
    """
    # BEGIN SOLUTION
    log_ratio = log_p(x) - log_q(x)
    n = len(x)
    estimate = log_ratio.sum() / n
    variance = ((log_ratio - estimate) ** 2).sum() / (n - 1)
    return estimate, variance.sqrt() / math.sqrt(n)
    # END SOLUTION
