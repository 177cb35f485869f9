"""Divergences against scipy's entropy, quadrature, torch.distributions and finite differences."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from torch.distributions import Categorical, Normal
from torch.distributions import kl_divergence as torch_kl

from course_lib.losses.divergences import cross_entropy, gaussian_kl, js_divergence, kl_divergence, monte_carlo_kl

DISCRETE = (kl_divergence, js_divergence, cross_entropy)


def _simplex(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(shape[-1]), shape[:-1]))


def _pair() -> tuple[torch.Tensor, torch.Tensor]:
    return _simplex(3, 4, 7), _simplex(3, 4, 7, seed=1)


def test_kl_is_scipys_relative_entropy():
    p, q = _pair()
    np.testing.assert_allclose(kl_divergence(p, q), stats.entropy(p, q, axis=-1), rtol=1e-12)
    np.testing.assert_allclose(kl_divergence(p, q), torch_kl(Categorical(p), Categorical(q)), rtol=1e-10)


def test_js_is_the_mean_kl_to_the_midpoint():
    p, q = _pair()
    m = (p + q) / 2
    np.testing.assert_allclose(
        js_divergence(p, q), (stats.entropy(p, m, axis=-1) + stats.entropy(q, m, axis=-1)) / 2, rtol=1e-12
    )
    assert torch.equal(js_divergence(p, q), js_divergence(q, p))


def test_cross_entropy_is_entropy_plus_kl():
    p, q = _pair()
    np.testing.assert_allclose(
        cross_entropy(p, q), stats.entropy(p, axis=-1) + stats.entropy(p, q, axis=-1), rtol=1e-12
    )


def test_zeros_take_no_part_or_cost_everything():
    p, q = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.25, 0.25, 0.5])
    assert kl_divergence(p, q).item() == pytest.approx(math.log(2))
    assert kl_divergence(q, p).item() == math.inf
    assert cross_entropy(q, p).item() == math.inf
    assert cross_entropy(p, p).item() == pytest.approx(math.log(2))
    assert kl_divergence(p, p).item() == 0
    assert js_divergence(p, p).item() == 0
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    assert js_divergence(one, other).item() == pytest.approx(math.log(2))


def test_js_survives_the_smallest_probability():
    tiny = torch.tensor([1.0, torch.finfo(torch.float32).smallest_normal * 2**-23])  # subnormal; softmax gives such
    assert 0 <= js_divergence(tiny, torch.tensor([1.0, 0.0])).item() < 1e-6


@given(st.integers(2, 9), st.integers(0, 10_000), st.booleans())
def test_ranges(k, seed, sparse):
    rng = np.random.default_rng(seed)
    p, q = (torch.from_numpy(rng.dirichlet(np.full(k, 0.05 if sparse else 1.0))) for _ in range(2))
    assert kl_divergence(p, q) >= -1e-12
    assert 0 <= js_divergence(p, q) <= math.log(2) + 1e-12
    assert cross_entropy(p, q) >= 0


@pytest.mark.parametrize("divergence", DISCRETE)
def test_gradients_are_those_of_finite_differences(divergence):
    p, q = (tensor[0, :2].clone().requires_grad_() for tensor in _pair())
    # Finite differences step off the simplex, by less than the tolerance of the sum.
    assert torch.autograd.gradcheck(divergence, (p, q), eps=1e-9, atol=1e-5)


def _gradients(divergence, p, q):
    p, q = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (p, q))
    return [gradient.tolist() for gradient in torch.autograd.grad(divergence(p, q), (p, q))]


def test_kl_gradient_off_the_support_is_exactly_zero():
    grad_p, grad_q = _gradients(kl_divergence, [0.5, 0.5, 0.0, 0.0], [0.25, 0.5, 0.25, 0.0])
    assert grad_p == pytest.approx([math.log(2) + 1, 1, 0, 0])
    assert grad_p[2:] == [0, 0]
    assert grad_q == [-2, -1, 0, 0]


def test_kl_gradient_where_it_is_infinite():
    grad_p, grad_q = _gradients(kl_divergence, [0.5, 0.5], [1.0, 0.0])
    assert grad_p == pytest.approx([math.log(0.5) + 1, math.inf])
    assert grad_q == [-0.5, -math.inf]


def test_cross_entropy_is_linear_in_p_down_to_zero():
    grad_p, grad_q = _gradients(cross_entropy, [0.5, 0.5, 0.0, 0.0], [0.25, 0.5, 0.25, 0.0])
    assert grad_p == pytest.approx([-math.log(0.25), -math.log(0.5), -math.log(0.25), 0])
    assert grad_q == [-2, -1, 0, 0]


def test_js_gradients_are_finite_at_zeros():
    for gradient in _gradients(js_divergence, [0.5, 0.5, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0]):
        assert all(map(math.isfinite, gradient))


@pytest.mark.parametrize("divergence", DISCRETE)
def test_through_softmax_an_underflowed_outcome_has_no_gradient(divergence):
    """Why zero is the right convention: in the logits it is the true limit, since p log p -> 0."""
    q = torch.tensor([0.3, 0.3, 0.4], dtype=torch.float64)

    def gradient(logit):
        logits = torch.tensor([0.0, 1.0, logit], dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(divergence(logits.softmax(-1), q), logits)[0]

    assert gradient(-1e4)[2] == 0
    torch.testing.assert_close(gradient(-1e4), gradient(-60.0), atol=1e-12, rtol=1e-9)


def test_inputs_are_left_alone_and_dtype_is_kept():
    for dtype in (torch.float32, torch.float64):
        p, q = (tensor.to(dtype) for tensor in _pair())
        copies = p.clone(), q.clone()
        assert all(divergence(p, q).dtype == dtype for divergence in DISCRETE)
        assert torch.equal(p, copies[0])
        assert torch.equal(q, copies[1])


@pytest.mark.parametrize("divergence", DISCRETE)
@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([0.5, 0.4], [0.5, 0.5], "p must sum to 1 over the last axis, but sums to 0.9"),
        ([0.5, 0.5], [0.5, 0.5002], "q must sum to 1"),
        ([1.2, -0.2], [0.5, 0.5], "p holds a negative probability"),
        ([0.5, 0.5], [math.nan, 0.5], "q holds NaN"),
        ([0.5, 0.5], [0.2, 0.3, 0.5], r"one shape \[..., K\], not \(2,\), \(3,\)"),
        (1.0, 1.0, "one shape"),
    ],
)
def test_what_is_no_distribution_is_refused(divergence, p, q, message):
    with pytest.raises(ValueError, match=message) as caught:
        divergence(torch.tensor(p), torch.tensor(q))
    assert "\n" not in str(caught.value)


def test_the_sum_is_held_to_what_the_dtype_can_do():
    p = [0.5, 0.5 + 5e-5]
    kl_divergence(torch.tensor(p), torch.tensor(p))
    with pytest.raises(ValueError, match="sum to 1"):
        kl_divergence(torch.tensor(p, dtype=torch.float64), torch.tensor([0.5, 0.5], dtype=torch.float64))
    with pytest.raises(ValueError, match="floating-point"):
        kl_divergence(torch.tensor([1, 0]), torch.tensor([1, 0]))


@pytest.mark.parametrize("case", [(0.0, 1.0, 0.0, 1.0), (1.0, 0.5, -1.0, 2.0), (-3.0, 2.0, 1.0, 0.7)])
def test_gaussian_kl_is_the_integral(case):
    mu_p, sigma_p, mu_q, sigma_q = case
    p, q = stats.norm(mu_p, sigma_p), stats.norm(mu_q, sigma_q)
    integral, _ = integrate.quad(
        lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), mu_p - 12 * sigma_p, mu_p + 12 * sigma_p, limit=200
    )
    tensors = [torch.tensor(value, dtype=torch.float64) for value in case]
    assert gaussian_kl(*tensors).item() == pytest.approx(integral, abs=1e-8)


def test_gaussian_kl_broadcasts_and_has_gradients():
    mu, sigma = torch.zeros(3, 1, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    assert gaussian_kl(mu, sigma, mu + 1, 2 * sigma).shape == (3, 4)
    inputs = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.3, 0.5, -1.0, 2.0)]
    assert torch.autograd.gradcheck(gaussian_kl, inputs)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (1, 0.0, "sigma_p holds a value that is not positive"),
        (3, -1.0, "sigma_q"),
        (0, math.nan, "mu_p"),
        (3, math.inf, "sigma_q"),
    ],
)
def test_what_is_no_gaussian_is_refused(at, value, message):
    arguments = [0.0, 1.0, 0.0, 1.0]
    arguments[at] = value
    with pytest.raises(ValueError, match=message):
        gaussian_kl(*map(torch.tensor, arguments))


def test_monte_carlo_covers_the_truth_as_often_as_it_says():
    p, q = Normal(torch.tensor(0.0), torch.tensor(1.0)), Normal(torch.tensor(1.0), torch.tensor(1.5))
    truth = gaussian_kl(p.loc, p.scale, q.loc, q.scale)
    torch.manual_seed(0)
    scores = []
    for _ in range(400):
        estimate, error = monte_carlo_kl(p.log_prob, q.log_prob, p.sample((200,)))
        scores.append(((estimate - truth) / error).item())
    assert abs(np.mean(scores)) < 3 / math.sqrt(400)
    assert np.std(scores) == pytest.approx(1, abs=0.12)


def test_monte_carlo_is_mean_and_standard_error_of_the_log_ratio():
    x = torch.linspace(-1, 1, 11, dtype=torch.float64)
    estimate, error = monte_carlo_kl(lambda x: -x, lambda x: x**2, x)
    ratio = (-x - x**2).numpy()
    assert estimate.item() == pytest.approx(ratio.mean())
    assert error.item() == pytest.approx(stats.sem(ratio))


def test_monte_carlo_where_q_misses_a_point():
    x = torch.tensor([0.5, 1.5])
    estimate, error = monte_carlo_kl(torch.zeros_like, lambda x: torch.where(x < 1, 0.0, -math.inf), x)
    assert estimate == error == math.inf


@pytest.mark.parametrize(
    ("log_p", "log_q", "n", "message"),
    [
        (torch.zeros_like, torch.zeros_like, 1, "at least two points"),
        (torch.sum, torch.zeros_like, 5, "log_p must give one number per point"),
        (torch.zeros_like, lambda x: x * math.nan, 5, "log_q gives NaN"),
        (lambda x: x - math.inf, torch.zeros_like, 5, "not drawn from it"),
    ],
)
def test_monte_carlo_refuses(log_p, log_q, n, message):
    with pytest.raises(ValueError, match=message):
        monte_carlo_kl(log_p, log_q, torch.zeros(n))
