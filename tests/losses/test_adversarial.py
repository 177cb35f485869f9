"""Adversarial losses against the formulas in 50 digits, binary cross-entropy, and their slopes in closed form."""

import math

import mpmath
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from course_lib.losses.adversarial import discriminator_loss, non_saturating_loss, saturating_loss, value

LOGITS = [-1e4, -800.0, -40.0, -1.5, 0.0, 2.0, 37.0, 800.0, 1e4]


def _log_sigmoid(logit: float) -> float:
    with mpmath.workdps(50):
        return float(-mpmath.log1p(mpmath.exp(-mpmath.mpf(logit))))


def _sigmoid(logit: float) -> float:
    with mpmath.workdps(50):
        return float(1 / (1 + mpmath.exp(-mpmath.mpf(logit))))


def _loss_and_slope(loss, *logits):
    tensors = [torch.tensor([logit], dtype=torch.float64, requires_grad=True) for logit in logits]
    result = loss(*tensors)
    return result.item(), [gradient.item() for gradient in torch.autograd.grad(result, tensors)]


@pytest.mark.parametrize("logit", LOGITS)
def test_exact_at_every_logit(logit):
    """Values and slopes to the last digits of float64, where sigmoid itself has long rounded to 0 or 1."""
    found, (slope,) = _loss_and_slope(saturating_loss, logit)
    assert found == pytest.approx(_log_sigmoid(-logit), rel=1e-14, abs=0)
    assert slope == pytest.approx(-_sigmoid(logit), rel=1e-14, abs=0)
    found, (slope,) = _loss_and_slope(non_saturating_loss, logit)
    assert found == pytest.approx(-_log_sigmoid(logit), rel=1e-14, abs=0)
    assert slope == pytest.approx(-_sigmoid(-logit), rel=1e-14, abs=0)
    found, (real, fake) = _loss_and_slope(discriminator_loss, logit, logit)
    assert found == pytest.approx(-_log_sigmoid(logit) - _log_sigmoid(-logit), rel=1e-14, abs=0)
    assert real == pytest.approx(-_sigmoid(-logit), rel=1e-14, abs=0)
    assert fake == pytest.approx(_sigmoid(logit), rel=1e-14, abs=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_finite_in_low_precision(dtype):
    logits = torch.tensor(LOGITS, dtype=dtype, requires_grad=True)
    for loss in (saturating_loss(logits), non_saturating_loss(logits), discriminator_loss(logits, logits)):
        assert loss.isfinite()
        assert torch.autograd.grad(loss, logits)[0].isfinite().all()


def test_the_discriminator_adds_two_cross_entropies():
    torch.manual_seed(0)
    real, fake = torch.randn(30, dtype=torch.float64), torch.randn(20, dtype=torch.float64)
    expected = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    assert discriminator_loss(real, fake).item() == pytest.approx(expected.item(), rel=1e-13)
    assert value(real, fake).item() == pytest.approx(-expected.item(), rel=1e-13)


def test_an_undecided_discriminator():
    zero = torch.zeros(4)
    assert discriminator_loss(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert saturating_loss(zero).item() == pytest.approx(-math.log(2))
    assert non_saturating_loss(zero).item() == pytest.approx(math.log(2))


def test_the_zero_sum_game_is_zero_sum_for_the_generator():
    torch.manual_seed(1)
    real, fake = torch.randn(9, dtype=torch.float64), torch.randn(9, dtype=torch.float64, requires_grad=True)
    of_value, of_loss = (torch.autograd.grad(loss, fake)[0] for loss in (value(real, fake), saturating_loss(fake)))
    torch.testing.assert_close(of_value, of_loss)


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(2)
    real, fake = (torch.randn(5, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(discriminator_loss, (real, fake))
    assert torch.autograd.gradcheck(saturating_loss, (fake,))
    assert torch.autograd.gradcheck(non_saturating_loss, (fake,))
