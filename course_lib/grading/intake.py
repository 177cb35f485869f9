"""Downloads to submissions: what each student handed in, as bytes, and everything about it that is not as it should be.

SUBMISSIONS is a folder as an instructor downloads it, or the zip that holds all of it:

plain       a folder or a zip for each student, `<slug>.py` in it at any depth
Canvas      flat files, `lovelaceada_LATE_123_456_gan-1.py`: sortable name, mark, user, file, name as handed in, with
            the number that tells a resubmission from what Canvas has of that name (canvas-lms: lib/content_zipper.rb)
Moodle      folders `Ada Lovelace_1234567_assignsubmission_file_` (the last _ in older versions only), or flat files
            that begin so (moodle: mod/assign/classes/downloader.php); the number is the worksheet's participant
Gradescope  `assignment_N_export`: folders `submission_N`, and submission_metadata.yml, which says whose they are

What a student controls (names inside their folder, archives, manifests) is read, never believed: who handed in, and
when, comes from the names and the metadata that the platform wrote.
"""

import hashlib
import json
import re
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from course_lib.errors import CourseError, CourseWarning
from course_lib.grading.archives import Entry, Refused, in_zip, on_disk, writable

MAX_FILE = 1 << 20  # bytes of one source file; the exercises have about 5,000
MAX_TOTAL = 16 << 20  # bytes read of one student's files
MAX_READ = 500  # files read of one student; a clone of the course holds some six for each chapter
MAX_FILES = 20_000  # files and folders of one student
MAX_ARCHIVE = 64 << 20  # bytes of a student's zip
MAX_ARCHIVES = 10  # zips opened of one student
MAX_METADATA = 256 << 20  # bytes of submission_metadata.yml, which holds the output of every test
MAX_NAME = 255  # characters of a name that may be a chapter's file; no file system has longer ones
MAX_LINES = 20  # about files that were refused

METADATA = "submission_metadata.yml"
MANIFEST = "manifest.json"

FLAGS = re.DOTALL | re.ASCII  # names may hold line ends; numbers are 0 to 9
# Canvas takes all but word characters out of the name, puts it in lower case, and sees to it that it holds no _digits_:
# the first two numbers are its own, whatever the student called the file. Text typed into a form has no file number.
CANVAS = re.compile(r"(?P<name>.*?)(?P<late>_LATE)?_(?P<user>\d{1,20})_(?P<file>\d{1,20})_(?P<rest>.+)", FLAGS)
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<user>[^\W_]+)_(?P<file>\d{1,20})_(?P<rest>.+)", FLAGS)
CANVAS_TEXT = re.compile(r"(?P<name>.*?)(?P<late>_LATE)?_(?P<user>\d{1,20})_(?P<rest>(?:text|link)\.html)", FLAGS)
NUMBERED = re.compile(r"(?P<stem>.+)-(?P<number>\d{1,4})(?P<suffix>\.[^.]*)?", FLAGS)
# Moodle turns each _ of a name into a space. Those who are in no group share one without a number.
MOODLE = re.compile(
    r"(?P<name>[^_]*)(?:_(?P<user>\d{1,20}))?_assignsubmission_(?P<plugin>[a-z][a-z0-9]*)(?:_(?P<rest>.*))?", FLAGS
)
FORMS = (CANVAS_ANONYMOUS, CANVAS, CANVAS_TEXT, MOODLE)

LISTS = {".csv", ".xlsx", ".ods", ".json", ".yml", ".yaml", ".md"}  # an instructor's, beside the submissions
NOT_READ = {
    ".ipynb": "a notebook", ".html": "a page", ".zip": "a zip inside another, or in a folder",
    **dict.fromkeys((".docx", ".doc", ".odt", ".rtf", ".pdf"), "a document"),
    **dict.fromkeys((".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz"), "an archive, no zip"),
}  # fmt: skip


@dataclass(frozen=True)
class Submission:
    """What one student, or one group, handed in.

    submission: unique in the batch and the same from run to run; as long and as odd as the names that it comes from.
    name: the person's, where known. ids: what other systems call them, only where known: canvas (the user's number),
    moodle (the participant's), gradescope (the submission's), email.
    files: slug -> source, byte for byte. late: whether the platform's file name says so; None where names do not tell.
    submitted: when, by the platform's metadata, with a time zone.
    problems: what the instructor should know, each a line that can be printed.
    """

    submission: str
    name: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    late: bool | None = None
    submitted: datetime | None = None
    problems: tuple[str, ...] = ()


def read(folder: Path, slugs: list[str]) -> list[Submission]:
    """Every submission in `folder`, or in the zip of that name, sorted by `submission`.

    A student whose files are missing, ambiguous or refused is in the list too, with problems that say so. Files that
    are nobody's are named in a CourseWarning.
    Raises CourseError where there is no such folder or zip, or no submission in it.
    """
    with ExitStack() as stack:
        if folder.is_dir():
            entries = list(on_disk(folder))
        elif folder.is_file():
            try:
                entries = in_zip(stack.enter_context(open(folder, "rb")))
            except Refused as refusal:
                raise CourseError(f"{folder} {refusal}; name the folder, or the zip, of all submissions") from None
        else:
            raise CourseError(f"{folder}: no such folder; name the folder, or the zip, of all submissions")
        nobodys = [entry for entry in entries if not entry.path and entry.refused]
        entries = [entry for entry in entries if entry.path and not entry.hidden]
        if not entries:
            raise CourseError(f"{folder} holds nothing; name the folder, or the zip, of all submissions")
        students, loose = _students(_unwrapped(entries, folder))
        if not students:
            raise CourseError(
                f"{folder} holds no submission, but {_some([one.label for one in loose])}; "
                "name the folder that holds a folder or a zip for each student"
            )
        lists = [one for one in loose if _suffix(one.label) in LISTS]
        if lists or nobodys:
            names = _some([one.label for one in [*lists, *nobodys]])
            warnings.warn(f"{folder}: belongs to no student and was not read: {names}", CourseWarning, stacklevel=2)
        students += [_stray(one) for one in loose if _suffix(one.label) not in LISTS]
        _find_doubles(students)
        return sorted((_submission(student, slugs) for student in students), key=lambda one: one.submission)


def one(folder: Path, slugs: list[str]) -> Submission:
    """What lies in `folder`, all of it one student's; its `submission` is the folder's name.

    Raises CourseError where there is no such folder.
    """
    if not folder.is_dir():
        raise CourseError(f"{folder}: no such folder; name the one with what a student handed in")
    part = _Part(folder.name, tuple(on_disk(folder)), folder=True)
    return _submission(_Student(folder.name, "", parts=[part]), slugs)


def file_name(submission: str) -> str:
    """A name for files about this submission: ASCII, at most 60 characters, never a path, hidden or reserved.

    No two submissions share one, also where a file system takes upper and lower case for the same: what does not stay
    as it was, or looks as if it had not, ends in a hash of the whole.
    """
    safe = re.fullmatch(r"[a-z0-9_](?:[a-z0-9_.-]{0,58}[a-z0-9_])?", submission)
    taken = re.fullmatch(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|.*-[0-9a-f]{16}", submission, re.DOTALL)
    if safe and not taken:
        return submission
    letters = unicodedata.normalize("NFKD", submission[:200]).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", letters)[:43].strip("-_") or "submission"
    return f"{readable}-{hashlib.sha256(submission.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


# Whose is it -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """What lies at one place of a download: a folder, or a flat file, under the name that its student gave it.

    late: what its name says. attempt: of a Canvas file, its name without the number, the number, Canvas's id of it.
    all_of_it: a place where everything of a student should be. doubtful: its name could be another user's as well.
    """

    place: str
    entries: tuple[Entry, ...]
    folder: bool
    late: bool | None = None
    attempt: tuple[str, int, int] | None = None
    all_of_it: bool = True
    doubtful: bool = False

    def named(self, name: str) -> "_Part":
        if self.folder:
            return self
        return replace(self, entries=tuple(replace(one, path=(name,), label=name) for one in self.entries))


@dataclass
class _Student:
    submission: str
    name: str
    ids: dict[str, str] = field(default_factory=dict)
    emails: list[str] = field(default_factory=list)  # of everyone in a group
    parts: list[_Part] = field(default_factory=list)
    submitted: datetime | None = None
    problems: list[str] = field(default_factory=list)


def _unwrapped(entries: list[Entry], folder: Path) -> list[Entry]:
    """Without the folder, or folder in a folder, around everything that unzipping a download leaves."""
    inner, around = entries, []
    while len({entry.path[0] for entry in inner}) == 1:
        around.append(inner[0].path[0])
        inner = [entry.below() for entry in inner if len(entry.path) > 1]
        names = {entry.path[0] for entry in inner}
        flat = {entry.path[0] for entry in inner if len(entry.path) == 1 and not entry.folder}
        platforms = METADATA in flat or any(form.fullmatch(name) for name in names for form in FORMS)
        # Several folders or zips and nothing else are students' rather than one student's files.
        several = len(around) == 1 and len(names) > 1 and all(_suffix(name) == ".zip" for name in flat)
        if platforms or several:
            if around[-1] != folder.stem and not re.fullmatch(r"assignment_\d+_export", around[-1]):
                say = f"{folder}: {_shown('/'.join(around))} was read as a folder of all submissions, not as one"
                warnings.warn(say, CourseWarning, stacklevel=3)
            return inner
    return entries


def _students(entries: list[Entry]) -> tuple[list[_Student], list[Entry]]:
    """The students, and the files that lie loose among them and name nobody."""
    tops: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        tops[entry.path[0]].append(entry)
    people: dict[str, Any] | None = None
    trouble = ""
    if METADATA in tops and not _is_folder(tops[METADATA]):
        people, trouble = _people(tops.pop(METADATA)[0])
    students: dict[tuple[str, ...], _Student] = {}
    loose = []
    for top in sorted({*tops, *(people or ())}):
        inside = tops.get(top, [])
        folder = _is_folder(inside)
        key, student, part = _owner(top, _Part(top, _below(top, inside), folder), people, trouble)
        if student is None:
            loose += inside
        else:
            students.setdefault(key, student).parts.append(part)
    return list(students.values()), loose


def _is_folder(inside: list[Entry]) -> bool:
    return any(len(entry.path) > 1 or entry.folder for entry in inside)


def _below(top: str, inside: list[Entry]) -> tuple[Entry, ...]:
    """What is in the folder, or the flat file itself."""
    return tuple(one.below() if len(one.path) > 1 else one for one in inside if one.path != (top,) or not one.folder)


def _owner(
    top: str, part: _Part, people: dict[str, Any] | None, trouble: str
) -> tuple[tuple[str, ...], _Student | None, _Part]:
    """Who handed in what lies at `top`: a key that is one person's, and that person, or None where it names nobody."""
    if people is not None and (part.folder or top in people):
        return ("gradescope", top), _of_gradescope(top, people.get(top), trouble), part
    if form := MOODLE.fullmatch(top):
        name, user = form["name"], form["user"]
        student = _Student(f"{name}_{user}" if user else name, name, {"moodle": user} if user else {})
        part = replace(part, all_of_it=part.folder and form["plugin"] == "file").named(form["rest"] or form["plugin"])
        return ("moodle", name, user or ""), student, part
    form = CANVAS_ANONYMOUS.fullmatch(top) or CANVAS.fullmatch(top) or CANVAS_TEXT.fullmatch(top)
    if form and not part.folder:
        given = form.groupdict()
        name, user, rest = given.get("name", "anon"), given["user"], given["rest"]
        # An anonymous number is no user's, and its bearer's name is not known.
        known = "name" in given
        student = _Student(f"{name}_{user}", name if known else "", {"canvas": user} if known else {})
        numbered = NUMBERED.fullmatch(rest)
        base = numbered["stem"] + (numbered["suffix"] or "") if numbered else rest
        attempt = base, int(numbered["number"]) if numbered else 0, int(given.get("file", 0))
        part = replace(part, late=given["late"] is not None, attempt=attempt, all_of_it=False).named(rest)
        return ("canvas", name, user), student, replace(part, doubtful=re.match(r"\d+_", rest) is not None)
    if part.folder or any(entry.refused for entry in part.entries):
        return ("plain", top), _Student(top, top), part
    if _suffix(top) == ".zip":
        return ("plain", top[: -len(".zip")]), _Student(top[: -len(".zip")], top[: -len(".zip")]), part
    return (), None, part


def _people(entry: Entry) -> tuple[dict[str, Any], str]:
    """submission_metadata.yml: what it says of each folder, and what is wrong with it."""
    try:
        # libyaml's safe loader, where there is one: the file holds every test's output, and PyYAML's takes minutes.
        found = yaml.load(entry.read(MAX_METADATA), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (Refused, yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, Refused) else f"cannot be read ({type(error).__name__})"
        return {}, f"{METADATA} {reason}: whose this is, and when it came, is unknown"
    if not isinstance(found, dict):
        return {}, f"{METADATA} names no submission: whose this is, and when it came, is unknown"
    return {writable(str(name)): about for name, about in found.items()}, ""


def _of_gradescope(top: str, about: Any, trouble: str) -> _Student:
    """The keys are Ruby's symbols, colon and all: `:submitters` (`:name`, `:sid`, `:email`), `:created_at`."""
    number = re.fullmatch(r"submission_(\d+)", top)
    student = _Student(top, "", {"gradescope": number[1]} if number else {})
    if not isinstance(about, dict):
        student.problems.append(trouble or f"{METADATA} does not name it: whose it is, and when it came, is unknown")
        return student
    submitters = about.get(":submitters")
    people = [one for one in submitters if isinstance(one, dict)] if isinstance(submitters, list) else []
    student.name = ", ".join(writable(str(one.get(":name") or one.get(":email") or one.get(":sid"))) for one in people)
    student.emails = [writable(str(one[":email"])) for one in people if one.get(":email")]
    if len(people) == 1 and student.emails:
        student.ids["email"] = student.emails[0]
    elif len(people) > 1:
        members = _some(student.emails, 20)
        student.problems.append(f"handed in by {len(people)} people together, who share the grade: {members}")
    created = about.get(":created_at")
    if isinstance(created, datetime):
        student.submitted = created if created.tzinfo else created.replace(tzinfo=UTC)  # YAML's rule for one without
    return student


def _stray(entry: Entry) -> _Student:
    """Work that names nobody: a submission of its own, so that it is seen."""
    say = "lies among the submissions and names nobody: not read. Put it into a folder named after its owner"
    return _Student(entry.label, "", problems=[f"{_shown(entry.label)} {say}"])


def _find_doubles(students: list[_Student]) -> None:
    """Make `submission` unique, and say of everyone who is there twice that they are."""
    students.sort(key=lambda one: (one.submission, sorted(one.ids.items()), one.name))
    seen: set[str] = set()
    owners: dict[tuple[str, str], list[_Student]] = defaultdict(list)
    for student in students:
        first, number = student.submission, 1
        while student.submission in seen:
            number += 1
            student.submission = f"{first} ({number})"
        seen.add(student.submission)
        places = [part.place for part in student.parts if part.all_of_it]
        if len(places) > 1:
            student.problems.append(f"handed in at {len(places)} places, all of them read: {_some(places)}")
        for kind in ("canvas", "moodle"):
            if kind in student.ids:
                owners[kind, student.ids[kind]].append(student)
        for email in dict.fromkeys(student.emails):
            owners["email", email].append(student)
    for (kind, value), same in owners.items():
        doubtful = [one for one in same if one.parts and all(part.doubtful for part in one.parts)]
        for student in same if len(same) > 1 else []:
            others = _some([one.submission for one in same if one is not student])
            student.problems.append(f"the same person handed in as {others}, too: {kind} {_shown(value)}")
            if student in doubtful and len(doubtful) < len(same):
                # Of someone whose name ends in _123, the file reads as if it were user 123's.
                del student.ids[kind]
                student.problems.append(f"its {kind} number may be another's, and is left out")


# What of it counts -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Candidate:
    """A file that may be a chapter's. rank: 0 named exactly so, 1 nearly, 2 the slug is one word of its name."""

    slug: str
    rank: int
    where: str
    data: bytes
    part: _Part


@dataclass
class _Haul:
    """What one student's parts hold. others: files that no chapter asks for. read, bytes, archives: taken in so far."""

    candidates: list[_Candidate] = field(default_factory=list)
    manifests: dict[str, bytes] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    read: int = 0
    bytes: int = 0
    archives: int = 0


def _submission(student: _Student, slugs: list[str]) -> Submission:
    haul = _Haul()
    for part in student.parts:
        prefix = f"{part.place}/" if len(student.parts) > 1 and part.folder else ""
        if len(part.entries) > MAX_FILES:
            haul.refused.append(f"{_shown(part.place)} has more than {MAX_FILES:,} files in it: not read")
        else:
            _collect(part, part.entries, prefix, slugs, haul)
    problems = list(student.problems)
    taken = []
    for slug in slugs:
        candidate, say = _choose(slug, [one for one in haul.candidates if one.slug == slug])
        taken += [candidate] if candidate else []
        problems += [say] if say else []
    absent = [f"{slug}.py" for slug in slugs if slug not in {one.slug for one in haul.candidates}]
    if absent and haul.others:
        # What might be the work comes first.
        others = sorted(haul.others, key=lambda name: (_suffix(name) not in (*NOT_READ, ".py"), name))
        kinds = [f"{_shown(name)} ({NOT_READ.get(_suffix(name), 'another file')})" for name in others]
        problems.append(f"no {', '.join(absent)}; not read: {', '.join(kinds[:5])}{_more(kinds, 5)}")
    elif student.parts and not (haul.candidates or haul.others or haul.refused):
        problems.append("nothing was handed in")
    problems += _disagreements(haul, slugs)
    problems += haul.refused[:MAX_LINES]
    if len(haul.refused) > MAX_LINES:
        problems.append(f"{len(haul.refused) - MAX_LINES} more files were refused")
    marks = [part.late for part in ([one.part for one in taken] or student.parts) if part.late is not None]
    return Submission(
        student.submission, student.name, student.ids, {one.slug: one.data for one in taken},
        any(marks) if marks else None, student.submitted, tuple(dict.fromkeys(problems)),
    )  # fmt: skip


def _collect(
    part: _Part, entries: Iterable[Entry], prefix: str, slugs: list[str], haul: _Haul, zipped: bool = False
) -> None:
    """Add `entries` to the haul. A zip that was handed in is opened; one in a folder, or in another zip, is not."""
    seen = set()
    for entry in entries:
        where = prefix + entry.label
        try:
            if entry.hidden or (entry.folder and not entry.refused):
                continue
            if entry.refused:
                raise Refused(entry.refused)
            name = entry.path[-1]
            match = _match(name, slugs, None if zipped else part.attempt)
            if _suffix(name) == ".zip" and len(entry.path) == 1 and not zipped:
                haul.archives += 1
                if haul.archives > MAX_ARCHIVES:
                    raise Refused(f"was not opened: {MAX_ARCHIVES} zips before it were")
                _collect(part, in_zip(entry.read(MAX_ARCHIVE)), f"{where}/", slugs, haul, zipped=True)
            elif not match and name != MANIFEST:
                haul.others.append(where)
            else:
                if haul.bytes >= MAX_TOTAL or haul.read >= MAX_READ:
                    raise Refused(f"was not read: {haul.read} files, {haul.bytes:,} bytes, before it were")
                haul.read += 1
                data = entry.read(MAX_FILE)
                haul.bytes += len(data)
                if match:
                    haul.candidates.append(_Candidate(*match, where, data, part))
                else:
                    haul.manifests[where.removesuffix(MANIFEST)] = data
                if entry.path in seen:
                    raise Refused("is there more than once, under one name")
                seen.add(entry.path)
        except Refused as refusal:
            haul.refused.append(f"{_shown(where)} {refusal}")


def _match(name: str, slugs: list[str], attempt: tuple[str, int, int] | None) -> tuple[str, int] | None:
    """Which chapter's file this is, and how surely (see _Candidate.rank); of two slugs that fit alike, the longer."""
    if len(name) > MAX_NAME:
        return None
    name = attempt[0] if attempt else name
    if name.endswith(".py") and name.removesuffix(".py") in slugs:
        return name.removesuffix(".py"), 0
    form = re.fullmatch(r"(.+?)(?:\.py)+(?:\.txt)?", name.strip().casefold(), re.DOTALL)
    words = re.sub(r"[^a-z0-9]+", "_", form[1]).strip("_") if form else ""
    if re.search(r"^tests?_|_tests?$", words):
        return None
    fits = []
    for slug in slugs:
        if re.fullmatch(rf"(?:copy_of_)?{re.escape(slug)}(?:_?(?:\d+|copy))*", words):
            fits.append((1, -len(slug), slug))
        elif f"_{slug}_" in f"_{words}_":
            fits.append((2, -len(slug), slug))
    rank, _, slug = min(fits, default=(None, 0, ""))
    return (slug, rank) if slug else None


def _choose(slug: str, found: list[_Candidate]) -> tuple[_Candidate | None, str]:
    """The candidate that counts, where that is certain, and what there is to say of it."""
    if not found:
        return None, ""
    first = min(one.rank for one in found)
    best = [one for one in found if one.rank == first]
    taken = best[0] if _alike(best) else _newest(best) or _in_exercises(best)
    if taken is None:
        names = _some([one.where for one in best])
        say = "differ, and nothing tells which one counts: none was taken. Leave one of them, then grade again"
        return None, f"{slug}.py: {names} {say}"
    others = list(dict.fromkeys(one.where for one in found if one.data != taken.data))
    if others:
        return taken, f"{slug}.py: taken from {_shown(taken.where)}; not taken, though different: {_some(others)}"
    renamed = taken.where.rpartition("/")[2] != f"{slug}.py"
    return taken, f"{slug}.py: taken from {_shown(taken.where)}" if renamed else ""


def _alike(candidates: list[_Candidate]) -> bool:
    return len({one.data for one in candidates}) == 1


def _newest(candidates: list[_Candidate]) -> _Candidate | None:
    """The last resubmission, where Canvas's numbers in the names and its ids of the files tell the same order."""
    attempts: dict[tuple[str, int, int], list[_Candidate]] = defaultdict(list)
    for one in candidates:
        if one.part.attempt is None:
            return None
        attempts[one.part.attempt].append(one)
    bases, numbers, files = zip(*sorted(attempts, key=lambda attempt: attempt[1:]), strict=True)
    certain = len(set(bases)) == 1 and len(set(numbers)) == len(numbers) and list(files) == sorted(files)
    last = attempts[bases[-1], numbers[-1], files[-1]]
    return last[0] if certain and _alike(last) else None


def _in_exercises(candidates: list[_Candidate]) -> _Candidate | None:
    """The one at exercises/<slug>.py: who zips the whole course hands in other files of that name as well."""
    there = [one for one in candidates if one.where.split("/")[-2:-1] == ["exercises"]]
    return there[0] if there and _alike(there) else None


def _disagreements(haul: _Haul, slugs: list[str]) -> list[str]:
    """Where a manifest of `course submit` does not fit the files beside it. Nothing else of it is used."""
    there = {one.where: one.data for one in haul.candidates}
    problems = []
    for prefix, data in haul.manifests.items():
        try:
            files = json.loads(data)["files"]
            promised = {f"{slug}.py": files[f"{slug}.py"] for slug in slugs if f"{slug}.py" in files}
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # another program's
        for file, digest in promised.items():
            if prefix + file not in there:
                problems.append(f"{_shown(prefix + file)} is in the manifest and not beside it")
            elif hashlib.sha256(there[prefix + file]).hexdigest() != digest:
                problems.append(f"{_shown(prefix + file)} is not the file that the manifest beside it was made for")
    return problems


# Words -------------------------------------------------------------------------------------------------------------


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _shown(name: str) -> str:
    """A stranger's name in a line of text: nothing in it ends a line or moves a cursor, and it is not too long."""
    shown = repr(name[:200])[1:-1]
    return shown if len(shown) <= 80 and len(name) <= 200 else f"{shown[:50]}…{repr(name[-20:])[1:-1]}"


def _some(names: list[str], most: int = 3) -> str:
    return ", ".join(map(_shown, names[:most])) + _more(names, most)


def _more(names: list[str], most: int) -> str:
    return f" and {len(names) - most} more" if len(names) > most else ""
