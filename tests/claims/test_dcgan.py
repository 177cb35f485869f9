"""The measures that the claims of the chapter `dcgan` rest on."""

import math
from dataclasses import fields, replace

import pytest
import torch

from course_lib.claims import dcgan
from course_lib.claims.dcgan import ARMS, GUIDED, Run
from course_lib.claims.statements import Scale
from course_lib.models.dcgan import DCGAN


def run_of(frechet: list[float]) -> Run:
    return Run(list(range(len(frechet))), frechet, torch.zeros(0), 1.0)


def test_end_and_swing_are_those_of_the_last_third_by_hand():
    run = run_of([900.0] * 6 + [1.0, 4.0, 1.0])
    assert run.end == pytest.approx(4 ** (1 / 3))
    assert run.swing == pytest.approx(math.log(4))


def test_a_steady_run_does_not_swing_and_units_do_not_matter():
    assert run_of([50.0] * 9).swing == 0
    values = [9.0, 8, 7, 6, 5, 7, 4, 6, 5]
    assert run_of([10 * value for value in values]).swing == pytest.approx(run_of(values).swing, rel=1e-5)


def test_each_arm_undoes_one_guideline_and_nothing_else():
    changed = {
        arm: {field.name for field in fields(GUIDED) if getattr(GUIDED, field.name) != getattr(config, field.name)}
        for arm, config in ARMS.items()
    }
    assert changed == {
        "guidelines": set(),
        "beta1 = 0.9": {"betas"},
        "norm everywhere": {"output_norm", "input_norm"},
        "no norm in G": {"generator_norm"},
        "pooling": {"downsampling", "upsampling"},
        "ReLU in D": {"discriminator_activation"},
    }


def test_pooling_has_as_many_weights():
    counts = {
        arm: sum(p.numel() for p in DCGAN(ARMS[arm], (1, dcgan.SIZE, dcgan.SIZE)).parameters())
        for arm in ("guidelines", "pooling")
    }
    assert counts["guidelines"] == counts["pooling"]


def test_real_digits_are_near_themselves_and_grey_ones_far():
    """The distance that decides, on two arms with a known answer."""
    data, real = dcgan._real()
    judge = dcgan.referee("digits")
    some = data.batch(dcgan.COUNT, torch.Generator().manual_seed(0)).image
    near = dcgan.frechet_distance(judge.features(some), real)
    far = dcgan.frechet_distance(judge.features(torch.zeros_like(some) + 0.01 * torch.randn_like(some)), real)
    assert far > 20 * near


@pytest.mark.slow
def test_a_generator_that_never_learns_ends_far_away(monkeypatch):
    """The same experiment with a learning rate of nearly nothing: its distance stays, the guided one's falls."""
    monkeypatch.setitem(ARMS, "asleep", replace(GUIDED, learning_rate=1e-9))
    short = Scale("short", 0.5)
    asleep, awake = dcgan.run(0, short, "asleep"), dcgan.run(0, short, "guidelines")
    assert asleep.swing < 0.05
    assert asleep.end > 1.5 * awake.end
    assert asleep.spread < 0.5 * awake.spread
