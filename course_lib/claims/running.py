"""Measure a chapter's claims: every claim with every seed, in parallel processes, nothing measured twice.

A worker takes a seed and measures all claims for it, so that claims which share a training (`shared_run`) train once.
Each finished measurement is kept under runs/claims/seeds/, by the fingerprint of all that it depends on: a killed run
goes on where it was.
"""

import concurrent.futures
import contextlib
import dataclasses
import datetime
import importlib.metadata
import json
import multiprocessing
import os
import platform
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import threadpoolctl
import torch
import tqdm

from course_lib.claims import records
from course_lib.claims.intervals import student_interval
from course_lib.claims.records import ROOMS, Result, Rooms
from course_lib.claims.source import fingerprint, library_fingerprint
from course_lib.claims.statements import FULL, QUICK, Claim, NotTestable, Scale
from course_lib.errors import CourseError, unknown
from course_lib.files import write_json

LEAST_SEEDS = 5  # of a committed result
_VERSIONS = ("torch", "numpy", "scipy")


def run(
    slug: str,
    only: str | None = None,
    seeds: int = 5,
    quick: bool = False,
    jobs: int | None = None,
    rooms: Rooms = ROOMS,
) -> list[Result]:
    """Measure a chapter's claims, judge them and store the results.

    slug: the chapter.  only: one claim of it.  seeds: how many, 0 to seeds - 1; a committed result takes at least five.
    quick: a reduced experiment for a first look, stored under runs/claims/quick/ and never in book/results/.
    jobs: how many seeds at once, each on one thread; by default as many as there are cores.
    Raises CourseError for an unknown chapter or claim, too few seeds, and an experiment that fails; what was measured
    until then is kept.
    """
    if seeds < 2:
        raise CourseError(f"{seeds} seeds give no interval: take at least 2, and {LEAST_SEEDS} for a result to keep")
    if seeds < LEAST_SEEDS and not quick:
        raise CourseError(f"a result to keep takes at least {LEAST_SEEDS} seeds, not {seeds}: or look with --quick")
    if jobs is not None and jobs < 1:
        raise CourseError(f"jobs must be at least 1, not {jobs}")
    claims = records.declared(slug, rooms)
    if only is not None:
        if only not in claims:
            raise unknown(f"claim of '{slug}'", only, claims)
        claims = {only: claims[only]}

    scale = QUICK if quick else FULL
    tasks = {name: _Task(slug, name, claim, scale, rooms) for name, claim in claims.items() if isinstance(claim, Claim)}
    failure = _measure_all(list(tasks.values()), range(seeds), jobs or os.cpu_count() or 1)
    found = []
    for name, claim in claims.items():
        if isinstance(claim, NotTestable):
            verdict = Result(slug=slug, name=name, verdict="not testable here", **dataclasses.asdict(claim))
        elif all(tasks[name].done(seed) for seed in range(seeds)):
            verdict = tasks[name].judge(range(seeds))
        else:
            continue
        path = tasks[name].result if name in tasks else _result_path(slug, name, scale, rooms)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, verdict.to_json())
        found.append(verdict)
    if failure is not None:
        raise failure
    return found


class _Task:
    """One claim at one scale: which seeds are measured, and the result that they make."""

    def __init__(self, slug: str, name: str, claim: Claim, scale: Scale, rooms: Rooms) -> None:
        self.slug, self.name, self.claim, self.scale, self.rooms = slug, name, claim, scale, rooms
        path = records.chapter_file(slug, rooms)
        self.fingerprint = fingerprint(path, name)
        self.key = "-".join((scale.name, self.fingerprint, library_fingerprint(path, name), torch.__version__))
        self.folder = rooms.runs / "seeds" / slug / name / self.key
        self.result = _result_path(slug, name, scale, rooms)
        self.measured: dict[int, dict[str, Any]] = {}
        if self.result.is_file():  # in a fresh clone the seeds are only there
            with contextlib.suppress(CourseError):  # one that cannot be read will be written anew
                self._take_over(records.read(self.result))

    def _take_over(self, old: Result) -> None:
        if old.key != self.key:
            return
        for i, seed in enumerate(old.seeds):
            self.measured[seed] = {
                "value": old.values[i],
                "arms": {label: column[i] for label, column in old.arms.items()},
                "series": {label: rows[i] for label, rows in old.series.items()},
                "seconds": old.seconds / len(old.seeds),
                "date": old.date,
                "device": old.device,
                "threads": old.threads,
                "versions": old.versions,
            }

    def done(self, seed: int) -> bool:
        if seed not in self.measured and self.path(seed).is_file():
            try:
                self.measured[seed] = json.loads(self.path(seed).read_text(encoding="utf-8"))
            except ValueError:
                return False  # it will be measured anew
        return seed in self.measured

    def path(self, seed: int) -> Path:
        return self.folder / f"{seed}.json"

    def judge(self, seeds: Sequence[int]) -> Result:
        rows = [self.measured[seed] for seed in seeds]
        claim = self.claim
        if len({(tuple(row["arms"]), tuple(row["series"])) for row in rows}) > 1:
            raise CourseError(f"claim '{self.slug}/{self.name}' gave other arms or series for other seeds")
        values = [row["value"] for row in rows]
        try:
            interval = student_interval(values, claim.scale)
        except CourseError as error:
            raise CourseError(f"claim '{self.slug}/{self.name}': {error}") from error
        command = f"course claims run {self.slug} --only {self.name}"
        command += f" --seeds {len(seeds)}" if len(seeds) != LEAST_SEEDS else ""
        return Result(
            slug=self.slug,
            name=self.name,
            statement=claim.statement,
            source=claim.source,
            verdict=claim.criterion.judge(interval),
            command=command + (" --quick" if self.scale is QUICK else ""),
            measures=claim.measures,
            criterion=claim.criterion,
            scale=claim.scale,
            interval=interval,
            seeds=list(seeds),
            values=values,
            arms={label: [row["arms"][label] for row in rows] for label in rows[0]["arms"]},
            series={label: [row["series"][label] for row in rows] for label in rows[0]["series"]},
            run=self.scale.name,
            date=max(row["date"] for row in rows),
            seconds=round(sum(row["seconds"] for row in rows), 2),
            device=rows[-1]["device"],
            threads=rows[-1]["threads"],
            versions=rows[-1]["versions"],
            fingerprint=self.fingerprint,
            key=self.key,
        )


def _result_path(slug: str, name: str, scale: Scale, rooms: Rooms) -> Path:
    return (rooms.results if scale is FULL else rooms.runs / "quick") / slug / f"{name}.json"


def _measure_all(tasks: Sequence[_Task], seeds: Sequence[int], jobs: int) -> CourseError | None:
    """Measure what is missing; the first failure is returned, after what runs has ended."""
    pending = {seed: [task for task in tasks if not task.done(seed)] for seed in seeds}
    pending = {seed: missing for seed, missing in pending.items() if missing}
    if not pending:
        return None
    for task in tasks:
        task.folder.mkdir(parents=True, exist_ok=True)
    waiting = [(task, seed) for seed, missing in pending.items() for task in missing]
    total = len(tasks) * len(seeds)
    failure: CourseError | None = None
    pool = concurrent.futures.ProcessPoolExecutor(
        min(jobs, len(pending)), multiprocessing.get_context("spawn"), initializer=_start_worker
    )
    with (
        pool,
        tqdm.tqdm(total=total, initial=total - len(waiting), desc=tasks[0].slug, unit="run", disable=None) as bar,
    ):
        futures = {
            pool.submit(_measure_seed, missing[0].slug, {task.name: task.path(seed) for task in missing}, seed,
                        missing[0].scale, missing[0].rooms)
            for seed, missing in pending.items()
        }  # fmt: skip
        while futures:
            ended, futures = concurrent.futures.wait(futures, timeout=0.5)
            finished = [(task, seed) for task, seed in waiting if task.done(seed)]
            bar.update(len(finished))
            waiting = [item for item in waiting if item not in finished]
            for future in ended:
                if future.cancelled() or (error := future.exception()) is None:
                    continue
                for other in futures:
                    other.cancel()
                if isinstance(error, concurrent.futures.process.BrokenProcessPool):
                    error = CourseError("a worker was killed (out of memory?): run it again with fewer --jobs")
                failure = failure or error
    return failure


def _measure_seed(slug: str, paths: dict[str, Path], seed: int, scale: Scale, rooms: Rooms) -> None:
    """Measure claims for one seed, in a worker, and write each as soon as it is there."""
    claims = records.declared(slug, rooms)
    for name, path in paths.items():
        start = time.perf_counter()
        try:
            measurement = claims[name](seed, scale)
        except Exception as error:
            call = f"{slug}.{name}(seed={seed}, scale={scale.name.upper()})"
            detail = f"{type(error).__name__}: {error}".splitlines()[0]
            raise CourseError(f"claim '{slug}/{name}' failed with seed {seed}: {detail}; in Python: {call}") from error
        used_cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
        record = {
            **dataclasses.asdict(measurement),
            "seconds": time.perf_counter() - start,
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "device": torch.cuda.get_device_name() if used_cuda else f"cpu ({platform.machine()})",
            "threads": torch.get_num_threads(),
            "versions": {
                "python": platform.python_version(),
                **{package: importlib.metadata.version(package) for package in _VERSIONS},
            },
        }
        write_json(path, record)


def _start_worker() -> None:
    """One thread, whatever the machine; end at Ctrl-C without a traceback, and with the parent when that is killed."""
    torch.set_num_threads(1)
    threadpoolctl.threadpool_limits(1)
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    parent = multiprocessing.parent_process()

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
