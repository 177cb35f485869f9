"""The measures that the claims of the chapter `vae` rest on."""

import pytest
import scipy.stats
import torch

from course_lib.claims.vae import LINEAR, active_units, bounds, edges, exact_log_likelihood, gradient_estimates
from course_lib.models.vae import VAE, Config

SHAPE = (1, 2, 3)


def _model(**changes) -> VAE:
    torch.manual_seed(0)
    return VAE(Config(**{"latent": 2, "hidden": 8, "likelihood": "gaussian", **changes}), SHAPE).eval()


def _images(n):
    return torch.randn(n, *SHAPE, generator=torch.Generator().manual_seed(0))


def test_exact_log_likelihood_is_that_of_samples_of_the_model():
    """Against scipy's Gaussian with the covariance of a million samples of x = W z + b + sigma e."""
    model, x = _model(depth=0), _images(4)
    with torch.no_grad():
        model.log_var.fill_(-1.0)
        z = torch.randn(1_000_000, 2)
        mean = model.decoder(z).flatten(1)
        drawn = mean + torch.exp(model.log_var / 2) * torch.randn_like(mean)
    expected = scipy.stats.multivariate_normal(drawn.mean(0).numpy(), drawn.T.cov().numpy()).logpdf(x.flatten(1))
    assert exact_log_likelihood(model, x).tolist() == pytest.approx(expected.tolist(), abs=0.1)
    assert LINEAR.depth == 0


def test_bounds_rise_with_the_group_and_end_at_the_exact_value():
    model, x = _model(depth=0), _images(30)
    torch.manual_seed(1)
    ladder = bounds(model, x, (1, 4, 16, 256), 4096)
    assert ladder == sorted(ladder)
    assert ladder[-1] == pytest.approx(exact_log_likelihood(model, x).mean().item(), abs=0.05)
    assert ladder[0] < ladder[-1] - 0.05


def test_a_unit_is_active_when_its_mean_follows_the_image():
    model, x = _model(latent=3, depth=0), _images(500)
    with torch.no_grad():
        model.encoder.net[0].weight.zero_()
        model.encoder.net[0].weight[0, 0] = 1.0  # variance 1
        model.encoder.net[0].weight[1, 0] = 0.05  # variance 0.0025
        model.encoder.net[0].bias.fill_(4.0)  # a constant mean says nothing
    assert active_units(model, x) == 1


def test_edges_of_a_checkerboard_a_ramp_and_a_blur():
    board = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1
    assert edges(board.expand(3, 1, 8, 8)) == pytest.approx(4.0)
    assert edges(torch.arange(8.0).expand(2, 1, 8, 8)) == pytest.approx(0.5)
    noise = torch.randn(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert edges(torch.nn.functional.avg_pool2d(noise, 3, 1, 1)) < 0.3 * edges(noise)


def test_both_gradient_estimates_have_one_mean():
    model, x = _model(), _images(3)
    torch.manual_seed(2)
    path, score = gradient_estimates(model, x, 200_000)
    standard_error = (score.var(0) / len(score)).sqrt()
    assert ((path.mean(0) - score.mean(0)).abs() < 5 * standard_error).all()
    assert path.var(0).sum() < score.var(0).sum()
