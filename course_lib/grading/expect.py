"""The comparison of an exercise's test: exact about kind, shape and dtype, close in value, and able to explain itself.

A failed `expect` says which function, what was expected, what came, for which arguments, and, where the answer is a
named mistake's (`prints`), what was probably misunderstood.
"""

import math
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from course_lib.grading.sandbox.inside import describe
from course_lib.grading.student import Call, Failure, Student

TOLERANCE = {torch.float64: (1e-7, 1e-9), torch.float32: (1e-4, 1e-6), torch.float16: (1e-2, 1e-3)}


@dataclass
class Trial:
    """One run of one test: its function's name, and how many checks it has made so far."""

    test: str
    student: Student
    prints: dict[str, list[dict]] = field(default_factory=dict)
    checks: int = 0


TRIAL: ContextVar[Trial | None] = ContextVar("trial", default=None)


def expect(
    actual: Any, expected: Any, *, rtol: float | None = None, atol: float | None = None, what: str = "", why: str = ""
) -> None:
    """Check that `actual`, which came from the student, is `expected`, which came from an independent oracle.

    A tensor must have the same shape and dtype and be close (by default 1e-7 relative in float64, 1e-4 in float32;
    infinities must match; NaN matches nothing unless it is expected). A number must be close; True, None and
    strings equal; tuples, lists and dicts item by item. A tensor of shape [] passes where a number is expected.

    what: a phrase for what is compared, if it is not the function's own result ("its gradient in p").
    why: a sentence for the learner, shown when no named mistake explains the failure.
    """
    __tracebackhide__ = True
    trial = TRIAL.get()
    if trial:
        trial.checks += 1
    call = made_by(trial, actual)
    label = (call.name if call else "the answer") + (f", {what}" if what else "")
    try:
        compare(label, actual, expected, call, rtol, atol, why)
    except Failure as failure:
        failure.what, failure.why = what, why
        raise


def expect_true(condition: Any, message: str, *, actual: Any = None) -> None:
    """Check a property of an answer. `message` says what should have been, and what was. `actual`: its evidence."""
    __tracebackhide__ = True
    trial = TRIAL.get()
    if trial:
        trial.checks += 1
    if not condition:
        call = made_by(trial, actual)
        raise Failure(f"{call.name}: {message}" if call else message, "property", actual)


def compare(label: str, actual: Any, expected: Any, call: Call | None, rtol: float | None, atol: float | None,
            why: str = "") -> None:  # fmt: skip
    __tracebackhide__ = True
    tail = f" {why}" if why else ""
    if isinstance(expected, dict | list | tuple):
        if type(actual) is not type(expected) or len(actual) != len(expected):
            raise Failure(
                f"{label}: expected a {type(expected).__name__} of {len(expected)}, got {describe(actual)}"
                + (f" of {len(actual)}" if isinstance(actual, dict | list | tuple) else "") + tail,
                "kind", describe(actual))  # fmt: skip
        keys = expected if isinstance(expected, dict) else range(len(expected))
        for key in keys:
            if isinstance(expected, dict) and key not in actual:
                raise Failure(f"{label}: {key!r} is missing from {list(actual)}{tail}", "kind", list(actual))
            compare(f"{label}[{key!r}]", actual[key], expected[key], call, rtol, atol, why)
        return
    if isinstance(expected, Tensor):
        if not isinstance(actual, Tensor):
            raise Failure(
                f"{label}: expected {describe(expected)}, got {describe(actual)}{tail}", "kind", describe(actual)
            )
        if actual.shape != expected.shape:
            raise Failure(
                f"{label}: expected shape {list(expected.shape)}, got {list(actual.shape)}{tail}", "shape", actual
            )
        if actual.dtype != expected.dtype:
            raise Failure(
                f"{label}: expected dtype {short(expected.dtype)}, got {short(actual.dtype)}; keep the dtype of the "
                f"arguments{tail}",
                "dtype",
                actual,
            )
        default = TOLERANCE.get(expected.dtype, (0.0, 0.0))
        close = torch.isclose(
            actual.cpu(),
            expected.cpu(),
            rtol=default[0] if rtol is None else rtol,
            atol=default[1] if atol is None else atol,
            equal_nan=True,
        )
        if not bool(close.all()):
            where = tuple((~close).nonzero()[0].tolist())
            position = f" at {list(where)}" if where else ""
            raise Failure(
                f"{label}: expected {number(expected[where].item())}, got {number(actual[where].item())}{position}"
                f"{given(call, where, actual)}{tail}",
                "value",
                actual,
            )
        return
    if isinstance(expected, float) or (isinstance(expected, int) and not isinstance(expected, bool)):
        if isinstance(actual, Tensor) and actual.ndim == 0 and actual.dtype != torch.bool:
            actual = actual.item()
        if isinstance(actual, bool) or not isinstance(actual, int | float):
            raise Failure(f"{label}: expected a number, got {describe(actual)}{tail}", "kind", describe(actual))
        close = actual == expected or math.isclose(
            actual, expected, rel_tol=1e-7 if rtol is None else rtol, abs_tol=1e-9 if atol is None else atol
        )
        if not (close or (math.isnan(expected) and math.isnan(actual))):
            raise Failure(
                f"{label}: expected {number(expected)}, got {number(actual)}{given(call, (), actual)}{tail}",
                "value",
                actual,
            )
        return
    if type(actual) is not type(expected) or actual != expected:
        raise Failure(
            f"{label}: expected {expected!r}, got "
            f"{repr(actual)[:200] if isinstance(actual, str | bool) else describe(actual)}{tail}",
            "value",
            describe(actual),
        )


def made_by(trial: Trial | None, actual: Any) -> Call | None:
    """The call that brought back `actual`; where the test has computed with it, the last call."""
    if trial is None or not trial.student.calls:
        return None
    for call in reversed(trial.student.calls):
        if any(contains(result, actual) for result in call.results):
            return call
    return trial.student.calls[-1]


def contains(result: Any, actual: Any) -> bool:
    if result is actual:
        return not isinstance(actual, bool | int | float | None)
    items = result.values() if isinstance(result, dict) else result if isinstance(result, tuple | list) else ()
    return any(contains(item, actual) for item in items)


def given(call: Call | None, where: tuple[int, ...], actual: Any) -> str:
    """The arguments, cut to the row that failed where they share the answer's leading axis."""
    if call is None:
        return ""
    rows = actual.shape[0] if isinstance(actual, Tensor) and actual.ndim else None
    shown = []
    for name, value in call.arguments.items():
        if isinstance(value, Tensor):
            if rows and value.ndim and value.shape[0] == rows and where:
                value = value[where[0]]
            value = rounded(value.detach()) if value.numel() <= 12 else f"<{describe(value).removeprefix('a ')}>"
        shown.append(f"{name} = {value}")
    return f" for {', '.join(shown)}" if shown else ""


def rounded(value: Tensor) -> str:
    if value.ndim == 0:
        return number(value.item())
    return "[" + ", ".join(rounded(item) for item in value) + "]"


def number(value: float | int | bool) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
