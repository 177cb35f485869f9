"""What grading says of a test, a file, a submission. Plain values that a journal holds and every report reads."""

from dataclasses import asdict, dataclass, field
from typing import Any

# From best to worst; a file's status is the worst of its tests', a submission's the worst of its files'.
STATUSES = {
    "passed": "the answer is right",
    "not implemented": "the stub's `raise NotImplementedError` is still there",
    "missing": "no such file was handed in",
    "wrong": "the answer is not what the contract asks for",
    "forbidden": "the exercise excludes an import or call that the function uses",
    "crashed": "the code raised an exception or ended its process",
    "malformed answer": "what came back is no plain value, or no message at all",
    "over limit": "the code asked for too much memory, too many threads or processes, or wrote too much",
    "timed out": "the code did not answer in time",
    "grader fault": "the grader failed, not the submission; no score is lowered by it",
}


def worst(statuses: Any) -> str:
    """The worst of these statuses; "missing" where there are none."""
    return max(statuses, key=list(STATUSES).index, default="missing")


@dataclass(frozen=True)
class TestResult:
    """One test of one submission.

    detail: for the instructor alone: it may hold secret inputs, expected values and the submission's own words.
    hint: for the student too: says in general words what was wrong, and repeats nothing that the submission wrote.
    mistakes: sentences of the misconceptions recognised. line: of the submission's file, where it crashed.
    """

    __test__ = False  # not one of pytest's

    test: str
    exercise: str
    points: float
    status: str
    hint: str = ""
    detail: str = ""
    mistakes: tuple[str, ...] = ()
    line: int | None = None

    @property
    def earned(self) -> float:
        """A test that our own master fails never lowers a score."""
        return self.points if self.status in ("passed", "grader fault") else 0.0


@dataclass(frozen=True)
class FileResult:
    """One `<slug>.py` of one submission: a result for every test of the manifest, run or not.

    sandbox: the mode it ran in: full, reduced, none.
    notes: what the instructor should know (output cut off, the session reopened); for the instructor alone.
    """

    slug: str
    results: tuple[TestResult, ...]
    sandbox: str
    notes: tuple[str, ...] = ()

    @property
    def maximum(self) -> float:
        return sum(result.points for result in self.results)

    @property
    def ungraded(self) -> bool:
        """Nothing could be judged. Full points would reward whoever breaks the grader, and none would be unjust."""
        return bool(self.results) and all(result.status == "grader fault" for result in self.results)

    @property
    def points(self) -> float:
        return 0.0 if self.ungraded else sum(result.earned for result in self.results)

    @property
    def status(self) -> str:
        return worst(result.status for result in self.results)


@dataclass(frozen=True)
class Override:
    """Points of one file set by hand. A later one takes the place of an earlier; the journal keeps both."""

    slug: str
    points: float
    reason: str
    by: str
    date: str


@dataclass(frozen=True)
class Grade:
    """One submission, whole.

    submission: unique in a batch, what grades.csv calls it. name: the person's, where the download tells it.
    ids: what other systems call it: canvas, moodle, gradescope, email; only those known.
    days_late: started days after the deadline; 0 in time or unknown. factor: what lateness leaves of the points.
    problems: what intake found: duplicates, renamed files, refused ones.
    """

    submission: str
    name: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    files: dict[str, FileResult] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    days_late: int = 0
    factor: float = 1.0
    problems: tuple[str, ...] = ()

    @property
    def maximum(self) -> float:
        return sum(one.maximum for one in self.files.values())

    def points(self, slug: str) -> float:
        """Of one file, after lateness; a point set by hand is final."""
        return self.overrides[slug].points if slug in self.overrides else self.files[slug].points * self.factor

    def ungraded(self, slug: str) -> bool:
        """Whether nothing could be judged of this file, and nobody has set its points by hand."""
        return slug not in self.overrides and self.files[slug].ungraded

    @property
    def total(self) -> float:
        return sum(self.points(slug) for slug in self.files)

    @property
    def status(self) -> str:
        return worst(one.status for one in self.files.values())


def to_json(result: FileResult) -> dict[str, Any]:
    return asdict(result)


def from_json(value: dict[str, Any]) -> FileResult:
    """The inverse of `to_json`. Raises KeyError or TypeError where it is not such a value."""
    results = [TestResult(**{**one, "mistakes": tuple(one["mistakes"])}) for one in value["results"]]
    return FileResult(**{**value, "results": tuple(results), "notes": tuple(value["notes"])})
