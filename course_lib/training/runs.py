"""A run directory: what was trained, on what, how, and what came of it.

RUN/
    config.json      model, data, settings, seed, versions, device
    metrics.jsonl    one line of scalars every --log-every steps; no clock in it, so a repeated run repeats it
    samples/         000200.png …: the same latents as training goes on
    checkpoints/     see `checkpoints`
"""

import dataclasses
import json
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from course_lib.errors import CourseError
from course_lib.files import write_json, write_whole
from course_lib.training.recipe import Recipe

# What makes two runs the same run: going on with another value here would be another experiment.
SETTINGS = ("model", "data", "data_options", "shape", "config", "seed", "precision", "accumulate")
LOCK = ".lock"


def describe(
    recipe: Recipe,
    data: Any,
    *,
    data_options: dict[str, Any],
    seed: int,
    precision: str,
    accumulate: int,
    steps: int,
    device: torch.device,
    processes: int,
) -> dict[str, Any]:
    """What config.json holds. The model is called by the file that it is in."""
    record = {
        "model": type(recipe).__module__.rpartition(".")[2],
        "data": data.name,
        "data_options": data_options,
        "shape": data.shape,
        "classes": data.classes,
        "levels": data.levels,
        "attributes": data.attribute_names,
        "config": dataclasses.asdict(recipe.config),
        "seed": seed,
        "precision": precision,
        "accumulate": accumulate,
        "steps": steps,
        "environment": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "threads": torch.get_num_threads(),
            "processes": processes,
        },
    }
    return json.loads(json.dumps(record))  # tuples to lists, as it will be read


def check(out: Path, record: dict[str, Any], resume: bool) -> list[str]:
    """May a run of this description begin in `out`, or go on there? Changes nothing.

    Returns remarks for the user: what about this machine keeps a resumed run from repeating the same numbers.
    Raises CourseError for a directory that is not empty without `resume`, no run, of another model or other settings.
    """
    if out.exists() and not out.is_dir():
        raise CourseError(f"{out} is a file: choose another --out")
    contents = list(out.iterdir()) if out.is_dir() else []
    if all(path.suffix == ".part" or path.name == LOCK for path in contents):  # empty, or of a run killed as it began
        return []
    if not resume:
        raise CourseError(f"{out} is not empty: add --resume to go on with it, or choose another --out")
    before = read_config(out)
    _refuse_another(out, before, record)
    return [
        f"{key} was {before['environment'].get(key)} and is {value} now: the figures will not repeat to the last digit"
        for key, value in record["environment"].items()
        if key != "python" and before["environment"].get(key) != value
    ]


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Make the directory, and keep other processes from training in it. Raises CourseError where one does already."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / LOCK, timeout=0):
            yield
    except Timeout as error:
        raise CourseError(f"another process is training in {out}: wait for it, or choose another --out") from error


def begin(out: Path, record: dict[str, Any], step: int) -> None:
    """Write config.json, cut metrics.jsonl back to this step, and remove what a kill left of a checkpoint."""
    for part in (out / "checkpoints").glob("*.part"):
        shutil.rmtree(part, ignore_errors=True)
    write_json(out / "config.json", record)
    cut_metrics(out, step)


def read_config(out: Path) -> dict[str, Any]:
    """config.json of a run. Raises CourseError where there is none, or it is not a run's."""
    try:
        record = json.loads((out / "config.json").read_bytes())
    except OSError as error:
        raise CourseError(f"{out} is no run directory: it has no config.json") from error
    except ValueError as error:
        raise CourseError(f"{out / 'config.json'} is not JSON: restore it from a copy") from error
    if not isinstance(record, dict) or not record.keys() >= {*SETTINGS, "steps", "environment"}:
        raise CourseError(f"{out / 'config.json'} is not the configuration of a run")
    return record


def cut_metrics(out: Path, step: int) -> None:
    """Drop the lines of metrics.jsonl after this step, and a last one cut short: they will be computed again."""
    path = out / "metrics.jsonl"
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines():
        try:
            if json.loads(line)["step"] > step:
                break
        except (ValueError, KeyError, TypeError):
            break
        kept.append(line + "\n")
    write_whole(path, "".join(kept).encode())


def read_metrics(out: Path) -> list[dict[str, float]]:
    """The lines of metrics.jsonl: "step", and a number for each scalar of the recipe."""
    path = Path(out) / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]  # the last may be half written


def _refuse_another(out: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    if before["model"] != now["model"]:
        raise CourseError(f"{out} holds a run of '{before['model']}', not of '{now['model']}': choose another --out")
    there, here = _flat(before), _flat(now)
    if now["config"].get("schedule", "constant") != "constant":  # it falls to 0 at the last step
        there["steps"], here["steps"] = before["steps"], now["steps"]
    differ = [
        f"{key} is {there.get(key, 'absent')} there, {here.get(key, 'absent')} here"
        for key in sorted(there.keys() | here.keys())
        if there.get(key) != here.get(key)
    ]
    if differ:
        raise CourseError(
            f"{out} holds a run with other settings ({'; '.join(differ)}): match them, or choose another --out"
        )


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    settings = {key: record[key] for key in SETTINGS}
    for group in ("config", "data_options"):
        settings.update({f"{group}.{key}": value for key, value in settings.pop(group).items()})
    return settings
