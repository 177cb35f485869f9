"""Hidden tests of gan: the same points for the same exercises as the visible ones, on secret inputs.

The steps are checked against finite differences of losses written in numpy.
"""

import numpy as np
import torch
import torch.nn.functional as F

from course_lib.grading import expect, expect_true, points, teaches

STEP = 0.2  # learning rate of the steps below
REACH = 1e-5  # of the central differences; their error is of the order of its square


def extremes(rng, n):
    """n logits of which about half are huge, and the first is exactly 0."""
    logit = 3 * rng.normal(n)
    huge = rng.uniform(n) < 0.5
    logit = torch.where(huge, logit.sign() * rng.uniform(n, low=5e2, high=1e4), logit)
    logit[0] = 0
    return logit


def logits_of(weights, x):
    hidden = np.tanh(x @ weights["0.weight"].T + weights["0.bias"])
    return (hidden @ weights["2.weight"].T + weights["2.bias"]).ravel()


def images_of(weights, z):
    hidden = z @ weights["0.weight"].T + weights["0.bias"]
    hidden = (hidden - hidden.mean(0)) / np.sqrt(hidden.var(0) + 1e-5) * weights["1.weight"] + weights["1.bias"]
    return np.tanh(hidden) @ weights["3.weight"].T + weights["3.bias"]


def parameters_of(network):
    trained = network.grads().keys()
    return {name: value for name, value in network.state().items() if name in trained}


def as_numpy(network):
    return {name: value.numpy() for name, value in parameters_of(network).items()}


def moved(before, after):
    """Who does nothing disturbs nobody either: that is no answer."""
    return before.keys() == after.keys() and any(not torch.equal(before[name], after[name]) for name in before)


def descended(loss, weights):
    """One step of gradient descent on loss(weights), its gradient by central differences."""
    stepped = {}
    for name, value in weights.items():
        gradient = np.zeros_like(value)
        for i in np.ndindex(value.shape):
            bump = np.zeros_like(value)
            bump[i] = REACH
            gradient[i] = (loss({**weights, name: value + bump}) - loss({**weights, name: value - bump})) / (2 * REACH)
        stepped[name] = torch.from_numpy(value - STEP * gradient)
    return stepped


@points(1, "discriminator_loss")
@teaches("eq-loss-d")
def test_discriminator_loss_on_secret_logits(student, rng):
    for n, m in ((1, 1), (6, 6), (3, 11)):
        real, fake = 4 * rng.normal(n), 4 * rng.normal(m)
        expected = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        expected += F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
        expect(student.discriminator_loss(real, fake), expected)
        expect(student.discriminator_loss(real.float(), fake.float()), expected.float())


@points(1, "discriminator_loss")
@teaches("eq-loss-d", "eq-slopes-logit")
def test_discriminator_loss_on_secret_extremes(student, rng):
    real, fake, weight = extremes(rng, 12), extremes(rng, 9), rng.normal()
    value, (grad_real, grad_fake) = student.value_and_grad("discriminator_loss", real, fake, cotangent=weight)
    expect(value, F.softplus(-real).mean() + F.softplus(fake).mean())
    expect(grad_real, -weight * torch.sigmoid(-real) / 12, what="its gradient in real_logit")
    expect(grad_fake, weight * torch.sigmoid(fake) / 9, what="its gradient in fake_logit")


@points(1, "saturating_generator_loss")
@teaches("eq-loss-saturating")
def test_saturating_loss_on_secret_logits(student, rng):
    for m in (1, 8, 13):
        fake = 4 * rng.normal(m)
        expect(student.saturating_generator_loss(fake), F.logsigmoid(-fake).mean())
        expect(student.saturating_generator_loss(fake.float()), F.logsigmoid(-fake).mean().float())


@points(1, "saturating_generator_loss")
@teaches("eq-loss-saturating", "eq-slopes-logit")
def test_saturating_loss_on_secret_extremes(student, rng):
    fake, weight = extremes(rng, 14), rng.normal()
    value, (grad,) = student.value_and_grad("saturating_generator_loss", fake, cotangent=weight)
    expect(value, F.logsigmoid(-fake).mean())
    expect(grad, -weight * torch.sigmoid(fake) / 14, what="its gradient")


@points(1, "non_saturating_generator_loss")
@teaches("eq-loss-non-saturating")
def test_non_saturating_loss_on_secret_logits(student, rng):
    for m in (1, 8, 13):
        fake = 4 * rng.normal(m)
        expect(student.non_saturating_generator_loss(fake), -F.logsigmoid(fake).mean())
        expect(student.non_saturating_generator_loss(fake.float()), -F.logsigmoid(fake).mean().float())


@points(1, "non_saturating_generator_loss")
@teaches("eq-loss-non-saturating", "eq-slopes-logit")
def test_non_saturating_loss_on_secret_extremes(student, rng):
    fake, weight = extremes(rng, 14), rng.normal()
    value, (grad,) = student.value_and_grad("non_saturating_generator_loss", fake, cotangent=weight)
    expect(value, -F.logsigmoid(fake).mean())
    expect(grad, -weight * torch.sigmoid(-fake) / 14, what="its gradient")


@points(1, "discriminator_step")
@teaches("eq-step-d")
def test_two_steps_of_the_discriminator(student, rng):
    seed = int(rng.integers(0, 10**6, 1))
    generator = student.given("generator", seed)
    discriminator = student.given("discriminator", seed + 1, gradient=-0.4)
    optimizer, constant = student.given("sgd", discriminator, STEP), as_numpy(generator)
    for n, m in ((6, 6), (4, 9)):
        real, noise = rng.normal(n, 2), rng.normal(m, 3)
        images = images_of(constant, noise.numpy())

        def loss(weights, real=real, images=images):
            surprise_real = np.logaddexp(0, -logits_of(weights, real.numpy()))
            return surprise_real.mean() + np.logaddexp(0, logits_of(weights, images)).mean()

        before = as_numpy(discriminator)
        answer = student.discriminator_step(generator, discriminator, optimizer, real, noise)
        expect(parameters_of(discriminator), descended(loss, before), what="the discriminator's parameters afterwards",
               rtol=1e-5, atol=1e-7)  # fmt: skip
        expect(answer, torch.tensor(loss(before), dtype=torch.float64), what="the loss returned")


@points(1, "discriminator_step")
@teaches("eq-step-d")
def test_discriminator_step_keeps_a_generator_as_it_was(student, rng):
    seed = int(rng.integers(0, 10**6, 1))
    for stale in (None, 0.6):
        generator = student.given("generator", seed, gradient=stale)
        discriminator = student.given("discriminator", seed + 1)
        before, grads, own = parameters_of(generator), generator.grads(), parameters_of(discriminator)
        optimizer = student.given("sgd", discriminator, STEP)
        student.discriminator_step(generator, discriminator, optimizer, rng.normal(5, 2), rng.normal(5, 3))
        expect_true(moved(own, parameters_of(discriminator)), "the discriminator must take its step")
        expect(parameters_of(generator), before, what="the generator's parameters afterwards")
        expect(generator.grads(), grads, what="the generator's .grad afterwards")
        ready = [generator.training(), discriminator.training(),
                 student.given("trainable", generator)(), student.given("trainable", discriminator)()]  # fmt: skip
        expect_true(all(ready), f"both networks must stay in training mode and trainable, got {ready}", actual=ready)


@points(1, "generator_step")
@teaches("eq-step-g")
def test_two_steps_of_the_generator(student, rng):
    seed = int(rng.integers(0, 10**6, 1))
    generator = student.given("generator", seed, gradient=-0.4)
    discriminator = student.given("discriminator", seed + 1)
    optimizer, constant = student.given("sgd", generator, STEP), as_numpy(discriminator)
    for m in (6, 9):
        noise = rng.normal(m, 3)

        def loss(weights, noise=noise):
            return np.logaddexp(0, -logits_of(constant, images_of(weights, noise.numpy()))).mean()

        before = as_numpy(generator)
        answer = student.generator_step(generator, discriminator, optimizer, noise)
        expect(parameters_of(generator), descended(loss, before), what="the generator's parameters afterwards",
               rtol=1e-5, atol=1e-6)  # fmt: skip
        expect(answer, torch.tensor(loss(before), dtype=torch.float64), what="the loss returned")


@points(1, "generator_step")
@teaches("eq-step-g")
def test_generator_step_keeps_a_discriminator_as_it_was(student, rng):
    seed = int(rng.integers(0, 10**6, 1))
    for stale in (None, -0.3):
        generator = student.given("generator", seed)
        discriminator = student.given("discriminator", seed + 1, gradient=stale)
        before, grads, own = parameters_of(discriminator), discriminator.grads(), parameters_of(generator)
        student.generator_step(generator, discriminator, student.given("sgd", generator, STEP), rng.normal(5, 3))
        expect_true(moved(own, parameters_of(generator)), "the generator must take its step")
        expect(parameters_of(discriminator), before, what="the discriminator's parameters afterwards")
        expect(discriminator.grads(), grads, what="the discriminator's .grad afterwards")
        ready = [generator.training(), discriminator.training(),
                 student.given("trainable", generator)(), student.given("trainable", discriminator)()]  # fmt: skip
        expect_true(all(ready), f"both networks must stay in training mode and trainable, got {ready}", actual=ready)
