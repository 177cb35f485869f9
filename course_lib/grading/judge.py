"""Run many submissions through tests that are collected once, in this process.

For the learner's own files and for proving the exercises against mistakes and variants: the submission's code is
trusted here. (Strangers' code runs in a worker; the tests stay the same.)
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.runner import runtestprotocol

from course_lib.grading import plugin
from course_lib.grading.plugin import Outcome
from course_lib.grading.spec import ROOT, Chapter

Submission = Callable[[str], ModuleType]
"""slug -> the submission's module for it, executed afresh."""


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


class Loop:
    """Replaces pytest's loop over the items: all items for the first submission, then for the next."""

    def __init__(self, submissions: Iterable[Submission]):
        self.submissions = submissions
        self.results: list[dict[str, Outcome]] = []
        self.errors: list[str] = []
        self.outcomes: dict[str, Outcome] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for make in self.submissions:
            session.config.course_submission = make
            self.outcomes = {}
            for i, item in enumerate(session.items):
                item._report_sections.clear()  # else one submission's output turns up in the next one's report
                item.course_trial = None
                following = session.items[i + 1] if i + 1 < len(session.items) else None
                for report in runtestprotocol(item, log=False, nextitem=following):
                    self.note(report)
            self.results.append(self.outcomes)
        return True

    def note(self, report: pytest.TestReport) -> None:
        for key, value in report.user_properties:
            if key == "course":
                self.outcomes.setdefault(value["test"], Outcome(**value))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append(report.longreprtext)


def run(files: list[Path], submissions: Iterable[Submission], seed: int = 0) -> Iterator[dict[str, Outcome]]:
    """For each submission the outcomes of all tests in `files`, by test name.

    Raises RuntimeError where the tests cannot be collected: the course is broken, not the submission.
    """
    loop = Loop(submissions)
    # No assertion rewriting: pytest would warn of every plugin that this process has imported already.
    quiet = ["-o", "addopts=", "--import-mode=importlib", "--assert=plain", "--disable-plugin-autoload",
             "-p", "no:terminal", "-p", "no:cacheprovider"]  # fmt: skip
    options = [f"--rootdir={ROOT}", "-c", f"{ROOT}/pyproject.toml", *quiet, f"--seed={seed}"]
    code = pytest.main([*options, *map(str, files)], plugins=[plugin, loop])
    if loop.errors or code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"the tests could not be run (pytest: {code!r})\n" + "\n".join(loop.errors))
    return iter(loop.results)
