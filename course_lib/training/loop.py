"""`train`: the loop round the engine, with its run directory."""

import json
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from tqdm import tqdm

from course_lib.data import DataSet
from course_lib.errors import CourseError, CourseWarning
from course_lib.training import checkpoints, runs
from course_lib.training.engine import Engine, NonFiniteError, draw
from course_lib.training.pictures import save_samples
from course_lib.training.recipe import Recipe

SAMPLES = 64  # images in a grid; points are cheap and need more to show a density
POINTS = 2000


@dataclass(frozen=True)
class Outcome:
    """How far `train` came. `finished` is False where it was asked to stop."""

    out: Path
    step: int
    finished: bool


def train(
    recipe: Recipe,
    data: DataSet,
    out: Path | str,
    *,
    steps: int,
    seed: int = 0,
    resume: bool = False,
    data_options: dict[str, Any] | None = None,
    precision: str = "no",
    log_every: int = 50,
    sample_every: int = 200,
    checkpoint_every: int = 200,
    keep: int = 3,
) -> Outcome:
    """Train until step `steps`, keeping a run directory.

    resume: go on from the newest whole checkpoint in `out`, to the same numbers as if it had never stopped (on the same
        device and number of threads); from the beginning where there is none.
    keep: how many of the newest checkpoints stay.
    Ctrl-C, or SIGTERM, finishes the step, writes a checkpoint and returns; a second one stops at once.

    Raises CourseError where `out` may not be used (see `runs.check`), where none of its checkpoints can be read, and
    where a value is not finite: the run then keeps its last good checkpoint.
    """
    positive = {"steps": steps, "log_every": log_every, "sample_every": sample_every, "keep": keep}
    for name, value in {**positive, "checkpoint_every": checkpoint_every}.items():
        if value < 1:
            raise CourseError(f"{name} must be at least 1, not {value}")
    out = Path(out)
    folder = out / "checkpoints"
    engine = Engine(recipe, data, seed=seed, precision=precision)
    record = runs.describe(
        recipe, data, data_options=data_options or {}, seed=seed, precision=precision, steps=steps, device=engine.device
    )
    remarks = runs.check(out, record, resume)
    checkpoint = checkpoints.newest(folder)
    if checkpoint is not None:
        engine.load_state(checkpoint.tensors, checkpoint.groups, checkpoint.step)
        for remark in remarks:
            warnings.warn(remark, CourseWarning, stacklevel=2)
    runs.begin(out, record, engine.step_count)
    if engine.step_count == 0:
        _picture(engine, out)

    saved = checkpoint.path if checkpoint else None
    with (
        _stop_on_signal() as stop,
        open(out / "metrics.jsonl", "a") as metrics,
        _progress(record["model"], engine.step_count, steps) as bar,
    ):
        began, images_before = time.monotonic(), 0
        while engine.step_count < steps:
            terms = engine.step()
            step = engine.step_count
            stopping = stop.is_set()  # asked once a step: a signal that comes later ends the next one
            log, picture, save = (
                step % every == 0 or step == steps for every in (log_every, sample_every, checkpoint_every)
            )
            try:
                if log or picture:
                    engine.check()
                state = engine.state() if save or stopping else None
            except NonFiniteError as error:
                left = f"the last good checkpoint is {saved}" if saved else "there was no checkpoint yet"
                raise NonFiniteError(f"{error}; {left}. Try a lower learning rate in another --out") from error
            if log:
                values = dict(zip(terms, torch.stack(list(terms.values())).tolist(), strict=True))
                metrics.write(json.dumps({"step": step, **values}, allow_nan=False) + "\n")
                metrics.flush()
                now = time.monotonic()
                rate = (engine.images_seen - images_before) / (now - began)
                began, images_before = now, engine.images_seen
                shown = [f"{name.removeprefix('loss/')} {value:.3f}" for name, value in values.items()]
                bar.set_postfix_str(", ".join([*shown, f"{rate:,.0f} images/s"]), refresh=False)
            if picture:
                _picture(engine, out)
            if state is not None:
                os.fsync(metrics.fileno())  # a checkpoint never knows more than the metrics
                saved = checkpoints.save_checkpoint(folder, step, *state, keep)
            bar.update()
            if stopping:
                break
    return Outcome(out, engine.step_count, engine.step_count >= steps)


def _picture(engine: Engine, out: Path) -> None:
    n = SAMPLES if len(engine.data.shape) == 3 else POINTS
    path = out / "samples" / f"{engine.step_count:06d}.png"
    save_samples(draw(engine.recipe, n), path, engine.data, f"step {engine.step_count:,}")


def _progress(name: str, done: int, steps: int) -> tqdm:
    return tqdm(
        desc=name,
        initial=done,
        total=steps,
        bar_format="{desc} {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} steps, {remaining} left{postfix}",
        mininterval=0.2 if sys.stderr.isatty() else 10,
        dynamic_ncols=True,
    )


@contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that the step under way ends whole. The second one is as always."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may set handlers
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()
        for each, handler in previous.items():
            signal.signal(each, handler)

    for number in previous:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
