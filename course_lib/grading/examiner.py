"""Mark strangers' files: the hidden tests outside, the submission in a session behind the boundary.

An `Examiner` lives long: it collects the tests once, warms one worker, and proves the course's own masters before it
judges anybody. Then `examine` takes milliseconds.
"""

import builtins
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from course_lib.errors import CourseError
from course_lib.grading import judge, mistakes
from course_lib.grading.plugin import Facts, Outcome
from course_lib.grading.records import FileResult, TestResult
from course_lib.grading.sandbox import boundary
from course_lib.grading.sandbox.boundary import Broken, Limits, Lost, Session, Zygote
from course_lib.grading.spec import ROOT, Test, read_tests
from course_lib.grading.student import Failure, Student

Prints = dict[str, list[dict]]
MAX_SOURCE = 2**20  # bytes of a submission's file


@dataclass
class Remote:
    """One submission's file behind the boundary: a session, opened again when it was lost, within its limits."""

    zygote: Zygote
    slug: str
    source: bytes
    facts: Facts
    limits: Limits
    session: Session | None = None
    spent: float = 0.0  # seconds
    opened: int = 0
    lost: Lost | None = None

    def student(self) -> Student:
        """The submission for one test: the file executed afresh. Raises Failure where it does not run."""
        if self.session is None or self.session.over:
            if self.opened > self.limits.reopen or self.spent >= self.limits.file:
                raise self._failure(self.lost or Lost("timed out", "no time is left for this file"))
            self.opened += 1
            self.session = self.zygote.open()
        load = {"source": self.source, "path": f"{self.slug}.py", "name": f"submission_{self.slug}",
                "given": self.facts.given, "excluded": self.facts.excluded}  # fmt: skip
        student = Student(self.ask, self.facts.contracts, self.facts.given_module())
        student.load(**load)
        return student

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.session.over:  # a test went on after its session had ended
            raise self._failure(self.lost)
        begun = time.monotonic()
        try:
            return self.session.ask(request, min(self.limits.call, self.limits.file - self.spent))
        except Lost as lost:
            self.lost = lost
            raise self._failure(lost) from None
        finally:
            self.spent += time.monotonic() - begun

    def _failure(self, lost: Lost) -> Failure:
        return Failure(str(lost), lost.status, status=lost.status)

    def fresh(self) -> None:
        """End the session; the next test gets a new one that counts against nothing."""
        if self.session is not None and not self.session.over:
            self.session.end()
            self.opened -= 1

    def close(self) -> None:
        if self.session is not None and not self.session.over:
            self.session.end()


class Examiner:
    """Judges files of some chapters. Use it in a `with`; raises CourseError where no sandbox can be had.

    seed: the secret from which inputs, their order and nothing else are drawn.
    known: prints of the named mistakes for this seed, where they have been made before (`make_prints`).
    """

    def __init__(self, slugs: list[str], seed: str, mode: str = "auto", limits: Limits | None = None,
                 known: dict[str, Prints] | None = None, root: Path = ROOT):  # fmt: skip
        self.slugs, self.seed, self.mode, self.root = slugs, seed, mode, root
        self.limits = limits or Limits()
        self.known = known
        self.hidden = {slug: root / "solutions" / "hidden" / f"test_{slug}.py" for slug in slugs}
        self.manifest = {slug: read_tests(path)[0] for slug, path in self.hidden.items()}
        self.facts = {slug: Facts.of(slug, root) for slug in slugs}
        self.faults: dict[str, dict[str, str]] = {}

    def __enter__(self) -> "Examiner":
        self.zygote = self._start()
        self.mode = self.zygote.mode  # a worker that dies is replaced by one of the same kind, never a weaker one
        try:
            self.tests = judge.Tests(list(self.hidden.values()), self.seed).__enter__()
            if self.known is None:
                self.known = {slug: make_prints(slug, self.tests, self.root) for slug in self.slugs}
            for slug in self.slugs:
                self.faults[slug] = self._faults(slug)
        except BaseException:
            self.zygote.close()
            raise
        return self

    def _faults(self, slug: str) -> dict[str, str]:
        """Test -> what is wrong with it, for tests that our own master does not pass."""
        try:
            outcomes, _ = self._asked_twice(slug, (self.root / "solutions" / f"{slug}.py").read_bytes())
        except Broken as broken:
            raise CourseError(f"the sandbox breaks on the course's own solutions/{slug}.py: {broken}") from None
        results = [self._result(slug, test, outcomes.get(test.name)) for test in self.manifest[slug]]
        return {one.test: one.detail or one.hint for one in results if one.status != "passed"}

    def __exit__(self, kind: type | None = None, error: BaseException | None = None,
                 traceback: TracebackType | None = None) -> None:  # fmt: skip
        self.tests.__exit__()
        self.zygote.close()

    def _start(self) -> Zygote:
        return boundary.start(self.mode, self.limits, private_places(self.root))

    def examine(self, slug: str, source: bytes) -> FileResult:
        """The result of one file. A worker that breaks is replaced and asked once more; then it is a grader fault."""
        if len(source) > MAX_SOURCE:
            return self.unjudged(slug, "over limit", f"the file has more than {MAX_SOURCE:,} bytes")
        try:
            outcomes, notes = self._asked_twice(slug, source)
        except Broken as broken:
            return self.unjudged(slug, "grader fault", str(broken))
        results = tuple(self._result(slug, test, outcomes.get(test.name)) for test in self.manifest[slug])
        return FileResult(slug, results, self.mode, tuple(notes))

    def _asked_twice(self, slug: str, source: bytes) -> tuple[dict[str, Outcome], list[str]]:
        """Outcomes and notes, of a second worker where the first one breaks. Raises Broken where both do."""
        for _ in range(2):
            try:
                outcomes, notes = self._outcomes(slug, source)
            except Broken as broken:
                trouble = str(broken)
            else:
                trouble = next((one.message for one in outcomes.values() if one.status == "grader fault"), None)
            if trouble is None:
                return outcomes, notes
            self.zygote.close()
            self.zygote = self._start()
        raise Broken(f"the worker broke twice: {trouble}")

    def unjudged(self, slug: str, status: str, detail: str) -> FileResult:
        """A result without a run: the same status for every test of the manifest."""
        hint = hint_of(Outcome("", status))
        results = [TestResult(one.name, one.exercise, one.points, status, hint, detail) for one in self.manifest[slug]]
        return FileResult(slug, tuple(results), self.mode)

    def _outcomes(self, slug: str, source: bytes) -> tuple[dict[str, Outcome], list[str]]:
        remote = Remote(self.zygote, slug, source, self.facts[slug], self.limits)
        try:
            order = f"{self.seed}/{slug}"
            outcomes = self.tests.run(lambda _: remote.student(), slug, order, self.known[slug], before=remote.fresh)
        finally:
            remote.close()
        notes = []
        if remote.opened > 1:
            notes.append(f"the session was started again {remote.opened - 1} times")
        if remote.session is not None and remote.session.printed:
            notes.append("it printed: " + remote.session.printed.decode("utf-8", "replace"))
        return outcomes, notes

    def _result(self, slug: str, test: Test, outcome: Outcome | None) -> TestResult:
        """A test of the manifest that did not run counts as wrong; one that the master fails is our fault."""
        if test.name in self.faults.get(slug, {}):
            detail = f"the master fails this test: {self.faults[slug][test.name]}"
            return TestResult(test.name, test.exercise, test.points, "grader fault", hint_of(None), detail)
        if outcome is None:
            return TestResult(test.name, test.exercise, test.points, "wrong", "The test did not run.")
        return TestResult(
            test.name, test.exercise, test.points, outcome.status, hint_of(outcome), outcome.message, outcome.mistakes,
            outcome.line,
        )  # fmt: skip


KINDS = {
    "value": "a value is not what it should be",
    "shape": "the shape is not what the contract says",
    "dtype": "the dtype is not that of the arguments",
    "kind": "it is not the kind of thing that the contract asks for",
    "property": "something that must hold of the answer does not",
    "modified": "an argument was changed in place; work on a copy",
    "no gradient": "the result carries no gradient: something cut it off",
    "not defined": "the function is missing: the stub's names must stay",
    "unusable": "the answer could not be used",
}


def hint_of(outcome: Outcome | None) -> str:
    """What the student is told: general words of ours, and no word of the submission's, which might repeat inputs."""
    if outcome is None:
        return "The grader itself failed here. Your score is not lowered; your instructor knows."
    where = f"{outcome.what}: " if outcome.what else ""
    match outcome.status:
        case "passed":
            return ""
        case "wrong":
            said = where + KINDS.get(outcome.kind, "the answer is not what the contract asks for")
        case "not implemented":
            said = "the stub is still there"
        case "crashed":
            name = outcome.kind.removeprefix("crashed: ")
            said = f"it raised {name}" if hasattr(builtins, name) else "it raised an exception or ended its process"
        case "forbidden":
            said = "it uses what the exercise excludes; the head of the file says what"
        case "over limit":
            what = outcome.kind.removeprefix("over limit: ")
            said = f"it asked for too much ({what})" if what in ("memory", "threads", "processes", "files") else (
                "it asked for too much memory, output or processes")  # fmt: skip
        case "timed out":
            said = "there was no answer in time"
        case "malformed answer":
            said = "what came back was no plain tensor, number or list of those"
        case _:
            return hint_of(None)
    return " ".join(part for part in (said[0].upper() + said[1:] + ".", outcome.why) if part)


def make_prints(slug: str, tests: judge.Tests, root: Path = ROOT) -> Prints:
    """Run every named mistake through the hidden tests, in this process: test -> failures, as `prints.read` has them.

    The inputs hang on the seed, so these are made anew for each grading directory.
    """
    wrong, _ = mistakes.read(slug, root)
    manifest = read_tests(root / "solutions" / "hidden" / f"test_{slug}.py")[0]
    found: Prints = {}
    for one in wrong:
        own = {test.name for test in manifest if test.exercise == one.exercise}
        for outcome in judge.quietly(tests, one.submission, slug, own).values():
            if outcome.print is not None:
                entry = {"mistake": one.name, "sentence": one.sentence, "print": outcome.print}
                found.setdefault(outcome.test, []).append(entry)
    return found


def private_places(root: Path = ROOT) -> tuple[Path, ...]:
    """What no submission may read."""
    return (root / "solutions", root / "tests")
