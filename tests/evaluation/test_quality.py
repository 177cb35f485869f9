import json

import pytest
import torch

from course_lib import data
from course_lib.cli import _real_and_held_out, main
from course_lib.errors import CourseError
from course_lib.evaluation import hook, quality, referee, samples
from course_lib.models.gan import GAN, Config


def _digits(split):
    part = data.load("digits", size=16, split=split)
    return part.rows(slice(0, len(part))).image


@pytest.fixture(scope="module")
def sets():
    return _digits("train"), torch.cat([_digits("validation"), _digits("test")])


def test_real_images_are_near_and_noise_is_far(sets):
    train, held_out = sets
    judge = referee("digits")
    again = quality(held_out, train, held_out, judge)
    assert (again.frechet, again.sliced) == (again.frechet_floor, again.sliced_floor)
    blurred = torch.nn.functional.avg_pool2d(held_out, 5, 1, 2)
    noise = torch.rand_like(held_out) * 2 - 1
    found = [quality(images, train, held_out, judge) for images in (held_out, blurred, noise)]
    assert found[0].frechet < found[1].frechet / 3 < found[2].frechet
    assert found[0].sliced < found[1].sliced < found[2].sliced
    assert found[0].count == len(held_out)
    assert judge.name in str(found[0])


def test_few_modes_are_seen(sets):
    """Only zeros, as a collapsed generator would make: perfect images, and far from the set."""
    train, held_out = sets
    labels = data.load("digits", size=16).labels
    zeros = train[labels == 0][:100]
    found = quality(zeros, train, held_out, referee("digits"))
    assert found.frechet > 3 * found.frechet_floor
    assert found.count == 100


def test_bad_input(sets):
    train, held_out = sets
    with pytest.raises(CourseError, match="two or more of one shape"):
        quality(train[:1], train, held_out, referee("digits"))
    with pytest.raises(CourseError, match="two or more of one shape"):
        quality(torch.zeros(5, 1, 8, 8), train, held_out, referee("digits"))


def test_hook_measures_the_same_latents_and_leaves_training_alone(sets):
    torch.manual_seed(0)
    model = GAN(Config(latent=2, hidden=4, batch_size=4), (1, 16, 16)).train()
    measure = hook(300, *sets, referee("digits"))
    state = torch.get_rng_state()
    assert measure(model) == measure(model)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert samples(model, 300).shape == (300, 1, 16, 16)


def _course(*arguments):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    return exit_.value.code or 0


def test_command_line(tmp_path, capsys):
    run = tmp_path / "run"
    small = ["--set", "latent=2", "hidden=8", "batch_size=8", "--steps", "2", "--out", str(run)]
    assert _course("train", "gan", "--image-size", "16", "--quality", "50", *small) == 0
    line = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert line["quality/frechet"] > 0
    assert _course("quality", str(run), "--n", "50") == 0
    assert "Fréchet distance" in capsys.readouterr().out
    stored = json.loads((run / "quality.json").read_text())
    assert stored["count"] == 50
    assert stored["step"] == 2
    assert stored["frechet"] == line["quality/frechet"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quality", "nowhere"], "no run directory"),
        (["quality", "nowhere", "--n", "1"], "n must be at least 2"),
        (["train", "gan", "--data", "photos", "--quality", "9", "--steps", "1"], "stores no referee for photos"),
        (["train", "gan", "--data", "ring", "--quality", "9", "--steps", "1"], "no referee for ring"),
    ],
)
def test_bad_commands(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert _course(*arguments) == 2
    assert message in capsys.readouterr().err


def test_a_set_made_anew_for_every_batch_is_compared_too():
    real, held_out = _real_and_held_out("two_digits", {})
    assert real.shape[1:] == held_out.shape[1:]
    assert min(len(real), len(held_out)) > 100
