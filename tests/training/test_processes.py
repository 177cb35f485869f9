"""Two processes on one machine, as `accelerate launch` starts them, share each batch: gloo on the CPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from course_lib.training import runs
from course_lib.training.checkpoints import newest

TOLERANCE = 1e-5  # absolute, of weights of the order of 0.1 after 30 steps; rounding alone gives about 1e-7
LAUNCH = [
    sys.executable, "-m", "accelerate.commands.launch", "--multi-gpu", "--num-processes", "2", "--num-machines", "1",
    "--main-process-port", "0", "--mixed-precision", "no", "--dynamo-backend", "no", "-m", "course_lib.cli",
]  # fmt: skip
ALONE = [sys.executable, "-m", "course_lib.cli"]


def _course(begin: list[str], *args: str | Path) -> str:
    env = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    every = ["--log-every", "5", "--sample-every", "50", "--checkpoint-every", "15"]
    found = subprocess.run([*begin, "train", *args, *every], env=env, capture_output=True, text=True, timeout=240)
    assert found.returncode == 0, found.stderr
    return found.stdout + found.stderr


@pytest.mark.slow
def test_two_processes_reach_what_one_with_twice_the_batch_reaches(tmp_path):
    """The VAE draws noise in training and on digits dynamic binarisation too; it has no statistics of a batch."""
    options = ["vae", "--data", "digits", "--steps", "30", "--set", "batch_size=64", "average=0.9"]
    _course(ALONE, *options, "--out", tmp_path / "one")
    told = _course(LAUNCH, *options, "--out", tmp_path / "two")
    assert told.count("Trained to step 30") == 1, "one speaks for all"
    assert runs.read_config(tmp_path / "two")["environment"]["processes"] == 2
    one, two = newest(tmp_path / "one" / "checkpoints"), newest(tmp_path / "two" / "checkpoints")
    for file in ("weights", "averages"):
        assert one.tensors[file]
        for name, value in one.tensors[file].items():
            torch.testing.assert_close(two.tensors[file][name], value, atol=TOLERANCE, rtol=0)
    for a, b in zip(runs.read_metrics(tmp_path / "one"), runs.read_metrics(tmp_path / "two"), strict=True):
        assert a == pytest.approx(b, rel=1e-4)


@pytest.mark.slow
def test_two_processes_resume_bit_for_bit_with_noise_of_their_own(tmp_path):
    """The GAN has dropout, so that each process has a random state to be kept."""
    options = ["gan", "--accumulate", "2", "--set", "batch_size=32", "hidden=32", "maxout_units=16"]
    _course(LAUNCH, *options, "--steps", "30", "--out", tmp_path / "straight")
    _course(LAUNCH, *options, "--steps", "15", "--out", tmp_path / "stopped")
    _course(LAUNCH, *options, "--steps", "30", "--out", tmp_path / "stopped", "--resume")
    a, b = (newest(tmp_path / out / "checkpoints") for out in ("straight", "stopped"))
    assert a.tensors["random"]["host"].shape[0] == 2
    assert not torch.equal(*a.tensors["random"]["host"])
    for file, part in a.tensors.items():
        assert part.keys() == b.tensors[file].keys()
        assert all(torch.equal(value, b.tensors[file][key]) for key, value in part.items())
    # and one process may go on where two have stopped, with a word about it
    told = _course(ALONE, *options, "--steps", "40", "--out", tmp_path / "stopped", "--resume")
    assert "processes was 2 and is 1 now" in told
