"""What your answers in optimal_discriminator.py must do.

Run: course check optimal_discriminator (or pytest exercises/test_optimal_discriminator.py).
"""

import math

import scipy.special
import scipy.stats
import torch
from scipy.spatial.distance import jensenshannon

from course_lib.grading import expect, expect_true, points, teaches

EXCLUDED = {
    "torch.distributions": "build it from elementary operations",
    "torch.nn.functional": "build it from elementary operations",
}

HINTS = {
    "optimal_discriminator": [
        "At one point x only two numbers matter: how much data lies there, and how much of the generator's mass.",
        "Where both are 0 the formula is 0 / 0. Divide by 1 there instead, and put 1/2 into the result afterwards.",
        "A small constant in the denominator spoils the tails: there both densities are far smaller than the constant.",
    ],
    "value_function": [
        "Collect what stands before log d(x), and what stands before log(1 - d(x)): two weights for each outcome.",
        "A logarithm with weight 0 must not be taken at all. Replace its argument by 1 before taking it.",
        "torch.where(condition, a, b) differentiates both branches. A NaN in the branch that is not taken still "
        "reaches the gradient, so mend the inputs, not the result.",
    ],
    "value_at_optimum": [
        "Put D* into V. You may write it in one line for each of the two terms.",
        "1 - D*(x) is p_g(x) / (p_data(x) + p_g(x)). The subtraction gives 0 where p_g(x) is very small; the ratio "
        "does not.",
        "Where p_g(x) = 0 its term is 0: replace the ratio by 1 / 1 before the logarithm.",
    ],
    "js_from_value": [
        "Solve V(D*, G) = -2 log 2 + 2 JS for JS.",
        "Nothing else: no clamp, no absolute value. An estimate of a lower bound may lie below 0.",
    ],
    "log_density_ratio": [
        "Begin with alpha = 1: divide D by 1 - D and see what is left of the denominators. Then take the logarithm.",
        "With a label alpha the same trick works with D / (alpha - D).",
        "With D = e^l / (1 + e^l): D / (alpha - D) = e^l / (alpha - (1 - alpha) e^l). Take its logarithm by hand: l "
        "comes out whole, and only the rest needs an exponential.",
    ],
}


@points(1, "optimal_discriminator")
@teaches("eq-optimal-discriminator")
def test_the_best_answer_is_the_share_of_data_at_x(student):
    x = torch.linspace(-45, 45, 31, dtype=torch.float64)
    data, model = scipy.stats.norm(1.0, 1.5), scipy.stats.laplace(-0.5, 0.6)
    p_data, p_g = torch.from_numpy(data.pdf(x.numpy())), torch.from_numpy(model.pdf(x.numpy()))
    expected = torch.from_numpy(scipy.special.expit(data.logpdf(x.numpy()) - model.logpdf(x.numpy())))
    expect(student.optimal_discriminator(p_data, p_g), expected, atol=0.0, why="Tails count: 1e-200 is not 0.")
    expect(student.optimal_discriminator(p_data.float()[11:19, None], p_g.float()[11:19]),
           torch.sigmoid(p_data[11:19, None].log() - p_g[11:19].log()).float(),
           why="Shapes must broadcast, and the dtype stay.")  # fmt: skip
    p_data, p_g = torch.tensor([0.3, 0.0, 0.0]), torch.tensor([0.0, 2.0, 0.0])
    expect(student.optimal_discriminator(p_data, p_g), torch.tensor([1.0, 0.0, 0.5]), why="Where both are 0: 1/2.")


@points(1, "optimal_discriminator")
@teaches("eq-smoothed-optimum")
def test_smoothed_labels_and_the_gradients(student, rng):
    p_data, p_g = rng.uniform(6, low=0.1, high=2), rng.uniform(6, low=0.1, high=2)
    share = torch.sigmoid(p_data.log() - p_g.log())
    expect(student.optimal_discriminator(p_data, p_g, 0.9), 0.9 * share, why="alpha = 0.9, beta = 0.")
    expect(student.optimal_discriminator(p_data, p_g, 0.8, 0.1), 0.1 + 0.7 * share, why="alpha = 0.8, beta = 0.1.")
    p_data[0] = p_g[0] = p_data[1] = 0.0
    value, grads = student.value_and_grad("optimal_discriminator", p_data, p_g, 0.8, 0.1)
    expect(value[:2], torch.tensor([0.5, 0.1], dtype=torch.float64), why="Where both are 0: 1/2, smoothed or not.")
    somewhere = p_data + p_g > 0
    square = torch.where(somewhere, p_data + p_g, 1.0) ** 2
    expect(grads[0], 0.7 * p_g / square, what="its gradient in p_data")
    expect(grads[1], -0.7 * p_data / square, what="its gradient in p_g")


@points(1, "value_function")
@teaches("eq-value-integral", "eq-smoothed-value")
def test_value_is_two_expectations(student, rng):
    p_data, p_g, d = rng.simplex(5, 4), rng.simplex(5, 4), rng.uniform(5, 4, low=0.05, high=0.95)
    real, fake = -torch.log(1 / d), -torch.log(1 / (1 - d))
    expect(student.value_function(p_data, p_g, d), torch.einsum("nk,nk->n", p_data, real)
           + torch.einsum("nk,nk->n", p_g, fake))  # fmt: skip
    smoothed = [p_data @ (0.9 * real + 0.1 * fake).T, p_g @ (0.2 * real + 0.8 * fake).T]
    expect(student.value_function(p_data, p_g, d, 0.9, 0.2), (smoothed[0] + smoothed[1]).diagonal(),
           why="alpha = 0.9, beta = 0.2.")  # fmt: skip
    p_data = torch.tensor([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]], dtype=torch.float64)
    p_g = torch.tensor([[0.0, 0.5, 0.5], [0.0, 0.5, 0.5], [0.0, 1.0, 0.0]], dtype=torch.float64)
    d = torch.tensor([[1.0, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.5, 1.0]], dtype=torch.float64)
    expect(student.value_function(p_data, p_g, d), torch.tensor([-math.log(2), -math.inf, -2 * math.log(2)],
           dtype=torch.float64), why="0 log 0 counts as 0; log 0 with a positive weight is -inf.")  # fmt: skip
    expected = torch.full((3,), 1.1 * math.log(0.25) + 0.9 * math.log(0.75), dtype=torch.float64)
    expect(student.value_function(p_data, p_g, torch.full_like(d, 0.25), 0.9, 0.2), expected,
           why="With smoothed labels both logarithms count wherever one of the two densities is positive.")  # fmt: skip


@points(1, "value_function")
@teaches("eq-pointwise", "eq-smoothed-value")
def test_slope_of_the_value_and_where_it_vanishes(student, rng):
    p_data, p_g, d = rng.simplex(3, 4), rng.simplex(3, 4), rng.uniform(3, 4, low=0.05, high=0.95)
    _, grads = student.value_and_grad("value_function", p_data, p_g, d)
    expect(grads[2], p_data / d - p_g / (1 - d), what="its gradient in d")
    best = 0.1 + 0.75 * torch.sigmoid(p_data.log() - p_g.log())
    _, grads = student.value_and_grad("value_function", p_data, p_g, best, 0.85, 0.1)
    expect(grads[2], torch.zeros_like(d), what="its gradient in d at the optimum for alpha = 0.85, beta = 0.1")
    p_data = torch.tensor([0.0, 0.0, 0.75, 0.25], dtype=torch.float64)
    p_g = torch.tensor([0.0, 0.5, 0.5, 0.0], dtype=torch.float64)
    d = torch.tensor([0.0, 0.0, 0.5, 1.0], dtype=torch.float64)
    value, grads = student.value_and_grad("value_function", p_data, p_g, d)
    expect(value, torch.tensor(-1.25 * math.log(2), dtype=torch.float64), why="0 log 0 counts as 0.")
    expect(grads[2], torch.tensor([0.0, -0.5, 0.5, 0.25], dtype=torch.float64),
           what="its gradient in d where a weight is 0")  # fmt: skip


@points(1, "value_at_optimum")
@teaches("eq-value-at-optimum", "eq-js-from-value")
def test_value_at_the_optimum_is_jensen_shannon_in_disguise(student, rng):
    p_data, p_g = rng.simplex(6, 5), rng.simplex(6, 5)
    p_data[0], p_g[1] = p_g[0], p_data[1].roll(1)
    js = torch.from_numpy(jensenshannon(p_data.numpy(), p_g.numpy(), axis=-1)) ** 2
    expect(student.value_at_optimum(p_data, p_g), 2 * js - 2 * math.log(2))
    p_data = torch.tensor([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]], dtype=torch.float64)
    p_g = torch.tensor([[0.0, 0.5, 0.5], [0.25, 0.75, 0.0]], dtype=torch.float64)
    expect(student.value_at_optimum(p_data, p_g), torch.tensor([0.0, -2 * math.log(2)], dtype=torch.float64),
           why="0 for disjoint supports, -2 log 2 for equal distributions.")  # fmt: skip
    least = torch.tensor([[0.0, 1.0], [1e-310, 1.0]], dtype=torch.float64)
    for p_data, p_g in (least, least.flip(0)):
        expect(student.value_at_optimum(p_data, p_g), torch.tensor(-2 * math.log(2), dtype=torch.float64),
               why="An outcome with probability 1e-310 is possible, if barely: 1 / 1e-310 overflows.")  # fmt: skip


@points(1, "value_at_optimum")
@teaches("eq-value-at-optimum")
def test_value_at_the_optimum_survives_rounding_and_has_its_gradients(student, rng):
    tiny = torch.tensor([1e-12, 1e-20, 1e-100], dtype=torch.float64)
    p_data, p_g = torch.stack([1 - tiny, tiny], -1), torch.stack([tiny, 1 - tiny], -1)
    exact = 2 * tiny * (tiny.log() - 1)  # to first order; the second lies below 1e-22
    value, grads = student.value_and_grad("value_at_optimum", p_data, p_g)
    expect(value, exact, atol=1e-15, why="D* rounds to 1 here, and log(1 - D*) is -46 all the same.")
    expect(grads[1][:, 0], tiny.log(), what="its gradient in p_g where D* rounds to 1", rtol=1e-6)
    p_data, p_g = rng.simplex(4, 5), rng.simplex(4, 5)
    _, grads = student.value_and_grad("value_at_optimum", p_data, p_g)
    expect(grads[0], -torch.log1p(p_g / p_data), what="its gradient in p_data, log D*")
    expect(grads[1], -torch.log1p(p_data / p_g), what="its gradient in p_g, log(1 - D*)")
    p_data = torch.tensor([0.5, 0.5, 0.0, 0.0], dtype=torch.float64)
    p_g = torch.tensor([0.0, 0.5, 0.5, 0.0], dtype=torch.float64)
    value, grads = student.value_and_grad("value_at_optimum", p_data, p_g)
    expect(value, torch.tensor(-math.log(2), dtype=torch.float64), why="0 log 0 counts as 0.")
    finite = all(bool(grad.isfinite().all()) for grad in grads)
    expect_true(finite, f"gradients must be finite, got {grads[0].tolist()} in p_data", actual=grads[0])


@points(1, "js_from_value")
@teaches("eq-js-from-value")
def test_js_is_recovered_from_the_value(student, rng):
    p_data, p_g = rng.simplex(7, 4), rng.simplex(7, 4)
    share = p_data / (p_data + p_g)
    value = (p_data * share.log() + p_g * (1 - share).log()).sum(-1)
    js = torch.from_numpy(jensenshannon(p_data.numpy(), p_g.numpy(), axis=-1)) ** 2
    expect(student.js_from_value(value), js)
    ends = torch.tensor([-2 * math.log(2), 0.0], dtype=torch.float64)
    expect(student.js_from_value(ends), torch.tensor([0.0, math.log(2)], dtype=torch.float64))


@points(1, "js_from_value")
@teaches("eq-js-from-value", "eq-lower-bound")
def test_a_poor_discriminator_may_read_below_zero(student):
    value = torch.tensor([[-2.0, -1.0], [-7.0, -0.5]], dtype=torch.float64)
    expected = torch.tensor([[-0.30685281944, 0.19314718056], [-2.80685281944, 0.44314718056]], dtype=torch.float64)
    answer, grads = student.value_and_grad("js_from_value", value)
    expect(answer, expected, why="Below -2 log 2 the bound is negative; leave it so.")
    expect(grads[0], torch.full_like(value, 0.5), what="its gradient")
    expect(student.js_from_value(torch.tensor([-1.0, -math.inf])), torch.tensor([0.193147181, -math.inf]))


@points(1, "log_density_ratio")
@teaches("eq-log-ratio", "eq-unequal-classes")
def test_logit_is_the_log_ratio_up_to_the_class_sizes(student, rng):
    x = rng.normal(9) * 3
    ratio = scipy.stats.norm(0, 1).logpdf(x.numpy()) - scipy.stats.norm(1, 2).logpdf(x.numpy())
    ratio = torch.from_numpy(ratio)
    expect(student.log_density_ratio(ratio), ratio, why="Equal classes: the logit is the log ratio.")
    expect(student.log_density_ratio(ratio + math.log(300 / 1200), 300, 1200), ratio,
           why="300 real, 1200 generated: the logit was too low by log(1200 / 300).")  # fmt: skip
    logit = torch.tensor([-1e4, -800.0, 800.0, 1e4], dtype=torch.float64)
    answer, grads = student.value_and_grad("log_density_ratio", logit, 1, 2)
    expect(answer, logit + math.log(2), why="A logit of 1e4 is a log ratio of 1e4, though D rounds to 1.")
    expect(grads[0], torch.ones_like(logit), what="its gradient")


@points(1, "log_density_ratio")
@teaches("eq-unequal-classes", "eq-smoothed-optimum")
def test_smoothing_is_undone(student, rng):
    ratio = torch.linspace(-6, 6, 13, dtype=torch.float64)
    share = 0.9 / (1 + torch.exp(-ratio))
    expect(student.log_density_ratio((share / (1 - share)).log(), alpha=0.9), ratio, why="D = 0.9 p / (p + q).")
    share = 0.8 / (1 + 500 / 200 * torch.exp(-ratio))
    expect(student.log_density_ratio((share / (1 - share)).log(), 200, 500, 0.8), ratio,
           why="200 real with label 0.8, 500 generated with label 0.")  # fmt: skip
    logit = torch.tensor([-1e4, -50.0, 0.5], dtype=torch.float64)
    answer, grads = student.value_and_grad("log_density_ratio", logit, 1, 1, 0.75)
    odds = 0.5 - math.log(0.75 - 0.25 * math.exp(0.5))
    expect(answer, torch.tensor([-1e4 - math.log(0.75), -50 - math.log(0.75), odds], dtype=torch.float64))
    slope = 1 / (1 - math.exp(0.5) / 3)
    expect(grads[0], torch.tensor([1.0, 1.0, slope], dtype=torch.float64), what="its gradient")
    above = torch.tensor([1.2, 5.0, 1e4], dtype=torch.float64)
    expect(student.log_density_ratio(above, 1, 1, 0.75), torch.full_like(above, math.inf),
           why="sigmoid(1.2) is above 0.75: no ratio is large enough.")  # fmt: skip
