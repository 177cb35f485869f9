"""How a chapter states a claim: a sentence, where it stands in print, an experiment, and what would bear it out.

@claim(
    "Where D rejects the samples, the non-saturating loss gives the generator the larger gradient.",
    source="Goodfellow et al. (2014), section 3",
    holds=above(1.0),
    scale="log",
)
def early_gradient_ratio(seed: int, scale: Scale) -> Measurement:
    \"\"\"Ratio of the gradients' norms at the generator's output after D has had 200 steps alone.\"\"\"
    ...
    return Measurement(a / b, arms={"non-saturating": a, "saturating": b})
"""

import functools
import hashlib
import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np
import torch

from course_lib.claims.intervals import Criterion
from course_lib.errors import CourseError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Scale:
    """How large an experiment to run. `scale(2000)` is 2000 at full scale and 100 in a quick look."""

    name: str
    fraction: float

    def __call__(self, full: int, least: int = 1) -> int:
        """The full number of steps, samples, …, or the quick run's share of it, never below `least`."""
        return full if self.fraction == 1 else max(least, round(full * self.fraction))


FULL = Scale("full", 1.0)
QUICK = Scale("quick", 0.05)


@dataclass(frozen=True)
class Measurement:
    """What one seed gave.

    value: the number that the criterion is about (a ratio, a difference of paired arms, a slope).
    arms: the figures that it was formed from, by the arm's name.
    series: curves for the page, by name: numbers or lists of them, of the same shape for every seed.
    All may be tensors or arrays. Raises CourseError where the value or an arm is no finite number.
    """

    value: float
    arms: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _finite("value", self.value))
        object.__setattr__(self, "arms", {name: _finite(f"arm '{name}'", arm) for name, arm in self.arms.items()})
        object.__setattr__(self, "series", {name: _rounded(values) for name, values in self.series.items()})


@dataclass(frozen=True)
class Claim:
    """A claim with its experiment; call it as `claim(seed, scale)`. Made by `@claim`."""

    name: str
    statement: str
    source: str
    criterion: Criterion
    scale: Literal["linear", "log"]
    measures: str  # first paragraph of the function's docstring
    experiment: Callable[[int, Scale], Measurement]

    def __call__(self, seed: int, scale: Scale) -> Measurement:
        """Run the experiment, its random numbers fixed by the seed and the claim's name alone."""
        with _seeded(self.name, seed):
            measurement = self.experiment(seed, scale)
        if not isinstance(measurement, Measurement):
            raise CourseError(f"claim '{self.name}' returned {type(measurement).__name__}, not a Measurement")
        return measurement


@dataclass(frozen=True)
class NotTestable:
    """A claim that needs what is not here. Made by `not_testable`."""

    statement: str
    source: str
    reason: str
    command: str


def claim(
    statement: str, *, source: str, holds: Criterion, scale: Literal["linear", "log"] = "linear"
) -> Callable[[Callable[[int, Scale], Measurement]], Claim]:
    """Declare that the function below measures this claim.

    statement: one sentence that could be false.  source: where it stands: paper and section, or the notes' public name.
    holds: `above`, `below` or `within`: where the whole 95% interval over seeds must lie.
    scale: "log" for ratios: the interval is then that of the geometric mean.
    The function takes (seed, scale), says in its docstring what its value is, and returns a Measurement.
    Raises CourseError where it has no docstring.
    """

    def declare(experiment: Callable[[int, Scale], Measurement]) -> Claim:
        measures = " ".join((experiment.__doc__ or "").strip().split("\n\n")[0].split())
        if not measures:
            raise CourseError(f"claim '{experiment.__name__}' needs a docstring that says what its value is")
        return Claim(experiment.__name__, statement, source, holds, scale, measures, experiment)

    return declare


def not_testable(statement: str, *, source: str, reason: str, command: str) -> NotTestable:
    """Declare a claim that cannot be measured here, by assigning it to its name in the chapter's file.

    reason: what is missing ("needs a GPU: 64 px take nine hours on two cores").  command: what to run where it is not.
    """
    return NotTestable(statement, source, reason, command)


def shared_run(function: Callable[P, R]) -> Callable[P, R]:
    """Let several claims of a chapter share one training: the function runs once for each seed and scale.

    function(seed, scale, …) takes hashable arguments. Its random numbers are its own, so it does not matter which claim
    asks first. What it returns is handed to every claim: do not change it in place.
    """

    @functools.lru_cache(maxsize=16)
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _seeded(function.__name__, kwargs.get("seed", args[0] if args else 0)):
            return function(*args, **kwargs)

    return run


@contextmanager
def _seeded(name: str, seed: int) -> Iterator[None]:
    """Python's, numpy's and torch's global generators seeded for this block, and as they were after it."""
    start = int.from_bytes(hashlib.sha256(f"{name} {seed}".encode()).digest()[:4], "big")
    python, legacy_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            random.seed(start)
            np.random.seed(start)
            torch.manual_seed(start)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy_numpy)


def _finite(name: str, number: Any) -> float:
    number = float(number)
    if not math.isfinite(number):
        raise CourseError(f"{name} is {number}: a measurement must be finite")
    return number


def _rounded(values: Any) -> Any:
    """Nested lists of six significant digits, which keeps committed results small; None where not finite."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
    values = np.asarray(values, dtype=float).tolist()

    def visit(value: Any) -> Any:
        if isinstance(value, list):
            return [visit(item) for item in value]
        return float(f"{value:.6g}") if math.isfinite(value) else None

    return visit(values)
