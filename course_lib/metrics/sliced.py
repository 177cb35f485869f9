"""Wasserstein distance between two sets of points, averaged over directions. Chapter: dcgan."""

import torch
from torch import Tensor

from course_lib.errors import CourseError


def sliced_wasserstein(x: Tensor, y: Tensor, directions: int = 512, order: int = 1, seed: int = 0) -> float:
    """The `order`-Wasserstein distance of the two sets along a random direction, averaged: in [0, inf).

    x, y: [N, ...], N examples each of any one shape (points, images, features), in the units of the answer.
    Along a line the best transport matches the sorted values, the smallest with the smallest. For order p the answer
    is (mean over directions and ranks of |difference|^p)^(1/p). The directions are uniform on the unit sphere and
    depend on the seed and the dimension alone, so that distances with one seed are compared along the same lines.

    Source: Rabin et al. (2011), section 2.3, who minimise it; Karras et al. (2018), section 5, measure images with
    p = 1. Raises CourseError where the shapes differ.
    """
    if x.shape != y.shape or x.dim() < 2 or not len(x):
        raise CourseError(f"two sets of equally many examples are compared, not {list(x.shape)} and {list(y.shape)}")
    if directions < 1 or order < 1:
        raise CourseError(f"directions and order must be at least 1, not {directions} and {order}")
    x, y = x.flatten(1).double(), y.flatten(1).double()
    lines = torch.randn(directions, x.shape[1], generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    lines = (lines / lines.norm(dim=1, keepdim=True)).to(x.device)
    total = 0.0
    for some in lines.split(64):  # 64 directions at a time, to spare memory
        apart = (x @ some.mT).sort(0).values - (y @ some.mT).sort(0).values
        total += apart.abs().pow(order).mean(0).sum().item()
    return (total / directions) ** (1 / order)
