"""One style for every figure of the course: quiet axes, direct labels, colours named by what they mean.

The colours are Okabe and Ito's colour-blind safe ones (https://jfly.uni-koeln.de/color), darkened until text drawn in
them reads on white (contrast of at least 4.5 to 1). Paper stays white: on a dark page a figure lies on a light card.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
from matplotlib.figure import Figure

DATA = "#0068A8"  # the data and its density: blue
MODEL = "#B84A00"  # the model, its samples and its density: vermilion
DISCRIMINATOR = "#00775A"  # a discriminator, a critic, a classifier: green
ACCENT = "#9C3D7A"  # what a figure is about, where it is none of these: purple
MUTED = "#6B7280"  # guides, thresholds, what is there for comparison: grey
INK = "#1F2937"  # text and axes
SEQUENTIAL = "cividis"  # colour map for amounts

CYCLE = (DATA, MODEL, DISCRIMINATOR, ACCENT, MUTED)

MAX_WIDTH = 7.0  # inches; a wider figure has unreadable text on a phone
DPI = 160
CSS_PIXELS_PER_INCH = 100

RC = {
    "figure.figsize": (6.0, 3.4),
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same picture on every machine
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.prop_cycle": matplotlib.cycler(color=CYCLE),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "lines.markersize": 5,
    "image.cmap": SEQUENTIAL,
    "axes.axisbelow": True,
}


def use() -> None:
    """Make the course's style the default of this process; a notebook calls it once, at its head."""
    matplotlib.rcParams.update(RC)


@contextmanager
def context() -> Iterator[None]:
    """The course's style for the length of a `with` block."""
    with matplotlib.rc_context(RC):
        yield


def figure(width: float = 6.0, height: float = 3.4) -> Figure:
    """An empty figure in the course's style, width and height in inches.

    It is no pyplot figure: a notebook shows it only through `show.figure`, and nothing needs closing.
    Raises ValueError for a width beyond MAX_WIDTH.
    """
    if not 0 < width <= MAX_WIDTH:
        raise ValueError(f"a figure is at most {MAX_WIDTH} in wide, got {width}: its text must read on a phone")
    with context():
        return Figure(figsize=(width, height), layout="constrained")
