"""What lateness costs. When something was handed in, only the platform says: see `intake`."""

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from course_lib.errors import CourseError

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Policy:
    """What a class agreed on.

    due: the deadline, with a time zone; None where only the platform's own marks count. grace: what it is stretched by.
    per_day: the share of the earned points that each started day costs, in [0, 1], and at_most all days together.
    latest_days: started days after which nothing is left; None for never.
    """

    due: datetime | None = None
    per_day: float = 0.0
    grace: timedelta = timedelta()
    at_most: float = 1.0
    latest_days: int | None = None


class Dated(Protocol):
    """What lateness needs of a submission."""

    @property
    def late(self) -> bool | None: ...
    @property
    def submitted(self) -> datetime | None: ...


def policy(due: str | None = None, late: str = "none", grace: str = "0m") -> Policy:
    """A policy from the words of a command line.

    due: 2026-12-01T23:59, in the local time zone unless it names one (2026-12-01T23:59+01:00).
    late: none, or 10%/day; then, if wanted, at most 50%, and until 7 days: "10%/day, at most 50%, until 7 days".
    grace: 15m, 2h or 1d.
    Raises CourseError where they say something else.
    """
    words = re.fullmatch(
        r"(\d+(?:\.\d+)?)\s*%\s*/\s*day(?:,\s*at most\s+(\d+(?:\.\d+)?)\s*%)?(?:,\s*until\s+(\d{1,4})\s*days?)?",
        late.strip(),
    )
    if not words and late.strip() != "none":
        raise CourseError(f"--late {late}: write none, or 10%/day, or more of it: '10%/day, at most 50%, until 7 days'")
    per_day, at_most, latest = words.groups() if words else ("0", None, None)
    shares = float(per_day) / 100, float(at_most or 100) / 100
    if max(shares) > 1:
        raise CourseError(f"--late {late}: more than 100% of the points cannot be lost")
    return Policy(_due(due), shares[0], _grace(grace), shares[1], int(latest) if latest else None)


def _due(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        # A day without a time would mean its first moment, which is not what anyone means by a deadline.
        if not re.match(r"\d{4}-\d\d-\d\d[T ]\d", text):
            raise ValueError
        due = datetime.fromisoformat(text)
        return due if due.tzinfo else due.astimezone()
    except (ValueError, OverflowError, OSError):
        raise CourseError(f"--due {text}: write a date and a time, such as 2026-12-01T23:59") from None


def _grace(text: str) -> timedelta:
    words = re.fullmatch(r"(\d{1,4})\s*([mhd])", text.strip())
    if not words:
        raise CourseError(f"--grace {text}: write minutes, hours or days, such as 15m, 2h or 1d")
    return int(words[1]) * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY}[words[2]]


def days_late(submission: Dated, policy: Policy) -> int:
    """Started days after the deadline and its grace; 0 in time, or where nothing tells.

    A time that the platform wrote is compared with the deadline. A mark without a time counts as one day.
    """
    if submission.submitted is not None and policy.due is not None:
        return max(0, math.ceil((submission.submitted - policy.due - policy.grace) / DAY))
    return 1 if submission.late else 0


def factor(days: int, policy: Policy) -> float:
    """What is left of the earned points after so many started days, in [0, 1]."""
    if days <= 0:
        return 1.0
    if policy.latest_days is not None and days > policy.latest_days:
        return 0.0
    return 1.0 - min(1.0, policy.at_most, days * policy.per_day)
