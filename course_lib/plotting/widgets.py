"""Sliders over precomputed frames: they move in static HTML, with no kernel behind them.

An ipywidgets slider is linked in the browser to a `Stack` that shows one frame at a time. Each frame is HTML with an
`<img>` of its own alt text (ipywidgets' Image has none) and, above it, the setting in words.
"""

import html
from collections.abc import Sequence

import ipywidgets
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from course_lib.plotting import png, style
from course_lib.plotting.show import rasterise

MAX_FRAMES = 60
MAX_BYTES = 400_000  # of a notebook's 600 kB
FRAME_DPI = 100  # about 5 kB a frame for a plot of 6 x 3 in; smaller figures, smaller frames

Frame = Figure | Image.Image


def slider(
    frames: Sequence[Frame],
    values: Sequence[str],
    label: str,
    alt: Sequence[str],
    start: int = 0,
) -> ipywidgets.Widget:
    """A slider that leafs through frames; make it the last expression of a cell.

    frames: K figures (closed afterwards) or PIL images of one size.  values: K settings in words ("step 200",
    "mean 1.5"), shown above the frame.  label: what the slider changes ("Training step").  alt: K descriptions, or one
    with a `{}` into which each setting is put.  start: index of the frame shown first.
    Raises ValueError for lengths that differ, over 60 frames, frames over 400 kB together, or poor alt text.
    """
    alts = _alts(alt, values)
    _check(len(frames), len(values), "values")
    stack = ipywidgets.Stack(_frames(frames, values, alts), selected_index=start)
    control = _control(label, values, start, len(label))
    ipywidgets.jslink((control, "index"), (stack, "selected_index"))
    return _Frames([control, stack])


def two_sliders(
    frames: Sequence[Sequence[Frame]],
    values: tuple[Sequence[str], Sequence[str]],
    labels: tuple[str, str],
    alt: Sequence[Sequence[str]] | str,
    start: tuple[int, int] = (0, 0),
) -> ipywidgets.Widget:
    """Two sliders over a table of frames: frames[i][j] is shown at values[0][i] and values[1][j].

    alt: descriptions alt[i][j], or one with two `{}` for the two settings. The rest is as in `slider`.
    """
    outer_values, inner_values = values
    _check(len(frames), len(outer_values), "values of the first slider")
    inner = []
    for i, (row, outer_value) in enumerate(zip(frames, outer_values, strict=True)):
        _check(len(row), len(inner_values), "values of the second slider")
        alts = [alt.format(outer_value, value) for value in inner_values] if isinstance(alt, str) else alt[i]
        words = [f"{outer_value}, {value}" for value in inner_values]
        inner.append(ipywidgets.Stack(_frames(row, words, _alts(alts, words)), selected_index=start[1]))
    outer = ipywidgets.Stack(inner, selected_index=start[0])
    longest = max(len(label) for label in labels)
    controls = [
        _control(labels[0], outer_values, start[0], longest),
        _control(labels[1], inner_values, start[1], longest),
    ]
    ipywidgets.jslink((controls[0], "index"), (outer, "selected_index"))
    for stack in inner:
        ipywidgets.jslink((controls[1], "index"), (stack, "selected_index"))
    return _Frames([*controls, outer])


class _Frames(ipywidgets.VBox):
    """A box that shows its first frame where widgets cannot be drawn, as on a code host."""

    def __init__(self, children: Sequence[ipywidgets.Widget]) -> None:
        super().__init__(children)
        self.add_class("course-slider")
        frames = list(_leaves(self.children[-1]))
        if len(frames) > MAX_FRAMES:
            raise ValueError(f"{len(frames)} frames, at most {MAX_FRAMES}: a notebook must stay small")
        size = sum(len(frame.value) for frame in frames)
        if size > MAX_BYTES:
            raise ValueError(f"frames of {size // 1000} kB together, at most {MAX_BYTES // 1000}: make them smaller")

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["text/html"] = next(_leaves(self.children[-1], shown=True)).value
        bundle["text/plain"] = "A slider over pictures: open this page in the book or in JupyterLab to move it."
        return bundle


def _leaves(widget: ipywidgets.Widget, shown: bool = False):
    """The frames of nested stacks; `shown`: only the one on top."""
    if isinstance(widget, ipywidgets.Stack):
        children = [widget.children[widget.selected_index]] if shown else widget.children
        for child in children:
            yield from _leaves(child, shown)
    else:
        yield widget


def _control(label: str, values: Sequence[str], start: int, longest: int) -> ipywidgets.SelectionSlider:
    if not label.strip():
        raise ValueError("a slider needs a label: say what it changes")
    # The setting stands above the frame. The slider's own readout is hidden, since ipywidgets makes it editable text;
    # the book's course.js copies its words to aria-valuetext and the label to aria-label.
    return ipywidgets.SelectionSlider(
        options=[(value, i) for i, value in enumerate(values)],
        index=start,
        description=label,
        readout=False,
        style={"description_width": f"{0.55 * longest + 1:.3g}em"},
        layout={"width": "100%", "max_width": "36em"},
    )


def _frames(frames: Sequence[Frame], words: Sequence[str], alts: Sequence[str]) -> list[ipywidgets.HTML]:
    pages = []
    for frame, word, alt in zip(frames, words, alts, strict=True):
        if isinstance(frame, Figure):
            width = frame.get_figwidth() * style.CSS_PIXELS_PER_INCH
            img = png.element(rasterise(frame, FRAME_DPI), alt, width)
            pyplot.close(frame)
        else:
            img = png.element(frame, alt, pixelated=True)
        figcaption = f"<figcaption>{html.escape(word)}</figcaption>"
        pages.append(ipywidgets.HTML(f'<figure class="course-figure">{figcaption}{img}</figure>'))
    return pages


def _alts(alt: Sequence[str] | str, values: Sequence[str]) -> list[str]:
    alts = [alt.format(value) for value in values] if isinstance(alt, str) else list(alt)
    _check(len(alts), len(values), "values")
    return alts


def _check(count: int, expected: int, name: str) -> None:
    if not count or count != expected:
        raise ValueError(f"{count} frames or alt texts for {expected} {name}")
