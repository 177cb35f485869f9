"""Runs that stop, at any moment and in any way, and go on as if they had not."""

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from course_lib import data
from course_lib.errors import CourseError
from course_lib.training import checkpoints, loop, runs, train
from course_lib.training.checkpoints import list_checkpoints, newest
from course_lib.training.loop import evaluation

DIGITS = data.load("digits")
VALIDATION = data.load("digits", split="validation")


def _assert_same_end(one: Path, other: Path) -> None:
    a, b = newest(one / "checkpoints"), newest(other / "checkpoints")
    assert (a.step, a.groups) == (b.step, b.groups)
    for file, part in a.tensors.items():  # weights, optimisers, random states and the order of the data
        assert part.keys() == b.tensors[file].keys()
        assert all(torch.equal(value, b.tensors[file][key]) for key, value in part.items())
    assert (one / "metrics.jsonl").read_bytes() == (other / "metrics.jsonl").read_bytes()
    for picture in (one / "samples").iterdir():
        assert picture.read_bytes() == (other / "samples" / picture.name).read_bytes()


def _train(recipe, out, steps, **options):
    intervals = {"log_every": 5, "sample_every": 30, "checkpoint_every": 10, **options}
    return train(recipe, DIGITS, out, steps=steps, **intervals)


def test_a_run_directory(small, tmp_path):
    outcome = _train(small(), tmp_path / "run", 47)
    assert (outcome.step, outcome.finished) == (47, True)
    assert runs.read_config(tmp_path / "run")["steps"] == 47
    assert [line["step"] for line in runs.read_metrics(tmp_path / "run")] == [*range(5, 46, 5), 47]
    assert runs.read_metrics(tmp_path / "run")[0].keys() == {"step", "loss/first", "loss/second", "brightness"}
    assert sorted(path.name for path in (tmp_path / "run" / "samples").iterdir()) == [
        "000000.png", "000030.png", "000047.png",
    ]  # fmt: skip
    with Image.open(tmp_path / "run" / "samples" / "000047.png") as grid:
        assert grid.width > 8 * 8
    assert [path.name for path in list_checkpoints(tmp_path / "run" / "checkpoints")] == [
        "step-00000047", "step-00000040", "step-00000030",
    ]  # fmt: skip


def test_resuming_equals_never_stopping(small, tmp_path):
    _train(small(), tmp_path / "straight", 60)
    # As if killed after step 34: the checkpoint is of step 30, the metrics go on to 34, and a line is half written.
    _train(small(), tmp_path / "stopped", 30)
    with open(tmp_path / "stopped" / "metrics.jsonl", "a") as metrics:
        metrics.write('{"step": 34, "loss/first": 9.0, "loss/second": 9.0}\n{"step": 3')
    (tmp_path / "stopped" / "checkpoints" / "step-00000040.part").mkdir()
    torch.manual_seed(123)
    _train(small(), tmp_path / "stopped", 60, resume=True)
    _assert_same_end(tmp_path / "straight", tmp_path / "stopped")


def test_a_torn_newest_checkpoint_costs_only_time(small, tmp_path):
    _train(small(), tmp_path / "straight", 60)
    _train(small(), tmp_path / "torn", 40)
    weights = tmp_path / "torn" / "checkpoints" / "step-00000040" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    with pytest.warns(UserWarning, match="step-00000040 is torn"):
        _train(small(), tmp_path / "torn", 60, resume=True)
    _assert_same_end(tmp_path / "straight", tmp_path / "torn")


def test_checkpoints_none_of_which_can_be_read_change_nothing(small, tmp_path):
    _train(small(), tmp_path, 20)
    for path in list_checkpoints(tmp_path / "checkpoints"):
        (path / "state.json").write_text("")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.warns(UserWarning, match="torn"), pytest.raises(CourseError, match="none of the 2 checkpoints"):
        _train(small(), tmp_path, 40, resume=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_resume_where_there_is_nothing_starts(small, tmp_path):
    _train(small(), tmp_path / "straight", 20)
    _train(small(), tmp_path / "new", 20, resume=True)
    _assert_same_end(tmp_path / "straight", tmp_path / "new")


def test_a_finished_run_has_nothing_left_to_do(small, tmp_path):
    _train(small(), tmp_path, 20)
    before = (tmp_path / "metrics.jsonl").read_bytes()
    assert _train(small(), tmp_path, 20, resume=True).step == 20
    assert (tmp_path / "metrics.jsonl").read_bytes() == before


def test_a_run_that_is_there_is_not_overwritten(small, tmp_path):
    _train(small(), tmp_path, 10)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CourseError, match="add --resume"):
        _train(small(), tmp_path, 20)
    with pytest.raises(CourseError, match=r"config.batch_size is 16 there, 4 here"):
        _train(small(batch_size=4), tmp_path, 20, resume=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("poison", [10, 24, 30])
def test_nan_stops_the_run_and_never_reaches_a_checkpoint(small, tmp_path, poison):
    with pytest.raises(CourseError, match=f"loss/second is NaN or infinite at step {poison}; ") as caught:
        _train(small(poison=poison), tmp_path, 60)
    kept = (poison - 1) // 10 * 10
    left = f"step-{kept:08d}" if kept else "there was no checkpoint yet"
    assert left in str(caught.value)
    if kept:
        found = newest(tmp_path / "checkpoints")
        assert found.step == kept
        assert all(value.isfinite().all() for value in found.tensors["weights"].values())
    assert all(line["step"] < poison for line in runs.read_metrics(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_step_and_keeps_it(small, tmp_path, number):
    _train(small(), tmp_path / "straight", 60)
    recipe = small()
    original = recipe.training_step

    def interrupted(next_batch, optimize):
        terms = original(next_batch, optimize)
        if recipe.seen == 33:
            os.kill(os.getpid(), number)
        return terms

    recipe.training_step = interrupted
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    outcome = _train(recipe, tmp_path / "stopped", 60)
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert not outcome.finished
    assert outcome.step == newest(tmp_path / "stopped" / "checkpoints").step == 33
    _train(small(), tmp_path / "stopped", 60, resume=True)
    _assert_same_end(tmp_path / "straight", tmp_path / "stopped")


@pytest.mark.parametrize("name", ["steps", "log_every", "sample_every", "checkpoint_every", "keep"])
def test_intervals_are_at_least_one(small, tmp_path, name):
    with pytest.raises(CourseError, match=f"{name} must be at least 1, not 0"):
        _train(small(), tmp_path, **{"steps": 5, name: 0})


STEPS = 300
COMMAND = [
    sys.executable, "-m", "course_lib.cli", "train", "gan", "--steps", str(STEPS), "--resume", "--log-every", "1",
    "--sample-every", "100", "--checkpoint-every", "20",
    "--set", "hidden=32", "maxout_units=16", "batch_size=32",
]  # fmt: skip


def _last_step(out: Path) -> int:
    lines = (out / "metrics.jsonl").read_text().splitlines() if (out / "metrics.jsonl").exists() else []
    try:
        return json.loads(lines[-1])["step"] if lines else 0
    except ValueError:  # half a line
        return 0


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_the_same(tmp_path):
    """SIGKILL at random steps, and once while a checkpoint is being written."""
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    subprocess.run([*COMMAND, "--out", straight], env=env, check=True, capture_output=True)
    rng = random.Random(0)
    moments = [rng.randrange(1, STEPS) for _ in range(2)]
    kills = 0
    for moment in [*sorted(moments), None]:
        process = subprocess.Popen([*COMMAND, "--out", killed], env=env, stderr=subprocess.PIPE)
        began = _last_step(killed)
        while process.poll() is None:
            if moment is None:
                due = _last_step(killed) > began and any((killed / "checkpoints").glob("*.part"))
            else:
                due = _last_step(killed) >= moment
            time.sleep(0.002)
            if due:
                time.sleep(rng.uniform(0, 0.02) if moment is not None else 0)
                process.kill()
                break
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 2  # the last may have been too quick for us
    finished = subprocess.run([*COMMAND, "--out", killed], env=env, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    _assert_same_end(straight, killed)


def test_everything_at_once_resumes_to_the_same_end(small, tmp_path):
    """Averages, a schedule, clipping, pieces of batches, evaluation and TensorBoard."""
    settings = {"average": 0.9, "schedule": "cosine", "warmup": 5, "clip": 0.1}
    options = {"accumulate": 4, "tensorboard": True, "evaluate_every": 15, "hooks": [evaluation(VALIDATION)]}
    _train(small(**settings), tmp_path / "straight", 60, **options)
    recipe = small(**settings)
    original = recipe.training_step

    def killed(next_batch, optimize):
        if recipe.seen == 34:
            raise SystemExit  # leaves as abruptly as Python can
        return original(next_batch, optimize)

    recipe.training_step = killed
    with pytest.raises(SystemExit):
        _train(recipe, tmp_path / "killed", 60, **options)
    _train(small(**settings), tmp_path / "killed", 60, resume=True, **options)
    _assert_same_end(tmp_path / "straight", tmp_path / "killed")
    lines = runs.read_metrics(tmp_path / "killed")
    assert [line["step"] for line in lines if "validation/distance" in line] == [15, 30, 45, 60]
    assert any("loss/first" in line and "validation/distance" in line for line in lines)


def test_what_a_hook_does_changes_nothing_but_the_metrics(small, tmp_path):
    def meddling(recipe):
        assert not recipe.training
        assert not torch.is_grad_enabled()
        return {"noise": torch.randn(()), "one": 1}

    _train(small(), tmp_path / "without", 30)
    _train(small(), tmp_path / "with", 30, hooks=[meddling], evaluate_every=10)
    for a, b in zip(newest(tmp_path / "without/checkpoints").tensors.values(),
                    newest(tmp_path / "with/checkpoints").tensors.values(), strict=True):  # fmt: skip
        assert all(torch.equal(value, b[key]) for key, value in a.items())
    measured = [line for line in runs.read_metrics(tmp_path / "with") if "one" in line]
    assert [line["step"] for line in measured] == [10, 20, 30]
    assert len({line["noise"] for line in measured}) == 1, "the same random numbers every time"


def test_samples_and_hooks_see_the_averages(small, tmp_path):
    recipe = small(average=0.99)
    _train(recipe, tmp_path, 40, hooks=[lambda model: {"bias": model.first[0].bias[0]}])
    averages = newest(tmp_path / "checkpoints").tensors["averages"]
    assert runs.read_metrics(tmp_path)[-1]["bias"] == averages["first.0.bias"][0].item()
    assert recipe.first[0].bias[0].item() != averages["first.0.bias"][0].item()


def test_tensorboard_reads_what_was_logged(small, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _train(small(), tmp_path, 30, tensorboard=True)
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    found, lines = board.Scalars("loss/first"), runs.read_metrics(tmp_path)
    assert [event.step for event in found] == [line["step"] for line in lines]
    assert [event.value for event in found] == pytest.approx([line["loss/first"] for line in lines])
    assert [event.step for event in board.Images("samples")] == [0, 30]


@pytest.mark.parametrize("what", ["metrics", "samples", "checkpoints"])
def test_a_full_disk_is_told_in_a_line_and_the_run_goes_on_later(small, tmp_path, what, monkeypatch):
    _train(small(), tmp_path / "straight", 60)
    _train(small(), tmp_path / "full", 30)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = {
        "metrics": (loop._Journal, "write"), "samples": (loop, "save_samples"),
        "checkpoints": (checkpoints, "write_whole"),
    }[what]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(*place, full)
        with pytest.raises(CourseError, match=r"No space left on device.*step-\d+\. Make room, then .* --resume"):
            _train(small(), tmp_path / "full", 60, resume=True)
    _train(small(), tmp_path / "full", 60, resume=True)
    _assert_same_end(tmp_path / "straight", tmp_path / "full")


def test_a_real_full_disk(small, tmp_path):
    """A file system of 300 kB: some checkpoints fit, then none."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount")
    try:
        with pytest.raises(CourseError, match=r"No space left on device.*last good checkpoint is .*step-"):
            _train(small(), disk / "run", 5000, keep=1000)
        kept = newest(disk / "run" / "checkpoints").step
        for old in list_checkpoints(disk / "run" / "checkpoints")[1:]:
            shutil.rmtree(old)
        _train(small(), disk / "run", kept + 10, resume=True, keep=1)
        _train(small(), tmp_path / "straight", kept + 10, keep=1)
        _assert_same_end(tmp_path / "straight", disk / "run")
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
def test_killed_at_random_moments_thirty_times_it_ends_the_same(tmp_path):
    """SIGKILL by the clock: while computing, logging, drawing, in the middle of a checkpoint, or just beginning."""
    steps, rng = 1500, random.Random(0)
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    trainer = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("trainer.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip

    def begin(out: Path) -> int:
        trainer.stdin.write(f"{out} {steps}\n")
        trainer.stdin.flush()
        return int(trainer.stdout.readline())

    def ended() -> int:
        return int(trainer.stdout.readline())

    with trainer:
        begin(straight)
        began = time.monotonic()
        assert ended() == 0
        whole = time.monotonic() - began
        kills, at = 0, []
        while kills < 30:
            number = begin(killed)
            time.sleep(rng.uniform(0, whole / 10))
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
            if ended() == 0:  # too late: once more from the beginning
                shutil.rmtree(killed / "checkpoints")
            else:
                kills += 1
                at.append(_last_step(killed))
        assert len(set(at)) > 10, at
        begin(killed)
        assert ended() == 0
        trainer.stdin.close()
    _assert_same_end(straight, killed)


def test_evaluation_is_the_mean_over_all_held_out_examples(small):
    recipe = small()
    recipe.evaluate = lambda batch: {"brightness": batch.image.mean()}
    found = evaluation(VALIDATION)(recipe)["validation/brightness"]
    torch.testing.assert_close(found, data.sets.to_float(VALIDATION.images).mean())
    endless = data.load("two_digits", size=16, digit_size=8)
    recipe.evaluate = lambda batch: {"n": torch.tensor(float(len(batch.image))), "brightness": batch.image.mean()}
    once, again = evaluation(endless, "train")(recipe), evaluation(endless, "train")(recipe)
    assert once["train/n"] == recipe.config.batch_size
    assert torch.equal(once["train/brightness"], again["train/brightness"])


def test_a_measurement_that_is_nan_stops_the_run_but_keeps_the_weights(small, tmp_path):
    def hook(recipe):
        return {"score": float("nan") if recipe.seen == 20 else 1.0}

    with pytest.raises(CourseError, match=r"score is NaN or infinite at step 20; .*step-00000020"):
        _train(small(), tmp_path, 30, hooks=[hook], evaluate_every=10)
    assert newest(tmp_path / "checkpoints").step == 20
    assert [line["step"] for line in runs.read_metrics(tmp_path) if "score" in line] == [10]


def test_metrics_on_a_full_disk(small, tmp_path, monkeypatch):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    _train(small(), tmp_path, 20)
    (tmp_path / "metrics.jsonl").unlink()
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    monkeypatch.setattr(runs, "cut_metrics", lambda *_: None)  # which would replace the link
    with pytest.raises(CourseError, match=r"No space left.*step-00000020"):
        _train(small(), tmp_path, 40, resume=True)


def test_fewer_steps_than_there_are(small, tmp_path):
    _train(small(), tmp_path, 20)
    before = (tmp_path / "config.json").read_bytes()
    with pytest.raises(CourseError, match="has come to step 20 already"):
        _train(small(), tmp_path, 10, resume=True)
    assert (tmp_path / "config.json").read_bytes() == before


def test_what_a_kill_left_of_a_checkpoint_goes(small, tmp_path):
    _train(small(), tmp_path, 10)
    (tmp_path / "checkpoints" / "step-00000013.part").mkdir()
    _train(small(), tmp_path, 20, resume=True)
    assert not list((tmp_path / "checkpoints").glob("*.part"))
