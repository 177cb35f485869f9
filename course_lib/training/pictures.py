"""Samples as a PNG, whatever the shape of the data."""

import os
from pathlib import Path

import torch
from torch import Tensor

from course_lib.data import DataSet
from course_lib.errors import CourseError
from course_lib.plotting import grids


def save_samples(samples: Tensor, path: Path, data: DataSet | None, title: str = "") -> None:
    """Images [N, C, H, W] in [-1, 1] as a grid; points [N, 2] over points of the data; [N, 1] as a density beside it.

    The file is there whole or not at all. Raises CourseError for data of another shape.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if samples.ndim == 4:
        grids.save_grid(samples.clamp(-1, 1), path)
        return
    from course_lib.plotting import curves  # brings matplotlib, which images do without

    real = data.to("cpu").batch(2000, torch.Generator().manual_seed(0)).image
    if real.shape[1:] == (2,):
        figure = curves.scatter_steps({title: samples}, real, columns=1)
    elif real.shape[1:] == (1,):
        both = torch.cat([real, samples])
        margin = 0.2 * (real.max() - real.min())
        x = torch.linspace((both.min() - margin).item(), (both.max() + margin).item(), 200, dtype=torch.float64)
        density = {"data": curves.density_of(real, x), "model": curves.density_of(samples, x)}
        figure = curves.densities(x, density, title=title)
    else:
        raise CourseError(f"there is no picture of data of shape {data.shape}")
    part = path.with_name(path.name + ".part")
    figure.savefig(part, format="png", dpi=110)
    os.replace(part, path)
