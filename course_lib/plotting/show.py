"""Figures and grids in a notebook, as `<img>` elements with alt text.

A figure that matplotlib displays itself has no alt text: the built book would read out a file's name instead.
"""

import io

from IPython.display import HTML, display
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from course_lib.plotting import grids, png, style


def figure(fig: Figure, alt: str, caption: str | None = None) -> None:
    """Display a matplotlib figure with its alt text, and close it.

    alt: what the figure shows and what one should see in it, in a sentence or two.  caption: plain text below it.
    Raises ValueError for an alt text that describes nothing, and for a figure wider than `style.MAX_WIDTH`.
    """
    display(HTML(figure_html(fig, alt, caption)))
    pyplot.close(fig)


def figure_html(fig: Figure, alt: str, caption: str | None = None) -> str:
    """The HTML that `figure` displays: a `<figure class="course-figure">`, the picture inside."""
    img = png.element(rasterise(fig), alt, width=fig.get_figwidth() * style.CSS_PIXELS_PER_INCH)
    return png.figure_element(img, caption)


def grid(images: Tensor, alt: str, columns: int | None = None, *, caption: str | None = None, **options) -> None:
    """Display `grids.image_grid(images, columns, **options)` with its alt text."""
    display(HTML(grids.grid_html(images, alt, columns, caption=caption, **options)))


def rasterise(fig: Figure, dpi: float = style.DPI) -> Image.Image:
    """The figure as an RGB image, at its own size. Raises ValueError where it is wider than `style.MAX_WIDTH`."""
    if fig.get_figwidth() > style.MAX_WIDTH:
        raise ValueError(f"a figure is at most {style.MAX_WIDTH} in wide, got {fig.get_figwidth():g}")
    buffer = io.BytesIO()
    with style.context():
        fig.savefig(buffer, format="png", dpi=dpi, pil_kwargs={"compress_level": 1})
    return Image.open(buffer).convert("RGB")
