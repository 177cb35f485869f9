"""The rooms of course_lib stand on floors: no import goes up, sideways into another wing, or round in a circle.

Read from the source, so that imports inside functions count too.
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import course_lib

ROOT = Path(course_lib.__file__).parent

# Each room may import the rooms named here, and itself.
GROUND = {"errors", "files"}
FIRST = GROUND | {"data", "layers", "losses", "metrics", "plotting"}
MAY_IMPORT = {
    "errors": set(),
    "files": GROUND,
    **dict.fromkeys(FIRST - GROUND, FIRST),  # among themselves as long as no circle comes of it
    "training": FIRST,
    "models": FIRST | {"training"},
    "evaluation": FIRST | {"training", "models"},
    "claims": FIRST | {"training", "models", "evaluation"},
    "grading": FIRST,  # two wings: neither knows a model
    "authoring": FIRST | {"grading", "claims"},  # the appendices read what claims have stored
}
MAY_IMPORT["cli"] = set(MAY_IMPORT)


def imports(root: Path, package: str) -> dict[str, set[str]]:
    """Module -> modules of the package that it imports, anywhere in it."""
    files = {".".join((package, *path.relative_to(root).with_suffix("").parts)): path for path in root.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in files.items()}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
                    base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
                # `from package.room import thing`: the thing may itself be a module
                below = {f"{base}.{alias.name}" for alias in node.names}
                found.update(below & modules.keys() or {base})
                if below - modules.keys():
                    found.add(base)
            elif isinstance(node, ast.Call) and _called(node) == "import_module":
                found.update(str(value.value) for value in node.args if isinstance(value, ast.Constant))
        graph[name] = {target for target in found if target in modules} - {name}
    return graph


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def upward(graph: dict[str, set[str]]) -> list[str]:
    return [
        f"{module} imports {target}"
        for module, targets in sorted(graph.items())
        for target in sorted(targets)
        if _room(target) not in MAY_IMPORT.get(_room(module), set()) | {_room(module), ""}
    ]


def circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def between_rooms(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    rooms: dict[str, set[str]] = {}
    for module, targets in graph.items():
        rooms.setdefault(_room(module), set()).update(_room(target) for target in targets)
    return {room: targets - {room, ""} for room, targets in rooms.items() if room}


def test_every_room_has_a_floor():
    assert {_room(module) for module in imports(ROOT, "course_lib")} - {""} <= MAY_IMPORT.keys()


def test_no_import_goes_up():
    assert upward(imports(ROOT, "course_lib")) == []


def test_no_import_goes_round_in_a_circle():
    graph = imports(ROOT, "course_lib")
    # A package's __init__ gathers its modules, and they import it only by way of its neighbours.
    assert circle(graph) == []
    assert circle(between_rooms(graph)) == []


def test_the_library_was_read():
    """The reader must see what is known to be there, or the tests above pass on nothing."""
    graph = imports(ROOT, "course_lib")
    assert "course_lib.losses.adversarial" in graph["course_lib.models.gan"]
    assert "course_lib.models" in graph["course_lib.cli"]  # imported inside a function


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import course_lib.models.gan", "course_lib.data.bad imports course_lib.models.gan"),
        ("from course_lib.models import gan", "course_lib.data.bad imports course_lib.models.gan"),
        ("from course_lib import models", "course_lib.data.bad imports course_lib.models"),
        ("from ..models import gan", "course_lib.data.bad imports course_lib.models.gan"),
        ("def f():\n    from course_lib.models.gan import GAN", "course_lib.data.bad imports course_lib.models.gan"),
        ("import importlib\nimportlib.import_module('course_lib.cli')", "course_lib.data.bad imports course_lib.cli"),
        ("from course_lib.errors import CourseError", None),
    ],
)  # fmt: skip
def test_an_upward_import_is_found(tmp_path, source, complaint):
    for path in ("data/__init__", "models/__init__", "models/gan", "errors", "cli", "__init__"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / f"{path}.py").write_text("")
    (tmp_path / "data" / "bad.py").write_text(source)
    assert upward(imports(tmp_path, "course_lib")) == ([complaint] if complaint else [])


def test_a_circle_is_found(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.py").write_text("def f():\n    from course_lib.data.b import g")
    (tmp_path / "data" / "b.py").write_text("from course_lib.data import a")
    assert set(circle(imports(tmp_path, "course_lib"))) == {"course_lib.data.a", "course_lib.data.b"}
