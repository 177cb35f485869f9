"""Scenes against the same composition by loops over the boxes that they report."""

import pytest
import torch
from scipy import stats

from course_lib import data
from course_lib.data import digits
from course_lib.data.sets import to_uint8


def _seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def _candidates(split, label, size=28):
    found = digits.load(split, size)
    return found.images[found.labels == label, 0].int()


@pytest.mark.parametrize("split", data.SPLITS)
def test_two_digits_are_digits_of_the_split_added_and_clipped(split):
    batch = data.load("two_digits", split=split).batch(8, _seeded())
    assert batch.views["digits"].shape == (8, 2)
    for image, labels, boxes in zip(to_uint8(batch.image), batch.views["digits"], batch.views["boxes"], strict=True):
        (left1, top1, right1, bottom1), (left2, top2, right2, bottom2) = boxes.tolist()
        assert (right1 - left1, bottom1 - top1, right2 - left2, bottom2 - top2) == (28, 28, 28, 28)
        found = False
        for first in _candidates(split, labels[0]):
            alone = torch.zeros(60, 60, dtype=torch.int32)
            alone[top1:bottom1, left1:right1] = first
            if (alone.clamp(max=255) > image[0]).any():
                continue  # adding cannot darken
            for second in _candidates(split, labels[1]):
                both = alone.clone()
                both[top2:bottom2, left2:right2] += second
                found = found or torch.equal(both.clamp(max=255).to(torch.uint8), image[0])
        assert found


def test_cluttered_digits_are_the_digit_and_fragments():
    plain = data.load("cluttered_digits", clutter=0).batch(40, _seeded())
    for image, label, [box] in zip(to_uint8(plain.image), plain.label, plain.views["boxes"].tolist(), strict=True):
        left, top, right, bottom = box
        inside = image[0, top:bottom, left:right].int()
        assert (_candidates("train", label) == inside).flatten(1).all(1).any()
        assert inside.sum() == image.int().sum()  # black all around


def test_fragments_are_cut_from_digits():
    """Digits of one grey value each, so that a fragment shows whose it is; one fragment a scene, the digit is black."""
    from functools import partial

    from course_lib.data.scenes import _compose

    parts = {
        "images": torch.arange(1, 6, dtype=torch.uint8)[:, None, None].repeat(1, 12, 12),
        "labels": torch.arange(5),
    }
    parts["images"][:, 0] = parts["images"][:, -1] = 0  # rows at the edge are empty
    compose = partial(_compose, size=30, digits=1, clutter=1, clutter_size=4)
    shades = set()
    for seed in range(40):
        made = compose(parts, 1, _seeded(seed))
        left, top, right, bottom = made.views["boxes"][0, 0].tolist()
        image = made.image[0, 0].clone()
        image[top + 1 : bottom - 1, left:right] -= made.label.to(torch.uint8) + 1  # leaves the fragment alone
        rows, columns = image.nonzero(as_tuple=True)
        assert len(columns.unique()) == 4
        assert len(rows.unique()) in (3, 4)  # three where it was cut from the edge
        shades.update(image[image > 0].tolist())
    assert shades == {1, 2, 3, 4, 5}


def test_eight_fragments_have_the_ink_of_eight_fragments():
    """The ink that clutter adds, on average, is eight times that of a random 8x8 piece of a digit, less what is lost
    where things overlap: that can only take away."""
    images = digits.load("train", 28).images.double()
    cuts = torch.stack([images[:, 0, y : y + 8, x : x + 8].sum((1, 2)).mean() for y in range(21) for x in range(21)])
    scenes = data.load("cluttered_digits").batch(600, _seeded())
    ink = to_uint8(scenes.image).double().sum((1, 2, 3)).mean() - images.sum((1, 2, 3)).mean()
    assert 0.85 < ink / (8 * cuts.mean()) < 1.05


def test_every_place_is_as_likely():
    boxes = data.load("two_digits").batch(6000, _seeded()).views["boxes"]
    for side in (0, 1):
        counts = boxes[..., side].flatten().bincount(minlength=33)
        assert len(counts) == 33  # 60 - 28 + 1
        assert stats.chisquare(counts.numpy()).pvalue > 0.01


def test_overlaps_are_cut_off_at_white():
    full = data.load("two_digits", size=28, count=50)  # both digits at the same place
    assert full.images.max() == 255
    for image, labels in zip(full.images[:5, 0], full.views["digits"][:5], strict=True):
        firsts, seconds = (_candidates("train", label).to(torch.int16) for label in labels)
        assert any((first + seconds).clamp(max=255).eq(image).flatten(1).all(1).any() for first in firsts)


def test_sizes_and_counts_are_as_asked():
    found = data.load("cluttered_digits", split="test", size=40, digit_size=16, clutter=3, clutter_size=5, count=7)
    assert found.images.shape == (7, 1, 40, 40)
    assert len(data.load("two_digits", split="validation")) == 1000
    boxes = found.views["boxes"]
    assert (boxes[..., 2:] - boxes[..., :2] == 16).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_scenes_are_composed_on_the_device():
    for name in ("two_digits", "cluttered_digits", "photos"):
        found = data.load(name).to("cuda")
        batches = [found.batch(64, torch.Generator("cuda").manual_seed(0)) for _ in range(2)]
        assert batches[0].image.device.type == "cuda"
        assert torch.equal(batches[0].image, batches[1].image)
