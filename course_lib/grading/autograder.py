"""`course autograder SLUG --to ZIP`: a zip from which Gradescope makes its container, and what runs in there.

    setup.sh, run_autograder      what Gradescope calls: once to make the container, then for each submission
    libraries.txt, constraints.txt, torch-index.txt    what setup.sh installs, pinned
    failed.json                   the result where there is none
    course/                       the grader, the chapters' exercises, and solutions/, for root's eyes alone:
                                  masters, hidden tests, mistakes, and `secret`, from which all inputs are drawn

    python -m course_lib.grading.autograder SUBMISSION RESULTS

in course/ grades one folder as `course grade` would: in the full sandbox where the container allows it, else in the
reduced one, and results.json says in which. Where the grader fails it writes a results.json without a score. Then
Gradescope records none: a zero would be unjust, and full points would reward whoever finds out how to break a grader.
"""

import io
import json
import re
import secrets
import sys
import traceback
import zipfile
from pathlib import Path

from course_lib.errors import CourseError, unknown
from course_lib.files import write_whole
from course_lib.grading import exports, intake
from course_lib.grading.examiner import Examiner
from course_lib.grading.records import FileResult, Grade, TestResult
from course_lib.grading.sandbox.boundary import Broken
from course_lib.grading.spec import ROOT, Test, read_tests, slugs

LIBRARIES = ("torch", "numpy", "scipy", "pytest", "PyYAML", "packaging")  # that grading imports
SCRIPTS = ("setup.sh", "run_autograder")  # see the folder gradescope/
SECRET = "solutions/secret"
EPOCH = (1980, 1, 1, 0, 0, 0)
FAILED = "The grader failed, not your submission. There is no score for it yet; your instructor can run it again."


# The zip -----------------------------------------------------------------------------------------------------------


def write_zip(out: Path, chapters: list[str], *, torch_index: str = "", root: Path = ROOT) -> list[str]:
    """Write the autograder of one assignment, which asks for these chapters, readable by its owner alone.

    An earlier autograder at `out` is replaced and its secret kept, so that grading again gives the same inputs.
    torch_index: address of an index of PyTorch's builds for the CPU; without one the container gets that with CUDA.
    Returns lines to show. Raises CourseError for an unknown chapter, one whose master fails its own tests, or where
    `out` is no place for a zip.
    """
    from course_lib.grading.bundle import prove

    known = slugs(root)
    for slug in chapters:
        if slug not in known:
            raise unknown("chapter", slug, known)
    if not chapters:
        raise CourseError("an autograder for which chapter? name one")
    if out.suffix.lower() != ".zip" or not out.parent.is_dir():
        raise CourseError(f"{out}: name a zip in a folder that exists, such as autograder.zip")
    secret = _secret(out)
    for slug in chapters:
        prove(slug, root)
    here = Path(__file__).parent / "gradescope"
    pins = (root / "requirements.txt").read_text(encoding="utf-8")
    files = {
        **{name: (here / name).read_bytes() for name in SCRIPTS},
        "libraries.txt": "".join(f"{_pin(name, pins)}\n" for name in LIBRARIES).encode(),
        "constraints.txt": pins.encode(),
        "torch-index.txt": torch_index.encode(),
        "failed.json": failed(),
        f"course/{SECRET}": secret.encode(),
        **{f"course/{path.relative_to(root).as_posix()}": path.read_bytes() for path in _needed(chapters, root)},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            mode = 0o755 if name in SCRIPTS else 0o600 if name.startswith("course/solutions/") else 0o644
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    write_whole(out, buffer.getvalue(), exports.OWNER_ONLY)
    points = sum(test.points for slug in chapters for test in _manifest(slug, root))
    return [
        f"wrote {out}: it holds answers and the secret of all inputs, so show it to nobody",
        f"On Gradescope: a programming assignment of {points:g} points; Configure Autograder, upload the zip, "
        "Ubuntu 22.04 or later; in its settings a container of 1 CPU and 1.5 GB at least.",
        "Then try it there on a stub and on an answer of your own, before you release the assignment.",
    ]


def _secret(out: Path) -> str:
    if not out.exists():
        return secrets.token_hex(32)
    try:
        with zipfile.ZipFile(out) as archive:
            return archive.read(f"course/{SECRET}").decode()
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise CourseError(f"{out} is there already and is no earlier autograder: choose another name") from None


def _pin(name: str, pins: str) -> str:
    return re.search(rf"^{re.escape(name)}==\S+", pins, re.MULTILINE)[0]


def _needed(chapters: list[str], root: Path) -> list[Path]:
    """Files that grading these chapters reads."""
    library = root / "course_lib"
    found = [root / "pyproject.toml", library / "__init__.py", library / "errors.py", library / "files.py"]
    found += sorted((library / "grading").rglob("*.py"))
    for slug in chapters:
        found += [root / "exercises" / name for name in (f"{slug}.py", f"test_{slug}.py", f"given/{slug}.py")]
        found += [root / "solutions" / name for name in (f"{slug}.py", f"hidden/test_{slug}.py", f"mistakes/{slug}.py")]
    return [path for path in found if path.exists()]


def _manifest(slug: str, root: Path = ROOT) -> list[Test]:
    return read_tests(root / "solutions" / "hidden" / f"test_{slug}.py")[0]


# In the container --------------------------------------------------------------------------------------------------


def failed() -> bytes:
    """results.json of a grader that failed: words, and neither a score nor tests."""
    words = {"output": FAILED, "output_format": "text", "stdout_visibility": "hidden"}
    return (json.dumps(words, indent=2) + "\n").encode()


def grade(submission: Path) -> Grade:
    """Grade what lies in a folder, by all chapters that are here. Raises CourseError or Broken without a verdict."""
    chapters = sorted(path.stem.removeprefix("test_") for path in (ROOT / "solutions" / "hidden").glob("test_*.py"))
    secret = (ROOT / SECRET).read_text().strip()
    handed = intake.one(submission, chapters)
    files = {slug: _missing(slug) for slug in chapters}
    if handed.files:
        with Examiner(list(handed.files), secret) as examiner:
            files |= {slug: examiner.examine(slug, source) for slug, source in handed.files.items()}
    for slug, file in files.items():
        if all(result.status == "grader fault" for result in file.results):
            raise Broken(f"{slug}: {file.results[0].detail}")
    return Grade(handed.submission, files=files, problems=handed.problems)


def _missing(slug: str) -> FileResult:
    results = [TestResult(one.name, one.exercise, one.points, "missing") for one in _manifest(slug)]
    return FileResult(slug, tuple(results), "full")


def results_json(grade: Grade) -> bytes:
    """As `exports.gradescope`, with what was odd about the files, for the student too, and the sandbox's mode."""
    results = json.loads(exports.gradescope(grade))
    results["output"] = "\n".join(filter(None, [results["output"], *map(exports.visible, grade.problems)]))
    judged = {slug: one.sandbox for slug, one in grade.files.items() if one.status != "missing"}
    results["extra_data"] = {"sandbox": judged}
    return (json.dumps(results, indent=2, allow_nan=False) + "\n").encode()


def main(submission: Path, results: Path) -> int:
    """Write `results`, whatever happens; then, on standard output, what only the instructor may read."""
    write_whole(results, failed(), exports.OWNER_ONLY)
    try:
        made = grade(submission)
        write_whole(results, results_json(made), exports.OWNER_ONLY)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return 1
    print(exports.gradescope_log(made), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
