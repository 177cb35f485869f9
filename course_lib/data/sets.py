"""What every data set gives: batches of tensors, drawn on the device where the model trains.

A data set says what it offers: its `name` and `split`; the `shape` of one example; what its labels are called
(`classes`) and its attributes (`attribute_names`), empty where it has none; and how many grey `levels` a channel takes:
2 where it is binarised, 17, 256, or None for what has no levels. They are evenly spaced from -1, black, to 1, white, up
to rounding to a byte, so that the level of x is round((x + 1) / 2 * (levels - 1)). Nothing else is asked of a set than
to move to a device and to draw batches from a generator; the same state of the generator gives the same batch. Three
kinds of set do that for images and points:

- ImageSet holds images, as bytes. They live on the training device, without worker processes or copies, when they take
  no more than a quarter of its free memory. Else they stay on the host, where they may be memory-mapped and larger than
  memory, and each batch is gathered there and copied over while the device computes.
- Composed makes new images for every batch out of parts, on the device. It is endless; `finite` draws some once.
- PointSet holds points.

Every set comes in the splits train, validation and test, which are fixed and share no example.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, Self

import numpy as np
import torch
from torch import Tensor

from course_lib.errors import CourseError, unknown

SPLITS = ("train", "validation", "test")
SHARE = 0.25  # of a device's free memory that a data set may take; weights, moments and activations want the rest


class Batch(NamedTuple):
    """n examples.

    image: float32 [n, C, H, W] in [-1, 1]; for points [n, d], in the units of the data.
    label: int64 [n], an index into the data set's `classes`, or None.
    attributes: float32 [n, A], in the order of the data set's `attribute_names`, or None.
    views: what else is known of the same examples, by name ("sketch", "normals", "masks", "boxes"): [n, ...] each.
    """

    image: Tensor
    label: Tensor | None = None
    attributes: Tensor | None = None
    views: dict[str, Tensor] = {}  # noqa: RUF012 (never changed)

    def rows(self, index: slice | Tensor) -> "Batch":
        """The examples at these rows."""
        label, attributes = (None if part is None else part[index] for part in (self.label, self.attributes))
        return Batch(self.image[index], label, attributes, {name: view[index] for name, view in self.views.items()})


@dataclass(frozen=True)
class DataInfo:
    """What a model may know of its data before it sees any, named as a data set names it."""

    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    levels: int | None = None


class DataSet(Protocol):
    """What the training engine asks of data. `shape` is that of one example: (C, H, W), or (d,) for points."""

    name: str
    split: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    attribute_names: tuple[str, ...]
    levels: int | None

    def to(self, device: torch.device | str) -> Self: ...

    def batch(self, n: int, generator: torch.Generator) -> Batch: ...


@dataclass(frozen=True)
class ImageSet:
    """Images, and what is known of each.

    images: uint8 [N, C, H, W], 0 black to 255 white.   labels: int64 [N], or None.   classes: what label i is called.
    attributes: float32 [N, A], or None.   attribute_names: what column j is called.
    views: [N, ...] each, by name. Those of bytes are pictures and in [-1, 1] in a batch; others pass as they are.
    levels: how many grey levels occur.   binarize: every batch draws each pixel anew, white with the probability that
    is its brightness (see `binarized`).   device: where batches come out; None is where the images are.
    """

    images: Tensor
    labels: Tensor | None
    name: str
    split: str
    classes: tuple[str, ...] = ()
    attributes: Tensor | None = None
    attribute_names: tuple[str, ...] = ()
    views: dict[str, Tensor] = field(default_factory=dict)
    levels: int | None = 256
    binarize: bool = False
    device: torch.device | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.images.shape[1:])

    def to(self, device: torch.device | str, share: float = SHARE) -> Self:
        """The set with its batches on that device; it lives there itself when it fits in `share` of the free memory."""
        device = torch.device(device)
        held = [part for part in (self.images, self.labels, self.attributes, *self.views.values()) if part is not None]
        if device.type == "cuda" and sum(part.nbytes for part in held) > share * torch.cuda.mem_get_info(device)[0]:
            return replace(self, device=device)
        labels, attributes = (None if part is None else part.to(device) for part in (self.labels, self.attributes))
        views = {name: view.to(device) for name, view in self.views.items()}
        images = self.images.to(device)
        return replace(self, images=images, labels=labels, attributes=attributes, views=views, device=images.device)

    def batch(self, n: int, generator: torch.Generator) -> Batch:
        """n examples drawn with replacement, as the expectations of the objectives ask."""
        order = generator if self.images.device.type == generator.device.type else _on_host(generator)
        return self.rows(torch.randint(len(self), (n,), generator=order, device=order.device), generator)

    def rows(self, index: slice | Tensor, generator: torch.Generator | None = None) -> Batch:
        """The examples at these rows, in the order of the set: slice(0, 100), or int64 [n].

        generator: of the pixels where the set is binarised for every batch; without one the draw is always the same.
        """
        device = self.images.device if self.device is None else self.device
        image = to_float(_take(self.images, index, device))
        if self.binarize:
            generator = torch.Generator(device).manual_seed(0) if generator is None else generator
            noise = torch.rand(image.shape, generator=generator, device=generator.device).to(device)
            image = torch.where(noise < (image + 1) / 2, 1.0, -1.0)
        label, attributes = (
            None if part is None else _take(part, index, device) for part in (self.labels, self.attributes)
        )
        views = {name: _take(view, index, device) for name, view in self.views.items()}
        return Batch(image, label, attributes, _pictures(views))


@dataclass(frozen=True)
class Composed:
    """Images composed afresh for every batch, where their parts are.

    parts: what they are made of, by name, as it lives on the device.
    compose: compose(parts, n, generator) gives n examples as a Batch whose image is still bytes, uint8 [n, C, H, W].
    """

    parts: dict[str, Tensor]
    compose: Callable[[dict[str, Tensor], int, torch.Generator], Batch]
    shape: tuple[int, ...]
    name: str
    split: str
    classes: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    levels: int | None = 256

    def to(self, device: torch.device | str) -> Self:
        return replace(self, parts={name: part.to(device) for name, part in self.parts.items()})

    def batch(self, n: int, generator: torch.Generator) -> Batch:
        """n new examples."""
        made = self.compose(self.parts, n, generator)
        return made._replace(image=to_float(made.image), views=_pictures(made.views))

    def finite(self, count: int, seed: int = 0) -> ImageSet:
        """`count` examples drawn once, on the CPU: the same in every run."""
        check_number("count", count, 1, 10_000_000)
        generator, source = torch.Generator().manual_seed(seed), self.to("cpu")
        pieces = [self.compose(source.parts, min(256, count - i), generator) for i in range(0, count, 256)]
        labels, attributes = (
            None if column[0] is None else torch.cat(column)
            for column in ([piece.label for piece in pieces], [piece.attributes for piece in pieces])
        )
        views = {name: torch.cat([piece.views[name] for piece in pieces]) for name in pieces[0].views}
        images = torch.cat([piece.image for piece in pieces])
        return ImageSet(
            images, labels, self.name, self.split, self.classes, attributes, self.attribute_names, views, self.levels
        )


@dataclass(frozen=True)
class PointSet:
    """A finite sample of points in R^d: float [N, d]."""

    points: Tensor
    name: str = "points"
    split: str = "train"
    classes: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    levels: int | None = None

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


def binarized(data: ImageSet, how: str) -> ImageSet:
    """Images in black and white, each pixel white with the probability that is its brightness, v / 255.

    how: "none" leaves them as they are. "fixed" draws every pixel once, the same in every run: what Larochelle and
        Murray (2011), *The neural autoregressive distribution estimator*, did to MNIST with the probabilities of
        Salakhutdinov and Murray (2008), so that likelihoods are compared on one sample (Burda et al. 2016, *Importance
        weighted autoencoders*, appendix D). "dynamic" draws the pixels of a training batch anew whenever it is drawn,
        as Burda et al. do in section 5.1, which prevents overfitting. Validation and test images are the fixed sample
        then too, so that figures compare. Likelihoods under one of the two say nothing about the other.

    The fixed sample comes from NumPy's RandomState(0), whose numbers never change from version to version.
    """
    kinds = ("none", "fixed", "dynamic")
    if how not in kinds:
        raise unknown("binarisation", str(how), kinds)
    if how == "none":
        return data
    if how == "dynamic" and data.split == "train":
        return replace(data, levels=2, binarize=True)
    noise = torch.from_numpy(np.random.RandomState(0).random_sample(data.images.shape))
    return replace(data, images=(noise * 255 < data.images).to(torch.uint8) * 255, levels=2)


def check_split(split: str) -> None:
    """Raises ValueError, with the nearest ones, for what is not a split."""
    if split not in SPLITS:
        raise unknown("split", str(split), SPLITS)


def check_number(what: str, value: int, low: int, high: int) -> None:
    """Raises ValueError for what is not a whole number from low to high."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise CourseError(f"{what} must be a whole number from {low} to {high}, not {value}")


def integers(high: int, shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    """Whole numbers 0 .. high - 1, uniform, int64 of that shape, on the device whatever that of the generator."""
    return torch.randint(high, shape, generator=generator, device=generator.device).to(device)


def to_float(images: Tensor) -> Tensor:
    """uint8 [..., H, W], 0 to 255 -> float32 in [-1, 1]: x / 127.5 - 1."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """float [..., H, W] in [-1, 1] -> uint8, rounded to the nearest level; what lies outside is clipped."""
    return images.detach().float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)


def _pictures(views: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: to_float(view) if view.dtype == torch.uint8 else view for name, view in views.items()}


def _take(part: Tensor, index: slice | Tensor, device: torch.device) -> Tensor:
    """These rows of `part`, on the device. From the host they come pinned, so that nothing waits for the copy."""
    if isinstance(index, slice):
        index = torch.arange(*index.indices(len(part)))
    index = index.to(part.device)
    if part.device.type == "cpu" and device.type == "cuda":
        rows = torch.empty(len(index), *part.shape[1:], dtype=part.dtype, pin_memory=True)
        return torch.index_select(part, 0, index, out=rows).to(device, non_blocking=True)
    return part[index].to(device)


def _on_host(generator: torch.Generator) -> torch.Generator:
    """A generator on the CPU that follows from the state of `generator`, which moves on.

    A CUDA generator's state, a seed and a count, is known to the host: the device is not waited for.
    """
    if generator.device.type == "cpu":
        return generator
    if generator.device.type != "cuda":
        seed = torch.randint(2**31, (), generator=generator, device=generator.device).item()
        return torch.Generator().manual_seed(seed)
    seed, count = generator.initial_seed(), generator.get_offset()
    generator.set_offset(count + 4)  # counts go in fours
    return torch.Generator().manual_seed(int(np.random.SeedSequence([seed, count]).generate_state(1)[0]))
