"""What the user is told: the error that is theirs to mend, and the warning that is not."""

import difflib
from collections.abc import Iterable


class CourseError(ValueError):
    """A mistake of the user's, told in one line that says what to do; the command line prints that line alone."""


class CourseWarning(UserWarning):
    """What the user should know though work goes on; the command line prints it as one line."""


def unknown(kind: str, name: str, known: Iterable[str]) -> CourseError:
    """The error for a name that is not among the known ones, with the nearest of them."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}."
    return CourseError(f"unknown {kind} '{name}': {hint}")
