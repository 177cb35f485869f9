"""How a failure is recognised as a named mistake.

The visible tests have fixed inputs. So each named mistake fails them at the same check with the same answer on every
machine, and that is its print: test, check, kind of failure, and a digest of the wrong answer. `course release` runs
all mistakes and writes their prints to `exercises/prints/<slug>.json`; a learner's failure with the same print gets
the mistake's sentence. The file holds wrong answers only.
"""

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_lib.errors import CourseError
from course_lib.grading.student import Failure

KEPT = 8  # entries of a tensor that a digest keeps, besides its sum and its absolute sum
SUMMED = 2**20  # entries of the largest tensor that is summed: a stranger's may fill the judge's memory


def fingerprint(failure: Failure, checks: int) -> dict:
    """JSON-able: after how many checks the test failed, why, and with which answer."""
    return {"check": checks, "kind": failure.kind, "answer": digest(failure.actual)}


def digest(value: Any) -> Any:
    """`value` as JSON of bounded size, to be compared by `alike`."""
    if isinstance(value, Tensor):
        flat = value.detach().flatten()
        flat = (flat if flat.numel() <= SUMMED else flat[:KEPT]).to(torch.float64)
        entries = [*flat[:KEPT].tolist(), flat.nansum().item(), flat.abs().nansum().item()]
        dtype = str(value.dtype).removeprefix("torch.")
        return {"shape": list(value.shape), "dtype": dtype, "entries": [digest(entry) for entry in entries]}
    if isinstance(value, dict):
        return {key: digest(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [digest(item) for item in value]
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, bool | int | str) else type(value).__name__


def alike(a: Any, b: Any) -> bool:
    """Whether two digests are of the same answer, up to a relative difference of 1e-3 (rounding, other machines)."""
    if isinstance(a, str) and isinstance(b, str) and a != b:
        try:
            return math.isclose(float(a), float(b), rel_tol=1e-3, abs_tol=1e-6)
        except ValueError:
            return False
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return a == b


def sentences(test: str, print_: dict, prints: dict[str, list[dict]]) -> list[str]:
    """The sentences of all mistakes that fail `test` with this print, each once."""
    known = prints.get(test, ())
    return list(dict.fromkeys(entry["sentence"] for entry in known if alike(entry["print"], print_)))


def read(path: Path) -> dict[str, list[dict]]:
    """test -> [{mistake, sentence, print}]; empty where there is no file. Raises CourseError for a damaged one."""
    if not path.exists():
        return {}
    try:
        prints = json.loads(path.read_text(encoding="utf-8"))
        assert all(entry.keys() == {"mistake", "sentence", "print"} for entries in prints.values() for entry in entries)
    except (ValueError, AttributeError, AssertionError):
        raise CourseError(
            f"{path.parent.name}/{path.name} is damaged; `course release {path.stem}` writes it"
        ) from None
    return prints
