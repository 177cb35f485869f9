"""Proof that the tests see what they should: every small change of a master must fail them.

A mutant is a master with one place between `# BEGIN SOLUTION` and `# END SOLUTION` changed: an operator, a constant, a
variable, an argument, a term, a call, a statement. A suite (the visible tests, or the hidden ones) kills it when a test
*of the exercise that was changed* does not pass. Each suite must kill every mutant by itself, but for those that
`solutions/equivalents/<slug>.toml` shows, in a sentence, to answer as the master does.

`make mutate` runs all mutants of all chapters, `make mutate SLUG=gan` those of one.
"""

import ast
import multiprocessing
import os
import sys
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

import pytest
import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tqdm import tqdm

from course_lib.errors import CourseError
from course_lib.grading import judge
from course_lib.grading.release import BEGIN, END, stub
from course_lib.grading.spec import ROOT, chapter, read_tests, slugs

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
ALIKE = (
    ("mean", "sum"), ("exp", "log"), ("log1p", "log"), ("expm1", "exp"), ("min", "max"), ("amin", "amax"),
    ("argmin", "argmax"), ("any", "all"), ("zeros", "ones"), ("zeros_like", "ones_like"), ("sqrt", "square"),
    ("var", "std"), ("softmax", "log_softmax"), ("sigmoid", "logsigmoid"), ("logsumexp", "sum"), ("floor", "ceil"),
    ("logaddexp", "maximum"), ("sin", "cos"),
)  # fmt: skip
"""Names of functions and of keyword arguments that are easily taken for each other."""

LIMIT = 20.0  # seconds that one mutant may take; it usually takes a twentieth of one
LIMIT_TO_START = 180.0  # seconds that a process may take to import torch and to collect the tests
MASTER = "the master"  # the name of the mutant that changes nothing


@dataclass(frozen=True)
class Mutant:
    """A master changed in one place. name: `<function>:<line of the answer>: <before> -> <after>`, unique in its slug.

    function: the top-level function that was changed; "" for a change outside of any.
    """

    slug: str
    function: str
    name: str
    source: str


# ------------------------------------------------------------------------------------------------------ making them


def mutants(slug: str, root: Path = ROOT) -> list[Mutant]:
    """All mutants of a chapter's master, in the order of its lines. Raises CourseError where its marks do not pair."""
    stub(slug, root)
    return mutate((root / "solutions" / f"{slug}.py").read_text(encoding="utf-8"), slug)


def mutate(source: str, slug: str = "") -> list[Mutant]:
    """All mutants of `source`. Two changes that come to the same text are one mutant; one that changes nothing is none.

    The line in a name counts from the answer's first, so that it stays when a contract grows.
    """
    tree = ast.parse(source)
    modules = {alias.asname or alias.name.split(".")[0] for node in ast.walk(tree)
               if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}  # fmt: skip
    marks = [(i, line.strip()) for i, line in enumerate(source.splitlines(), 1) if line.strip() in (BEGIN, END)]
    blocks = [(begin, end) for (begin, _), (end, _) in zip(marks[::2], marks[1::2], strict=True)]
    found, seen, names = [], {ast.unparse(tree)}, Counter()
    for top in tree.body:
        function = top.name if isinstance(top, ast.FunctionDef | ast.ClassDef) else ""
        for slot in _slots(_Slot(tree, "body", tree.body.index(top), (tree,), {})):
            begin = next((begin for begin, end in blocks if begin < slot.node.lineno < end), None)
            if begin is None:
                continue
            node, shown = slot.node, slot.shown()
            for new in _changes(slot, modules):
                before = _text(shown)
                slot.put(new)
                text, after = ast.unparse(tree), _text(new if shown is node else shown)
                slot.put(node)
                if text not in seen:
                    seen.add(text)
                    name = f"{function}:{node.lineno - begin}: {before} -> {after}"
                    names[name] += 1
                    name += f" ({names[name]})" if names[name] > 1 else ""
                    found.append(Mutant(slug, function, name, text))
    return found


@dataclass(frozen=True)
class _Slot:
    """A place in the tree that holds a node: parents[-1].field, or its item at `index`.

    names: variables of the function around it, each with the line from which on it has a value.
    """

    tree: ast.AST
    field: str
    index: int | None
    parents: tuple[ast.AST, ...]
    names: dict[str, int]

    @property
    def node(self) -> ast.AST:
        held = getattr(self.parents[-1], self.field)
        return held if self.index is None else held[self.index]

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parents[-1], self.field, node)
        else:
            getattr(self.parents[-1], self.field)[self.index] = node

    def shown(self) -> ast.AST:
        """The node by which a change is named: a variable or constant stands with what is around it."""
        if _number(self.node) is None and not isinstance(self.node, ast.Name | ast.Constant):
            return self.node
        return next(node for node in reversed(self.parents) if isinstance(node, ast.expr | ast.stmt))


def _slots(slot: _Slot) -> Iterator[_Slot]:
    """This place and all below it, but for names that are assigned to, annotations and decorators."""
    node, names = slot.node, slot.names
    if isinstance(node, ast.expr | ast.stmt) and not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        yield slot
    if _number(node) is not None:
        return  # -1 is one constant, not a sign and another
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        arguments = [one for one in ast.walk(node.args) if isinstance(one, ast.arg)]
        names = {**names, **{one.arg: 0 for one in arguments}}
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                names[one.id] = min(one.lineno, names.get(one.id, one.lineno))
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for index, held in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(held, ast.AST):
                yield from _slots(_Slot(slot.tree, field, index, (*slot.parents, node), names))


def _changes(slot: _Slot, modules: set[str]) -> Iterator[ast.AST]:
    """What may take the node's place, each a small error."""
    node = slot.node
    number = _number(node)
    if number is not None:
        shifted = (number + 1, number - 1, -number, *((2 * number, number / 2) if isinstance(number, float) else ()))
        yield from (ast.parse(repr(value), mode="eval").body for value in dict.fromkeys(shifted))
        return
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Name(id=name) if name in slot.names:
            yield from (ast.Name(o, ast.Load()) for o, line in slot.names.items() if o != name and line < node.lineno)
        case ast.BinOp(left=left, op=op, right=right):
            yield from (ast.BinOp(left, other(), right) for other in ARITHMETIC if not isinstance(op, other))
            yield from (left, right)
            if isinstance(op, ast.Sub):
                yield ast.UnaryOp(ast.USub(), right)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            for i, op in enumerate(ops):
                for other in COMPARISONS:
                    if not isinstance(op, other):
                        yield ast.Compare(left, [*ops[:i], other(), *ops[i + 1 :]], comparators)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                yield ast.BoolOp(op, rest) if len(rest) > 1 else rest[0]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield from (ast.IfExp(test, orelse, body), body, orelse)
        case ast.Subscript(value=value):
            yield value
        case ast.Slice(lower=lower, upper=upper, step=step):
            yield from (ast.Slice(None, upper, step), ast.Slice(lower, None, step), ast.Slice(lower, upper, None))
        case ast.Attribute(value=value) if slot.field != "func" and _root(value) not in modules:
            yield value
        case ast.Call():
            yield from _calls(node, modules)
        case ast.Return(value=ast.Tuple(elts=elts)):
            yield from (ast.Return(ast.Tuple(order, ast.Load())) for order in _swapped(elts))
        case ast.If(test=test, body=body, orelse=orelse):
            yield from (ast.If(ast.UnaryOp(ast.Not(), test), body, orelse), ast.If(ast.Constant(True), body, orelse))
            yield ast.If(ast.Constant(False), body, orelse)
        case ast.With(body=body):
            yield ast.If(ast.Constant(True), body, [])
        case ast.AugAssign(target=target, op=op, value=value):
            yield from (ast.AugAssign(target, other(), value) for other in ARITHMETIC if not isinstance(op, other))
    if isinstance(node, ast.stmt) and not isinstance(
        node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.If | ast.With | ast.Return
    ):
        yield ast.Pass()


def _calls(node: ast.Call, modules: set[str]) -> Iterator[ast.AST]:
    """Another function, the arguments in another order, one left out, or no call at all."""
    func, args, keywords = node.func, node.args, node.keywords
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    for other in _alike(name):
        named = isinstance(func, ast.Name)
        yield ast.Call(ast.Name(other, ast.Load()) if named else ast.Attribute(func.value, other), args, keywords)
    if isinstance(func, ast.Attribute) and _root(func) not in modules:
        yield func.value
    yield from (one.value if isinstance(one, ast.Starred) else one for one in args)
    yield from (ast.Call(func, order, keywords) for order in _swapped(args))
    yield from (ast.Call(func, args[:i] + args[i + 1 :], keywords) for i in range(len(args)))
    for i, keyword in enumerate(keywords):
        yield ast.Call(func, args, keywords[:i] + keywords[i + 1 :])
        for other in _alike(keyword.arg):
            yield ast.Call(func, args, [*keywords[:i], ast.keyword(other, keyword.value), *keywords[i + 1 :]])


def _alike(name: str | None) -> list[str]:
    return [other for pair in ALIKE for one, other in (pair, pair[::-1]) if one == name]


def _swapped(items: list) -> Iterator[list]:
    """The list with two of its items in each other's place, for every two."""
    for i in range(len(items)):
        for j in range(i):
            yield [items[{i: j, j: i}.get(k, k)] for k in range(len(items))]


def _number(node: ast.AST) -> int | float | None:
    """The value of a numeric constant, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _number(node.operand)
        return None if value is None else -value
    number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return node.value if number else None


def _root(node: ast.AST) -> str:
    """`torch` of `torch.special.entr`; "" where no name stands at the root."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


# ------------------------------------------------------------------------------------------------------ killing them


@dataclass(frozen=True)
class Suite:
    """The visible tests of a chapter, or its hidden ones on the inputs of a seed."""

    slug: str
    hidden: bool
    seed: int = 0

    def __str__(self) -> str:
        return f"hidden tests (seed {self.seed})" if self.hidden else "visible tests"

    @property
    def file(self) -> Path:
        return ROOT / ("solutions/hidden" if self.hidden else "exercises") / f"test_{self.slug}.py"


Fate = dict[Suite, str]
"""What each suite made of a mutant: the test that killed it, or what else did; "" where it survived."""


def run(
    trials: dict[Suite, list[Mutant]], *, limit: float = LIMIT, each: Callable[[], None] = lambda: None
) -> dict[Mutant, Fate]:
    """Try mutants on the suites that name them, in a process of their own.

    A mutant that takes more than `limit` seconds or ends the process is killed by that, and a new process goes on.
    each: called whenever a suite begins with a mutant that it has not tried before.
    Raises CourseError where a master fails its own tests: nothing can then be said of its mutants.
    """
    fates: dict[Mutant, Fate] = {mutant: {} for batch in trials.values() for mutant in batch}
    begun: set[tuple[Suite, Mutant]] = set()
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that torch's threads may hold
    while left := _left(trials, fates):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(sender, left), daemon=True)
        process.start()
        sender.close()
        trying = None
        try:
            while receiver.poll(limit if trying else LIMIT_TO_START):
                suite, mutant, killer = receiver.recv()
                trying = (suite, mutant) if killer is None else None
                if mutant.name == MASTER:
                    if killer:
                        raise CourseError(f"solutions/{mutant.slug}.py fails {killer}: mend that first")
                elif killer is not None:
                    fates[mutant][suite] = killer
                elif trying not in begun:
                    begun.add(trying)
                    each()
            reason = f"no answer within {limit:g} s"
        except EOFError:
            reason = "the end of the process"
        finally:
            process.kill()
            process.join()
            receiver.close()
        if trying and trying[1].name != MASTER:
            fates[trying[1]][trying[0]] = reason
        elif _left(trials, fates):
            raise CourseError(f"the tests of {next(iter(left)).slug} cannot be run: {reason}")
    return fates


def _left(trials: dict[Suite, list[Mutant]], fates: dict[Mutant, Fate]) -> dict[Suite, list[Mutant]]:
    left = {suite: [mutant for mutant in batch if suite not in fates[mutant]] for suite, batch in trials.items()}
    return {suite: batch for suite, batch in left.items() if batch}


def _work(sender: Connection, trials: dict[Suite, list[Mutant]]) -> None:
    """Send (suite, mutant, None) before each trial and (suite, mutant, its killer or "") after it."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # mutants give many
    for suite, batch in trials.items():
        tests, _ = read_tests(suite.file)
        master = (ROOT / "solutions" / f"{suite.slug}.py").read_text(encoding="utf-8")
        # The master first, once for each function changed: all tests are seen to pass before one is seen to fail.
        functions = dict.fromkeys(mutant.function for mutant in batch)
        asked = [*(Mutant(suite.slug, function, MASTER, master) for function in functions), *batch]
        wanted = {name: [test.name for test in tests if test.exercise == name] for name in functions}
        wanted = {name: own or [test.name for test in tests] for name, own in wanted.items()}  # all, of a helper

        def submissions(suite: Suite = suite, asked: list = asked, wanted: dict = wanted) -> Iterator[judge.Submission]:
            for mutant in asked:
                sender.send((suite, mutant, None))
                yield _submission(mutant, wanted[mutant.function])

        for mutant, outcomes in zip(asked, judge.run([suite.file], submissions(), suite.seed), strict=True):
            killers = (
                name for name in wanted[mutant.function] if getattr(outcomes.get(name), "status", "") != "passed"
            )
            sender.send((suite, mutant, next(killers, "")))


def _submission(mutant: Mutant, wanted: list[str]) -> judge.Submission:
    """The mutant, for the tests that are wanted; the others are skipped, for speed."""
    code = compile(mutant.source, f"<{mutant.name}>", "exec")

    def make(slug: str) -> ModuleType:
        running = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" ")[0]
        if running not in wanted:
            pytest.skip("a test of another exercise")
        module = ModuleType(f"mutant_{slug}")
        exec(code, module.__dict__)
        return module

    return make


# ------------------------------------------------------------------------------------------------------ judging them


def equivalents(slug: str, root: Path = ROOT) -> dict[str, str]:
    """Name of a mutant -> the sentence that shows it to answer as the master does. Empty where there is no file.

    Raises CourseError for a file that is not TOML, and for an entry without a sentence.
    """
    path = root / "solutions" / "equivalents" / f"{slug}.toml"
    if not path.exists():
        return {}
    try:
        listed = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CourseError(f"solutions/equivalents/{slug}.toml: {error}") from None
    bad = [name for name, reason in listed.items() if not (isinstance(reason, str) and reason.strip())]
    if bad:
        raise CourseError(f"solutions/equivalents/{slug}.toml: {bad[0]!r} needs a sentence that shows why")
    return listed


def complaints(fates: dict[Mutant, Fate], listed: dict[str, str], known: Iterable[Mutant]) -> list[str]:
    """What is wrong with a chapter: mutants that survive without a reason, and reasons that stand for no survivor.

    listed: as `equivalents` gives it. known: all mutants of the chapter, tried or not.
    """
    found = []
    for mutant, fate in fates.items():
        survived = " and the ".join(str(suite) for suite, killer in fate.items() if not killer)
        killer = next(filter(None, fate.values()), "")
        if mutant.name in listed and killer:
            found.append(f"listed as equivalent, yet killed by {killer}: {mutant.name}")
        elif mutant.name not in listed and survived:
            found.append(f"survives the {survived}: {mutant.name}")
    names = {mutant.name for mutant in known}
    stale = [name for name in listed if name not in names]
    return found + [f"listed as equivalent, yet no mutant of the master: {name}" for name in stale]


def suites(slug: str, seeds: Iterable[int] = (0, 1)) -> list[Suite]:
    return [Suite(slug, False), *(Suite(slug, True, seed) for seed in seeds)]


def main(chosen: list[str]) -> int:
    """Try all mutants of these chapters (of all, if none is named) and print the score. 1 if something is wrong."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        names = [chapter(slug).slug for slug in chosen] or slugs()
        batches = {slug: mutants(slug) for slug in names}
        listed = {slug: equivalents(slug) for slug in names}
        trials = {suite: batches[slug] for slug in names for suite in suites(slug)}
        with tqdm(total=sum(map(len, trials.values())), unit="mutant", disable=None) as bar:
            fates = run(trials, each=bar.update)
    except CourseError as error:
        console.print(Text(str(error), "red"))
        return 1
    table = Table(
        "exercise", box=None, pad_edge=False, title="Mutants, and which tests killed them", title_justify="left"
    )
    for column in ("mutants", "visible", "hidden", "equivalent", "surviving"):
        table.add_column(column, justify="right")
    wrong, whole = [], []
    for slug in names:
        mine = {mutant: fates[mutant] for mutant in batches[slug]}
        wrong += [f"{slug}: {line}" for line in complaints(mine, listed[slug], batches[slug])]
        table.add_row(slug, style="bold")
        for function in dict.fromkeys(mutant.function for mutant in mine):
            scores = [_score(one, fate, listed[slug]) for one, fate in mine.items() if one.function == function]
            table.add_row(function, *_sums(scores))
            whole += scores
    table.add_row("all", *_sums(whole), style="bold")
    console.print(table)
    for line in wrong:
        console.print(Text(line, "red"))
    return 1 if wrong else 0


def _score(mutant: Mutant, fate: Fate, listed: dict[str, str]) -> tuple[bool, ...]:
    """A mutant; killed by the visible tests; by the hidden ones, whatever the seed; listed; surviving unlisted."""
    visible = all(killer for suite, killer in fate.items() if not suite.hidden)
    hidden = all(killer for suite, killer in fate.items() if suite.hidden)
    return True, visible, hidden, mutant.name in listed, not (visible and hidden) and mutant.name not in listed


def _sums(scores: list[tuple[bool, ...]]) -> list[str]:
    return [str(sum(column)) for column in zip(*scores, strict=True)]


if __name__ == "__main__":
    # By its importable name: the other process must know the same classes.
    from course_lib.grading.mutants import main as importable

    sys.exit(importable(sys.argv[1:]))
