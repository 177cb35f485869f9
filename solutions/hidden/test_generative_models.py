"""Hidden tests of generative_models: the same points for the same exercises as the visible ones, on secret inputs."""

import math
from collections import Counter

import numpy as np
import scipy.linalg
import scipy.special
import scipy.stats
import torch
from torch import Tensor

from course_lib.grading import expect, points, teaches


def rotation(rng, d: int) -> Tensor:
    """An orthogonal matrix [d, d]."""
    return torch.from_numpy(scipy.linalg.qr(rng.normal(d, d).numpy())[0])


def with_variances(rng, variances: Tensor) -> Tensor:
    """A covariance with these eigenvalues [d], its axes turned."""
    turn = rotation(rng, len(variances))
    covariance = turn @ torch.diag(variances) @ turn.T
    return (covariance + covariance.T) / 2


@points(1, "gaussian_mle")
@teaches("eq-gaussian-mle")
def test_likeliest_gaussians_of_secret_data(student, rng):
    for n, d in ((2, 4), (7, 1), (30, 5)):
        x = rng.normal(n, d) @ rng.normal(d, d) + 3 * rng.normal(d)
        mean = [math.fsum(column) / n for column in x.T.tolist()]
        off = [[a - m for a, m in zip(column, [mean[j]] * n, strict=True)] for j, column in enumerate(x.T.tolist())]
        products = [[math.fsum(a * b for a, b in zip(one, two, strict=True)) / n for two in off] for one in off]
        expected = torch.tensor(mean, dtype=torch.float64), torch.tensor(products, dtype=torch.float64)
        expect(student.gaussian_mle(x), expected)
        expect(student.gaussian_mle(x.float()), tuple(part.float() for part in expected), rtol=1e-3, atol=1e-4)


@points(1, "gaussian_mle")
@teaches("eq-gaussian-mle")
def test_covariance_of_secret_data_far_away(student, rng):
    single = 5 * rng.normal(1, 3)
    expect(student.gaussian_mle(single), (single[0], torch.zeros(3, 3, dtype=torch.float64)))
    shift = 2.0 ** int(rng.integers(25, 29, 1))
    far = rng.normal(40, 2) - shift
    near = far + shift  # exact
    expect(student.gaussian_mle(far)[1], torch.from_numpy(np.cov(near.numpy(), rowvar=False, bias=True)), rtol=1e-6,
           what="the covariance")  # fmt: skip


@points(1, "histogram_density")
@teaches("eq-histogram")
def test_secret_shares(student, rng):
    for n, d, bins in ((1, 1, 7), (60, 1, 6), (50, 2, 3), (80, 4, 2)):
        data, x = rng.uniform(n, d), rng.uniform(15, d)
        table, edges = np.histogramdd(data.numpy(), bins=bins, range=[(0, 1)] * d, density=True)
        cells = tuple(np.searchsorted(edge, column) - 1 for edge, column in zip(edges, x.numpy().T, strict=True))
        expect(student.histogram_density(data, x, bins), torch.from_numpy(table[cells]))
    corners = rng.integers(0, 5, 30, 2) / 4
    data = corners.float()
    cells = [tuple(min(int(4 * t), 3) for t in row) for row in corners.tolist()]
    counts = Counter(cells)
    expected = torch.tensor([counts[cell] * 16 / 30 for cell in cells])
    expect(student.histogram_density(data, data, 4), expected, what="on the edges")


@points(1, "histogram_density")
@teaches("eq-histogram")
def test_secret_pseudocounts(student, rng):
    pseudocount = float(rng.uniform(1, low=0.1, high=3.0))
    for d, bins in ((1, 9), (3, 2)):
        data, x = rng.uniform(25, d), rng.uniform(20, d)
        counts, edges = np.histogramdd(data.numpy(), bins=bins, range=[(0, 1)] * d)
        cells = tuple(np.searchsorted(edge, column) - 1 for edge, column in zip(edges, x.numpy().T, strict=True))
        expected = (counts[cells] + pseudocount) * bins**d / (25 + pseudocount * bins**d)
        expect(student.histogram_density(data, x, bins, pseudocount), torch.from_numpy(expected))
    kinds = (rng.integers(0, 17, 3, 64).double() + 0.5) / 17
    which = rng.integers(0, 3, 12)
    x = torch.cat([kinds, kinds])
    for row, axis in enumerate((0, 63, int(rng.integers(1, 63, 1)))):
        x[3 + row, axis] = (x[3 + row, axis] + 0.5) % 1  # another cell, along one axis
    shares = [(which == kind).double().mean().item() for kind in range(3)] + [0.0] * 3
    density = student.histogram_density(kinds[which], x, 17)
    expect(density / 17.0**64, torch.tensor(shares, dtype=torch.float64), what="in 64 dimensions")


@points(1, "sample_gaussian")
@teaches("eq-gaussian-sample")
def test_roots_of_secret_covariances(student, rng):
    for d in (1, 2, 6):
        mean, covariance = 3 * rng.normal(d), with_variances(rng, rng.uniform(d, low=0.2, high=4.0))
        eye = torch.eye(d, dtype=torch.float64)
        noise = torch.cat([rng.normal(3, d), eye, 0 * eye[:1]])
        x = student.sample_gaussian(mean, covariance, noise)
        root = (x[3:-1] - x[-1]).T
        expect(x[-1], mean, what="where there is no noise")
        expect(root @ root.T, covariance, what="A A^T", rtol=1e-6, atol=1e-7)
        expect(x[:3], mean + torch.einsum("ij,nj->ni", root, noise[:3]), what="of other noise", rtol=1e-6, atol=1e-7)
        few = student.sample_gaussian(mean.float(), covariance.float(), noise[3:].float())
        root = (few[:-1] - few[-1]).T
        expect(root @ root.T, covariance.float(), what="A A^T in float32", rtol=1e-3, atol=1e-4)


@points(1, "sample_gaussian")
@teaches("eq-gaussian-sample")
def test_secret_pixels_that_never_vary(student, rng):
    for d, dead in ((3, 1), (5, 3), (9, 4)):
        mean, covariance = rng.normal(d), torch.zeros(d, d, dtype=torch.float64)
        covariance[dead:, dead:] = with_variances(rng, rng.uniform(d - dead, low=0.5, high=3.0))
        order = torch.argsort(rng.normal(d))
        covariance = covariance[order][:, order]
        flat = rotation(rng, d)[:, :1]  # all vary, and all together: rounding leaves eigenvalues of -1e-17
        for singular in (covariance, flat @ flat.T):
            eye = torch.eye(d, dtype=torch.float64)
            noise = torch.cat([eye, rng.normal(6, d)])
            x = student.sample_gaussian(mean, singular, noise)
            root = (x[:d] - mean).T
            expect(root @ root.T, singular, what="A A^T", rtol=1e-6, atol=1e-7)
            expect(x, mean + noise @ root.T, rtol=1e-6, atol=1e-7)


@points(1, "log_prob")
@teaches("eq-gaussian-density")
def test_secret_log_densities(student, rng):
    for d, shape in ((1, (3, 1)), (2, ()), (5, (4,)), (3, (2, 2, 2))):
        mean, covariance = rng.normal(d), with_variances(rng, rng.uniform(d, low=0.3, high=3.0))
        x = mean + 2 * rng.normal(*shape, d)
        variances, axes = np.linalg.eigh(covariance.numpy())
        parts = scipy.stats.norm.logpdf((x - mean).numpy() @ axes, scale=np.sqrt(variances))
        expected = torch.from_numpy(np.asarray(parts.sum(-1)))
        expect(student.log_prob(x, mean, covariance), expected)
        expect(student.log_prob(x.float(), mean.float(), covariance.float()), expected.float(), rtol=1e-3, atol=1e-3)


@points(1, "log_prob")
@teaches("eq-gaussian-density")
def test_secret_log_densities_of_many_pixels(student, rng):
    d = 80
    variances = torch.exp(rng.uniform(d, low=-14.0, high=-10.0))
    order = torch.argsort(rng.normal(d))
    mean, correlation = rng.normal(d), 0.6
    pair = torch.tensor([[1.0, correlation], [correlation, 1.0]], dtype=torch.float64)
    covariance = torch.diag(variances)
    for i, j in order.view(-1, 2).tolist():  # pairs of pixels go together
        width = torch.sqrt(variances[[i, j]])
        covariance[[[i], [j]], [i, j]] = pair * torch.outer(width, width)
    x = mean + 2 * variances.sqrt() * rng.normal(4, d)
    weight = rng.normal(4)
    pull = torch.from_numpy(scipy.linalg.solve(covariance.numpy(), (x - mean).T.numpy(), assume_a="pos")).T
    log_det = variances.log().sum() + d / 2 * math.log(1 - correlation**2)
    expected = -((pull * (x - mean)).sum(1) + log_det + d * math.log(2 * math.pi)) / 2
    value, (in_x, in_mean, _) = student.value_and_grad("log_prob", x, mean, covariance, cotangent=weight)
    expect(value, expected, rtol=1e-6)
    expect(in_x, -weight[:, None] * pull, what="its gradient in x", rtol=1e-6, atol=1e-4)
    expect(in_mean, weight @ pull, what="its gradient in mean", rtol=1e-6, atol=1e-4)


@points(1, "bayes_classifier")
@teaches("eq-bayes")
def test_secret_posteriors(student, rng):
    for shape in ((2,), (5, 3), (2, 3, 7)):
        log_likelihood, prior = 3 * rng.normal(*shape), rng.simplex(shape[-1])
        expected = torch.from_numpy(scipy.special.softmax(log_likelihood.numpy() + np.log(prior.numpy()), axis=-1))
        expect(student.bayes_classifier(log_likelihood, prior), expected)
        expect(student.bayes_classifier(log_likelihood.float(), prior.float()), expected.float())


@points(1, "bayes_classifier")
@teaches("eq-bayes")
def test_secret_posteriors_of_images(student, rng):
    log_likelihood = rng.uniform(8, 1, low=-2e4, high=2e4) + 2 * rng.normal(8, 4)
    log_likelihood[0, 1] = -math.inf
    log_likelihood[1, 2] += 5000
    log_likelihood[2, 3] += 5000
    prior, weight = rng.simplex(4), rng.normal(8, 4)
    prior[3] = 0
    prior = prior / prior.sum()
    relative = log_likelihood - log_likelihood[:, :3].amax(1, keepdim=True)
    joint = torch.cat([relative[:, :3].exp() * prior[:3], torch.zeros(8, 1, dtype=torch.float64)], 1)
    expected = joint / joint.sum(1, keepdim=True)
    value, (in_likelihood, _) = student.value_and_grad("bayes_classifier", log_likelihood, prior, cotangent=weight)
    expect(value, expected)
    slope = expected * (weight - (expected * weight).sum(1, keepdim=True))
    expect(in_likelihood, slope, what="its gradient in log_likelihood")
