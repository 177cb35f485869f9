"""Named wrong answers, and correct variants, of the exercises of `vae`."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from course_lib.grading.mistakes import mistake, variant


def _log_p(x, logit):
    return (x * F.logsigmoid(logit) + (1 - x) * F.logsigmoid(-logit)).sum((-3, -2, -1))


def _kl(mu, log_var):
    return (mu**2 + log_var.exp() - 1 - log_var).sum(-1) / 2


def _z(mu, log_var, noise):
    return mu + (log_var / 2).exp() * noise


def _log_w(decoder, x, mu, log_var, noise):
    z = _z(mu, log_var, noise)
    return _log_p(x, decoder(z)) + (noise**2 + log_var - z**2).sum(-1) / 2


# ------------------------------------------------------------------------------------------------ reparameterize


@mistake("reparameterize", "exp(log_var) is the variance. The noise is stretched by its square root, exp(log_var / 2).")
def variance_for_sigma(mu, log_var, noise):
    return mu + log_var.exp() * noise


@mistake("reparameterize", "log_var is a logarithm: take the exponential of its half, or sigma could be negative.")
def log_variance_for_sigma(mu, log_var, noise):
    return mu + log_var * noise


@mistake("reparameterize", "log_var / 2 is log sigma, not sigma: the exponential is missing.")
def log_sigma_for_sigma(mu, log_var, noise):
    return mu + log_var / 2 * noise


@mistake(
    "reparameterize",
    "The root of the exponential overflows where log_var is 1,000 and vanishes at -1,000. Halve first.",
)
def root_of_the_exponential(mu, log_var, noise):
    return mu + log_var.exp().sqrt() * noise


@mistake("reparameterize", "You gave every image the noise of the first: each number of z needs noise of its own.")
def noise_shared_by_the_batch(mu, log_var, noise):
    return mu + (log_var / 2).exp() * noise[..., :1, :].expand_as(noise)


@mistake("reparameterize", "You gave every latent of an image the same noise: each needs its own.")
def noise_shared_by_the_latents(mu, log_var, noise):
    return mu + (log_var / 2).exp() * noise[..., :1].expand_as(noise)


@mistake("reparameterize", "That stretches mu as well. Only the noise is multiplied by sigma.")
def mu_stretched(mu, log_var, noise):
    return (mu + noise) * (log_var / 2).exp()


@mistake("reparameterize", "The width is forgotten: z must lie sigma times as far from mu as its noise from 0.")
def without_sigma(mu, log_var, noise):
    return mu + noise + 0 * log_var


@mistake(
    "reparameterize",
    "The value is right, but sigma was detached: the encoder would never learn how much noise to add.",
)
def sigma_detached(mu, log_var, noise):
    return mu + (log_var / 2).exp().detach() * noise


@mistake(
    "reparameterize",
    "The value is right, but no gradient reaches mu and log_var: they were detached, or the sample was drawn by "
    "something that gradients cannot pass.",
)
def all_detached(mu, log_var, noise):
    return (mu + (log_var / 2).exp() * noise).detach() + 0 * noise


@variant("reparameterize")
def by_torch_distributions(mu, log_var, noise):
    return torch.distributions.AffineTransform(mu, (0.5 * log_var).exp())(noise)


@variant("reparameterize")
def one_sample_after_the_other(mu, log_var, noise):
    sigma = torch.pow(torch.full_like(log_var, math.e), log_var / 2)
    rows = noise if noise.ndim == 3 else noise[None]
    z = torch.stack([torch.addcmul(mu, sigma, row) for row in rows])
    return z if noise.ndim == 3 else z[0]


# --------------------------------------------------------------------------------------- gaussian_kl_to_standard


@mistake("gaussian_kl_to_standard", "You averaged over the latents. Independent coordinates: their divergences add up.")
def kl_mean_over_latents(mu, log_var):
    return (mu**2 + log_var.exp() - 1 - log_var).mean(-1) / 2


@mistake("gaussian_kl_to_standard", "You summed over the batch as well. One number per image: sum over the last axis.")
def kl_sums_over_the_batch(mu, log_var):
    return (mu**2 + log_var.exp() - 1 - log_var).sum() / 2


@mistake("gaussian_kl_to_standard", "The factor 1/2 is missing.")
def kl_without_the_half(mu, log_var):
    return (mu**2 + log_var.exp() - 1 - log_var).sum(-1)


@mistake("gaussian_kl_to_standard", "The -1 of each coordinate is missing: for mu = 0, sigma = 1 the divergence is 0.")
def kl_without_the_one(mu, log_var):
    return (mu**2 + log_var.exp() - log_var).sum(-1) / 2


@mistake("gaussian_kl_to_standard", "The sign is wrong: that is what is added to the bound. A divergence is positive.")
def kl_negative(mu, log_var):
    return (1 + log_var - mu**2 - log_var.exp()).sum(-1) / 2


@mistake(
    "gaussian_kl_to_standard",
    "You took log_var for log sigma. exp(log_var) is sigma^2 already, and log sigma^2 is log_var itself.",
)
def kl_log_sigma_for_log_variance(mu, log_var):
    return (mu**2 + (2 * log_var).exp() - 1 - 2 * log_var).sum(-1) / 2


@mistake("gaussian_kl_to_standard", "sigma stands where sigma^2 belongs: exp(log_var), not exp(log_var / 2).")
def kl_sigma_for_variance(mu, log_var):
    return (mu**2 + (log_var / 2).exp() - 1 - log_var).sum(-1) / 2


@mistake("gaussian_kl_to_standard", "That is KL(N(0, I) || q): the expectation must be under q, the first argument.")
def kl_arguments_swapped(mu, log_var):
    return ((mu**2 + 1) * (-log_var).exp() - 1 + log_var).sum(-1) / 2


@mistake(
    "gaussian_kl_to_standard",
    "exp and then log: at log_var = -1e4 the variance rounds to 0, whose logarithm is -inf. Use log_var itself.",
)
def kl_log_of_the_exponential(mu, log_var):
    variance = log_var.exp()
    return (mu**2 + variance - 1 - variance.log()).sum(-1) / 2


@variant("gaussian_kl_to_standard")
def kl_one_coordinate_after_the_other(mu, log_var):
    total = torch.zeros_like(mu[..., 0])
    for j in reversed(range(mu.shape[-1])):
        total = total + mu[..., j] ** 2 / 2 + torch.expm1(log_var[..., j]) / 2 - log_var[..., j] / 2
    return total


@variant("gaussian_kl_to_standard")
def kl_cross_entropy_less_entropy(mu, log_var):
    d, constant = mu.shape[-1], math.log(2 * math.pi)
    cross_entropy = (d * constant + (mu**2).sum(-1) + log_var.exp().sum(-1)) / 2
    return cross_entropy - (d * (constant + 1) + log_var.sum(-1)) / 2


# -------------------------------------------------------------------------------------- bernoulli_log_likelihood


@mistake("bernoulli_log_likelihood", "You averaged over pixels. Independent pixels: their log probabilities add up.")
def mean_over_pixels(x, logit):
    return (x * F.logsigmoid(logit) + (1 - x) * F.logsigmoid(-logit)).mean((-3, -2, -1))


@mistake("bernoulli_log_likelihood", "One number per image: sum over the last three axes, not over the batch.")
def sums_over_the_batch(x, logit):
    return (x * F.logsigmoid(logit) + (1 - x) * F.logsigmoid(-logit)).sum()


@mistake("bernoulli_log_likelihood", "The sign is wrong: a log probability is never positive. What you have is a loss.")
def cross_entropy_instead(x, logit):
    return -_log_p(x, logit)


@mistake("bernoulli_log_likelihood", "The sigmoid was applied twice: logit goes into the formula of logits as it is.")
def sigmoid_twice(x, logit):
    return _log_p(x, torch.sigmoid(logit))


@mistake(
    "bernoulli_log_likelihood",
    "sigmoid first and log second: sigmoid(-1e4) rounds to 0, whose logarithm is -inf and whose gradient is NaN. "
    "Collect the terms with x before you compute anything.",
)
def sigmoid_then_log(x, logit):
    p = torch.sigmoid(logit)
    return (x * p.log() + (1 - x) * (1 - p).log()).sum((-3, -2, -1))


@mistake(
    "bernoulli_log_likelihood",
    "A small constant inside the logarithm, or a clamp, caps the cost of being sure and wrong and kills its gradient.",
)
def epsilon_in_the_logarithm(x, logit):
    p = torch.sigmoid(logit)
    return (x * (p + 1e-8).log() + (1 - x) * (1 - p + 1e-8).log()).sum((-3, -2, -1))


@mistake("bernoulli_log_likelihood", "Black pixels count too: the term (1 - x) log(1 - p) is missing.")
def white_pixels_only(x, logit):
    return (x * F.logsigmoid(logit)).sum((-3, -2, -1))


@mistake("bernoulli_log_likelihood", "Black and white are exchanged: x = 1 has probability sigmoid(logit).")
def black_for_white(x, logit):
    return _log_p(1 - x, logit)


@mistake("bernoulli_log_likelihood", "That is a squared error, as of a Gaussian decoder. Here the pixels are coins.")
def squared_error(x, logit):
    return -((x - torch.sigmoid(logit)) ** 2).sum((-3, -2, -1)) / 2


@variant("bernoulli_log_likelihood")
def library_cross_entropy(x, logit):
    x = x.expand_as(logit)
    return -F.binary_cross_entropy_with_logits(logit, x, reduction="none").flatten(-3).sum(-1)


@variant("bernoulli_log_likelihood")
def by_the_size_of_the_logit(x, logit):
    size = torch.where(logit < 0, -logit, logit)  # |l|, with a slope at 0 that the next line makes right
    per_pixel = x * logit - logit / 2 - size / 2 - torch.log1p(torch.exp(-size))
    rows = per_pixel.sum(-1)
    return rows.sum(-1).sum(-1)


# ------------------------------------------------------------------------------------------------------------ elbo


@mistake("elbo", "The divergence is added: it is the price, and the bound falls by it.")
def kl_added(decoder, x, mu, log_var, noise, beta=1.0):
    return _log_p(x, decoder(_z(mu, log_var, noise))).mean(0) + beta * _kl(mu, log_var)


@mistake("elbo", "That is the negative: a loss. The bound itself is asked for.")
def loss_instead_of_bound(decoder, x, mu, log_var, noise, beta=1.0):
    return beta * _kl(mu, log_var) - _log_p(x, decoder(_z(mu, log_var, noise))).mean(0)


@mistake("elbo", "You decoded mu. The expectation is over z ~ q(z | x): decode the samples.")
def mean_decoded(decoder, x, mu, log_var, noise, beta=1.0):
    return _log_p(x, decoder(mu)) - beta * _kl(mu, log_var)


@mistake("elbo", "Only the first sample was used: average log p(x | z) over all L of them.")
def first_sample_only(decoder, x, mu, log_var, noise, beta=1.0):
    return _log_p(x, decoder(_z(mu, log_var, noise[0]))) - beta * _kl(mu, log_var)


@mistake("elbo", "All samples of an image got the noise of its first: each sample needs its own.")
def noise_shared_by_the_batch_in_elbo(decoder, x, mu, log_var, noise, beta=1.0):
    shared = noise[:, :1].expand_as(noise)
    return _log_p(x, decoder(_z(mu, log_var, shared))).mean(0) - beta * _kl(mu, log_var)


@mistake("elbo", "You summed over the samples. L samples estimate one expectation: their mean.")
def sum_over_samples(decoder, x, mu, log_var, noise, beta=1.0):
    return _log_p(x, decoder(_z(mu, log_var, noise))).sum(0) - beta * _kl(mu, log_var)


@mistake("elbo", "You averaged over the images too. The contract asks for the bound of each, [N].")
def mean_over_images(decoder, x, mu, log_var, noise, beta=1.0):
    return (_log_p(x, decoder(_z(mu, log_var, noise))).mean(0) - beta * _kl(mu, log_var)).mean()


@mistake(
    "elbo",
    "One term is a sum and the other a mean (over pixels or latents): the balance of the two is then that of another "
    "beta.",
)
def pixels_averaged(decoder, x, mu, log_var, noise, beta=1.0):
    pixels = math.prod(x.shape[1:])
    return _log_p(x, decoder(_z(mu, log_var, noise))).mean(0) / pixels - beta * _kl(mu, log_var)


@mistake("elbo", "beta weighs the divergence, not the log-likelihood.")
def beta_on_the_likelihood(decoder, x, mu, log_var, noise, beta=1.0):
    return beta * _log_p(x, decoder(_z(mu, log_var, noise))).mean(0) - _kl(mu, log_var)


@mistake("elbo", "beta is forgotten: the divergence counts beta times.")
def beta_forgotten(decoder, x, mu, log_var, noise, beta=1.0):
    return _log_p(x, decoder(_z(mu, log_var, noise))).mean(0) - _kl(mu, log_var)


@mistake(
    "elbo",
    "The value is right, but z was detached: of the log-likelihood nothing reaches the encoder, which would only learn "
    "to please the divergence.",
)
def sample_detached(decoder, x, mu, log_var, noise, beta=1.0):
    return _log_p(x, decoder(_z(mu, log_var, noise).detach())).mean(0) - beta * _kl(mu, log_var)


@mistake("elbo", "You took the logarithm of the mean. The ELBO is the mean of the logarithm, the lower of the two.")
def log_of_the_mean(decoder, x, mu, log_var, noise, beta=1.0):
    log_p = _log_p(x, decoder(_z(mu, log_var, noise)))
    return torch.logsumexp(log_p, 0) - math.log(len(noise)) - beta * _kl(mu, log_var)


@variant("elbo")
def elbo_by_distributions(decoder, x, mu, log_var, noise, beta=1.0):
    q = Independent(Normal(mu, (log_var / 2).exp()), 1)
    p = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    logit = decoder(q.mean + q.stddev * noise)
    coins = Independent(Bernoulli(logits=logit, validate_args=False), 3)
    return coins.log_prob(x).mean(0) - beta * kl_divergence(q, p)


@variant("elbo")
def elbo_sample_after_sample(decoder, x, mu, log_var, noise, beta=1.0):
    bounds = []
    for row in noise:
        logit = decoder(_z(mu, log_var, row))
        bounds.append((x * logit - F.softplus(logit)).flatten(1).sum(1) - beta * _kl(mu, log_var))
    return torch.stack(bounds).sum(0) / len(bounds)


# ------------------------------------------------------------------------------------------------------ iwae_bound


@mistake("iwae_bound", "That is the mean of the log weights: the ELBO again. Average the weights, then take the log.")
def mean_of_the_logs(decoder, x, mu, log_var, noise):
    return _log_w(decoder, x, mu, log_var, noise).mean(0)


@mistake("iwae_bound", "log K is not taken away: you have the logarithm of the sum of the weights, not of their mean.")
def log_of_the_sum(decoder, x, mu, log_var, noise):
    return torch.logsumexp(_log_w(decoder, x, mu, log_var, noise), 0)


@mistake(
    "iwae_bound",
    "The closed-form divergence has no place here: it averages log p(z) / q(z | x) beforehand. Each weight needs that "
    "ratio at its own z.",
)
def divergence_in_closed_form(decoder, x, mu, log_var, noise):
    log_p = _log_p(x, decoder(_z(mu, log_var, noise)))
    return torch.logsumexp(log_p, 0) - math.log(len(noise)) - _kl(mu, log_var)


@mistake("iwae_bound", "The prior is missing: w = p(x | z) p(z) / q(z | x).")
def without_the_prior(decoder, x, mu, log_var, noise):
    q = Normal(mu, (log_var / 2).exp())
    z = _z(mu, log_var, noise)
    log_w = _log_p(x, decoder(z)) - q.log_prob(z).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(noise))


@mistake("iwae_bound", "The division by q(z | x) is missing: w = p(x | z) p(z) / q(z | x).")
def without_q(decoder, x, mu, log_var, noise):
    z = _z(mu, log_var, noise)
    log_w = _log_p(x, decoder(z)) + Normal(0.0, 1.0).log_prob(z).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(noise))


@mistake("iwae_bound", "p(x | z) alone, averaged over q: without p(z) / q(z | x) this bounds nothing.")
def likelihood_alone(decoder, x, mu, log_var, noise):
    return torch.logsumexp(_log_p(x, decoder(_z(mu, log_var, noise))), 0) - math.log(len(noise))


@mistake("iwae_bound", "The density of a Gaussian of width sigma has 1 / sigma before it: log q lacks -log sigma.")
def width_missing_in_q(decoder, x, mu, log_var, noise):
    z = _z(mu, log_var, noise)
    log_w = _log_p(x, decoder(z)) + (noise**2 - z**2).sum(-1) / 2
    return torch.logsumexp(log_w, 0) - math.log(len(noise))


@mistake(
    "iwae_bound",
    "Exponentials of log weights of -1e3 are 0, and the logarithm of 0 is -inf. Subtract the largest first, as "
    "torch.logsumexp does.",
)
def overflowing_exponentials(decoder, x, mu, log_var, noise):
    return _log_w(decoder, x, mu, log_var, noise).exp().mean(0).log()


@mistake("iwae_bound", "The mean is over the K samples of one image: you mixed the images, and [N] is asked for.")
def over_samples_and_images(decoder, x, mu, log_var, noise):
    log_w = _log_w(decoder, x, mu, log_var, noise)
    return torch.logsumexp(log_w.flatten(), 0) - math.log(log_w.numel())


@mistake("iwae_bound", "All images of the batch got the noise of the first: each needs samples of its own.")
def noise_shared_in_iwae(decoder, x, mu, log_var, noise):
    log_w = _log_w(decoder, x, mu, log_var, noise[:, :1].expand_as(noise))
    return torch.logsumexp(log_w, 0) - math.log(len(noise))


@mistake("iwae_bound", "The value is right, but z was detached: the gradient lacks the path through the samples.")
def z_detached(decoder, x, mu, log_var, noise):
    z = _z(mu, log_var, noise).detach()
    log_q = Normal(mu, (log_var / 2).exp()).log_prob(z).sum(-1)
    log_w = _log_p(x, decoder(z)) + Normal(0.0, 1.0).log_prob(z).sum(-1) - log_q
    return torch.logsumexp(log_w, 0) - math.log(len(noise))


@variant("iwae_bound")
def iwae_by_distributions(decoder, x, mu, log_var, noise):
    q = Independent(Normal(mu, (log_var / 2).exp()), 1)
    p = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    z = q.mean + q.stddev * noise
    coins = Independent(Bernoulli(logits=decoder(z), validate_args=False), 3)
    log_w = coins.log_prob(x) + p.log_prob(z) - q.log_prob(z)
    largest = log_w.max(0).values
    return (log_w - largest).exp().mean(0).log() + largest


@variant("iwae_bound")
def iwae_sample_after_sample(decoder, x, mu, log_var, noise):
    total = None
    for row in noise.flip(0):
        log_w = _log_w(decoder, x, mu, log_var, row[None])[0]
        total = log_w if total is None else torch.logaddexp(total, log_w)
    return total - math.log(len(noise))
