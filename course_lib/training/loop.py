"""`train`: the loop round the engine, with its run directory."""

import errno
import json
import math
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from course_lib.data import DataSet, ImageSet
from course_lib.errors import CourseError, CourseWarning
from course_lib.training import checkpoints, runs
from course_lib.training.engine import Engine, NonFiniteError, apart, draw
from course_lib.training.pictures import save_samples
from course_lib.training.recipe import Recipe

SAMPLES = 64  # images in a grid; points are cheap and need more to show a density
POINTS = 2000
AGREE_EVERY = 10  # steps between which several processes ask each other whether to stop
EVALUATED = 4096  # held-out examples
EVALUATION_BATCHES = 8

# What to measure on the way: given the recipe, with averaged weights if it has them, returns scalars [] by name.
Hook = Callable[[Recipe], Mapping[str, Tensor | float]]


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
    accumulate: int = 1,
    compile: bool = False,
    log_every: int = 50,
    sample_every: int = 200,
    evaluate_every: int = 200,
    checkpoint_every: int = 200,
    keep: int = 3,
    hooks: Sequence[Hook] = (),
    tensorboard: bool = False,
) -> Outcome:
    """Train until step `steps`, keeping a run directory.

    resume: go on from the newest whole checkpoint in `out`, to the same numbers as if it had never stopped (on the same
        device and number of threads); from the beginning where there is none.
    precision, accumulate, compile: see `Engine`.
    keep: how many of the newest checkpoints stay.
    hooks: called every `evaluate_every` steps and after the last, with random numbers of their own; what they return
        stands in metrics.jsonl beside the losses.
    tensorboard: write the metrics and the samples for TensorBoard too, in `out`/tensorboard.
    Ctrl-C, or SIGTERM, finishes the step, writes a checkpoint and returns; a second one stops at once.

    Raises CourseError where `out` may not be used (see `runs.check`) or another process is training there, where none
    of its checkpoints can be read, where a value is not finite, and where the disk is full: the run then keeps its last
    good checkpoint.
    """
    intervals = {
        "log_every": log_every, "sample_every": sample_every, "evaluate_every": evaluate_every,
        "checkpoint_every": checkpoint_every,
    }  # fmt: skip
    for name, value in {"steps": steps, "keep": keep, **intervals}.items():
        if value < 1:
            raise CourseError(f"{name} must be at least 1, not {value}")
    out = Path(out)
    folder = out / "checkpoints"
    engine = Engine(
        recipe, data, seed=seed, precision=precision, steps=steps, accumulate=accumulate, compile=compile
    )  # fmt: skip
    record = runs.describe(
        recipe, data, data_options=data_options or {}, seed=seed, precision=precision, accumulate=accumulate,
        steps=steps, device=engine.device, processes=engine.processes,
    )  # fmt: skip
    first = engine.process == 0  # the process that writes
    saved: Path | None = None
    with ExitStack() as stack:
        remarks = runs.check(out, record, resume)
        checkpoint = checkpoints.newest(folder)
        engine.accelerator.wait_for_everyone()  # all have looked before the first writes
        if checkpoint is not None:
            engine.load_state(checkpoint.tensors, checkpoint.groups, checkpoint.step)
            saved = checkpoint.path
            if checkpoint.step > steps:
                raise CourseError(
                    f"{out} has come to step {checkpoint.step} already: --steps counts from the beginning"
                )
            for remark in remarks if first else ():
                warnings.warn(remark, CourseWarning, stacklevel=2)
        if len(set(engine.gather(torch.tensor(engine.step_count, device=engine.device)).tolist())) > 1:
            raise CourseError(
                f"the processes see different checkpoints: {out} must be on a disk that all machines share"
            )
        try:
            journal = None
            if first:
                stack.enter_context(runs.locked(out))
                runs.begin(out, record, engine.step_count)
                journal = stack.enter_context(_Journal(out, engine.step_count, tensorboard))
                if engine.step_count == 0:
                    journal.picture(engine)
            stop = stack.enter_context(_stop_on_signal())
            bar = stack.enter_context(_progress(record["model"], engine.step_count, steps, first))
            began, images_before = time.perf_counter(), 0
            while engine.step_count < steps:
                terms = engine.step()
                step = engine.step_count
                log, picture, evaluate, save = (step % every == 0 or step == steps for every in intervals.values())
                # Asked once a step: a signal that comes later ends the next one. Several processes must agree, which
                # takes a message, so they ask less often.
                asked = engine.processes == 1 or log or step % AGREE_EVERY == 0
                stopping = asked and _any(engine, stop.is_set())
                if log or picture or evaluate:
                    engine.check()
                state = engine.state() if save or stopping else None
                values: dict[str, float] = {}
                if log:
                    means = engine.gather(torch.stack(list(terms.values()))).mean(0).tolist()
                    values = dict(zip(terms, means, strict=True))
                    now = time.perf_counter()
                    rate = (engine.images_seen - images_before) / (now - began)
                    began, images_before = now, engine.images_seen
                    shown = [f"{name.removeprefix('loss/')} {value:.3f}" for name, value in values.items()]
                    bar.set_postfix_str(", ".join([*shown, f"{rate:,.0f} images/s"]), refresh=False)
                if journal:
                    if evaluate:
                        values |= _measure(engine, hooks)
                    bad = next((name for name, value in values.items() if not math.isfinite(value)), None)
                    if values and bad is None:
                        journal.write(step, values)
                    if picture:
                        journal.picture(engine)
                    if state is not None:
                        journal.sync()  # a checkpoint never knows more than the metrics
                        saved = checkpoints.save_checkpoint(folder, step, *state, keep)
                    if bad is not None:  # measured on the way: the weights are good
                        raise NonFiniteError(f"{bad} is NaN or infinite at step {step}")
                bar.update()
                if stopping:
                    break
        except NonFiniteError as error:
            raise NonFiniteError(f"{error}; {_left(saved)}. Try a lower learning rate in another --out") from error
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise CourseError(
                f"cannot write to {out} ({error.strerror or error}); {_left(saved)}. "
                + ("Make room, then go on with --resume" if full else "Mend that, or choose another --out")
            ) from error
        engine.accelerator.wait_for_everyone()
    return Outcome(out, engine.step_count, engine.step_count >= steps)


def evaluation(data: DataSet, prefix: str = "validation") -> Hook:
    """A hook that reports what the recipe's `evaluate` says of this held-out data: "validation/elbo" and so on.

    The mean over the set, or over the first EVALUATED examples of a larger one; of data made anew for every batch,
    over a few batches that are the same every time.
    """

    held_out = data

    def hook(recipe: Recipe) -> dict[str, Tensor]:
        nonlocal held_out
        held_out, n = held_out.to(recipe.device), recipe.config.batch_size
        if isinstance(held_out, ImageSet):
            ends = range(0, min(len(held_out), EVALUATED), n)
            batches = (held_out.rows(slice(i, min(i + n, len(held_out), EVALUATED))) for i in ends)
        else:
            generator = torch.Generator(recipe.device).manual_seed(0)
            batches = (held_out.batch(n, generator) for _ in range(EVALUATION_BATCHES))
        found, weights = zip(*((recipe.evaluate(batch), len(batch.image)) for batch in batches), strict=True)
        return {
            f"{prefix}/{name}": sum(w * each[name] for w, each in zip(weights, found, strict=True)) / sum(weights)
            for name in found[0]
        }

    return hook


def _measure(engine: Engine, hooks: Sequence[Hook]) -> dict[str, float]:
    values: dict[str, float] = {}
    for hook in hooks:
        with engine.sampling() as recipe, apart(recipe):
            values |= {name: float(value) for name, value in hook(recipe).items()}
    return values


def _any(engine: Engine, flag: bool) -> bool:
    if engine.processes == 1:
        return flag
    return bool(engine.gather(torch.tensor(float(flag), device=engine.device)).any())


def _left(saved: Path | None) -> str:
    return f"the last good checkpoint is {saved}" if saved else "there was no checkpoint yet"


class _Journal:
    """metrics.jsonl and samples/ of a run, and TensorBoard's file where asked."""

    def __init__(self, out: Path, step: int, tensorboard: bool) -> None:
        self.out = out
        self.metrics = open(out / "metrics.jsonl", "a")  # noqa: SIM115 (closed on leaving)
        self.board = None
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(out / "tensorboard", purge_step=step + 1)

    def __enter__(self) -> "_Journal":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # every line is flushed when written; a full disk has been told of
            self.metrics.close()
        if self.board:
            self.board.close()

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self.metrics.write(json.dumps({"step": step, **values}, allow_nan=False) + "\n")
        self.metrics.flush()
        for name, value in values.items() if self.board else ():
            self.board.add_scalar(name, value, step)

    def picture(self, engine: Engine) -> None:
        step = engine.step_count
        path = self.out / "samples" / f"{step:06d}.png"
        with engine.sampling() as recipe:
            samples = draw(recipe, SAMPLES if len(engine.data.shape) == 3 else POINTS)
        save_samples(samples, path, engine.data, f"step {step:,}")
        if self.board:
            import numpy as np
            from PIL import Image

            with Image.open(path) as image:
                self.board.add_image("samples", np.asarray(image.convert("RGB")), step, dataformats="HWC")

    def sync(self) -> None:
        os.fsync(self.metrics.fileno())


def _progress(name: str, done: int, steps: int, shown: bool) -> tqdm:
    return tqdm(
        desc=name,
        initial=done,
        total=steps,
        bar_format="{desc} {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} steps, {remaining} left{postfix}",
        mininterval=0.2 if sys.stderr.isatty() else 10,
        dynamic_ncols=True,
        disable=not shown,
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
