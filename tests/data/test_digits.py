"""Digits against scikit-learn's own arrays, and the splits against their stated rule."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from course_lib import data
from course_lib.data import digits
from course_lib.data.sets import to_float, to_uint8

BUNDLE = load_digits()


def _indices(split: str) -> list[int]:
    """The stated rule, by a loop: within each class every tenth example is for test, the one before for validation."""
    seen, chosen = [0] * 10, []
    for i, label in enumerate(BUNDLE.target):
        place = seen[label] % 10
        seen[label] += 1
        if split == {8: "validation", 9: "test"}.get(place, "train"):
            chosen.append(i)
    return chosen


@pytest.mark.parametrize("split", digits.SPLITS)
def test_images_are_the_bundled_ones_of_the_split(split):
    found, rows = digits.load(split), _indices(split)
    assert found.images.dtype == torch.uint8
    assert found.images.shape == (len(rows), 1, 8, 8)
    expected = np.floor(BUNDLE.images[rows] * 255 / 16 + 0.5)
    np.testing.assert_array_equal(found.images[:, 0].numpy(), expected)
    np.testing.assert_array_equal(found.labels.numpy(), BUNDLE.target[rows])


def test_the_seventeen_levels_come_back():
    images = digits.load().images
    assert len(images.unique()) == 17
    levels = (images[:, 0].double() * 16 / 255).round()
    np.testing.assert_array_equal(levels.numpy(), BUNDLE.images[_indices("train")])


def test_splits_are_disjoint_cover_everything_and_are_stratified():
    parts = [_indices(split) for split in digits.SPLITS]
    assert sorted(itertools.chain(*parts)) == list(range(1797))
    assert [len(digits.load(split)) for split in digits.SPLITS] == [len(part) for part in parts]
    for split, share in zip(digits.SPLITS, (0.8, 0.1, 0.1), strict=True):
        counts = digits.load(split).labels.bincount(minlength=10)
        whole = torch.from_numpy(BUNDLE.target).bincount(minlength=10)
        assert (counts - share * whole).abs().max() < 2


@pytest.mark.parametrize("size", [16, 28, 32])
def test_growing_is_bilinear(size):
    grown = digits.load("validation", size).images[:5, 0].double()
    original = digits.load("validation").images[:5, 0].double()
    centres = (np.arange(size) + 0.5) * 8 / size - 0.5  # of the new pixels, in old ones
    low = np.clip(np.floor(centres), 0, 7).astype(int)
    high = np.clip(np.floor(centres) + 1, 0, 7).astype(int)
    weight = torch.from_numpy(centres - np.floor(centres))
    rows = original[:, low] * (1 - weight)[:, None] + original[:, high] * weight[:, None]
    expected = rows[:, :, low] * (1 - weight) + rows[:, :, high] * weight
    assert (grown - expected).abs().max() <= 0.5 + 1e-3  # rounded to a byte


@pytest.mark.parametrize("size", [4, 5])
def test_shrinking_is_antialiased(size):
    original = digits.load("validation").images[:20, 0].float().numpy()
    # Pillow widens its filter too when it shrinks an image
    expected = [
        np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)) for image in original
    ]
    found = digits.load("validation", size).images[:20, 0].numpy()
    assert np.abs(found - np.stack(expected)).max() <= 0.5 + 1e-3


def test_a_batch_is_real_images_in_range_with_their_labels():
    found = digits.load("validation")
    batch = found.batch(50, torch.Generator().manual_seed(3))
    assert batch.image.shape == (50, 1, 8, 8)
    assert batch.image.dtype == torch.float32
    assert batch.image.min() == -1
    assert batch.image.max() == 1
    for image, label in zip(to_uint8(batch.image), batch.label, strict=True):
        assert label in found.labels[(found.images == image).flatten(1).all(1)]
    again = found.batch(50, torch.Generator().manual_seed(3))
    assert torch.equal(batch.image, again.image)


def test_bytes_survive_the_way_to_float_and_back():
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(to_float(levels)), levels)
    assert torch.equal(to_uint8(torch.tensor([-3.0, 3.0])), torch.tensor([0, 255], dtype=torch.uint8))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("digit", {}, "unknown data set 'digit': did you mean digits"),
        ("imagenet", {}, "there are: .*digits, .*ring"),
        ("digits", {"split": "trian"}, "did you mean train"),
        ("digits", {"size": 3}, "from 4 to 256"),
        ("digits", {"size": "big"}, "from 4 to 256"),
        ("digits", {"width": 8}, "'width'"),
    ],
)
def test_what_does_not_exist_is_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        data.load(name, **options)
