"""The measures that the claims of the chapter `gan` rest on."""

import math

import pytest
import torch

from course_lib.claims.gan import mode_shares, modes_covered, ring_distance
from course_lib.data import mixtures

EVEN = torch.tensor([(1 - math.exp(-4.5)) / 8] * 8 + [math.exp(-4.5)])


def test_shares_are_those_of_a_count_by_hand():
    data = mixtures.ring(std=0.1)
    near, far = data.means + torch.tensor([0.2, 0.2]), data.means * 0.5  # 2.83 and 10 standard deviations away
    shares = mode_shares(torch.cat([near[:3], near[:1], far[:4]]), data)
    assert shares.tolist() == pytest.approx([2 / 8, 1 / 8, 1 / 8, 0, 0, 0, 0, 0, 4 / 8])


def test_the_data_itself_has_even_shares_and_no_distance():
    data = mixtures.ring()
    shares = mode_shares(data.sample(200_000, torch.Generator().manual_seed(0)), data)
    torch.testing.assert_close(shares, EVEN, atol=0.004, rtol=0)
    assert ring_distance(shares) < 0.01
    assert modes_covered(shares) == 8


def test_distance_is_the_largest_difference_over_events():
    """Total variation distance by its other definition: the maximum over the 2^9 events."""
    torch.manual_seed(0)
    shares = torch.distributions.Dirichlet(torch.full((9,), 0.4)).sample()
    events = torch.tensor([[i >> j & 1 for j in range(9)] for i in range(2**9)], dtype=torch.float32)
    assert ring_distance(shares) == pytest.approx((events @ (shares - EVEN)).max().item(), abs=1e-5)


def test_a_mode_counts_from_one_sample_in_a_hundred():
    shares = torch.tensor([0.5, 0.01, 0.0099, 0.2, 0, 0, 0, 0, 0.2801])
    assert modes_covered(shares) == 3
