"""`course grade`: kills, repeats, workers and clusters change no byte of what comes out."""

import json
import random
import shutil
import stat
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from course_lib.errors import CourseError, CourseWarning
from course_lib.grading import batch, intake, lateness
from course_lib.grading.journal import Journal
from course_lib.grading.records import FileResult, TestResult
from course_lib.grading.sandbox.boundary import Limits
from course_lib.grading.spec import ROOT, read_tests
from tests.grading.conftest import descendants, gone

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("sandboxed")]

MASTER = (ROOT / "solutions" / "divergences.py").read_bytes()
STUB = (ROOT / "exercises" / "divergences.py").read_bytes()
WRONG = MASTER.replace(b"return -(p * safe_q.log()).sum(-1)", b"return (p * safe_q.log()).sum(-1)")
SECRET = "0f" * 32
LIMITS = Limits(call=2, file=15)


def hand_in(folder: Path, **files: bytes) -> Path:
    for name, content in files.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "divergences.py").write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def homework(tmp_path_factory):
    """24: right ones that all differ, wrong ones, stubs that are equal, one that crashes, one that hangs."""
    folder = tmp_path_factory.mktemp("homework")
    right = {f"right{i:02}": MASTER + f"# {i}\n".encode() for i in range(14)}
    return hand_in(
        folder, **right, wrong1=WRONG, wrong2=WRONG + b"# 2\n", stub1=STUB, stub2=STUB, stub3=STUB, broken=b"def f(:\n",
        hangs=MASTER.replace(b"    m = (p + q) / 2\n", b"    while True: pass\n"), ends=b"import os; os._exit(0)\n",
        empty=b"", prints=MASTER + b"print('x' * 100)\n",
    )  # fmt: skip


def grade(folder: Path, out: Path, **options) -> list:
    """With the same secret everywhere, so that results can be compared."""
    (out / ".journal").mkdir(mode=0o700, parents=True, exist_ok=True)
    (out / ".journal" / "secret").write_text(SECRET)
    return batch.grade(folder, out, limits=LIMITS, progress=False, **options)


def written(out: Path) -> dict[str, bytes]:
    """Everything but the journal."""
    paths = [path for path in out.rglob("*") if path.is_file() and ".journal" not in path.parts]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


def results(out: Path) -> Counter:
    with Journal.opened(out) as journal:
        return Counter(record["key"] for record in journal.records() if record["kind"] == "result")


@pytest.fixture(scope="module")
def uninterrupted(homework, tmp_path_factory):
    out = tmp_path_factory.mktemp("grades")
    grades = {one.submission: one for one in grade(homework, out, jobs=1)}
    return out, grades


def test_everyone_gets_what_they_earned(uninterrupted):
    out, grades = uninterrupted
    assert {name: one.total for name, one in grades.items() if name.startswith("right")} == dict.fromkeys(
        (f"right{i:02}" for i in range(14)), 10
    )
    expected = {"wrong1": "wrong", "stub1": "not implemented", "broken": "crashed", "hangs": "timed out",
                "ends": "crashed", "empty": "wrong", "prints": "passed"}  # fmt: skip
    assert {name: grades[name].status for name in expected} == expected
    assert grades["wrong1"].total == grades["hangs"].total == 8
    rows = (out / "grades.csv").read_text().splitlines()
    assert rows[0] == "submission,total,maximum,status,divergences"
    assert "stub1,0,10,not implemented,0" in rows
    assert len(rows) == 25
    said = [one.mistakes for one in grades["wrong1"].files["divergences"].results if one.status == "wrong"]
    assert any(said), "the missing minus sign is a named mistake"


def test_equal_files_are_graded_once_and_nothing_twice(uninterrupted, homework):
    out, _ = uninterrupted
    before = results(out)
    assert len(before) == 22  # three stubs are one file
    assert set(before.values()) == {1}
    pages = written(out)
    grade(homework, out, jobs=1)
    assert results(out) == before
    assert written(out) == pages


def test_two_workers_write_the_same_bytes(uninterrupted, homework, tmp_path):
    grade(homework, tmp_path, jobs=2)
    assert written(tmp_path) == written(uninterrupted[0])


def test_killed_at_any_moment_with_its_workers_it_comes_to_the_same(uninterrupted, homework, tmp_path):
    """As an instructor does it: by the command, with one worker or two, killed while they start, while they work …"""
    (tmp_path / ".journal").mkdir(mode=0o700)
    (tmp_path / ".journal" / "secret").write_text(SECRET)
    command = [sys.executable, "-m", "course_lib.cli", "grade", str(homework), "--out", str(tmp_path),
               "--call-seconds", "2", "--file-seconds", "15", "--jobs"]  # fmt: skip
    moments = random.Random(20261122)
    begun = time.monotonic()
    families = []
    for number in range(5):
        jobs = str(2 - number % 2)
        process = subprocess.Popen([*command, jobs], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = tmp_path / ".journal" / "results.jsonl"
        before = lines.stat().st_size if lines.exists() else 0
        while number > 1 and process.poll() is None and time.monotonic() < begun + 300:
            if lines.exists() and lines.stat().st_size > before:  # the first two are killed before they have workers
                break
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 3 if number < 2 else 0.3))
        families.append(descendants(process.pid))
        process.kill()
        process.communicate()
    assert any(len(family) >= 4 for family in families), "some had workers, and those had sandboxes"
    assert gone(set().union(*families)), "a killed run leaves nobody behind"
    done = subprocess.run([*command, "1"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("24 submissions: 15 passed, 3 not implemented, ")
    assert written(tmp_path) == written(uninterrupted[0])
    assert set(results(tmp_path).values()) == {1}
    assert sum(results(tmp_path).values()) == 22


def test_a_result_that_is_lost_is_no_zero(uninterrupted, homework, tmp_path):
    """Damage to the journal is told; nobody's points change before the file is graded again."""
    out = shutil.copytree(uninterrupted[0], tmp_path / "grades")
    journal = out / ".journal" / "results.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0].replace(b"result", b"resalt", 1), *lines[1:]]))
    pages = written(out)
    for work in (
        lambda: batch.override(out, "right00", "divergences", 5, "x", "me"),
        lambda: batch.export(out, None, None, tmp_path / "scope", None, None),
    ):
        with pytest.raises(CourseError, match=r"has lost a result of .*: run `course grade` again"), pytest.warns(
            CourseWarning, match="has 1 damaged lines"
        ):  # fmt: skip
            work()
    assert written(out) == pages
    with pytest.warns(CourseWarning, match="results in them are graded again"):
        grade(homework, out, jobs=1)
    assert written(out) == pages


class Perfect:
    """An examiner that judges nothing."""

    def __init__(self, setup):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def status(self, source):
        return "passed"

    def examine(self, slug, source):
        tests = read_tests(ROOT / "solutions" / "hidden" / f"test_{slug}.py")[0]
        found = [TestResult(one.name, one.exercise, one.points, self.status(source), detail="why") for one in tests]
        return FileResult(slug, tuple(found), "full")


def test_a_fault_of_the_graders_is_tried_again_by_the_next_run(homework, tmp_path, monkeypatch):
    """It is shown, and not kept: what is kept would never be graded again."""

    class Faulty(Perfect):
        broken = True

        def status(self, source):
            return "grader fault" if Faulty.broken and b"# 3\n" in source else "passed"

    monkeypatch.setattr(batch, "_examiner", Faulty)
    grades = {one.submission: one for one in grade(homework, tmp_path, jobs=1)}
    assert grades["right03"].status == "grader fault"
    assert "right03,,10,grader fault," in (tmp_path / "grades.csv").read_text(), "neither points nor a zero"
    assert "Grader fault" in batch.summary(list(grades.values()), tmp_path)
    assert sum(results(tmp_path).values()) == 21
    assert [one.submission for one in batch.load(tmp_path)[0] if one.status == "grader fault"] == ["right03"]
    Faulty.broken = False
    grades = {one.submission: one for one in grade(homework, tmp_path, jobs=1)}
    assert grades["right03"].total == 10
    assert sum(results(tmp_path).values()) == 22


def test_a_deadline_counts_from_when_the_platform_had_it(tmp_path, monkeypatch):
    """Names tell nothing here, the platform's times do: in time, within the grace, a minute after it, days after it."""
    due = datetime(2026, 12, 1, 23, 59, tzinfo=UTC)
    after = {"early": timedelta(-1), "grace": timedelta(minutes=10), "late": timedelta(minutes=16),
             "later": timedelta(days=2, hours=1), "never": timedelta(days=30), "unknown": None}  # fmt: skip
    people = [
        intake.Submission(name, files={"divergences": b"x"}, submitted=due + wait if wait is not None else None)
        for name, wait in after.items()
    ]
    monkeypatch.setattr(batch.intake, "read", lambda folder, slugs: people)
    monkeypatch.setattr(batch, "_examiner", Perfect)
    policy = lateness.policy("2026-12-01T23:59+00:00", "10%/day, at most 50%, until 9 days", "15m")
    (tmp_path / "class").mkdir()
    found = {one.submission: one for one in grade(tmp_path / "class", tmp_path / "grades", jobs=1, policy=policy)}
    assert {name: (one.days_late, one.total) for name, one in found.items()} == {
        "early": (0, 10), "grace": (0, 10), "late": (1, 9), "later": (3, 7), "never": (30, 0), "unknown": (0, 10),
    }  # fmt: skip


def test_a_chapter_named_twice_is_one_column(uninterrupted, homework, tmp_path):
    out = shutil.copytree(uninterrupted[0], tmp_path / "grades")
    grade(homework, out, jobs=1, chapters=("divergences", "divergences"))
    assert written(out) == written(uninterrupted[0])


def test_all_that_is_written_is_its_owners_alone(uninterrupted):
    out, _ = uninterrupted
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*")}
    assert {oct(mode) for path, mode in modes.items() if path.is_file()} == {"0o600"} | {
        oct(modes[out / ".journal" / "secret"])  # written by this test
    }
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} == {"0o700"}


def test_a_changed_file_is_graded_anew_and_only_that(uninterrupted, homework, tmp_path):
    shutil.copytree(uninterrupted[0], tmp_path / "grades")
    changed = shutil.copytree(homework, tmp_path / "homework")
    (changed / "wrong1" / "divergences.py").write_bytes(MASTER + b"# mended\n")
    before = results(tmp_path / "grades")
    grades = {one.submission: one for one in grade(changed, tmp_path / "grades", jobs=1)}
    assert grades["wrong1"].total == 10
    assert (results(tmp_path / "grades") - before).total() == 1


def test_points_by_hand_and_regrading_leave_a_trail(uninterrupted, homework, tmp_path):
    out = shutil.copytree(uninterrupted[0], tmp_path / "grades")
    one = batch.override(out, "wrong1", "divergences", 9.5, "the sign was a slip", "J. Doe")
    assert one.total == 9.5
    batch.override(out, "wrong1", "divergences", 9, "on second thoughts", "J. Doe")
    assert "wrong1,9,10,wrong,9" in (out / "grades.csv").read_text()
    page = next((out / "students").glob("wrong1*")).read_text()
    assert "on second thoughts" in page
    grades = {one.submission: one for one in grade(homework, out, jobs=1, regrade=("wrong1",))}
    assert grades["wrong1"].total == 9  # by hand is final
    assert grades["wrong1"].files["divergences"].points == 8
    with Journal.opened(out) as journal:
        kinds = Counter(record["kind"] for record in journal.records())
        reasons = [record["reason"] for record in journal.records() if record["kind"] == "override"]
    assert kinds["override"] == 2
    assert kinds["regrade"] == 1
    assert kinds["result"] == 23
    assert reasons == ["the sign was a slip", "on second thoughts"]
    for points, reason, name in ((11, "x", "wrong1"), (-1, "x", "wrong1"), (5, " ", "wrong1"), (5, "x", "wrogn1")):
        with pytest.raises(CourseError):
            batch.override(out, name, "divergences", points, reason, "me")


def test_lateness_takes_its_share(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "lovelaceada_LATE_12_345_divergences.py").write_bytes(MASTER)
    (folder / "hopper_13_346_divergences.py").write_bytes(MASTER)
    found = grade(folder, tmp_path / "grades", jobs=1, policy=lateness.policy(late="10%/day"))
    assert sorted((one.total, one.days_late) for one in found) == [(9, 1), (10, 0)]


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same(uninterrupted, homework, tmp_path):
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        grade(homework, tmp_path, scheduler=cluster.scheduler_address)
    assert written(tmp_path) == written(uninterrupted[0])


def test_a_worker_with_another_version_refuses():
    setup = batch.Setup(("divergences",), SECRET, "auto", LIMITS, {"divergences": {}}, {"divergences": "another"})
    with pytest.raises(CourseError, match="another version"):
        batch.examine(setup, "divergences", MASTER)


def test_bad_input_is_one_line(homework, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "CONNECT", "1s")
    for options, words in (
        ({"chapters": ("divergence",)}, "did you mean divergences"),
        ({"jobs": 0}, "--jobs must be at least 1"),
        ({"regrade": ("right99",)}, "unknown submission"),
        ({"scheduler": "tcp://127.0.0.1:9"}, "no Dask scheduler answers"),
    ):
        with pytest.raises(CourseError, match=words):
            batch.grade(homework, tmp_path / "grades", progress=False, **options)
    with pytest.raises(CourseError, match="lies within the submissions"):
        batch.grade(homework, homework / "grades")
    with pytest.raises(CourseError, match="no such folder"):
        batch.grade(tmp_path / "nowhere", tmp_path / "grades")
    nobody = tmp_path / "nobody"
    (nobody / "ada").mkdir(parents=True)
    (nobody / "ada" / "notes.txt").write_text("none")
    with pytest.raises(CourseError, match="nobody handed in"):
        batch.grade(nobody, tmp_path / "grades")


def test_the_batch_file_holds_no_result(uninterrupted):
    kept = json.loads((uninterrupted[0] / ".journal" / "batch.json").read_text())
    assert kept["chapters"] == ["divergences"]
    assert all(row["faults"] == {} for row in kept["submissions"])
