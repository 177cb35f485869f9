"""Run many submissions through tests that are collected once.

`Tests` collects and runs; where the submission's code is, it cannot tell. `run` is for code that is trusted, in this
process: the learner's own files, and proving the exercises against mistakes and variants. Strangers' code goes through
`examiner`.
"""

import contextlib
import io
import random
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.config import _prepareconfig
from _pytest.main import Session
from _pytest.runner import runtestprotocol

from course_lib.grading import plugin
from course_lib.grading.plugin import Outcome
from course_lib.grading.spec import ROOT, Chapter
from course_lib.grading.student import Student

Submission = Callable[[str], ModuleType | Student]
"""slug -> the submission for it, afresh: a module in this process, or what stands for it."""


@dataclass(frozen=True)
class Verdict:
    """One submission's outcomes for one chapter, against what the chapter asks."""

    chapter: Chapter
    outcomes: dict[str, Outcome]

    def points(self, exercise: str | None = None) -> float:
        """Points of the tests that passed. A test with no outcome counts as not passed."""
        return sum(
            test.points
            for one in self.chapter.exercises
            if exercise in (None, one.name)
            for test in one.tests
            if test.name in self.outcomes and self.outcomes[test.name].status == "passed"
        )


class Tests:
    """The tests of some files, collected once and run again and again, within `with`.

    Raises RuntimeError where they cannot be collected: the course is broken, not a submission.
    """

    __test__ = False  # not one of pytest's

    def __init__(self, files: list[Path], seed: int | str = 0):
        self.files, self.seed = files, seed
        self.errors: list[str] = []

    def __enter__(self) -> "Tests":
        # No assertion rewriting: pytest would warn of every plugin that this process has imported already.
        quiet = ["-o", "addopts=", "--import-mode=importlib", "--assert=plain", "--disable-plugin-autoload",
                 "--capture=no", "-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:logging",
                 "-p", "no:unraisableexception"]  # fmt: skip
        options = [f"--rootdir={ROOT}", "-c", f"{ROOT}/pyproject.toml", *quiet]
        self.config = _prepareconfig([*options, *map(str, self.files)], [plugin, self])
        self.config.option.seed = self.seed
        self.config.option.tbstyle = "line"  # `explain` says it; drawing a traceback takes ten times the test
        self.config._do_configure()
        self.session = Session.from_config(self.config)
        self.config.hook.pytest_sessionstart(session=self.session)
        with contextlib.redirect_stdout(io.StringIO()):
            self.config.hook.pytest_collection(session=self.session)
        if self.errors or not self.session.items:
            self.__exit__()
            raise RuntimeError("the tests could not be collected\n" + "\n".join(self.errors))
        return self

    def __exit__(self, *_: object) -> None:
        self.session._setupstate.teardown_exact(None)
        self.config.hook.pytest_sessionfinish(session=self.session, exitstatus=0)
        self.config._ensure_unconfigure()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append(report.longreprtext)

    def run(
        self, submission: Submission, slug: str | None = None, order: str | None = None, prints: dict | None = None,
        before: Callable[[], None] | None = None, only: set[str] | None = None,
    ) -> dict[str, Outcome]:  # fmt: skip
        """Outcomes by test name. slug, only: of this chapter, these tests. order: a seed to shuffle them by.

        prints: test -> prints of mistakes, where they are not those of the visible tests.
        before: called before each test that is marked `fresh`.
        """
        items = [item for item in self.session.items if slug in (None, item.path.stem.removeprefix("test_"))]
        items = [item for item in items if only is None or item.name in only]
        if order is not None:
            random.Random(order).shuffle(items)
        self.config.course_submission, self.config.course_prints = submission, prints
        outcomes: dict[str, Outcome] = {}
        try:
            for i, item in enumerate(items):
                item._report_sections.clear()  # else one submission's output turns up in the next one's report
                item.course_trial = None
                if before is not None and item.get_closest_marker("fresh"):
                    before()
                following = items[i + 1] if i + 1 < len(items) else None
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # warnings never cost points
                    reports = runtestprotocol(item, log=False, nextitem=following)
                for report in reports:
                    for key, value in report.user_properties:
                        if key == "course":
                            outcomes.setdefault(value["test"], Outcome(**value))
                item.user_properties.clear()
        except BaseException:
            self.session._setupstate.teardown_exact(None)  # else no test of another file could begin
            raise
        return outcomes


def run(files: list[Path], submissions: Iterable[Submission], seed: int | str = 0) -> Iterator[dict[str, Outcome]]:
    """For each submission the outcomes of all tests in `files`, by test name. What it prints is lost."""
    with Tests(files, seed) as tests:
        return iter([quietly(tests, submission) for submission in submissions])


def quietly(
    tests: Tests, submission: Submission, slug: str | None = None, only: set[str] | None = None
) -> dict[str, Outcome]:
    """The outcomes of a submission in this process, without what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return tests.run(submission, slug, only=only)
