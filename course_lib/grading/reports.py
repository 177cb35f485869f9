"""Pages about grades: one for each student, one for the class.

Static HTML, one file each: no script, nothing loaded from anywhere, and a policy in the page that forbids both. The
template escapes every value, after `exports.visible` has shown its control characters. No date and no duration:
the same grades give the same pages.
"""

import base64
import hashlib
import json
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup, escape

from course_lib.errors import CourseError
from course_lib.grading import exports, spec
from course_lib.grading.exports import explain, number, visible
from course_lib.grading.intake import file_name
from course_lib.grading.records import STATUSES, FileResult, Grade, TestResult

# Status -> how a page colours and counts it.
KINDS = {
    "passed": "passed",
    "not implemented": "open",
    "missing": "open",
    "wrong": "wrong",
    "forbidden": "wrong",
    "malformed answer": "wrong",
    "crashed": "stopped",
    "over limit": "stopped",
    "timed out": "stopped",
    "grader fault": "fault",
}


def short(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def share(part: float, whole: float) -> float:
    """Percent, within 0 to 100, as SVG takes it."""
    return round(100 * min(max(part / whole, 0), 1), 2) if whole else 0


def _breakable(name: str) -> Markup:
    """A name that a narrow column may break after its underscores."""
    return Markup("_<wbr>").join(escape(visible(part)) for part in name.split("_"))


def _prose(sentence: str) -> Markup:
    """A sentence with its `code` set as such."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(visible(sentence)))))


@cache
def _template() -> Any:
    """The macros of reports.html, and the style and policy of every page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("course_lib.grading", "."),
        autoescape=True,
        finalize=lambda value: visible(value) if type(value) is str else value,  # Markup has been through it
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(number=number, short=short, share=share, kind=KINDS.__getitem__, meaning=STATUSES)
    environment.filters.update(breakable=_breakable, prose=_prose)
    macros = environment.get_template("reports.html").module
    style = macros.css()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return macros, {"style": style, "policy": policy}


# ------------------------------------------------------------------------------------------------------- one student


@dataclass(frozen=True)
class Failure:
    """Checks of one exercise that failed in the same way. points: what they are worth."""

    status: str
    said: tuple[str, ...]
    checks: int
    points: float


@dataclass(frozen=True)
class Task:
    """One exercise as a student's page shows it."""

    name: str
    earned: float
    points: float
    checks: int
    failures: tuple[Failure, ...]
    equations: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """One slug as a student's page shows it. whole: the failure that all of its checks share, told once."""

    slug: str
    title: str
    url: str
    file: FileResult
    whole: Failure | None
    tasks: tuple[Task, ...]


def student_page(grade: Grade, *, book: str = "") -> str:
    """The page for the student: points, what failed in words that give nothing away, where to read on.

    book: address of the built book; without it chapters and equations are named, not linked.
    """
    macros, dress = _template()
    chapters = [_chapter(grade.files[slug], _address(book)) for slug in _order(grade.files)]
    return str(macros.student_page(grade, chapters, exports.remarks(grade), **dress)).lstrip()


def _address(book: str) -> str:
    if urlsplit(book).scheme not in ("", "http", "https", "file"):
        raise CourseError(f"the book's address '{visible(book)}' is none that a page may link to: give it as https://…")
    return book.rstrip("/")


def _order(slugs: Iterable[str]) -> list[str]:
    """In the order of the book."""
    known = _slugs()
    return sorted(slugs, key=lambda slug: (known.index(slug) if slug in known else len(known), slug))


@cache
def _slugs() -> list[str]:
    return spec.slugs()


@cache
def _read(slug: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """A chapter's title, and the equations of its exercises; its slug, and none, where the book has no such chapter."""
    path = spec.ROOT / "book" / f"{slug}.ipynb"
    title = slug
    if path.exists():
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
        title = "".join(first).partition("\n")[0].lstrip("# ")
    exercises = spec.chapter(slug).exercises if slug in _slugs() else ()
    return title, {exercise.name: exercise.equations for exercise in exercises}


def _chapter(file: FileResult, book: str) -> Chapter:
    title, equations = _read(file.slug)
    url = f"{book}/{file.slug}.html" if book else ""
    failures = _failures(file.results)
    if len(failures) == 1 and failures[0].checks == len(file.results):
        return Chapter(file.slug, title, url, file, failures[0], ())
    by_exercise = defaultdict(list)
    for result in file.results:
        by_exercise[result.exercise].append(result)
    tasks = tuple(
        Task(
            name,
            sum(result.earned for result in results),
            sum(result.points for result in results),
            len(results),
            _failures(results),
            equations.get(name, ()),
        )
        for name, results in by_exercise.items()
    )
    return Chapter(file.slug, title, url, file, None, tasks)


def _failures(results: Sequence[TestResult]) -> tuple[Failure, ...]:
    alike = defaultdict(list)
    for result in results:
        if result.status != "passed":
            meaning = STATUSES[result.status]
            said = f"{meaning[0].upper()}{meaning[1:]}.", *explain(result)[1:]
            alike[result.status, said].append(result)
    return tuple(
        Failure(status, said, len(those), sum(result.points for result in those))
        for (status, said), those in alike.items()
    )


# --------------------------------------------------------------------------------------------------------- the class


@dataclass(frozen=True)
class Attention:
    """Submissions that someone should look at for one reason, each with what to know. urgent: shown unfolded."""

    title: str
    words: str
    urgent: bool
    entries: list[tuple[Grade, list[str]]]


def class_page(grades: Iterable[Grade], *, links: dict[str, str] | None = None) -> str:
    """The page for the instructor: who needs attention, distribution, what was hard and why, and everyone.

    links: submission -> address of its page; as `write` lays them out if left out.
    """
    grades = sorted(grades, key=lambda one: one.submission)
    macros, dress = _template()
    if links is None:
        links = {grade.submission: f"students/{_page(grade)}" for grade in grades}
    return str(macros.class_page(_view(grades), links, **dress)).lstrip()


def _view(grades: list[Grade]) -> dict[str, Any]:
    slugs = _order({slug for grade in grades for slug in grade.files})
    if not grades:
        return {"grades": grades}
    totals = [grade.total for grade in grades]
    maximum = max(grade.maximum for grade in grades)
    plots = [_histogram(totals, maximum, "Totals")]
    for slug in slugs:
        having = [grade for grade in grades if slug in grade.files]
        most = max(grade.files[slug].maximum for grade in having)
        plots.append(_histogram([grade.points(slug) for grade in having], most, slug, bins=5, width=320, height=180))
    statuses = Counter(grade.status for grade in grades)
    mistakes, caption = _mistakes(grades)
    return {
        "grades": grades,
        "slugs": slugs,
        "named": any(grade.name for grade in grades),
        "late": any(grade.days_late for grade in grades),
        "facts": [
            ("Submissions", len(grades)),
            ("Maximum", number(maximum)),
            ("Mean", number(round(statistics.fmean(totals), 1))),
            ("Median", number(round(statistics.median(totals), 1))),
            ("Full marks", sum(grade.total >= grade.maximum for grade in grades)),
            ("Late", sum(grade.days_late > 0 for grade in grades)),
        ],
        "attention": _attention(grades),
        "plots": plots,
        "statuses": [(status, statuses[status]) for status in STATUSES if statuses[status]],
        "exercises": _exercise_rates(grades),
        "checks": _check_rates(grades),
        "mistakes": mistakes,
        "mistakes_caption": caption,
    }


def _attention(grades: list[Grade]) -> list[Attention]:
    """Urgent reasons first; a reason that no submission gives is left out."""

    def having(*statuses: str) -> Callable[[Grade], list[str]]:
        def told(grade: Grade) -> list[str]:
            return [
                f"{slug}: {result.test} {short(next(iter(result.detail.strip().splitlines()), ''), 160)}".rstrip()
                for slug, file in grade.files.items()
                for result in file.results
                if result.status in statuses
            ]

        return told

    def missing(grade: Grade) -> list[str]:
        absent = [slug for slug, file in grade.files.items() if file.status == "missing"]
        return [", ".join(absent)] if absent else []

    def problems(grade: Grade) -> list[str]:
        return list(grade.problems)

    def notes(grade: Grade) -> list[str]:
        return [f"{slug}: {note}" for slug, file in grade.files.items() for note in file.notes]

    def by_hand(grade: Grade) -> list[str]:
        return [
            f"{slug}: {number(one.points)} points, by {one.by} on {one.date}: {one.reason}"
            for slug, one in sorted(grade.overrides.items())
        ]

    def sandbox(grade: Grade) -> list[str]:
        modes = {slug: file.sandbox for slug, file in grade.files.items() if file.status != "missing"}
        return [f"{slug}: {mode}" for slug, mode in modes.items() if mode != "full"]

    reasons = [
        ("Grader faults", STATUSES["grader fault"], True, having("grader fault")),
        ("Problems in what was handed in", "what was found, and what was made of it", True, problems),
        ("Timed out", STATUSES["timed out"], False, having("timed out")),
        ("Over a limit", STATUSES["over limit"], False, having("over limit")),
        ("Malformed answers", STATUSES["malformed answer"], False, having("malformed answer")),
        ("Forbidden imports or calls", STATUSES["forbidden"], False, having("forbidden")),
        ("Missing files", STATUSES["missing"], False, missing),
        ("Notes of the grader", "", False, notes),
        ("Not in the full sandbox", "", False, sandbox),
        ("Points set by hand", "", False, by_hand),
    ]
    found = [
        Attention(title, words, urgent, [(grade, _first(said)) for grade in grades if (said := of(grade))])
        for title, words, urgent, of in reasons
    ]
    return [group for group in found if group.entries]


def _first(lines: list[str], most: int = 5) -> list[str]:
    return lines if len(lines) <= most else [*lines[: most - 1], f"and {len(lines) - most + 1} more"]


def _histogram(
    values: list[float], maximum: float, title: str, bins: int = 10, width: int = 640, height: int = 260
) -> dict[str, Any]:
    """Geometry of a histogram of [0, maximum]; what lies outside counts in the outermost bins."""
    counts = [0] * bins
    for value in values:
        counts[min(max(int(bins * value / maximum), 0), bins - 1) if maximum else 0] += 1
    left, base = 22, height - 34
    step = (width - 2 * left) / bins
    tall = (base - 30) / max(counts)
    median = statistics.median(values)
    edges = [number(round(maximum * i / bins, 1)) for i in range(bins + 1)]
    told = ", ".join(f"{edges[i]} to {edges[i + 1]}: {counts[i]}" for i in range(bins))
    return {
        "width": width,
        "height": height,
        "left": left,
        "base": base,
        "bars": [
            {"x": round(left + i * step + 2, 2), "y": round(base - tall * count, 2), "width": round(step - 4, 2),
             "height": round(tall * count, 2), "count": count}
            for i, count in enumerate(counts)
        ],
        "ticks": [{"x": round(left + i * step, 2), "label": edge} for i, edge in enumerate(edges)],
        "median": round(left + (width - 2 * left) * share(median, maximum) / 100, 2),
        "alt": f"Histogram of points, {title}. Submissions with {told}. Median {number(round(median, 1))}.",
        "caption": f"{title}: submissions by points of {number(maximum)}; dashed: median {number(round(median, 1))}",
    }  # fmt: skip


def _rate(name: str, slug: str, kinds: Counter[str]) -> dict[str, Any]:
    counts = [kinds[kind] for kind in ("passed", "wrong", "stopped", "open")]
    whole, tried = sum(counts), sum(counts[:3])
    parts, x = [], 0.0
    for kind, count in zip(("passed", "wrong", "stopped"), counts, strict=False):
        parts.append({"kind": kind, "x": round(x, 2), "width": share(count, whole)})
        x += share(count, whole)
    passed = counts[0] / tried if tried else 2  # what no one tried comes last
    rate = f"{100 * passed:.0f}\u00a0%" if tried else "–"
    return {"name": name, "slug": slug, "rate": rate, "counts": counts, "parts": parts, "order": (passed, slug, name)}


def _rates(kinds: dict[tuple[str, str], Counter[str]]) -> list[dict[str, Any]]:
    return sorted((_rate(name, slug, these) for (slug, name), these in kinds.items()), key=lambda row: row["order"])


def _check_rates(grades: list[Grade]) -> list[dict[str, Any]]:
    kinds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for grade in grades:
        for slug, file in grade.files.items():
            for result in file.results:
                kinds[slug, result.test][KINDS[result.status]] += 1
    return _rates(kinds)


def _exercise_rates(grades: list[Grade]) -> list[dict[str, Any]]:
    """An exercise is passed where all its checks are; else it counts as the worst of them."""
    kinds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    order = list(STATUSES)
    for grade in grades:
        for slug, file in grade.files.items():
            worst: dict[str, str] = {}
            for result in file.results:
                worst[result.exercise] = max(worst.get(result.exercise, "passed"), result.status, key=order.index)
            for exercise, status in worst.items():
                kinds[slug, exercise][KINDS[status]] += 1
    return _rates(kinds)


def _mistakes(grades: list[Grade], longest: int = 20) -> tuple[list[dict[str, Any]], str]:
    """The misconceptions recognised in most submissions, each submission counted once."""
    counts: Counter[tuple[str, str]] = Counter()
    for grade in grades:
        results = [result for file in grade.files.values() for result in file.results]
        counts.update({(result.exercise, sentence) for result in results for sentence in result.mistakes})
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    caption = (
        f"The {longest} commonest of {len(rows)} that were recognised"
        if len(rows) > longest
        else "All that were recognised"
    )
    return [{"count": n, "exercise": exercise, "sentence": said} for (exercise, said), n in rows[:longest]], caption


# ----------------------------------------------------------------------------------------------------------- writing


def _page(grade: Grade) -> str:
    return f"{file_name(grade.submission)}.html"


def write(out: Path, grades: Iterable[Grade], *, slugs: Sequence[str] | None = None, book: str = "") -> None:
    """Write `grades.csv`, `junit.xml`, `index.html` and `students/…`, all for their owner alone; drop stale pages.

    slugs: the columns of grades.csv; those of the grades, in the order of the book, if left out.
    """
    grades = sorted(grades, key=lambda one: one.submission)
    if slugs is None:
        slugs = _order({slug for grade in grades for slug in grade.files})
    students = out / "students"
    students.mkdir(mode=0o700, parents=True, exist_ok=True)
    for grade in grades:
        exports.save(students / _page(grade), student_page(grade, book=book).encode())
    pages = {_page(grade) for grade in grades}
    for path in students.glob("*.html*"):  # those written aside when a run was stopped, too
        if path.name not in pages:
            path.unlink()
    exports.save(out / "grades.csv", exports.grades_csv(grades, slugs))
    exports.save(out / "junit.xml", exports.junit_xml(grades))
    exports.save(out / "index.html", class_page(grades).encode())
