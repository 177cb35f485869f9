"""Scenes composed of digits, for models that look at one place after another.

Digits are put at random places on black; where they overlap, brightness adds up and is cut off at white. Every batch
is composed afresh, on the device where the model trains, from the digits of its split alone.
"""

from functools import partial

import torch
from torch import Tensor

from course_lib.data import digits, downloads
from course_lib.data.sets import Batch, Composed, ImageSet, check_number, integers
from course_lib.errors import unknown


def two_digits(
    split: str = "train", size: int = 60, digit_size: int = 28, source: str = "digits", count: int | None = None
) -> Composed | ImageSet:
    """Two digits at random places, 60x60, composed afresh for every batch.

    The set of Gregor et al. (2015), *DRAW*, section 4.3: two digits of 28x28 pixels in a black image of 60x60.

    split: whose digits; training scenes are endless, validation and test are 1,000 that are always the same.
    size: height and width of the scene.   digit_size: of a digit in it.
    source: digits (bundled, 8x8 enlarged) or mnist (as in the paper; downloaded).
    count: compose this many scenes, once, whatever the split.

    A batch has no label; its views are digits, int64 [n, 2], which ones, and boxes, int64 [n, 2, 4], where the
    square of each lies: left, top, right, bottom in pixels, the last two exclusive.
    """
    return _scenes("two_digits", split, size, digit_size, source, count, digits_each=2, clutter=0, clutter_size=1)


def cluttered_digits(
    split: str = "train",
    size: int = 100,
    digit_size: int = 28,
    clutter: int = 8,
    clutter_size: int = 8,
    source: str = "digits",
    count: int | None = None,
) -> Composed | ImageSet:
    """One digit among fragments of others, 100x100, composed afresh for every batch.

    The cluttered translated digits of Mnih et al. (2014), *Recurrent models of visual attention*, section 4.1, which
    Gregor et al. (2015), *DRAW*, section 4.1, classify: a digit of 28x28 at a random place in a black image of 100x100
    with eight fragments, 8x8 pixels cut from a random place of a random digit and put at a random place.

    split: whose digits; training scenes are endless, validation and test are 1,000 that are always the same.
    size: height and width of the scene.   digit_size: of the digit in it.
    clutter: how many fragments.   clutter_size: their height and width.
    source: digits (bundled, 8x8 enlarged) or mnist (as in the papers; downloaded).
    count: compose this many scenes, once, whatever the split.

    The label is the digit; the view boxes, int64 [n, 1, 4], says where its square lies: left, top, right, bottom in
    pixels, the last two exclusive.
    """
    return _scenes("cluttered_digits", split, size, digit_size, source, count, 1, clutter, clutter_size)


def _scenes(
    name: str,
    split: str,
    size: int,
    digit_size: int,
    source: str,
    count: int | None,
    digits_each: int,
    clutter: int,
    clutter_size: int,
) -> Composed | ImageSet:
    sources = {"digits": digits.load, "mnist": downloads.mnist}
    if source not in sources:
        raise unknown("source of digits", str(source), sources)
    check_number("size", size, 4, 1024)
    check_number("digit_size", digit_size, 4, size)
    check_number("clutter", clutter, 0, 1000)
    check_number("clutter_size", clutter_size, 1, digit_size)
    found = sources[source](split, digit_size)
    parts = {"images": found.images[:, 0], "labels": found.labels}
    compose = partial(_compose, size=size, digits=digits_each, clutter=clutter, clutter_size=clutter_size)
    classes = found.classes if digits_each == 1 else ()
    scenes = Composed(parts, compose, (1, size, size), name, split, classes)
    if count is None and split == "train":
        return scenes
    return scenes.finite(1000 if count is None else count)


def _compose(
    parts: dict[str, Tensor],
    n: int,
    generator: torch.Generator,
    size: int,
    digits: int,
    clutter: int,
    clutter_size: int,
) -> Batch:
    images, labels = parts["images"], parts["labels"]
    device = images.device
    canvas = torch.zeros(n, size * size, dtype=torch.int32, device=device)  # whole numbers: sums do not depend on order
    if clutter:
        every = images.unfold(1, clutter_size, 1).unfold(2, clutter_size, 1)  # a view: [digit, top, left, ...]
        which, top, left = (integers(every.shape[axis], (n, clutter), generator, device) for axis in range(3))
        _paste(canvas, every[which, top, left], size, generator)
    which = integers(len(images), (n, digits), generator, device)
    boxes = _paste(canvas, images[which], size, generator)
    image = canvas.clamp_(max=255).to(torch.uint8).view(n, 1, size, size)
    if digits == 1:
        return Batch(image, labels[which[:, 0]], views={"boxes": boxes})
    return Batch(image, views={"digits": labels[which], "boxes": boxes})


def _paste(canvas: Tensor, pieces: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Add pieces [n, k, s, s] to canvas [n, size * size], each at a random place inside -> boxes [n, k, 4]."""
    n, k, side, _ = pieces.shape
    top, left = integers(size - side + 1, (2, n, k), generator, canvas.device)
    steps = torch.arange(side, device=canvas.device)
    rows, columns = (top[..., None] + steps)[..., :, None], (left[..., None] + steps)[..., None, :]
    canvas.scatter_add_(1, (rows * size + columns).flatten(1), pieces.to(canvas.dtype).flatten(1))
    return torch.stack([left, top, left + side, top + side], dim=-1)
