"""What several chapters draw: metrics over seeds, densities with D(x), point clouds over training, arms of a claim.

Each function takes arrays or tensors and returns a Figure for `show.figure`. Curves carry their label at the end, in
their colour, instead of in a legend, and differ in dash as well, so that no figure is read by colour alone.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from course_lib.plotting import style

Array = ArrayLike | Tensor

_HALO = [withStroke(linewidth=3, foreground="white")]  # keeps a label readable where a curve runs behind it
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)))
_COLOURS = {
    "data": style.DATA,
    "p_data": style.DATA,
    "model": style.MODEL,
    "p_G": style.MODEL,
    "D": style.DISCRIMINATOR,
    "discriminator": style.DISCRIMINATOR,
    "generator": style.MODEL,
}


def lines(
    x: Array,
    curves: Mapping[str, Array],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    colours: Mapping[str, str] | None = None,
    log: str = "",
    guide: float | None = None,
    guide_label: str = "",
    height: float = 3.4,
) -> Figure:
    """Curves over a common x: a loss over steps, a divergence over an offset, an error over a sample size.

    x: [K].  curves: label -> y [K], or y [S, K] for S seeds, drawn as their mean and a band from the lowest seed to the
    highest.  colours: label -> colour; "data", "model", "generator", "discriminator" have theirs.
    log: "", "x", "y" or "xy".  guide: a horizontal line to compare with (a threshold, the value at the optimum).
    Not finite values leave a gap. Raises ValueError where shapes differ.
    """
    x = _array(x, "x", 1)
    fig = style.figure(height=height)
    with style.context():
        ax = fig.add_subplot()
        ends = []
        for i, (label, values) in enumerate(curves.items()):
            y = _array(values, label, 1, 2)
            if y.shape[-1] != len(x):
                raise ValueError(f"{label}: {y.shape[-1]} values for {len(x)} points of x")
            colour = _colour(label, i, colours)
            if y.ndim == 2:
                ax.fill_between(x, y.min(0), y.max(0), color=colour, alpha=0.2, linewidth=0)
                y = y.mean(0)
            ax.plot(x, y, color=colour, linestyle=_DASHES[i % len(_DASHES)])
            ends.append((label, *_last_finite(x, y), colour))
        if guide is not None:
            ax.axhline(guide, color=style.MUTED, linewidth=1, zorder=0)
            ends += [(guide_label, x[-1], guide, style.MUTED)] if guide_label else []
        if "x" in log:
            ax.set_xscale("log")
        if "y" in log:
            ax.set_yscale("log")
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title, xlim=(x.min(), x.max()))
        _label_ends(fig, ax, ends)
    return fig


def densities(
    x: Array,
    curves: Mapping[str, Array],
    *,
    xlabel: str = "x",
    ylabel: str = "density",
    title: str = "",
    colours: Mapping[str, str] | None = None,
    shade: Array | None = None,
    shade_label: str = "",
    ylim: tuple[float, float] | None = None,
    width: float = 6.0,
    height: float = 3.0,
) -> Figure:
    """1-D densities over one axis, each labelled at its peak; perhaps with a shaded function such as KL's integrand.

    x: [K].  curves: label -> density [K]. The first is filled: the data, or the target of a fit.
    shade: [K], filled between 0 and its values, which may be negative.  ylim: fixed limits, for frames of a slider.
    Raises ValueError where shapes differ.
    """
    x = _array(x, "x", 1)
    fig = style.figure(width, height)
    with style.context():
        ax = fig.add_subplot()
        if shade is not None:
            area = _same_length(shade, shade_label or "shade", x)
            ax.fill_between(x, 0, area, color=style.ACCENT, alpha=0.25, linewidth=0)
            ax.plot(x, area, color=style.ACCENT, linewidth=1)
        ends = []
        for i, (label, values) in enumerate(curves.items()):
            y = _same_length(values, label, x)
            colour = _colour(label, i, colours)
            ax.plot(x, y, color=colour, linestyle=_DASHES[i % len(_DASHES)])
            if i == 0:
                ax.fill_between(x, 0, y, color=colour, alpha=0.12, linewidth=0)
            peak = int(np.argmax(y))
            ends.append((label, x[peak], y[peak], colour))
        if shade is not None and shade_label:
            far = int(np.argmax(np.abs(area)))
            ends.append((shade_label, x[far], area[far], style.ACCENT))
        ax.axhline(0, color=style.INK, linewidth=0.8)
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title, xlim=(x.min(), x.max()))
        if ylim is None:
            low, high = ax.get_ylim()
            ylim = (min(low, 0) if shade is not None else 0, high + 0.12 * (high - low))
        ax.set_ylim(*ylim)
        _label_peaks(fig, ax, ends)
    return fig


def adversarial_1d(
    x: Array,
    data_density: Array,
    model_density: Array,
    discriminator: Mapping[str, Array],
    *,
    z: Array | None = None,
    generated: Array | None = None,
    title: str = "",
    ylim: tuple[float, float] | None = None,
    width: float = 6.0,
    height: float = 3.6,
) -> Figure:
    """Data, model and discriminator on a line, with the generator's map below (Goodfellow et al. 2014, figure 1).

    x: [K].  data_density, model_density: [K] (`density_of` estimates the model's from samples).
    discriminator: label -> D(x) [K] in [0, 1], on an axis of its own to the right; for instance a trained D and D*.
    z, generated: [M] noise and G(z), drawn as arrows from the z axis up to the x axis; 15 evenly spaced z read well.
    ylim: limits of the density axis, fixed for frames of a slider.  Raises ValueError where shapes differ.
    """
    x = _array(x, "x", 1)
    fig = style.figure(width, height + (0.9 if z is not None else 0))
    with style.context():
        if z is None:
            ax, below = fig.add_subplot(), None
        else:
            ax, below = fig.subplots(2, 1, height_ratios=(height, 0.9))
        for label, values, colour, dash in (
            ("data", data_density, style.DATA, "-"),
            ("model", model_density, style.MODEL, _DASHES[1]),
        ):
            y = _same_length(values, label, x)
            ax.plot(x, y, color=colour, linestyle=dash, label=label)
            ax.fill_between(x, 0, y, color=colour, alpha=0.1, linewidth=0)
        ax.set(ylabel="density", title=title, xlim=(x.min(), x.max()), ylim=ylim or (0, ax.get_ylim()[1]))
        right = ax.twinx()
        right.spines["right"].set(visible=True, color=style.DISCRIMINATOR)
        for i, (label, values) in enumerate(discriminator.items()):
            y = _same_length(values, label, x)
            colour = style.DISCRIMINATOR if i == 0 else style.MUTED
            right.plot(x, y, color=colour, linestyle=_DASHES[(2, 3, 4, 1)[i % 4]], label=label)
        right.axhline(0.5, color=style.MUTED, linewidth=0.8, zorder=0)
        right.set(ylim=(0, 1.02), yticks=(0, 0.5, 1))
        right.set_ylabel("D(x)", color=style.DISCRIMINATOR)
        right.tick_params(axis="y", colors=style.DISCRIMINATOR)
        handles = ax.get_lines()[:2] + right.get_lines()[: len(discriminator)]
        fig.legend(handles=handles, loc="outside upper right", ncols=len(handles), handlelength=2.2)
        if below is None:
            ax.set_xlabel("x")
        else:
            _arrows(below, _array(z, "z", 1), _same_length(generated, "generated", _array(z, "z", 1)), x)
            below.set_xlim(ax.get_xlim())
    return fig


def density_of(samples: Array, x: Array, bandwidth: float = 0.0) -> np.ndarray:
    """Density estimated from samples, for a generator whose density is not known in closed form.

    samples: [N] or [N, 1].  x: [K], evenly spaced bin centres; samples beyond them count in the total but in no bin.
    bandwidth: 0 gives the histogram; otherwise it is smoothed by a Gaussian of this standard deviation, in units of x,
    which widens a peak of standard deviation s to sqrt(s^2 + bandwidth^2).
    Returns [K], in units of 1/x.  Raises ValueError for uneven x or no samples.
    """
    samples, x = _array(samples, "samples", 1, 2).ravel(), _array(x, "x", 1)
    if len(samples) == 0:
        raise ValueError("samples is empty")
    steps = np.diff(x)
    if len(x) < 2 or not np.allclose(steps, steps[0], rtol=1e-3) or steps[0] <= 0:
        raise ValueError("x must be evenly spaced and rising: its values are the centres of the bins")
    edges = np.append(x - steps[0] / 2, x[-1] + steps[0] / 2)
    density = np.histogram(samples, edges)[0] / (len(samples) * steps[0])
    return gaussian_filter1d(density, bandwidth / steps[0], mode="constant") if bandwidth else density


def scatter_steps(
    samples: Mapping[str, Array],
    data: Array,
    *,
    columns: int = 4,
    limit: float | None = None,
    rows_labelled: Sequence[str] = (),
) -> Figure:
    """Point clouds in the plane as small multiples: what a generator makes as it trains, over the data.

    samples: panel title ("step 500") -> points [N, 2]; titles may repeat with trailing spaces in further rows.
    data: [M, 2], drawn in every panel; 1,000 points show enough.  columns: panels in a row.
    limit: axes run from -limit to limit; by default the data's range and a fifth more.
    rows_labelled: a label for each row, when each row is a variant and each column a step.
    Raises ValueError for points that are not [*, 2].
    """
    data = _points(data, "data")
    if limit is None:
        limit = 1.2 * float(np.abs(data).max())
    columns = min(columns, len(samples))
    rows = math.ceil(len(samples) / columns)
    if rows_labelled and len(rows_labelled) != rows:
        raise ValueError(f"{len(rows_labelled)} row labels for {rows} rows")
    side = 6.4 / columns
    fig = style.figure(6.4 + (0.3 if rows_labelled else 0), rows * (side + 0.3))
    with style.context():
        axes = fig.subplots(rows, columns, squeeze=False)
        for ax in axes.flat[len(samples) :]:
            ax.set_visible(False)
        for ax, (title, points) in zip(axes.flat, samples.items(), strict=False):
            points = _points(points, title)
            ax.scatter(*data.T, s=5, color=style.DATA, alpha=0.35, linewidths=0, rasterized=True)
            ax.scatter(*points.T, s=5, color=style.MODEL, alpha=0.6, linewidths=0, rasterized=True)
            ax.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
            ax.set_title(title.rstrip(), fontweight="normal", loc="center")
            ax.xaxis.set_major_locator(NullLocator())
            ax.yaxis.set_major_locator(NullLocator())
            ax.spines[:].set(visible=True, color=style.MUTED, linewidth=0.6)
        for row, label in zip(axes, rows_labelled, strict=False):
            row[0].set_ylabel(label)
        axes.flat[0].text(0.04, 0.04, "data", color=style.DATA, transform=axes.flat[0].transAxes)
        axes.flat[0].text(0.96, 0.04, "model", color=style.MODEL, ha="right", transform=axes.flat[0].transAxes)
    return fig


def arms(
    values: Mapping[str, Array],
    *,
    ylabel: str,
    title: str = "",
    colours: Mapping[str, str] | None = None,
    guide: float | None = None,
    log: bool = False,
    height: float = 3.0,
) -> Figure:
    """What each arm of an experiment gave for each seed: one dot a seed, joined across arms by thin lines, and means.

    values: label -> [S], the seeds in the same order in every arm (a claim's `arms`).
    guide: a horizontal line to compare with.  Raises ValueError where the arms hold different numbers of seeds.
    """
    table = {label: _array(column, label, 1) for label, column in values.items()}
    if len({len(column) for column in table.values()}) != 1:
        raise ValueError(f"arms hold {[len(column) for column in table.values()]} seeds: they must be paired")
    fig = style.figure(min(6.0, 2.2 + 1.1 * len(table)), height)
    with style.context():
        ax = fig.add_subplot()
        seeds = len(next(iter(table.values())))
        offsets = np.linspace(-0.09, 0.09, seeds)  # side by side, so that equal values all show
        positions = np.arange(len(table))
        ax.plot(
            positions[:, None] + offsets,
            np.stack(list(table.values())),
            color=style.MUTED,
            linewidth=0.8,
            alpha=0.6,
            zorder=1,
        )
        for i, (label, column) in enumerate(table.items()):
            colour = _colour(label, i, colours)
            ax.plot(i + offsets, column, "o", color=colour, zorder=2)
            mean = float(np.exp(np.log(column).mean()) if log else column.mean())
            ax.plot([i - 0.22, i + 0.22], [mean, mean], color=colour, linewidth=2.5, zorder=3)
        if guide is not None:
            ax.axhline(guide, color=style.MUTED, linewidth=1, zorder=0)
        if log:
            ax.set_yscale("log")
        ax.xaxis.set_major_locator(FixedLocator(positions))
        ax.set_xticklabels(list(table))
        ax.set(ylabel=ylabel, title=title, xlim=(-0.5, len(table) - 0.5))
    return fig


def _arrows(ax: Axes, z: np.ndarray, generated: np.ndarray, x: np.ndarray) -> None:
    """Two horizontal axes, z below x, and an arrow from each z to G(z)."""
    span = z.max() - z.min() or 1.0
    left, right = x.min() + 0.1 * np.ptp(x), x.max() - 0.1 * np.ptp(x)
    start = left + (z - z.min()) / span * (right - left)  # z has its own scale, stretched to the figure's width
    for a, b in zip(start, generated, strict=True):
        if x.min() <= b <= x.max():
            arrow = {"arrowstyle": "-|>", "color": style.MODEL, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (b, 1), (a, 0), arrowprops=arrow)
    ax.axhline(1, color=style.INK, linewidth=0.8)
    ax.plot([left, right], [0, 0], color=style.INK, linewidth=0.8)
    ax.set(ylim=(-0.1, 1.1), yticks=(0, 1), yticklabels=("z", "x = G(z)"))
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(NullLocator())
    ax.spines[:].set_visible(False)


def _label_ends(fig: Figure, ax: Axes, ends: Sequence[tuple[str, float, float, str]]) -> None:
    """Write each curve's label to the right of its end, moved apart where they would overlap."""
    fig.draw_without_rendering()
    line = 1.25 * 10 / 72 / (fig.get_figheight() * ax.get_position().height)  # a line of 10 pt text, in axes' height
    heights = [ax.transAxes.inverted().transform(ax.transData.transform((x, y)))[1] for _, x, y, _ in ends]
    for (label, _, _, colour), height in zip(ends, _apart(heights, line), strict=True):
        ax.text(1.02, height, label, color=colour, fontsize=10, va="center", transform=ax.transAxes)


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """The same heights, clipped to [0, 1] and pushed up or down until neighbours are a gap apart."""
    heights = np.clip(np.nan_to_num(heights), 0, 1)
    order = np.argsort(heights, kind="stable")
    placed = heights[order]
    for _ in range(100):
        overlap = gap - np.diff(placed)
        if not (overlap > 1e-6).any():
            break
        for i in np.flatnonzero(overlap > 0):
            placed[i] -= overlap[i] / 2
            placed[i + 1] += overlap[i] / 2
    result = np.empty_like(placed)
    result[order] = placed
    return result.tolist()


def _label_peaks(fig: Figure, ax: Axes, peaks: Sequence[tuple[str, float, float, str]]) -> None:
    """Write each curve's label above its peak, higher where another label stands already."""
    fig.draw_without_rendering()
    box = ax.get_window_extent()
    line = 1.3 * 10 / 72 * fig.dpi
    taken: list[tuple[float, float, float]] = []  # left, right, bottom in pixels
    for label, x, y, colour in peaks:
        px, py = ax.transData.transform((x, y))
        half = 0.32 * len(label) * 10 / 72 * fig.dpi + 4
        px = float(np.clip(px, box.x0 + half, box.x1 - half))
        py = float(np.clip(py + 0.25 * line, box.y0, box.y1 - line))
        while any(px + half > left and px - half < right and abs(py - bottom) < line for left, right, bottom in taken):
            py += line / 4
        taken.append((px - half, px + half, py))
        position = ax.transAxes.inverted().transform((px, py))
        ax.text(
            *position,
            label,
            color=colour,
            fontsize=10,
            ha="center",
            va="bottom",
            transform=ax.transAxes,
            path_effects=_HALO,
        )


def _colour(label: str, i: int, colours: Mapping[str, str] | None) -> str:
    return (colours or {}).get(label) or _COLOURS.get(label) or style.CYCLE[i % len(style.CYCLE)]


def _array(values: Array, name: str, *dimensions: int) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
    array = np.asarray(values, dtype=float)
    if array.ndim not in dimensions:
        raise ValueError(f"{name}: expected {' or '.join(map(str, dimensions))} dimensions, got shape {array.shape}")
    return array


def _same_length(values: Array, name: str, x: np.ndarray) -> np.ndarray:
    array = _array(values, name, 1)
    if len(array) != len(x):
        raise ValueError(f"{name}: {len(array)} values for {len(x)} points")
    return array


def _points(values: Array, name: str) -> np.ndarray:
    array = _array(values, name, 2)
    if array.shape[1] != 2:
        raise ValueError(f"{name}: expected points [N, 2], got shape {array.shape}")
    return array


def _last_finite(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    finite = np.flatnonzero(np.isfinite(y))
    last = finite[-1] if len(finite) else 0
    return float(x[last]), float(y[last])
