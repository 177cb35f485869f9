import math

import pytest
import torch
from torch.nn import functional as F

from course_lib.metrics import checkerboard_energy, line_excess, psnr, stride_lines


def _noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _tiles(pattern, count):
    return pattern.repeat(count, count)[None, None]


def test_all_the_power_of_a_checkerboard_is_at_its_stride():
    pattern = torch.tensor([[3.0, 1.0], [1.0, 3.0]])
    lines = stride_lines(_tiles(pattern, 6), 2)
    torch.testing.assert_close(lines, torch.tensor([[4.0, 0.0], [0.0, 1.0]], dtype=torch.float64))
    assert checkerboard_energy(_tiles(pattern, 6), 2) == pytest.approx(1 / 4)
    assert checkerboard_energy(torch.full((2, 3, 8, 12), -0.7), 4) == 0
    of_three = _tiles(_noise(3, 3), 4)
    expected = of_three.var(correction=0) / of_three.mean() ** 2  # Parseval: what is not the mean is variance
    assert checkerboard_energy(of_three, 3) == pytest.approx(expected.item(), rel=1e-5)
    with pytest.raises(ValueError, match="9 x 8 pixels are no whole number of periods of 2"):
        stride_lines(torch.zeros(1, 1, 9, 8), 2)


@pytest.mark.parametrize("stride", [2, 3, 4])
def test_nothing_stands_out_of_noise_and_a_pattern_does(stride):
    noise = _noise(400, 1, 24, 24)
    assert line_excess(noise, stride) == pytest.approx(1, abs=0.2)
    smooth = F.conv2d(_noise(400, 1, 25, 25), torch.tensor([[1.0, 0.5], [0.5, 0.25]])[None, None])
    assert line_excess(smooth, stride) == pytest.approx(1, abs=0.3)
    pattern = _tiles(_noise(stride, stride, seed=1), 24 // stride)
    levels = [line_excess(noise + size * pattern, stride) for size in (0.0, 0.1, 0.6)]
    assert levels == sorted(levels)
    assert levels[-1] > 3
    with pytest.raises(ValueError, match="fewer than 4"):
        line_excess(torch.zeros(1, 1, 8, 8), 4)


def test_a_pattern_that_changes_sign_from_image_to_image_stands_out_too():
    signs = torch.randint(0, 2, (400, 1, 1, 1), generator=torch.Generator().manual_seed(2)) * 2 - 1
    pattern = _tiles(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]), 12)
    assert line_excess(_noise(400, 1, 24, 24) + 0.3 * signs * pattern, 2) > 5


def test_psnr_in_decibels_ignores_the_rim():
    image = torch.zeros(2, 1, 48, 48)
    made = image + 0.2
    assert psnr(made, image) == pytest.approx(10 * math.log10(4 / 0.04))
    made[..., :8, :] = 9
    assert psnr(made, image, rim=8) == pytest.approx(10 * math.log10(4 / 0.04))
    assert psnr(made, image) < 0
