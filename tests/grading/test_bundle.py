"""The learner's bundle: what is in it, what never is, and that it works by itself."""

import hashlib
import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.errors import CourseError
from course_lib.grading import bundle, mistakes
from course_lib.grading.release import edited, stub
from course_lib.grading.spec import ROOT

SLUG = "divergences"
STUB = f"exercises/{SLUG}.py"


@pytest.fixture
def checkout(tmp_path):
    """A course of one chapter, under git."""
    root = tmp_path / "checkout"
    chapter = [STUB, f"exercises/test_{SLUG}.py", f"exercises/given/{SLUG}.py", f"exercises/prints/{SLUG}.json"]
    answers = [f"solutions/{SLUG}.py", f"solutions/hidden/test_{SLUG}.py", f"solutions/mistakes/{SLUG}.py"]
    for name in [*bundle.PAPERS, "course_lib/__init__.py", "book/_toc.yml", "book/index.md", *chapter, *answers,
                 "README.md", "CONTRIBUTING.md", ".ci/run", "tests/conftest.py"]:  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    return root


@pytest.fixture
def unproved(monkeypatch):
    """Without running the masters, for tests of what is done with files."""
    monkeypatch.setattr(bundle, "prove", lambda slug, root: None)


def git(root, *args):
    subprocess.run(["git", "-C", str(root), *args], check=True, capture_output=True)


def listing(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_in_it_and_what_is_not(checkout, tmp_path):
    (checkout / "book" / "draft.md").write_text("not ready")
    (checkout / "book" / "marks.csv").write_text("Ada,10")
    (checkout / ".gitignore").write_text((checkout / ".gitignore").read_text() + "*.csv\n")
    out = tmp_path / "bundle"
    lines = bundle.release_to(out, root=checkout)
    found = listing(out)
    assert lines == [f"wrote {len(found) - 1} files: {out}", "left out book/draft.md: git does not track it"]
    assert set(found) == {
        *bundle.PAPERS, "README.md", bundle.MARKER, "course_lib/__init__.py", "book/_toc.yml", "book/index.md", STUB,
        f"exercises/test_{SLUG}.py", f"exercises/given/{SLUG}.py", f"exercises/prints/{SLUG}.json",
    }  # fmt: skip
    assert found[STUB].decode() == stub(SLUG)
    assert b"course check" in found["README.md"]
    assert b"course submit" in found["README.md"]
    assert b'testpaths = ["exercises"]' in found["pyproject.toml"]
    manifest = json.loads(found.pop(bundle.MARKER))
    assert manifest["files"] == {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    assert not list(tmp_path.glob(".bundle*"))


def test_its_makefile_has_what_learners_make(checkout, tmp_path, unproved):
    out = tmp_path / "bundle"
    bundle.release_to(out, root=checkout)
    shown = subprocess.run(["make", "-C", str(out), "-s", "help"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in shown.splitlines()] == ["help", "book", "serve", "lab"]
    plan = subprocess.run(["make", "-C", str(out), "-n", "book"], capture_output=True, text=True, check=True).stdout
    assert plan.index("pip install --quiet -r requirements.txt") < plan.index("jupyter-book build book")
    makefile = (out / "Makefile").read_text()
    for word in ("tests/", "--nbval", "mutants", "full-size"):
        assert word in (ROOT / "Makefile").read_text()
        assert word not in makefile


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        (f"solutions/{SLUG}.py", lambda text: text.replace("safe_p.log() -", "2 * safe_p.log() -"),
         rf"solutions/{SLUG}\.py fails test_kl\w+ of exercises/test_{SLUG}\.py: "),
        (f"solutions/hidden/test_{SLUG}.py", lambda text: text.replace("student.gaussian_kl(", "-student.gaussian_kl("),
         rf"solutions/{SLUG}\.py fails test_\w+ of solutions/hidden/test_{SLUG}\.py: "),
        (f"solutions/hidden/test_{SLUG}.py", lambda text: text.replace("@points", "# @points"), "has no tests"),
        (f"solutions/hidden/test_{SLUG}.py", lambda text: "import nothing\n" + text, "cannot be collected: .*nothing"),
        (STUB, lambda text: text.replace("raise NotImplementedError", "return p"), "is not what its master gives"),
    ],
    ids=["master and visible test", "master and hidden test", "no hidden test", "broken test", "edited stub"],
)  # fmt: skip
def test_a_course_that_fails_its_own_tests_is_not_released(checkout, tmp_path, name, change, words):
    path = checkout / name
    assert change(path.read_text()) != path.read_text()
    path.write_text(change(path.read_text()))
    with pytest.raises(CourseError, match=words):
        bundle.release_to(tmp_path / "bundle", root=checkout)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkout"]


def test_an_answer_outside_its_marks_is_not_released(checkout, tmp_path):
    master = checkout / "solutions" / f"{SLUG}.py"
    lines = master.read_text().splitlines()
    begin = next(i for i, line in enumerate(lines) if line.strip() == bundle.BEGIN)
    end = next(i for i, line in enumerate(lines) if line.strip() == bundle.END)
    master.write_text("\n".join(lines[:begin] + lines[begin + 1 : end] + lines[end + 1 :]) + "\n")
    (checkout / STUB).write_text(stub(SLUG, checkout))
    with pytest.raises(CourseError, match=r"the stub of divergences gives an answer to test_kl"):
        bundle.release_to(tmp_path / "bundle", root=checkout)


def test_no_file_gives_an_answer_away(checkout, tmp_path, unproved):
    text = (checkout / "solutions" / f"{SLUG}.py").read_text()
    first, second = "safe_p = torch.where(impossible, 1.0, p)", "safe_q = torch.where(impossible, 1.0, q)"
    assert first in text
    assert second in text
    out = tmp_path / "bundle"

    given, page = checkout / "exercises" / "given" / f"{SLUG}.py", checkout / "book" / "index.md"
    whole = given.read_text()
    given.write_text(whole + f"\n\ndef helper(impossible, p):\n    {first.replace(', ', ',')}  # as ever\n")
    with pytest.raises(CourseError, match=rf"exercises/given/{SLUG}\.py gives an answer away: safe_p = torch\.where"):
        bundle.release_to(out, root=checkout)
    given.write_text(whole)

    prints = checkout / "exercises" / "prints" / f"{SLUG}.json"
    whole = prints.read_text()
    prints.write_text(json.dumps({"test": [{"mistake": "m", "sentence": f'Write "{second}".', "print": {}}]}))
    with pytest.raises(CourseError, match=rf"prints/{SLUG}\.json gives an answer away"):
        bundle.release_to(out, root=checkout)
    prints.write_text(whole)

    page.write_text(page.read_text() + f"\n    {first}\n")
    bundle.release_to(out, root=checkout)  # one line: a formula
    page.write_text(page.read_text() + f"\n    {second}\n")
    with pytest.raises(CourseError, match=r"book/index\.md gives an answer away"):
        bundle.release_to(out, root=checkout)
    page.unlink()
    notebook = checkout / "book" / "page.ipynb"
    notebook.write_text(json.dumps({"cells": [{"source": [f"{first}\n", f"{second}\n"]}]}))
    git(checkout, "add", "--all")
    with pytest.raises(CourseError, match=r"book/page\.ipynb gives an answer away"):
        bundle.release_to(out, root=checkout)


def test_it_refuses_what_is_no_checkout(checkout, tmp_path, monkeypatch, unproved):
    out = tmp_path / "bundle"
    (checkout / "book" / "index.md").unlink()
    (checkout / "book" / "index.md").symlink_to("/etc/hostname")
    with pytest.raises(CourseError, match=r"book/index\.md is a link"):
        bundle.release_to(out, root=checkout)
    shutil.rmtree(checkout / ".git")
    with pytest.raises(CourseError, match=r"is no checkout of the course \(.*git"):
        bundle.release_to(out, root=checkout)
    git(tmp_path, "init", "--quiet")  # of somebody's whole home
    with pytest.raises(CourseError, match=r"is no checkout of the course \(git tracks none of its files\)"):
        bundle.release_to(out, root=checkout)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CourseError, match="there is no git here"):
        bundle.release_to(out, root=checkout)
    assert not out.exists()


def test_it_takes_the_place_of_nothing_but_a_bundle(checkout, tmp_path, unproved):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder" / "mine").mkdir(parents=True)
    for name in ("file", "folder"):
        with pytest.raises(CourseError, match="is there already and is no earlier bundle"):
            bundle.release_to(tmp_path / name, root=checkout)
    with pytest.raises(CourseError, match="no earlier bundle"):
        bundle.release_to(checkout, root=checkout)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for content in ("", "[]", '{"files": 3}'):
        (damaged / bundle.MARKER).write_text(content)
        with pytest.raises(CourseError, match="no earlier bundle"):
            bundle.release_to(damaged, root=checkout)
    (tmp_path / "empty").mkdir()
    bundle.release_to(tmp_path / "empty", root=checkout)
    bundle.release_to(tmp_path / "new" / "place", root=checkout)
    assert listing(tmp_path / "empty") == listing(tmp_path / "new" / "place")


@pytest.mark.parametrize("exchange", [True, False], ids=["in one step", "in three"])
def test_a_later_release_keeps_the_learners_work(checkout, tmp_path, monkeypatch, unproved, exchange):
    if not exchange:
        monkeypatch.setattr(bundle.sys, "platform", "another")
    out = tmp_path / "bundle"
    bundle.release_to(out, root=checkout)
    work = stub(SLUG).replace("raise NotImplementedError", "return p", 1)
    (out / STUB).write_text(work)
    for name in ("notes.txt", ".venv/bin/python", "runs/gan/config.json", "exercises/scratch.py", "old.md"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(f"my {name}")
    (out / "course_lib" / "__pycache__").mkdir()
    (out / "course_lib" / "__pycache__" / "x.pyc").write_text("")
    (out / "book" / "_toc.yml").write_text("mine")
    (out / "exercises" / "given" / f"{SLUG}.py").unlink()
    (checkout / "book" / "index.md").unlink()
    (checkout / "book" / "new.md").write_text("A new page.")
    git(checkout, "add", "--all")

    mine = [".venv", "exercises/scratch.py", "notes.txt", "old.md", "runs"]
    lines = bundle.release_to(out, root=checkout)
    assert lines[1:] == [
        f"kept {STUB}: it has been edited",
        "replaced book/_toc.yml, which had been changed",
        "removed book/index.md",
        *(f"kept {name}, which was not the bundle's" for name in mine),
    ]  # fmt: skip
    found = listing(out)
    assert found[STUB].decode() == work
    assert found[".venv/bin/python"] == b"my .venv/bin/python"
    assert found["exercises/scratch.py"] == b"my exercises/scratch.py"
    assert found["book/_toc.yml"] == (checkout / "book" / "_toc.yml").read_bytes()
    assert f"exercises/given/{SLUG}.py" in found
    assert "book/new.md" in found
    assert found.keys().isdisjoint({"book/index.md", "course_lib/__pycache__/x.pyc"})

    # Still known as edited after that, and gone only where it is asked for.
    assert f"kept {STUB}: it has been edited" in bundle.release_to(out, root=checkout)
    bundle.release_to(out, force=True, root=checkout)
    assert (out / STUB).read_text() == stub(SLUG)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "checkout"]


def test_work_outlives_its_chapter_and_a_file_of_the_same_name(checkout, tmp_path, unproved):
    out = tmp_path / "bundle"
    bundle.release_to(out, root=checkout)
    (out / STUB).write_text("def kl_divergence(p, q): return my_own\n")
    (out / "book" / "new.md").write_text("mine")
    (checkout / "book" / "new.md").write_text("theirs")
    for name in ("exercises", "solutions"):
        shutil.rmtree(checkout / name)
    git(checkout, "add", "--all")
    lines = bundle.release_to(out, root=checkout)
    assert f"kept {STUB}: it has been edited" in lines
    assert f"removed exercises/test_{SLUG}.py" in lines
    assert "kept book/new.md.yours, which was not the bundle's" in lines
    assert "my_own" in (out / STUB).read_text()
    assert (out / "book" / "new.md").read_text() == "theirs"
    assert (out / "book" / "new.md.yours").read_text() == "mine"


STEPS = ["written", "about to be exchanged", "exchanged", "between two renames", "work moved"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12: the child only writes files, and dies
@pytest.mark.parametrize("first", [True, False], ids=["a first release", "a later one"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_leaves_the_old_or_the_new_whole(checkout, tmp_path, monkeypatch, unproved, step, first):
    out = tmp_path / "bundle"
    old = {}
    if not first:
        bundle.release_to(out, root=checkout)
        (out / "notes.txt").write_text("mine")
        (out / STUB).write_text("def mine(): ...\n")
        old = listing(out)
    (checkout / "book" / "index.md").write_text("Another first page.")
    child = os.fork()
    if child == 0:
        die_at(step)
        bundle.release_to(out, root=checkout)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert first or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)

    def work(files):
        return {name: files[name] for name in ("notes.txt", STUB) if name in old}

    if step != "between two renames" or first:  # where the system cannot exchange two folders in one step
        left = listing(out) if out.exists() else {}
        new = left.get("book/index.md") == b"Another first page."
        assert left == old or new
        manifest = json.loads(left[bundle.MARKER])["files"] if left else {}
        assert manifest.keys() <= left.keys()
    bundle.release_to(out, root=checkout)
    after = listing(out)
    assert after["book/index.md"] == b"Another first page."
    assert work(after) == work(old)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "checkout"]


def die_at(step):
    """Arrange for SIGKILL at a step of the release, in this process."""

    def kill(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    def after(name, times=1):
        real, left = getattr(bundle.os, name), [times]

        def call(*args):
            real(*args)
            left[0] -= 1
            if left[0] == 0:
                kill()

        setattr(bundle.os, name, call)

    if step == "written":
        real = bundle.write_whole
        bundle.write_whole = lambda path, content: kill() if path.name == "requirements.txt" else real(path, content)
    elif step == "about to be exchanged":
        bundle._swap = kill
    elif step == "exchanged":
        bundle._discard = kill
    elif step == "between two renames":
        bundle.sys.platform = "another"
        after("rename")
    elif step == "work moved":
        bundle.shutil.rmtree = kill


# The whole course ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bundle of the course as it stands here, with what is not committed yet."""
    place = tmp_path_factory.mktemp("release")
    root, out = place / "checkout", place / "bundle"
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", *bundle.FOLDERS,
               *bundle.PAPERS, "solutions"]  # fmt: skip
    for name in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        if (ROOT / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    lines = bundle.release_to(out, root=root)
    assert [line for line in lines if "left out" in line] == []
    return out


def course(folder, *args):
    """The command as a learner gives it, with the bundle's own library."""
    env = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    run = subprocess.run(
        [sys.executable, "-m", "course_lib.cli", *args],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


@pytest.mark.slow
def test_no_answer_and_no_hidden_test_is_in_it(whole):
    names = {str(path.relative_to(whole)) for path in whole.rglob("*") if path.is_file()}
    assert {path.split("/")[0] for path in names} == {*bundle.PAPERS, *bundle.FOLDERS, "README.md", bundle.MARKER}
    contents = [path.read_bytes() for path in whole.rglob("*") if path.is_file()]
    for private in ("solutions/*.py", "solutions/hidden/*.py", "solutions/mistakes/*.py"):
        for path in ROOT.glob(private):
            assert path.read_bytes() not in contents, f"{path} is in the bundle"
    for path in (whole / "exercises").glob("[!t]*.py"):
        assert not edited(path.read_text())
        assert bundle.BEGIN not in path.read_text()


@pytest.mark.slow
def test_a_learner_works_in_it(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "course")
    where = subprocess.run(
        [sys.executable, "-c", "import course_lib; print(course_lib.__file__)"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert Path(where.strip()).is_relative_to(folder)

    status, out, _ = course(folder, "check", SLUG)
    assert status == 1
    assert "0 of 10 points" in out
    assert out.count("not implemented yet") == 5

    master = (ROOT / "solutions" / f"{SLUG}.py").read_text()
    (folder / STUB).write_text(master)
    status, out, _ = course(folder, "check", SLUG)
    assert (status, "10 of 10 points" in out) == (0, True)
    packed = course(folder, "submit", SLUG)
    assert packed[0] == 0, packed
    assert (folder / "submission.zip").stat().st_size > 1000

    wrong = next(one for one in mistakes.read(SLUG)[0] if one.exercise == "kl_divergence")
    answer = inspect.getsource(wrong.answer)
    answer = answer[answer.index("def ") :].replace(f"def {wrong.name}(", f"def {wrong.exercise}(")
    (folder / STUB).write_text(f"{master}\n\n{answer}")
    status, out, _ = course(folder, "check", SLUG)
    assert status == 1
    assert f"Perhaps: {wrong.sentence}" in " ".join(out.split())

    status, out, _ = course(folder, "list")
    assert status == 0
    assert "digits" in out
    status, out, err = course(folder, "release")
    assert status == 2
    assert err.count("\n") == 1
    assert "which a bundle does not hold" in err


@pytest.mark.slow
def test_pytest_and_the_last_cell_of_a_chapter_work_in_it(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "course")
    env = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"exercises/test_{SLUG}.py"],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "kl_divergence is not implemented yet" in run.stdout
    cell = "from course_lib.grading import check, exercise; "
    cell += f"print(check({SLUG!r})); print(exercise({SLUG!r}, 'js_divergence').html)"
    run = subprocess.run(
        [sys.executable, "-c", cell], cwd=folder / "book", env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "0 of 10 points" in run.stdout
    assert "Hint 1" in run.stdout
