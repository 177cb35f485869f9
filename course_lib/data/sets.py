"""What every data set gives: batches of tensors, drawn in memory on the device where the model trains."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor


class Batch(NamedTuple):
    """n examples.

    image: float32 [n, C, H, W] in [-1, 1]; for points [n, d], in the units of the data.
    label: int64 [n], an index into the data set's `classes`, or None.
    """

    image: Tensor
    label: Tensor | None = None


class DataSet(Protocol):
    """What the training engine asks of data. `shape` is that of one example: (C, H, W), or (d,) for points."""

    name: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]

    def to(self, device: torch.device | str) -> Self: ...

    def batch(self, n: int, generator: torch.Generator) -> Batch: ...


@dataclass(frozen=True)
class ImageSet:
    """Labelled images in memory.

    images: uint8 [N, C, H, W], 0 black to 255 white.   labels: int64 [N], or None.   classes: what label i is called.
    """

    images: Tensor
    labels: Tensor | None
    name: str
    split: str
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.images.shape[1:])

    def to(self, device: torch.device | str) -> Self:
        labels = None if self.labels is None else self.labels.to(device)
        return replace(self, images=self.images.to(device), labels=labels)

    def batch(self, n: int, generator: torch.Generator) -> Batch:
        """n examples drawn with replacement, as the expectations of the objectives ask."""
        index = torch.randint(len(self), (n,), generator=generator, device=generator.device).to(self.images.device)
        return Batch(to_float(self.images[index]), None if self.labels is None else self.labels[index])


@dataclass(frozen=True)
class PointSet:
    """A finite sample of points in R^d: float [N, d]."""

    points: Tensor
    name: str = "points"
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.points.shape[1:])

    def to(self, device: torch.device | str) -> Self:
        return replace(self, points=self.points.to(device))

    def batch(self, n: int, generator: torch.Generator) -> Batch:
        """n points drawn with replacement."""
        index = torch.randint(len(self), (n,), generator=generator, device=generator.device).to(self.points.device)
        return Batch(self.points[index])


def to_float(images: Tensor) -> Tensor:
    """uint8 [..., H, W], 0 to 255 -> float32 in [-1, 1]: x / 127.5 - 1."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """float [..., H, W] in [-1, 1] -> uint8, rounded to the nearest level; what lies outside is clipped."""
    return images.detach().float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
