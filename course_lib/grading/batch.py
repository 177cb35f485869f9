"""`course grade`: a folder of submissions to a folder of grades, on this machine's cores or on a Dask cluster.

A file is judged once for its bytes: two equal files, or one handed in again, share a result. Results are appended to
the journal as they come, under a key of everything that a verdict depends on. So a killed run goes on where it was, and
the reports, written at the end from the journal alone, are the same as if it had never stopped.
"""

import hashlib
import json
import os
import platform
import threading
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import numpy
import torch
from tqdm import tqdm

from course_lib.errors import CourseError, CourseWarning, unknown
from course_lib.files import write_whole
from course_lib.grading import exports, intake, judge, lateness, reports
from course_lib.grading.examiner import Examiner, Prints, make_prints
from course_lib.grading.journal import Journal
from course_lib.grading.records import STATUSES, FileResult, Grade, Override, TestResult, from_json, to_json
from course_lib.grading.sandbox.boundary import Limits
from course_lib.grading.spec import ROOT, read_tests, slugs

CONNECT = "20s"  # to find the scheduler of a cluster


@dataclass(frozen=True)
class Setup:
    """What a worker process needs to make an `Examiner`; `environment` must be the same wherever it runs."""

    slugs: tuple[str, ...]
    seed: str
    mode: str
    limits: Limits
    prints: dict[str, Prints]
    environment: dict[str, str]


@dataclass(frozen=True)
class Task:
    """One file to judge. key: of its bytes and of everything else that the verdict depends on."""

    key: str
    slug: str
    source: bytes


def environment(slug: str, root: Path = ROOT) -> str:
    """A digest of what a verdict on this chapter depends on besides the file and the seed: tests, grader, libraries."""
    grader = sorted(path for path in Path(__file__).parent.rglob("*.py"))
    own = [
        root / "exercises" / f"{slug}.py", root / "exercises" / f"test_{slug}.py",
        root / "exercises" / "given" / f"{slug}.py", root / "solutions" / f"{slug}.py",
        root / "solutions" / "hidden" / f"test_{slug}.py", root / "solutions" / "mistakes" / f"{slug}.py",
    ]  # fmt: skip
    digest = hashlib.sha256(f"{torch.__version__} {numpy.__version__} {platform.python_version()}".encode())
    for path in [*grader, *own]:
        content = path.read_bytes() if path.exists() else b""
        digest.update(f"{path.name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def grade(
    submissions: Path, out: Path, *, chapters: tuple[str, ...] = (), policy: lateness.Policy | None = None,
    jobs: int | None = None, scheduler: str | None = None, mode: str = "auto", limits: Limits | None = None,
    regrade: tuple[str, ...] = (), book: str = "", progress: bool = True,
) -> list[Grade]:  # fmt: skip
    """Judge all submissions and write grades and reports to `out`. See `course grade --help`.

    Raises CourseError for bad input, where no sandbox can be had, or another run is writing to `out`.
    """
    known = slugs()
    for one in chapters:
        if one not in known:
            raise unknown("chapter", one, known)
    if out.resolve().is_relative_to(submissions.resolve()):
        raise CourseError(f"--out {out} lies within the submissions; choose a folder outside {submissions}")
    if jobs is not None and jobs < 1:
        raise CourseError(f"--jobs must be at least 1, not {jobs}")
    chapters = tuple(dict.fromkeys(chapters))
    policy, limits = policy or lateness.Policy(), limits or Limits()
    people = intake.read(submissions, list(chapters) or known)
    chosen = list(chapters) or [slug for slug in known if any(slug in one.files for one in people)]
    if not chosen:
        raise CourseError(
            f"{submissions}: nobody handed in a file of a chapter; they are called {known[0]}.py and so on"
        )
    with Journal.opened(out) as journal:
        records = journal.records()
        rounds = _rounds(journal, records, people, regrade)
        setup = _setup(journal, chosen, mode, limits)
        handed_in = {
            (one.submission, slug): _task(setup, slug, one.files[slug], rounds.get(one.submission, 0))
            for one in people
            for slug in chosen
            if slug in one.files
        }
        keys = {where: task.key for where, task in handed_in.items()}
        results = {record["key"]: record["result"] for record in records if record["kind"] == "result"}
        todo = [task for key, task in {task.key: task for task in handed_in.values()}.items() if key not in results]
        for task, result in _judged(todo, setup, jobs, scheduler, progress):
            results[task.key] = to_json(result)
            if result.status != "grader fault":  # a fault of ours is tried again by the next run
                journal.append({"kind": "result", "key": task.key, "slug": task.slug, "result": to_json(result)})
        journal.save_batch({
            "chapters": chosen,
            "book": book,
            "submissions": [_row(one, chosen, keys, results, policy) for one in people],
        })  # fmt: skip
        return _write(journal, out)


def _write(journal: Journal, out: Path) -> list[Grade]:
    """Reports from what the journal holds."""
    batch, grades = _grades(journal)
    reports.write(out, grades, slugs=batch["chapters"], book=batch["book"])
    return grades


def load(out: Path) -> tuple[list[Grade], list[str]]:
    """The grades of the last finished run, and its chapters."""
    with Journal.opened(out, create=False) as journal:
        batch, grades = _grades(journal)
    return grades, batch["chapters"]


def override(out: Path, submission: str, slug: str, points: float, reason: str, by: str) -> Grade:
    """Set the points of one file by hand; the journal keeps the old ones, who changed them, when and why."""
    with Journal.opened(out, create=False) as journal:
        batch, grades = _grades(journal)
        one = _named(grades, submission)
        if slug not in batch["chapters"]:
            raise unknown("chapter of these grades", slug, batch["chapters"])
        maximum = one.files[slug].maximum
        if not 0 <= points <= maximum:
            raise CourseError(f"{points:g} points: {slug} has 0 to {maximum:g}")
        if not reason.strip():
            raise CourseError("say why, with --reason: it is kept with the points")
        date = datetime.now().astimezone().isoformat(timespec="seconds")
        made = Override(slug, float(points), reason.strip(), by, date)
        journal.append({"kind": "override", "submission": submission, **asdict(made)})
        return _named(_write(journal, out), submission)


def _named(grades: Iterable[Grade], submission: str) -> Grade:
    found = {one.submission: one for one in grades}
    if submission not in found:
        raise unknown("submission", submission, found)
    return found[submission]


def _rounds(journal: Journal, records: list[dict], people: list[intake.Submission], regrade: tuple[str, ...]) -> dict:
    """How often each submission was to be graded again; asks for it once more where `regrade` names it."""
    names = {one.submission for one in people}
    for name in regrade:
        if name not in names:
            raise unknown("submission", name, names)
    rounds: dict[str, int] = {}
    for record in records:
        if record["kind"] == "regrade":
            rounds[record["submission"]] = rounds.get(record["submission"], 0) + 1
    for name in regrade:
        rounds[name] = rounds.get(name, 0) + 1
        date = datetime.now().astimezone().isoformat(timespec="seconds")
        journal.append({"kind": "regrade", "submission": name, "date": date})
    return rounds


def _setup(journal: Journal, chosen: list[str], mode: str, limits: Limits) -> Setup:
    """Prints of the named mistakes hang on the secret, so they are made here once, and kept with it."""
    seed = journal.secret()
    places = {slug: environment(slug) for slug in chosen}
    prints: dict[str, Prints] = {}
    for slug in chosen:
        path = journal.folder / f"prints-{slug}-{places[slug][:16]}.json"
        if not path.exists():
            hidden = ROOT / "solutions" / "hidden" / f"test_{slug}.py"
            with judge.Tests([hidden], seed) as tests:
                found = make_prints(slug, tests)
            for old in journal.folder.glob(f"prints-{slug}-*.json"):
                old.unlink()
            write_whole(path, json.dumps(found, allow_nan=False).encode(), mode=0o600)
        prints[slug] = json.loads(path.read_text(encoding="utf-8"))
    return Setup(tuple(chosen), seed, mode, limits, prints, places)


def _task(setup: Setup, slug: str, source: bytes, again: int) -> Task:
    parts = [slug, setup.environment[slug], setup.seed, setup.mode, repr(setup.limits), str(again)]
    return Task(hashlib.sha256("\n".join(parts).encode() + b"\n" + source).hexdigest(), slug, source)


def _row(
    one: intake.Submission, chosen: list[str], keys: dict, results: dict, policy: lateness.Policy
) -> dict[str, Any]:
    days = lateness.days_late(one, policy)
    files = {slug: keys.get((one.submission, slug)) for slug in chosen}
    return {
        "submission": one.submission, "name": one.name, "ids": one.ids, "problems": list(one.problems),
        "days_late": days, "factor": lateness.factor(days, policy), "files": files,
        # Faults are not in the journal: they are no results. The reports show them all the same.
        "faults": {slug: results[key] for slug, key in files.items() if key and _is_fault(results[key])},
    }  # fmt: skip


def _is_fault(result: dict[str, Any]) -> bool:
    return any(one["status"] == "grader fault" for one in result["results"])


def _grades(journal: Journal) -> tuple[dict[str, Any], list[Grade]]:
    batch = journal.batch()
    results: dict[str, dict] = {}
    overrides: dict[str, dict[str, Override]] = {}
    records = journal.records()
    if journal.damaged:
        say = "results in them are graded again; points set by hand in them are to be set again"
        warnings.warn(f"{journal.path} has {journal.damaged} damaged lines: {say}", CourseWarning, stacklevel=2)
    for record in records:
        if record["kind"] == "result":
            results[record["key"]] = record["result"]
        elif record["kind"] == "override":
            fields = {name: record[name] for name in ("slug", "points", "reason", "by", "date")}
            overrides.setdefault(record["submission"], {})[record["slug"]] = Override(**fields)
    grades = []
    for row in batch["submissions"]:
        files = {}
        for slug, key in row["files"].items():
            found = row["faults"].get(slug) or results.get(key)
            if key and not found:
                raise CourseError(f"{journal.path} has lost a result of {row['submission']}: run `course grade` again")
            files[slug] = from_json(found) if found else _missing(slug)
        own = {slug: one for slug, one in overrides.get(row["submission"], {}).items() if slug in files}
        grades.append(Grade(row["submission"], row["name"], row["ids"], files, own, row["days_late"], row["factor"],
                            tuple(row["problems"])))  # fmt: skip
    return batch, grades


def _missing(slug: str) -> FileResult:
    manifest = read_tests(ROOT / "solutions" / "hidden" / f"test_{slug}.py")[0]
    return FileResult(
        slug, tuple(TestResult(one.name, one.exercise, one.points, "missing") for one in manifest), "full"
    )


def summary(grades: list[Grade], out: Path) -> str:
    """What the command prints at the end: where to look, and what needs a look."""
    counts = Counter(one.status for one in grades)
    lines = [f"{len(grades)} submissions: " + ", ".join(f"{counts[name]} {name}" for name in STATUSES if counts[name])]
    other = sorted({file.sandbox for one in grades for file in one.files.values()} - {"full"})
    if other:
        lines.append(f"Not in the full sandbox but: {', '.join(other)}. Every report says so.")
    troubled = sum(bool(one.problems) for one in grades)
    if troubled:
        lines.append(f"{troubled} submissions have files that need a look; index.html names them.")
    faults = sorted({
        result.detail for one in grades for file in one.files.values() for result in file.results
        if result.status == "grader fault"
    })  # fmt: skip
    lines += [exports.visible(f"Grader fault: {fault}") for fault in faults[:5]]
    return "\n".join([*lines, f"Look at {out / 'index.html'}; marks are in {out / 'grades.csv'}"])


def export(
    out: Path, canvas: Path | None, moodle: Path | None, gradescope: Path | None, assignment: str | None,
    to: Path | None,
) -> list[str]:  # fmt: skip
    """Marks for another system; lines to show. Raises CourseError unless exactly one system is named."""
    if sum(one is not None for one in (canvas, moodle, gradescope)) != 1:
        raise CourseError("name one of --canvas CSV, --moodle CSV or --gradescope DIR")
    everyone, _ = load(out)
    grades = [one for one in everyone if not any(map(one.ungraded, one.files))]
    left = len(everyone) - len(grades)
    notes = [f"{left} submissions could not be judged and are left out; run `course grade` again"] if left else []
    if gradescope is not None:
        gradescope.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in grades:
            exports.save(gradescope / f"{intake.file_name(one.submission)}.json", exports.gradescope(one))
        return [*notes, f"{len(grades)} files: {gradescope}"]
    if canvas is not None and not assignment:
        raise CourseError("--canvas needs --assignment: the name of the column, as the gradebook has it")
    sheet = exports.canvas(grades, canvas, assignment) if canvas else exports.moodle(grades, moodle)
    to = to or out / ("canvas.csv" if canvas else "moodle.csv")
    if to.resolve() == (canvas or moodle).resolve():
        raise CourseError(f"--to {to} is the file that was read; choose another")
    exports.save(to, sheet.content)
    return [*notes, *sheet.notes, f"{sheet.filled} marks: {to}"]


# ------------------------------------------------------------------------------------------------- where the work runs


def _judged(
    todo: list[Task], setup: Setup, jobs: int | None, scheduler: str | None, progress: bool
) -> Iterator[tuple[Task, FileResult]]:
    """The results as they come, with a progress bar."""
    if not todo:
        return
    if scheduler is not None:
        stream = _on_cluster(todo, setup, scheduler)
    else:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = min(jobs or cores, (len(todo) + 7) // 8)  # a worker takes seconds to start
        stream = _here(todo, setup) if workers == 1 else _in_pool(todo, setup, workers)
    with closing(stream), tqdm(total=len(todo), unit="file", disable=None if progress else True, desc="grading") as bar:
        for item in stream:
            yield item
            bar.update()


def _here(todo: list[Task], setup: Setup) -> Iterator[tuple[Task, FileResult]]:
    with _examiner(setup) as examiner:
        for task in todo:
            yield task, examiner.examine(task.slug, task.source)


def _end_with_parent() -> None:
    """A run that is killed leaves no worker behind: each would wait for ever, as it holds both ends of its queue."""

    def wait() -> None:
        parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _in_pool(todo: list[Task], setup: Setup, workers: int) -> Iterator[tuple[Task, FileResult]]:
    with ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent) as pool:
        futures = {pool.submit(examine, setup, task.slug, task.source): task for task in todo}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        except BrokenProcessPool:
            raise CourseError("a worker process was ended from outside; run again: what is graded is kept") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _on_cluster(todo: list[Task], setup: Setup, scheduler: str) -> Iterator[tuple[Task, FileResult]]:
    from distributed import Client
    from distributed import as_completed as as_finished

    try:
        client = Client(scheduler, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(f"--scheduler {scheduler}: no Dask scheduler answers there ({error})") from None
    with client:
        shared = client.scatter(setup, broadcast=True, hash=False)
        futures = {client.submit(examine, shared, task.slug, task.source, key=f"grade-{task.key}", retries=2): task
                   for task in todo}  # fmt: skip
        for future in as_finished(futures, loop=client.loop):
            error = future.exception()
            if isinstance(error, CourseError):
                raise error
            if error is not None:
                raise CourseError(f"a worker of the cluster failed: {error}; run again: what is graded is kept")
            yield futures.pop(future), future.result()


_LOCK = threading.Lock()
_READY: dict[str, Examiner] = {}


def examine(setup: Setup, slug: str, source: bytes) -> FileResult:
    """One file, in a worker process that keeps its examiner for the next. Raises CourseError where none can be had."""
    with _LOCK:  # a cluster's worker may have several threads
        name = repr((setup.seed, setup.slugs, setup.mode, setup.limits, setup.environment))
        if name not in _READY:
            for one, digest in setup.environment.items():
                if environment(one) != digest:
                    raise CourseError(f"a worker has another version of the course, or of its libraries, for {one}")
            for old in _READY.values():
                old.__exit__()
            _READY.clear()
            torch.set_num_threads(1)
            _READY[name] = _examiner(setup).__enter__()
        return _READY[name].examine(slug, source)


def _examiner(setup: Setup) -> Examiner:
    return Examiner(list(setup.slugs), setup.seed, setup.mode, setup.limits, setup.prints)
