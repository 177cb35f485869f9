"""Samples side by side. Needs no matplotlib, so that the training loop can save grids as it runs."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from course_lib.files import write_whole
from course_lib.plotting import png

_CELL = 40  # pixels: small images are enlarged to about this side
_GAP = 2  # pixels between cells
_GAP_LEVEL = 160  # mid-grey, so that neither black nor white images run together
_FONT_SIZE = 13  # pixels
_TOLERANCE = 1e-3  # bfloat16's tanh may end a little beyond 1


def image_grid(
    images: Tensor,
    columns: int | None = None,
    *,
    scale: int | None = None,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
) -> Image.Image:
    """Lay images out in rows, read left to right and top to bottom.

    images: float [N, C, H, W] in [-1, 1], C = 1 or 3; or [R, C', C, H, W], a row for each step or condition.
    columns: images in a row; by default a grid about as wide as high.
    scale: each pixel becomes scale x scale pixels (nearest neighbour); by default small images grow to about 40 pixels.
    row_labels, column_labels: text beside each row, above each column.
    Returns a PIL image of mode L or RGB.
    Raises ValueError for another shape, non-finite values or values outside [-1, 1]: clamp first if a model's outputs
    are unbounded.
    """
    images, columns = _as_batch(images, columns)
    count, channels, height, width = images.shape
    rows = math.ceil(count / columns)
    scale = scale or max(1, round(_CELL / max(height, width)))
    for labels, expected, name in ((row_labels, rows, "row"), (column_labels, columns, "column")):
        if labels is not None and len(labels) != expected:
            raise ValueError(f"{len(labels)} {name} labels for {expected} {name}s")

    levels = ((images.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()
    cell_height, cell_width = height * scale + _GAP, width * scale + _GAP
    canvas = np.full((rows * cell_height + _GAP, columns * cell_width + _GAP, channels), _GAP_LEVEL, dtype=np.uint8)
    for i, level in enumerate(levels):
        top, left = (i // columns) * cell_height + _GAP, (i % columns) * cell_width + _GAP
        enlarged = level.transpose(1, 2, 0).repeat(scale, axis=0).repeat(scale, axis=1)
        canvas[top : top + height * scale, left : left + width * scale] = enlarged
    empty = rows * columns - count
    if empty:  # an incomplete last row ends in paper, not in grey images
        canvas[(rows - 1) * cell_height + _GAP :, (columns - empty) * cell_width + _GAP :] = 255
    grid = Image.fromarray(canvas[..., 0] if channels == 1 else canvas)
    if row_labels or column_labels:
        grid = _with_labels(grid, row_labels or (), column_labels or (), cell_height, cell_width)
    return grid


def save_grid(images: Tensor, path: Path | str, columns: int | None = None, **options) -> Path:
    """Write `image_grid(images, columns, **options)` as a PNG; a killed run leaves the old file or the new one.

    Returns the path. Raises what `image_grid` raises, and OSError.
    """
    path = Path(path)
    write_whole(path, png.encode(image_grid(images, columns, **options)))
    return path


def grid_html(images: Tensor, alt: str, columns: int | None = None, *, caption: str | None = None, **options) -> str:
    """HTML `<figure>` of `image_grid(images, columns, **options)`, with its alt text and perhaps a caption."""
    grid = image_grid(images, columns, **options)
    return png.figure_element(png.element(grid, alt, pixelated=True), caption)


def _as_batch(images: Tensor, columns: int | None) -> tuple[Tensor, int]:
    """[N, C, H, W] and the number of columns, checked."""
    if images.ndim == 5:
        if columns is not None and columns != images.shape[1]:
            raise ValueError(f"images {list(images.shape)} have {images.shape[1]} columns already, not {columns}")
        columns = images.shape[1]
        images = images.flatten(0, 1)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.numel() == 0:
        raise ValueError(f"expected images [N, 1 or 3, H, W], got {list(images.shape)}")
    if not images.is_floating_point():
        raise ValueError(f"expected float images in [-1, 1], got {images.dtype}")
    images = images.detach().float()
    low, high = (bound.item() for bound in images.aminmax())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("images hold values that are not finite")
    if low < -1 - _TOLERANCE or high > 1 + _TOLERANCE:
        raise ValueError(f"expected images in [-1, 1], got [{low:.4g}, {high:.4g}]")
    columns = math.ceil(math.sqrt(len(images))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    return images, min(columns, len(images))


def _with_labels(
    grid: Image.Image, rows: Sequence[str], columns: Sequence[str], cell_height: int, cell_width: int
) -> Image.Image:
    """The grid with text to the left of its rows and above its columns, on white."""
    font = ImageFont.load_default(size=_FONT_SIZE)
    left = math.ceil(max((font.getlength(text) for text in rows), default=-10)) + 10
    top = _FONT_SIZE + 8 if columns else 0
    overhang = [(i + 0.5) * cell_width + font.getlength(text) / 2 - grid.width for i, text in enumerate(columns)]
    right = max(0, math.ceil(max(overhang, default=0)))
    page = Image.new(grid.mode, (left + grid.width + right, top + grid.height), "white")
    page.paste(grid, (left, top))
    draw = ImageDraw.Draw(page)
    for i, text in enumerate(rows):
        draw.text((left - 8, top + _GAP / 2 + (i + 0.5) * cell_height), text, fill="black", font=font, anchor="rm")
    for i, text in enumerate(columns):
        draw.text((left + _GAP / 2 + (i + 0.5) * cell_width, top - 6), text, fill="black", font=font, anchor="mb")
    return page
