"""Avatars: a world of faces, drawn from a seed, of which everything is known.

A person is a row of `People`: attributes drawn from the distribution that `attributes` states, so that (seed, index) is
the same person everywhere. `render` makes a picture of a person at any size from 4 to 256, in one of the STYLES;
`render_views` makes several at once, with the parts and boxes that belong to them. `load` gives thousands of people, as
a data set.
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.data import cache
from course_lib.data.avatars import face, geometry, hair, layers, noise, places, population, scene, styles
from course_lib.data.avatars.places import BOX_NAMES, boxes
from course_lib.data.avatars.population import (
    ATTRIBUTE_NAMES,
    BACKGROUNDS,
    BEARDS,
    CLOTHES,
    FACE_SHAPES,
    HAIR_COLOURS,
    HAIR_STYLES,
    HAT_KINDS,
    LIMITS,
    People,
    attributes,
    check_size,
    people,
)
from course_lib.data.avatars.scene import PART_NAMES
from course_lib.data.sets import ImageSet, check_number, check_split, to_uint8
from course_lib.errors import unknown

STYLES = {"photo": 3, "sketch": 1, "normals": 3, "depth": 1, "simulated": 3, "watercolour": 3, "oil": 3}  # channels
VIEWS = (*STYLES, "masks", "boxes")
COUNTS = {"train": 10_000, "validation": 1_000, "test": 1_000}
_FIRST = {"train": 0, "validation": 10**9, "test": 2 * 10**9}  # where each split's people begin
_MAX = 10**9
_SAMPLES = 64  # a side at least, of which smaller pictures are averages
_CHUNK = 32 * 64 * 64  # samples that are in the processor's caches together
_GRAIN = 0.03  # standard deviation of a photo's noise is this by 0.41, in units of [-1, 1]

__all__ = [
    "ATTRIBUTE_NAMES", "BACKGROUNDS", "BEARDS", "BOX_NAMES", "CLOTHES", "COUNTS", "FACE_SHAPES", "HAIR_COLOURS",
    "HAIR_STYLES", "HAT_KINDS", "LIMITS", "PART_NAMES", "STYLES", "VIEWS", "People", "attributes", "boxes", "load",
    "masks", "people", "render", "render_views",
]  # fmt: skip


def render(people: People, size: int, style: str = "photo") -> Tensor:
    """Pictures of these people: float [N, C, size, size] in [-1, 1], in their floating type, on their device.

    size: 4 to 256. Every pixel is the average of the same continuous picture over its area.
    style: photo (in the light, with textures and film grain, C = 3), sketch (pencil, C = 1), normals (the three
        components of the surface's unit normal: right, up, towards the viewer), depth (C = 1, in half the picture's
        side: -1 is the background, 0 the middle of the head), simulated (flat colours: no light, texture or grain),
        watercolour, oil.

    Gradients reach every continuous attribute in photo, sketch, normals, depth, simulated and watercolour.
    Raises ValueError for another size or style.
    """
    check_size(size)
    if style not in STYLES:
        raise unknown("style", str(style), STYLES)
    return render_views(people, size, (style,))[style]


def masks(people: People, size: int) -> Tensor:
    """How much of each pixel every part fills: float [N, P, size, size] in [0, 1], of sum 1; P as PART_NAMES."""
    return render_views(people, size, ("masks",))["masks"]


def render_views(people: People, size: int, names: Sequence[str]) -> dict[str, Tensor]:
    """Several views of the same people, which share their geometry: any of STYLES, "masks" and "boxes".

    Raises ValueError for another size or name.
    """
    check_size(size)
    for name in names:
        if name not in VIEWS:
            raise unknown("view", str(name), VIEWS)
    side = size * -(-_SAMPLES // size)
    step = max(1, _CHUNK // (side * side))
    pieces = [_views(people[i : i + step], size, side, names) for i in range(0, max(1, len(people)), step)]
    return {name: torch.cat([piece[name] for piece in pieces]) for name in names}


def _views(people: People, size: int, side: int, names: Sequence[str]) -> dict[str, Tensor]:
    made: dict[str, Tensor] = {}
    traced = colours = None
    if set(names) - {"simulated", "boxes"}:
        traced = scene.trace(people, side, lines="sketch" in names)
    if {"photo", "sketch", "watercolour", "oil"} & set(names):
        colours = styles.shaded(people, traced)
    for name in names:
        match name:
            case "photo":
                grain = noise.film_grain(people.key, size).to(colours).view(-1, 1, size, size)
                picture = _pixels(colours, size) * 2 - 1 + _GRAIN * grain
            case "sketch":
                picture = _pixels(styles.sketch(people, traced, colours), size) * 2 - 1
            case "normals":
                picture = _pixels(traced.buffer[3:6].transpose(0, 1), size)
            case "depth":
                picture = _pixels(traced.buffer[6][:, None], size)
            case "simulated":
                plain = scene.trace(people, side, plain=True)
                picture = _pixels(plain.buffer[:3].transpose(0, 1), size) * 2 - 1
            case "watercolour":
                picture = _pixels(styles.watercolour(people, traced, colours), size) * 2 - 1
            case "oil":
                picture = _pixels(styles.oil(people, traced, colours), size) * 2 - 1
            case "masks":
                made[name] = _pixels(torch.stack(list(traced.parts.values()), 1), size).clamp(0, 1)
                continue
            case "boxes":
                made[name] = boxes(people, size)
                continue
        made[name] = picture.clamp(-1, 1)
    return made


def _pixels(picture: Tensor, size: int) -> Tensor:
    """The averages over pixels of samples [N, C, side, side], side a multiple of size."""
    factor = picture.shape[-1] // size
    return F.avg_pool2d(picture, factor) if factor > 1 else picture


def load(
    split: str = "train",
    size: int = 32,
    count: int | None = None,
    style: str = "photo",
    views: Sequence[str] = (),
    seed: int = 0,
) -> ImageSet:
    """Avatars as a data set: thousands of faces with their attributes, rendered once and kept on disk.

    split: train, validation or test; their people are different ones.
    size: height and width in pixels, 4 to 256.
    count: how many; 10,000 to train with and 1,000 for each of the others, unless told. The first ones are the same
        people for any count and size.
    style: of the images, one of STYLES.
    views: other pictures of the same people, under these names: any of STYLES, kept as bytes; "masks", bytes from 0 to
        255 that are in [-1, 1] in a batch like pictures; "boxes", float32 in pixels.
    seed: another seed is another population.

    One core renders about 180 a second up to 64 pixels, and a quarter of that at 128: 10,000 take about a minute once.
    The label is the hair style (HAIR_STYLES, ten classes; what a hat hides it still is). Raises ValueError for a split,
    size, style or view that does not exist, or a count below 1.
    """
    check_split(split)
    check_size(size)
    if style not in STYLES:
        raise unknown("style", str(style), STYLES)
    views = (views,) if isinstance(views, str) else tuple(views)
    for name in views:
        if name not in VIEWS:
            raise unknown("view", str(name), VIEWS)
    count = COUNTS[split] if count is None else count
    check_number("count", count, 1, _MAX)
    check_number("seed", seed, 0, 2**62)

    step = max(8, min(512, 2**22 // size**2))  # people at a time, some 100 MB of pictures at most

    def rows(start: int) -> dict[str, Tensor]:
        crowd = people(torch.arange(start, min(start + step, count)) + _FIRST[split], seed)
        with torch.no_grad():
            made = render_views(crowd, size, tuple({style: None} | dict.fromkeys(views)))
        pictures = {name: _stored(name, view) for name, view in made.items()}
        return pictures | {"labels": crowd.hair_style, "attributes": attributes(crowd)}

    def build(write: Callable[..., None]) -> None:
        # Each thread renders people of its own: the tensors are small, and threads that share one wait for each other
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for made in pool.map(rows, range(0, count, step)):
                    write(**made)
        finally:
            torch.set_num_threads(threads)

    modules = (face, geometry, hair, layers, noise, places, population, scene, styles, sys.modules[__name__])
    code = cache.fingerprint(*modules)
    key = {"split": split, "size": size, "count": count, "seed": seed, "style": style, "views": sorted(views)}
    found = cache.arrays("avatars", key | {"code": code}, build, total=count)
    return ImageSet(
        images=found[style],
        labels=found["labels"],
        name="avatars",
        split=split,
        classes=HAIR_STYLES,
        attributes=found["attributes"],
        attribute_names=ATTRIBUTE_NAMES,
        views={name: found[name] for name in views},
    )


def _stored(name: str, view: Tensor) -> Tensor:
    """As the cache keeps it: pictures and masks as bytes."""
    if name == "boxes":
        return view
    return to_uint8(view * 2 - 1 if name == "masks" else view)
