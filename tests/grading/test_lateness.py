"""What lateness costs, and that only the platform's marks count."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.errors import CourseError
from course_lib.grading.intake import Submission
from course_lib.grading.lateness import Policy, days_late, factor, policy

DUE = datetime(2026, 12, 1, 23, 59, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("after", "grace", "days"),
    [
        (-DAY, "0m", 0), (timedelta(), "0m", 0), (timedelta(microseconds=1), "0m", 1), (DAY, "0m", 1),
        (DAY + MINUTE, "0m", 2), (15 * MINUTE, "15m", 0), (16 * MINUTE, "15m", 1), (DAY + 10 * MINUTE, "15m", 1),
        (3 * DAY, "2h", 3), (3 * DAY, "1d", 2),
    ],
)  # fmt: skip
def test_started_days(after, grace, days):
    submission = Submission("ada", submitted=DUE + after)
    assert days_late(submission, policy("2026-12-01T23:59Z", "10%/day", grace)) == days


@pytest.mark.parametrize(
    ("late", "submitted", "due", "days"),
    [
        (None, None, DUE, 0),  # nothing tells
        (False, None, DUE, 0),
        (True, None, DUE, 1),  # a mark without a time
        (True, None, None, 1),
        (None, DUE + 5 * DAY, None, 0),  # a time without a deadline
        (True, DUE - HOUR, DUE, 0),  # the time knows more than the mark
        (False, DUE + 2 * DAY, DUE, 2),
    ],
)
def test_only_the_platforms_marks_count(late, submitted, due, days):
    assert days_late(Submission("ada", late=late, submitted=submitted), Policy(due, 0.1)) == days


def test_times_of_other_zones_are_compared():
    submitted = datetime(2026, 12, 1, 16, 0, tzinfo=timezone(-8 * HOUR))  # 2 December, 00:00 in UTC
    assert days_late(Submission("ada", submitted=submitted), Policy(DUE)) == 1
    assert days_late(Submission("ada", submitted=submitted - 2 * MINUTE), Policy(DUE)) == 0


@pytest.mark.parametrize(
    ("late", "factors"),
    [
        ("none", [1, 1, 1, 1]),
        ("10%/day", [1, 0.9, 0.8, 0.7]),
        ("12.5 % / day", [1, 0.875, 0.75, 0.625]),
        ("40%/day", [1, 0.6, 0.2, 0]),
        ("40%/day, at most 50%", [1, 0.6, 0.5, 0.5]),
        ("10%/day, until 2 days", [1, 0.9, 0.8, 0]),
        ("10%/day, at most 15%, until 1 day", [1, 0.9, 0, 0]),
        ("0%/day, until 0 days", [1, 0, 0, 0]),
        ("100%/day", [1, 0, 0, 0]),
    ],
)
def test_what_is_left(late, factors):
    one = policy(late=late)
    assert [factor(days, one) for days in range(4)] == pytest.approx(factors)


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1), st.none() | st.integers(0, 100))
def test_what_is_left_falls_from_one_to_nothing(days, per_day, at_most, latest):
    one = Policy(per_day=per_day, at_most=at_most, latest_days=latest)
    assert 0 <= factor(days + 1, one) <= factor(days, one) <= factor(0, one) == 1


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-12-01T23:59Z", DUE),
        ("2026-12-01 23:59+00:00", DUE),
        ("2026-12-02T00:59:00+01:00", DUE),
        ("2026-12-01T23:59:30.5Z", DUE + timedelta(seconds=30.5)),
    ],
)
def test_due(text, due):
    assert policy(text).due == due


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system sets no time zone for one process")
def test_due_is_local_time_where_no_zone_is_named(monkeypatch):
    try:
        monkeypatch.setenv("TZ", "XYZ-05:30")  # five and a half hours east
        time.tzset()
        assert policy("2026-12-01T23:59").due == DUE - timedelta(hours=5.5)
        assert policy("2026-12-01T23:59").due.utcoffset() == timedelta(hours=5.5)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "due", ["", "tomorrow", "2026-12-01", "2026-13-01T00:00", "20261201T2359", "2026-12-01T", "2026-12-01T25:00",
            "2026-12-01T23:59 CET", "2026-W49-2T10:00", "0000-01-01T00:00", "9999-12-31T23:59x", "--due"],
)  # fmt: skip
def test_a_bad_deadline_is_told(due):
    with pytest.raises(CourseError, match=r"--due .*: write a date and a time, such as 2026-12-01T23:59"):
        policy(due)


@pytest.mark.parametrize(
    "late", ["", "10%", "10/day", "-10%/day", "101%/day", "10%/day, at most 200%", "10%/week", "nan%/day", "None",
             "1e9%/day", "10%/day, until forever", "10%/day at most 50%"],
)  # fmt: skip
def test_a_bad_policy_is_told(late):
    with pytest.raises(CourseError, match="--late "):
        policy(late=late)


@pytest.mark.parametrize("grace", ["", "15", "-5m", "15 minutes", "1w", "1.5h", "99999m"])
def test_a_bad_grace_is_told(grace):
    with pytest.raises(CourseError, match=r"--grace .*: write minutes, hours or days"):
        policy(grace=grace)
