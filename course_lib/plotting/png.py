"""Images as small PNGs, and as `<img>` elements that carry alt text.

Plots and sample grids hold few colours, so a palette PNG shows the same picture in a third of the bytes.
"""

import base64
import html
import io
import re

import numpy as np
from PIL import Image

_FILE_NAME = re.compile(r"[^\s]+\.(png|jpe?g|gif|svg|pdf|webp|ipynb|py)", re.IGNORECASE)
_PALETTE_SIZES = (32, 64, 128, 256)


def encode(image: Image.Image) -> bytes:
    """PNG bytes of an image: with the smallest palette that looks the same, in full colour where none does.

    A palette looks the same when the mean error is below one grey level of 255 and fewer than one pixel in 200 is
    off by more than 20 in any channel. Grey images (mode L) are stored exactly; transparency becomes white.
    """
    if image.mode != "L":
        image = _flatten(image)
        for size in _PALETTE_SIZES:
            candidate = image.quantize(size, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            if _looks_like(candidate, image):
                image = candidate
                break
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def element(image: Image.Image, alt: str, width: float | None = None, pixelated: bool = False) -> str:
    """`<img>` element with the picture inside it as a data URI.

    alt: what the picture shows, for someone who does not see it.  width: CSS pixels; default the image's own.
    Width and height are stated, so that a page does not jump while it loads; on a narrow screen it shrinks. Its class
    tells the book's theme not to dim it on a dark page.
    Raises ValueError for an alt text that describes nothing.
    """
    alt = check_alt(alt)
    width = image.width if width is None else width
    height = width * image.height / image.width
    style = "max-width:100%;height:auto;" + ("image-rendering:pixelated;" if pixelated else "")
    data = base64.b64encode(encode(image)).decode("ascii")
    return (
        f'<img class="dark-light" alt="{html.escape(alt)}" width="{round(width)}" height="{round(height)}" '
        f'style="{style}" src="data:image/png;base64,{data}">'
    )


def figure_element(img: str, caption: str | None = None) -> str:
    """`<figure class="course-figure">` round an `<img>`; the caption is plain text."""
    figcaption = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="course-figure">{img}{figcaption}</figure>'


def check_alt(alt: str) -> str:
    """The alt text, stripped. Raises ValueError where it is empty, a file name, a repr, or under three words."""
    alt = alt.strip()
    if not alt:
        raise ValueError("alt text is empty: say in a phrase what the picture shows")
    if _FILE_NAME.fullmatch(alt) or alt.startswith("<"):
        raise ValueError(f"alt text {alt!r} is a name, not a description: say in a phrase what the picture shows")
    if len(alt.split()) < 3:
        raise ValueError(f"alt text {alt!r} is too short: say in a phrase what the picture shows")
    return alt


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA"):
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _looks_like(candidate: Image.Image, image: Image.Image) -> bool:
    error = np.abs(np.asarray(candidate.convert("RGB"), dtype=np.int16) - np.asarray(image, dtype=np.int16))
    return bool(error.mean() < 1.0 and (error.max(axis=-1) > 20).mean() < 1 / 200)
