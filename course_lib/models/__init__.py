"""One file per system, found by its name: `models/gan.py` is what `course train gan` trains.

A model file has `Config`, a frozen dataclass; `PRESETS`, a Config by the name of a data set; and one Recipe.
"""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from course_lib.data import DataInfo
from course_lib.errors import CourseError, unknown
from course_lib.training import Recipe, checkpoints, runs


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> ModuleType:
    """The model file of that name. Raises CourseError, with near names, where there is none."""
    if name not in names():
        raise unknown("model", name, names())
    return importlib.import_module(f"{__name__}.{name}")


def recipe_class(module: ModuleType) -> type[Recipe]:
    """The one Recipe that a model file defines."""
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Recipe) and value.__module__ == module.__name__
    )
    return found


def load_run(out: Path | str) -> tuple[Recipe, dict[str, Any], int]:
    """A trained model from its run directory: (recipe in evaluation mode on the CPU, config.json, step).

    Weights of which the run keeps averages are the averages.

    Raises CourseError where the directory is no run, its model is unknown, or it has no checkpoint that can be read.
    """
    out = Path(out)
    record = runs.read_config(out)
    try:
        recipe = from_record(record)
    except TypeError as error:
        raise CourseError(f"{out} was trained by another version of '{record['model']}': {error}") from error
    checkpoint = checkpoints.newest(out / "checkpoints")
    if checkpoint is None:
        raise CourseError(f"{out} has no checkpoint yet: let it train on with --resume")
    recipe.load_state_dict({**checkpoint.tensors["weights"], **checkpoint.tensors["averages"]})
    return recipe.eval(), record, checkpoint.step


def from_record(record: dict[str, Any]) -> Recipe:
    """The model that a config.json describes, its weights as they were drawn now.

    Raises CourseError for an unknown model, TypeError for settings that its Config does not have.
    """
    module = load(record["model"])
    # JSON knows no tuples, and a frozen Config holds no lists.
    config = module.Config(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in record["config"].items()}
    )
    data = DataInfo(
        shape=tuple(record["shape"]),
        classes=tuple(record["classes"]),
        attribute_names=tuple(record.get("attributes", ())),
        levels=record.get("levels"),
    )
    return recipe_class(module).build(config, data)
