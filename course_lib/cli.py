"""The `course` command. A subcommand is a plain typed function: its docstring is the help, its defaults are shown.

To add one, write the function (here, or in the room it belongs to if that is quick to import) and name it in COMMANDS.
What is slow to import (torch, scikit-learn) is imported inside it, so that `course --help` answers at once. A user's
mistake is raised as CourseError and shown by `main` as one line, with exit status 2.
"""

import contextlib
import dataclasses
import functools
import inspect
import io
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from course_lib.errors import CourseError, CourseWarning, unknown
from course_lib.files import write_json

if TYPE_CHECKING:
    from types import ModuleType

ModelName = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
Assignments = Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=VALUE ...", help_behavior_hint="")]
Pixels = Annotated[int | None, tyro.conf.arg(metavar="PIXELS", help_behavior_hint="(default: the data set's)")]

INTERRUPTED = 130  # the shell's exit status for a command stopped by Ctrl-C
COMPOSED = 2000  # pictures of a set that is made anew for every batch, where a fixed number is compared with


def train(
    model: ModelName,
    data: str = "digits",
    steps: int = 2000,
    seed: int = 0,
    out: Annotated[
        Path | None, tyro.conf.arg(metavar="DIR", help_behavior_hint="(default: runs/MODEL/DATA-seedSEED)")
    ] = None,
    resume: bool = False,
    set: Assignments = (),
    data_options: Assignments = (),
    image_size: Pixels = None,
    full_size: bool = False,
    precision: Literal["no", "bf16"] = "no",
    accumulate: int = 1,
    compile: bool = False,
    threads: int = 1,
    log_every: int = 50,
    sample_every: int = 200,
    evaluate_every: int = 200,
    quality: int = 0,
    checkpoint_every: int = 200,
    keep: int = 3,
    tensorboard: bool = False,
) -> int | None:
    """Train a model.

    Writes a run directory: config.json, metrics.jsonl, samples/ (PNG, always from the same latents) and checkpoints/.
    Ctrl-C finishes the step (several processes: the next ten), writes a checkpoint and says how to go on. On several
    GPUs, or machines: accelerate launch --num-processes 2 -m course_lib.cli train MODEL …, with the same result as one.

    Args:
        model: Which one; `course list` names them.
        data: The data set; `course list` names them.
        steps: How many training steps, in all.
        seed: Of the weights, the noise and the order of the data.
        out: The run directory.
        resume: Go on from the newest checkpoint in OUT that is whole; from the beginning where there is none.
        set: Settings of the model other than its preset for this data set, such as hidden=512 loss=saturating. Every
            model has batch_size, average (decay of the moving average of the weights), schedule (constant, linear or
            cosine), warmup (steps) and clip (of the gradient's norm).
        data_options: Options of the data set, such as split=test (digits) or modes=25 (ring).
        image_size: Height and width of the images; the same as the data option size.
        full_size: Begin from the paper's settings instead of the reduced preset for this data set.
        precision: bf16 computes in bfloat16 where that is safe: faster on recent GPUs.
        accumulate: Pieces that each batch is cut into where memory is short. The batch and the step stay what they are.
        compile: Let torch compile the networks: slow to begin, then faster on a GPU.
        threads: CPU threads. One is the quickest for small networks, and keeps the figures the same on any number of
            cores; a large network without a GPU wants them all.
        log_every: Steps between lines of metrics.jsonl.
        sample_every: Steps between sample grids.
        evaluate_every: Steps between looks at the validation data, for models that can tell how well they fit them.
        quality: Samples to measure the Fréchet and sliced Wasserstein distances of, at each evaluation; 0 for never.
            See `course quality`.
        checkpoint_every: Steps between checkpoints.
        keep: How many checkpoints stay.
        tensorboard: Write for TensorBoard too: tensorboard --logdir runs
    """
    import torch

    from course_lib import training

    out = Path("runs", model, f"{data}-seed{seed}") if out is None else out
    _check_seed(seed)
    _check_threads(threads)
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    recipe, data_set, options = _prepare(model, data, set, data_options, image_size, full_size)
    outcome = training.train(
        recipe, data_set, out, steps=steps, seed=seed, resume=resume, data_options=options, precision=precision,
        accumulate=accumulate, compile=compile, log_every=log_every, sample_every=sample_every,
        evaluate_every=evaluate_every, checkpoint_every=checkpoint_every, keep=keep, tensorboard=tensorboard,
        hooks=[*_evaluations(recipe, data, options), *_qualities(data, options, quality)],
    )  # fmt: skip
    if not _speaks():
        return None if outcome.finished else INTERRUPTED
    if outcome.finished:
        print(f"Trained to step {outcome.step}: {out} (look at samples/; draw more with: course sample {out})")
        return None
    print(f"Stopped at step {outcome.step} of {steps}. Go on with: {_with_resume()}", file=sys.stderr)
    return INTERRUPTED


def sample(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    n: Annotated[
        int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: 64 images, 2000 points)")
    ] = None,
    seed: int = 0,
    out: Annotated[
        Path | None, tyro.conf.arg(metavar="PNG", help_behavior_hint="(default: RUN/samples-seedSEED.png)")
    ] = None,
    condition: Annotated[
        tuple[str, ...], tyro.conf.arg(metavar="CLASS|NAME=VALUE ...", help_behavior_hint="(default: as in the data)")
    ] = (),
) -> None:
    """Draw samples from a trained model, as a PNG.

    Args:
        run: A run directory of `course train`.
        n: How many.
        seed: Of the latents; 0 gives those of the run's own grids, if it was trained without a GPU.
        out: The file; an older one is replaced.
        condition: What a conditional model is to draw: a class by its name, such as 3, or some of its attributes, such
            as hat=1 yaw=30; the others stay as they are in the data.
    """
    from course_lib import data as data_sets
    from course_lib import models
    from course_lib.training.engine import apart, draw
    from course_lib.training.loop import POINTS, SAMPLES
    from course_lib.training.pictures import save_samples

    _check_seed(seed)
    recipe, record, step = models.load_run(run)
    image = len(record["shape"]) == 3
    n = (SAMPLES if image else POINTS) if n is None else n
    if n < 1:
        raise CourseError(f"n must be at least 1, not {n}")
    out = run / f"samples-seed{seed}.png" if out is None else out
    if out.suffix.lower() != ".png":
        raise CourseError(f"samples are written as a PNG: name the file {out.with_suffix('.png')}")
    data_set = None if image else data_sets.load(record["data"], **record["data_options"])  # to draw points over
    if not condition:
        samples = draw(recipe, n, seed)
    elif not hasattr(recipe, "asked"):
        raise CourseError(f"'{record['model']}' draws without conditions: train a conditional_gan, say")
    else:
        with apart(recipe, seed):
            samples = recipe.sample(n, y=recipe.asked(n, condition))
    save_samples(samples, out, data_set, f"step {step:,}")
    print(f"{n} samples of '{record['model']}' at step {step}: {out}")


def quality(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    n: int = 2000,
    seed: int = 0,
    referee: Annotated[
        str | None, tyro.conf.arg(metavar="NAME|RUN", help_behavior_hint="(default: by the data)")
    ] = None,
) -> None:
    """Measure how near a trained model's samples are to real images.

    Prints, and writes to RUN/quality.json, a Fréchet distance in the features of a network trained in the course, and a
    sliced Wasserstein distance of the pixels; both beside those of held-out real images.

    Args:
        run: A run directory of `course train`, of images.
        n: How many samples; no more count than there are held-out images (validation and test).
        seed: Of the samples.
        referee: Whose features: digits, avatars, or a run directory of a convnet or attribute_net.
    """
    from course_lib import evaluation, models
    from course_lib.files import write_json

    _check_seed(seed)
    if n < 2:
        raise CourseError(f"n must be at least 2, not {n}")
    recipe, record, step = models.load_run(run)
    judge = _referee(record["data"], referee)
    train, held_out = _real_and_held_out(record["data"], record["data_options"])
    found = evaluation.quality(evaluation.samples(recipe, n, seed), train, held_out, judge)
    write_json(run / "quality.json", {"step": step, "seed": seed, **dataclasses.asdict(found)})
    print(found)


def compare(
    runs: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN RUN ...", help_behavior_hint="")
    ],
    out: Annotated[Path, tyro.conf.arg(metavar="PNG")] = Path("compare.png"),
    smooth: int = 1,
) -> None:
    """Draw the curves and the latest samples of several runs side by side, as one PNG.

    Args:
        runs: Run directories of `course train`.
        out: The file; an older one is replaced.
        smooth: Average each curve over this many of its points.
    """
    from course_lib.training import comparison

    print(comparison.compare(runs, out, smooth))


def throughput(
    model: ModelName,
    data: str = "digits",
    set: Assignments = (),
    data_options: Assignments = (),
    image_size: Pixels = None,
    full_size: bool = False,
    precision: Literal["no", "bf16"] = "no",
    compile: bool = False,
    threads: int = 1,
    steps: int = 50,
    store: Annotated[Path | None, tyro.conf.arg(metavar="JSON", help_behavior_hint="(default: none)")] = None,
) -> None:
    """Measure how fast a model trains on this device, and say what holds it back: arithmetic, memory or waiting.

    Args:
        model: Which one; `course list` names them.
        data: The data set; `course list` names them.
        set: Settings of the model, as for `course train`.
        data_options: Options of the data set, as for `course train`.
        image_size: Height and width of the images.
        full_size: Take the paper's size instead of the reduced preset for this data set.
        precision: bf16 computes in bfloat16 where that is safe: faster on recent GPUs.
        compile: Let torch compile the networks.
        threads: CPU threads.
        steps: How many to measure, after ten to warm up.
        store: Write the figures there too, with the command, the versions and the device.
    """
    import torch

    from course_lib.training import throughput as measuring

    if steps < 1:
        raise CourseError(f"steps must be at least 1, not {steps}")
    _check_threads(threads)
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    recipe, data_set, _ = _prepare(model, data, set, data_options, image_size, full_size)
    found = measuring.measure(recipe, data_set, steps=steps, precision=precision, compile=compile)
    for name, value in found.items():
        share = name.startswith("share") or name == "busy"
        shown = value if isinstance(value, str) else f"{value:.1%}" if share else f"{value:.3g}"
        print(f"{name.replace('_', ' '):22} {shown}")
    if store is not None:
        import datetime

        device = recipe.device
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {threads} threads"
        record = {
            "command": shlex.join(["course", *sys.argv[1:]]), "device": name, "torch": torch.__version__,
            "date": datetime.date.today().isoformat(), "config": dataclasses.asdict(recipe.config),
            "shape": data_set.shape, "parameters": sum(weight.numel() for weight in recipe.parameters()), **found,
        }  # fmt: skip
        store.parent.mkdir(parents=True, exist_ok=True)
        write_json(store, record)


def list_() -> None:
    """Name the models, the data sets and the runs in ./runs."""
    from course_lib import data as data_sets
    from course_lib import models
    from course_lib.training import checkpoints

    print("Models (course train MODEL --data DATA)")
    for name in models.names():
        module = models.load(name)
        print(f"  {name:18} {_first_line(module)} Presets: {', '.join(module.PRESETS)}.")
    print("Data sets")
    for name, function in data_sets.SETS.items():
        print(f"  {name:18} {_first_line(function)}")
    runs = sorted(path.parent for path in Path("runs").glob("*/*/config.json"))
    if runs:
        print("Runs")
    for run in runs:
        newest = checkpoints.list_checkpoints(run / "checkpoints")
        print(f"  {run}  {newest[0].name if newest else 'no checkpoint yet'}")


def check(
    slug: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[SLUG]", help_behavior_hint="")] = None,
    submission: Annotated[Path | None, tyro.conf.arg(metavar="DIR", help_behavior_hint="(default: exercises/)")] = None,
    hints: bool = False,
) -> int:
    """Check your answers to the exercises: points, what went wrong, and the likely misconception.

    The exit status is 1 until everything asked about passes.

    Args:
        slug: The chapter; every chapter, a line each, where none is named.
        submission: The folder with your <slug>.py files.
        hints: Show the hints of each exercise that does not pass yet.
    """
    from course_lib.grading import progress

    return 0 if progress.check(slug, submission=submission and str(submission), hints=hints) else 1


def release(
    slug: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[SLUG]", help_behavior_hint="")] = None,
    force: bool = False,
    to: Annotated[Path | None, tyro.conf.arg(metavar="DIR", help_behavior_hint="(default: none)")] = None,
) -> None:
    """Write the exercises' stubs, and the prints by which mistakes are recognised, from solutions/.

    With --to: write the learners' bundle instead. The book, the library, stubs and visible tests; no answers.

    Args:
        slug: The chapter; every chapter where none is named.
        force: Overwrite a stub that somebody has edited.
        to: The bundle's folder; an earlier bundle there is replaced, a learner's work in it is kept.
    """
    from course_lib.grading import release as releasing

    if to is not None:
        if slug is not None:
            raise CourseError("a bundle holds every chapter: leave the slug out")
        from course_lib.grading import bundle

        print("\n".join(bundle.release_to(to, force=force)))
        return

    print("\n".join(releasing.release(slug, force=force)) or "Stubs and prints are in step with the masters.")


def submit(
    slugs: Annotated[
        tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[SLUG ...]", help_behavior_hint="")
    ] = (),
    folder: Annotated[Path | None, tyro.conf.arg(metavar="DIR", help_behavior_hint="(default: exercises/)")] = None,
    out: Annotated[Path | None, tyro.conf.arg(metavar="ZIP", help_behavior_hint="(default: submission.zip)")] = None,
) -> None:
    """Pack your answers into one zip to hand in.

    Args:
        slugs: The chapters; every one where none is named.
        folder: The folder with your <slug>.py files.
        out: The zip; an older one is replaced.
    """
    from course_lib.grading import packing, spec

    chosen = [spec.chapter(one).slug for one in slugs] or spec.slugs()
    print(packing.packed(packing.pack(out, folder or spec.ROOT / "exercises", chosen), chosen))


def grade(
    submissions: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SUBMISSIONS")],
    out: Annotated[Path, tyro.conf.arg(metavar="GRADES")],
    chapters: Annotated[
        tuple[str, ...], tyro.conf.arg(metavar="SLUG ...", help_behavior_hint="(default: those handed in)")
    ] = (),
    due: Annotated[str | None, tyro.conf.arg(metavar="TIME", help_behavior_hint="(default: none)")] = None,
    late: str = "none",
    grace: str = "0m",
    jobs: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: one a core)")] = None,
    scheduler: Annotated[str | None, tyro.conf.arg(metavar="ADDRESS", help_behavior_hint="(default: none)")] = None,
    sandbox: Literal["auto", "full", "reduced"] = "auto",
    unsafe_no_sandbox: bool = False,
    call_seconds: float = 10.0,
    file_seconds: float = 30.0,
    memory: int = 512,
    regrade: Annotated[
        tuple[str, ...], tyro.conf.arg(metavar="SUBMISSION ...", help_behavior_hint="(default: none)")
    ] = (),
    book: Annotated[str, tyro.conf.arg(metavar="URL")] = "",
) -> int | None:
    """Grade a class: strangers' code runs in a sandbox, the verdicts are made outside it.

    Reads a folder or zip as Canvas, Moodle or Gradescope give it, or one folder or zip for each student. Writes to
    GRADES: grades.csv, index.html (the class), students/ (a page for each), junit.xml and a journal. Stop it whenever
    you like: run again, it goes on. Points set by hand: course override. For Canvas, Moodle, Gradescope: course export.

    Args:
        submissions: What was handed in.
        out: Where the grades go; readable by you alone. Run again with the same folder to keep its secret inputs.
        chapters: Grade these chapters.
        due: The deadline, such as 2026-12-01T23:59, for downloads that say when each file was handed in.
        late: What lateness costs: none, or 10%/day, or '10%/day, at most 50%, until 7 days'.
        grace: What stretches the deadline: 15m, 2h, 1d.
        jobs: Processes on this machine.
        scheduler: A Dask scheduler to send the work to, such as tcp://host:8786.
        sandbox: Insist on a mode; auto takes the best that this system allows, and says so where it is not full.
        unsafe_no_sandbox: Run submissions with nothing but limits. Only for code that you trust.
        call_seconds: Time for one call of a function.
        file_seconds: Time for one file, and its processor time.
        memory: MB that a submission may use.
        regrade: Grade these again, whatever the journal holds; it keeps the earlier results.
        book: Where the course's book stands, for links from the students' pages.
    """
    from course_lib.grading import batch, lateness
    from course_lib.grading.sandbox.boundary import Limits

    for name, value, least, most in (
        ("--call-seconds", call_seconds, 0.1, 86_400), ("--file-seconds", file_seconds, 1, 86_400),
        ("--memory", memory, 64, 2**20),
    ):  # fmt: skip
        if not least <= value <= most:
            raise CourseError(f"{name} must be from {least:g} to {most:,}, not {value:g}")
    grades = batch.grade(
        submissions, out, chapters=chapters, policy=lateness.policy(due, late, grace), jobs=jobs, scheduler=scheduler,
        mode="none" if unsafe_no_sandbox else sandbox, limits=Limits(call_seconds, file_seconds, memory),
        regrade=regrade, book=book,
    )  # fmt: skip
    print(batch.summary(grades, out))
    return 1 if any(one.status == "grader fault" for one in grades) else None


def autograder(
    slugs: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="SLUG ...", help_behavior_hint="")],
    to: Annotated[Path, tyro.conf.arg(metavar="ZIP")] = Path("autograder.zip"),
    torch_index: Annotated[
        str, tyro.conf.arg(metavar="URL", help_behavior_hint="(default: PyPI, with CUDA: gigabytes)")
    ] = "",
) -> None:
    """Write a zip from which Gradescope makes an autograder. It holds answers and the secret seed: keep it to yourself.

    Args:
        slugs: The chapters that the assignment asks for.
        to: The file; an older one is replaced and its secret kept.
        torch_index: Where the container's pip finds a CPU build of torch.
    """
    from course_lib.grading import autograder as making

    print("\n".join(making.write_zip(to, list(slugs), torch_index=torch_index)))


def override(
    grades: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="GRADES")],
    submission: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SUBMISSION")],
    slug: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SLUG")],
    points: Annotated[float, tyro.conf.Positional, tyro.conf.arg(metavar="POINTS")],
    reason: Annotated[str, tyro.conf.arg(metavar="TEXT")],
    by: Annotated[str | None, tyro.conf.arg(metavar="NAME", help_behavior_hint="(default: your user name)")] = None,
) -> None:
    """Set the points of one file by hand, and write the reports again. The journal keeps what was there, who and why.

    Args:
        grades: The folder that `course grade` wrote.
        submission: As grades.csv calls it.
        slug: The chapter.
        points: The new points; lateness takes nothing from them.
        reason: Why; the student's page shows it.
        by: Who says so.
    """
    import getpass

    from course_lib.grading import batch

    try:
        by = by or getpass.getuser()
    except (KeyError, OSError):  # in a container that has no name for its user
        raise CourseError("say who you are, with --by NAME") from None
    one = batch.override(grades, submission, slug, points, reason, by)
    print(f"{submission}: {slug} {points:g} by hand, {one.total:g} of {one.maximum:g} in all")


def export(
    grades: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="GRADES")],
    canvas: Annotated[Path | None, tyro.conf.arg(metavar="CSV", help_behavior_hint="(default: none)")] = None,
    moodle: Annotated[Path | None, tyro.conf.arg(metavar="CSV", help_behavior_hint="(default: none)")] = None,
    gradescope: Annotated[Path | None, tyro.conf.arg(metavar="DIR", help_behavior_hint="(default: none)")] = None,
    assignment: Annotated[str | None, tyro.conf.arg(metavar="NAME", help_behavior_hint="(for Canvas)")] = None,
    to: Annotated[Path | None, tyro.conf.arg(metavar="CSV", help_behavior_hint="(default: beside grades.csv)")] = None,
) -> None:
    """Write marks for Canvas, Moodle or Gradescope, from your own export of their list of students.

    Args:
        grades: The folder that `course grade` wrote.
        canvas: A gradebook export of Canvas; the result is to be imported there.
        moodle: An offline grading worksheet of Moodle; the result is to be uploaded there.
        gradescope: A folder for one results.json a submission.
        assignment: The assignment's column in the Canvas gradebook; a new one is made where there is none.
        to: The file to write.
    """
    from course_lib.grading import batch

    print("\n".join(batch.export(grades, canvas, moodle, gradescope, assignment, to)))


def claims(
    action: Annotated[Literal["run", "show"], tyro.conf.Positional],
    slug: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[SLUG]", help_behavior_hint="")] = None,
    only: Annotated[str | None, tyro.conf.arg(metavar="CLAIM", help_behavior_hint="(default: all)")] = None,
    seeds: int = 5,
    quick: bool = False,
    jobs: Annotated[int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: one a core)")] = None,
) -> None:
    """Measure a chapter's claims, or show what was measured.

    `run` writes book/results/SLUG/<claim>.json; what one seed has measured is kept, so a killed run goes on.

    Args:
        action: run measures, show prints the stored verdicts.
        slug: The chapter; show takes all of them where none is named.
        only: One claim of it.
        seeds: How many; a result to keep takes at least five.
        quick: A reduced experiment for a first look, never stored in the book.
        jobs: How many seeds at once.
    """
    from course_lib import claims as measured

    if action == "show":
        print(measured.show(slug))
        return
    if slug is None:
        raise CourseError(f"name the chapter to measure: course claims run {' | '.join(measured.slugs())}")
    for result in measured.run(slug, only, seeds, quick, jobs):
        print(result)


# Name on the command line -> function. Their return value is the exit status (None: 0).
COMMANDS: dict[str, Callable[..., int | None]] = {
    "train": train,
    "sample": sample,
    "quality": quality,
    "compare": compare,
    "throughput": throughput,
    "list": list_,
    "check": check,
    "submit": submit,
    "release": release,
    "grade": grade,
    "override": override,
    "autograder": autograder,
    "export": export,
    "claims": claims,
}


def main(args: Sequence[str] | None = None) -> None:
    """Entry point of the `course` command; `args` without the program's name, sys.argv by default."""
    # tyro takes a ValueError inside a command for a badly typed argument, so it only binds; the call is ours.
    bind = {name: _binder(function) for name, function in COMMANDS.items()}
    description = "Out of Noise: train the models of the course, do and check its exercises."
    command = tyro.extras.subcommand_cli_from_dict(
        bind, prog="course", description=description, args=args,
        config=(tyro.conf.FlagCreatePairsOff,))  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", CourseWarning)
            warnings.showwarning = _show_warning
            status = command()
        sys.stdout.flush()
    except CourseError as error:
        if _speaks():
            print(f"course: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("course: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # of `course list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        print(f"course: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
    sys.exit(status)


def _binder(function: Callable[..., int | None]) -> Callable[..., Callable[[], int | None]]:
    @functools.wraps(function)
    def bind(*args: Any, **kwargs: Any) -> Callable[[], int | None]:
        return functools.partial(function, *args, **kwargs)

    return bind


def _prepare(
    model: str, data: str, changes: Sequence[str], data_options: Sequence[str], image_size: int | None,
    full_size: bool = False,
) -> tuple[Any, Any, dict[str, Any]]:  # fmt: skip
    """The model with its weights drawn, the data set, and the data set's options."""
    from course_lib import data as data_sets
    from course_lib import models

    module = models.load(model)
    options = _options(data, _pairs(data_options, "--data-options"))
    if image_size is not None and options.setdefault("size", image_size) != image_size:
        raise CourseError(f"--image-size {image_size} and --data-options size={options['size']} disagree: name one")
    data_set = data_sets.load(data, **options)
    config = _configure(module, "" if full_size else data, _pairs(changes, "--set"))
    return models.recipe_class(module).build(config, data_set), data_set, options


def _configure(module: "ModuleType", data: str, changes: dict[str, str]) -> Any:
    """The model's preset for this data set, with the changes; its types read them."""
    config = module.PRESETS.get(data, module.Config())
    fields = {field.name: field for field in dataclasses.fields(config)}
    values = {}
    for name, value in changes.items():
        if name not in fields:
            raise unknown("setting", name, fields)
        kind = fields[name].type
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # its own complaint takes a box of eight lines
                words = [word.capitalize() if word in ("true", "false", "none") else word for word in value.split(",")]
                values[name] = tyro.cli(kind, args=["--", *words], console_outputs=False)
        except SystemExit:
            readable = kind.__name__ if isinstance(kind, type) else str(kind).removeprefix("typing.")
            raise CourseError(f"--set {name}={value}: {name} takes {readable}, values apart by commas") from None
    return dataclasses.replace(config, **values)


def _evaluations(recipe: Any, data: str, options: dict[str, Any]) -> list[Any]:
    """Hooks for the validation data, where the model evaluates and the set has such a split apart from its own."""
    from course_lib import data as data_sets
    from course_lib.training import Recipe
    from course_lib.training.loop import evaluation

    takes_split = "split" in inspect.signature(data_sets.SETS[data]).parameters
    if type(recipe).evaluate is Recipe.evaluate or not takes_split or options.get("split", "train") != "train":
        return []
    return [evaluation(data_sets.load(data, **{**options, "split": "validation"}))]


def _qualities(data: str, options: dict[str, Any], n: int) -> list[Any]:
    """A hook that measures n samples; none for n = 0."""
    if n == 0:
        return []
    from course_lib import evaluation

    judge = _referee(data, None)
    return [evaluation.hook(n, *_real_and_held_out(data, options), judge)]


def _referee(data: str, which: str | None) -> Any:
    """The referee asked for, or the stored one of this data set."""
    from course_lib.evaluation import referees

    if which is None and not (referees.STORED / data).is_dir():
        raise CourseError(
            f"the course stores no referee for {data}: train one (a convnet or an attribute_net) and name its run "
            "afterwards, course quality RUN --referee REFEREE_RUN"
        )
    return referees.referee(which or data)


def _real_and_held_out(data: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """Images of the training split, and of the two others together."""
    from torch import cat

    from course_lib import data as data_sets

    if "split" not in inspect.signature(data_sets.SETS[data]).parameters:
        raise CourseError(f"{data} has no held-out images to compare with")
    images = {}
    for split in ("train", "validation", "test"):
        part = data_sets.load(data, **{**options, "split": split})
        part = part.finite(COMPOSED) if isinstance(part, data_sets.Composed) else part
        images[split] = part.rows(slice(0, len(part))).image
    return images["train"], cat([images["validation"], images["test"]])


def _pairs(assignments: Sequence[str], option: str) -> dict[str, str]:
    pairs = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise CourseError(f"{option} takes NAME=VALUE, not '{assignment}'")
        pairs[name] = value
    return pairs


def _options(data: str, pairs: dict[str, str]) -> dict[str, Any]:
    """Options of a data set, as numbers where it does not take words."""
    from course_lib import data as data_sets

    known = inspect.signature(data_sets.SETS[data]).parameters if data in data_sets.SETS else {}
    words = {name for name, parameter in known.items() if "str" in str(parameter.annotation)}
    return {name: value if name in words else _literal(value) for name, value in pairs.items()}


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**63:
        raise CourseError(f"seed must be a whole number from 0 to 2^63 - 1, not {seed}")


def _check_threads(threads: int) -> None:
    if threads < 1:
        raise CourseError(f"threads must be at least 1, not {threads}")


def _literal(value: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _first_line(documented: Any) -> str:
    return (documented.__doc__ or "").strip().partition("\n")[0]


def _with_resume() -> str:
    words = [word for word in sys.argv[1:] if word != "--resume"]
    command = shlex.join(["course", *words, "--resume"])
    if "RANK" not in os.environ:
        return command
    return f"accelerate launch … -m course_lib.cli {command.removeprefix('course ')}"


def _speaks() -> bool:
    """Of several processes that train together, the first speaks for all."""
    return os.environ.get("RANK", "0") == "0"


def _show_warning(message: Warning | str, category: type[Warning], *_: Any) -> None:
    if not _speaks():
        return
    print(
        f"course: {message}" if category is CourseWarning else f"course: {category.__name__}: {message}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
