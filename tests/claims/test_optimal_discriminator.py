import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from course_lib.claims.optimal_discriminator import SHARES, ascend, exact_js, fit, neglected_modes, network, read_js
from course_lib.losses.divergences import js_divergence


class Exact(nn.Module):
    """The optimal discriminator of two known densities."""

    def __init__(self, data, model):
        super().__init__()
        self.data, self.model = data, model

    def forward(self, x):
        return self.data.log_prob(x) - self.model.log_prob(x)


def test_exact_js_is_that_of_the_modes_shares():
    shares = torch.tensor(SHARES, dtype=torch.float64)
    bound = js_divergence(torch.full((8,), 1 / 8, dtype=torch.float64), shares / shares.sum()).item()
    data, model = neglected_modes()
    narrow = [replace(mixture, std=mixture.std / 3) for mixture in (data, model)]  # modes 15 standard deviations apart
    assert exact_js(*narrow) == pytest.approx(bound, abs=1e-6)
    assert exact_js(data, model) < bound  # what overlaps cannot be told apart


@pytest.mark.slow
def test_exact_js_does_not_depend_on_the_grid():
    data, model = neglected_modes()
    assert exact_js(data, model) == pytest.approx(exact_js(data, model, limit=6.0, cells=500), abs=1e-9)
    assert exact_js(data, data) == pytest.approx(0, abs=1e-9)


def test_the_optimal_discriminator_reads_the_exact_js():
    torch.manual_seed(0)
    data, model = neglected_modes()
    reading = read_js(Exact(data, model), data.sample(100_000), model.sample(100_000))
    assert reading == pytest.approx(exact_js(data, model), abs=0.004)


def test_a_network_of_width_zero_is_linear():
    torch.manual_seed(0)
    linear, x = network(3, width=0), torch.randn(2, 5, 3)
    torch.testing.assert_close(linear(x[0] + x[1]) + linear(torch.zeros(5, 3)), linear(x[0]) + linear(x[1]))
    assert network(3, width=4)(x[0]).shape == (5,)


def test_ascend_raises_the_value_on_its_samples():
    torch.manual_seed(0)
    data, model = neglected_modes()
    real, fake, discriminator = data.sample(100), model.sample(100), network(2, width=16)
    before = read_js(discriminator, real, fake)
    assert list(ascend(discriminator, real, fake, steps=200)) == list(range(1, 201))
    assert before < 0.01 < read_js(discriminator, real, fake) < math.log(2)


def test_fit_keeps_what_did_best_on_the_samples_it_did_not_train_on():
    data, model = neglected_modes()
    real, fake = data.sample(80, torch.Generator().manual_seed(0)), model.sample(80, torch.Generator().manual_seed(1))
    readings = []
    for early_stopping in (True, False):
        torch.manual_seed(0)
        discriminator = network(2)
        if early_stopping:
            fit(discriminator, real, fake, steps=300)
        else:  # the same steps, to their end
            for _ in ascend(discriminator, real[:60], fake[:60], steps=300):
                pass
        readings.append(read_js(discriminator, real[60:], fake[60:]))
    assert readings[0] > readings[1]
