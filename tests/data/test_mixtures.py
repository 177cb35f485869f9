"""Mixtures against scipy: densities, moments, and the Kolmogorov-Smirnov test of their samples."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from course_lib import data
from course_lib.data import PointSet, mixtures


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_ring_means_lie_evenly_on_the_circle():
    ring = mixtures.ring(modes=8, radius=2.0, std=0.02)
    angles = np.sort(np.angle(ring.means[:, 0].double().numpy() + 1j * ring.means[:, 1].double().numpy()) % (2 * np.pi))
    np.testing.assert_allclose(ring.means.norm(dim=1), 2.0, rtol=1e-6)
    np.testing.assert_allclose(np.diff(angles), np.pi / 4, atol=1e-6)
    assert ring.shape == (2,)


def test_log_prob_is_that_of_scipy():
    ring = mixtures.ring(modes=5, radius=1.5, std=0.3)
    x = torch.randn(40, 2, generator=_generator(), dtype=torch.float64) * 2
    cov = 0.3**2 * np.eye(2)
    density = np.mean([stats.multivariate_normal(m, cov).pdf(x.numpy()) for m in ring.means.numpy()], axis=0)
    assert ring.log_prob(x).dtype == torch.float64
    np.testing.assert_allclose(ring.log_prob(x), np.log(density), rtol=1e-5)


def test_log_prob_stays_finite_far_away():
    assert torch.isfinite(mixtures.ring().log_prob(torch.tensor([[50.0, 50.0]]))).all()


def test_density_on_the_line_integrates_to_one():
    mixture = mixtures.gaussian_1d(means=(-1.0, 2.0), std=(0.3, 0.7), weights=(3.0, 1.0))
    area, _ = integrate.quad(
        lambda x: mixture.log_prob(torch.tensor([[x]], dtype=torch.float64)).exp().item(), -8, 9, points=(-1, 2)
    )
    assert area == pytest.approx(1, abs=1e-6)


def test_samples_follow_the_density():
    mixture = mixtures.gaussian_1d(means=(-1.0, 2.0), std=(0.3, 0.7), weights=(3.0, 1.0))
    x = mixture.sample(20_000, _generator())[:, 0].double().numpy()
    assert stats.kstest(x, lambda t: 0.75 * stats.norm(-1, 0.3).cdf(t) + 0.25 * stats.norm(2, 0.7).cdf(t)).pvalue > 0.01


def test_ring_samples_share_the_modes_equally():
    ring = mixtures.ring()
    x = ring.sample(16_000, _generator())
    distance, mode = torch.cdist(x, ring.means).min(1)
    assert stats.chisquare(mode.bincount(minlength=8).numpy()).pvalue > 0.01
    assert stats.kstest((distance / 0.02).double().numpy(), stats.rayleigh.cdf).pvalue > 0.01


def test_batches_for_the_engine():
    mixture = data.load("gaussian_1d")
    assert mixture.batch(7, _generator()).image.shape == (7, 1)
    points = mixture.points(5, _generator())
    assert isinstance(points, PointSet)
    drawn = points.batch(100, _generator())
    assert set(drawn.image[:, 0].tolist()) == set(points.points[:, 0].tolist())
    assert drawn.label is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mixtures.ring(modes=0), "at least one mode"),
        (lambda: mixtures.ring(std=0.0), "positive"),
        (lambda: mixtures.gaussian_1d(means=(0.0, 1.0), weights=(1.0,)), "as many"),
        (lambda: mixtures.gaussian_1d(weights=(-1.0,)), "positive"),
        (lambda: data.load("ring", mode=8), "mode"),
    ],
)
def test_bad_parameters_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
