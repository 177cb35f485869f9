"""The measures that the claims of the chapter `laplacian_gan` rest on, by arms with a known answer."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from course_lib.claims import laplacian_gan as chapter
from course_lib.claims.laplacian_gan import FEW, LONG, SHORT, SINGLE, faces, nearest, nearness
from course_lib.claims.statements import QUICK
from course_lib.data.sets import to_float
from course_lib.layers import pyramid
from course_lib.models.laplacian_gan import LAPGAN


def test_nearest_is_the_median_of_the_smallest_distances():
    known = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    samples = torch.tensor([[1.0, 0.0], [0.0, 3.0], [10.0, 2.0]])  # at distances 1, 3 and 2
    assert nearest(samples, known) == pytest.approx(2.0)


def test_nearness_of_copies_strangers_and_the_other_set():
    random = torch.Generator().manual_seed(0)
    train, held_out, fresh = (torch.randn(n, 3, 4, 4, generator=random) for n in (50, 80, 2000))
    assert nearness(train, train, held_out) < 1e-3
    assert nearness(held_out[:50] + 1e-3, train, held_out) > 100
    # Strangers to both: 1 up to chance. Only as many held-out ones count as there are training images.
    assert nearness(fresh, train, held_out) == pytest.approx(1, abs=0.05)
    assert nearness(fresh, train, held_out) == nearness(fresh, train, held_out[:50])


def test_the_two_models_have_as_many_weights():
    def count(module):
        return sum(parameter.numel() for parameter in module.parameters())

    pyramids, single = LAPGAN(SHORT, (3, 8, 8)), LAPGAN(SINGLE, (3, 8, 8))
    assert len(single.generators) == 1
    assert count(pyramids.generators) == pytest.approx(count(single.generators), rel=0.05)
    assert count(pyramids.discriminators) == pytest.approx(count(single.discriminators), rel=0.05)


@pytest.mark.slow
def test_faces_of_a_seed_are_the_same_and_others_with_another():
    first, again, other = (faces("train", 8, FEW, seed).images for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert first.shape == (FEW, 3, 8, 8)
    assert not torch.equal(first, other)


class Copies(nn.Module):
    """A coarsest generator that knows its training images by heart."""

    def __init__(self, images):
        super().__init__()
        self.images = images

    def forward(self, z, low, label):
        return self.images[torch.arange(len(z)) % len(self.images)]


class Truth(nn.Module):
    """A generator that puts a real difference back: the one of the image whose low-pass it is shown."""

    def __init__(self, residual, low):
        super().__init__()
        self.residual, self.low = residual, low

    def forward(self, z, low, label):
        return self.residual[torch.cdist(low.flatten(1), self.low.flatten(1)).argmin(1)]


@pytest.mark.slow
def test_a_model_that_copies_is_found_out(monkeypatch):
    def train(config, data, length, seed):
        model, images = LAPGAN(config, data.shape), to_float(data.images)
        *_, coarse = pyramid.gaussian_pyramid(images, config.levels)
        parts = [Copies(coarse)]
        if config.levels:
            parts.insert(0, Truth(*model.pair(images, 0)))
        model.generators = nn.ModuleList(parts)
        return model

    monkeypatch.setattr(chapter, "train", train)
    found = chapter.memory.__wrapped__(0, QUICK)
    for arm in ("pyramid", "one GAN", "pyramid, coarsest level"):
        assert found[arm] < 1e-3
    assert found["held-out images"] == pytest.approx(1, abs=0.15)


@pytest.mark.slow
def test_a_chain_whose_levels_know_the_truth_loses_nothing(monkeypatch):
    def train(config, data, length, seed):
        """Perfect upper levels for the very images that the claim begins with; the coarsest draws grey."""
        model = LAPGAN(config, data.shape)
        known = to_float(faces("test", 16, 1000, seed).images)[:500]
        fine = [Truth(*model.pair(known, k)) for k in range(2)]
        model.generators = nn.ModuleList([*fine, Copies(torch.zeros(1, 3, 4, 4))])
        return model

    monkeypatch.setattr(chapter, "train", train)
    found = chapter.chains.__wrapped__(0, QUICK)
    assert found["I_1 real"] == pytest.approx(found["held-out images"], rel=1e-3)
    assert found["I_2 real"] == pytest.approx(found["held-out images"], rel=1e-3)
    assert found["band, I_1 real"] == pytest.approx(found["band, held-out images"], rel=1e-3)
    assert found["nothing real"] > 2 * found["held-out images"]


def test_the_configurations_are_of_one_family():
    assert replace(LONG, levels=1) == SHORT
    assert (SINGLE.levels, SINGLE.learning_rate, SINGLE.batch_size) == (0, SHORT.learning_rate, SHORT.batch_size)
