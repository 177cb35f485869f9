"""From one value per seed to an interval, and from the interval to a verdict.

A Student-t interval and not a bootstrap: with five seeds the percentile bootstrap covers far less than it says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from course_lib.errors import CourseError

LEVEL = 0.95

Verdict = Literal["holds", "does not hold", "undecided", "not testable here"]


@dataclass(frozen=True)
class Interval:
    """center is the mean over seeds, or their geometric mean on a log scale; low <= center <= high."""

    center: float
    low: float
    high: float
    level: float = LEVEL


def student_interval(
    values: Sequence[float], scale: Literal["linear", "log"] = "linear", level: float = LEVEL
) -> Interval:
    """Student-t interval of the mean: mean ± t_{n-1} s / sqrt(n); on a log scale, of the geometric mean.

    values: one for each seed, at least two, finite; positive on a log scale. Equal values give an interval of no width.
    Raises CourseError otherwise.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or len(array) < 2:
        raise CourseError(f"an interval needs at least 2 seeds, got {array.size}")
    if not np.isfinite(array).all():
        raise CourseError(f"an interval needs finite values, got {array.tolist()}")
    if scale not in ("linear", "log"):
        raise CourseError(f"scale is 'linear' or 'log', not '{scale}'")
    if scale == "log":
        if (array <= 0).any():
            raise CourseError(f"a log scale needs positive values, got {array.tolist()}")
        array = np.log(array)
    center = float(array.mean())
    half = float(stats.t.ppf((1 + level) / 2, len(array) - 1) * array.std(ddof=1) / math.sqrt(len(array)))
    ends = (center, center - half, center + half)
    return Interval(*(math.exp(end) for end in ends) if scale == "log" else ends, level)


@dataclass(frozen=True)
class Criterion:
    """Where the whole interval must lie: above `low`, below `high`, or (with both) from `low` to `high`."""

    low: float | None = None
    high: float | None = None

    @property
    def words(self) -> str:
        if self.high is None:
            return f"interval above {self.low:g}"
        if self.low is None:
            return f"interval below {self.high:g}"
        return f"interval within {self.low:g} to {self.high:g}"

    def judge(self, interval: Interval) -> Verdict:
        """holds: the whole interval meets the criterion.  does not hold: no point of it does.  undecided: it straddles.

        `above` and `below` are strict, `within` includes its ends.
        """
        if self.low is not None and self.high is not None:
            meets = self.low <= interval.low and interval.high <= self.high
            misses = interval.high < self.low or interval.low > self.high
        elif self.low is not None:
            meets, misses = interval.low > self.low, interval.high <= self.low
        else:
            meets, misses = interval.high < self.high, interval.low >= self.high
        return "holds" if meets else "does not hold" if misses else "undecided"


def above(low: float) -> Criterion:
    """The whole interval lies above `low`."""
    return Criterion(low=float(low))


def below(high: float) -> Criterion:
    """The whole interval lies below `high`."""
    return Criterion(high=float(high))


def within(low: float, high: float) -> Criterion:
    """The whole interval lies from `low` to `high`. Raises CourseError where low > high."""
    if not low <= high:
        raise CourseError(f"within({low}, {high}): the first end must not exceed the second")
    return Criterion(float(low), float(high))
