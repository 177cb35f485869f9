"""How near generated images are to real ones. Chapter: dcgan."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.evaluation.referees import Referee
from course_lib.metrics import frechet_distance, sliced_wasserstein
from course_lib.training import Recipe
from course_lib.training.engine import apart

CHUNK = 256  # samples that are drawn at a time


@dataclass(frozen=True)
class Quality:
    """Distances of generated images from real ones, and those of as many held-out real images: the floor.

    frechet: between Gaussians fitted to the referee's features.   sliced: Wasserstein, of pixels in [-1, 1].
    count: how many images stood for the generator.   referee: its name.
    """

    frechet: float
    sliced: float
    frechet_floor: float
    sliced_floor: float
    count: int
    referee: str

    def __str__(self) -> str:
        return (
            f"Fréchet distance {self.frechet:.2f} (real images {self.frechet_floor:.2f}), "
            f"sliced Wasserstein {self.sliced:.4f} (real {self.sliced_floor:.4f}); "
            f"{self.count} samples, in the features of {self.referee}"
        )


def quality(images: Tensor, real: Tensor, held_out: Tensor, referee: Referee) -> Quality:
    """Compare images with real ones, both [N, C, H, W] in [-1, 1].

    images: the generator's.   real: of the training set.   held_out: real ones that the generator never saw.
    Of images and held_out equally many count, the first ones of the longer; all of `real` for the Fréchet distance,
    and its first ones for the sliced Wasserstein distance, which compares sets of one size. So each number and its
    floor have the same bias, and are comparable for one `count` only.
    Raises CourseError where there are fewer than two of any, or the shapes differ.
    """
    count = min(len(images), len(held_out), len(real))
    if count < 2 or not images.shape[1:] == real.shape[1:] == held_out.shape[1:]:
        shapes = ", ".join(str(list(x.shape)) for x in (images, real, held_out))
        raise CourseError(f"images, real and held-out ones must be two or more of one shape, not {shapes}")
    images, held_out = images[:count].cpu(), held_out[:count].cpu()
    known = referee.features(real)
    return Quality(
        frechet=frechet_distance(referee.features(images), known),
        sliced=sliced_wasserstein(images, real[:count].cpu()),
        frechet_floor=frechet_distance(referee.features(held_out), known),
        sliced_floor=sliced_wasserstein(held_out, real[:count].cpu()),
        count=count,
        referee=referee.name,
    )


def samples(recipe: Recipe, n: int, seed: int = 0) -> Tensor:
    """n samples on the CPU, [n, C, H, W], drawn a few at a time, as `training.engine.draw` draws them."""
    with apart(recipe, seed):
        return torch.cat([recipe.sample(min(CHUNK, n - i)).float().cpu() for i in range(0, n, CHUNK)])


def hook(n: int, real: Tensor, held_out: Tensor, referee: Referee) -> Callable[[Recipe], dict[str, float]]:
    """For training: "quality/frechet" and "quality/sliced" of n samples, from the same latents every time."""

    def measure(recipe: Recipe) -> dict[str, float]:
        found = quality(samples(recipe, n), real, held_out, referee)
        return {"quality/frechet": found.frechet, "quality/sliced": found.sliced}

    return measure
