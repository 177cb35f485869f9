"""The measures that the claims of the chapter `transposed_convolution` rest on, where the answer is known."""

import pytest
import torch
from torch.nn import functional as F

from course_lib.claims.transposed_convolution import (
    Upsampler,
    decoder,
    gaussian,
    grey_patches,
    halved,
    interpolating_layer,
    least_squares_inverse,
    least_squares_kernel,
    of_a_constant,
    restored,
    trained_upsampler,
)
from course_lib.layers.upsampling import phase_sums


def _noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _tiles(pattern, count):
    return pattern.repeat(count, count)[None, None]


@pytest.mark.parametrize(("size", "stride"), [(3, 2), (4, 2), (5, 3), (1, 4), (6, 3)])
def test_a_constant_becomes_its_phase_sums(size, stride):
    weight = _noise(1, 2, size, size).double()
    made = of_a_constant(weight, stride, periods=3)
    torch.testing.assert_close(made, phase_sums(weight, stride).repeat(1, 1, 3, 3))


def test_the_least_squares_inverse_undoes_a_blur_that_loses_nothing():
    image, kernel = _noise(2, 1, 24, 24).double(), gaussian(5, 0.6).double()
    kernel[0, 0, 0, 1] += 0.05  # lopsided, so that a flipped kernel would show
    blurred = F.conv2d(F.pad(image, (2, 2, 2, 2), mode="circular"), kernel)
    torch.testing.assert_close(least_squares_inverse(blurred, kernel, 0.0), image)
    assert gaussian(9, 1.5).sum().item() == pytest.approx(1)


def test_learned_upsamplers_begin_as_interpolation():
    image = grey_patches("test", 20, 0)
    small = halved(image)
    bilinear = F.interpolate(small, scale_factor=2, mode="bilinear")
    inner = (..., slice(2, -2), slice(2, -2))
    for layer in (interpolating_layer(4), interpolating_layer(8), Upsampler()):
        torch.testing.assert_close(layer(small)[inner], bilinear[inner])


def test_no_kernel_beats_the_least_squares_one():
    image = grey_patches("train", 60, 3)
    best = interpolating_layer(4).requires_grad_(False)
    best.weight.copy_(least_squares_kernel(image, 4))
    other = interpolating_layer(4).requires_grad_(False)
    random = torch.Generator().manual_seed(0)
    top = restored(image, {"best": best})
    for _ in range(5):
        other.weight.copy_(best.weight + 0.02 * torch.randn(best.weight.shape, generator=random))
        assert restored(image, {"other": other})["other"] < top["best"]
    assert top["best"] > max(top["bilinear"], top["nearest"])


def test_training_moves_towards_the_least_squares_kernel():
    best = least_squares_kernel(grey_patches("train", 300, 1), 4)
    start = interpolating_layer(4).weight.detach().clone()
    end = trained_upsampler(interpolating_layer(4), 300, 0).weight
    assert (end - best).norm() < 0.3 * (start - best).norm()


@pytest.mark.parametrize("kind", ["uneven", "even", "resize"])
def test_decoders_quadruple(kind):
    assert decoder(kind, width=4)(torch.zeros(2, 1, 12, 12)).shape == (2, 1, 48, 48)
