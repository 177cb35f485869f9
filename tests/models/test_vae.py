import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal, kl_divergence

from course_lib import data
from course_lib.data import Batch
from course_lib.data.sets import to_float
from course_lib.errors import CourseError
from course_lib.models.vae import PRESETS, VAE, Config, Decoder, Encoder
from course_lib.training import steps
from course_lib.training.engine import draw

IMAGE = (1, 8, 8)
TINY = {"latent": 3, "hidden": 8, "batch_size": 6}


def _vae(shape=IMAGE, **changes) -> VAE:
    torch.manual_seed(0)
    return VAE(Config(**{**TINY, **changes}), shape)


def _images(n=6, shape=IMAGE):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("shape", [IMAGE, (3, 4, 6)])
@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_shapes(shape, kind, depth):
    model = _vae(shape, likelihood=kind, depth=depth)
    mu, log_var = model.encoder(_images(5, shape))
    assert mu.shape == log_var.shape == (5, 3)
    z = model.reparameterize(mu, log_var, 4)
    assert z.shape == (4, 5, 3)
    assert model.decoder(z).shape == (4, 5, *shape)
    assert model.log_likelihood(_images(5, shape), z).shape == (4, 5)
    assert model.log_weights(_images(5, shape), 7).shape == (7, 5)
    for images in (model.sample(9), model.sample(9, z=3 * torch.randn(9, 3)), model.reconstruct(_images(9, shape))):
        assert images.shape == (9, *shape)
        assert images.abs().max() <= 1
        assert not images.requires_grad


def test_wrong_shapes_and_settings_are_named():
    config = Config(**TINY)
    with pytest.raises(AssertionError, match=r"images must be \[N, 1, 8, 8\], not \[5, 8, 8\]"):
        Encoder(config, IMAGE)(torch.zeros(5, 8, 8))
    with pytest.raises(AssertionError, match=r"z must be \[\.\.\., 3\], not \[5, 4\]"):
        Decoder(config, IMAGE)(torch.zeros(5, 4))
    with pytest.raises(CourseError, match="is for images"):
        VAE(config, (2,))
    with pytest.raises(CourseError, match="latent must be at least 1"):
        Config(latent=0)
    with pytest.raises(CourseError, match="beta must be at least 0"):
        Config(beta=-1.0)
    with pytest.raises(CourseError, match="likelihood must be bernoulli or gaussian"):
        Config(likelihood="laplace")


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_the_loss_is_minus_the_bound(kind, beta):
    model, x = _vae(likelihood=kind, beta=beta, samples=5), _images()
    torch.manual_seed(3)
    loss, terms = model.loss(Batch(x))
    torch.manual_seed(3)
    mu, log_var = model.encoder(x)
    noise = torch.randn(6, 5, 3).transpose(0, 1)
    q = Independent(Normal(mu, (log_var / 2).exp()), 1)
    out = model.decoder(mu + q.base_dist.scale * noise)
    if kind == "bernoulli":
        p, target = Independent(Bernoulli(logits=out, validate_args=False), 3), (x + 1) / 2
    else:
        p, target = Independent(Normal(out, (model.log_var / 2).exp()), 3), x
    explained = p.log_prob(target.expand_as(out)).mean()
    divergence = kl_divergence(q, Independent(Normal(torch.zeros(6, 3), torch.ones(6, 3)), 1)).mean()
    torch.testing.assert_close(loss, beta * divergence - explained)
    torch.testing.assert_close(terms["kl"], divergence)
    torch.testing.assert_close(terms["log_likelihood"], explained)
    loss.backward()
    assert all(weight.grad.abs().sum() > 0 for weight in model.parameters())


def _linear(weight, bias, log_var, encoder_weight, encoder_bias):
    """A VAE with both maps linear and their weights given, for images of shape [1, 2, 3]."""
    model = _vae((1, 2, 3), latent=2, depth=0, likelihood="gaussian")
    with torch.no_grad():
        model.decoder.net[0].weight.copy_(weight)
        model.decoder.net[0].bias.copy_(bias)
        model.log_var.fill_(log_var)
        model.encoder.net[0].weight.copy_(encoder_weight)
        model.encoder.net[0].bias.copy_(encoder_bias)
    return model.eval()


def _linear_case():
    """p(x) and the exact posterior of a linear-Gaussian model with orthogonal columns (so that it is diagonal)."""
    generator = torch.Generator().manual_seed(4)
    weight = torch.linalg.qr(torch.randn(6, 2, generator=generator))[0] * torch.tensor([1.5, 0.7])
    bias, variance = torch.randn(6, generator=generator), 0.3
    precision = torch.eye(2) + weight.T @ weight / variance
    posterior = torch.linalg.inv(precision)
    gain = posterior @ weight.T / variance  # the posterior mean is gain (x - bias)
    marginal = MultivariateNormal(bias, weight @ weight.T + variance * torch.eye(6))
    return weight, bias, variance, posterior.diagonal(), gain, marginal


def test_with_the_true_posterior_every_weight_is_exactly_p_of_x():
    weight, bias, variance, posterior, gain, marginal = _linear_case()
    encoder_weight = torch.cat([gain, torch.zeros_like(gain)])
    encoder_bias = torch.cat([-gain @ bias, posterior.log()])
    model = _linear(weight, bias, math.log(variance), encoder_weight, encoder_bias)
    x = marginal.sample((50,)).view(50, 1, 2, 3)
    log_weights = model.log_weights(x, 20)
    torch.testing.assert_close(log_weights, marginal.log_prob(x.flatten(1)).expand(20, 50), rtol=1e-4, atol=1e-4)


def test_with_a_wrong_posterior_the_bounds_stand_in_order_below_the_closed_form():
    weight, bias, variance, posterior, gain, marginal = _linear_case()
    encoder_weight = torch.cat([0.7 * gain, torch.zeros_like(gain)])
    encoder_bias = torch.cat([-0.7 * gain @ bias + 0.2, posterior.log() + 0.5])
    model = _linear(weight, bias, math.log(variance), encoder_weight, encoder_bias)
    torch.manual_seed(0)
    x = marginal.sample((100,)).view(100, 1, 2, 3)
    found = model.evaluate(Batch(x))
    exact = marginal.log_prob(x.flatten(1)).mean()
    assert found["elbo"] < found["iwae_64"] - 0.05
    assert found["iwae_64"] < exact
    assert exact - found["iwae_64"] < 0.1
    torch.testing.assert_close(found["elbo"], found["log_likelihood"] - found["kl"])
    # The gap is the divergence of q from the posterior.
    q_mean, log_var = model.encoder(x)
    truth = MultivariateNormal((x.flatten(1) - bias) @ gain.T, torch.diag(posterior))
    gap = kl_divergence(MultivariateNormal(q_mean, torch.diag_embed(log_var.exp())), truth).mean()
    assert (exact - found["elbo"]).item() == pytest.approx(gap.item(), abs=0.05)


def test_each_image_and_each_latent_has_noise_of_its_own():
    model = _vae()
    z = model.reparameterize(torch.zeros(50, 3), torch.zeros(50, 3), 40)
    assert len(z.unique()) == z.numel()
    assert abs(z.mean().item()) < 0.05
    assert z.std().item() == pytest.approx(1, abs=0.05)


def test_its_sample_is_the_mean_of_the_decoder():
    for kind in ("bernoulli", "gaussian"):
        model, z = _vae(likelihood=kind), torch.randn(4, 3)
        out = model.decoder(z)
        expected = 2 * torch.sigmoid(out) - 1 if kind == "bernoulli" else out.clamp(-1, 1)
        torch.testing.assert_close(model.sample(4, z), expected)


def test_every_preset_is_of_a_data_set_of_images_and_trains():
    for name, config in PRESETS.items():
        source = data.load(name, **({"count": 64} if name == "avatars" else {}))
        torch.manual_seed(0)
        model = VAE(config, source.shape)
        *_, (_, terms) = steps(model, source, 3)
        assert all(value.isfinite() for value in terms.values())
        assert {"loss/vae", "log_likelihood", "kl"} == terms.keys()
        assert draw(model, 4).shape == (4, *source.shape)


def test_a_linear_vae_finds_the_principal_plane():
    """Probabilistic PCA in closed form: its log-likelihood is the best that the bound can reach."""
    source = data.load("digits")
    torch.manual_seed(0)
    model = VAE(Config(latent=2, depth=0, likelihood="gaussian", learning_rate=1e-2, schedule="cosine"), source.shape)
    for _ in steps(model, source, 1500):
        pass
    x = to_float(source.images).flatten(1).double()
    values = torch.linalg.eigvalsh(x.T.cov(correction=0)).flip(0)
    rest = values[2:].mean()
    # Tipping and Bishop (1999), section 3.2: the maximum of log p(x), from the eigenvalues of the covariance alone.
    best = -0.5 * (values[:2].log().sum() + 62 * rest.log() + 64 * (1 + math.log(2 * math.pi)))
    found = model.eval().evaluate(Batch(to_float(source.images)))["elbo"]
    assert found.item() == pytest.approx(best.item(), abs=0.2)
    assert model.log_var.exp().item() == pytest.approx(rest.item(), rel=0.02)


@pytest.mark.slow
def test_fifteen_hundred_steps_make_digits():
    """Judged by a classifier trained on the real ones, and by how well unseen digits are reconstructed."""
    from sklearn.linear_model import LogisticRegression

    train, test = data.load("digits"), data.load("digits", split="test")
    real, held_out = to_float(train.images), to_float(test.images)
    classifier = LogisticRegression(max_iter=3000, C=0.1).fit(real.flatten(1).numpy(), train.labels.numpy())
    torch.manual_seed(0)
    model = VAE(PRESETS["digits"], train.shape)
    before = model.evaluate(Batch(held_out))
    for _ in steps(model, train, 1500):
        pass
    model.eval()
    after = model.evaluate(Batch(held_out))
    assert after["elbo"] > before["elbo"] + 30
    rebuilt = model.reconstruct(held_out)
    assert classifier.score(rebuilt.flatten(1).numpy(), test.labels.numpy()) > 0.85
    assert ((rebuilt - held_out) ** 2).mean() < 0.2 * held_out.var()
    counts = np.bincount(classifier.predict(draw(model, 1000).flatten(1).numpy()), minlength=10)
    assert counts.min() >= 20
