"""`course check`: points, what went wrong, and the way through the course; on a terminal or as a table on a page."""

import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

from rich.console import Console
from rich.text import Text

from course_lib.errors import CourseError
from course_lib.grading.records import STATUSES, worst
from course_lib.grading.spec import ROOT, Chapter, Exercise, chapter, read_contracts, slugs

MARKS = {**dict.fromkeys(STATUSES, "✗"), "passed": "✓", "not implemented": "·", "missing": "·", "grader fault": "!"}


@dataclass(frozen=True)
class Line:
    """One exercise as the learner sees it. messages: one for each failed test, without repetition."""

    exercise: str
    status: str
    points: float
    maximum: float
    messages: tuple[str, ...]


def lines(one: Chapter, submission: str | None = None) -> list[Line]:
    """Check one chapter's exercises in `submission` (a folder; exercises/ if None)."""
    from course_lib.grading import judge, plugin

    file = ROOT / "exercises" / f"test_{one.slug}.py"
    (outcomes,) = judge.run([file], [plugin.submission(submission)])
    verdict = judge.Verdict(one, outcomes)
    return [_line(exercise, verdict) for exercise in one.exercises]


def _line(exercise: Exercise, verdict) -> Line:
    from course_lib.grading.plugin import explain

    failed = [
        verdict.outcomes[test.name]
        for test in exercise.tests
        if test.name in verdict.outcomes and verdict.outcomes[test.name].status != "passed"
    ]
    statuses = {outcome.status for outcome in failed}
    points = verdict.points(exercise.name)
    status = "passed" if points == exercise.points else worst(statuses or {"wrong"})
    messages = () if status == "not implemented" else tuple(dict.fromkeys(map(explain, failed)))
    return Line(exercise.name, status, points, exercise.points, messages)


def check(slug: str | None = None, *, submission: str | None = None, hints: bool = False) -> bool:
    """Check your answers in exercises/: one chapter, or all of them.

    slug: the chapter; all of them, a line each, if left out.
    submission: another folder that holds <slug>.py files.
    hints: show the hints of every exercise that does not pass yet.
    Returns whether everything passed.
    """
    if submission is not None and not Path(submission).is_dir():
        raise CourseError(f"--submission {submission}: no such folder")
    chapters = [chapter(slug)] if slug else [chapter(one) for one in slugs()]
    console = Console(highlight=False, soft_wrap=True)
    earned = whole = 0.0
    for one in chapters:
        result = lines(one, submission)
        points = sum(line.points for line in result)
        earned, whole = earned + points, whole + one.points
        if slug:
            _show(console, one, result, hints, submission)
        else:
            style = "green" if points == one.points else "yellow" if points else "dim"
            console.print(Text(f"{one.slug:<26}{_bar(points, one.points)} {points:>5g} of {one.points:g}", style))
    if not slug:
        console.print(f"{'':<26}{_bar(earned, whole)} {earned:>5g} of {whole:g} points")
    return earned == whole


def _show(console: Console, one: Chapter, result: list[Line], hints: bool, submission: str | None) -> None:
    points = sum(line.points for line in result)
    console.print(Text(f"{one.slug:<32} {points:g} of {one.points:g} points", "bold"))
    shown = set()
    for line in result:
        style = {"passed": "green", "not implemented": "dim"}.get(line.status, "red")
        plain = {"passed": "", "wrong": "", "crashed": "", "not implemented": "not implemented yet"}
        note = plain.get(line.status, line.status)  # of the others, the messages say why
        head = f"  {MARKS[line.status]} {line.exercise:<28} {line.points:g} of {line.maximum:g}   {note}"
        console.print(Text(head.rstrip(), style))
        for message in line.messages:
            if message not in shown:
                shown.add(message)
                console.print(Text("      " + message.replace("\n", "\n      ")))
        if hints and line.status != "passed":
            for number, hint in enumerate(one.exercise(line.exercise).hints, 1):
                console.print(Text(f"      Hint {number}: {hint}", "cyan"))
    following = next((line for line in result if line.status != "passed"), None)
    if following is None:
        after = slugs()[slugs().index(one.slug) + 1 :]
        console.print(
            "All done here. " + (f"Next chapter: {after[0]}." if after else "It was the last chapter so far.")
        )
        return
    equations = ", ".join(one.exercise(following.exercise).equations)
    where = f"{submission or 'exercises'}/{one.slug}.py".replace("//", "/")
    in_chapter = f", equation {equations} of the chapter" if equations else ""
    console.print(f"Next: {following.exercise} in {where}{in_chapter}.")
    if not hints:
        console.print(f"Hints: course check {one.slug} --hints")


def _bar(points: float, maximum: float, width: int = 20) -> str:
    full = int(width * points / maximum) if maximum else 0
    return "█" * full + "░" * (width - full)


@dataclass(frozen=True)
class Html:
    """Something that a notebook shows as HTML, and a terminal as text."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def in_notebook(slug: str) -> Html:
    """The chapter's verdicts as a table. Runs in a process of its own, so that it always sees the file as saved."""
    one = chapter(slug)
    command = [sys.executable, "-m", "course_lib.grading.progress", slug]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"the check did not run:\n{answer.stdout}{answer.stderr}")
    result = [Line(**item) for item in json.loads(answer.stdout.splitlines()[-1])]
    points = sum(line.points for line in result)
    rows = "".join(
        f'<tr class="{line.status.replace(" ", "-")}"><td>{MARKS[line.status]} '
        f"<code>{escape(line.exercise).replace('_', '_<wbr>')}</code></td>"  # a phone breaks the line there
        f"<td>{line.points:g} of {line.maximum:g}</td>"
        f"<td>{escape(line.status)}{''.join(f'<br>{escape(message)}' for message in line.messages)}</td></tr>"
        for line in result
    )
    html = (
        f'<table class="course-check"><caption>exercises/{slug}.py: {points:g} of {one.points:g} points</caption>'
        "<thead><tr><th scope=col>exercise</th><th scope=col>points</th><th scope=col>verdict</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    text = "\n".join(
        [f"exercises/{slug}.py: {points:g} of {one.points:g} points"]
        + [f"{MARKS[line.status]} {line.exercise}: {line.status}" for line in result]
    )
    return Html(html, text)


def box(slug: str, name: str) -> Html:
    """One exercise for a page: signature and contract from the stub, points and hints from the visible tests.

    Raises CourseError for an unknown chapter or exercise, or where the stub does not define it.
    """
    one = chapter(slug).exercise(name)
    contracts = read_contracts(ROOT / "exercises" / f"{slug}.py")
    if name not in contracts:
        raise CourseError(f"exercises/{slug}.py does not define {name}; `course release {slug}` writes a fresh stub")
    signature, contract = contracts[name]
    # A line that goes on in lower case belongs to the one before: the page breaks lines where it is narrow.
    flowing = re.sub(r"(?<=[^\n.:])\n(?=[a-z(])", " ", contract)
    hints = "".join(
        f"<details><summary>Hint {number}</summary><p>{escape(hint)}</p></details>"
        for number, hint in enumerate(one.hints, 1)
    )
    points = "1 point" if one.points == 1 else f"{one.points:g} points"
    html = (
        f'<div class="course-exercise" id="exercise-{name.replace("_", "-")}">'
        f'<p class="course-exercise-title"><code>{escape(name)}</code> · {points}</p>'
        f'<pre tabindex="0">{escape(signature)}\n\n{escape(flowing)}</pre>{hints}'
        f'<p class="course-exercise-where">Write it in <code>exercises/{slug}.py</code>; '
        f"check it with <code>course check {slug}</code>.</p></div>"
    )
    return Html(html, f"{signature}\n\n{contract}")


if __name__ == "__main__":
    print(json.dumps([asdict(line) for line in lines(chapter(sys.argv[1]))]))
