"""What a chapter's exercises are, read from its files without running them.

The visible tests `exercises/test_<slug>.py` give the exercises with their points, equations and hints; the stub
`exercises/<slug>.py` their signatures and contracts; `book/_toc.yml` the order of chapters.
"""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from course_lib.errors import CourseError, unknown
from course_lib.grading.student import Contract

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Test:
    """One test: its function's name, what it is worth, whose it is, and the equations it teaches."""

    __test__ = False  # not one of pytest's

    name: str
    points: float
    exercise: str
    equations: tuple[str, ...]


@dataclass(frozen=True)
class Exercise:
    """One function to write; `hints` from vague to plain."""

    name: str
    hints: tuple[str, ...]
    tests: tuple[Test, ...]

    @property
    def points(self) -> float:
        return sum(test.points for test in self.tests)

    @cached_property
    def equations(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for test in self.tests for label in test.equations))


@dataclass(frozen=True)
class Chapter:
    """The exercises of one slug, in the order of its tests."""

    slug: str
    exercises: tuple[Exercise, ...]

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    def exercise(self, name: str) -> Exercise:
        """Raises CourseError, naming near ones, where there is no exercise `name`."""
        names = [exercise.name for exercise in self.exercises]
        if name not in names:
            raise unknown(f"exercise of {self.slug}", name, names)
        return self.exercises[names.index(name)]


def slugs(root: Path = ROOT) -> list[str]:
    """Slugs of the chapters that have exercises, in the order of the book; one that is not in it yet comes last."""
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text())
    order = [entry["file"] for part in toc.get("parts", [toc]) for entry in part.get("chapters", [])]
    found = sorted(path.stem.removeprefix("test_") for path in (root / "exercises").glob("test_*.py"))
    return [name for name in order if name in found] + [name for name in found if name not in order]


def chapter(slug: str, root: Path = ROOT) -> Chapter:
    """Read one chapter's exercises from its visible tests. Raises CourseError for an unknown slug, naming near ones."""
    known = slugs(root)
    if slug not in known:
        raise unknown("chapter", slug, known)
    tests, hints = read_tests(root / "exercises" / f"test_{slug}.py")
    asked = dict.fromkeys(test.exercise for test in tests)
    return Chapter(
        slug,
        tuple(
            Exercise(name, tuple(hints.get(name, ())), tuple(test for test in tests if test.exercise == name))
            for name in asked
        ),
    )


def read_tests(path: Path) -> tuple[list[Test], dict[str, list[str]]]:
    """The tests with points in `path`, and its HINTS (empty for a file of hidden tests)."""
    tests, hints = [], {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "HINTS":
            hints = ast.literal_eval(node.value)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            marks = {
                mark.func.id: [ast.literal_eval(a) for a in mark.args]
                for mark in node.decorator_list
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name)
            }
            if "points" in marks:
                tests.append(Test(node.name, *marks["points"], tuple(marks.get("teaches", ()))))
    return tests, hints


def signatures(slug: str, root: Path = ROOT) -> dict[str, Contract]:
    """Parameters and declared result of each function of a chapter, from its stub."""
    tree = ast.parse((root / "exercises" / f"{slug}.py").read_text(encoding="utf-8"))
    return {
        node.name: Contract(
            tuple(one.arg for one in (*node.args.posonlyargs, *node.args.args)),
            ast.unparse(node.returns) if node.returns else "",
        )
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def excluded(slug: str, root: Path = ROOT) -> dict[str, str]:
    """Dotted name -> sentence, for what the exercises of this chapter exclude: EXCLUDED of its tests."""
    for node in ast.parse((root / "exercises" / f"test_{slug}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "EXCLUDED":
            return ast.literal_eval(node.value)
    return {}


def read_contracts(path: Path) -> dict[str, tuple[str, str]]:
    """Signature and docstring of each top-level function or class of `path`; what cannot be parsed is an error.

    Raises CourseError where the file is missing or is not Python: the message names the line.
    """
    if not path.exists():
        raise CourseError(f"{path.parent.name}/{path.name} is missing; `course release {path.stem}` writes it")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = getattr(error, "msg", None) or str(error)
        raise CourseError(f"{path.parent.name}/{path.name}{line}: {type(error).__name__}: {reason}") from None
    contracts = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            signature = f"def {node.name}({ast.unparse(node.args)}){returns}"
        elif isinstance(node, ast.ClassDef):
            signature = f"class {node.name}({', '.join(map(ast.unparse, node.bases))})"
        else:
            continue
        contracts[node.name] = (signature, ast.get_docstring(node) or "")
    return contracts
