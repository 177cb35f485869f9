"""The pytest plugin: fixtures `student` and `rng` for the exercises' tests, and failures in one sentence.

pytest exercises/test_gan.py                            the files beside the tests
pytest exercises --submission solutions                 those of another folder
pytest solutions/hidden --submission DIR --seed 7       hidden tests, with secret inputs drawn from seed 7
"""

import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy
import pytest
import torch
from torch import Tensor

from course_lib.grading import prints
from course_lib.grading.expect import TRIAL, Trial
from course_lib.grading.spec import ROOT
from course_lib.grading.student import Crashed, Failure, NotImplementedYet, Student, first_line, load


@dataclass(frozen=True)
class Outcome:
    """What one test says of a submission. status: passed, not implemented, wrong, crashed."""

    test: str
    status: str
    message: str = ""
    mistakes: tuple[str, ...] = ()  # sentences of the mistakes recognised
    print: dict | None = None


class Inputs:
    """Random inputs for tests, from one seed. Tensors are float64 unless said otherwise."""

    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(shape, generator=self.generator, dtype=torch.float64).to(dtype)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor:
        return (low + (high - low) * torch.rand(shape, generator=self.generator, dtype=torch.float64)).to(dtype)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """int64 in [low, high)."""
        return torch.randint(low, high, shape, generator=self.generator)

    def simplex(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        """Probability vectors over the last axis, uniform on the simplex."""
        exponential = -torch.rand(shape, generator=self.generator, dtype=torch.float64).clamp(min=1e-12).log()
        return (exponential / exponential.sum(-1, keepdim=True)).to(dtype)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("course", "the course's exercises")
    group.addoption("--submission", metavar="DIR", help="folder whose <slug>.py files are tested (default: exercises/)")
    group.addoption("--seed", type=int, default=0, help="seed of the inputs of hidden tests (default: 0)")


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--submission", default=None)
    if folder is not None and not Path(folder).is_dir():
        raise pytest.UsageError(f"--submission {folder}: no such folder")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "student" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore"))  # a learner's warnings never cost points


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Inputs:
    """Inputs that depend on the test's name alone (visible tests) or on --seed as well (hidden tests)."""
    hidden = request.path.parent.name == "hidden"
    seed = request.config.getoption("--seed") if hidden else 0
    return Inputs(zlib.crc32(f"{request.path.stem}/{request.node.name}/{seed}".encode()))


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Iterator[Student]:
    """The submission's functions; the file is executed afresh for each test."""
    slug = request.path.stem.removeprefix("test_")
    torch.manual_seed(0)
    numpy.random.seed(0)
    make = getattr(request.config, "course_submission", None) or submission(request.config.getoption("--submission"))
    given_file = ROOT / "exercises" / "given" / f"{slug}.py"
    given = load(given_file, f"given_{slug}") if given_file.exists() else None
    trial = Trial(request.node.name, Student(make(slug), given))
    trial.prints = prints.read(ROOT / "exercises" / "prints" / f"{slug}.json")
    token = TRIAL.set(trial)
    request.node.course_trial = trial
    yield trial.student
    TRIAL.reset(token)


def submission(folder: str | None):
    """slug -> the module of that folder's file, executed afresh."""
    return lambda slug: load(Path(folder or ROOT / "exercises") / f"{slug}.py", f"submission_{slug}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Say of a failed exercise in a sentence what is wrong; leave the outcome where judge and check can read it."""
    report = yield
    if "student" not in getattr(item, "fixturenames", ()) or call.when == "teardown":
        return report
    if call.excinfo is None:
        if call.when == "call":
            report.user_properties.append(("course", asdict(Outcome(item.name, "passed"))))
        return report
    error = call.excinfo.value
    if not isinstance(error, Failure):
        if isinstance(error, KeyboardInterrupt) or getattr(item, "course_trial", None) is None:
            return report
        # The test itself stumbled over an answer, by something that no check had caught.
        error = Failure(f"the answer could not be used: {type(error).__name__}: {first_line(error)}", "unusable")
    outcome = outcome_of(item, error)
    report.outcome = "failed"
    report.longrepr = explain(outcome)
    report.user_properties.append(("course", asdict(outcome)))
    return report


def outcome_of(item: pytest.Item, failure: Failure) -> Outcome:
    status = {NotImplementedYet: "not implemented", Crashed: "crashed"}.get(type(failure), "wrong")
    trial = getattr(item, "course_trial", None)
    if trial is None or status == "not implemented":
        return Outcome(item.name, status, str(failure))
    print_ = prints.fingerprint(failure, trial.checks)
    return Outcome(item.name, status, str(failure), tuple(prints.sentences(trial.test, print_, trial.prints)), print_)


def explain(outcome: Outcome) -> str:
    """The failure and, where it is recognised, the likeliest misconception; two at most."""
    return outcome.message + "".join(f"\n    Perhaps: {sentence}" for sentence in outcome.mistakes[:2])
