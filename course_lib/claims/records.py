"""Chapters' claims and their stored results: `book/results/<slug>/<claim>.json`, one file a claim."""

import importlib
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

import course_lib
from course_lib.claims.intervals import Criterion, Interval, Verdict
from course_lib.claims.source import fingerprint
from course_lib.claims.statements import Claim, NotTestable
from course_lib.errors import CourseError, unknown

ROOT = Path(course_lib.__file__).parents[1]
MACHINERY = frozenset({"statements", "intervals", "source", "records", "running", "display"})  # no chapter is so called


@dataclass(frozen=True)
class Rooms:
    """Where claims, their committed results and unfinished or quick runs lie."""

    chapters: Path = ROOT / "course_lib" / "claims"
    results: Path = ROOT / "book" / "results"
    runs: Path = ROOT / "runs" / "claims"


ROOMS = Rooms()


@dataclass(frozen=True)
class Result:
    """A claim as it was measured; for one that is not testable here, only the first and the last group are filled."""

    slug: str
    name: str
    statement: str
    source: str
    verdict: Verdict
    command: str  # what to run to measure it again

    measures: str = ""
    criterion: Criterion | None = None
    scale: Literal["linear", "log"] = "linear"
    interval: Interval | None = None
    seeds: Sequence[int] = ()
    values: Sequence[float] = ()  # one for each seed
    arms: Mapping[str, Sequence[float]] = field(default_factory=dict)  # label -> one for each seed
    series: Mapping[str, Any] = field(default_factory=dict)  # label -> one for each seed; `curve` gives an array

    run: Literal["full", "quick"] = "full"
    date: str = ""
    seconds: float = 0.0  # of computing, all seeds together
    device: str = ""
    threads: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""  # of the experiment's source
    key: str = ""  # of the source, the library below it, the scale and torch: the same key, the same figures

    reason: str = ""  # why it is not testable here

    def curve(self, label: str) -> np.ndarray:
        """A series as an array [S, …], one row for each seed; nan where a value was not finite."""
        if label not in self.series:
            raise unknown(f"series of {self.slug}/{self.name}", label, self.series)
        return np.array(self.series[label], dtype=float)

    def __str__(self) -> str:
        return f"{self.verdict}: {self.slug}/{self.name}: {summary(self)}"

    def to_json(self) -> dict[str, Any]:
        record = asdict(self)
        if self.criterion is not None:
            record["criterion"]["words"] = self.criterion.words  # for whoever reads the file
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Result":
        """Raises KeyError, TypeError or AttributeError for a record of another form."""
        fields = dict(record)
        criterion, interval = fields.pop("criterion"), fields.pop("interval")
        if criterion is not None:
            fields["criterion"] = Criterion(criterion["low"], criterion["high"])
        if interval is not None:
            fields["interval"] = Interval(**interval)
        return cls(**fields)


def summary(result: Result) -> str:
    """The measurement in words: figure, interval, seeds, and what the claim needs."""
    if result.interval is None:
        return result.reason
    kind = "geometric mean" if result.scale == "log" else "mean"
    interval = result.interval
    return (
        f"{kind} {number(interval.center)}, {interval.level:.0%} interval {number(interval.low)} to "
        f"{number(interval.high)} over {len(result.values)} seeds; the claim needs the {result.criterion.words}"
        + (" (a quick look, not the measurement)" if result.run == "quick" else "")
    )


def number(value: float) -> str:
    return f"{value:.3g}"


def slugs(rooms: Rooms = ROOMS) -> list[str]:
    """Chapters that have claims."""
    stems = {path.stem for path in rooms.chapters.glob("[!_]*.py")}
    return sorted(stems - MACHINERY if rooms.chapters == ROOMS.chapters else stems)


def declared(slug: str, rooms: Rooms = ROOMS) -> dict[str, Claim | NotTestable]:
    """The claims of a chapter's file, by name, in its order. Raises CourseError for an unknown chapter."""
    module = _module(slug, rooms)
    return {name: value for name, value in vars(module).items() if isinstance(value, Claim | NotTestable)}


def chapter_file(slug: str, rooms: Rooms = ROOMS) -> Path:
    """The chapter's file of claims. Raises CourseError, with near names, where there is none."""
    if slug not in slugs(rooms):
        raise unknown("chapter with claims", slug, slugs(rooms))
    return rooms.chapters / f"{slug}.py"


def result(slug: str, name: str, rooms: Rooms = ROOMS) -> Result:
    """The stored result of a claim.

    Raises CourseError, in one line that says what to do, where the chapter or claim is unknown, it was not run yet, or
    its file cannot be read.
    """
    path = rooms.results / slug / f"{name}.json"
    if not path.is_file():
        names = declared(slug, rooms)
        if name not in names:
            raise unknown(f"claim of '{slug}'", name, names)
        raise CourseError(f"claim '{slug}/{name}' has no result yet: course claims run {slug} --only {name}")
    return read(path)


def read(path: Path) -> Result:
    """A result from its file. Raises CourseError where it cannot be read."""
    try:
        return Result.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        advice = f"course claims run {path.parent.name} --only {path.stem}"
        raise CourseError(f"{path} is no result of a claim ({_short(error)}); measure it again: {advice}") from error


def results(slug: str, rooms: Rooms = ROOMS) -> list[Result]:
    """The stored results of all claims of a chapter, in its file's order. Raises what `result` raises."""
    return [result(slug, name, rooms) for name in declared(slug, rooms)]


def stale(slug: str, rooms: Rooms = ROOMS) -> list[str]:
    """What is wrong with a chapter's stored results, a line each: missing, of older source, or of no claim any more."""
    path, complaints = chapter_file(slug, rooms), []
    claims = declared(slug, rooms)
    for name, claim in claims.items():
        command = f"course claims run {slug} --only {name}"
        try:
            stored = result(slug, name, rooms)
        except CourseError as error:
            complaints.append(str(error))
            continue
        if isinstance(claim, NotTestable):
            same = vars(claim).items() <= vars(stored).items()
        elif stored.fingerprint != fingerprint(path, name):
            complaints.append(f"claim '{slug}/{name}' was measured by older source: {command}")
            continue
        else:
            declaration = (claim.statement, claim.source, claim.measures, claim.criterion, claim.scale)
            same = declaration == (stored.statement, stored.source, stored.measures, stored.criterion, stored.scale)
        if not same:
            complaints.append(f"claim '{slug}/{name}' is declared in other words than its result (no rerun): {command}")
        if stored.run != "full":
            complaints.append(f"claim '{slug}/{name}' holds a quick look, not a measurement: {command}")
    known = {f"{name}.json" for name in claims}
    extra = sorted(file for file in (rooms.results / slug).glob("*.json") if file.name not in known)
    return complaints + [f"{file} is the result of no claim of '{slug}': delete it" for file in extra]


def _module(slug: str, rooms: Rooms) -> ModuleType:
    path = chapter_file(slug, rooms)
    if rooms.chapters == ROOMS.chapters:
        return importlib.import_module(f"course_lib.claims.{slug}")
    name = f"claims_of_{abs(hash(rooms.chapters))}_{slug}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:120]
