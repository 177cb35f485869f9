"""The measures that the claims of the chapter `improved_gan` rest on."""

import math
from dataclasses import replace

import pytest
import torch
from scipy.integrate import solve_ivp

from course_lib.claims import improved_gan as claims
from course_lib.data import digits
from course_lib.data.sets import to_float
from course_lib.models.improved_gan import PRESETS, ImprovedGAN


def test_gradients_of_the_game_are_those_of_its_value():
    def value(x, y):
        f = x if x < 0 else x * x
        return (f - 1) * (y - 1)

    for x, y in ((-0.7, 0.3), (0.4, 1.9), (1.6, -0.5)):
        across = (value(x + 1e-6, y) - value(x - 1e-6, y)) / 2e-6
        along = (value(x, y + 1e-6) - value(x, y - 1e-6)) / 2e-6
        assert claims.game_gradients(x, y) == pytest.approx((across, along), rel=1e-6)
    assert claims.game_gradients(1.0, 1.0) == (0, 0)


def test_plain_descent_follows_the_flow():
    """scipy integrates the differential equation; steps of 0.001 stay near it for a while."""
    flow = solve_ivp(lambda _, p: (-2 * p[0] * (p[1] - 1), p[0] ** 2 - 1), (0, 3), (0.5, 0.8), rtol=1e-9)
    *_, (x, y) = claims.play(0.5, 0.8, 0.0, 3000)
    assert (x, y) == pytest.approx(tuple(flow.y[:, -1]), abs=5e-3)


def test_the_pull_is_to_the_mean_of_all_points():
    path = [(0.5, 0.8), *claims.play(0.5, 0.8, 0.7, 5, rate=0.1)]
    for t in range(1, len(path)):
        (x, y), past = path[t - 1], path[:t]
        mean_x, mean_y = (sum(point[i] for point in past) / t for i in range(2))
        down, up = claims.game_gradients(x, y)
        expected = x - 0.1 * (down + 1.4 * (x - mean_x)), y + 0.1 * (up - 1.4 * (y - mean_y))
        assert path[t] == pytest.approx(expected)


def test_spread_and_end_are_of_the_last_third():
    run = claims.RingRun(8, [9.0] * 16 + [0.1, 0.3] * 4)
    assert run.end == pytest.approx(0.2)
    assert run.spread == pytest.approx(math.sqrt(8 * 0.01 / 7))


def test_arms_differ_by_one_technique_each():
    assert claims.TECHNIQUES["baseline"] == {}
    plain = PRESETS["digits"]
    for name, changes in claims.TECHNIQUES.items():
        assert len(changes) == (name != "baseline")
        assert all(getattr(plain, key) != value for key, value in changes.items())
    assert len(claims.ARMS["all together"]) == 5


def test_a_generator_that_ignores_its_batch_has_no_dependence_and_batch_norm_has():
    """Known answers: without normalisation nothing does; a generator that adds the mean of its batch does."""
    torch.manual_seed(0)
    model = ImprovedGAN(replace(PRESETS["digits"], norm="none"), (1, 8, 8))
    assert claims.batch_dependence(model, 0) < 1e-5
    assert claims.batch_dependence(ImprovedGAN(PRESETS["digits"], (1, 8, 8)), 0) > 0.05

    class Leaky(torch.nn.Module):
        def forward(self, z):
            return (z[:, :1] + 8 * z[:, :1].mean(0)).expand(-1, 64).unflatten(1, (1, 8, 8))

    model.generator = Leaky()
    # 48 of 64 companions are drawn anew: their mean, times 8, has a standard deviation of 8 sqrt(48) / 64.
    assert claims.batch_dependence(model, 0, batches=2000) == pytest.approx(8 * math.sqrt(48) / 64, rel=0.5)


def test_error_counts_wrong_answers():
    test = digits.load("test")
    model = ImprovedGAN.build(replace(PRESETS["digits"], labels=10), digits.load())
    images = to_float(test.images)
    right = model.eval().discriminator(images).argmax(1)
    assert claims.error(model, images, right) == 0
    assert claims.error(model, images, (right + 1) % 10) == 1


def test_error_is_measured_in_batches_of_the_size_of_training():
    """A network that answers with the number of images in its batch always answers 64, as minibatch features would."""

    class Counter(torch.nn.Module):
        def forward(self, images):
            return torch.nn.functional.one_hot(torch.full((len(images),), len(images)), 200)

    model = ImprovedGAN(PRESETS["digits"], (1, 8, 8))
    model.discriminator = Counter()
    assert claims.error(model, torch.zeros(150, 1, 8, 8), torch.full((150,), 64)) == 0


def test_few_is_the_mean_over_ten_and_twenty_five_labels_in_percent():
    assert claims._few({10: 0.3, 25: 0.1, 50: 9.0, 100: 9.0}) == pytest.approx(20)
