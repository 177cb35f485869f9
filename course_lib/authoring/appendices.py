"""The book's appendices, made from data each time the book is built, so that they cannot go stale.

A line `% appendix: errata` in a page becomes that appendix. `claims` reads the stored results under `book/results/`;
`errata`, `notation` and `reproduction` each read a file of tables in `book/`, named like the appendix, `.toml`.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import nbformat
import yaml

from course_lib.claims import display, records
from course_lib.errors import CourseError, unknown

BOOK = Path(__file__).resolve().parents[2] / "book"

NOTES = (
    "Papers I've read",
    "ShortScience summaries",
    "Weekly report, July 2019",
    "GAN paper notes",
    "Introduction to generative models (slides)",
)
"""The public names of the notes that the course mirrors."""


@dataclass(frozen=True)
class Erratum:
    """An error in the notes, in MyST.

    label: `(erratum-<label>)=` stands above its box on the chapter's page; several errors may share a box.
    notes, where: which of NOTES, and its section or slide.  says, truth: what stands there, and what is true.
    evidence: where it can be looked up, if no cell can show it.
    """

    label: str
    chapter: str
    notes: str
    where: str
    says: str
    truth: str
    evidence: str = ""


@dataclass(frozen=True)
class Symbol:
    """What a symbol means throughout the book.

    tex: as it stands in the equation whose label is `equation`, where it is first met.
    values: the shape or set that it lives in, in MyST.  code: its name in the library.
    """

    tex: str
    means: str
    equation: str
    values: str = ""
    code: str = ""


@dataclass(frozen=True)
class Figure:
    """A published figure, and ours: measured by a claim of the chapter, or why not here.

    paper: MyST, with the citation.  where: its table or section.  what: what was measured on what.
    claim: the name of the claim that measures it here.  why: why it cannot be had here, or what differs.
    command: what to run for it; with a claim, the claim's own.
    """

    chapter: str
    paper: str
    where: str
    what: str
    published: str
    claim: str = ""
    why: str = ""
    command: str = ""


R = TypeVar("R", Erratum, Symbol, Figure)
ROWS = {"errata": Erratum, "notation": Symbol, "reproduction": Figure}


def read(kind: type[R], book: Path = BOOK) -> list[R]:
    """All tables of the appendix's file, in its order. Raises CourseError, naming table and key, where one is wrong."""
    path = book / f"{next(name for name, row in ROWS.items() if row is kind)}.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(f"{path.name} cannot be read: {error}") from error
    name = kind.__name__.lower()
    if list(tables) != [name]:
        raise CourseError(f"{path.name} holds tables [[{name}]] and nothing else, not {', '.join(tables) or 'none'}")
    known = {field.name: field.default is MISSING for field in fields(kind)}
    for number, table in enumerate(tables[name], 1):
        place = f"{path.name}, table {number}"
        for key, value in table.items():
            if key not in known:
                raise CourseError(f"{place}: {unknown('key', key, known)}")
            if not isinstance(value, str) or not value.strip():
                raise CourseError(f"{place}: '{key}' must be a text that says something")
        if missing := [key for key, needed in known.items() if needed and key not in table]:
            raise CourseError(f"{place}: needs {', '.join(missing)}")
    return [kind(**table) for table in tables[name]]


def chapters(book: Path = BOOK) -> list[str]:
    """Slugs of the book's chapters, in its order: every notebook that its table of contents names."""
    toc = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [name for name in files if (book / f"{name}.ipynb").is_file()]


@cache
def markdown(slug: str, book: Path = BOOK) -> str:
    """All text of a chapter's page, without its code."""
    notebook = nbformat.read(book / f"{slug}.ipynb", as_version=4)
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def title(slug: str, book: Path = BOOK) -> str:
    return re.search(r"^# (.+)$", markdown(slug, book), re.MULTILINE)[1]


@cache
def equations(book: Path = BOOK) -> dict[str, tuple[str, str]]:
    """Label -> (chapter, TeX) of every numbered equation of the book."""
    found = {}
    for slug in chapters(book):
        for tex, label in re.findall(
            r"^\$\$\s*\n(.+?)^\$\$ \((eq-[\w-]+)\)", markdown(slug, book), re.MULTILINE | re.DOTALL
        ):
            found[label] = (slug, tex)
    return found


def claims(book: Path = BOOK) -> str:
    """Every claim of every chapter with its figure, its verdict and its command."""
    found = {slug: records.results(slug) for slug in chapters(book) if slug in records.slugs()}
    verdicts = [one.verdict for results in found.values() for one in results]
    counts = ", ".join(f"*{one}* {verdicts.count(one)}" for one in display.MARKS if one in verdicts)
    parts = [f"{len(verdicts)} claims in {len(found)} chapters: {counts}."]
    for slug, results in found.items():
        rows = [
            (
                f"{plain(one.statement)} [{plain(one.source)}]{{.course-source}}\n\n`{one.command}`",
                f"{plain(display.measured(one))}",
                f"[{display.MARKS[one.verdict]} {one.verdict}]{{.course-verdict .{display.CLASSES[one.verdict]}}}",
            )
            for one in results
        ]
        parts += [_heading(slug, book), _table(("Claim", "Measured", "Verdict"), rows, "course-verdicts", (52, 28, 20))]
    return "\n\n".join(parts)


def errata(book: Path = BOOK) -> str:
    """Every error found in the notes, one set after the other: where, what it says, what is true, what shows it."""
    rows = read(Erratum, book)
    for one in rows:
        if one.notes not in NOTES:
            raise CourseError(f"errata.toml: {unknown('notes', one.notes, NOTES)}")
    rows.sort(key=lambda one: NOTES.index(one.notes))
    present = chapters(book)
    boxes = sum(one.chapter in present for one in rows)
    parts = [f"{len(rows)} errors so far, {boxes} of them in chapters that are ready."]
    for notes, group in groupby(rows, key=lambda one: one.notes):
        cells = []
        for one in group:
            if one.chapter in present:
                shown = f"{{ref}}`{title(one.chapter, book).split(':')[0]} <erratum-{one.label}>`"
            else:
                shown = "chapter to come"
            shown += f"; {one.evidence}" if one.evidence else ", where a cell shows it"
            cells.append((f"{one.where}\n\n[{shown}]{{.course-source}}", one.says, one.truth))
        parts += [f"## {notes}", _table(("Where", "It says", "It is"), cells, "course-errata", (24, 38, 38))]
    return "\n\n".join(parts)


def notation(book: Path = BOOK) -> str:
    """Every symbol that keeps its meaning, by the chapter in which it is met first."""
    where = equations(book)
    rows = read(Symbol, book)
    for one in rows:
        if one.equation not in where:
            raise CourseError(f"notation.toml: {one.tex}: {unknown('equation', one.equation, where)}")
    order = chapters(book)
    rows.sort(key=lambda one: order.index(where[one.equation][0]))
    parts = []
    for slug, group in groupby(rows, key=lambda one: where[one.equation][0]):
        cells = [
            (
                f"${one.tex}$",
                one.means
                + (f" In code: `{one.code}`." if one.code else "")
                + (f"\n\n[{one.values}]{{.course-source}}" if one.values else ""),
                f"{{eq}}`{one.equation}`",
            )
            for one in group
        ]
        parts += [
            _heading(slug, book),
            _table(("Symbol", "Meaning, and where its values lie", "First in"), cells, "course-notation", (24, 61, 15)),
        ]
    return "\n\n".join(parts)


def reproduction(book: Path = BOOK) -> str:
    """Published figures beside ours."""
    rows, order = read(Figure, book), chapters(book)
    rows.sort(key=lambda one: order.index(one.chapter) if one.chapter in order else len(order))
    parts = []
    for slug, group in groupby(rows, key=lambda one: one.chapter):
        cells = []
        for one in group:
            ours = [one.why] if one.why else []
            command = one.command
            if one.claim:
                result = records.result(slug, one.claim)
                ours.append(f"{plain(result.measures)} {plain(display.measured(result))}: {result.verdict}.")
                command = result.command
            if command:
                ours.append(f"`{command}`")
            cells.append((f"{one.what} [{one.paper}, {one.where}]{{.course-source}}", one.published, "\n\n".join(ours)))
        head = _heading(slug, book) if slug in order else f"## {slug} (chapter to come)"
        parts += [
            head,
            _table(("What", "Published", "Ours, or why not here"), cells, "course-reproduction", (34, 20, 46)),
        ]
    return "\n\n".join(parts)


APPENDICES: dict[str, Callable[[Path], str]] = {
    "claims": claims,
    "errata": errata,
    "notation": notation,
    "reproduction": reproduction,
}


def plain(text: str) -> str:
    """Text with Markdown's own signs escaped."""
    return re.sub(r"([\\`*_{}\[\]<>$|#~])", r"\\\1", text)


def _heading(slug: str, book: Path) -> str:
    return f"## {title(slug, book)}\n\nChapter {{doc}}`{slug}`."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], style: str, widths: Sequence[int]) -> str:
    """A MyST list-table, its columns' widths in percent. A cell may hold several paragraphs."""
    options = {"header-rows": 1, "widths": " ".join(map(str, widths)), "class": f"course-appendix {style}"}
    lines = ["::::{list-table}", *(f":{key}: {value}" for key, value in options.items()), ""]
    for row in (head, *rows):
        for column, cell in enumerate(row):
            first, *more = cell.split("\n")
            lines.append(f"{'* - ' if column == 0 else '  - '}{first}")
            lines += [f"    {line}".rstrip() for line in more]
    return "\n".join([*lines, "::::"])
