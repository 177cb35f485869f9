"""What your answers in vae.py must do. Run: course check vae (or pytest exercises/test_vae.py)."""

import math

import scipy.integrate
import scipy.special
import scipy.stats
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from course_lib.grading import expect, points, teaches

EXCLUDED = {
    "torch.distributions": "build it from elementary operations",
    "torch.nn.functional": "build it from elementary operations",
    "torch.nn.BCELoss": "build it from elementary operations",
    "torch.nn.BCEWithLogitsLoss": "build it from elementary operations",
}

HINTS = {
    "reparameterize": [
        "The noise decides nothing but which point of N(0, I) is meant. Shift it and stretch it.",
        "log_var is the logarithm of the *variance*. What is the logarithm of its square root?",
        "exp(log_var / 2), halved before the exponential: exp(1000) has no place in a float, exp(500) has.",
    ],
    "gaussian_kl_to_standard": [
        "Each coordinate has its own divergence, and the coordinates are independent: what happens to logarithms then?",
        "log_var stands in the formula twice: once in an exponential, as sigma^2, and once as it is.",
        "Sum over the last axis only, and halve. No square root, no logarithm.",
    ],
    "bernoulli_log_likelihood": [
        "Put p = sigmoid(l) into the formula and collect the terms with x. What is log p - log(1 - p)?",
        "One pixel gives x l - log(1 + e^l). torch.logaddexp(a, b) is log(e^a + e^b) without the overflow: take a = 0.",
        "Independent pixels: log probabilities add up. Sum over the last three axes, and over nothing else.",
    ],
    "elbo": [
        "Three lines: draw z with reparameterize, score the image with its logits, take the divergence away.",
        "decoder(z) of z [L, N, d] gives logits [L, N, C, H, W], and your log-likelihood makes [L, N] of them.",
        "Only the first term depends on the samples. Average it over its first axis.",
    ],
    "iwae_bound": [
        "No divergence in closed form helps here: each sample has a weight of its own, from three densities at z_k.",
        "log p(z) - log q(z | x): both contain the same constant, and (z - mu) / sigma is the noise you were given.",
        "log of a mean of exponentials: torch.logsumexp over the samples, less log K.",
    ],
}


def logits_of(decoder, z):
    """The given decoder, written out: z [..., 2] -> logits [..., 1, 2, 3]."""
    weights = decoder.state()
    hidden = torch.tanh(z @ weights["0.weight"].T + weights["0.bias"])
    return (hidden @ weights["2.weight"].T + weights["2.bias"]).unflatten(-1, (1, 2, 3))


def coins(logit):
    """p(x | z) as a distribution over images."""
    return Independent(Bernoulli(logits=logit, validate_args=False), 3)


def gaussians(mu, log_var):
    """q(z | x) and p(z) as distributions over z."""
    return Independent(Normal(mu, (log_var / 2).exp()), 1), Independent(Normal(0 * mu, torch.ones_like(mu)), 1)


def gradients(value, *leaves):
    return torch.autograd.grad(value.sum(), leaves)


@points(1, "reparameterize")
@teaches("eq-reparameterize")
def test_each_sample_lies_as_many_sigmas_from_mu_as_its_noise(student, rng):
    mu, log_var, noise = 2 * rng.normal(4, 3), rng.normal(4, 3), rng.normal(5, 4, 3)
    z = student.reparameterize(mu, log_var, noise)
    quantile = scipy.stats.norm.cdf(noise.numpy())  # the same quantile of the other Gaussian
    expected = scipy.stats.norm.ppf(quantile, mu.numpy(), log_var.mul(0.5).exp().numpy())
    expect(z, torch.from_numpy(expected), rtol=1e-6, atol=1e-8)
    expect(student.reparameterize(mu.float(), log_var.float(), noise[0].float()), torch.from_numpy(expected[0]).float(),
           why="One sample each, [N, d], in float32.")  # fmt: skip


@points(1, "reparameterize")
@teaches("eq-reparameterize", "eq-path-gradient")
def test_gradients_reach_both_parameters(student, rng):
    mu, noise = rng.normal(3, 2), rng.normal(3, 2)
    log_var = torch.tensor([[0.0, 1.0], [-2.0, 3.0], [1000.0, -1000.0]], dtype=torch.float64)
    sigma = torch.tensor([[1.0, math.exp(0.5)], [math.exp(-1), math.exp(1.5)], [math.exp(500), math.exp(-500)]],
                         dtype=torch.float64)  # fmt: skip
    weight = torch.tensor([[1.0, -2.0], [0.5, 3.0], [1.0, 1.0]], dtype=torch.float64)
    value, (in_mu, in_log_var, _) = student.value_and_grad("reparameterize", mu, log_var, noise, cotangent=weight)
    expect(value, mu + sigma * noise, why="Log variances of 1,000 and -1,000 are legal.")
    expect(in_mu, weight, what="its gradient in mu", why="z moves as mu does.")
    expect(in_log_var, weight * sigma * noise / 2, what="its gradient in log_var", atol=0.0)


@points(1, "gaussian_kl_to_standard")
@teaches("eq-kl-standard")
def test_kl_to_the_standard_normal_is_an_integral_summed_over_coordinates(student, rng):
    mu, log_var = rng.normal(3, 2), rng.normal(3, 2)

    def log_density(z, mean, sigma):
        return -(((z - mean) / sigma) ** 2) / 2 - math.log(sigma) - math.log(2 * math.pi) / 2

    def integrand(z, m, v):
        log_q = log_density(z, m, math.exp(v / 2))
        return math.exp(log_q) * (log_q - log_density(z, 0.0, 1.0))

    def integral(m, v):
        return scipy.integrate.quad(integrand, -30, 30, args=(m, v), limit=200)[0]

    each = [integral(m, v) for m, v in zip(mu.flatten().tolist(), log_var.flatten().tolist(), strict=True)]
    expected = torch.tensor(each, dtype=torch.float64).view(3, 2).sum(1)
    expect(student.gaussian_kl_to_standard(mu, log_var), expected, rtol=1e-6)
    expect(student.gaussian_kl_to_standard(mu.float()[:, None], log_var.float()[:, None]), expected.float()[:, None],
           why="Any axes may stand before the last; keep the dtype.")  # fmt: skip


@points(1, "gaussian_kl_to_standard")
@teaches("eq-kl-standard")
def test_kl_to_the_standard_normal_vanishes_only_there(student, rng):
    zero = torch.zeros(2, 5, dtype=torch.float64)
    expect(student.gaussian_kl_to_standard(zero, zero), torch.zeros(2, dtype=torch.float64), why="q = p costs nothing.")
    mu = rng.normal(2, 3)
    log_var = torch.tensor([[0.5, -1.0, 2.0], [-1e4, 0.0, 1.0]], dtype=torch.float64)
    weight = rng.normal(2)
    value, (in_mu, in_log_var) = student.value_and_grad("gaussian_kl_to_standard", mu, log_var, cotangent=weight)
    variance = torch.tensor([[math.exp(0.5), math.exp(-1), math.exp(2)], [0, 1, math.e]], dtype=torch.float64)
    expect(value, (mu.square() + variance - log_var).sum(1) / 2 - 1.5, why="A log variance of -1e4 costs 5,000 nats.")
    expect(in_mu, weight[:, None] * mu, what="its gradient in mu")
    expect(in_log_var, weight[:, None] * (variance - 1) / 2, what="its gradient in log_var")


@points(1, "bernoulli_log_likelihood")
@teaches("eq-bernoulli-likelihood")
def test_an_image_is_as_likely_as_its_coins_together(student, rng):
    x, logit = (rng.uniform(4, 2, 3, 3) < 0.5).double(), 2 * rng.normal(4, 2, 3, 3)
    expect(student.bernoulli_log_likelihood(x, logit), coins(logit).log_prob(x),
           why="One number per image: the sum over its pixels.")  # fmt: skip
    grey, logits = rng.uniform(3, 1, 2, 2), 2 * rng.normal(5, 3, 1, 2, 2)
    expected = coins(logits).log_prob(torch.ones_like(logits)) * 0
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        ink = scipy.special.expit(logits[..., 0, i, j].numpy())
        some = grey[:, 0, i, j].numpy()
        expected += torch.from_numpy(scipy.special.xlogy(some, ink) + scipy.special.xlog1py(1 - some, -ink))
    expect(student.bernoulli_log_likelihood(grey, logits), expected,
           why="Further axes of logit in front, as from several z, stay.")  # fmt: skip


@points(1, "bernoulli_log_likelihood")
@teaches("eq-bernoulli-likelihood")
def test_likelihood_survives_a_decoder_that_is_sure(student):
    logit = torch.tensor([[-1e4, 0.0, 2.0], [1e4, -1e4, 1.0]], dtype=torch.float64).view(2, 1, 1, 3)
    x = torch.tensor([[0.0, 1.0, 1.0], [0.0, 1.0, 0.25]], dtype=torch.float64).view(2, 1, 1, 3)
    value, (_, in_logit) = student.value_and_grad("bernoulli_log_likelihood", x, logit)
    log_p, log_not_p = (torch.from_numpy(scipy.special.log_expit(sign * logit.numpy())) for sign in (1, -1))
    expect(value, (x * log_p + (1 - x) * log_not_p).sum((1, 2, 3)),
           why="To be sure and right costs 0, to be sure and wrong 1e4 nats.")  # fmt: skip
    expect(in_logit, x - torch.from_numpy(scipy.special.expit(logit.numpy())), what="its gradient in logit",
           why="The slope in a logit is x - sigmoid(l).")  # fmt: skip


@points(1, "elbo")
@teaches("eq-elbo-estimate")
def test_elbo_is_what_the_sample_explains_less_what_the_code_tells(student, rng):
    decoder, x = student.given("decoder", 1), (rng.uniform(4, 1, 2, 3) < 0.5).double()
    mu, log_var, noise = rng.normal(4, 2), rng.normal(4, 2) - 1, rng.normal(3, 4, 2)
    q, p = gaussians(mu, log_var)
    explained = coins(logits_of(decoder, mu + q.base_dist.scale * noise)).log_prob(x).mean(0)
    expect(student.elbo(decoder, x, mu, log_var, noise), explained - kl_divergence(q, p),
           why="A mean over the samples; nothing is averaged over images, pixels or latents.")  # fmt: skip
    expect(student.elbo(decoder, x, mu, log_var, noise, beta=4.0), explained - 4 * kl_divergence(q, p),
           why="beta weighs the divergence alone.")  # fmt: skip


@points(1, "elbo")
@teaches("eq-elbo-estimate", "eq-path-gradient")
def test_elbo_teaches_the_encoder_through_the_sample(student, rng):
    decoder, x = student.given("decoder", 2), rng.uniform(3, 1, 2, 3)
    noise, weight = rng.normal(2, 3, 2), rng.normal(3)
    mu, log_var = rng.normal(3, 2).requires_grad_(), rng.normal(3, 2).requires_grad_()
    q, p = gaussians(mu, log_var)
    bound = coins(logits_of(decoder, mu + q.base_dist.scale * noise)).log_prob(x).mean(0) - kl_divergence(q, p)
    wanted = gradients(weight * bound, mu, log_var)
    value, (_, in_mu, in_log_var, _) = student.value_and_grad(
        "elbo", decoder, x, mu.detach(), log_var.detach(), noise, cotangent=weight
    )
    expect(value, bound.detach())
    expect(in_mu, wanted[0], what="its gradient in mu")
    expect(in_log_var, wanted[1], what="its gradient in log_var")


@points(1, "iwae_bound")
@teaches("eq-iwae")
def test_iwae_is_the_log_of_the_mean_weight(student, rng):
    decoder, x = student.given("decoder", 3), (rng.uniform(4, 1, 2, 3) < 0.5).double()
    mu, log_var, noise = rng.normal(4, 2), rng.normal(4, 2) - 1, rng.normal(6, 4, 2)
    q, p = gaussians(mu, log_var)
    z = mu + q.base_dist.scale * noise
    log_w = coins(logits_of(decoder, z)).log_prob(x) + p.log_prob(z) - q.log_prob(z)
    expect(student.iwae_bound(decoder, x, mu, log_var, noise), log_w.exp().mean(0).log(),
           why="w = p(x | z) p(z) / q(z | x): average the weights, then take the logarithm.")  # fmt: skip
    expect(student.iwae_bound(decoder, x, mu, log_var, noise[:1]), log_w[0], why="One sample: its log weight.")


@points(1, "iwae_bound")
@teaches("eq-iwae")
def test_iwae_survives_tiny_weights_and_passes_gradients(student, rng):
    decoder, x = student.given("decoder", 4), rng.uniform(3, 1, 2, 3)
    noise, weight = rng.normal(4, 3, 2), rng.normal(3)
    mu, log_var = rng.normal(3, 2).requires_grad_(), rng.normal(3, 2).requires_grad_()
    q, p = gaussians(mu, log_var)
    z = mu + q.base_dist.scale * noise
    bound = (coins(logits_of(decoder, z)).log_prob(x) + p.log_prob(z) - q.log_prob(z)).exp().mean(0).log()
    wanted = gradients(weight * bound, mu, log_var)
    value, (_, in_mu, in_log_var, _) = student.value_and_grad(
        "iwae_bound", decoder, x, mu.detach(), log_var.detach(), noise, cotangent=weight
    )
    expect(value, bound.detach())
    expect(in_mu, wanted[0], what="its gradient in mu")
    expect(in_log_var, wanted[1], what="its gradient in log_var")
    sure = student.given("decoder", 5, scale=300.0)
    log_w = coins(logits_of(sure, z.detach())).log_prob(x) + p.log_prob(z.detach()) - q.log_prob(z.detach())
    expected = scipy.special.logsumexp(log_w.detach().numpy(), axis=0) - math.log(4)
    expect(student.iwae_bound(sure, x, mu.detach(), log_var.detach(), noise), torch.from_numpy(expected),
           why="exp(-1e3) rounds to 0, whose logarithm is -inf: subtract the largest log weight first.")  # fmt: skip
