"""Grades in the formats that others read: a table, Canvas, Moodle, Gradescope, JUnit XML.

Each function returns what its file is to hold; `save` writes it for its owner's eyes alone. The same grades give the
same bytes. Names that came with a download pass through `visible`, so that no escape code and no bidirectional
override reaches a terminal, a spreadsheet or a page.
"""

import codecs
import csv
import io
import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError, unknown
from course_lib.files import write_whole
from course_lib.grading.records import STATUSES, FileResult, Grade, TestResult

OWNER_ONLY = 0o600


def save(path: Path, content: bytes) -> None:
    """Write marks: aside, then renamed, readable by their owner alone; nothing where they are there already."""
    if not (path.is_file() and path.stat().st_mode & 0o777 == OWNER_ONLY and path.read_bytes() == content):
        write_whole(path, content, OWNER_ONLY)


# ------------------------------------------------------------------------------------------------------------- words


def visible(text: str, keep: str = "") -> str:
    r"""`text` with each character that does not show itself (controls, bidirectional marks, lone surrogates) as `\x1b`.

    Spaces of any width and the joiners of some scripts and emoji stay, and so do the characters of `keep`.
    """
    if text.isprintable():
        return text
    return "".join(
        one
        if one.isprintable() or one in keep or one in "\u200c\u200d" or unicodedata.category(one) == "Zs"
        else one.encode("unicode_escape").decode()
        for one in text
    )


def number(points: float) -> int | float:
    """Points as every file writes them: at most four decimals, and none where there are none."""
    rounded = round(points, 4)
    return int(rounded) if rounded == int(rounded) else rounded


def explain(result: TestResult) -> list[str]:
    """What a student may be told of one test, a sentence each; nothing of its `detail`, and nothing where it passed."""
    if result.status == "passed":
        return []
    said = [f"{result.status.capitalize()}: {STATUSES[result.status]}."]
    if result.line is not None:
        said.append(f"It stopped at line {result.line} of your file.")
    if result.hint:
        said.append(result.hint)
    return said + [f"Perhaps: {sentence}" for sentence in dict.fromkeys(result.mistakes)]


def remarks(grade: Grade) -> list[str]:
    """What a student may be told of the submission as a whole, a sentence each: lateness, points by hand, sandbox."""
    said = []
    days = f"{grade.days_late} day{'s' * (grade.days_late != 1)} late"
    if grade.factor != 1:
        when = f"Handed in {days}" if grade.days_late else "Handed in late"
        said.append(f"{when}: the points earned count {number(100 * grade.factor)} %.")
    elif grade.days_late:
        said.append(f"Handed in {days}; no points are taken off for it.")
    for slug, override in sorted(grade.overrides.items()):
        said.append(
            f"{slug}: {number(override.points)} points were set by hand on {override.date}; "
            f"they are final, lateness takes nothing off. Reason: {override.reason}"
        )
    modes = {one.sandbox for one in grade.files.values() if one.status != "missing"}
    if "reduced" in modes:
        said.append("Graded in the reduced sandbox: the machine that graded allows no full one.")
    if "none" in modes:
        said.append("Graded without a sandbox.")
    if any(one.ungraded for one in grade.files.values()):
        said.append("Part could not be graded yet, through a fault that need not be yours; your instructor knows.")
    elif any(result.status == "grader fault" for one in grade.files.values() for result in one.results):
        said.append("Part of the grading failed through no fault of yours; you have the full points for that part.")
    return said


def checks(file: FileResult) -> list[tuple[str, TestResult]]:
    """Each test with a name that gives nothing away: the exercise, and which of its checks it is."""
    many = Counter(result.exercise for result in file.results)
    seen: Counter[str] = Counter()
    named = []
    for result in file.results:
        seen[result.exercise] += 1
        named.append((f"{result.exercise}, check {seen[result.exercise]} of {many[result.exercise]}", result))
    return named


# ------------------------------------------------------------------------------------------------------------- table


def grades_csv(grades: Iterable[Grade], slugs: Sequence[str]) -> bytes:
    """`submission,total,maximum,status` and a column of points for each slug; RFC 4180, UTF-8, sorted by submission.

    A cell of text that a spreadsheet would take for a formula has an apostrophe before it. A slug that a grade does
    not have, or that the grader could not judge, is an empty cell, and so is the total then.
    """
    rows = [["submission", "total", "maximum", "status", *slugs]]
    for grade in sorted(grades, key=lambda one: one.submission):
        judged = {slug: not grade.ungraded(slug) for slug in grade.files}
        points = [number(grade.points(slug)) if judged.get(slug) else "" for slug in slugs]
        total = number(grade.total) if all(judged.values()) else ""
        rows.append([grade.submission, total, number(grade.maximum), grade.status, *points])
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows).encode()


def _cell(value: str | int | float) -> str:
    if not isinstance(value, str):
        return str(value)
    text = visible(value)
    # NFKC: full-width and small forms of the signs; a minus sign of its own has none.
    first = unicodedata.normalize("NFKC", value.lstrip()[:1])
    if (first and first in "=+-@−") or value.startswith(("\t", "\r", "\n")):
        text = f"'{text}"
    # A semicolon too: where it separates cells, what follows one could be a formula.
    return '"' + text.replace('"', '""') + '"' if re.search('[",;]', text) else text


# -------------------------------------------------------------------------------- other systems' sheets, filled in


@dataclass(frozen=True)
class Sheet:
    """Another system's export with marks filled in.

    filled: how many rows got a mark. notes: what was not filled in and why, what was scaled; a line each, to be shown.
    """

    content: bytes
    filled: int
    notes: tuple[str, ...]


@dataclass
class _Table:
    """A CSV file as it came, with what it takes to write it the same way."""

    path: Path
    mark: str
    delimiter: str
    end: str
    rows: list[list[str]]

    @property
    def header(self) -> list[str]:
        return self.rows[0]

    def content(self) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=self.delimiter, lineterminator=self.end).writerows(self.rows)
        return (self.mark + out.getvalue()).encode()


def _read(path: Path) -> _Table:
    """Raises CourseError where the file cannot be read, is not UTF-8, or its lines are not of one length."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not UTF-8: download it again, and do not save it from a spreadsheet") from None
    first = re.match(r'(?:"(?:[^"]|"")*"|[^",;\t\r\n]*)([,;\t])', text)
    if first is None:
        raise CourseError(f"{path} is no table: its first line has one cell")
    delimiter, end = first[1], "\r\n" if "\r\n" in text else "\n"
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        for row in reader:
            if row and len(row) != len((rows or [row])[0]):
                raise CourseError(
                    f"{path}, line {reader.line_num}: {len(row)} cells under {len(rows[0])} headings; download it again"
                )
            rows.append(row)
    except csv.Error as error:
        raise CourseError(f"{path}, line {reader.line_num}: {error}; download it again") from None
    return _Table(path, "\ufeff" if raw.startswith(codecs.BOM_UTF8) else "", delimiter, end, rows)


def _decimal(text: str) -> float | None:
    return float(text.replace(",", ".")) if re.fullmatch(r"\d+([.,]\d+)?", text) else None


@dataclass(frozen=True)
class _Key:
    """One way to find a grade's row. sure: a grade that has such a key and finds no row is not looked for otherwise."""

    kind: str
    of: Callable[[Grade], set[str]]
    rows: dict[str, set[int]]
    sure: bool = False


def _index(pairs: Iterable[tuple[str, int]]) -> dict[str, set[int]]:
    rows = defaultdict(set)
    for key, row in pairs:
        if key:
            rows[key].add(row)
    return rows


def _match(grades: Iterable[Grade], keys: Sequence[_Key]) -> tuple[dict[int, Grade], list[str]]:
    """Row -> its grade, and a line for each grade without one. Surest keys first; what is ambiguous is left out."""
    found: dict[int, list[Grade]] = {}
    notes = []
    left = sorted(grades, key=lambda one: one.submission)
    for key in keys:
        hits: dict[int, list[Grade]] = defaultdict(list)
        later = []
        for grade in left:
            wanted = key.of(grade)
            rows = set().union(*(key.rows.get(one, set()) for one in wanted))
            if len(rows) > 1:
                notes.append(f"{visible(grade.submission)}: {len(rows)} rows have its {key.kind}; not filled in")
            elif rows:
                hits[rows.pop()].append(grade)
            elif wanted and key.sure:
                notes.append(f"{visible(grade.submission)}: no row has its {key.kind}; not filled in")
            else:
                later.append(grade)
        for row, several in hits.items():
            names = [visible(grade.submission) for grade in several]
            if row in found:
                others = ", ".join(visible(grade.submission) for grade in found[row])
                notes += [f"{name}: by its {key.kind} its row is that of {others}; not filled in" for name in names]
                continue
            found[row] = several
            if len(several) > 1:
                notes.append(f"{', '.join(names)}: the same row by their {key.kind}; none filled in")
        left = later
    notes += [f"{visible(grade.submission)}: no row matches; not filled in" for grade in left]
    return {row: several[0] for row, several in found.items() if len(several) == 1}, notes


def _scaled(grade: Grade, to: float | None) -> float:
    """The total as the other system counts it; as it is where that is unknown."""
    return grade.total * to / grade.maximum if to and grade.maximum else grade.total


def _scaling(grades: Sequence[Grade], to: float | None, where: str) -> list[str]:
    maxima = sorted({grade.maximum for grade in grades})
    if not to or maxima in ([], [to]):
        return []
    return [f"scaled: {', '.join(str(number(one)) for one in maxima)} points here are {number(to)} in {where}"]


def _without(rows: int) -> list[str]:
    return [f"{rows} of its people have no submission here: their marks stay as they were"] if rows else []


# Canvas takes a heading that holds one of these, anywhere, for a column of its own making and ignores it.
CANVAS_IGNORES = re.compile(r"(?:Current|Final) (?:Score|Points|Grade)|Override (?:Score|Grade|Status)")


def canvas(grades: Iterable[Grade], roster: Path, assignment: str) -> Sheet:
    """The gradebook export `roster` with the totals in the column of `assignment`, to be imported into Canvas.

    assignment: a title, `Homework 1`, its number, or both, `Homework 1 (12345)`. A title that the roster does not have
    becomes a new assignment; the import asks before it makes one.
    All rows and all columns up to Section stay as they are; other assignments are left out, so that the import sets
    back no mark given since the export. Totals are scaled to the assignment's Points Possible. A grade is matched by
    Canvas id; one without by e-mail address or submission name (SIS Login ID, SIS User ID), then by the person's name.
    Marks of students excused (EX) or not assigned (N/A) stay, and so does every row that nothing matches.
    Raises CourseError where the roster is no gradebook export, or the assignment ambiguous, read-only or reserved.
    """
    grades = list(grades)
    table = _read(roster)
    header = [cell.strip() for cell in table.header]
    named = ["Student"] if "Student" in header else ["LastName", "FirstName"]
    missing = [name for name in [*named, "ID", "Section"] if name not in header]
    if missing:
        raise CourseError(
            f"{roster} is no gradebook export (no column {', '.join(missing)}): "
            "in Canvas, open Grades, then Export, Export Entire Gradebook"
        )
    width = header.index("Section") + 1
    people = [header.index(name) for name in named]
    column, notes = _assignment(header, width, assignment, roster)

    students, possible = [], None
    for at, row in enumerate(table.rows[1:], 1):
        first = row[0].strip() if row else ""
        if first == "Points Possible":
            possible = at
        elif first:  # not the row that marks manual posting
            students.append(at)
    to = None
    if column is not None and possible is not None:
        cell = table.rows[possible][column].strip()
        to = _decimal(cell)
        if cell and to is None:
            raise CourseError(f"{roster}: Canvas lets no one change the column '{visible(header[column])}' ({cell})")

    def cells(name: str) -> Iterable[tuple[str, int]]:
        return [(table.rows[at][header.index(name)].strip(), at) for at in students if name in header]

    logins = _index((cell.casefold(), at) for name in ("SIS Login ID", "SIS User ID") for cell, at in cells(name))
    names = _index((form, at) for at in students for form in _row_names([table.rows[at][i] for i in people]))
    found, unmatched = _match(
        grades,
        [
            _Key("Canvas id", lambda one: {one.ids.get("canvas", "")} - {""}, _index(cells("ID")), True),
            _Key("login", lambda one: {one.ids.get("email", "").casefold(), one.submission.casefold()} - {""}, logins),
            _Key("name", lambda one: {_own_name(one.name)} - {""}, names),
        ],
    )
    filled = 0
    out = []
    for at, row in enumerate(table.rows):
        mark = row[column] if row and column is not None else ""
        if at == 0:
            mark = table.header[column] if column is not None else assignment
        elif at == possible and column is None:
            mark = str(number(max((grade.maximum for grade in grades), default=0)))
        elif at in found and mark.strip().upper() in ("EX", "N/A"):
            unmatched.append(f"{visible(found[at].submission)}: {mark.strip()} in Canvas; left so")
        elif at in found:
            mark = str(number(_scaled(found[at], to)))
            filled += 1
        out.append([*row[:width], mark] if row else row)
    table.rows = out
    notes += _scaling(grades, to, "Canvas") + _without(len(students) - len(found))
    return Sheet(table.content(), filled, (*notes, *unmatched))


def _assignment(header: list[str], width: int, name: str, roster: Path) -> tuple[int | None, list[str]]:
    """The assignment's column; None, and a note, where it will be a new one."""
    if CANVAS_IGNORES.search(name):
        raise CourseError(
            f"Canvas ignores a column named '{name}': choose a title without '{CANVAS_IGNORES.search(name)[0]}'"
        )
    titles = {at: re.fullmatch(r"(.*?)\s*\((\d+)\)", header[at]) for at in range(width, len(header))}
    found = [at for at in titles if header[at] == name]
    found = found or [at for at, title in titles.items() if title and name in title.groups()]
    if len(found) > 1:
        every = ", ".join(f"'{visible(header[at])}'" for at in found)
        raise CourseError(f"{roster} has several assignments '{name}': name one of {every}")
    if found:
        return found[0], []
    known = [visible(header[at]) for at, title in titles.items() if title]
    if re.search(r"(^|\()\d+\)?$", name):  # a number: it must be an assignment that is there
        raise unknown("assignment of the roster", name, known)
    return None, [
        f"'{name}' is no assignment of the roster: the import makes it a new one. There are: {', '.join(known)}"
    ]


def _letters(text: str) -> str:
    """Letters, digits and their marks: what is left of a name that a download ran together."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(one for one in text if unicodedata.category(one)[0] in "LMN")


def _row_names(cells: list[str]) -> list[str]:
    """`Lovelace, Ada` or its two cells -> the name in both orders."""
    last, _, first = cells[0].partition(",") if len(cells) == 1 else (cells[0], ",", cells[1])
    return [f"sorted {_letters(last + first)}", f"spoken {_letters(first + last)}"]


def _own_name(name: str) -> str:
    """`Ada Lovelace` is said in that order; `Lovelace, Ada` and Canvas's `lovelaceada` are sorted by the last name."""
    letters = _letters(name)
    spoken = " " in name.strip() and "," not in name
    return f"{'spoken' if spoken else 'sorted'} {letters}" if letters else ""


MOODLE = {
    "identifier": "Identifier",
    "grade": "Grade",
    "maximum": "Maximum Grade",
    "feedback": "Feedback comments",
    "email": "Email address",
    "open": "Grade can be changed",
}
MARKED = "Out of Noise: "  # how a comment of ours begins; one that a person wrote is left alone


def moodle(
    grades: Iterable[Grade],
    worksheet: Path,
    *,
    identifier: str | None = None,
    grade: str | None = None,
    maximum: str | None = None,
    feedback: str | None = None,
) -> Sheet:
    """The offline grading worksheet with the totals filled in, to be uploaded to Moodle again.

    Only the cells of the grade and of the feedback comments change. Totals are scaled to the worksheet's maximum; one
    outside 0 to that is left out, for Moodle would skip it. A grade is matched by its participant number; one without
    by e-mail address.
    identifier, grade, maximum, feedback: headings of these columns, where Moodle speaks another language than English.
    Without them the first three are told by what their cells hold, and comments are left out.
    Raises CourseError where the columns are not found, or the assignment is graded on a scale of words.
    """
    grades = list(grades)
    table = _read(worksheet)
    people = [at for at, row in enumerate(table.rows) if at and row]
    asked = {"identifier": identifier, "grade": grade, "maximum": maximum, "feedback": feedback}
    columns = _columns(table, people, asked)

    def participant(text: str) -> str:
        digits = re.search(r"(\d+)\s*$", text)
        return digits[1] if digits else ""

    def cells(what: str) -> list[tuple[str, int]]:
        return [(table.rows[at][columns[what]].strip(), at) for at in people if what in columns]

    participants = _index((participant(cell), at) for cell, at in cells("identifier"))
    addresses = _index((cell.casefold(), at) for cell, at in cells("email"))
    found, unmatched = _match(
        grades,
        [
            _Key("participant number", lambda one: {participant(one.ids.get("moodle", ""))} - {""}, participants, True),
            _Key("e-mail address", lambda one: {one.ids.get("email", "").casefold()} - {""}, addresses),
        ],
    )
    notes, filled, to = [], 0, None
    if "feedback" not in columns:
        notes.append("no column of feedback comments was recognised: grades alone are filled in; name it to have both")
    for at in sorted(found):
        one, row = found[at], table.rows[at]
        to = _decimal(row[columns["maximum"]].strip())
        mark = _scaled(one, to)
        if "open" in columns and row[columns["open"]].strip().casefold() == "no":
            unmatched.append(f"{visible(one.submission)}: Moodle has locked its grade; left as it was")
        elif to is None or not 0 <= number(mark) <= to:
            wanted = row[columns["maximum"]].strip()
            unmatched.append(f"{visible(one.submission)}: {number(mark)} is outside 0 to {wanted}; left as it was")
        else:
            row[columns["grade"]] = str(number(mark)).replace(".", "," if "," in row[columns["maximum"]] else ".")
            if "feedback" in columns and re.match(rf"$|{MARKED}", row[columns["feedback"]].strip()):
                row[columns["feedback"]] = _comment(one)
            filled += 1
    notes += _scaling(grades, to, "Moodle") + _without(len(people) - len(found))
    return Sheet(table.content(), filled, (*notes, *unmatched))


def _columns(table: _Table, people: list[int], asked: dict[str, str | None]) -> dict[str, int]:
    """What -> its column: as asked, else by Moodle's English headings, else by what the cells hold."""
    header = [cell.strip() for cell in table.header]
    english = [cell.casefold() for cell in header]
    columns = {}
    for what, name in MOODLE.items():
        if asked.get(what) is not None:
            if asked[what] not in header:
                raise unknown(f"column of {table.path.name}", asked[what], header)
            columns[what] = header.index(asked[what])
        elif name.casefold() in english:
            columns[what] = english.index(name.casefold())
    if "maximum" not in columns and "scale" in english:
        raise CourseError(f"{table.path}: the assignment is graded on a scale of words; have Moodle grade it in points")

    def cells(column: int) -> list[str]:
        return [table.rows[at][column].strip() for at in people]

    if (
        people
        and "identifier" not in columns
        and all(cell[:1].isalpha() and re.fullmatch(r"\D+\d+", cell) for cell in cells(0))
    ):
        columns["identifier"] = 0
    if people and not {"grade", "maximum"} <= columns.keys():
        # The maximum is one and the same number in every row; the grade stands before it, a number or nothing.
        likely = [
            at
            for at in range(1, len(header))
            if len(set(cells(at))) == 1
            and _decimal(cells(at)[0])
            and all(not cell or _decimal(cell) is not None for cell in cells(at - 1))
        ]
        if len(likely) == 1:
            columns = {"maximum": likely[0], "grade": likely[0] - 1} | columns
    missing = [what for what in ("identifier", "grade", "maximum") if what not in columns]
    if missing:
        raise CourseError(
            f"{table.path}: no column is recognised as the {' or the '.join(missing)}. Is it the grading worksheet of "
            f"an assignment in Moodle? Then say which it is of: {', '.join(map(visible, header))}"
        )
    return columns


def _comment(grade: Grade) -> str:
    """Short and plain, of our own words alone: Moodle shows comments as HTML."""
    files = []
    for slug, file in sorted(grade.files.items()):
        failed = dict.fromkeys(result.exercise for result in file.results if result.earned < result.points)
        wanting = f" (not all of {', '.join(failed)})" if failed else ""
        files.append(f"{slug} {number(grade.points(slug))} of {number(file.maximum)}{wanting}")
    late = f"; {grade.days_late} days late, counted {number(100 * grade.factor)} %" if grade.factor != 1 else ""
    return f"{MARKED}{number(grade.total)} of {number(grade.maximum)} points: {', '.join(files)}{late}."


# -------------------------------------------------------------------------------------------------------- Gradescope


def gradescope(grade: Grade) -> bytes:
    """`results.json` of one submission: its total, and each test in the student's words.

    All tests are visible: hidden ones would hide the total from the student. For the instructor there is
    `gradescope_log`, to be printed: Gradescope shows an autograder's standard output to instructors alone.
    """
    tests = [
        {
            "name": f"{visible(slug)}: {name}",
            "score": number(result.earned),
            "max_score": number(result.points),
            "status": "passed" if result.status in ("passed", "grader fault") else "failed",
            "output": visible("\n".join(explain(result)), "\n"),
            "output_format": "text",
            "visibility": "visible",
        }
        for slug, file in grade.files.items()
        if not grade.ungraded(slug)
        for name, result in checks(file)
    ]
    results = {
        "score": number(grade.total),
        "output": visible("\n".join(remarks(grade)), "\n"),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return (json.dumps(results, indent=2, allow_nan=False) + "\n").encode()


def gradescope_log(grade: Grade) -> str:
    """What only the instructor may read: details, notes, problems; plain text with no control character."""
    lines = [f"problem: {problem}" for problem in grade.problems]
    for slug, file in grade.files.items():
        lines += [f"{slug}: {note}" for note in file.notes]
        for name, result in checks(file):
            if result.status != "passed":
                lines += [f"{slug}: {name}: {result.test}: {result.status}", *result.detail.splitlines()]
    return "".join(f"{visible(line)}\n" for line in lines)


# ---------------------------------------------------------------------------------------------------------- JUnit XML

# An answer that was judged and found wanting fails; code that gave none, or a broken grader, is an error; what was
# never written is skipped.
JUNIT = {
    "wrong": "failure",
    "forbidden": "failure",
    "malformed answer": "failure",
    "crashed": "error",
    "over limit": "error",
    "timed out": "error",
    "grader fault": "error",
    "not implemented": "skipped",
    "missing": "skipped",
}
LONGEST = 4000  # characters of a detail


def junit_xml(grades: Iterable[Grade]) -> bytes:
    """The class as JUnit XML, for the instructor: a suite for each submission and slug, with details of failures."""
    root = ElementTree.Element("testsuites", name="course")
    whole: Counter[str] = Counter()
    for grade in sorted(grades, key=lambda one: one.submission):
        for slug, file in grade.files.items():
            counts = Counter(JUNIT.get(result.status, "passed") for result in file.results)
            whole += counts
            suite = ElementTree.SubElement(root, "testsuite", name=visible(f"{grade.submission}/{slug}"))
            _count(suite, counts)
            for result in file.results:
                case = ElementTree.SubElement(
                    suite, "testcase", classname=visible(f"{slug}.{result.exercise}"), name=visible(result.test)
                )
                if result.status != "passed":
                    message = visible(" ".join(explain(result)))
                    kind = {} if JUNIT[result.status] == "skipped" else {"type": result.status}
                    outcome = ElementTree.SubElement(case, JUNIT[result.status], {"message": message, **kind})
                    outcome.text = visible(result.detail[:LONGEST], "\n\t") or None
    _count(root, whole)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _count(element: ElementTree.Element, counts: Counter[str]) -> None:
    element.set("tests", str(counts.total()))
    for attribute, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(counts[outcome]))
