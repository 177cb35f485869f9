"""The measures that the claims of the chapter `generative_models` rest on."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

from course_lib.claims import generative_models as claims


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _clouds(n, spread):
    """Ten Gaussian clouds in five dimensions, n points each: x, y."""
    centres = 4 * torch.randn(10, 5, dtype=torch.float64)
    y = torch.arange(10).repeat(n)
    return centres[y] + spread * torch.randn(10 * n, 5, dtype=torch.float64), y


def test_shuffled_digits_are_all_the_digits():
    x, y = claims.shuffled()
    assert x.shape == (1797, 64)
    assert 0 <= x.min() < x.max() == 1
    assert y.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_training_sets_hold_every_class_alike():
    labels = torch.randint(10, (400,))
    dealt = labels[claims.dealt_in_tens(labels)]
    assert sorted(dealt.tolist()) == sorted(labels.tolist())
    for n in (10, 20, 50):
        assert dealt[:n].bincount(minlength=10).tolist() == [n // 10] * 10


@pytest.mark.parametrize("kind", [claims.naive_bayes, claims.full_gaussians, claims.logistic_regression])
def test_each_classifier_finds_clouds_that_lie_apart(kind):
    x, y = _clouds(20, 0.1)
    assert (kind(x[:100], y[:100], x[100:]) == y[100:]).all()


def test_naive_bayes_answers_as_scikit_learn_where_variances_are_common():
    """scikit-learn estimates a variance for each class; with the pooled one put in its place it is ours."""
    x, y = _clouds(30, 2.0)
    library = GaussianNB().fit(x.numpy(), y.numpy())
    library.var_[:] = library.var_.mean(0) + claims.FLOOR  # classes of one size: the mean is the pooled variance
    asked = 4 * torch.randn(500, 5, dtype=torch.float64)
    assert claims.naive_bayes(x, y, asked).tolist() == library.predict(asked.numpy()).tolist()


def test_full_gaussians_approach_scikit_learn_where_there_is_much_data():
    x, y = _clouds(2000, 2.0)
    library = QuadraticDiscriminantAnalysis().fit(x.numpy(), y.numpy())
    asked = x[::9]
    assert (claims.full_gaussians(x, y, asked).numpy() == library.predict(asked.numpy())).mean() > 0.99


def test_errors_are_counted_on_rows_that_were_not_learnt():
    x, y = torch.arange(900.0, dtype=torch.float64)[:, None], torch.arange(900) % 10

    def by_heart(seen, labels, asked):
        assert not np.isin(seen.numpy(), asked.numpy()).any()
        return torch.full((len(asked),), 3)

    assert claims.errors([by_heart], x, y, (20, 300)).tolist() == [[pytest.approx(0.9)] * 2]


def test_data_drawn_from_naive_bayes_have_its_moments():
    x, y = claims.shuffled()
    drawn, labels, variance = claims.drawn_from_naive_bayes()
    assert labels.bincount().tolist() == y.bincount().tolist()
    for label in (0, 7):
        assert drawn[labels == label].mean(0) == pytest.approx(x[y == label].mean(0), abs=0.12)
    residual = drawn - torch.stack([drawn[labels == label].mean(0) for label in range(10)])[labels]
    assert residual.var(0) == pytest.approx(variance, abs=0.01)
    correlation = torch.corrcoef(residual[:, x.std(0) > 0.1].T)
    assert (correlation - torch.eye(len(correlation))).abs().max() < 0.12  # independent pixels


def test_histogram_log_likelihood_sums_to_one_over_cells():
    log_p = claims.histogram_log_likelihood(torch.tensor([0, 0, 3]), torch.arange(5), 5)
    assert log_p.exp().tolist() == pytest.approx([2.5 / 5.5, 0.5 / 5.5, 0.5 / 5.5, 1.5 / 5.5, 0.5 / 5.5])


def test_a_joint_histogram_loses_where_pixels_are_independent_and_wins_where_they_are_copies():
    independent = torch.randint(4, (3000, 3))
    loss = claims.joint_against_single(independent[:1000], independent[1000:])
    assert loss[0] == 0
    assert 0 < loss[1] < loss[2]
    copies = independent[:, :1].expand(-1, 3)
    assert claims.joint_against_single(copies[:1000], copies[1000:])[2] == pytest.approx(-2 / 3 * np.log(4), abs=0.05)
