"""`course check`, its table in a notebook and plain pytest give the same verdicts."""

import os
import re
import subprocess
import sys

import pytest

from course_lib.grading import judge, progress
from course_lib.grading.plugin import Outcome
from course_lib.grading.records import STATUSES, worst
from course_lib.grading.spec import ROOT, chapter


@pytest.fixture
def submission(tmp_path):
    """divergences with one exercise right, one a named mistake, one crashing, the rest not begun."""
    master = (ROOT / "solutions" / "divergences.py").read_text()
    stub = (ROOT / "exercises" / "divergences.py").read_text()
    parts = dict(zip(re.findall(r"^def (\w+)", stub, re.M), stub.split("\ndef ")[1:], strict=True))
    right = dict(zip(re.findall(r"^def (\w+)", master, re.M), master.split("\ndef ")[1:], strict=True))
    parts["gaussian_kl"] = right["gaussian_kl"]
    parts["cross_entropy"] = parts["cross_entropy"].replace("raise NotImplementedError", "return (p * q.log()).sum(-1)")
    parts["js_divergence"] = parts["js_divergence"].replace("raise NotImplementedError", "return p.nothing")
    (tmp_path / "divergences.py").write_text("\ndef ".join([stub.split("\ndef ")[0], *parts.values()]))
    return tmp_path


def test_lines_say_what_happened(submission):
    result = {line.exercise: line for line in progress.lines(chapter("divergences"), str(submission))}
    assert {name: line.status for name, line in result.items()} == {
        "kl_divergence": "not implemented",
        "cross_entropy": "wrong",
        "js_divergence": "crashed",
        "gaussian_kl": "passed",
        "monte_carlo_kl": "not implemented",
    }
    assert result["gaussian_kl"].points == 2
    assert "The minus sign is missing" in result["cross_entropy"].messages[0]
    assert "js_divergence raised AttributeError" in result["js_divergence"].messages[0]


def test_every_status_shows_on_a_terminal_and_on_a_page(monkeypatch, capsys):
    one = chapter("divergences")
    names = [exercise.name for exercise in one.exercises]
    for status in STATUSES:
        found = [progress.Line(name, status, 2.0 if status == "passed" else 0.0, 2.0, ("because",)) for name in names]
        monkeypatch.setattr(progress, "lines", lambda one, submission, found=found: found)
        assert progress.check("divergences") == (status == "passed")
        said = capsys.readouterr().out
        mark = {"passed": "✓", "not implemented": "·", "missing": "·", "grader fault": "!"}.get(status, "✗")
        assert f"  {mark} kl_divergence" in said
        assert status in said or status in ("passed", "wrong", "crashed"), "for those the message says it"
        assert said.count("because") == 1


def test_an_exercise_has_the_worst_status_of_its_tests():
    exercise = chapter("divergences").exercise("kl_divergence")
    first, *others = [test.name for test in exercise.tests]
    for status in STATUSES:
        outcomes = {first: Outcome(first, status), **{name: Outcome(name, "passed") for name in others}}
        found = progress._line(exercise, judge.Verdict(chapter("divergences"), outcomes))
        assert found.status == status
        outcomes = {name: Outcome(name, "wrong") for name in others} | {first: Outcome(first, status)}
        found = progress._line(exercise, judge.Verdict(chapter("divergences"), outcomes))
        assert found.status == worst(["wrong", status])
    assert progress._line(exercise, judge.Verdict(chapter("divergences"), {})).status == "wrong", "a test did not run"


def test_an_excluded_call_and_a_missing_file_are_told(tmp_path, capsys):
    master = (ROOT / "solutions" / "divergences.py").read_text()
    uses = "\n\ndef kl_divergence(p, q):\n    return torch.distributions.kl_divergence(p, q)\n"
    (tmp_path / "divergences.py").write_text(master + uses)
    assert not progress.check("divergences", submission=str(tmp_path))
    said = capsys.readouterr().out
    assert "✗ kl_divergence                0 of 2   forbidden" in said
    assert "kl_divergence: uses torch.distributions.kl_divergence; build it from elementary operations" in said
    (tmp_path / "divergences.py").unlink()
    assert not progress.check("divergences", submission=str(tmp_path))
    said = capsys.readouterr().out
    assert said.count("divergences.py is missing") == 1
    assert "· kl_divergence                0 of 2   missing" in said


def test_terminal_output(submission, capsys):
    assert not progress.check("divergences", submission=str(submission), hints=True)
    said = capsys.readouterr().out
    assert "2 of 10 points" in said
    assert "Hint 1:" in said
    assert "Next: kl_divergence in" in said
    assert said.count("has no attribute 'nothing'") == 1, "the same message is said once"


def test_everything_right(capsys):
    assert progress.check("divergences", submission=str(ROOT / "solutions"))
    assert "10 of 10 points" in capsys.readouterr().out


def test_a_broken_file_is_one_message(tmp_path, capsys):
    (tmp_path / "divergences.py").write_text("def kl_divergence(p, q:\n")
    assert not progress.check("divergences", submission=str(tmp_path))
    said = capsys.readouterr().out
    assert said.count("SyntaxError") == 1
    assert "0 of 10" in said


def test_bad_names():
    with pytest.raises(ValueError, match="did you mean"):
        progress.check("divergencies")
    with pytest.raises(ValueError, match="no such folder"):
        progress.check("gan", submission="/nowhere/at/all")


def pytest_run(*args):
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *args], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_plain_pytest_says_the_same(submission):
    run = pytest_run("exercises/test_divergences.py", "--submission", str(submission))
    assert run.returncode == 1
    assert "kl_divergence is not implemented yet" in run.stdout
    assert "Perhaps: The minus sign is missing: a cross-entropy is never negative." in run.stdout
    assert "2 passed" in run.stdout
    assert "Traceback" not in run.stdout


@pytest.mark.slow
def test_plain_pytest_on_the_masters_has_full_points():
    run = pytest_run("exercises", "solutions/hidden", "--submission", "solutions")
    assert run.returncode == 0, run.stdout
    assert " failed" not in run.stdout


@pytest.mark.slow
def test_plain_pytest_on_the_stubs_fails_every_test():
    run = pytest_run("exercises/test_divergences.py")
    assert run.returncode == 1
    assert " passed" not in run.stdout


@pytest.mark.slow
def test_unknown_submission_folder_is_one_line():
    run = pytest_run("exercises/test_divergences.py", "--submission", "/nowhere/at/all")
    assert run.returncode == 4
    assert "no such folder" in run.stderr


@pytest.mark.slow
def test_table_for_a_page():
    table = progress.in_notebook("divergences")
    assert "<caption>exercises/divergences.py: " in table.html
    assert table.html.count("<tr class=") == 5
    assert "kl_divergence" in repr(table)


def test_box_for_a_page():
    box = progress.box("divergences", "kl_divergence")
    assert 'id="exercise-kl-divergence"' in box.html
    assert box.html.count("<details>") == 3
    assert "0 log 0 = 0" in box.html
    assert "&lt;" in box.html or "p(x)" in box.html
    with pytest.raises(ValueError, match="did you mean"):
        progress.box("divergences", "kl_divergance")
