"""Which functions of a submission use what an exercise excludes. The source is read, never executed.

A use is found through imports, other names for them and helper functions of the same file. Whoever hides it (`getattr`,
`__import__`) is not found: this tells a learner what the exercise is about; no verdict on numbers rests on it.

Reading a stranger's source can take a parser down, so behind the boundary this runs there: standard library only.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache

STEPS = 100_000  # names that are followed in one file, before it is taken for a maze
LONGEST = 200  # characters of a dotted name
LARGEST = 200_000  # bytes of a file that is read; the exercises have about 5,000


def uses(source: bytes, excluded: dict[str, str]) -> dict[str, str]:
    """Top-level function -> a sentence, for functions that use what is excluded; empty for what is not Python."""
    return _uses(source, tuple(excluded.items()))


@lru_cache(64)  # a file is asked about before each of its tests
def _uses(source: bytes, excluded: tuple[tuple[str, str], ...]) -> dict[str, str]:
    if len(source) > LARGEST:
        return {}
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    names: dict[str, set[str]] = {}  # top-level name -> dotted names that it stands on
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {name: {dotted} for name, dotted in _imported(node).items()}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = _mentioned(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    names[target.id] = _mentioned(node.value)
    steps = iter(range(STEPS))
    return {
        function: f"uses {dotted}; {sentence}"
        for function in names
        for name, sentence in excluded
        for dotted in [_reached(function, name, names, steps)]
        if dotted
    }


def _reached(start: str, excluded: str, names: dict[str, set[str]], steps: Iterator[int]) -> str | None:
    """The excluded thing that `start` uses, by whatever names lie between; None once the steps are used up."""
    todo, seen = [start], set()
    while todo:
        dotted = todo.pop()
        if dotted in seen or len(dotted) > LONGEST:
            continue
        seen.add(dotted)
        if dotted == excluded or dotted.startswith(excluded + "."):
            return dotted
        head, _, rest = dotted.partition(".")
        for target in names.get(head, ()):
            if next(steps, None) is None:
                return None
            todo.append(f"{target}.{rest}" if rest else target)
    return None


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Name in the file -> what it stands for."""
    if isinstance(node, ast.Import):
        first = {alias: alias.name.partition(".")[0] for alias in node.names}  # `import a.b` makes the name a
        return {alias.asname or first[alias]: alias.name if alias.asname else first[alias] for alias in node.names}
    return {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}


def _mentioned(tree: ast.AST) -> set[str]:
    """All dotted names in a piece of code; those imported within it in full."""
    inner: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            inner |= _imported(node)
    found, todo = set(), [tree]
    while todo:  # each link of a.b.c… once: a chain may have thousands
        node, parts = todo.pop(), []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            head = inner.get(node.id, node.id)
            found.add(".".join([head, *reversed(parts)]))
        else:
            todo += ast.iter_child_nodes(node)
    return found
