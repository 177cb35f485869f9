"""The one error that is the user's to mend."""

import difflib
from collections.abc import Iterable


class CourseError(ValueError):
    """A mistake of the user's, told in one line that says what to do; the command line prints it without a traceback."""


def unknown(kind: str, name: str, known: Iterable[str]) -> CourseError:
    """The error for a name that is not among the known ones, with the nearest of them."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(known)}."
    return CourseError(f"unknown {kind} '{name}': {hint}")
