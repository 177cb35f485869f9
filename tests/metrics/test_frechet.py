import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from course_lib.errors import CourseError
from course_lib.metrics import frechet_distance, gaussian_frechet_distance


def _features(n, d, seed):
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) @ mix + torch.randn(d, generator=generator)


@settings(max_examples=40, deadline=None)
@given(d=st.integers(1, 12), n=st.integers(20, 60), m=st.integers(20, 60), seed=st.integers(0, 10**6))
def test_agrees_with_scipys_matrix_root(d, n, m, seed):
    x, y = _features(n, d, seed), _features(m, d, seed + 1)
    found = frechet_distance(x, y)
    a, b = (np.atleast_2d(np.cov(v.numpy(), rowvar=False)) for v in (x, y))
    between = ((x.mean(0) - y.mean(0)) ** 2).sum().item()
    expected = between + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_closed_forms():
    eye = torch.eye(3, dtype=torch.float64)
    zero, one = torch.zeros(3), torch.ones(3)
    assert gaussian_frechet_distance(zero, eye, zero, eye) == pytest.approx(0, abs=1e-12)
    assert gaussian_frechet_distance(zero, eye, one, eye) == pytest.approx(3)
    scale = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)  # of commuting covariances: sum of (s - t)^2
    assert gaussian_frechet_distance(zero, eye, zero, scale.square().diag()) == pytest.approx(0 + 1 + 4)


def test_few_examples_and_constant_features():
    x = _features(5, 9, 0)  # fewer examples than features: singular covariances
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)
    still = torch.zeros(4, 2)
    assert frechet_distance(still, still) == 0
    assert frechet_distance(still, still + 2) == pytest.approx(8)


def test_reads_high_from_few_examples():
    """The bias that the docstring warns of, of two sets from one distribution."""
    few, many = (
        np.mean([frechet_distance(torch.randn(n, 8), torch.randn(n, 8)) for _ in range(5)]) for n in (20, 2000)
    )
    assert few > 10 * many


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (torch.zeros(5, 2), torch.zeros(5, 3), r"not \[5, 2\] and \[5, 3\]"),
        (torch.zeros(1, 2), torch.zeros(5, 2), "at least 2"),
        (torch.zeros(5), torch.zeros(5), r"\[N, d\]"),
        (torch.full((5, 2), torch.nan), torch.zeros(5, 2), "NaN or infinite"),
    ],
)
def test_bad_input(x, y, message):
    with pytest.raises(CourseError, match=message):
        frechet_distance(x, y)
