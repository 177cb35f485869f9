"""The measures that the claims of the chapter `conditional_gan` rest on, by arms with a known answer."""

import math

import pytest
import torch

from course_lib import data
from course_lib.claims import conditional_gan as chapter
from course_lib.claims.conditional_gan import FACES, LOOKED_AT, diversity, information, spread
from course_lib.claims.statements import QUICK
from course_lib.evaluation.referees import referee
from course_lib.models.conditional_gan import PRESETS


def digits_of(split):
    whole = data.load("digits", split=split, size=16)
    return whole.rows(slice(0, len(whole)))


def test_spread_is_the_mean_distance_of_pairs():
    assert spread(torch.tensor([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])) == pytest.approx((5 + 5 + 10) / 3)
    assert spread(torch.zeros(1, 2)) == 0.0


def test_information_of_what_is_known():
    asked = torch.arange(4).repeat(50)
    assert information(asked, asked, 4) == pytest.approx(2)
    assert information(asked, (asked + 1) % 4, 4) == pytest.approx(2)  # wrong every time, and yet all about y
    assert information(asked, asked // 2, 4) == pytest.approx(1)
    assert information(asked, torch.arange(4).repeat_interleave(50), 4) == pytest.approx(0, abs=0.02)


@pytest.mark.slow
def test_diversity_of_real_images_of_one_image_and_of_nonsense():
    judge, real = referee("digits"), digits_of("train")
    some = real.rows(torch.randperm(len(real.image), generator=torch.Generator().manual_seed(0))[:700])
    assert diversity(judge, some.image, some.label, real.image, real.label) == pytest.approx(1, abs=0.05)
    first = torch.stack([real.image[real.label == k][0] for k in range(10)]).repeat_interleave(20, 0)
    label = torch.arange(10).repeat_interleave(20)
    assert diversity(judge, first, label, real.image, real.label) == pytest.approx(0, abs=1e-3)
    # Images of other classes count for nothing, however diverse they are.
    assert diversity(judge, real.image, (real.label + 1) % 10, real.image, real.label) < 0.2


@pytest.mark.slow
def test_real_digits_pass_every_claim_and_deaf_generators_none(monkeypatch):
    """Whatever D is shown, images of the class that was asked for; without y, images of any class."""
    real = digits_of("train")

    def play(config, source, steps, seed, y):
        torch.manual_seed(seed)
        if config.show_discriminator == "none":
            return real.image[torch.randint(len(real.image), (len(y),))]
        pools = [(real.label == k).nonzero()[:, 0] for k in range(10)]
        return real.image[torch.stack([pools[k][torch.randint(len(pools[k]), ())] for k in y.tolist()])]

    monkeypatch.setattr(chapter, "play", play)
    found = chapter.digits.__wrapped__(0, QUICK)
    for way in ("concat", "embed", "projection"):
        assert found[way]["accuracy"] > 0.95
        assert found[way]["diversity"] == pytest.approx(1, abs=0.05)
        assert found[way]["information"] > 0.9 * math.log2(10)
        assert found[way]["distance"] < 0.3 * found["none"]["distance"]
    assert found["none"]["accuracy"] == pytest.approx(0.1, abs=0.04)
    assert found["none"]["information"] < 0.15
    assert found["real, unseen"]["accuracy"] > 0.9


@pytest.mark.slow
def test_real_faces_agree_as_surely_as_real_faces_and_strangers_do_not(monkeypatch):
    load = data.load
    # Nobody trains here: as few faces are rendered as will do.
    monkeypatch.setattr(data, "load", lambda name, **options: load(name, **options, count=FACES))
    unseen = data.load("avatars", split="test", size=32).rows(slice(0, FACES)).image
    monkeypatch.setattr(chapter, "play", lambda config, source, steps, seed, y: unseen)
    assert chapter.attributes_agree(0, QUICK).value == pytest.approx(1)
    monkeypatch.setattr(chapter, "play", lambda config, source, steps, seed, y: unseen.roll(1, 0))
    assert abs(chapter.attributes_agree(0, QUICK).value) < 0.15


def test_what_is_looked_at_was_asked_for():
    assert set(LOOKED_AT) <= set(PRESETS["avatars"].attributes)
