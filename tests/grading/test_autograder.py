"""The Gradescope autograder: its zip, and what it does where Gradescope would run it."""

import ast
import contextlib
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from course_lib.errors import CourseError
from course_lib.grading import autograder, bundle, intake
from course_lib.grading.examiner import Examiner
from course_lib.grading.release import stub
from course_lib.grading.sandbox.boundary import Broken, needed, readable_by_others
from course_lib.grading.spec import ROOT, slugs

SLUG = "divergences"
HERE = Path(autograder.__file__).parent / "gradescope"


@pytest.fixture
def unproved(monkeypatch):
    monkeypatch.setattr(bundle, "prove", lambda slug, root: None)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {one.filename: (one.external_attr >> 16, archive.read(one)) for one in archive.infolist()}


# The zip ------------------------------------------------------------------------------------------------------------


def test_what_is_in_the_zip(tmp_path):
    out = tmp_path / "autograder.zip"
    lines = autograder.write_zip(out, [SLUG])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "10 points" in lines[1]
    found = members(out)
    names = {name for name in found if not name.startswith("course/course_lib/")}
    assert names == {
        "setup.sh", "run_autograder", "libraries.txt", "constraints.txt", "torch-index.txt", "failed.json",
        "course/pyproject.toml", f"course/exercises/{SLUG}.py", f"course/exercises/test_{SLUG}.py",
        f"course/exercises/given/{SLUG}.py", f"course/solutions/{SLUG}.py", "course/solutions/secret",
        f"course/solutions/hidden/test_{SLUG}.py", f"course/solutions/mistakes/{SLUG}.py",
    }  # fmt: skip
    rooms = {name.split("/")[2] for name in found if name.startswith("course/course_lib/")}
    assert rooms == {"__init__.py", "errors.py", "files.py", "grading"}
    for name, (mode, content) in found.items():
        script, private = name in ("setup.sh", "run_autograder"), name.startswith("course/solutions/")
        assert stat.S_ISREG(mode)
        assert stat.S_IMODE(mode) == (0o755 if script else 0o600 if private else 0o644), name
        if name.startswith("course/") and name != "course/solutions/secret":
            assert content == (ROOT / name.removeprefix("course/")).read_bytes()
    assert re.fullmatch("[0-9a-f]{64}", found["course/solutions/secret"][1].decode())
    assert found["torch-index.txt"][1] == b""


def test_a_zip_written_again_keeps_its_secret(tmp_path, unproved):
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    for out in (first, second):
        autograder.write_zip(out, [SLUG])
    secret = members(first)["course/solutions/secret"]
    assert members(second)["course/solutions/secret"] != secret
    before = first.read_bytes()
    autograder.write_zip(first, [SLUG])
    assert first.read_bytes() == before
    autograder.write_zip(first, [SLUG, "vae"], torch_index="https://example.org/cpu")
    found = members(first)
    assert found["course/solutions/secret"] == secret
    assert found["torch-index.txt"][1] == b"https://example.org/cpu"
    assert "course/solutions/hidden/test_vae.py" in found


def test_bad_input_writes_nothing(tmp_path, unproved, monkeypatch):
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "mine")
    (tmp_path / "text.zip").write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for out, chapters, words in (
        (tmp_path / "a.zip", ["divergence"], "unknown chapter 'divergence': did you mean divergences"),
        (tmp_path / "a.zip", [], "name one"),
        (tmp_path / "a", [SLUG], "name a zip in a folder that exists"),
        (tmp_path / "nowhere" / "a.zip", [SLUG], "name a zip in a folder that exists"),
        (other, [SLUG], "is no earlier autograder"),
        (tmp_path / "text.zip", [SLUG], "is no earlier autograder"),
    ):
        with pytest.raises(CourseError, match=words):
            autograder.write_zip(out, chapters)

    def fails(slug, root):
        raise CourseError(f"solutions/{slug}.py fails")

    monkeypatch.setattr(bundle, "prove", fails)
    with pytest.raises(CourseError, match="fails"):
        autograder.write_zip(tmp_path / "a.zip", [SLUG])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_its_libraries_are_all_that_grading_imports():
    pins = (ROOT / "requirements.txt").read_text()
    for name in autograder.LIBRARIES:
        assert autograder._pin(name, pins) == f"{name}=={importlib.metadata.version(name)}".replace("+cpu", "")
    allowed = {path.name.removesuffix(".py") for path in needed(autograder.LIBRARIES)}
    # Imports of whatever else is installed fail, as they would there.
    code = f"""
import importlib.metadata, sys

class Only:
    others = set(importlib.metadata.packages_distributions()) - set({sorted(allowed)!r}) - {{"course_lib"}}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.others:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Only())
assert {{"tqdm", "rich", "dask", "matplotlib"}} <= Only.others
import course_lib.grading.autograder
import course_lib.grading.bundle
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    for slug in slugs():
        for path in autograder._needed([slug], ROOT):
            if path.suffix != ".py" or path.is_relative_to(ROOT / "course_lib"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) else []
                tops = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"course_lib"}
                assert tops <= allowed, f"{path} imports {tops - allowed}"


@pytest.mark.parametrize("name", autograder.SCRIPTS)
def test_scripts_are_bash(name):
    assert (HERE / name).read_text().startswith("#!/usr/bin/env bash\n")
    assert subprocess.run(["bash", "-n", str(HERE / name)], check=False).returncode == 0


# One folder is one student's ----------------------------------------------------------------------------------------


def test_a_folder_is_read_as_one_students(tmp_path):
    (tmp_path / "zip").mkdir()
    (tmp_path / "zip" / "My GAN (2).py").write_bytes(b"x = 1\n")
    (tmp_path / "notes.ipynb").write_text("{}")
    (tmp_path / "divergences.py").symlink_to("/etc/hostname")
    found = intake.one(tmp_path, ["gan", "divergences"])
    assert found.files == {"gan": b"x = 1\n"}
    told = "\n".join(found.problems)
    assert "gan.py: taken from zip/My GAN (2).py" in told
    assert "is a link" in told
    with pytest.raises(CourseError, match="no such folder"):
        intake.one(tmp_path / "nowhere", ["gan"])


# What the driver writes ---------------------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The driver's ROOT, with one chapter, in this process."""
    root = tmp_path / "course"
    for name in (f"solutions/hidden/test_{SLUG}.py", f"exercises/test_{SLUG}.py"):
        (root / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, root / name)
    (root / autograder.SECRET).write_text("secret\n")
    monkeypatch.setattr(autograder, "ROOT", root)
    monkeypatch.setattr(autograder, "_manifest", lambda slug: read(root, slug))
    return root


def read(root, slug):
    return autograder.read_tests(root / "solutions" / "hidden" / f"test_{slug}.py")[0]


def without_score(results):
    found = json.loads(results.read_text())
    assert found.keys() == {"output", "output_format", "stdout_visibility"}
    assert "not your submission" in found["output"]
    assert found["stdout_visibility"] == "hidden"
    assert stat.S_IMODE(results.stat().st_mode) == 0o600
    return True


def test_nothing_handed_in_is_a_zero_that_says_so(installed, tmp_path, capsys):
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "work.ipynb").write_text("{}")
    results = tmp_path / "results.json"
    assert autograder.main(tmp_path / "submission", results) == 0
    found = json.loads(results.read_text())
    assert found["score"] == 0
    assert sum(test["max_score"] for test in found["tests"]) == 10
    assert "no divergences.py; not read: work.ipynb (a notebook)" in found["output"]
    assert found["extra_data"] == {"sandbox": {}}
    assert "work.ipynb" in capsys.readouterr().out


class Failing(Examiner):
    """Judges nobody: raises, or comes to no verdict."""

    error: Exception | None = None

    def __enter__(self):
        if self.error:
            raise self.error
        return self

    def __exit__(self, *_): ...

    def examine(self, slug, source):
        return self.unjudged(slug, "grader fault", "the worker broke twice: it is a secret why")


@pytest.mark.parametrize(
    "error", [CourseError("no sandbox can be had here"), Broken("gone"), ZeroDivisionError(), None]
)
def test_a_grader_that_fails_gives_no_score(installed, tmp_path, monkeypatch, capsys, error):
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / f"{SLUG}.py").write_text(stub(SLUG))
    monkeypatch.setattr(autograder, "Examiner", Failing)
    monkeypatch.setattr(Failing, "error", error)
    results = tmp_path / "results.json"
    results.write_text('{"score": 0}')
    assert autograder.main(tmp_path / "submission", results) == 1
    assert without_score(results)
    said = capsys.readouterr().out
    assert (type(error).__name__ if error else "the worker broke twice") in said


def test_without_its_secret_it_gives_no_score(installed, tmp_path):
    (tmp_path / "submission").mkdir()
    (installed / autograder.SECRET).unlink()
    assert autograder.main(tmp_path / "submission", tmp_path / "results.json") == 1
    assert without_score(tmp_path / "results.json")


# Where Gradescope runs it -------------------------------------------------------------------------------------------


def lacking(words):
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(words)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """/autograder as setup.sh leaves it: the zip unpacked, rights taken away, and this environment for its own."""
    if os.geteuid() != 0:
        lacking("needs root, as Gradescope's container has it")
    archive = tmp_path_factory.mktemp("zip") / "autograder.zip"
    autograder.write_zip(archive, [SLUG])
    with tempfile.TemporaryDirectory() as place:  # where every user can go, unlike pytest's own folders
        root = Path(place)
        root.chmod(0o755)
        source = root / "source"
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(source)
        (source / "venv" / "bin").mkdir(parents=True)
        (source / "venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        (source / "venv" / "bin" / "python").chmod(0o755)
        rights = re.findall("^ch(?:own|mod) .*", (HERE / "setup.sh").read_text(), re.MULTILINE)
        assert len(rights) == 4
        subprocess.run(["bash", "-euc", "\n".join(rights)], cwd=source, check=True)
        shutil.copy(HERE / "run_autograder", root)
        (root / "submission").mkdir()
        (root / "submission_metadata.json").write_text('{"users": [{"email": "ada@example.org"}]}')
        yield root


CONTAINED = """
mount --make-rprivate /
if [ -n "$HIDING" ]; then  # the interpreter stands in a private home: show it, and nothing else of that home
  kept=$(mktemp -d) && mount --bind "$BASE" "$kept"
  mount -t tmpfs -o mode=755 tmpfs "$HIDING" && mkdir -p "$BASE" && mount --move "$kept" "$BASE"
fi
exec setpriv --inh-caps=-all --bounding-set=-sys_admin,-sys_ptrace "$@"
"""


def contained(*command):
    """The command as in a container with the usual capabilities. Returns it with its environment."""
    if not all(map(shutil.which, ("unshare", "setpriv"))):
        lacking("needs unshare and setpriv: apt install util-linux")
    base = Path(sys.base_prefix)
    private = [parent for parent in base.parents if not parent.stat().st_mode & 0o001]
    assert private or readable_by_others(base)
    env = {**os.environ, "BASE": str(base), "HIDING": str(private[-1]) if private else ""}
    wrapped = ["unshare", "--mount", "bash", "-ec", CONTAINED, "contained", *command]
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        lacking("needs to make a mount namespace")
    return wrapped, env


def run(image, source, reduced=False, name=f"{SLUG}.py"):
    """results.json and standard output of run_autograder for this file, and its exit status."""
    shutil.rmtree(image / "results", ignore_errors=True)
    (image / "results").mkdir()  # as Gradescope makes it: open to all
    for old in (image / "submission").iterdir():
        old.unlink()
    (image / "submission" / name).write_text(source)
    command, env = contained("./run_autograder") if reduced else (["./run_autograder"], os.environ)
    done = subprocess.run(command, cwd=image, env=env, capture_output=True, text=True, check=False)
    return json.loads((image / "results" / "results.json").read_text()), done.stdout + done.stderr, done.returncode


def thief(image):
    """Takes its answers, or what it can find of the secret, from wherever they lie in the image; else it guesses."""
    places = [str(path) for path in sorted((image / "source" / "course" / "solutions").rglob("*")) if path.is_file()]
    places += [str(image / "submission_metadata.json"), str(image / "results" / "results.json")]
    assert len(places) == 6
    return f"""
import torch

found, read = {{}}, []
for place in {places!r}:
    try:
        with open(place) as file:
            text = file.read()
    except OSError:
        continue
    read.append(place)
    if place.endswith("solutions/{SLUG}.py"):
        exec(text, found)
for place in {places[:1]!r}:
    try:
        with open(place, "a") as file:
            read.append(place)
    except OSError:
        pass


def guess(*args):
    if read:
        raise MemoryError(str(read))
    return torch.zeros(())


for name in ("kl_divergence", "cross_entropy", "js_divergence", "gaussian_kl", "monte_carlo_kl"):
    globals()[name] = found.get(name, guess)
"""


def test_the_thief_would_succeed_without_a_sandbox(image):
    space = {}
    exec(thief(image), space)
    assert len(space["read"]) >= 6
    assert space["kl_divergence"].__code__.co_filename == "<string>"
    assert space["kl_divergence"].__name__ == "kl_divergence"


@pytest.mark.slow
@pytest.mark.parametrize("reduced", [False, True], ids=["full", "reduced"])
def test_a_submission_is_graded_in_the_best_sandbox_there_is(image, sandboxed, reduced):
    mode = "reduced" if reduced else "full"
    master = (ROOT / "solutions" / f"{SLUG}.py").read_text()

    found, said, status = run(image, "print('a word', flush=True)\n" + master, reduced, name="Divergences final (2).py")
    assert (status, found["score"], len(found["tests"])) == (0, 10, 11)
    assert found["extra_data"] == {"sandbox": {SLUG: mode}}
    assert ("reduced sandbox" in found["output"]) == reduced
    assert "divergences.py: taken from Divergences final (2).py" in found["output"]
    assert found["stdout_visibility"] == "hidden"
    assert "a word" in said  # the instructor's part
    assert "a word" not in json.dumps(found)
    for name in ("results", "source/course/solutions"):
        assert stat.S_IMODE((image / name).stat().st_mode) == 0o700

    found, _, status = run(image, stub(SLUG), reduced)
    assert (status, found["score"]) == (0, 0)
    assert all("Not implemented" in test["output"] for test in found["tests"])
    assert found["extra_data"] == {"sandbox": {SLUG: mode}}

    found, said, status = run(image, thief(image), reduced)
    assert (status, found["score"]) == (0, 0), said
    assert {test["status"] for test in found["tests"]} == {"failed"}
    assert "MemoryError" not in said
    assert found["extra_data"] == {"sandbox": {SLUG: mode}}


@pytest.mark.slow
def test_what_a_killed_grader_leaves_has_no_score(image, tmp_path):
    python = image / "source" / "venv" / "bin" / "python"
    whole = python.read_text()
    with contextlib.ExitStack() as stack:
        stack.callback(python.write_text, whole)
        python.write_text("#!/bin/sh\nkill -KILL $$\n")
        _, _, status = run(image, stub(SLUG))
        assert status == 137
        assert without_score(image / "results" / "results.json")
        python.write_text("#!/bin/sh\nexec sleep 600\n")
        script = (image / "run_autograder").read_text()
        stack.callback((image / "run_autograder").write_text, script)
        assert "480" in script
        (image / "run_autograder").write_text(script.replace("480", "1"))
        _, _, status = run(image, stub(SLUG))
        assert status == 124
        assert without_score(image / "results" / "results.json")
