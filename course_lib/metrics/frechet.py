"""Fréchet distance between two sets of features, as if each were a Gaussian. Chapter: dcgan.

In the features of Inception v3 it is called FID. A number in other features is another measure: say whose they are.
"""

import torch
from torch import Tensor

from course_lib.errors import CourseError


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """||m_x - m_y||^2 + Tr(C_x + C_y - 2 (C_x C_y)^(1/2)): in [0, inf), in squared units of the features.

    x: features [N, d], y: [M, d]; m and C are their means and (unbiased) covariances, computed in float64.

    Both fitted from few examples the distance reads high, the more so the larger d is: compare only distances from
    equally many, and with that of two sets of real images. Source: Heusel et al. (2017), section 3, equation 6.
    Raises CourseError where the shapes differ, a set has fewer than two rows, or a feature is not finite.
    """
    if x.dim() != 2 or y.dim() != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise CourseError(
            f"features must be [N, d] and [M, d], N and M at least 2, not {list(x.shape)} and {list(y.shape)}"
        )
    if not (x.isfinite().all() and y.isfinite().all()):
        raise CourseError("some features are NaN or infinite: no Gaussian fits them")
    return gaussian_frechet_distance(*_moments(x), *_moments(y))


def gaussian_frechet_distance(mean_x: Tensor, cov_x: Tensor, mean_y: Tensor, cov_y: Tensor) -> float:
    """The squared 2-Wasserstein distance between N(mean_x, cov_x) and N(mean_y, cov_y): means [d], covariances [d, d].

    Tr (C_x C_y)^(1/2) is summed from the eigenvalues of C_x^(1/2) C_y C_x^(1/2), which is symmetric, has the same
    ones, and stays real where a covariance is singular. Source: Dowson and Landau (1982), equation 4.
    """
    values, vectors = torch.linalg.eigh(cov_x.double())
    root = vectors * values.clamp(min=0).sqrt() @ vectors.mT
    cross = torch.linalg.eigvalsh(root @ cov_y.double() @ root).clamp(min=0).sqrt().sum()
    between = (mean_x.double() - mean_y.double()).square().sum()
    return max(0.0, (between + cov_x.double().trace() + cov_y.double().trace() - 2 * cross).item())


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.double()
    return x.mean(0), torch.cov(x.mT).reshape(x.shape[1], x.shape[1])
