"""Fingerprints of an experiment's source, so that a stored result is known to be that source's.

Comments, layout and docstrings do not count, nor does the `@claim` decorator: new words are no new experiment.
"""

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

import course_lib

PACKAGE = Path(course_lib.__file__).parent
# Rooms that only declare, show or start a measurement: a change there does not change its figures.
_NO_PART = ("claims", "plotting", "grading", "authoring", "cli", "errors")


def fingerprint(path: Path, name: str) -> str:
    """Hash of the function `name` in this file and of all that it uses in it, directly or not.

    Top-level statements that define nothing always count. Raises KeyError where the file defines no such name.
    """
    return _digest(_canonical(node) for node in _used(ast.parse(path.read_text(encoding="utf-8")), name))


def library_fingerprint(path: Path, name: str) -> str:
    """Hash of the course's modules that the function imports, directly or not: models, data, losses, training, …

    Weights that are stored beside such a module, in a folder `stored`, are part of it.
    """
    pending = {file for node in _used(ast.parse(path.read_text(encoding="utf-8")), name) for file in _imported(node)}
    found: dict[Path, ast.Module] = {}
    while pending:
        file = pending.pop()
        found[file] = ast.parse(file.read_text(encoding="utf-8"))
        pending |= _imported(found[file]) - found.keys()
    modules = [f"{file.relative_to(PACKAGE).as_posix()} {_canonical(found[file])}" for file in sorted(found)]
    beside = (file for folder in {file.parent for file in found} for file in (folder / "stored").rglob("*"))
    stored = [
        f"{file.relative_to(PACKAGE).as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}"
        for file in sorted(beside)
        if file.is_file()
    ]
    return _digest(modules + stored)


def _used(module: ast.Module, name: str) -> list[ast.stmt]:
    """The top-level statements that `name` needs, in the file's order: of imports, only the names that are used."""
    statements: list[ast.stmt] = []
    for node in module.body:
        if isinstance(node, ast.Import):
            statements += [ast.Import(names=[alias]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            statements += [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
        elif not _is_docstring(node):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                node.decorator_list = []  # the declaration is compared by itself
            statements.append(node)
    binds = [(node, _bound(node)) for node in statements]
    if not any(name in bound for _, bound in binds):
        raise KeyError(name)
    wanted, used = {name}, set()
    while True:
        new = [node for node, bound in binds if node not in used and (not bound or bound & wanted)]
        if not new:
            return [node for node in statements if node in used]
        used.update(new)
        wanted |= {inner.id for node in new for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _bound(node: ast.stmt) -> set[str]:
    """Names that a top-level statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}


def _imported(tree: ast.AST) -> set[Path]:
    """Files of the course that import statements anywhere in the tree may load."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = set()
    for name in names:
        package, *parts = name.split(".")
        if package != PACKAGE.name or not parts or parts[0] in _NO_PART:
            continue
        stem = PACKAGE.joinpath(*parts)
        files |= {file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file()}
    return files


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _canonical(value: object) -> str:
    """The tree as text that is the same in every version of Python (`ast.dump` is not), without docstrings."""
    if isinstance(value, list):
        return "[" + ",".join(_canonical(item) for item in value) + "]"
    if not isinstance(value, ast.AST):
        return repr(value)
    fields = dict(ast.iter_fields(value))
    has_body = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    if isinstance(value, has_body) and value.body and _is_docstring(value.body[0]):
        fields["body"] = value.body[1:]
    kept = [
        f"{key}={_canonical(item)}"
        for key, item in sorted(fields.items())
        if item is not None and item != [] and key not in ("ctx", "kind", "type_comment")
    ]
    return f"{type(value).__name__}({','.join(kept)})"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
