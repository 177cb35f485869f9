"""`course release --to DIR`: the learner's bundle, a folder that works by itself.

In it are the book's sources, the library, the stubs, the visible tests, what exercises are given, and the prints of
mistakes; no answers, no hidden tests. Only files that git tracks are taken, from the lists below. The bundle is written
aside and put in its place whole; a later one takes the place of an earlier and keeps what the learner has made there.
"""

import ctypes
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.files import sync_folder, write_json, write_whole
from course_lib.grading import judge, plugin
from course_lib.grading.release import BEGIN, END, stub
from course_lib.grading.spec import ROOT, read_tests, slugs

FOLDERS = ("book", "course_lib", "exercises")
PAPERS = (
    ".gitignore", ".npmrc", "CITATION.cff", "LICENSE", "LICENSE-TEXT", "Makefile", "_config.yml", "package-lock.json",
    "package.json", "pyproject.toml", "requirements.txt",
)  # fmt: skip
TARGETS = ("help", "book", "serve", "lab")  # of the Makefile, for learners
MARKER = ".course-bundle.json"
SEEDS = (0, 1)  # with which the masters must pass the hidden tests
NOT_RUN = plugin.Outcome("", "missing", "it did not run")
LONG = 25  # characters of a line, without blanks, that is an answer wherever it stands


def release_to(folder: Path, *, force: bool = False, root: Path = ROOT) -> list[str]:
    """Write the bundle of the checkout `root` to `folder`, in the place of an earlier one if there is one.

    Stubs that have been edited in the earlier bundle are kept, and so is whatever the learner has put beside its files.
    force: write fresh stubs over edited ones.
    Returns lines to show. Raises CourseError, leaving `folder` as it was, where a master fails its own tests, a stub
    or another file would give an answer away, `folder` is something else, or `root` is no checkout.
    """
    folder = folder.resolve()
    aside = folder.with_name(f".{folder.name}.course-release")
    _recover(folder, aside)
    earlier = _earlier(folder)
    tracked, untracked = _listed(root)
    chosen = [slug for slug in slugs(root) if f"exercises/test_{slug}.py" in tracked]
    for slug in chosen:
        prove(slug, root)
    files = _files(root, tracked, chosen)
    check_answers(files, root)

    kept = {} if force else _edited(folder, earlier)
    changed = [name for name, digest in earlier.items() if name in files and name not in kept
               and (folder / name).is_file() and _digest((folder / name).read_bytes()) != digest]  # fmt: skip
    aside.parent.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, **kept}.items():
        path = aside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    released = {name: earlier.get(name, "") for name in kept} | {name: _digest(one) for name, one in files.items()}
    write_json(aside / MARKER, {"course": metadata.version("course-lib"), "files": released})
    if folder.exists():
        _swap(aside, folder)
        moved = _discard(aside, folder)
    else:
        os.rename(aside, folder)
        moved = []
    sync_folder(folder.parent)

    lines = [f"wrote {len(files)} files: {folder}"]
    lines += [f"kept {name}: it has been edited" for name in kept]
    lines += [f"replaced {name}, which had been changed" for name in changed]
    lines += [f"removed {name}" for name in sorted(earlier.keys() - released.keys())]
    lines += [f"kept {name}, which was not the bundle's" for name in moved]
    lines += [f"left out {name}: git does not track it" for name in untracked]
    return lines


# What is in it -----------------------------------------------------------------------------------------------------


def _listed(root: Path) -> tuple[set[str], list[str]]:
    """Names that git tracks, of those that a bundle may hold; and names that it does not, beside them."""
    found = []
    for option in ("--cached", "--others"):
        command = ["git", "-C", str(root), "ls-files", "-z", option, "--exclude-standard", "--", *FOLDERS, *PAPERS]
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise CourseError("a bundle holds what git tracks, and there is no git here: install it") from None
        found.append(sorted(name for name in run.stdout.split("\0") if name))
    if run.returncode != 0 or "course_lib/__init__.py" not in found[0]:
        said = run.stderr.strip().splitlines()[-1:] or ["git tracks none of its files"]
        raise CourseError(f"a bundle holds what git tracks, and {root} is no checkout of the course ({said[0]})")
    return set(found[0]), found[1]


def _files(root: Path, tracked: set[str], chosen: list[str]) -> dict[str, bytes]:
    """Name -> content of every file of the bundle, but for its marker."""
    files = {}
    for name in sorted(tracked):
        path = root / name
        if path.is_symlink():
            raise CourseError(f"{name} is a link, and may lead to what is nobody's business; put the file there")
        if path.exists():
            files[name] = path.read_bytes()
    files |= {f"exercises/{slug}.py": stub(slug, root).encode() for slug in chosen}
    files["README.md"] = Path(__file__).with_name("learners.md").read_bytes()
    files["Makefile"] = _makefile(files["Makefile"].decode()).encode()
    files["pyproject.toml"] = files["pyproject.toml"].replace(b'testpaths = ["tests"]', b'testpaths = ["exercises"]')
    return files


def _makefile(text: str) -> str:
    """Without the targets that are no learner's; rules stand apart by blank lines."""
    kept = []
    for block in text.strip().split("\n\n"):
        targets = re.findall(r"^([a-z-]+):", block, re.MULTILINE)
        if all(target in TARGETS for target in targets):
            kept.append(re.sub(r"^\.PHONY: .*", f".PHONY: {' '.join(TARGETS)} FORCE", block, flags=re.MULTILINE))
    return "\n\n".join(kept) + "\n"


# What must not be in it --------------------------------------------------------------------------------------------


def prove(slug: str, root: Path = ROOT) -> None:
    """Raises CourseError unless the master passes its tests, visible and hidden, and the stub passes none."""
    fresh, there = stub(slug, root), root / "exercises" / f"{slug}.py"
    if not there.exists() or there.read_text(encoding="utf-8") != fresh:
        raise CourseError(
            f"exercises/{slug}.py is not what its master gives: move your own work aside, then `course release {slug}`"
        )
    visible, hidden = root / "exercises" / f"test_{slug}.py", root / "solutions" / "hidden" / f"test_{slug}.py"
    if not (hidden.exists() and read_tests(hidden)[0]):
        raise CourseError(f"solutions/hidden/test_{slug}.py has no tests: nobody could be graded")
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / f"{slug}.py").write_text(fresh, encoding="utf-8")
        for path, seed in ((visible, SEEDS[0]), *((hidden, seed) for seed in SEEDS)):
            of_master, of_stub = _outcomes(path, [root / "solutions", Path(place)], seed)
            for test in (one.name for one in read_tests(path)[0]):
                said = of_master.get(test, NOT_RUN)
                if said.status != "passed":
                    raise CourseError(f"solutions/{slug}.py fails {test} of {path.relative_to(root)}: {said.message}")
                if of_stub.get(test, NOT_RUN).status != "not implemented":
                    raise CourseError(
                        f"the stub of {slug} gives an answer to {test}: put everything that is one, in "
                        f"solutions/{slug}.py, between {BEGIN} and {END}"
                    )


def _outcomes(path: Path, folders: list[Path], seed: int) -> list[dict[str, plugin.Outcome]]:
    try:
        return list(judge.run([path], [plugin.submission(str(folder)) for folder in folders], seed))
    except RuntimeError as error:
        raise CourseError(f"{path} cannot be collected: {str(error).strip().splitlines()[-1]}") from None


def check_answers(files: dict[str, bytes], root: Path = ROOT) -> None:
    """Raises CourseError where a file outside the library holds a line of an answer; in the book, two of the same one.

    The library is public and answers by library calls; a page shows formulas, and a formula may be a line of code.
    """
    answers = [one for path in sorted((root / "solutions").glob("*.py")) for one in _answers(path)]
    for name, content in files.items():
        if name.startswith("course_lib/"):
            continue
        text = _text(name, content)
        for answer in answers:
            held = {line for line, bare in answer.items() if bare in text}
            if len(held) > (1 if name.startswith("book/") else 0):
                raise CourseError(f"{name} gives an answer away: {min(held)}")


def _answers(path: Path) -> Iterator[dict[str, str]]:
    """For each answer of a master its long lines, as they stand and without blanks."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark = line.strip()
        if mark == BEGIN:
            inside, lines = True, {}
        elif mark == END:
            inside = False
            yield lines
        elif inside and len(bare := "".join(line.split())) > LONG:
            lines[f"{mark} (solutions/{path.name}, line {number})"] = bare


def _text(name: str, content: bytes) -> str:
    """Without blanks; of JSON and notebooks, what their strings say; empty for a picture."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    if name.endswith((".json", ".ipynb")):
        text = "".join(_strings(json.loads(text)))
    return "".join(text.split())


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


# Where an earlier one stands ---------------------------------------------------------------------------------------


def _earlier(folder: Path) -> dict[str, str]:
    """Name -> digest of what the bundle at `folder` was released with; empty where there is nothing."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return {}
    found = _marker(folder)
    if found is None:
        raise CourseError(f"{folder} is there already and is no earlier bundle: name a new folder")
    return found


def _marker(folder: Path) -> dict[str, str] | None:
    try:
        files = json.loads((folder / MARKER).read_bytes())["files"]
        return {str(name): str(digest) for name, digest in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _edited(folder: Path, earlier: dict[str, str]) -> dict[str, bytes]:
    """The learner's own work: stubs that are no longer what was released."""
    stubs = [name for name in earlier if re.fullmatch(r"exercises/(?!test_)\w+\.py", name)]
    there = {name: (folder / name).read_bytes() for name in stubs if (folder / name).is_file()}
    return {name: content for name, content in there.items() if _digest(content) != earlier[name]}


def _swap(new: Path, folder: Path) -> None:
    """Put `new` in the place of `folder`, and that where `new` was; in one step where the system can."""
    if sys.platform == "linux":
        renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
        here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
        if renameat2 and renameat2(here, os.fsencode(new), here, os.fsencode(folder), exchange) == 0:
            return
    third = _third(new)
    os.rename(folder, third)
    os.rename(new, folder)
    os.rename(third, new)


def _third(aside: Path) -> Path:
    return aside.with_name(aside.name + "-earlier")


def _recover(folder: Path, aside: Path) -> None:
    """Bring to an end what a killed release has left."""
    third = _third(aside)
    if third.exists():
        os.rename(third, aside if folder.exists() else folder)
    if aside.exists():
        _discard(aside, folder)


def _discard(old: Path, folder: Path) -> list[str]:
    """Move to `folder` whatever in `old` was not the bundle's, then remove `old`. Returns names of what was moved."""
    moved = []
    known = _marker(old)
    if known is not None and folder.exists():
        for name in list(_beside(old, {*known, MARKER})):
            target = folder / name
            while os.path.lexists(target):
                target = target.with_name(target.name + ".yours")
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(old / name, target)
            moved.append(str(target.relative_to(folder)))
    shutil.rmtree(old)
    return moved


def _beside(folder: Path, known: set[str], within: str = "") -> Iterator[str]:
    """Files and folders that hold nothing of the bundle's; of those, the outermost."""
    parents = {str(parent) for name in known for parent in Path(name).parents}
    for entry in sorted(os.scandir(folder / within), key=lambda one: one.name):
        name = f"{within}{entry.name}"
        if entry.is_dir(follow_symlinks=False) and name in parents:
            yield from _beside(folder, known, f"{name}/")
        elif name not in known and entry.name != "__pycache__":
            yield name
