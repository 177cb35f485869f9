"""The comparison that explains itself."""

import math
from types import ModuleType

import pytest
import torch

from course_lib.grading.expect import TRIAL, Trial, expect, expect_true
from course_lib.grading.student import Failure, local


@pytest.fixture
def trial():
    module = ModuleType("answers")
    module.f = lambda x, y: (x * y).sum(-1)
    student = local(module)
    token = TRIAL.set(Trial("test_f", student))
    yield TRIAL.get()
    TRIAL.reset(token)


def message(*args, **kwargs) -> str:
    with pytest.raises(Failure) as caught:
        expect(*args, **kwargs)
    return str(caught.value)


def test_shows_the_row_that_failed_with_its_arguments(trial):
    x, y = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.5]])
    said = message(trial.student.f(x, y), torch.tensor([3.0, 6.0]))
    assert said == "f: expected 6, got 5 at [1] for x = [3, 4], y = [1, 0.5]"
    assert trial.checks == 1


def test_large_arguments_are_described(trial):
    x = torch.ones(2, 30)
    assert "x = <tensor of shape [30] and dtype float32>" in message(trial.student.f(x, x), torch.tensor([30.0, 31.0]))


@pytest.mark.parametrize(
    ("actual", "expected", "words"),
    [
        (1.0, torch.tensor(1.0), "expected a tensor of shape"),
        (None, torch.tensor(1.0), "is there a return"),
        (torch.ones(3, 1), torch.ones(3), r"expected shape \[3\], got \[3, 1\]"),
        (torch.ones(3, dtype=torch.float64), torch.ones(3), "keep the dtype"),
        (torch.tensor([1.0, math.nan]), torch.ones(2), r"expected 1, got nan at \[1\]"),
        (torch.tensor([math.inf]), torch.tensor([-math.inf]), "expected -inf, got inf"),
        (torch.tensor([1.0 + 1e-3]), torch.ones(1), "expected 1, got 1.001"),
        (True, 1, "expected a number, got a bool"),
        ("1", 1.0, "expected a number"),
        (0.3, 0.30001, "expected 0.30001, got 0.3"),
        ((1.0,), (1.0, 2.0), "a tuple of 2, got a tuple of 1"),
        ([1.0], (1.0,), "expected a tuple"),
        ({"a": 1.0}, {"b": 1.0}, "'b' is missing"),
        ({"a": torch.ones(2)}, {"a": torch.zeros(2)}, r"\['a'\]: expected 0, got 1"),
        ("yes", "no", "expected 'no', got 'yes'"),
    ],
)
def test_refuses(actual, expected, words):
    with pytest.raises(Failure, match=words):
        expect(actual, expected)


def test_accepts():
    expect(torch.tensor([math.inf, math.nan, 1.0]), torch.tensor([math.inf, math.nan, 1.0 + 1e-6]))
    expect(torch.tensor(0.5), 0.5)
    expect(0.1 + 0.2, 0.3)
    expect({"a": (1, [torch.ones(1)])}, {"a": (1, [torch.ones(1)])})
    expect(None, None)
    expect_true(True, "fine")


def test_objects_equal_to_everything_are_not():
    anything = type("Anything", (), {"__eq__": lambda *_: True, "__hash__": None})()
    for expected in (1.0, True, "text", torch.ones(1), None):
        with pytest.raises(Failure):
            expect(anything, expected)


def test_property_names_the_function(trial):
    answer = trial.student.f(torch.ones(2, 2), torch.ones(2, 2))
    with pytest.raises(Failure, match=r"^f: should be positive"):
        expect_true(False, "should be positive", actual=answer)
