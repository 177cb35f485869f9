"""What the exercises of `divergences` are handed."""

import math
from collections.abc import Callable

from torch import Tensor


def gaussian(mu: float, sigma: float) -> Callable[[Tensor], Tensor]:
    """The log density of a one-dimensional Gaussian, [n] -> [n]."""
    return lambda x: -(((x - mu) / sigma) ** 2) / 2 - math.log(sigma) - math.log(2 * math.pi) / 2


def laplace(mu: float, scale: float) -> Callable[[Tensor], Tensor]:
    """The log density of a Laplace distribution, [n] -> [n]."""
    return lambda x: -(x - mu).abs() / scale - math.log(2 * scale)
