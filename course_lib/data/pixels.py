"""From a picture file of any kind to the square of bytes that a model learns from."""

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from PIL import Image


def decode(file: Path | bytes, size: int, channels: int, crop: int | None = None) -> tuple[Tensor, tuple[int, int]]:
    """A picture in any format that Pillow reads -> uint8 [channels, size, size], and the (width, height) it had.

    It is turned as its EXIF orientation says; what is transparent lies on white; of an animation it is the first frame;
    16-bit and other deep grey is scaled to bytes, and everything else converted to RGB or, for one channel, to luma
    (ITU-R BT.601). Then the square in the middle, `crop` pixels wide or as wide as fits, is cut out, and resampled with
    a bicubic filter, antialiased where it shrinks.

    Raises whatever Pillow raises for a file that it cannot read.
    """
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
        before = image.size
        if crop is None:
            image.draft(None, (2 * size, 2 * size))  # a JPEG far larger than that is decoded at a fraction of its size
        image = _eight_bits(ImageOps.exif_transpose(image))
    side = min(image.size) if crop is None else crop
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.convert("L" if channels == 1 else "RGB").crop((left, top, left + side, top + side))
    if side != size:
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(image)).view(size, size, channels)
    return pixels.permute(2, 0, 1).contiguous(), before


def _eight_bits(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        if image.mode != "F":  # 16-bit grey, in 16 bits or in 32
            values = values / 257 if image.mode != "I" or values.max() > 255 else values
        elif values.max() <= 1:
            values = values * 255
        return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image


def each(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """function(item) for every item, in order, on several threads (Pillow lets go of the interpreter as it decodes).

    A picture so large that decoding it could exhaust memory raises Pillow's DecompressionBombError or -Warning.
    """
    from PIL import Image

    items = iter(items)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        while some := list(islice(items, 64)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # EXIF and palettes that are not quite as they should be
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                results = list(pool.map(function, some))
            yield from results
