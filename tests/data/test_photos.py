"""Patches against the photographs that they are cut from."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import load_sample_image

from course_lib import data
from course_lib.data import photos
from course_lib.data.sets import to_uint8


def _seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def numbered(monkeypatch):
    """Photographs whose pixels say where they are: red the column / 4, green the column % 4, blue the row / 2."""
    rows, columns = np.mgrid[:427, :640]
    pixels = torch.from_numpy(np.stack([columns // 4, columns % 4, rows // 2]).astype(np.uint8))
    monkeypatch.setattr(photos, "_photographs", lambda: torch.stack([pixels, pixels]))


def _columns(patches):
    return patches[:, 0].int() * 4 + patches[:, 1].int()


@pytest.mark.usefixtures("numbered")
@pytest.mark.parametrize("size", [2, 32, 128])
def test_no_pixel_is_in_two_splits(size):
    seen = {}
    for split in data.SPLITS:
        patches = data.load("photos", split=split, size=size, count=800).images
        seen[split] = set(_columns(patches[:, :, 0]).unique().tolist())
    assert not seen["train"] & seen["validation"]
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & seen["test"]
    if size == 32:
        assert seen["train"] | seen["validation"] | seen["test"] == set(range(640))


@pytest.mark.usefixtures("numbered")
def test_every_place_is_as_likely():
    patches = data.load("photos", size=27, count=8000).images
    left = _columns(patches)[:, 0, 0]
    assert left.max() == 384 - 27
    assert stats.kstest(left.numpy() + 0.5, stats.uniform(0, 384 - 27 + 1).cdf).pvalue > 0.01
    top = patches[:, 2, 0, 0].int() * 2
    assert top.max() == 400
    assert stats.kstest(top.numpy() + 1, stats.uniform(0, 402).cdf).pvalue > 0.01


def test_patches_are_pieces_of_their_photograph():
    batch = data.load("photos", size=24).batch(12, _seeded())
    for patch, label in zip(to_uint8(batch.image), batch.label, strict=True):
        photograph = load_sample_image(f"{('china', 'flower')[label]}.jpg")
        windows = np.lib.stride_tricks.sliding_window_view(photograph, (24, 24), axis=(0, 1))
        corners = np.argwhere((windows[..., 0, 0] == patch[:, 0, 0].numpy()).all(-1))
        assert any(np.array_equal(windows[y, x], patch.numpy()) for y, x in corners)


def test_grey_is_luma():
    colour, grey = (
        to_uint8(data.load("photos", channels=channels).batch(20, _seeded()).image).double() for channels in (3, 1)
    )
    luma = 0.299 * colour[:, 0] + 0.587 * colour[:, 1] + 0.114 * colour[:, 2]
    assert (grey[:, 0] - luma).abs().max() <= 0.5 + 1e-3
