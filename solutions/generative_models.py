"""Exercises of the chapter *Generative models*: the two simplest of them, a table of counts and a Gaussian.

Write the bodies from elementary operations of torch, linear algebra included (no torch.distributions, no torch.cov, no
torch.softmax). Check yourself with `course check generative_models`.
"""

import math

import torch
from torch import Tensor


def gaussian_mle(x: Tensor) -> tuple[Tensor, Tensor]:
    """The Gaussian under which the data are likeliest: their mean and their covariance.

    mu = 1/N sum_i x_i,   Sigma = 1/N sum_i (x_i - mu)(x_i - mu)^T.   (eq-gaussian-mle)

    x: [N, d], one example a row, N >= 1.
    Returns (mean [d], covariance [d, d]) of x's dtype; of a single example the covariance is zero. Data far from the
    origin (1e8 in float64) lose no accuracy by it: the covariance does not depend on where they lie.
    """
    # BEGIN SOLUTION
    mean = x.mean(0)
    centred = x - mean
    return mean, centred.T @ centred / len(x)
    # END SOLUTION


def histogram_density(data: Tensor, x: Tensor, bins: int, pseudocount: float = 0.0) -> Tensor:
    """Density of a histogram over the unit cube at the points x: what a table of counts says of new examples.

    p(x) = (n(x) + a) / (N + a B^d) * B^d,   (eq-histogram)

    where n(x) is how many of the N data lie in x's cell, B is `bins` and a is `pseudocount`.

    data: [N, d], N >= 1, and x: [M, d], all in [0, 1], of one dtype. Each axis is cut into B cells of one width:
    coordinate t lies in cell floor(B t), and t = 1 in the last.
    Returns [M], of x's dtype. In float64 a table with more cells than there are atoms on earth must pose no problem
    (d = 64, B = 17): do not build it. A sum over the cells is not needed either.
    """
    # BEGIN SOLUTION
    cell_of_data, cell_of_x = ((points * bins).floor().clamp(max=bins - 1) for points in (data, x))
    counts = (cell_of_x[:, None] == cell_of_data).all(-1).sum(1).to(x.dtype)
    cells = float(bins) ** x.shape[1]
    return (counts + pseudocount) / (len(data) + pseudocount * cells) * cells
    # END SOLUTION


def sample_gaussian(mean: Tensor, covariance: Tensor, noise: Tensor) -> Tensor:
    """Turn standard normal noise into samples of N(mean, covariance).

    x = mu + A z for z ~ N(0, I), with any matrix A for which A A^T = Sigma.   (eq-gaussian-sample)

    mean: [d].   covariance: [d, d], symmetric, positive semi-definite: variances of zero are legal, for some pixels
    are black in every digit.   noise: [N, d], one z a row.
    Returns [N, d], of noise's dtype. Which A you take is your choice; A A^T must be the covariance to 1e-7.
    """
    # BEGIN SOLUTION
    variances, directions = torch.linalg.eigh(covariance)
    root = directions * variances.clamp(min=0).sqrt()  # rounding may leave a variance of -1e-17
    return mean + noise @ root.T
    # END SOLUTION


def log_prob(x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """Log density of a Gaussian, in nats.

    log p(x) = -1/2 (x - mu)^T Sigma^-1 (x - mu) - 1/2 log det(2 pi Sigma).   (eq-gaussian-density)

    x: [..., d].   mean: [d].   covariance: [d, d], symmetric, positive definite.
    Returns [...], of x's dtype, differentiable in x and in mean. The determinant of 64 small variances is no float
    (1e-6 each: 1e-384); its logarithm is one.
    """
    # BEGIN SOLUTION
    root = torch.linalg.cholesky(covariance)
    offset = (x - mean).reshape(-1, len(mean))
    squares = torch.linalg.solve_triangular(root, offset.T, upper=False).square().sum(0)
    log_det = 2 * root.diagonal().log().sum() + len(mean) * math.log(2 * math.pi)
    return -(squares.reshape(x.shape[:-1]) + log_det) / 2
    # END SOLUTION


def bayes_classifier(log_likelihood: Tensor, prior: Tensor) -> Tensor:
    """Posterior probabilities of the classes, from how likely each class makes the example: a generative classifier.

    p(y | x) = p(x | y) p(y) / sum_y' p(x | y') p(y').   (eq-bayes)

    log_likelihood: [..., K], log p(x | y) for each class y, in nats; of images these are large numbers of either sign
    (1e4), and -inf is legal.   prior: [K], probabilities, zero legal; some class has both positive.
    Returns [..., K], each row summing to 1, of log_likelihood's dtype, differentiable in it.
    """
    # BEGIN SOLUTION
    log_joint = log_likelihood + prior.log()
    return torch.exp(log_joint - torch.logsumexp(log_joint, -1, keepdim=True))
    # END SOLUTION
