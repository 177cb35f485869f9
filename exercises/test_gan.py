"""What your answers in gan.py must do. Run: course check gan (or pytest exercises/test_gan.py)."""

import math

import scipy.special
import torch
from torch.distributions import Bernoulli

from course_lib.grading import expect, expect_true, points, teaches

EXCLUDED = {
    "torch.nn.functional": "build it from elementary operations",
    "torch.nn.BCELoss": "build it from elementary operations",
    "torch.nn.BCEWithLogitsLoss": "build it from elementary operations",
}

HINTS = {
    "discriminator_loss": [
        "It is two means, added: one over the real logits, one over the fake ones. What would D like each to be?",
        "log sigmoid(l) = -log(1 + e^-l), and 1 - sigmoid(l) = sigmoid(-l). So both terms are the same function, of -l "
        "and of l.",
        "log(1 + e^l) overflows at l = 1e4. torch.logaddexp(a, b) is log(e^a + e^b) without the overflow: take a = 0.",
    ],
    "saturating_generator_loss": [
        "It is the second term of V, nothing more: G minimises it, so there is no minus sign in front.",
        "log(1 - sigmoid(l)) = -log(1 + e^l). You have computed it for the discriminator already.",
    ],
    "non_saturating_generator_loss": [
        "G wants D(G(z)) to be large, and this loss is minimised: which sign does the logarithm take?",
        "It is the discriminator's loss on *real* images, with fake logits put in.",
    ],
    "discriminator_step": [
        "Five lines: make the fakes, compute the loss, empty the gradients, go backward, step. Which may reach G?",
        "Make the fakes under torch.no_grad(), or detach them: to D they are data.",
        "optimizer.zero_grad() comes before backward(), and the loss is computed before the step changes the weights.",
    ],
    "generator_step": [
        "The gradient must pass through D to reach G: nothing may be detached. Yet D must not collect a gradient.",
        "backward() fills .grad of every parameter that took part, D's too. Its argument `inputs` says whose to fill.",
        "loss.backward(inputs=list(generator.parameters())), between zero_grad() and step().",
    ],
}

STEP = 0.3  # learning rate of the steps below


def softplus(x):
    """log(1 + e^x) for the moderate x of the small networks, in double precision."""
    return torch.log1p(x.exp())


def logits_of(weights, x):
    """The given discriminator, written out: x [N, 2] -> [N]."""
    hidden = torch.tanh(x @ weights["0.weight"].T + weights["0.bias"])
    return (hidden @ weights["2.weight"].T + weights["2.bias"]).flatten()


def images_of(weights, z):
    """The given generator in training mode, written out: z [M, 3] -> [M, 2]."""
    hidden = z @ weights["0.weight"].T + weights["0.bias"]
    centred = hidden - hidden.mean(0)
    hidden = centred / (centred.square().mean(0) + 1e-5).sqrt() * weights["1.weight"] + weights["1.bias"]
    return torch.tanh(hidden) @ weights["3.weight"].T + weights["3.bias"]


def weights_of(network):
    """Its parameters as leaves, to differentiate in."""
    return {name: value.requires_grad_() for name, value in parameters_of(network).items()}


def parameters_of(network):
    """Without the running statistics of batch normalisation, which change whenever it is used."""
    trained = network.grads().keys()
    return {name: value for name, value in network.state().items() if name in trained}


def descended(loss, weights):
    """What plain gradient descent on this loss makes of the weights."""
    grads = torch.autograd.grad(loss, list(weights.values()))
    return {name: (value - STEP * grad).detach() for (name, value), grad in zip(weights.items(), grads, strict=True)}


@points(1, "discriminator_loss")
@teaches("eq-loss-d")
def test_discriminator_loss_is_minus_the_value(student, rng):
    real, fake = 2 * rng.normal(7), 2 * rng.normal(4)
    surprise_real = -Bernoulli(logits=real).log_prob(torch.ones_like(real)).mean()
    surprise_fake = -Bernoulli(logits=fake).log_prob(torch.zeros_like(fake)).mean()
    expect(
        student.discriminator_loss(real, fake),
        surprise_real + surprise_fake,
        why="Two means, added: -E log D(x) - E log(1 - D(G(z))).",
    )
    undecided = torch.zeros(3)
    expect(student.discriminator_loss(undecided, undecided), torch.tensor(2 * math.log(2)),
           why="D = 1/2 everywhere costs 2 log 2, in float32 too.")  # fmt: skip


@points(1, "discriminator_loss")
@teaches("eq-loss-d", "eq-slopes-logit")
def test_discriminator_loss_survives_extremes_with_its_gradients(student):
    real = torch.tensor([-1e4, -3.0, 0.0, 2.0, 1e4], dtype=torch.float64)
    fake = torch.tensor([1e4, 1.0, 0.0, -1e4], dtype=torch.float64)
    value, (grad_real, grad_fake) = student.value_and_grad("discriminator_loss", real, fake)
    expected = -scipy.special.log_expit(real.numpy()).mean() - scipy.special.log_expit(-fake.numpy()).mean()
    expect(value, torch.tensor(expected, dtype=torch.float64), why="A logit of 1e4 on the wrong side costs 1e4 nats.")
    expect(grad_real, -torch.from_numpy(scipy.special.expit(-real.numpy())) / 5, what="its gradient in real_logit")
    expect(grad_fake, torch.from_numpy(scipy.special.expit(fake.numpy())) / 4, what="its gradient in fake_logit")


@points(1, "saturating_generator_loss")
@teaches("eq-loss-saturating")
def test_saturating_loss_is_the_second_term_of_the_value(student, rng):
    fake = 2 * rng.normal(6)
    expected = Bernoulli(logits=fake).log_prob(torch.zeros_like(fake)).mean()
    expect(student.saturating_generator_loss(fake), expected, why="E log(1 - D(G(z))), which G minimises.")
    expect(student.saturating_generator_loss(fake.float()), expected.float(), why="Keep the dtype.")


@points(1, "saturating_generator_loss")
@teaches("eq-loss-saturating", "eq-slopes-logit")
def test_saturating_loss_vanishes_where_d_rejects(student):
    fake = torch.tensor([-1e4, -30.0, -3.0, 0.0, 2.0, 1e4], dtype=torch.float64)
    value, (grad,) = student.value_and_grad("saturating_generator_loss", fake)
    expect(value, torch.tensor(scipy.special.log_expit(-fake.numpy()).mean(), dtype=torch.float64))
    expect(grad, -torch.from_numpy(scipy.special.expit(fake.numpy())) / 6, what="its gradient",
           why="The slope in the logit is -sigmoid(l) / M.")  # fmt: skip


@points(1, "non_saturating_generator_loss")
@teaches("eq-loss-non-saturating")
def test_non_saturating_loss_is_the_surprise_of_being_believed(student, rng):
    fake = 2 * rng.normal(6)
    expected = -Bernoulli(logits=fake).log_prob(torch.ones_like(fake)).mean()
    expect(student.non_saturating_generator_loss(fake), expected, why="-E log D(G(z)), which G minimises.")
    expect(student.non_saturating_generator_loss(fake.float()), expected.float(), why="Keep the dtype.")


@points(1, "non_saturating_generator_loss")
@teaches("eq-loss-non-saturating", "eq-slopes-logit")
def test_non_saturating_loss_pulls_hardest_where_d_rejects(student):
    fake = torch.tensor([-1e4, -30.0, -3.0, 0.0, 2.0, 1e4], dtype=torch.float64)
    value, (grad,) = student.value_and_grad("non_saturating_generator_loss", fake)
    expect(value, torch.tensor(-scipy.special.log_expit(fake.numpy()).mean(), dtype=torch.float64))
    expect(grad, -torch.from_numpy(scipy.special.expit(-fake.numpy())) / 6, what="its gradient",
           why="The slope in the logit is -(1 - sigmoid(l)) / M.")  # fmt: skip


@points(1, "discriminator_step")
@teaches("eq-step-d")
def test_discriminator_descends_its_loss_once(student, rng):
    generator, discriminator = student.given("generator", 1), student.given("discriminator", 2, gradient=0.7)
    real, noise = rng.normal(8, 2), rng.normal(5, 3)
    weights, images = weights_of(discriminator), images_of(weights_of(generator), noise).detach()
    loss = softplus(-logits_of(weights, real)).mean() + softplus(logits_of(weights, images)).mean()
    answer = student.discriminator_step(
        generator, discriminator, student.given("sgd", discriminator, STEP), real, noise
    )
    expect(parameters_of(discriminator), descended(loss, weights), what="the discriminator's parameters afterwards")
    expect(answer, loss.detach(), what="the loss returned", why="Return the loss from before the step, of shape [].")


@points(1, "discriminator_step")
@teaches("eq-step-d")
def test_discriminator_step_leaves_the_generator_alone(student, rng):
    generator, discriminator = student.given("generator", 3), student.given("discriminator", 4)
    before = parameters_of(generator)
    optimizer = student.given("sgd", discriminator, STEP)
    student.discriminator_step(generator, discriminator, optimizer, rng.normal(6, 2), rng.normal(6, 3))
    expect(parameters_of(generator), before, what="the generator's parameters afterwards")
    touched = [name for name, grad in generator.grads().items() if grad is not None]
    expect_true(not touched, f"the generator's .grad must stay None, yet {', '.join(touched)} have one",
                actual=generator.grads())  # fmt: skip
    modes = [generator.training(), discriminator.training()]
    expect_true(all(modes), f"both networks must stay in training mode, got {modes}", actual=modes)
    frozen = [not student.given("trainable", network)() for network in (generator, discriminator)]
    expect_true(not any(frozen), "both networks must still require gradients afterwards", actual=frozen)


@points(1, "generator_step")
@teaches("eq-step-g")
def test_generator_descends_its_loss_once(student, rng):
    generator, discriminator = student.given("generator", 5, gradient=0.7), student.given("discriminator", 6)
    weights, noise = weights_of(generator), rng.normal(7, 3)
    loss = softplus(-logits_of(weights_of(discriminator), images_of(weights, noise))).mean()
    answer = student.generator_step(generator, discriminator, student.given("sgd", generator, STEP), noise)
    expect(parameters_of(generator), descended(loss, weights), what="the generator's parameters afterwards",
           rtol=1e-6, atol=1e-8)  # fmt: skip
    expect(answer, loss.detach(), what="the loss returned", why="Return the loss from before the step, of shape [].")


@points(1, "generator_step")
@teaches("eq-step-g")
def test_generator_step_leaves_the_discriminator_alone(student, rng):
    for stale in (None, 0.25):
        generator, discriminator = student.given("generator", 7), student.given("discriminator", 8, gradient=stale)
        before, grads = parameters_of(discriminator), discriminator.grads()
        student.generator_step(generator, discriminator, student.given("sgd", generator, STEP), rng.normal(6, 3))
        expect(parameters_of(discriminator), before, what="the discriminator's parameters afterwards")
        expect(discriminator.grads(), grads, what="the discriminator's .grad afterwards",
               why=f"It was {stale} before the call and must be so after it.")  # fmt: skip
        modes = [generator.training(), discriminator.training()]
        expect_true(all(modes), f"both networks must stay in training mode, got {modes}", actual=modes)
        expect_true(student.given("trainable", discriminator)(), "the discriminator must still require gradients",
                    actual="frozen")  # fmt: skip
