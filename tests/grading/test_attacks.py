"""Hostile submissions gain no point, delay nobody, and honest ones beside them keep theirs. `make attack` runs this."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from course_lib.grading import batch, intake
from course_lib.grading.examiner import Examiner
from course_lib.grading.records import STATUSES
from course_lib.grading.sandbox.boundary import Limits
from course_lib.grading.spec import ROOT
from course_lib.grading.student import load

HERE = Path(__file__).parent
LIMITS = Limits(call=2.0, file=4.0)
CHAPTERS = ["divergences", "gan", "vae"]


@dataclass(frozen=True)
class Attack:
    name: str
    chapter: str
    statuses: frozenset[str]
    points: float
    source: bytes


def header(source: bytes) -> dict[str, str]:
    """The `# name: value` lines at the head of a file."""
    lines = source.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").splitlines()[:6]
    found = (re.match(r"# (attack|status|points|chapter): (.*\S)", line) for line in lines)
    return dict(match.groups() for match in found if match)


def attacks() -> list[Attack]:
    found = []
    for path in sorted((HERE / "attacks").glob("*/*.py")):
        source = path.read_bytes()
        said = header(source)
        statuses = frozenset(said["status"].split("|"))
        chapter = said.get("chapter", "divergences")
        found.append(Attack(f"{path.parent.name}/{path.stem}", chapter, statuses, float(said["points"]), source))
    return found


ALL = attacks()


@pytest.fixture(scope="module")
def attack_files():
    return load(HERE / "attacks" / "malformed_files.py", "malformed_files")


@pytest.fixture(scope="module")
def examiner(sandboxed):
    with Examiner(CHAPTERS, "attacked", "full", LIMITS, known={slug: {} for slug in CHAPTERS}) as one:
        assert not any(one.faults.values())
        yield one


def test_the_corpus_is_large_and_says_what_it_does():
    assert len(ALL) >= 200
    groups = {one.name.split("/")[0] for one in ALL}
    assert groups == {"forging", "fake_values", "stealing", "exhausting", "malformed"}
    assert all(one.statuses <= STATUSES.keys() and one.chapter in CHAPTERS for one in ALL)


@pytest.mark.slow
@pytest.mark.parametrize("attack", ALL, ids=lambda one: one.name)
def test_an_attack_gains_nothing_and_costs_nobody(examiner, attack):
    begun = time.monotonic()
    result = examiner.examine(attack.chapter, attack.source)
    took = time.monotonic() - begun
    assert result.points == attack.points, [(one.test, one.status, one.detail[:300]) for one in result.results]
    assert result.status in attack.statuses, [(one.test, one.status, one.detail[:300]) for one in result.results]
    assert took < LIMITS.file + 10
    honest = examiner.examine(attack.chapter, (ROOT / "solutions" / f"{attack.chapter}.py").read_bytes())
    assert honest.points == 10, [(one.test, one.detail) for one in honest.results if one.status != "passed"]


@pytest.mark.parametrize("path", sorted((HERE / "honest").glob("*.py")), ids=lambda path: path.stem)
def test_an_honest_oddity_keeps_its_points(examiner, path):
    result = examiner.examine("divergences", path.read_bytes())
    assert result.points == 10, [(one.test, one.detail) for one in result.results if one.status != "passed"]


@pytest.mark.slow
def test_malformed_files_in_one_batch(examiner, tmp_path, attack_files):
    """As a download: names and bytes of every kind beside honest ones, graded in one run."""
    folder = tmp_path / "handed in"
    folder.mkdir()
    attack_files.build(folder)
    grades = {
        one.submission: one
        for one in batch.grade(folder, tmp_path / "grades", chapters=("divergences",), limits=LIMITS, jobs=1,
                               progress=False)
    }  # fmt: skip
    assert len(grades) == len(attack_files.SUBMISSIONS)
    wrong = []
    for one in attack_files.SUBMISSIONS:
        grade = grades.get(one.submission) or grades.get(intake_name(one.submission))
        if grade is None:
            wrong.append((one.submission, "is not there"))
        elif grade.total != one.points or grade.status not in one.status.split("|"):
            wrong.append((one.submission, one.what, grade.total, grade.status, grade.problems))
    assert wrong == []


def intake_name(name: str) -> str:
    """A folder's name that is no text comes back with its bytes spelt out."""
    return name.encode("utf-8", "backslashreplace").decode()


def test_names_of_pages_are_safe(attack_files):
    names = [intake.file_name(one.submission) for one in attack_files.SUBMISSIONS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\w.-]{1,150}", name, re.ASCII) and not name.startswith(".") for name in names)
