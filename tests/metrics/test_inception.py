import numpy as np
import pytest
import scipy.stats
import torch

from course_lib.errors import CourseError
from course_lib.metrics import inception_score


def _probabilities(n=60, k=5, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).dirichlet(np.full(k, 0.4), n))


def test_is_the_mean_divergence_from_the_marginal():
    """By scipy's relative entropies."""
    p = _probabilities()
    marginal = p.mean(0).numpy()
    divergences = [scipy.stats.entropy(row, marginal) for row in p.numpy()]
    assert inception_score(p)[0] == pytest.approx(np.exp(np.mean(divergences)))
    assert inception_score(p)[1] == 0


def test_parts_are_scored_by_themselves():
    p = _probabilities()
    parts = [inception_score(part)[0] for part in (p[:20], p[20:40], p[40:])]
    assert inception_score(p, splits=3) == pytest.approx((np.mean(parts), np.std(parts)))
    assert inception_score(p, splits=60)[0] == pytest.approx(1)  # one image knows nothing of variety


@pytest.mark.parametrize("k", [1, 2, 10])
def test_bounds(k):
    assert inception_score(torch.eye(k).repeat(3, 1))[0] == pytest.approx(k)  # sure, and all classes alike
    assert inception_score(torch.full((8, k), 1 / k))[0] == pytest.approx(1)  # never sure
    assert inception_score(torch.eye(k)[:1].repeat(9, 1))[0] == pytest.approx(1)  # always the same
    assert 1 <= inception_score(_probabilities(30, k, seed=k))[0] <= k + 1e-9


def test_its_logarithm_is_the_mutual_information():
    """exp of the mutual information of a joint table with rows p(y | x) / N, summed cell by cell."""
    p = _probabilities(12, 3).numpy()
    joint = p / len(p)
    outer = joint.sum(1, keepdims=True) * joint.sum(0)
    assert inception_score(torch.from_numpy(p))[0] == pytest.approx(np.exp((joint * np.log(joint / outer)).sum()))


@pytest.mark.parametrize("bad", [torch.ones(3), torch.ones(4, 3), torch.tensor([[1.5, -0.5]]), torch.zeros(0, 3)])
def test_what_is_no_distribution_is_named(bad):
    with pytest.raises(CourseError):
        inception_score(bad)
    with pytest.raises(CourseError, match="at least 9"):
        inception_score(_probabilities(8), splits=9)
