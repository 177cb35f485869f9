"""The pytest plugin: fixtures `student` and `rng` for the exercises' tests, and failures in one sentence.

pytest exercises/test_gan.py                            the files beside the tests
pytest exercises --submission solutions                 those of another folder
pytest solutions/hidden --submission DIR --seed 7       hidden tests, with secret inputs drawn from seed 7
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy
import pytest
import torch
from torch import Tensor

from course_lib.grading import prints
from course_lib.grading.expect import TRIAL, Trial
from course_lib.grading.sandbox import excluded as excluding
from course_lib.grading.sandbox.boundary import Broken
from course_lib.grading.sandbox.inside import execute, first_line
from course_lib.grading.spec import ROOT, excluded, signatures
from course_lib.grading.student import Contract, Failure, Student, load, local


@dataclass(frozen=True)
class Outcome:
    """What one test says of a submission. status: as in `records.STATUSES`; kind, what, why, line: see `Failure`."""

    test: str
    status: str
    message: str = ""
    mistakes: tuple[str, ...] = ()  # sentences of the mistakes recognised
    print: dict | None = None
    kind: str = ""
    what: str = ""
    why: str = ""
    line: int | None = None


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


@dataclass(frozen=True)
class Facts:
    """What is read once of a chapter: what it excludes, its signatures, its prints, and the source of what is given."""

    excluded: dict[str, str]
    contracts: dict[str, Contract]
    prints: dict[str, list[dict]]
    given: bytes | None

    @staticmethod
    def of(slug: str, root: Path = ROOT) -> "Facts":
        given = root / "exercises" / "given" / f"{slug}.py"
        return Facts(
            excluded(slug, root),
            signatures(slug, root),
            prints.read(root / "exercises" / "prints" / f"{slug}.json"),
            given.read_bytes() if given.exists() else None,
        )

    def given_module(self) -> ModuleType | None:
        return None if self.given is None else execute(self.given, "given.py", "given")

    def in_process(self, module: ModuleType) -> Student:
        """A trusted submission, with what it is handed."""
        uses = excluding.uses(getattr(module, "__course_source__", b""), self.excluded)
        return local(module, self.given_module(), self.contracts, uses)


LONGEST = 8000  # characters of a message: what a stranger's code returns may be in it
FACTS = pytest.StashKey[dict[str, Facts]]()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Inputs:
    """Inputs that depend on the test's name alone (visible tests) or on --seed as well (hidden tests)."""
    name = f"{request.path.stem}/{request.node.name}"
    if request.path.parent.name != "hidden":
        return Inputs(zlib.crc32(f"{name}/0".encode()))
    # All of a long secret, so that no number of inputs seen tells the next.
    secret = hashlib.sha256(f"{request.config.getoption('--seed')}/{name}".encode()).digest()
    return Inputs(int.from_bytes(secret[:8], "little") >> 1)


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Iterator[Student]:
    """The submission's functions; the file is executed afresh for each test."""
    slug = request.path.stem.removeprefix("test_")
    make = getattr(request.config, "course_submission", None) or submission(request.config.getoption("--submission"))
    known = getattr(request.config, "course_prints", None)
    torch.default_generator.manual_seed(0)  # torch.manual_seed asks every kind of device: 4 ms
    numpy.random.seed(0)
    one = make(slug)
    if known is None or not isinstance(one, Student):
        facts = request.config.stash.setdefault(FACTS, {})
        if slug not in facts:
            facts[slug] = Facts.of(slug)
        known = facts[slug].prints if known is None else known
        one = one if isinstance(one, Student) else facts[slug].in_process(one)
    trial = Trial(request.node.name, one, known)
    token = TRIAL.set(trial)
    request.node.course_trial = trial
    yield trial.student
    TRIAL.reset(token)


def submission(folder: str | None) -> Callable[[str], ModuleType]:
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
    if isinstance(error, Broken):
        error = Failure(f"the grader failed: {error}", "broken", status="grader fault")
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
    trial = getattr(item, "course_trial", None)
    said = Outcome(item.name, failure.status, str(failure)[:LONGEST], kind=failure.kind, what=failure.what,
                   why=failure.why, line=failure.line)  # fmt: skip
    if trial is None or failure.status in ("not implemented", "grader fault"):
        return said
    print_ = prints.fingerprint(failure, trial.checks)
    return replace(said, mistakes=tuple(prints.sentences(trial.test, print_, trial.prints)), print=print_)


def explain(outcome: Outcome) -> str:
    """The failure and, where it is recognised, the likeliest misconception; two at most."""
    return outcome.message + "".join(f"\n    Perhaps: {sentence}" for sentence in outcome.mistakes[:2])
