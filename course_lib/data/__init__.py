"""Data sets: tensors out, nothing else known."""

import inspect
from collections.abc import Callable
from typing import Any

from course_lib.data import avatars, digits, downloads, folder, mixtures, photos, scenes
from course_lib.data.sets import SPLITS, Batch, Composed, DataInfo, DataSet, ImageSet, PointSet
from course_lib.errors import CourseError, unknown

SETS: dict[str, Callable[..., DataSet]] = {
    "digits": digits.load,
    "avatars": avatars.load,
    "two_digits": scenes.two_digits,
    "cluttered_digits": scenes.cluttered_digits,
    "photos": photos.load,
    "gaussian_1d": mixtures.gaussian_1d,
    "ring": mixtures.ring,
    "folder": folder.load,
    "mnist": downloads.mnist,
    "fashion_mnist": downloads.fashion_mnist,
    "svhn": downloads.svhn,
    "cifar10": downloads.cifar10,
    "celeba": downloads.celeba,
}

__all__ = [
    "SETS", "SPLITS", "Batch", "Composed", "DataInfo", "DataSet", "ImageSet", "PointSet", "avatars", "digits",
    "load", "mixtures",
]  # fmt: skip


def load(name: str, **options: Any) -> DataSet:
    """The data set of that name; the options are those of its own function: load("digits", split="test", size=16).

    Raises ValueError for an unknown name or option (with the nearest ones), and for a value that cannot be.
    """
    if name not in SETS:
        raise unknown("data set", name, SETS)
    known = inspect.signature(SETS[name]).parameters
    for option in options:
        if option not in known:
            raise unknown(f"{name} option", option, known)
    for option, parameter in known.items():
        if parameter.default is parameter.empty and option not in options:
            raise CourseError(f"data set '{name}' needs the option {option}: see its description in the library")
    try:
        return SETS[name](**options)
    except TypeError as error:
        raise CourseError(f"data set '{name}': {error}") from error
