"""Hidden tests of vae: the same points for the same exercises as the visible ones, on secret inputs.

The two bounds are checked against numpy, their gradients against central differences.
"""

import math

import numpy as np
import scipy.special
import scipy.stats
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from course_lib.grading import expect, points, teaches

REACH = 1e-5  # of the central differences; their error is of the order of its square


def weights_of(decoder):
    """Of the given decoder, as numpy arrays; to be read before the submission has had it in hand."""
    return {name: value.numpy() for name, value in decoder.state().items()}


def log_likelihoods(weights, x, z):
    """log p(x | z) with the given decoder, in numpy: x [N, 1, 2, 3], z [L, N, 2] -> [L, N]."""
    hidden = np.tanh(z @ weights["0.weight"].T + weights["0.bias"])
    logit = (hidden @ weights["2.weight"].T + weights["2.bias"]).reshape(*z.shape[:-1], 1, 2, 3)
    per_pixel = x * scipy.special.log_expit(logit) + (1 - x) * scipy.special.log_expit(-logit)
    return per_pixel.sum((-3, -2, -1))


def elbo_of(weights, x, mu, log_var, noise, beta=1.0):
    explained = log_likelihoods(weights, x, mu + np.exp(log_var / 2) * noise).mean(0)
    return explained - beta * (np.exp(log_var) + mu**2 - 1 - log_var).sum(-1) / 2


def iwae_of(weights, x, mu, log_var, noise):
    sigma = np.exp(log_var / 2)
    z = mu + sigma * noise
    log_w = log_likelihoods(weights, x, z)
    log_w += (scipy.stats.norm.logpdf(z) - scipy.stats.norm.logpdf(z, mu, sigma)).sum(-1)
    return scipy.special.logsumexp(log_w, axis=0) - math.log(len(noise))


def slope(function, at, weight):
    """Gradient of (weight * function(at)).sum() by central differences."""
    gradient = np.zeros_like(at)
    for i in np.ndindex(at.shape):
        bump = np.zeros_like(at)
        bump[i] = REACH
        gradient[i] = (weight * (function(at + bump) - function(at - bump))).sum() / (2 * REACH)
    return torch.from_numpy(gradient)


@points(1, "reparameterize")
@teaches("eq-reparameterize")
def test_secret_samples(student, rng):
    for shape in ((1, 1, 1), (3, 5, 2), (7, 2, 4)):
        mu, log_var, noise = 3 * rng.normal(*shape[1:]), 2 * rng.normal(*shape[1:]), rng.normal(*shape)
        expected = torch.from_numpy(mu.numpy() + np.sqrt(np.exp(log_var.numpy())) * noise.numpy())
        expect(student.reparameterize(mu, log_var, noise), expected)
        expect(student.reparameterize(mu.float(), log_var.float(), noise[0].float()), expected[0].float())


@points(1, "reparameterize")
@teaches("eq-reparameterize", "eq-path-gradient")
def test_secret_gradients_of_samples(student, rng):
    mu, log_var, noise = rng.normal(4, 3), 2 * rng.normal(4, 3), rng.normal(5, 4, 3)
    log_var[0] = torch.tensor([1, -1, 1]) * rng.uniform(3, low=800, high=1300)  # e^log_var is no float64, its root is
    weight = rng.normal(5, 4, 3)
    sigma = torch.pow(2.0, log_var / (2 * math.log(2)))
    value, (in_mu, in_log_var, _) = student.value_and_grad("reparameterize", mu, log_var, noise, cotangent=weight)
    expect(value, torch.addcmul(mu.expand_as(noise), sigma.expand_as(noise), noise))
    expect(in_mu, weight.sum(0), what="its gradient in mu")
    expect(in_log_var, (weight * noise).sum(0) * sigma / 2, what="its gradient in log_var", rtol=1e-6, atol=0.0)


@points(1, "gaussian_kl_to_standard")
@teaches("eq-kl-standard")
def test_kl_of_secret_gaussians(student, rng):
    for shape in ((3,), (5, 1), (2, 4, 6)):
        mu, log_var = 2 * rng.normal(*shape), 2 * rng.normal(*shape)
        expected = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0 * mu, torch.ones_like(mu))).sum(-1)
        expect(student.gaussian_kl_to_standard(mu, log_var), expected)
        expect(student.gaussian_kl_to_standard(mu.float(), log_var.float()), expected.float())


@points(1, "gaussian_kl_to_standard")
@teaches("eq-kl-standard")
def test_kl_of_secret_extremes(student, rng):
    mu, log_var, weight = 3 * rng.normal(5, 3), 3 * rng.normal(5, 3), rng.normal(5)
    log_var[0] = rng.uniform(3, low=-2e4, high=-1e3)
    value, (in_mu, in_log_var) = student.value_and_grad("gaussian_kl_to_standard", mu, log_var, cotangent=weight)
    variance = torch.pow(2.0, log_var / math.log(2))
    expect(value, ((mu.square() + variance - log_var) / 2 - 0.5).sum(-1))
    expect(in_mu, weight[:, None] * mu, what="its gradient in mu")
    expect(in_log_var, weight[:, None] * (variance - 1) / 2, what="its gradient in log_var")


@points(1, "bernoulli_log_likelihood")
@teaches("eq-bernoulli-likelihood")
def test_likelihood_of_secret_images(student, rng):
    for shape in ((1, 1, 1, 1), (4, 3, 2, 5), (2, 3, 1, 4, 4)):
        x, logit = (rng.uniform(*shape[-4:]) < 0.4).double(), 3 * rng.normal(*shape)
        expected = Bernoulli(logits=logit).log_prob(x.expand_as(logit)).sum((-3, -2, -1))
        expect(student.bernoulli_log_likelihood(x, logit), expected)
        expect(student.bernoulli_log_likelihood(x.float(), logit.float()), expected.float())


@points(1, "bernoulli_log_likelihood")
@teaches("eq-bernoulli-likelihood")
def test_likelihood_of_secret_sure_decoders(student, rng):
    x, logit, weight = rng.uniform(6, 1, 2, 2), 3 * rng.normal(6, 1, 2, 2), rng.normal(6)
    huge = rng.uniform(6, 1, 2, 2) < 0.4
    logit = torch.where(huge, logit.sign() * rng.uniform(6, 1, 2, 2, low=8e2, high=1e4), logit)
    logit[0, 0, 0, 0] = 0
    x = torch.where(rng.uniform(6, 1, 2, 2) < 0.5, x.round(), x)
    value, (_, in_logit) = student.value_and_grad("bernoulli_log_likelihood", x, logit, cotangent=weight)
    log_p, log_not_p = (torch.from_numpy(scipy.special.log_expit(sign * logit.numpy())) for sign in (1, -1))
    expect(value, (x * log_p + (1 - x) * log_not_p).sum((1, 2, 3)))
    expect(in_logit, weight[:, None, None, None] * (x - torch.sigmoid(logit)), what="its gradient in logit")


@points(1, "elbo")
@teaches("eq-elbo-estimate")
def test_elbo_of_secret_images(student, rng):
    decoder = student.given("decoder", int(rng.integers(0, 10**6, 1)))
    weights = weights_of(decoder)
    for samples, n, beta in ((1, 5, 1.0), (4, 3, 0.5), (3, 1, 6.0)):
        x, mu, log_var = rng.uniform(n, 1, 2, 3), rng.normal(n, 2), rng.normal(n, 2)
        noise = rng.normal(samples, n, 2)
        expected = elbo_of(weights, *(one.numpy() for one in (x, mu, log_var, noise)), beta)
        expect(student.elbo(decoder, x, mu, log_var, noise, beta), torch.from_numpy(expected))


@points(1, "elbo")
@teaches("eq-elbo-estimate", "eq-path-gradient")
def test_elbo_gradients_on_secret_images(student, rng):
    decoder = student.given("decoder", int(rng.integers(0, 10**6, 1)))
    weights = weights_of(decoder)
    x, noise, weight = rng.uniform(3, 1, 2, 3), rng.normal(2, 3, 2), rng.normal(3)
    mu, log_var = rng.normal(3, 2), rng.normal(3, 2)
    leaves = x, mu, log_var, noise
    _, (_, in_mu, in_log_var, _) = student.value_and_grad("elbo", decoder, *leaves, cotangent=weight)
    a, m, v, e, w = (one.numpy() for one in (*leaves, weight))
    expect(in_mu, slope(lambda m: elbo_of(weights, a, m, v, e), m, w), what="its gradient in mu", rtol=1e-5, atol=1e-7)
    expect(in_log_var, slope(lambda v: elbo_of(weights, a, m, v, e), v, w), what="its gradient in log_var",
           rtol=1e-5, atol=1e-7)  # fmt: skip


@points(1, "iwae_bound")
@teaches("eq-iwae")
def test_iwae_of_secret_images(student, rng):
    decoder = student.given("decoder", int(rng.integers(0, 10**6, 1)))
    sure = student.given("decoder", int(rng.integers(0, 10**6, 1)), scale=300.0)
    known = [(one, weights_of(one)) for one in (decoder, sure)]
    for samples, n in ((1, 4), (2, 3), (20, 5)):
        x, mu, log_var = rng.uniform(n, 1, 2, 3), rng.normal(n, 2), rng.normal(n, 2)
        noise = rng.normal(samples, n, 2)
        for one, weights in known:
            expected = iwae_of(weights, *(part.numpy() for part in (x, mu, log_var, noise)))
            expect(student.iwae_bound(one, x, mu, log_var, noise), torch.from_numpy(expected))


@points(1, "iwae_bound")
@teaches("eq-iwae")
def test_iwae_gradients_on_secret_images(student, rng):
    decoder = student.given("decoder", int(rng.integers(0, 10**6, 1)))
    weights = weights_of(decoder)
    x, noise, weight = rng.uniform(3, 1, 2, 3), rng.normal(4, 3, 2), rng.normal(3)
    mu, log_var = rng.normal(3, 2), rng.normal(3, 2)
    leaves = x, mu, log_var, noise
    _, (_, in_mu, in_log_var, _) = student.value_and_grad("iwae_bound", decoder, *leaves, cotangent=weight)
    a, m, v, e, w = (one.numpy() for one in (*leaves, weight))
    expect(in_mu, slope(lambda m: iwae_of(weights, a, m, v, e), m, w), what="its gradient in mu", rtol=1e-5, atol=1e-7)
    expect(in_log_var, slope(lambda v: iwae_of(weights, a, m, v, e), v, w), what="its gradient in log_var",
           rtol=1e-5, atol=1e-7)  # fmt: skip
