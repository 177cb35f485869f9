"""The instruments of the chapter's claims read right where the truth is known in closed form."""

import math

import pytest
import torch

from course_lib.claims import QUICK, divergences


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_estimates_scatter_round_the_closed_form():
    (mu_p, sigma_p), (mu_q, sigma_q) = divergences.P, divergences.Q
    truth = math.log(sigma_q / sigma_p) + (sigma_p**2 + (mu_p - mu_q) ** 2) / (2 * sigma_q**2) - 0.5
    estimate, error = divergences._estimates(500, 400)
    assert abs(estimate.mean() - truth) < 4 * estimate.std() / 20
    assert error.mean() == pytest.approx(estimate.std().item(), rel=0.15)


@pytest.mark.parametrize("offset", [0.0, 0.5, 1.0, 2.75])
def test_a_slid_support_has_the_js_and_the_wasserstein_distance_of_the_formulas(offset):
    js, wasserstein = divergences._slide(offset, 20_000)
    assert js == pytest.approx(min(offset, 1) * math.log(2), abs=0.01)
    assert wasserstein == pytest.approx(offset, abs=0.02)


def test_the_flat_instrument_is_not_dead():
    slopes = divergences.js_is_flat(0, QUICK).arms
    assert slopes["overlapping"] > 0.5
    assert slopes["disjoint"] == 0
