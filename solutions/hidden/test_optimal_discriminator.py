"""Hidden tests of optimal_discriminator: the points of the visible ones, on secret inputs."""

import math
from functools import partial

import torch
from torch.distributions import Categorical, Laplace, Normal, StudentT
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


def js(p, q):
    """From entropies, so that zeros need no care: H((p + q) / 2) - (H(p) + H(q)) / 2."""
    return (torch.special.entr((p + q) / 2) - torch.special.entr(p) / 2 - torch.special.entr(q) / 2).sum(-1)


@points(1, "optimal_discriminator")
@teaches("eq-optimal-discriminator")
def test_best_answers_on_secret_densities(student, rng):
    for scale in (1.0, 1e-100, 1e-250, 1e100):
        p_data, p_g = scale * rng.uniform(4, 7), scale * rng.uniform(4, 7)
        expect(student.optimal_discriminator(p_data, p_g), 1 / (1 + p_g / p_data))
    x = 6 * rng.normal(50)
    data, model = Normal(f64(0.3), f64(0.9)), StudentT(f64(3.0), f64(-0.2), f64(1.4))
    log_ratio = data.log_prob(x) - model.log_prob(x)
    expect(student.optimal_discriminator(data.log_prob(x).exp(), model.log_prob(x).exp()), torch.sigmoid(log_ratio))
    p_data, p_g = with_zeros(rng, 30, 6), with_zeros(rng, 30, 6)
    expected = torch.where(p_data + p_g > 0, p_data / (p_data + p_g), 0.5)
    expect(student.optimal_discriminator(p_data, p_g), expected, why="Where both are 0: 1/2.")
    p_data, p_g = rng.uniform(5, 1, dtype=torch.float32), rng.uniform(3, dtype=torch.float32)
    expect(student.optimal_discriminator(p_data, p_g), torch.sigmoid(p_data.log() - p_g.log()))


@points(1, "optimal_discriminator")
@teaches("eq-smoothed-optimum")
def test_secret_labels_and_gradients(student, rng):
    for _ in range(3):
        alpha, beta = rng.uniform(1, low=0.6, high=1).item(), rng.uniform(1, high=0.4).item()
        p_data, p_g, weight = with_zeros(rng, 6, 5), with_zeros(rng, 6, 5), rng.normal(6, 5)
        somewhere = p_data + p_g > 0
        total = torch.where(somewhere, p_data + p_g, 1.0)
        value, grads = student.value_and_grad("optimal_discriminator", p_data, p_g, alpha, beta, cotangent=weight)
        expect(value, torch.where(somewhere, beta + (alpha - beta) * p_data / total, 0.5))
        expect(grads[0], weight * (alpha - beta) * p_g / total**2, what="its gradient in p_data")
        expect(grads[1], -weight * (alpha - beta) * p_data / total**2, what="its gradient in p_g")


@points(1, "value_function")
@teaches("eq-value-integral", "eq-smoothed-value")
def test_value_on_secret_distributions(student, rng):
    for shape in ((8,), (3, 4), (2, 3, 5)):
        p_data, p_g, logit = with_zeros(rng, *shape), with_zeros(rng, *shape), rng.normal(*shape)
        d = torch.sigmoid(logit)
        real, fake = torch.nn.functional.logsigmoid(logit), torch.nn.functional.logsigmoid(-logit)
        expect(student.value_function(p_data, p_g, d), (p_data * real + p_g * fake).sum(-1))
        alpha, beta = rng.uniform(2).tolist()
        expected = p_data * (alpha * real + (1 - alpha) * fake) + p_g * (beta * real + (1 - beta) * fake)
        expect(student.value_function(p_data, p_g, d, alpha, beta), expected.sum(-1))
    p_data, p_g = with_zeros(rng, 25, 6), with_zeros(rng, 25, 6)
    d = (p_data > 0).double()
    d[(p_data > 0) & (p_g > 0)] = 0.25
    expected = -(math.log(4) * (p_data * (p_g > 0)).sum(-1) + math.log(4 / 3) * (p_g * (p_data > 0)).sum(-1))
    expect(student.value_function(p_data, p_g, d), expected, why="0 log 0 counts as 0.")
    expect(student.value_function(p_data, p_g, 1 - (p_data > 0).double()), torch.full_like(expected, -math.inf))


@points(1, "value_function")
@teaches("eq-pointwise", "eq-smoothed-value")
def test_slopes_on_secret_distributions(student, rng):
    p_data, p_g, d = rng.simplex(6, 4), rng.simplex(6, 4), rng.uniform(6, 4, low=0.02, high=0.98)
    weight, alpha, beta = rng.normal(6), *rng.uniform(2, low=0.1, high=0.9).tolist()
    _, grads = student.value_and_grad("value_function", p_data, p_g, d, alpha, beta, cotangent=weight)
    up = (alpha * p_data + beta * p_g) / d
    down = ((1 - alpha) * p_data + (1 - beta) * p_g) / (1 - d)
    expect(grads[2], weight[:, None] * (up - down), what="its gradient in d")
    p_data, p_g = with_zeros(rng, 20, 5), with_zeros(rng, 20, 5)
    d = torch.where(p_data == 0, 0.0, torch.where(p_g == 0, 1.0, 0.3)).double()
    _, grads = student.value_and_grad("value_function", p_data, p_g, d)
    up = torch.where(p_data == 0, 0.0, p_data / torch.where(p_data == 0, 1.0, d))
    down = torch.where(p_g == 0, 0.0, p_g / torch.where(p_g == 0, 1.0, 1 - d))
    expect(grads[2], up - down, what="its gradient in d where a weight is 0")


@points(1, "value_at_optimum")
@teaches("eq-value-at-optimum", "eq-js-from-value")
def test_value_at_the_optimum_of_secret_distributions(student, rng):
    for shape in ((9,), (4, 3), (2, 3, 5)):
        p_data, p_g = rng.simplex(*shape), rng.simplex(*shape)
        middle = Categorical((p_data + p_g) / 2)
        expected = torch_kl(Categorical(p_data), middle) + torch_kl(Categorical(p_g), middle) - 2 * math.log(2)
        expect(student.value_at_optimum(p_data, p_g), expected)
        expect(student.value_at_optimum(p_data, p_data), torch.full_like(expected, -2 * math.log(2)))
    p_data, p_g = with_zeros(rng, 40, 6), with_zeros(rng, 40, 6)
    expect(student.value_at_optimum(p_data, p_g), 2 * js(p_data, p_g) - 2 * math.log(2))
    least = 10 ** -rng.uniform(7, low=309, high=320)
    p, q = torch.stack([0 * least, 1 - least], -1), torch.stack([least, 1 - least], -1)
    for p_data, p_g in ((p, q), (q, p)):
        expect(student.value_at_optimum(p_data, p_g), torch.full_like(least, -2 * math.log(2)))


@points(1, "value_at_optimum")
@teaches("eq-value-at-optimum")
def test_rounding_and_gradients_on_secret_distributions(student, rng):
    tiny = 10 ** -rng.uniform(12, low=13, high=140)
    p_data, p_g = torch.stack([1 - tiny, tiny], -1), torch.stack([tiny, 1 - tiny], -1)
    value, grads = student.value_and_grad("value_at_optimum", p_data, p_g)
    expect(value, 2 * tiny * (tiny.log() - 1), atol=1e-15, why="D* rounds to 1 here; its complement is not 0.")
    expect(grads[1][:, 0], tiny.log(), what="its gradient in p_g", rtol=1e-6)
    expect(grads[0][:, 1], tiny.log(), what="its gradient in p_data", rtol=1e-6)
    p_data, p_g, weight = with_zeros(rng, 20, 6), with_zeros(rng, 20, 6), rng.normal(20)
    _, grads = student.value_and_grad("value_at_optimum", p_data, p_g, cotangent=weight)
    finite = all(bool(grad.isfinite().all()) for grad in grads)
    expect_true(finite, "gradients must be finite", actual=grads[0])
    both = (p_data > 0) & (p_g > 0)
    ratio = torch.where(both, p_g, 1.0) / torch.where(both, p_data, 1.0)
    expect(torch.where(both, grads[0], 0.0), weight[:, None] * torch.where(both, -torch.log1p(ratio), 0.0),
           what="its gradient in p_data, log D*")  # fmt: skip
    expect(torch.where(both, grads[1], 0.0), weight[:, None] * torch.where(both, -torch.log1p(1 / ratio), 0.0),
           what="its gradient in p_g, log(1 - D*)")  # fmt: skip


@points(1, "js_from_value")
@teaches("eq-js-from-value")
def test_js_of_secret_distributions(student, rng):
    for shape in ((5,), (6, 4), (2, 3, 8)):
        p_data, p_g = with_zeros(rng, *shape), with_zeros(rng, *shape)
        value = (torch.xlogy(p_data, p_data) + torch.xlogy(p_g, p_g) - torch.xlogy(p_data + p_g, p_data + p_g)).sum(-1)
        expect(student.js_from_value(value), js(p_data, p_g))
        expect(student.js_from_value(value.float()), js(p_data, p_g).float(), atol=1e-5)


@points(1, "js_from_value")
@teaches("eq-js-from-value", "eq-lower-bound")
def test_secret_poor_discriminators(student, rng):
    below, weight = rng.uniform(4, 3, low=0, high=30), rng.normal(4, 3)
    answer, grads = student.value_and_grad("js_from_value", -2 * math.log(2) - 2 * below, cotangent=weight)
    expect(answer, -below, why="Below -2 log 2 the bound is negative; leave it so.")
    expect(grads[0], weight / 2, what="its gradient")


@points(1, "log_density_ratio")
@teaches("eq-log-ratio", "eq-unequal-classes")
def test_log_ratios_from_secret_class_sizes(student, rng):
    for dtype in (torch.float64, torch.float32):
        n_real, n_fake = rng.integers(1, 5000, 2).tolist()
        x = 3 * rng.normal(4, 6)
        ratio = Normal(f64(0.0), f64(1.0)).log_prob(x) - Laplace(f64(0.5), f64(1.2)).log_prob(x)
        logit = (n_real / (n_real + n_fake) * Normal(f64(0.0), f64(1.0)).log_prob(x).exp()).log()
        logit = logit - (n_fake / (n_real + n_fake) * Laplace(f64(0.5), f64(1.2)).log_prob(x).exp()).log()
        expect(student.log_density_ratio(logit.to(dtype), n_real, n_fake), ratio.to(dtype), atol=1e-5)
        expect(student.log_density_ratio(ratio.to(dtype)), ratio.to(dtype))
    logit = rng.uniform(8, low=-1e4, high=1e4)
    answer, grads = student.value_and_grad("log_density_ratio", logit, 3, 7)
    expect(answer, logit - math.log(3) + math.log(7))
    expect(grads[0], torch.ones_like(logit), what="its gradient")


@points(1, "log_density_ratio")
@teaches("eq-unequal-classes", "eq-smoothed-optimum")
def test_secret_smoothing_is_undone(student, rng):
    for _ in range(3):
        alpha = rng.uniform(1, low=0.55, high=0.98).item()
        n_real, n_fake = rng.integers(1, 900, 2).tolist()
        ratio = rng.uniform(11, low=-7, high=5)
        d = alpha * torch.sigmoid(ratio + math.log(n_real / n_fake))
        logit = d.log() - (1 - d).log()
        expect(student.log_density_ratio(logit, n_real, n_fake, alpha), ratio, rtol=1e-6, atol=1e-7)
        _, grads = student.value_and_grad("log_density_ratio", logit, n_real, n_fake, alpha)
        expect(grads[0], (1 - d) * alpha / (alpha - d), what="its gradient", rtol=1e-6)
        low = rng.uniform(5, low=-1e4, high=-60)
        expect(student.log_density_ratio(low, 1, 1, alpha), low - math.log(alpha))
        above = math.log(alpha / (1 - alpha)) + rng.uniform(5, low=0.01, high=1e4)
        expect(student.log_density_ratio(above, n_real, n_fake, alpha), torch.full_like(above, math.inf))
