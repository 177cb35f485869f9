"""Two runs in one picture, and what cannot be compared."""

import pytest
from PIL import Image

from course_lib import data
from course_lib.errors import CourseError
from course_lib.plotting import style
from course_lib.training import train
from course_lib.training.comparison import compare

DIGITS = data.load("digits")


@pytest.fixture
def runs(small, tmp_path):
    for name, rate in (("one", 0.0), ("two", 0.9)):
        train(small(average=rate), DIGITS, tmp_path / name, steps=20, log_every=5)
    return [tmp_path / "one", tmp_path / "two"]


def _has(image: Image.Image, colour: str) -> bool:
    wanted = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return any(pixel == wanted for _, pixel in image.convert("RGB").getcolors(1 << 24))


def test_the_picture_has_a_colour_for_each_run_and_their_samples(runs, tmp_path):
    told = compare(runs, tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.width > 600
        assert _has(picture, style.CYCLE[0])
        assert _has(picture, style.CYCLE[1])
        upper, lower = picture.height * 2 // 3, picture.height
        below = picture.crop((0, upper, picture.width, lower)).convert("L")
        assert min(below.tobytes()) < 60, "the samples are dark, paper is not"
    lines = told.splitlines()
    assert lines[0].split() == ["conftest", "one", "conftest", "two"]
    assert lines[1].split() == ["step", "20", "20"]
    assert {line.split()[0] for line in lines[2:-1]} == {"loss/first", "loss/second", "brightness"}
    assert lines[-1].endswith("c.png")


def test_runs_of_other_metrics_and_more_than_a_row(runs, tmp_path):
    for i in range(3):
        run = tmp_path / f"r{i}"
        run.mkdir()
        (run / "config.json").write_text((runs[0] / "config.json").read_text())
        (run / "metrics.jsonl").write_text('{"step": 1, "other": 2.0}\n')
    told = compare([*runs, *(tmp_path / f"r{i}" for i in range(3))], tmp_path / "c.png", smooth=3)
    assert "other" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda runs, out: ([runs[0]], out, 1), "two runs or more"),
        (lambda runs, out: (runs, out, 0), "smooth must be at least 1, not 0"),
        (lambda runs, out: (runs, out.with_suffix(".jpg"), 1), r"name the file .*c\.png"),
        (lambda runs, out: ([*runs, out.parent], out, 1), "is no run directory"),
    ],
)
def test_what_cannot_be_compared(runs, tmp_path, change, message):
    with pytest.raises(CourseError, match=message):
        compare(*change(runs, tmp_path / "c.png"))
    assert not (tmp_path / "c.png").exists()


def test_a_run_without_metrics(runs, tmp_path):
    (runs[1] / "metrics.jsonl").write_text("")
    with pytest.raises(CourseError, match="two has no metrics yet"):
        compare(runs, tmp_path / "c.png")


def test_a_run_that_is_being_trained_and_pictures_of_ones_own(runs, tmp_path):
    with open(runs[0] / "metrics.jsonl", "a") as metrics:
        metrics.write('{"step": 25, "loss/fi')
    (runs[0] / "samples" / "mine.png").write_bytes((runs[0] / "samples" / "000020.png").read_bytes())
    assert compare(runs, tmp_path / "new" / "c.png").splitlines()[1].split() == ["step", "20", "20"]
    assert (tmp_path / "new" / "c.png").exists()
