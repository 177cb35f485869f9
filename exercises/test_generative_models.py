"""What your answers in generative_models.py must do. Run: course check generative_models (or pytest on this file)."""

import itertools
import math

import numpy as np
import scipy.stats
import torch
from torch import Tensor

from course_lib.grading import expect, points, teaches

EXCLUDED = {
    "torch.distributions": "build it from elementary operations",
    "torch.cov": "build it from elementary operations",
    "torch.histogramdd": "a table of all cells is what the exercise does without",
    "torch.softmax": "build it from elementary operations",
    "torch.nn.functional": "build it from elementary operations",
}

HINTS = {
    "gaussian_mle": [
        "Write the log-likelihood of N examples and ask where its slope in the mean vanishes, then in the covariance.",
        "Subtract the mean from every row first. What shape has the transpose of that matrix times the matrix?",
        "Divide by N. Dividing by N - 1 gives an unbiased estimate, which is not the likeliest one.",
    ],
    "histogram_density": [
        "Only cells that hold data matter, and of these only the ones in which an x lies. What does it take for two "
        "points to share a cell?",
        "floor(B t) for each coordinate, and B - 1 where t is 1. Two points share a cell if all d numbers agree: "
        "compare [M, 1, d] with [1, N, d].",
        "A cell's probability, (n + a) / (N + a B^d), becomes a density when it is divided by the cell's volume, B^-d.",
    ],
    "sample_gaussian": [
        "Feed the unit vectors: what must come out so that the covariance of A z is Sigma? Work out E[A z z^T A^T].",
        "torch.linalg.cholesky gives such an A, but refuses a variance of zero. Eigenvectors do not mind: Sigma = V "
        "diag(v) V^T.",
        "Noise stands in rows: x = mu + A z for each row is mean + noise @ A.T.",
    ],
    "log_prob": [
        "Three terms: a squared distance in units of the Gaussian's own width, a log determinant, and d log 2 pi.",
        "If Sigma = L L^T, then (x - mu)^T Sigma^-1 (x - mu) is the squared length of L^-1 (x - mu).",
        "det Sigma is the squared product of L's diagonal, so its logarithm is twice a sum of logarithms.",
    ],
    "bayes_classifier": [
        "The numerator's logarithm is a sum. What has to be subtracted so that the exponentials sum to one?",
        "exp(10,000) is no float. Subtract before you take the exponential: torch.logsumexp over the classes.",
        "log 0 = -inf is what a class of prior zero deserves: exp(-inf) is 0. No epsilon is needed.",
    ],
}  # fmt: skip


def positive_definite(rng, d: int) -> Tensor:
    """A covariance [d, d] with eigenvalues of at least 0.3."""
    root = rng.normal(d, d)
    return root @ root.T / d + 0.3 * torch.eye(d, dtype=torch.float64)


def probes(rng, d: int) -> Tensor:
    """Noise [1 + d + 4, d]: no noise at all, every unit vector, and four draws."""
    eye = torch.eye(d, dtype=torch.float64)
    return torch.cat([0 * eye[:1], eye, rng.normal(4, d)])


def expect_root(x: Tensor, mean: Tensor, covariance: Tensor, noise: Tensor, **tolerance: float) -> None:
    """That x is mean + A noise for some A with A A^T = covariance; noise from `probes`."""
    d = len(mean)
    expect(x[0], mean, what="where there is no noise", why="Without noise the sample is the mean.", **tolerance)
    root = (x[1 : d + 1] - mean).T
    expect(root @ root.T, covariance, what="A A^T of the A that it multiplies noise with", **tolerance,
           why="The columns of A are the answers to the unit vectors, less the mean.")  # fmt: skip
    expect(x[d + 1 :], mean + noise[d + 1 :] @ root.T, what="of other noise", why="x = mu + A z, row by row.",
           **tolerance)  # fmt: skip


@points(1, "gaussian_mle")
@teaches("eq-gaussian-mle")
def test_the_likeliest_gaussian_has_the_mean_and_covariance_of_the_data(student, rng):
    x = rng.normal(9, 3) @ rng.normal(3, 3) + rng.normal(3)
    mean, covariance = x.numpy().mean(0), np.cov(x.numpy(), rowvar=False, bias=True)
    expect(student.gaussian_mle(x), (torch.from_numpy(mean), torch.from_numpy(covariance)),
           why="The mean of the rows, and the mean of the products of their deviations from it.")  # fmt: skip
    expect(student.gaussian_mle(x.float()), (torch.from_numpy(mean).float(), torch.from_numpy(covariance).float()))
    one = rng.normal(6, 1)
    expect(student.gaussian_mle(one), (one.mean(0), one.var(0, correction=0)[None]), why="d = 1 keeps its axes.")


@points(1, "gaussian_mle")
@teaches("eq-gaussian-mle")
def test_covariance_does_not_depend_on_where_the_data_lie(student, rng):
    single = rng.normal(1, 4)
    zero = torch.zeros(4, 4, dtype=torch.float64)
    expect(student.gaussian_mle(single), (single[0], zero), why="A single example does not vary.")
    far = rng.normal(50, 3) + 1e8
    near = far - 1e8  # exact
    mean, covariance = student.gaussian_mle(far)
    expect(mean, near.mean(0) + 1e8, what="the mean")
    expect(covariance, torch.from_numpy(np.cov(near.numpy(), rowvar=False, bias=True)), what="the covariance",
           rtol=1e-6, why="1e8 squared leaves no digits for a variance of 1: subtract the mean first.")  # fmt: skip


@points(1, "histogram_density")
@teaches("eq-histogram")
def test_density_is_a_share_of_the_data_by_volume(student, rng):
    for d, bins in ((1, 5), (2, 4), (3, 3)):
        data, x = rng.uniform(40, d), rng.uniform(12, d)
        table, edges = np.histogramdd(data.numpy(), bins=bins, range=[(0, 1)] * d, density=True)
        cells = tuple(np.searchsorted(edge, column) - 1 for edge, column in zip(edges, x.numpy().T, strict=True))
        expect(student.histogram_density(data, x, bins), torch.from_numpy(table[cells]),
               why="Count, divide by N, divide by the cell's volume.")  # fmt: skip
    eighths = torch.tensor([[0.0], [0.125], [0.2], [0.875], [1.0]])
    expect(student.histogram_density(eighths, eighths, 8), torch.tensor([1.6, 3.2, 3.2, 3.2, 3.2]),
           why="A point on an edge belongs to the cell above it, 1 to the last.")  # fmt: skip


@points(1, "histogram_density")
@teaches("eq-histogram")
def test_every_cell_gets_its_pseudocount(student, rng):
    data = rng.uniform(10, 2)
    centres = torch.tensor(list(itertools.product([1 / 6, 1 / 2, 5 / 6], repeat=2)), dtype=torch.float64)
    counts, *_ = np.histogramdd(data.numpy(), bins=3, range=[(0, 1)] * 2)
    expected = torch.from_numpy((counts.flatten() + 0.5) / (10 + 0.5 * 9) * 9)
    density = student.histogram_density(data, centres, 3, 0.5)
    expect(density, expected, why="Nine cells get half a count each: the total grows by 4.5.")
    many = (rng.integers(0, 17, 4, 64).double() + 0.5) / 17
    data = many[[0, 0, 1, 2]]
    x = many.clone()
    x[2, 0] = (x[2, 0] + 0.5) % 1  # another cell along one of the 64 axes
    density = student.histogram_density(data, x, 17)
    expect(density / 17.0**64, torch.tensor([0.5, 0.25, 0.0, 0.0], dtype=torch.float64),
           why="In 64 dimensions two points share a cell only if they do so along every axis.")  # fmt: skip


@points(1, "sample_gaussian")
@teaches("eq-gaussian-sample")
def test_samples_have_the_covariance_whatever_its_root(student, rng):
    for d in (3, 5):
        mean, covariance, noise = 2 * rng.normal(d), positive_definite(rng, d), probes(rng, d)
        expect_root(student.sample_gaussian(mean, covariance, noise), mean, covariance, noise, rtol=1e-6, atol=1e-7)
    mean, covariance, noise = mean.float(), covariance.float(), noise.float()
    expect_root(student.sample_gaussian(mean, covariance, noise), mean, covariance, noise, rtol=1e-4, atol=1e-4)


@points(1, "sample_gaussian")
@teaches("eq-gaussian-sample")
def test_a_pixel_that_never_varies_is_drawn_as_it_is(student, rng):
    root = torch.tensor([[0, 0], [2, 1], [-1, 3], [4, 2]], dtype=torch.float64)  # the last is twice the second
    mean, noise = rng.normal(4), probes(rng, 4)
    x = student.sample_gaussian(mean, root @ root.T, noise)
    expect_root(x, mean, root @ root.T, noise, rtol=1e-6, atol=1e-7)
    certain = torch.zeros(4, 4, dtype=torch.float64)
    expect(student.sample_gaussian(mean, certain, noise), mean.expand(9, 4), why="No variance, no noise.")


@points(1, "log_prob")
@teaches("eq-gaussian-density")
def test_log_density_is_that_of_scipy(student, rng):
    for d, shape in ((1, (4,)), (3, (5,)), (4, (2, 3)), (2, ())):
        mean, covariance, x = rng.normal(d), positive_definite(rng, d), rng.normal(*shape, d)
        gaussian = scipy.stats.multivariate_normal(mean.numpy(), covariance.numpy())
        expected = torch.from_numpy(np.asarray(gaussian.logpdf(x.numpy().reshape(-1, d))).reshape(shape))
        expect(student.log_prob(x, mean, covariance), expected)
    value = student.log_prob(x.float(), mean.float(), covariance.float())
    expect(value, expected.float(), why="Keep the dtype.")


@points(1, "log_prob")
@teaches("eq-gaussian-density")
def test_log_density_of_many_narrow_pixels(student, rng):
    d, scale = 64, 1e-6
    u, mean = rng.normal(d), rng.normal(d)
    eye = torch.eye(d, dtype=torch.float64)
    covariance = scale * (eye + torch.outer(u, u))
    precision = (eye - torch.outer(u, u) / (1 + u @ u)) / scale  # Sherman and Morrison
    log_det = d * math.log(scale) + math.log1p((u @ u).item())
    x, weight = mean + 1e-3 * rng.normal(3, d), rng.normal(3)
    pull = (x - mean) @ precision
    value, (in_x, in_mean, _) = student.value_and_grad("log_prob", x, mean, covariance, cotangent=weight)
    expect(value, -((pull * (x - mean)).sum(1) + log_det + d * math.log(2 * math.pi)) / 2, rtol=1e-6,
           why="64 variances of 1e-6 have a determinant that no float can hold.")  # fmt: skip
    expect(in_x, -weight[:, None] * pull, what="its gradient in x", rtol=1e-6, atol=1e-4)
    expect(in_mean, weight @ pull, what="its gradient in mean", rtol=1e-6, atol=1e-4)


@points(1, "bayes_classifier")
@teaches("eq-bayes")
def test_posterior_is_joint_over_evidence(student, rng):
    log_likelihood, prior = 2 * rng.normal(6, 4), rng.simplex(4)
    joint = log_likelihood.exp() * prior
    expect(student.bayes_classifier(log_likelihood, prior), joint / joint.sum(1, keepdim=True),
           why="Likelihood times prior, divided by the sum over classes.")  # fmt: skip
    deeper = rng.normal(2, 3, 4)
    joint = deeper.exp() * prior
    expect(student.bayes_classifier(deeper, prior), joint / joint.sum(-1, keepdim=True),
           why="Classes lie along the last axis, whatever stands before.")  # fmt: skip
    joint = deeper[0].float().exp() * prior.float()
    expect(student.bayes_classifier(deeper[0].float(), prior.float()), joint / joint.sum(-1, keepdim=True))


@points(1, "bayes_classifier")
@teaches("eq-bayes")
def test_posterior_survives_images(student, rng):
    inf = math.inf
    log_likelihood = torch.tensor(
        [[1e4, 1e4 + 1, 1e4 + 9000], [-1e4, -1e4 - 2, -3e4], [-inf, 3.0, 5.0], [400.0, -400.0, 900.0]],
        dtype=torch.float64,
    )
    prior, weight = torch.tensor([0.25, 0.75, 0.0], dtype=torch.float64), rng.normal(4, 3)
    odds = torch.tensor([3 * math.e, 3 * math.exp(-2), inf, 3 * math.exp(-800)], dtype=torch.float64)  # 2nd : 1st
    second = torch.where(odds.isinf(), 1.0, odds / (1 + odds))
    posterior = torch.stack([1 - second, second, 0 * second], 1)
    value, (in_likelihood, _) = student.value_and_grad("bayes_classifier", log_likelihood, prior, cotangent=weight)
    expect(value, posterior, why="Only differences of log-likelihoods count, and a prior of zero rules a class out.")
    slope = posterior * (weight - (posterior * weight).sum(1, keepdim=True))
    expect(in_likelihood, slope, what="its gradient in log_likelihood")
