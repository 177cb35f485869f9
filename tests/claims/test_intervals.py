"""Oracles: scipy's own interval, simulation, and worked examples for the verdicts."""

import math

import numpy as np
import pytest
from scipy import stats

from course_lib.claims.intervals import Interval, above, below, student_interval, within


def test_interval_is_scipys():
    values = [1.2, 0.7, 1.9, 1.1, 1.4]
    low, high = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    interval = student_interval(values)
    assert (interval.center, interval.low, interval.high) == pytest.approx((np.mean(values), low, high), rel=1e-12)


def test_log_interval_is_that_of_the_geometric_mean():
    values = [2.0, 8.0]  # logs 1 and 3 in base 2; t_{0.975, 1} = 12.7062
    interval = student_interval(values, scale="log")
    half = 12.706204736 * (math.sqrt(2) / math.sqrt(2))
    assert interval.center == pytest.approx(4.0)
    assert interval.low == pytest.approx(2 ** (2 - half))
    assert interval.high == pytest.approx(2 ** (2 + half))


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_interval_covers_as_often_as_it_says(scale):
    """Five seeds, 4,000 experiments: the coverage lies within four standard errors (0.014) of 95%."""
    rng = np.random.default_rng(0)
    samples = rng.normal(1.0, 2.0, (4000, 5))
    truth = 1.0 if scale == "linear" else math.e
    intervals = [student_interval(row if scale == "linear" else np.exp(row), scale) for row in samples]
    coverage = np.mean([one.low <= truth <= one.high for one in intervals])
    assert coverage == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4000))


def test_equal_values_have_an_interval_of_no_width():
    assert student_interval([3.0] * 5) == Interval(3.0, 3.0, 3.0)


@pytest.mark.parametrize(
    ("values", "scale", "message"),
    [
        ([1.0], "linear", "at least 2 seeds"),
        ([], "linear", "at least 2 seeds"),
        ([1.0, math.nan], "linear", "finite"),
        ([1.0, math.inf], "linear", "finite"),
        ([1.0, 0.0], "log", "positive"),
        ([1.0, 2.0], "cubic", "'cubic'"),
    ],
)
def test_no_interval_from_bad_values(values, scale, message):
    with pytest.raises(ValueError, match=message):
        student_interval(values, scale)


@pytest.mark.parametrize(
    ("criterion", "low", "high", "verdict"),
    [
        (above(1), 1.1, 2.0, "holds"),
        (above(1), 0.9, 2.0, "undecided"),
        (above(1), 1.0, 2.0, "undecided"),
        (above(1), 0.2, 0.9, "does not hold"),
        (above(1), 1.0, 1.0, "does not hold"),
        (below(1), 0.2, 0.9, "holds"),
        (below(1), 0.2, 1.1, "undecided"),
        (below(1), 1.1, 1.2, "does not hold"),
        (within(-1, 1), -1.0, 1.0, "holds"),
        (within(-1, 1), -0.5, 1.5, "undecided"),
        (within(-1, 1), -2.0, 2.0, "undecided"),
        (within(-1, 1), 1.5, 2.0, "does not hold"),
        (within(-1, 1), -3.0, -2.0, "does not hold"),
    ],
)
def test_verdict(criterion, low, high, verdict):
    assert criterion.judge(Interval((low + high) / 2, low, high)) == verdict


def test_criteria_in_words():
    assert [one.words for one in (above(1), below(0.5), within(-0.1, 0.1))] == [
        "interval above 1",
        "interval below 0.5",
        "interval within -0.1 to 0.1",
    ]


def test_within_needs_its_ends_in_order():
    with pytest.raises(ValueError, match="must not exceed"):
        within(2, 1)
