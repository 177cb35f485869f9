import random

import numpy as np
import pytest
import torch

from course_lib.claims import FULL, QUICK, Measurement, above, claim, shared_run


@claim("A statement.", source="Nowhere", holds=above(0))
def experiment(seed, scale):
    """A draw from each generator."""
    return Measurement(torch.rand(()), arms={"numpy": np.random.rand(), "python": random.random()})


def test_a_seed_fixes_all_generators_and_leaves_them_alone():
    first = experiment(3, FULL)
    torch.manual_seed(0)
    before = torch.rand(2)
    torch.manual_seed(0)
    torch.rand(1)
    again = experiment(3, FULL)
    assert torch.rand(1) == before[1]  # the caller's generator went on where it was
    assert (first.value, first.arms) == (again.value, again.arms)
    assert experiment(4, FULL).value != first.value


def test_a_shared_run_does_not_depend_on_who_asks_first():
    calls = []

    @shared_run
    def training(seed, scale):
        calls.append(seed)
        return torch.rand(()).item()

    torch.manual_seed(1)
    torch.rand(5)
    before = torch.get_rng_state()
    first = training(0, FULL)
    assert torch.equal(torch.get_rng_state(), before)
    assert training(0, FULL) == first
    assert calls == [0]
    training.cache_clear()
    torch.manual_seed(2)
    assert training(0, FULL) == first
    assert training(1, FULL) != first


def test_scale():
    assert FULL(2000) == 2000
    assert QUICK(2000) == 100
    assert QUICK(10, least=5) == 5


def test_measurement_takes_tensors_and_keeps_six_digits_of_series():
    measurement = Measurement(torch.tensor(2.0), {"a": np.float32(1.5)}, {"s": torch.tensor([[1 / 3, torch.inf]])})
    assert (measurement.value, measurement.arms) == (2.0, {"a": 1.5})
    assert measurement.series == {"s": [[0.333333, None]]}


@pytest.mark.parametrize("bad", [{"value": float("nan")}, {"value": 1.0, "arms": {"a": float("inf")}}])
def test_measurement_is_finite(bad):
    with pytest.raises(ValueError, match="must be finite"):
        Measurement(**bad)


def test_a_claim_says_what_it_measures():
    with pytest.raises(ValueError, match="docstring"):
        claim("S", source="P", holds=above(0))(lambda seed, scale: None)


def test_a_claim_returns_a_measurement():
    @claim("S", source="P", holds=above(0))
    def wrong(seed, scale):
        """A number."""
        return 1.0

    with pytest.raises(ValueError, match="float, not a Measurement"):
        wrong(0, FULL)
