"""Against torch.distributions, quadrature and enumeration."""

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from course_lib.losses import likelihood


def _random(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_bernoulli_is_a_distribution_over_binary_images():
    """The 2^6 images of 1 x 2 x 3 pixels have probabilities that sum to one, for every decoder."""
    images = torch.tensor(list(itertools.product([0.0, 1.0], repeat=6)), dtype=torch.float64).view(64, 1, 2, 3)
    logit = 3 * _random(5, 1, 1, 2, 3)
    total = likelihood.bernoulli_log_likelihood(images, logit.expand(5, 64, 1, 2, 3)).exp().sum(1)
    torch.testing.assert_close(total, torch.ones(5, dtype=torch.float64))


def test_bernoulli_of_a_grey_image_is_the_mean_over_its_binarisations():
    images = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=torch.float64).view(16, 1, 2, 2)
    grey, logit = torch.rand(1, 2, 2, dtype=torch.float64), 2 * _random(1, 2, 2)
    probability = (images * grey + (1 - images) * (1 - grey)).prod(-1).prod(-1).prod(-1)
    each = torch.stack([likelihood.bernoulli_log_likelihood(image, logit) for image in images])
    torch.testing.assert_close((probability * each).sum(), likelihood.bernoulli_log_likelihood(grey, logit))


def test_bernoulli_survives_logits_of_any_size():
    logit = torch.tensor([1e4, -1e4, 0.0]).view(3, 1, 1, 1).requires_grad_()
    value = likelihood.bernoulli_log_likelihood(torch.zeros(3, 1, 1, 1), logit)
    value.sum().backward()
    assert value.tolist() == pytest.approx([-1e4, 0, -math.log(2)])
    assert logit.grad.flatten().tolist() == pytest.approx([-1, 0, -0.5])


def test_log_likelihoods_agree_with_torch_and_keep_leading_axes():
    x, other = _random(4, 2, 3, 3), _random(5, 4, 2, 3, 3)
    binary = (x > 0).double()
    expected = Independent(Bernoulli(logits=other), 3).log_prob(binary)
    torch.testing.assert_close(likelihood.bernoulli_log_likelihood(binary, other), expected)
    for log_var in (torch.tensor(-1.3, dtype=torch.float64), _random(2, 3, 3)):
        expected = Independent(Normal(other, (log_var / 2).exp()), 3).log_prob(x)
        torch.testing.assert_close(likelihood.gaussian_log_likelihood(x, other, log_var), expected)
    assert expected.shape == (5, 4)


def test_kl_to_the_standard_normal():
    mu, log_var = _random(6, 3), 1.5 * _random(6, 3).flip(0)
    expected = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0 * mu, torch.ones_like(mu)))
    torch.testing.assert_close(likelihood.kl_to_standard_normal(mu, log_var), expected)
    q, p = scipy.stats.norm(0.7, 0.4), scipy.stats.norm()
    by_quadrature, _ = scipy.integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -10, 10)
    found = likelihood.kl_to_standard_normal(torch.tensor(0.7), torch.tensor(2 * math.log(0.4)))
    assert found.item() == pytest.approx(by_quadrature, rel=1e-5)
    assert likelihood.kl_to_standard_normal(torch.zeros(3), torch.zeros(3)).tolist() == [0, 0, 0]


def test_log_ratio_is_that_of_the_densities():
    z, mu, log_var = _random(7, 4, 3), _random(4, 3), _random(4, 3) - 1
    expected = Normal(0, 1).log_prob(z) - Normal(mu, (log_var / 2).exp()).log_prob(z)
    torch.testing.assert_close(likelihood.standard_normal_log_ratio(z, mu, log_var), expected.sum(-1))


def test_importance_weighted_bound_is_the_log_of_the_mean_weight():
    log_weight = _random(5, 4)
    expected = np.log(np.exp(log_weight.numpy()).mean(0))
    np.testing.assert_allclose(likelihood.importance_weighted_bound(log_weight), expected)
    assert torch.equal(likelihood.importance_weighted_bound(log_weight[:1]), log_weight[0])
    assert likelihood.importance_weighted_bound(log_weight - 1e5).isfinite().all()


def test_the_bound_never_lies_below_the_mean_of_its_logs():
    log_weight = 3 * _random(6, 50)
    assert (likelihood.importance_weighted_bound(log_weight) >= log_weight.mean(0)).all()
