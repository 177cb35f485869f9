import math

import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.stats import wasserstein_distance

from course_lib.errors import CourseError
from course_lib.metrics import sliced_wasserstein


def _points(n, d, seed):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_on_a_line_it_is_scipys_distance():
    x, y = _points(50, 1, 0), 2 * _points(50, 1, 1) + 1
    found = sliced_wasserstein(x, y, directions=7)  # on a line every direction is that of the line
    assert found == pytest.approx(wasserstein_distance(x[:, 0].numpy(), y[:, 0].numpy()))


@pytest.mark.parametrize("order", [1, 2])
def test_each_line_is_matched_at_the_least_cost(order):
    x, y = _points(12, 3, 0), _points(12, 3, 1) + 0.5
    lines = torch.randn(5, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    lines /= lines.norm(dim=1, keepdim=True)
    costs = []
    for line in lines:
        cost = ((x @ line)[:, None] - (y @ line)[None]).abs() ** order
        costs.append(cost[linear_sum_assignment(cost.numpy())].mean())
    expected = torch.stack(costs).mean() ** (1 / order)
    assert sliced_wasserstein(x, y, 5, order, seed=4) == pytest.approx(expected.item())


def test_a_shift_in_closed_form():
    """Of points moved by c along one axis, order 2 reads |c| / sqrt(d): the mean square of a unit vector's entry."""
    x = _points(10, 5, 0)
    shift = torch.tensor([3.0, 0, 0, 0, 0], dtype=torch.float64)
    assert sliced_wasserstein(x, x + shift, 20_000, order=2) == pytest.approx(3 / math.sqrt(5), rel=0.02)


def test_same_set_in_another_order_and_same_lines_for_a_seed():
    x = torch.rand(20, 1, 4, 4)
    assert sliced_wasserstein(x, x.flip(0)) == pytest.approx(0, abs=1e-12)
    y = torch.rand(20, 1, 4, 4)
    assert sliced_wasserstein(x, y, seed=3) == sliced_wasserstein(x, y, seed=3) != sliced_wasserstein(x, y, seed=4)
    assert sliced_wasserstein(x, y) == pytest.approx(sliced_wasserstein(y, x))


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (torch.zeros(5, 2), torch.zeros(4, 2), {}, "equally many"),
        (torch.zeros(5), torch.zeros(5), {}, "equally many"),
        (torch.zeros(5, 2), torch.zeros(5, 2), {"directions": 0}, "at least 1"),
    ],
)
def test_bad_input(x, y, options, message):
    with pytest.raises(CourseError, match=message):
        sliced_wasserstein(x, y, **options)
