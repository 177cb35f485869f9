"""The decorators of an exercise's tests."""

from collections.abc import Callable

import pytest


def points(value: float, exercise: str) -> Callable:
    """This test is worth `value` points of `exercise` (the function's name). A chapter's tests total ten."""
    return pytest.mark.points(value, exercise)


def teaches(*labels: str) -> Callable:
    """The equations of the chapter, by label, that a learner understands when this test passes."""
    return pytest.mark.teaches(*labels)


fresh = pytest.mark.fresh
"""This test gets a session of its own from the sandboxed grader: no state of an earlier test's can matter to it."""
