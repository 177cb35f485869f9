"""A folder of one's own images: what is read, what is refused, and where each lands."""

import itertools
import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data
from course_lib.data import folder
from course_lib.errors import CourseWarning


@pytest.fixture
def album(tmp_path):
    """Forty pictures, picture i in the grey i * 6, half of them in cats/ and half in dogs/old/."""
    root = tmp_path / "album"
    for i in range(40):
        place = root / ("cats" if i % 2 else "dogs/old")
        place.mkdir(parents=True, exist_ok=True)
        kind = ("png", "jpg", "webp", "bmp", "tiff", "GIF")[i % 6]
        Image.new("RGB", (10 + i % 3, 12), (i * 6,) * 3).save(place / f"{i}.{kind}")
    return root


def _numbers(found):
    """Which pictures these are, by their grey."""
    return [round(value / 6) for value in found.images.float().mean((1, 2, 3)).tolist()]


def test_every_picture_is_in_one_split(album):
    splits = {split: data.load("folder", path=album, split=split, size=8) for split in data.SPLITS}
    numbers = {split: _numbers(found) for split, found in splits.items()}
    assert sorted(itertools.chain(*numbers.values())) == list(range(40))
    assert len(numbers["train"]) > 25
    for found in splits.values():
        assert found.shape == (3, 8, 8)
        assert found.classes == ("cats", "dogs")
    for number, label in zip(numbers["train"], splits["train"].labels.tolist(), strict=True):
        assert label == (0 if number % 2 else 1)


def test_about_a_tenth_each_is_held_out():
    splits = [folder._split_of(f"some/picture-{i}.jpg") for i in range(20_000)]
    shares = np.bincount(splits) / 20_000
    np.testing.assert_allclose(shares, (0.8, 0.1, 0.1), atol=0.008)


def test_pictures_stay_in_their_split_when_others_come_and_go(album):
    before = {split: _numbers(data.load("folder", path=album, split=split, size=8)) for split in data.SPLITS}
    for name in ("cats/1.jpg", "cats/5.GIF", "dogs/old/2.webp"):
        (album / name).unlink()
    Image.new("RGB", (9, 9), (40 * 6,) * 3).save(album / "cats" / "new.png")
    for split in data.SPLITS:
        after = _numbers(data.load("folder", path=album, split=split, size=8))
        assert [n for n in before[split] if n not in (1, 5, 2)] == [n for n in after if n != 40]


def test_it_is_decoded_once_until_something_changes(album, monkeypatch):
    first = data.load("folder", path=album, size=8)
    moved = shutil.move(album, album.with_name("moved"))
    decoded = []
    decode = folder.pixels.decode
    monkeypatch.setattr(folder.pixels, "decode", lambda *args: decoded.append(args) or decode(*args))
    again = data.load("folder", path=moved, size=8)
    assert torch.equal(first.images, again.images)
    assert decoded == []
    data.load("folder", path=moved, size=8, channels=1)
    assert len(decoded) == 40
    os.utime(moved / "cats" / "1.jpg", (1, 1))
    data.load("folder", path=moved, size=8)
    assert len(decoded) == 80


def test_grey_and_without_labels(tmp_path):
    for i in range(30):
        Image.new("RGB", (6, 6), (0, 255, 0)).save(tmp_path / f"{i}.png")
    (tmp_path / "sub").mkdir()
    Image.new("RGB", (6, 6), (0, 255, 0)).save(tmp_path / "sub" / "a.png")
    found = data.load("folder", path=str(tmp_path), size=6, channels=1)
    assert found.shape == (1, 6, 6)
    assert found.images.unique().tolist() == [150]
    assert found.labels is None
    assert found.classes == ()


def _spoil(album):
    broken = (album / "cats" / "1.jpg").read_bytes()
    (album / "cats" / "1.jpg").write_bytes(broken[: len(broken) // 2])  # torn
    (album / "cats" / "3.bmp").write_text("not a picture")
    (album / "dogs" / "old" / "0.png").write_bytes(b"")
    tangled = bytearray((album / "dogs" / "old" / "6.png").read_bytes())
    tangled[40:60] = b"?" * 20
    (album / "dogs" / "old" / "6.png").write_bytes(tangled)
    return (1, 3, 0, 6)


def test_what_cannot_be_read_is_left_out_by_name(album):
    spoilt = _spoil(album)
    numbers = []
    for split in data.SPLITS:  # said every time, from the cache too
        with pytest.warns(CourseWarning, match=r"4 of 40 pictures in .*album cannot be read: .* and 1 more: left out"):
            numbers += _numbers(data.load("folder", path=album, split=split, size=8))
    assert sorted(numbers) == [i for i in range(40) if i not in spoilt]


def test_what_cannot_be_read_can_be_refused(album):
    _spoil(album)
    with pytest.raises(
        ValueError, match=r"4 of 40 pictures .*cannot be read: (cats/|dogs/old/)\d+\.\w+, .*corrupt=skip"
    ):
        data.load("folder", path=album, size=8, corrupt="refuse")


def test_names_of_a_few_are_all_given(album):
    (album / "cats" / "3.bmp").write_text("not a picture")
    with pytest.warns(CourseWarning, match=r"1 of 40 pictures in .*album cannot be read: cats/3.bmp: left out"):
        data.load("folder", path=album, size=8)


def test_a_decompression_bomb_is_left_out(album, monkeypatch):
    Image.new("L", (60, 60)).save(album / "cats" / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)
    with pytest.warns(CourseWarning, match=r"1 of 41 .*cats/bomb.png"):
        data.load("folder", path=album, size=8)


def test_other_and_hidden_files_are_passed_over(album):
    (album / "notes.txt").write_text("cats are kept in cats/")
    (album / "cats" / "._1.jpg").write_text("what a Mac leaves behind")
    (album / ".thumbnails").mkdir()
    Image.new("L", (5, 5)).save(album / ".thumbnails" / "1.png")
    found = data.load("folder", path=album, size=8)
    assert found.classes == ("cats", "dogs")


def _with(path, name):
    path.mkdir()
    (path / name).write_text("not a picture")


@pytest.mark.parametrize(
    ("prepare", "options", "message"),
    [
        (lambda path: None, {}, r"there is no folder .*album: name the one with your images, as path=FOLDER"),
        (lambda path: path.write_text(""), {}, "there is no folder"),
        (lambda path: path.mkdir(), {}, "no picture in .*album: of its 0 files none"),
        (lambda path: _with(path, "a.txt"), {}, "of its 1 files none has a picture's ending"),
        (lambda path: _with(path, "a.png"), {}, r"nothing readable in .*: 1 of 1 .*: a\.png"),
        (lambda path: (path.mkdir(), Image.new("L", (4, 4)).save(path / "a.png")), {"split": "test"},
         r"none of the 1 images in .* falls in the test split"),
        (lambda path: None, {"corrupt": "skipp"}, "did you mean skip"),
        (lambda path: None, {"size": 1}, "size must be a whole number from 2 to 1024"),
        (lambda path: None, {"channels": 4}, "3 channels .* or 1"),
    ],
)  # fmt: skip
def test_a_folder_with_nothing_in_it_is_refused(tmp_path, prepare, options, message):
    prepare(tmp_path / "album")
    with pytest.raises(ValueError, match=message):
        data.load("folder", path=tmp_path / "album", **options)
