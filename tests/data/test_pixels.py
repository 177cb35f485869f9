"""Pictures of every kind, against what they were made of."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data import pixels


def _file(tmp_path, image, name="picture.png", **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def _quarters(width=8, height=8):
    """Red, green, blue and yellow quarters."""
    array = np.zeros((height, width, 3), np.uint8)
    array[: height // 2, : width // 2] = (255, 0, 0)
    array[: height // 2, width // 2 :] = (0, 255, 0)
    array[height // 2 :, : width // 2] = (0, 0, 255)
    array[height // 2 :, width // 2 :] = (255, 255, 0)
    return Image.fromarray(array)


def test_a_picture_of_the_right_size_is_kept_to_the_bit(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    pixel, before = pixels.decode(_file(tmp_path, Image.fromarray(array)), 8, 3)
    assert before == (8, 8)
    assert pixel.dtype == torch.uint8
    np.testing.assert_array_equal(pixel.permute(1, 2, 0).numpy(), array)


def test_bytes_are_read_like_a_file(tmp_path):
    path = _file(tmp_path, _quarters())
    assert torch.equal(pixels.decode(path.read_bytes(), 8, 3)[0], pixels.decode(path, 8, 3)[0])


@pytest.mark.parametrize(("width", "height"), [(20, 8), (8, 21)])
def test_the_square_in_the_middle_is_taken(tmp_path, width, height):
    array = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    pixel, before = pixels.decode(_file(tmp_path, Image.fromarray(array)), 8, 3)
    assert before == (width, height)
    top, left = (height - 8) // 2, (width - 8) // 2
    np.testing.assert_array_equal(pixel.permute(1, 2, 0).numpy(), array[top : top + 8, left : left + 8])


def test_a_smaller_square_can_be_asked_for(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    pixel, _ = pixels.decode(_file(tmp_path, Image.fromarray(array)), 4, 3, crop=4)
    np.testing.assert_array_equal(pixel.permute(1, 2, 0).numpy(), array[3:7, 4:8])


def test_shrinking_is_antialiased(tmp_path):
    """A chequerboard of single pixels shrinks to grey; picking pixels would keep it black and white."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    pixel, _ = pixels.decode(_file(tmp_path, Image.fromarray(board)), 8, 1)
    assert (pixel.float() - 127.5).abs().max() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("ending", "tolerance"), [("png", 0), ("jpg", 12)])
def test_exif_orientation_is_respected(tmp_path, orientation, ending, tolerance):
    """Stored turned and mirrored so that a viewer that honours the tag shows the upright picture."""
    upright = np.asarray(_quarters(32, 32))
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1), 7: upright.transpose(1, 0, 2)[::-1, ::-1], 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if ending == "jpg" else {}
    path = _file(tmp_path, Image.fromarray(np.ascontiguousarray(stored)), f"turned.{ending}", exif=exif, **options)
    pixel, _ = pixels.decode(path, 32, 3)
    inner = np.zeros((32, 32), bool)
    inner[4:12, 4:12] = inner[4:12, 20:28] = inner[20:28, 4:12] = inner[20:28, 20:28] = True  # away from the edges
    difference = np.abs(pixel.permute(1, 2, 0).numpy().astype(int) - upright)[inner]
    assert difference.max() <= tolerance


def _shade(pixel):
    return pixel[:, 2, 2].tolist()


def test_what_is_transparent_lies_on_white(tmp_path):
    half = Image.new("RGBA", (4, 4), (200, 0, 0, 128))
    red, green, blue = _shade(pixels.decode(_file(tmp_path, half), 4, 3)[0])
    assert abs(red - (200 * 128 + 255 * 127) / 255) <= 1
    assert abs(green - 127) <= 1
    assert green == blue
    grey = Image.new("LA", (4, 4), (40, 0))
    assert _shade(pixels.decode(_file(tmp_path, grey), 4, 3)[0]) == [255, 255, 255]
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    assert _shade(pixels.decode(_file(tmp_path, palette), 4, 3)[0]) == [10, 20, 30]
    assert _shade(pixels.decode(_file(tmp_path, palette, transparency=1), 4, 3)[0]) == [255, 255, 255]


@pytest.mark.parametrize("channels", [1, 3])
def test_deep_grey_is_scaled_to_bytes(tmp_path, channels):
    values = np.array([0, 257, 128 * 257, 65535], np.uint16)
    deep = Image.fromarray(np.tile(values, (4, 1)))
    assert deep.mode == "I;16"
    for ending in ("png", "tif"):
        pixel, _ = pixels.decode(_file(tmp_path, deep, f"deep.{ending}"), 4, channels)
        assert pixel.shape == (channels, 4, 4)
        assert pixel[-1, 0].tolist() == [0, 1, 128, 255]
    wide = Image.fromarray(np.tile(values.astype(np.int32), (4, 1)))
    assert pixels.decode(_file(tmp_path, wide, "wide.tif"), 4, channels)[0][0, 0].tolist() == [0, 1, 128, 255]
    real = Image.fromarray(np.tile(np.array([0, 0.2, 1, np.nan], np.float32), (4, 1)))
    assert pixels.decode(_file(tmp_path, real, "real.tif"), 4, channels)[0][0, 0].tolist()[:3] == [0, 51, 255]


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_cmyk_becomes_rgb(tmp_path, ending):
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    path = _file(tmp_path, cyan, f"cyan.{ending}")
    red, green, blue = _shade(pixels.decode(path, 16, 3)[0])
    assert red < 12
    assert min(green, blue) > 243
    [grey] = _shade(pixels.decode(path, 16, 1)[0])
    assert abs(grey - (0.587 + 0.114) * 255) < 12


def test_of_an_animation_the_first_frame_counts(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue", "lime")]
    path = _file(tmp_path, frames[0], "moving.gif", save_all=True, append_images=frames[1:])
    assert _shade(pixels.decode(path, 4, 3)[0]) == [255, 0, 0]


def test_black_and_white_and_grey(tmp_path):
    bits = Image.fromarray(np.tile(np.array([False, True, True, False]), (4, 1)))
    assert bits.mode == "1"
    assert pixels.decode(_file(tmp_path, bits), 4, 1)[0][0, 0].tolist() == [0, 255, 255, 0]
    green = Image.new("RGB", (4, 4), (0, 255, 0))
    assert _shade(pixels.decode(_file(tmp_path, green), 4, 1)[0]) == [150]  # 0.587 * 255
    grey = Image.new("L", (4, 4), 77)
    assert _shade(pixels.decode(_file(tmp_path, grey), 4, 3)[0]) == [77, 77, 77]


def test_a_large_jpeg_is_decoded_at_a_fraction_to_much_the_same(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    large = Image.fromarray(noise).resize((768, 768), Image.Resampling.BICUBIC)
    quick, before = pixels.decode(_file(tmp_path, large, "large.jpg", quality=95), 32, 3)
    whole, _ = pixels.decode(_file(tmp_path, large, "large.png"), 32, 3)
    assert before == (768, 768)
    assert (quick.float() - whole.float()).abs().mean() < 3


def test_each_keeps_the_order_and_refuses_bombs(monkeypatch):
    assert list(pixels.each(lambda i: i * i, range(200))) == [i * i for i in range(200)]
    buffer = io.BytesIO()
    Image.new("L", (30, 30)).save(buffer, "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 899)  # a warning in Pillow up to twice as many
    with pytest.raises(Image.DecompressionBombWarning):
        list(pixels.each(lambda file: pixels.decode(file, 8, 1), [buffer.getvalue()]))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 449)
    with pytest.raises(Image.DecompressionBombError):
        list(pixels.each(lambda file: pixels.decode(file, 8, 1), [buffer.getvalue()]))
