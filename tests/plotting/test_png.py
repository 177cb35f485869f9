import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from course_lib.plotting import png


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def attributes(markup: str) -> dict[str, str]:
    found = {}

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag == "img":
                found.update(attrs)

    Parser().feed(markup)
    return found


def test_grey_images_are_exact():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(np.asarray(decoded(png.encode(Image.fromarray(levels)))), levels)


def test_few_colours_become_an_exact_palette():
    colours = np.array([[255, 0, 0], [0, 104, 168], [255, 255, 255]], dtype=np.uint8)
    picture = colours[np.arange(300).reshape(15, 20) % 3]
    result = decoded(png.encode(Image.fromarray(picture)))
    assert result.mode == "P"
    assert np.array_equal(np.asarray(result.convert("RGB")), picture)


def test_many_colours_keep_full_colour():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    result = decoded(png.encode(Image.fromarray(noise)))
    assert result.mode == "RGB"
    assert np.array_equal(np.asarray(result), noise)


def test_transparency_becomes_white():
    result = decoded(png.encode(Image.new("RGBA", (4, 4), (0, 0, 0, 0)))).convert("RGB")
    assert np.asarray(result).min() == 255


def test_element_holds_the_picture_its_alt_text_and_its_size():
    image = Image.new("RGB", (300, 150), "#0068A8")
    found = attributes(png.element(image, 'p < q & "so on" here', width=100))
    assert found["alt"] == 'p < q & "so on" here'
    assert (found["width"], found["height"]) == ("100", "50")
    assert "max-width:100%" in found["style"]
    data = base64.b64decode(re.fullmatch(r"data:image/png;base64,(.*)", found["src"])[1])
    assert decoded(data).size == (300, 150)


@pytest.mark.parametrize("alt", ["", "  ", "loss.png", "img/fig-1.SVG", "<Figure size 640x480>", "the loss"])
def test_alt_text_must_describe(alt):
    with pytest.raises(ValueError, match="say in a phrase what the picture shows"):
        png.element(Image.new("L", (2, 2)), alt)


def test_captions_are_text():
    assert "<figcaption>a &lt; b</figcaption>" in png.figure_element("<img>", "a < b")
