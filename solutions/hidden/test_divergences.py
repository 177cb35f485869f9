"""Hidden tests of divergences: the same points for the same exercises as the visible ones, on secret inputs."""

import math
from functools import partial

import torch
from torch.distributions import Categorical, Independent, Laplace, Normal
from torch.distributions import kl_divergence as torch_kl

from course_lib.grading import expect, expect_true, points, teaches

f64 = partial(torch.tensor, dtype=torch.float64)  # a distribution made of numbers computes in float32


def with_zeros(rng, *shape):
    """Probability vectors of which some entries are exactly zero; the first never is."""
    p = rng.simplex(*shape)
    keep = rng.uniform(*shape) < 0.6
    keep[..., 0] = True
    p = p * keep
    return p / p.sum(-1, keepdim=True)


@points(1, "kl_divergence")
@teaches("eq-kl")
def test_kl_on_secret_distributions(student, rng):
    for shape in ((9,), (4, 3), (2, 3, 6)):
        p, q = rng.simplex(*shape), rng.simplex(*shape)
        expect(student.kl_divergence(p, q), torch_kl(Categorical(p), Categorical(q)))
        expect(student.kl_divergence(p.float(), q.float()), torch_kl(Categorical(p), Categorical(q)).float(),
               rtol=1e-3, atol=1e-5)  # fmt: skip


@points(0.5, "kl_divergence")
@teaches("eq-kl")
def test_kl_with_secret_zeros(student, rng):
    p, q = with_zeros(rng, 40, 6), with_zeros(rng, 40, 6)
    q[:20] = q[:20] * (p[:20] > 0) + (q[:20] == 0) * p[:20]  # where p is possible so is q: finite
    q = q / q.sum(-1, keepdim=True)
    expected = (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1)
    expect(student.kl_divergence(p, q), expected)


@points(0.5, "kl_divergence")
@teaches("eq-kl")
def test_kl_gradients_on_secret_distributions(student, rng):
    p, q, weight = with_zeros(rng, 10, 5), rng.simplex(10, 5), rng.normal(10)
    q[:5] = p[:5]
    _, (grad_p, grad_q) = student.value_and_grad("kl_divergence", p, q, cotangent=weight)
    possible = p > 0
    ratio = torch.where(possible, p, 1) / torch.where(possible, q, 1)
    expect(grad_p, weight[:, None] * torch.where(possible, ratio.log() + 1, 0), what="its gradient in p")
    expect(grad_q, weight[:, None] * torch.where(possible, -ratio, 0), what="its gradient in q")


@points(1, "cross_entropy")
@teaches("eq-cross-entropy")
def test_cross_entropy_on_secret_distributions(student, rng):
    for shape in ((7,), (3, 2, 5)):
        p, q = rng.simplex(*shape), rng.simplex(*shape)
        expect(student.cross_entropy(p, q), Categorical(p).entropy() + torch_kl(Categorical(p), Categorical(q)))


@points(1, "cross_entropy")
@teaches("eq-cross-entropy")
def test_cross_entropy_with_secret_zeros(student, rng):
    p, weight = with_zeros(rng, 12, 4), rng.normal(12)
    q = p.flip(0)
    expect(student.cross_entropy(p, q), -torch.xlogy(p, q).sum(-1))
    q = rng.simplex(12, 4)
    q[:6] = p[:6]
    _, (_, grad_q) = student.value_and_grad("cross_entropy", p, q, cotangent=weight)
    possible = p > 0
    expect(grad_q, -weight[:, None] * torch.where(possible, p / torch.where(possible, q, 1), 0),
           what="its gradient in q")  # fmt: skip


@points(1, "js_divergence")
@teaches("eq-js")
def test_js_on_secret_distributions(student, rng):
    p, q = with_zeros(rng, 20, 5), with_zeros(rng, 20, 5)
    m = (p + q) / 2
    entropies = [-torch.xlogy(one, one).sum(-1) for one in (p, q, m)]
    expect(student.js_divergence(p, q), entropies[2] - (entropies[0] + entropies[1]) / 2, atol=1e-12)


@points(1, "js_divergence")
@teaches("eq-js")
def test_js_bounds_and_gradients_on_secret_distributions(student, rng):
    p = rng.simplex(8, 6)
    p = p * torch.tensor([1, 1, 1, 0, 0, 0])
    p = p / p.sum(-1, keepdim=True)
    q = p.flip(-1)
    value, grads = student.value_and_grad("js_divergence", p, q)
    expect(value, torch.full((8,), math.log(2), dtype=torch.float64), what="of disjoint distributions")
    expect_true(all(bool(grad.isfinite().all()) for grad in grads), "gradients must be finite", actual=grads[0])
    p, q = rng.simplex(8, 6), rng.simplex(8, 6)
    _, (grad_p, grad_q) = student.value_and_grad("js_divergence", p, q)
    expect(grad_p, (2 * p / (p + q)).log() / 2, what="its gradient in p")
    expect(grad_q, (2 * q / (p + q)).log() / 2, what="its gradient in q")


@points(1, "gaussian_kl")
@teaches("eq-gaussian-kl")
def test_gaussian_kl_on_secret_gaussians(student, rng):
    mu_p, mu_q = 5 * rng.normal(6, 1), 5 * rng.normal(8)
    sigma_p, sigma_q = rng.uniform(6, 1, low=0.05, high=9), rng.uniform(8, low=0.05, high=9)
    expect(student.gaussian_kl(mu_p, sigma_p, mu_q, sigma_q),
           torch_kl(Normal(mu_p, sigma_p), Normal(mu_q, sigma_q)))  # fmt: skip


@points(1, "gaussian_kl")
@teaches("eq-gaussian-kl")
def test_gaussian_kl_gradients_and_extremes(student, rng):
    leaves = [rng.normal(5), rng.uniform(5, low=0.2, high=4), rng.normal(5), rng.uniform(5, low=0.2, high=4)]
    _, grads = student.value_and_grad("gaussian_kl", *leaves)
    mine = [leaf.clone().requires_grad_() for leaf in leaves]
    wanted = torch.autograd.grad(torch_kl(Independent(Normal(*mine[:2]), 1), Independent(Normal(*mine[2:]), 1)), mine)
    for grad, want, name in zip(grads, wanted, ("mu_p", "sigma_p", "mu_q", "sigma_q"), strict=True):
        expect(grad, want, what=f"its gradient in {name}")
    factor = rng.uniform(1, low=1.5, high=4)
    for size in (1e-200, 1e200):
        sigma = torch.tensor([size], dtype=torch.float64)
        expect(student.gaussian_kl(0 * sigma, sigma, 0 * sigma, factor * sigma),
               factor.log() + (1 / factor**2 - 1) / 2)  # fmt: skip


@points(1, "monte_carlo_kl")
@teaches("eq-monte-carlo-kl")
def test_estimate_on_secret_samples(student, rng):
    mu, scale = rng.normal(2).tolist(), rng.uniform(2, low=0.5, high=2).tolist()
    for n in (2, 5, 300):
        x = mu[0] + scale[0] * rng.normal(n)
        p, q = student.given("gaussian", mu[0], scale[0]), student.given("laplace", mu[1], scale[1])
        estimate, _ = student.monte_carlo_kl(p, q, x)
        ratio = Normal(f64(mu[0]), f64(scale[0])).log_prob(x) - Laplace(f64(mu[1]), f64(scale[1])).log_prob(x)
        expect(estimate, ratio.mean(), what="the estimate", rtol=1e-5, atol=1e-7)


@points(1, "monte_carlo_kl")
@teaches("eq-monte-carlo-kl")
def test_standard_error_on_secret_samples(student, rng):
    for n in (2, 3, 50):
        x = rng.normal(n)
        _, error = student.monte_carlo_kl(student.given("gaussian", 0.0, 1.0), student.given("gaussian", 0.7, 1.3), x)
        ratio = Normal(f64(0.0), f64(1.0)).log_prob(x) - Normal(f64(0.7), f64(1.3)).log_prob(x)
        expect(error, ratio.std() / math.sqrt(n), what="the standard error", rtol=1e-5)
