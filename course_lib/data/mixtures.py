"""Mixtures of Gaussians on the line and in the plane: data of known density, drawn afresh for every batch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from course_lib.data.sets import Batch, PointSet, check_split
from course_lib.errors import CourseError


@dataclass(frozen=True)
class Mixture:
    """p(x) = sum_k weights_k N(x; means_k, std_k^2 I), an endless data set for the engine.

    Every batch is new, so that no split has a point in common with another: the splits differ in name alone.

    means: float [K, d].   std: float [K].   weights: float [K], summing to 1.
    """

    means: Tensor
    std: Tensor
    weights: Tensor
    name: str
    split: str = "train"
    classes: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    levels: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.means.shape[1:])

    def to(self, device: torch.device | str) -> Self:
        return replace(self, means=self.means.to(device), std=self.std.to(device), weights=self.weights.to(device))

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n independent points, float32 [n, d], on the generator's device (or the mixture's)."""
        device = self.means.device if generator is None else generator.device
        k = torch.multinomial(self.weights.to(device), n, replacement=True, generator=generator)
        noise = torch.randn(n, *self.shape, generator=generator, device=device)
        return self.means.to(device)[k] + self.std.to(device)[k, None] * noise

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) in nats, exactly: x [..., d] -> [...], in x's dtype."""
        means, std, weights = (parameter.to(x) for parameter in (self.means, self.std, self.weights))
        components = Independent(Normal(means, std[:, None].expand_as(means)), 1)
        return MixtureSameFamily(Categorical(weights), components).log_prob(x)

    def batch(self, n: int, generator: torch.Generator) -> Batch:
        return Batch(self.sample(n, generator))

    def points(self, n: int, generator: torch.Generator | None = None) -> PointSet:
        """A finite data set of n points drawn once."""
        return PointSet(self.sample(n, generator), self.name, self.split)


def gaussian_1d(
    means: Sequence[float] = (2.0,),
    std: float | Sequence[float] = 0.5,
    weights: Sequence[float] | None = None,
    split: str = "train",
) -> Mixture:
    """A Gaussian on the line or, with several means, a mixture of them (equally weighted unless told).

    Raises ValueError where std or the weights are not positive, or their number is not that of the means.
    """
    return _mixture(torch.tensor(means, dtype=torch.float32).reshape(-1, 1), std, weights, "gaussian_1d", split)


def ring(modes: int = 8, radius: float = 2.0, std: float = 0.02, split: str = "train") -> Mixture:
    """Equally weighted Gaussians evenly spaced on a circle, the first at (radius, 0): a test for dropped modes.

    Eight modes at radius 2 with standard deviation 0.02 are those of Metz et al. (2017), *Unrolled generative
    adversarial networks*, section 3.1 and appendix A.
    """
    if modes < 1:
        raise CourseError(f"a ring needs at least one mode, not {modes}")
    angle = torch.arange(modes, dtype=torch.float64) * (2 * math.pi / modes)
    means = radius * torch.stack([angle.cos(), angle.sin()], dim=1)
    return _mixture(means.float(), std, None, "ring", split)


def _mixture(
    means: Tensor, std: float | Sequence[float], weights: Sequence[float] | None, name: str, split: str
) -> Mixture:
    check_split(split)
    count = len(means)
    stds = torch.tensor([std] * count if isinstance(std, int | float) else std, dtype=torch.float32)
    shares = torch.tensor([1.0] * count if weights is None else weights, dtype=torch.float32)
    if len(stds) != count or len(shares) != count:
        raise CourseError(f"{count} means need as many standard deviations and weights: {len(stds)}, {len(shares)}")
    if not (stds > 0).all() or not (shares > 0).all():
        raise CourseError("standard deviations and weights must be positive")
    return Mixture(means, stds, shares / shares.sum(), name, split)
