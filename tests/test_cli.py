"""The `course` command as its user meets it: what it prints, where, and with which exit status."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image

from course_lib import models
from course_lib.cli import main
from course_lib.grading.spec import ROOT

TINY = ["--set", "hidden=16", "maxout_units=8", "batch_size=16"]


@pytest.fixture
def course(capsys, monkeypatch, tmp_path):
    """course("train", "gan", …) in an empty directory -> (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["course", *args])
        with pytest.raises(SystemExit) as exit_:
            main()
        return exit_.value.code or 0, *capsys.readouterr()

    return run


def _complaint(result):
    """The one line of an error."""
    status, out, err = result
    assert (status, out) == (2, "")
    assert err.startswith("course: ")
    assert err.count("\n") == 1
    return err.strip()


def test_a_condition_is_asked_for_by_name(course, tmp_path):
    small = ["--set", "generator=8,8", "discriminator=8,8", "latent=4", "batch_size=8"]
    assert course("train", "conditional_gan", "--steps", "2", "--out", "r", *small)[0] == 0
    pictures = {}
    for words in ([], ["3"], ["8"]):
        asked = ["--condition", *words] if words else []
        assert course("sample", "r", "--n", "4", "--out", f"{len(pictures)}.png", *asked)[0] == 0
        pictures[tuple(words)] = (tmp_path / f"{len(pictures)}.png").read_bytes()
    assert len(set(pictures.values())) == 3
    assert "unknown class '11': did you mean 1" in _complaint(course("sample", "r", "--condition", "11"))
    assert "ask for one class by its name" in _complaint(course("sample", "r", "--condition", "hat=1"))
    assert course("train", "gan", "--steps", "2", "--out", "g", *TINY)[0] == 0
    assert "'gan' draws without conditions" in _complaint(course("sample", "g", "--condition", "3"))


def test_train_then_sample_then_list(course, tmp_path):
    status, out, err = course("train", "gan", "--steps", "6", *TINY)
    assert status == 0
    assert "runs/gan/digits-seed0" in out
    assert "6/6 steps" in err
    assert "discriminator" in err
    assert "images/s" in err
    run = tmp_path / "runs" / "gan" / "digits-seed0"
    assert (run / "checkpoints" / "step-00000006" / "weights.safetensors").exists()
    assert json.loads((run / "config.json").read_text())["config"]["hidden"] == 16

    status, out, _ = course("sample", str(run), "--n", "9", "--seed", "3")
    assert (status, out) == (0, f"9 samples of 'gan' at step 6: {run / 'samples-seed3.png'}\n")
    with Image.open(run / "samples-seed3.png") as grid:
        assert grid.format == "PNG"
    # the grid of the run's own latents is the run's own last picture
    course("sample", str(run), "--out", "again.png")
    assert (tmp_path / "again.png").read_bytes() == (run / "samples" / "000006.png").read_bytes()

    status, out, _ = course("list")
    for name in ("gan", "digits", "ring", "gaussian_1d", "runs/gan/digits-seed0  step-00000006"):
        assert name in out


def test_two_runs_are_compared(course, tmp_path):
    for out in ("a", "b"):
        assert course("train", "gan", "--steps", "4", "--out", out, "--tensorboard", *TINY)[0] == 0
    assert list((tmp_path / "a" / "tensorboard").iterdir())
    status, out, _ = course("compare", "a", "b")
    assert status == 0
    assert out.endswith("Curves and samples: compare.png\n")
    with Image.open(tmp_path / "compare.png") as picture:
        assert picture.format == "PNG"


def test_the_size_of_the_images(course, tmp_path):
    assert course("train", "gan", "--steps", "1", "--image-size", "12", "--out", "r", *TINY)[0] == 0
    assert models.load_run(tmp_path / "r")[1]["shape"] == [1, 12, 12]


def test_a_model_that_evaluates_sees_the_validation_data(course, tmp_path):
    assert course("train", "vae", "--steps", "4", "--evaluate-every", "2", "--out", "r")[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "r" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "validation/elbo" in line] == [2, 4]


@pytest.mark.parametrize("data", ["ring", "gaussian_1d"])
def test_points_train_too_and_are_drawn(course, tmp_path, data):
    assert course("train", "gan", "--data", data, "--steps", "3", "--out", "here", *TINY)[0] == 0
    with Image.open(tmp_path / "here" / "samples" / "000003.png") as picture:
        assert picture.width > 200


def test_settings_and_options_reach_the_model_and_the_data(course, tmp_path):
    status, *_ = course(
        "train", "gan", "--steps", "2", "--out", "r", "--data-options", "size=16",
        "--set", "hidden=8", "betas=0.0,0.9", "loss=saturating", "learning_rate=1e-3",
    )  # fmt: skip
    assert status == 0
    recipe, record, step = models.load_run(tmp_path / "r")
    assert step == 2
    assert record["shape"] == [1, 16, 16]
    assert (recipe.config.hidden, recipe.config.betas, recipe.config.loss) == (8, (0.0, 0.9), "saturating")
    assert recipe.sample(2).shape == (2, 1, 16, 16)
    assert not recipe.training


def test_the_seed_draws_the_weights(course, tmp_path):
    for out, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        assert course("train", "gan", "--steps", "1", "--seed", seed, "--out", out, *TINY)[0] == 0
    a, b, c = (models.load_run(tmp_path / out)[0].generator.net[0].weight for out in "abc")
    assert torch.equal(a, b)
    assert (a - c).abs().mean() > 0.01


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["train", "pixlcnn"], "unknown model 'pixlcnn': did you mean pixelcnn?"),
        (["train", "gan", "--data", "digts"], "unknown data set 'digts': did you mean digits"),
        (["train", "gan", "--set", "hiden=3"], "unknown setting 'hiden': did you mean hidden?"),
        (["train", "gan", "--set", "hidden=many"], "--set hidden=many: hidden takes int"),
        (["train", "gan", "--set", "loss=wasserstein"], "loss takes Literal['non_saturating', 'saturating']"),
        (["train", "gan", "--set", "hidden"], "--set takes NAME=VALUE, not 'hidden'"),
        (["train", "gan", "--set", "dropout=1"], "dropout must lie in [0, 1), not 1.0"),
        (["train", "gan", "--data-options", "size=2"], "from 4 to 256, not 2"),
        (["train", "gan", "--data-options", "colour=red"], "colour"),
        (
            ["train", "gan", "--image-size", "16", "--data-options", "size=8"],
            "--image-size 16 and --data-options size=8",
        ),
        (["train", "gan", "--data", "ring", "--image-size", "16"], "size"),
        (["train", "gan", "--accumulate", "7"], "a batch of 100 cannot be shared evenly by 1 processes with 7 pieces"),
        (["train", "gan", "--set", "average=1"], "average must lie in [0, 1), not 1.0"),
        (["train", "gan", "--data", "folder"], "data set 'folder' needs the option path"),
        (
            ["train", "gan", "--data", "folder", "--data-options", "path=taken"],
            "no picture in taken: of its 1 files none",
        ),
        (["train", "vae", "--data", "ring"], "is for images [C, H, W]"),
        (["train", "gan", "--seed", "-1"], "seed must be a whole number from 0 to 2^63 - 1, not -1"),
        (["throughput", "gan", "--threads", "0"], "threads must be at least 1, not 0"),
        (["train", "gan", "--data", "folder", "--data-options", "path=2024"], "there is no folder 2024"),
        (["train", "gan", "--out", "taken/thesis.tex/run"], "Not a directory"),
        (["compare", "nowhere"], "compare takes two runs or more"),
        (["compare", "nowhere", "nowhere"], "nowhere is no run directory"),
        (["train", "gan", "--threads", "0"], "threads must be at least 1, not 0"),
        (["train", "gan", "--steps", "0"], "steps must be at least 1, not 0"),
        (["train", "gan", "--out", "taken"], "taken is not empty: add --resume"),
        (["train", "gan", "--out", "taken", "--resume"], "taken is no run directory"),
        (["sample", "nowhere"], "nowhere is no run directory: it has no config.json"),
    ],
)
def test_mistakes_are_told_in_one_line(course, tmp_path, args, message):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("mine")
    assert message in _complaint(course(*args))
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "thesis.tex"]


def test_runs_that_may_not_be_gone_on_with(course, tmp_path):
    assert course("train", "gan", "--steps", "2", "--out", "r", *TINY)[0] == 0
    assert "r is not empty: add --resume" in _complaint(course("train", "gan", "--steps", "4", "--out", "r", *TINY))
    told = _complaint(course("train", "gan", "--out", "r", "--resume", "--seed", "1", *TINY, "latent=5"))
    assert "config.latent is 32 there, 5 here; seed is 0 there, 1 here" in told
    config = tmp_path / "r" / "config.json"
    text = config.read_text()
    config.write_text(text.replace('"gan"', '"rbn"'))
    assert "holds a run of 'rbn', not of 'gan'" in _complaint(course("train", "gan", "--out", "r", "--resume", *TINY))
    assert "unknown model 'rbn'" in _complaint(course("sample", "r"))
    config.write_text(text)
    weights = next((tmp_path / "r").rglob("weights.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    for args in (["train", "gan", "--out", "r", "--resume", *TINY], ["sample", "r"]):
        assert "none of the 1 checkpoints in r/checkpoints can be read" in _complaint(course(*args))


def test_a_torn_newest_checkpoint_only_warns(course, tmp_path):
    assert course("train", "gan", "--steps", "4", "--checkpoint-every", "2", "--out", "r", *TINY)[0] == 0
    (tmp_path / "r" / "checkpoints" / "step-00000004" / "random.safetensors").unlink()
    status, _, err = course("train", "gan", "--steps", "4", "--resume", "--out", "r", *TINY)
    assert status == 0
    assert "course: checkpoint r/checkpoints/step-00000004 is torn (random.safetensors cannot be read)" in err


def test_a_divergence_names_step_and_term(course):
    told = course("train", "gan", "--steps", "50", "--log-every", "1", "--out", "r", *TINY, "learning_rate=1e30")
    assert told[0] == 2
    assert "is NaN or infinite at step" in told[2]
    assert "Traceback" not in told[2]


def test_help_is_quick_and_shows_defaults():
    began = time.process_time()
    found = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "course_lib.cli", "train", "--help"], capture_output=True, text=True
    )
    assert found.returncode == 0
    assert "(default: 2000)" in found.stdout
    assert not any(line.endswith("| torch") for line in found.stderr.splitlines())
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "args", [["trian"], ["train"], ["train", "gan", "--stepz", "3"], ["train", "gan", "--steps", "x"]]
)
def test_a_mistyped_command_is_refused(course, args):
    status, out, err = course(*args)
    assert status == 2
    assert "Traceback" not in out + err


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "course_lib.cli", "train", "gan", "--log-every", "1", "--out", "r", *TINY]
    process = subprocess.Popen(
        [*command, "--steps", "100000"], cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    metrics = tmp_path / "r" / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.stat().st_size > 500):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    (advice,) = (line for line in err.splitlines() if "Go on with" in line)
    assert "Go on with: course train gan --log-every 1 --out r" in advice
    assert advice.endswith("--steps 100000 --resume")
    step = models.load_run(tmp_path / "r")[2]
    assert f"Stopped at step {step} of 100000" in advice


def test_check_from_any_folder(course):
    status, out, _ = course("check", "divergences", "--submission", str(ROOT / "solutions"))
    assert status == 0
    assert "10 of 10 points" in out
    status, out, _ = course("check", "divergences")
    assert status == 1, "the stubs, as released"
    assert "not implemented yet" in out


def test_check_and_claims_name_near_ones(course):
    assert "did you mean divergences?" in _complaint(course("check", "divergence"))
    assert "did you mean divergences?" in _complaint(course("release", "divergence"))
    assert "name the chapter" in _complaint(course("claims", "run"))
    assert "did you mean" in _complaint(course("claims", "run", "divergence"))
    assert "no such folder" in _complaint(course("check", "gan", "--submission", "nowhere"))


def test_claims_show_says_each_verdict(course):
    status, out, _ = course("claims", "show", "divergences")
    assert status == 0
    assert "divergences/monte_carlo_rate" in out


MASTER = (ROOT / "solutions" / "divergences.py").read_text()
ROSTER = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework (501)\n"
    "    Points Possible,,,,,10.00\n"
    '"Lovelace, Ada",12,,ada,A,\n'
    '"Hopper, Grace",13,,grace,A,\n'
)


@pytest.fixture
def graded(course, tmp_path):
    """graded(*options) -> what `course grade` says of three submissions as Canvas gives them, in `class`."""
    (tmp_path / "class").mkdir()
    wrong = MASTER.replace("return -(p * safe_q.log()).sum(-1)", "return (p * safe_q.log()).sum(-1)")
    for name, source in {"lovelaceada_12_345": MASTER, "hoppergrace_LATE_13_346": wrong, "nobody_14_347": ""}.items():
        (tmp_path / "class" / f"{name}_divergences.py").write_text(source)
    return lambda *options: course("grade", "class", "--out", "grades", "--unsafe-no-sandbox", *options)


@pytest.mark.slow
def test_a_class_is_graded_overridden_and_exported(course, graded, tmp_path):
    status, out, _ = graded("--late", "10%/day")
    assert (status, out) == (
        0,
        "3 submissions: 1 passed, 2 wrong\n"
        "Not in the full sandbox but: none. Every report says so.\n"
        "Look at grades/index.html; marks are in grades/grades.csv\n",
    )
    rows = (tmp_path / "grades" / "grades.csv").read_text().splitlines()
    assert rows == ["submission,total,maximum,status,divergences", "hoppergrace_13,7.2,10,wrong,7.2",
                    "lovelaceada_12,10,10,passed,10", "nobody_14,0,10,wrong,0"]  # fmt: skip
    assert graded("--late", "10%/day")[1] == out, "run again, it says the same"

    by_hand = ["hoppergrace_13", "divergences", "9", "--reason", "a slip", "--by", "J"]
    status, out, _ = course("override", "grades", *by_hand)
    assert (status, out) == (0, "hoppergrace_13: divergences 9 by hand, 9 of 10 in all\n")
    assert "hoppergrace_13,9,10,wrong,9" in (tmp_path / "grades" / "grades.csv").read_text()

    (tmp_path / "roster.csv").write_text(ROSTER)
    status, out, _ = course("export", "grades", "--canvas", "roster.csv", "--assignment", "Homework")
    assert status == 0
    assert out.splitlines()[-1] == "2 marks: grades/canvas.csv"
    assert '"Hopper, Grace",13,,grace,A,9' in (tmp_path / "grades" / "canvas.csv").read_text()
    status, out, _ = course("export", "grades", "--gradescope", "scope")
    assert (status, out) == (0, "3 files: scope\n")
    assert sorted(path.suffix for path in (tmp_path / "scope").iterdir()) == [".json"] * 3

    status, out, _ = graded("--late", "10%/day", "--regrade", "nobody_14")
    assert status == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--chapters", "divergence"], "unknown chapter 'divergence': did you mean divergences?"),
        (["--jobs", "0"], "--jobs must be at least 1, not 0"),
        (["--call-seconds", "0"], "--call-seconds must be from 0.1 to 86,400, not 0"),
        (["--call-seconds", "nan"], "--call-seconds must be from 0.1"),
        (["--file-seconds", "inf"], "--file-seconds must be from 1 to 86,400, not inf"),
        (["--memory", "1"], "--memory must be from 64 to 1,048,576, not 1"),
        (["--due", "tomorrow"], "--due tomorrow: write a date and a time"),
        (["--late", "much"], "--late much: write none, or 10%/day"),
        (["--grace", "long"], "--grace long: write minutes, hours or days"),
        (["--regrade", "hoppergrace"], "unknown submission 'hoppergrace': did you mean hoppergrace_13?"),
        (["--out", "class/grades"], "--out class/grades lies within the submissions"),
    ],
)
def test_mistakes_in_grading_are_told_in_one_line(graded, tmp_path, options, message):
    assert message in _complaint(graded(*options))
    assert not list(tmp_path.rglob("grades.csv"))


@pytest.mark.slow
def test_mistakes_with_grades_are_told_in_one_line(course, graded, tmp_path):
    for command in (["override", "grades", "x", "gan", "1", "--reason", "y"], ["export", "grades"]):
        nothing = "grades holds no grades; `course grade SUBMISSIONS --out grades` makes them"
        assert nothing in _complaint(course(*command, *(["--gradescope", "s"] if command[0] == "export" else [])))
    assert "nowhere: no such folder" in _complaint(course("grade", "nowhere", "--out", "grades"))
    (tmp_path / "empty").mkdir()
    assert "empty holds nothing" in _complaint(course("grade", "empty", "--out", "grades"))
    (tmp_path / "taken").write_text("mine")
    assert "taken" in _complaint(course("grade", "class", "--out", "taken"))
    assert not (tmp_path / "grades").exists()
    assert graded()[0] == 0
    (tmp_path / "roster.csv").write_text(ROSTER)
    for arguments, message in (
        (["override", "grades", "lovelace", "divergences", "1", "--reason", "x"], "did you mean lovelaceada_12?"),
        (["override", "grades", "nobody_14", "divergence", "1", "--reason", "x"], "did you mean divergences?"),
        (["override", "grades", "nobody_14", "divergences", "11", "--reason", "x"], "divergences has 0 to 10"),
        (["override", "grades", "nobody_14", "divergences", "nan", "--reason", "x"], "divergences has 0 to 10"),
        (["override", "grades", "nobody_14", "divergences", "1", "--reason", " "], "say why, with --reason"),
        (["export", "grades"], "name one of --canvas CSV, --moodle CSV or --gradescope DIR"),
        (["export", "grades", "--canvas", "roster.csv", "--moodle", "roster.csv"], "name one of --canvas CSV"),
        (["export", "grades", "--canvas", "roster.csv"], "--canvas needs --assignment"),
        (["export", "grades", "--canvas", "no.csv", "--assignment", "Homework"], "no.csv"),
        (["export", "grades", "--canvas", "roster.csv", "--assignment", "Homework", "--to", "roster.csv"],
         "--to roster.csv is the file that was read"),
        (["export", "grades", "--gradescope", "roster.csv"], "roster.csv"),
    ):  # fmt: skip
        assert message in _complaint(course(*arguments)), arguments
    assert (tmp_path / "roster.csv").read_text() == ROSTER


def test_who_has_no_name_is_asked_for_one(course, monkeypatch):
    """In a container there may be none for the user's number."""
    monkeypatch.setattr("getpass.getuser", lambda: {}["uid not found"])
    told = _complaint(course("override", "grades", "x", "gan", "1", "--reason", "y"))
    assert told == "course: say who you are, with --by NAME"


def test_answers_are_packed(course, tmp_path):
    (tmp_path / "mine").mkdir()
    assert "mine/gan.py is missing" in _complaint(course("submit", "gan", "--folder", "mine"))
    (tmp_path / "mine" / "divergences.py").write_text(MASTER)
    status, out, err = course("submit", "divergences", "--folder", "mine", "--out", "me.zip")
    assert (status, err) == (0, "")
    assert out.startswith("Packed divergences.py: me.zip\n")
    assert (tmp_path / "me.zip").exists()
    assert "did you mean divergences?" in _complaint(course("submit", "divergence", "--folder", "mine"))
