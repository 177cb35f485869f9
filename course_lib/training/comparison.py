"""Runs side by side: a picture of their curves and latest samples."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from course_lib.errors import CourseError
from course_lib.files import write_whole
from course_lib.training import runs as run_files

COLUMNS = 3  # panels in a row


def compare(runs: Sequence[Path], out: Path, smooth: int = 1) -> str:
    """Draw the curves of all metrics that any run has, a colour for each run, and below them its latest samples.

    smooth: average each curve over this many of its points.
    Writes the PNG `out` whole or not at all. Returns a table of the last values.
    Raises CourseError for fewer than two runs, for a directory that is no run, and where there is nothing to draw.
    """
    if len(runs) < 2:
        raise CourseError("compare takes two runs or more: course compare RUN RUN")
    if smooth < 1:
        raise CourseError(f"smooth must be at least 1, not {smooth}")
    if out.suffix.lower() != ".png":
        raise CourseError(f"the picture is written as a PNG: name the file {out.with_suffix('.png')}")
    records = [run_files.read_config(run) for run in runs]
    metrics = [run_files.read_metrics(run) for run in runs]
    for run, lines in zip(runs, metrics, strict=True):
        if not lines:
            raise CourseError(f"{run} has no metrics yet: let it train on with --resume")
    names = list(dict.fromkeys(key for lines in metrics for line in lines for key in line if key != "step"))
    labels = _labels(runs, records)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, _draw(runs, metrics, names, labels, smooth))
    return "\n".join([*_table(metrics, names, labels), f"Curves and samples: {out}"])


def _draw(
    runs: Sequence[Path], metrics: list[list[dict[str, float]]], names: list[str], labels: list[str], smooth: int
) -> bytes:
    from matplotlib.figure import Figure  # slow to import; training alone does without

    from course_lib.plotting import style

    columns = min(COLUMNS, max(len(names), len(runs)))
    panels, strips = math.ceil(len(names) / columns), math.ceil(len(runs) / columns)
    heights = [2.3 * panels + 0.4, 3.3 * strips]
    with style.context():
        figure = Figure(figsize=(3 * columns, sum(heights)), layout="constrained")
        curves, pictures = figure.subfigures(2, 1, height_ratios=heights)
        colours = [style.CYCLE[i % len(style.CYCLE)] for i in range(len(runs))]
        grid = list(curves.subplots(panels, columns, squeeze=False).flat)
        for axes in grid[len(names) :]:
            axes.remove()
        for axes, name in zip(grid, names, strict=False):
            for lines, label, colour in zip(metrics, labels, colours, strict=True):
                points = np.array([(line["step"], line[name]) for line in lines if name in line]).reshape(-1, 2)
                steps, values = _smoothed(points, smooth)
                axes.plot(steps, values, color=colour, label=label, marker="o" if len(steps) == 1 else "")
            axes.set_title(name.replace("/", "/\n") if len(name) > 22 else name)
            axes.set_xlabel("step")
        handles, shown = grid[0].get_legend_handles_labels()
        curves.legend(handles, shown, loc="outside upper left", ncols=columns)
        cells = list(pictures.subplots(strips, columns, squeeze=False).flat)
        for axes in cells:
            axes.set_axis_off()
        for axes, run, label, colour in zip(cells, runs, labels, colours, strict=False):
            pictures_of_run = [path for path in (run / "samples").glob("*.png") if path.stem.isdigit()]
            path = max(pictures_of_run, default=None, key=lambda path: int(path.stem))
            if path is not None:
                with Image.open(path) as image:
                    axes.imshow(np.asarray(image.convert("RGB")), interpolation="antialiased")
                axes.set_title(f"{label}\nstep {int(path.stem):,}", color=colour, fontsize=10)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=120)
    return file.getvalue()


def _smoothed(points: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Moving average of points [n, 2] along the first axis; fewer points than the width give one."""
    width = max(1, min(width, len(points)))
    kernel = np.full(width, 1 / width)
    return tuple(np.convolve(points[:, i], kernel, mode="valid") if len(points) else points[:, i] for i in (0, 1))


def _labels(runs: Sequence[Path], records: list[dict[str, Any]]) -> list[str]:
    """Short names that differ: the model and the directory, or more of the path where that is not enough."""
    labels = [f"{record['model']} {run.resolve().name}" for run, record in zip(runs, records, strict=True)]
    return labels if len(set(labels)) == len(labels) else [str(run) for run in runs]


def _table(metrics: list[list[dict[str, float]]], names: list[str], labels: list[str]) -> list[str]:
    """The last value that each run has of each metric."""
    last = [{key: value for line in lines for key, value in line.items()} for lines in metrics]
    rows = [["step", *(f"{each['step']:,}" for each in last)]]
    rows += [[name, *(f"{each[name]:.4g}" if name in each else "" for each in last)] for name in names]
    rows = [["", *labels], *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
