"""What your answers in divergences.py must do. Run `course check divergences`, or pytest on this file."""

import math
from functools import partial

import scipy.special
import scipy.stats
import torch
from torch.distributions import Categorical, Laplace, Normal
from torch.distributions import kl_divergence as torch_kl

from course_lib.grading import expect, expect_true, points, teaches

f64 = partial(torch.tensor, dtype=torch.float64)  # a distribution made of numbers computes in float32

EXCLUDED = {
    "torch.distributions": "build it from elementary operations",
    "torch.nn.functional": "build it from elementary operations",
}

HINTS = {
    "kl_divergence": [
        "Which distribution do the samples come from? The expectation is under that one.",
        "Where p(x) = 0 the logarithm is -inf or NaN. Replace such p(x) and q(x) by 1 before taking logarithms: "
        "1 log(1 / 1) is 0, and so is its share of the gradient in what it replaced.",
        "torch.where(condition, a, b) differentiates both branches. A NaN in the branch that is not taken still "
        "reaches the gradient, so mend the inputs, not the result.",
    ],
    "cross_entropy": [
        "It is the KL divergence without p's own entropy: no log p appears.",
        "p(x) = 0 and q(x) = 0 together must add 0. The same replacement as in kl_divergence does it.",
    ],
    "js_divergence": [
        "Both divergences are taken to the mixture m, which is positive wherever p or q is.",
        "You have kl_divergence already.",
    ],
    "gaussian_kl": [
        "Everything in the formula is a ratio: sigma_p / sigma_q and (mu_p - mu_q) / sigma_q.",
        "Form the ratios before you square. sigma^2 of 1e-200 is 0 in floating point; a ratio of two such is not.",
    ],
    "monte_carlo_kl": [
        "The samples are of p, so the estimate is a plain mean of log p(x) - log q(x). No weights.",
        "The standard error is the standard deviation of the mean, not of one log ratio: it shrinks as n grows.",
        "tensor.var() of torch divides by n - 1 unless told otherwise; a mean of squares divides by n.",
    ],
}


@points(1, "kl_divergence")
@teaches("eq-kl")
def test_kl_is_an_expectation_under_p(student, rng):
    p, q = rng.simplex(5, 7), rng.simplex(5, 7)
    expect(student.kl_divergence(p, q), torch_kl(Categorical(p), Categorical(q)))
    p, q = rng.simplex(3, 2, 4, dtype=torch.float32), rng.simplex(3, 2, 4, dtype=torch.float32)
    expect(student.kl_divergence(p, q), torch_kl(Categorical(p), Categorical(q)), why="Any leading axes must work.")


@points(0.5, "kl_divergence")
@teaches("eq-kl")
def test_kl_of_impossible_outcomes(student):
    p = torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.5]], dtype=torch.float64)
    q = torch.tensor([[0.25, 0.5, 0.25], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]], dtype=torch.float64)
    expected = torch.from_numpy(scipy.special.rel_entr(p.numpy(), q.numpy()).sum(-1))
    expect(student.kl_divergence(p, q), expected, why="0 log 0 counts as 0; q(x) = 0 < p(x) makes the sum infinite.")


@points(0.5, "kl_divergence")
@teaches("eq-kl")
def test_kl_has_its_gradient_and_never_a_nan(student, rng):
    p, q = rng.simplex(4, 5), rng.simplex(4, 5)
    _, (grad_p, grad_q) = student.value_and_grad("kl_divergence", p, q)
    expect(grad_p, (p / q).log() + 1, what="its gradient in p")
    expect(grad_q, -p / q, what="its gradient in q")
    p = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    q = torch.tensor([0.0, 0.5, 0.5], dtype=torch.float64)
    value, (grad_p, grad_q) = student.value_and_grad("kl_divergence", p, q)
    expect(value, torch.tensor(math.log(2), dtype=torch.float64), why="Outcomes with p(x) = 0 add 0.")
    expect(grad_p, torch.tensor([0, 0, math.log(2) + 1], dtype=torch.float64), what="its gradient in p at p(x) = 0")
    expect(grad_q, torch.tensor([0, 0, -2.0], dtype=torch.float64), what="its gradient in q at p(x) = 0")


@points(1, "cross_entropy")
@teaches("eq-cross-entropy")
def test_cross_entropy_is_entropy_plus_kl(student, rng):
    p, q = rng.simplex(6, 4), rng.simplex(6, 4)
    entropy = torch.from_numpy(scipy.stats.entropy(p.numpy(), axis=-1))
    relative = torch.from_numpy(scipy.stats.entropy(p.numpy(), q.numpy(), axis=-1))
    expect(student.cross_entropy(p, q), entropy + relative)
    expect(student.cross_entropy(p, p), entropy, why="H(p, p) is the entropy of p.")


@points(1, "cross_entropy")
@teaches("eq-cross-entropy")
def test_cross_entropy_with_zeros_and_its_gradient(student, rng):
    p = torch.tensor([[0.0, 1.0], [0.5, 0.5]], dtype=torch.float64)
    q = torch.tensor([[0.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    expect(student.cross_entropy(p, q), torch.tensor([0.0, math.inf], dtype=torch.float64))
    p, q = rng.simplex(3, 5), rng.simplex(3, 5)
    _, (_, grad_q) = student.value_and_grad("cross_entropy", p, q)
    expect(grad_q, -p / q, what="its gradient in q")
    p, q = torch.tensor([0.0, 1.0], dtype=torch.float64), torch.tensor([0.0, 1.0], dtype=torch.float64)
    _, (_, grad_q) = student.value_and_grad("cross_entropy", p, q)
    expect(grad_q, torch.tensor([0.0, -1.0], dtype=torch.float64), what="its gradient in q at p(x) = 0")


@points(1, "js_divergence")
@teaches("eq-js")
def test_js_is_half_of_two_divergences_to_the_mixture(student, rng):
    p, q = rng.simplex(6, 5), rng.simplex(6, 5)
    mixture = Categorical((p + q) / 2)
    expected = torch_kl(Categorical(p), mixture) / 2 + torch_kl(Categorical(q), mixture) / 2
    expect(student.js_divergence(p, q), expected)
    expect(student.js_divergence(q, p), expected, why="JS is symmetric.")


@points(1, "js_divergence")
@teaches("eq-js")
def test_js_ends_at_log_two_with_finite_gradients(student):
    p = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    q = torch.tensor([[0.0, 0.5, 0.5], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    value, grads = student.value_and_grad("js_divergence", p, q)
    expect(value, torch.tensor([math.log(2), 0, 0], dtype=torch.float64), atol=1e-12,
           why="Disjoint supports give exactly log 2, equal distributions 0.")  # fmt: skip
    finite = all(bool(grad.isfinite().all()) for grad in grads)
    expect_true(finite, f"gradients must be finite, got {grads[0].tolist()} in p", actual=grads[0])
    expected = torch.where(p > 0, (2 * p / (p + q)).log() / 2, torch.zeros_like(p))
    expect(grads[0], torch.where(p > 0, expected, grads[0]), what="its gradient in p where p(x) > 0")


@points(1, "gaussian_kl")
@teaches("eq-gaussian-kl")
def test_gaussian_kl_in_closed_form(student, rng):
    mu_p, mu_q = rng.normal(9), rng.normal(9)
    sigma_p, sigma_q = rng.uniform(9, low=0.3, high=3), rng.uniform(9, low=0.3, high=3)
    expected = torch_kl(Normal(mu_p, sigma_p), Normal(mu_q, sigma_q))
    expect(student.gaussian_kl(mu_p, sigma_p, mu_q, sigma_q), expected)
    expect(student.gaussian_kl(mu_p[:, None], sigma_p[:, None], mu_q, sigma_q),
           torch_kl(Normal(mu_p[:, None], sigma_p[:, None]), Normal(mu_q, sigma_q)),
           why="Shapes must broadcast: elementwise, no sum.")  # fmt: skip


@points(1, "gaussian_kl")
@teaches("eq-gaussian-kl")
def test_gaussian_kl_has_its_gradients_and_survives_extremes(student, rng):
    mu_p, mu_q = rng.normal(4), rng.normal(4)
    sigma_p, sigma_q = rng.uniform(4, low=0.5, high=2), rng.uniform(4, low=0.5, high=2)
    _, grads = student.value_and_grad("gaussian_kl", mu_p, sigma_p, mu_q, sigma_q)
    shift = mu_p - mu_q
    expect(grads[0], shift / sigma_q**2, what="its gradient in mu_p")
    expect(grads[1], sigma_p / sigma_q**2 - 1 / sigma_p, what="its gradient in sigma_p")
    expect(grads[2], -shift / sigma_q**2, what="its gradient in mu_q")
    expect(grads[3], 1 / sigma_q - (sigma_p**2 + shift**2) / sigma_q**3, what="its gradient in sigma_q")
    tiny = torch.tensor([1e-200, 1.0, 1e200], dtype=torch.float64)
    zero = torch.zeros(3, dtype=torch.float64)
    expected = torch.full((3,), (0.25 - 1) / 2 + math.log(2), dtype=torch.float64)
    expect(student.gaussian_kl(zero, tiny, zero, 2 * tiny), expected, why="Only the ratio of the sigmas matters here.")


@points(1, "monte_carlo_kl")
@teaches("eq-monte-carlo-kl")
def test_estimate_is_the_mean_log_ratio(student, rng):
    x = 1.5 * rng.normal(400) - 0.5
    estimate, _ = student.monte_carlo_kl(student.given("gaussian", -0.5, 1.5), student.given("laplace", 1.0, 0.8), x)
    ratio = Normal(f64(-0.5), f64(1.5)).log_prob(x) - Laplace(f64(1.0), f64(0.8)).log_prob(x)
    expect(estimate, ratio.mean(), what="the estimate", rtol=1e-6)


@points(1, "monte_carlo_kl")
@teaches("eq-monte-carlo-kl")
def test_standard_error_is_that_of_the_mean(student, rng):
    x = rng.normal(7)
    answer = student.monte_carlo_kl(student.given("gaussian", 0.0, 1.0), student.given("gaussian", 1.0, 2.0), x)
    expect_true(isinstance(answer, tuple) and len(answer) == 2, "return (estimate, standard error)", actual=answer)
    ratio = Normal(f64(0.0), f64(1.0)).log_prob(x) - Normal(f64(1.0), f64(2.0)).log_prob(x)
    expect(answer[1], torch.tensor(scipy.stats.sem(ratio.numpy()), dtype=torch.float64), what="the standard error",
           rtol=1e-6)  # fmt: skip
