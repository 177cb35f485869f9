"""Exercises of the chapter *The optimal discriminator*: the best D, what it is worth, and what its logit says.

Write the bodies from elementary operations of torch (no torch.distributions, no torch.nn.functional).
Check yourself with `course check optimal_discriminator`.
"""

import math

import torch
from torch import Tensor


def optimal_discriminator(p_data: Tensor, p_g: Tensor, alpha: float = 1.0, beta: float = 0.0) -> Tensor:
    """The D that maximises V(D, G), at points where both densities are known.

    D*(x) = (alpha p_data(x) + beta p_g(x)) / (p_data(x) + p_g(x))   (eq-smoothed-optimum)

    p_data, p_g: densities or probabilities, >= 0, of any size (1e-200 counts), of shapes that broadcast.
    alpha, beta: labels of real and of generated examples, 0 <= beta < alpha <= 1.
        1 and 0 give (eq-optimal-discriminator).
    Returns the broadcast shape, in [beta, alpha], differentiable in both. Where p_data and p_g are both 0 every answer
    is optimal: return 1/2, with gradient 0, never NaN.
    """
    raise NotImplementedError


def value_function(p_data: Tensor, p_g: Tensor, d: Tensor, alpha: float = 1.0, beta: float = 0.0) -> Tensor:
    """V(D, G) of distributions over K outcomes, in nats, with smoothed labels.

    V = sum_x p_data(x) [alpha log d(x) + (1 - alpha) log(1 - d(x))]
      + sum_x p_g(x) [beta log d(x) + (1 - beta) log(1 - d(x))], with 0 log 0 = 0   (eq-smoothed-value)

    p_data, p_g: [..., K], each summing to 1 over the last axis.   d: [..., K], in [0, 1].
    alpha, beta: labels of real and of generated examples. 1 and 0 give V itself (eq-value-integral).
    Returns [...], in [-inf, 0], differentiable in d. A logarithm whose weight is 0 adds nothing to the value and
    nothing to the gradient in d, also at d(x) = 0 and d(x) = 1: never NaN. A logarithm of 0 with a positive weight
    makes V -inf.
    """
    raise NotImplementedError


def value_at_optimum(p_data: Tensor, p_g: Tensor) -> Tensor:
    """max_D V(D, G) = V(D*, G) of distributions over K outcomes, in nats.

    V(D*, G) = sum_x p_data(x) log D*(x) + sum_x p_g(x) log(1 - D*(x)), with 0 log 0 = 0   (eq-value-at-optimum)

    p_data, p_g: [..., K], each summing to 1 over the last axis. They may differ by many orders of magnitude: where
        p_g(x) is 1e-20 of p_data(x), D*(x) rounds to 1, and yet the value is finite.
    Returns [...], in [-2 log 2, 0], differentiable in both. The gradients are log D* in p_data and log(1 - D*) in p_g
    where these are finite, and finite everywhere: an outcome with p_g(x) = 0 must not send NaN or infinity back.
    """
    raise NotImplementedError


def js_from_value(value: Tensor) -> Tensor:
    """The Jensen-Shannon divergence in nats that a value V(D, G) stands for; a lower bound unless D is optimal.

    JS >= (V + 2 log 2) / 2, with equality for D = D*   (eq-js-from-value, eq-lower-bound)

    value: [...], in [-inf, 0]: the sum of both expectations, as in the paper; not their mean.
    Returns [...], at most log 2. A D that does worse than a coin gives V < -2 log 2 and a negative bound: return it as
    it is. The gradient is 1/2 everywhere.
    """
    raise NotImplementedError


def log_density_ratio(logit: Tensor, n_real: int = 1, n_fake: int = 1, alpha: float = 1.0) -> Tensor:
    """log(p_data(x) / p_g(x)) from the logit of an optimal discriminator, however it was trained.

    D*(x) = alpha n_real p_data(x) / (n_real p_data(x) + n_fake p_g(x))   (eq-unequal-classes)
    solved for the ratio; with n_real = n_fake and alpha = 1 the logit is the log ratio itself (eq-log-ratio).

    logit: [...], log(D / (1 - D)), of any size: the answer is finite and exact at +-1e4 where alpha = 1, and at -1e4
        always.
    n_real, n_fake: how many examples of each kind D was trained on (only their ratio matters).
    alpha: label of the real examples, 0 < alpha <= 1; the generated ones had label 0.
    Returns [...], differentiable. An optimal D never exceeds alpha: where a D does, return +inf.
    """
    raise NotImplementedError


# As released: e04d3902d0bf
