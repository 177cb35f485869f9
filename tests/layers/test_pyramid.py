import math

import pytest
import scipy.ndimage
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import data
from course_lib.errors import CourseError
from course_lib.layers import pyramid
from course_lib.layers.pyramid import KERNEL, block_mean, expand, gaussian_pyramid, laplacian_pyramid, reduce, repeat

SIDES = st.integers(1, 9)


def _image(height, width, seed=0, channels=2):
    return torch.randn(2, channels, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(SIDES, SIDES)
@settings(deadline=None, max_examples=30)
def test_reduce_is_blur_and_decimation(height, width):
    x = _image(height, width)
    blurred = x.numpy()
    for axis in (2, 3):
        blurred = scipy.ndimage.correlate1d(blurred, KERNEL, axis=axis, mode="nearest")
    torch.testing.assert_close(reduce(x), torch.from_numpy(blurred[:, :, ::2, ::2].copy()))


@given(SIDES, SIDES, st.booleans(), st.booleans())
@settings(deadline=None, max_examples=30)
def test_expand_is_its_two_formulas(h, w, odd_height, odd_width):
    """Even places: 1, 6, 1 eighths of neighbours. Odd places: the mean of two."""

    def line(x):
        before, after = torch.cat([x[:1], x[:-1]]), torch.cat([x[1:], x[-1:]])
        return torch.stack([(before + 6 * x + after) / 8, (x + after) / 2], 1).flatten(0, 1)

    x = _image(h, w)
    expected = torch.stack(
        [torch.stack([line(line(c).T).T for c in one]) for one in x]
    )  # rows, then columns, of every channel
    height, width = 2 * h - odd_height, 2 * w - odd_width
    torch.testing.assert_close(expand(x, height, width), expected[..., :height, :width])


def test_the_kernel_is_that_of_the_family_and_each_pixel_gives_equally():
    a = 3 / 8
    assert (1 / 4 - a / 2, 1 / 4, a, 1 / 4, 1 / 4 - a / 2) == KERNEL
    assert sum(KERNEL) == 1
    assert sum(KERNEL[::2]) == sum(KERNEL[1::2]) == 1 / 2  # even and odd pixels alike


@pytest.mark.parametrize(("down", "up"), [(reduce, expand), (block_mean, repeat)])
def test_constants_stay_constant_and_values_in_their_range(down, up):
    constant = torch.full((1, 3, 6, 10), -0.3)
    torch.testing.assert_close(down(constant), torch.full((1, 3, 3, 5), -0.3))
    torch.testing.assert_close(up(constant, 12, 20), torch.full((1, 3, 12, 20), -0.3))
    x = torch.rand(2, 3, 8, 8) * 2 - 1
    assert down(x).abs().max() <= 1 + 1e-6
    assert up(x, 16, 16).abs().max() <= 1 + 1e-6


@given(SIDES, SIDES, st.integers(0, 4), st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_the_image_comes_back_at_any_size(height, width, levels, seed):
    image = _image(height, width, seed)
    parts = laplacian_pyramid(image, levels)
    assert [tuple(part.shape[2:]) for part in parts] == [
        (math.ceil(height / 2**k), math.ceil(width / 2**k)) for k in range(levels + 1)
    ]
    torch.testing.assert_close(pyramid.reconstruct(parts), image, rtol=1e-12, atol=1e-12)


def test_any_way_of_doubling_is_inverted():
    """Even a network with random weights, which is not linear, and one that knows nothing of the image."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(5, 3, 1))

    def strange(x, height, width):
        with torch.no_grad():
            return network(repeat(x, height, width))

    image = torch.rand(2, 3, 16, 16) * 2 - 1
    for up in (strange, lambda x, height, width: torch.zeros(*x.shape[:2], height, width)):
        parts = laplacian_pyramid(image, 3, up=up)
        torch.testing.assert_close(pyramid.reconstruct(parts, up), image, rtol=0, atol=1e-6)


def test_bytes_come_back_to_the_last_bit_from_one_level():
    """Multiples of 1/256 and 1/8 of bytes need 8 + 8 + 6 bits: float32 has 24, and nothing is rounded."""
    image = data.load("photos").batch(4, torch.Generator().manual_seed(0)).image
    pixels = ((image + 1) * 127.5).round()
    assert torch.equal(pyramid.reconstruct(laplacian_pyramid(pixels, 1)), pixels)


def test_blocks_lose_what_has_mean_zero():
    image = _image(8, 12)
    residual, coarse = laplacian_pyramid(image, 1, block_mean, repeat)
    torch.testing.assert_close(block_mean(residual), torch.zeros_like(coarse))
    torch.testing.assert_close(block_mean(repeat(coarse, 8, 12)), coarse)


def test_a_gaussian_pyramid_ends_where_the_laplacian_ends():
    image = _image(10, 7)
    assert torch.equal(gaussian_pyramid(image, 3)[-1], laplacian_pyramid(image, 3)[-1])
    assert torch.equal(gaussian_pyramid(image, 0)[0], image)


def test_what_cannot_be():
    with pytest.raises(CourseError, match="a height of 3 is doubled to 6 or 5, not to 7"):
        expand(_image(3, 3), 7, 6)
    with pytest.raises(CourseError, match="a width of 3 is doubled to 6 or 5, not to 4"):
        repeat(_image(3, 3), 6, 4)
    with pytest.raises(CourseError, match="do not fill an image of 4 x 5"):
        block_mean(_image(4, 5))
    with pytest.raises(CourseError, match="not -1"):
        laplacian_pyramid(_image(4, 4), -1)
