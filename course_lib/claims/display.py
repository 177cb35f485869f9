"""Verdicts on a page and in a terminal: what was claimed, what came out, and how to repeat it."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.claims import records
from course_lib.claims.records import ROOMS, Result, Rooms, number, summary

CLASSES = {"holds": "holds", "does not hold": "fails", "undecided": "undecided", "not testable here": "untestable"}
MARKS = {"holds": "✓", "does not hold": "✗", "undecided": "~", "not testable here": "–"}
_TITLES = {
    "holds": "The claim holds",
    "does not hold": "The claim does not hold here",
    "undecided": "Undecided: these seeds do not settle it",
    "not testable here": "Not testable here",
}


@dataclass(frozen=True)
class Shown:
    """HTML for a page, plain text for a terminal."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def verdict_box(slug: str, name: str, rooms: Rooms = ROOMS) -> Shown:
    """A claim with its verdict, figure, interval and command, from its stored result. Raises what `result` raises."""
    found = records.result(slug, name, rooms)
    rows = [("Source", html.escape(found.source))]
    body = f'<p class="course-claim-statement">{html.escape(found.statement)}</p>'
    if found.interval is None:
        body += f'<p class="course-claim-figure">{_capital(html.escape(found.reason))}.</p>'
    else:
        body += f'<p class="course-claim-figure">{_capital(_minus(html.escape(summary(found))))}.</p>{_strip(found)}'
        rows.append(("Measured", html.escape(found.measures)))
        rows.append((f"Values of seeds {found.seeds[0]} to {found.seeds[-1]}", _numbers(found.values)))
        rows += [(f"Arm: {html.escape(label)}", _numbers(column)) for label, column in found.arms.items()]
        versions = ", ".join(f"{package} {version}" for package, version in found.versions.items())
        threads = "one thread" if found.threads == 1 else f"{found.threads} threads"
        rows.append(("Run", html.escape(f"{found.date}, {found.device}, {threads}, {_duration(found.seconds)}")))
        rows.append(("Versions", html.escape(versions)))
    rows.append(("Command", f"<code>{html.escape(found.command)}</code>"))
    details = "".join(f"<dt>{term}</dt><dd>{definition}</dd>" for term, definition in rows)
    how = "How it was measured" if found.interval else "How to measure it"
    page = (
        f'<div class="admonition claim course-claim {CLASSES[found.verdict]}">'
        f'<p class="admonition-title">{_TITLES[found.verdict]}</p>{body}'
        f"<details><summary>{how}</summary><dl>{details}</dl></details></div>"
    )
    return Shown(page, f"{found.statement}\n{_TITLES[found.verdict]}: {summary(found)}.\nRepeat: {found.command}")


def verdict_table(slug: str, rooms: Rooms = ROOMS) -> Shown:
    """All claims of a chapter with their verdicts, from the stored results. Raises what `result` raises."""
    return _table(records.results(slug, rooms), with_chapter=False)


def table(rooms: Rooms = ROOMS) -> Shown:
    """All claims of all chapters that have results, for the appendix. Raises what `result` raises."""
    return _table([one for slug in records.slugs(rooms) for one in records.results(slug, rooms)], with_chapter=True)


def show(slug: str | None = None, rooms: Rooms = ROOMS) -> str:
    """Stored verdicts of a chapter, or of all, for a terminal: a line each, and what is stale or missing."""
    lines = []
    for one in [slug] if slug else records.slugs(rooms):
        for name in records.declared(one, rooms):
            path = rooms.results / one / f"{name}.json"
            if path.is_file():
                lines.append(str(records.read(path)))
        lines += [f"stale: {complaint}" for complaint in records.stale(one, rooms)]
    return "\n".join(lines)


def _table(found: list[Result], with_chapter: bool) -> Shown:
    chapter = '<th scope="col">Chapter</th>' if with_chapter else ""
    rows = "".join(
        f'<tr class="{CLASSES[one.verdict]}">'
        + (f"<td>{html.escape(one.slug)}</td>" if with_chapter else "")
        + f'<th scope="row">{html.escape(one.statement)}</th><td>{html.escape(measured(one))}</td>'
        f'<td class="course-claim-verdict"><span aria-hidden="true">{MARKS[one.verdict]}</span> {one.verdict}</td>'
        "</tr>"
        for one in found
    )
    page = (
        f'<table class="course-claims"><thead><tr>{chapter}<th scope="col">Claim</th><th scope="col">Measured</th>'
        f'<th scope="col">Verdict</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return Shown(page, "\n".join(map(str, found)))


def measured(one: Result) -> str:
    """What came out, for a table's cell: figure, interval, seeds, need. For one not testable here, the reason."""
    if one.interval is None:
        return one.reason
    interval = f"{number(one.interval.low)} to {number(one.interval.high)}"
    return _minus(f"{number(one.interval.center)} ({interval}; {len(one.values)} seeds); needs {one.criterion.words}")


def _strip(found: Result) -> str:
    """Seeds as dots, their interval as a bar, and where the claim wants it, on a line."""
    width, middle = 560, 18
    bounds = [bound for bound in (found.criterion.low, found.criterion.high) if bound is not None]
    marks = [*found.values, found.interval.low, found.interval.high, *bounds]
    logarithmic = found.scale == "log" and min(marks) > 0
    scale = math.log if logarithmic else float
    low, high = min(map(scale, marks)), max(map(scale, marks))
    margin = 0.08 * (high - low) or 1.0

    def place(value: float) -> str:
        return f"{width * (scale(value) - low + margin) / (high - low + 2 * margin):.1f}"

    left = place(found.criterion.low) if found.criterion.low is not None else "0"
    right = place(found.criterion.high) if found.criterion.high is not None else str(width)
    parts = [
        f'<rect x="{left}" y="4" width="{float(right) - float(left):.1f}" height="28" opacity="0.12"/>',
        f'<rect x="0" y="{middle - 0.5}" width="{width}" height="1" opacity="0.5"/>',
        *(f'<rect x="{float(place(bound)) - 0.75:.2f}" y="4" width="1.5" height="28"/>' for bound in bounds),
        f'<rect x="{place(found.interval.low)}" y="{middle - 3}" height="6" rx="3" opacity="0.45" '
        f'width="{max(2.0, float(place(found.interval.high)) - float(place(found.interval.low))):.1f}"/>',
        *(f'<circle cx="{place(value)}" cy="{middle}" r="4.5" opacity="0.85"/>' for value in found.values),
        *(
            f'<text x="{place(bound)}" y="50" font-size="15" text-anchor="middle">{_minus(f"{bound:g}")}</text>'
            for bound in bounds
        ),
    ]
    label = f"The seeds' values as dots, their interval as a bar, against the claim's {found.criterion.words}."
    return (
        f'<svg class="course-claim-strip" viewBox="0 0 {width} 56" width="{width}" role="img" aria-label="{label}" '
        f'style="max-width:100%;height:auto" fill="currentColor">{"".join(parts)}</svg>'
    )


def _numbers(values: Sequence[float]) -> str:
    return _minus(", ".join(number(value) for value in values))


def _minus(text: str) -> str:
    """A true minus sign before numbers."""
    return "".join(
        "−" if sign == "-" and (i == 0 or text[i - 1] in " (") and text[i + 1 : i + 2].isdigit() else sign
        for i, sign in enumerate(text)
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
