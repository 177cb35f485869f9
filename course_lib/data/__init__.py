"""Data sets: tensors out, nothing else known."""

from collections.abc import Callable
from typing import Any

from course_lib.data import digits, mixtures
from course_lib.data.sets import Batch, DataSet, ImageSet, PointSet
from course_lib.errors import CourseError, unknown

SETS: dict[str, Callable[..., DataSet]] = {
    "digits": digits.load,
    "gaussian_1d": mixtures.gaussian_1d,
    "ring": mixtures.ring,
}

__all__ = ["SETS", "Batch", "DataSet", "ImageSet", "PointSet", "digits", "load", "mixtures"]


def load(name: str, **options: Any) -> DataSet:
    """The data set of that name; the options are those of its own function: load("digits", split="test", size=16).

    Raises ValueError for an unknown name (with the nearest ones) or an option that the set does not have.
    """
    if name not in SETS:
        raise unknown("data set", name, SETS)
    try:
        return SETS[name](**options)
    except TypeError as error:
        raise CourseError(f"data set '{name}': {error}") from error
