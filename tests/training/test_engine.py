import math

import pytest
import torch
from torch import nn

from course_lib import data
from course_lib.errors import CourseError
from course_lib.training import Engine, Recipe, TrainingConfig, draw, frozen, steps
from course_lib.training.engine import NonFiniteError
from course_lib.training.recipe import SharedNoise

DIGITS = data.load("digits")


def _weights(recipe):
    return torch.cat([value.flatten().double() for value in recipe.state_dict().values()])


def test_training_learns_the_mean(small):
    recipe = small()
    losses = [terms["loss/second"].item() for _, terms in steps(recipe, DIGITS, 300)]
    assert sum(losses[-20:]) < 0.6 * sum(losses[:20])
    bias = recipe.second.bias.detach()
    mean = data.sets.to_float(DIGITS.images).flatten(1).mean(0)
    assert torch.corrcoef(torch.stack([bias, mean]))[0, 1] > 0.9


def test_the_seed_decides(small):
    finals = []
    for seed in (0, 0, 1):
        recipe = small()
        torch.manual_seed(len(finals))  # what was drawn before must not matter
        for _ in steps(recipe, DIGITS, 20, seed=seed):
            pass
        finals.append(_weights(recipe))
    assert torch.equal(finals[0], finals[1])
    assert not torch.equal(finals[0], finals[2])


def test_each_step_counts_and_each_batch_is_fresh(small):
    engine = Engine(small(), DIGITS)
    drawn = []
    original = engine.data.batch

    class Spy:
        shape = DIGITS.shape

        def batch(self, n, generator):
            drawn.append(original(n, generator).image)
            return data.Batch(drawn[-1])

    engine.data = Spy()
    engine.step()
    engine.step()
    assert engine.step_count == 2
    assert engine.images_seen == 4 * 16
    assert len(drawn) == 4
    assert not any(torch.equal(a, b) for i, a in enumerate(drawn) for b in drawn[:i])


def test_drawing_leaves_training_as_it_was(small):
    finals = []
    for every in (1, 1000):
        recipe = small()
        for step, _ in steps(recipe, DIGITS, 15):
            if step % every == 0:
                assert recipe.training
                draw(recipe, 3)
        finals.append(_weights(recipe))
    assert torch.equal(*finals)


def test_drawing_uses_the_same_latents_and_no_dropout(small):
    recipe = small()
    assert torch.equal(draw(recipe, 5), draw(recipe, 5))
    assert not torch.equal(draw(recipe, 5), draw(recipe, 5, seed=1))
    torch.manual_seed(0)
    assert torch.equal(draw(recipe, 5), recipe.eval().sample(5))


def test_state_round_trips_bit_for_bit(small):
    straight = Engine(small(), DIGITS)
    for _ in range(30):
        straight.step()
    first = Engine(small(), DIGITS)
    for _ in range(11):
        first.step()
    tensors, groups = first.state()
    tensors = {file: {key: value.clone() for key, value in part.items()} for file, part in tensors.items()}
    for _ in range(5):
        first.step()  # what happens after the state was taken is forgotten
    second = Engine(small(), DIGITS, seed=99)
    second.load_state(tensors, groups, 11)
    for _ in range(19):
        second.step()
    for a, b in zip(*(engine.state()[0].values() for engine in (straight, second)), strict=True):
        assert a.keys() == b.keys()
        assert all(torch.equal(a[key], b[key]) for key in a)
    assert straight.state()[1] == second.state()[1]


@pytest.mark.parametrize("look", [7, 20])
def test_a_loss_that_is_nan_is_named_with_its_step(small, look):
    engine = Engine(small(poison=7), DIGITS)
    for _ in range(6):
        engine.step()
    engine.check()
    for _ in range(6, look):
        engine.step()
    with pytest.raises(NonFiniteError, match=r"^loss/second is NaN or infinite at step 7$"):
        engine.check()
    with pytest.raises(NonFiniteError, match="step 7"):
        engine.state()


def test_weights_that_are_not_finite_are_never_a_state(small):
    engine = Engine(small(), DIGITS)
    engine.step()
    engine.recipe.second.bias.data[3] = torch.inf
    with pytest.raises(NonFiniteError, match=r"^second.bias is NaN or infinite after step 1$"):
        engine.state()


def test_a_notebook_is_told_too(small):
    with pytest.raises(NonFiniteError, match="loss/second is NaN or infinite at step 3"):
        list(steps(small(poison=3), DIGITS, 10))


class Twice(Recipe):
    """Optimises twice in one step, and remembers what the network gave before and after."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.net = nn.Linear(4, 1)

    def configure_optimizers(self):
        return {"net": torch.optim.SGD(self.net.parameters(), lr=1.0)}

    def training_step(self, next_batch, optimize):
        x = next_batch().image
        before = self.net(x).detach()
        terms = optimize("net", lambda batch: self.net(batch.image).float().mean(), data.Batch(x))
        self.outputs = before, self.net(x).detach()
        return terms


def test_bf16_sees_the_weights_of_the_step_before(small):
    """Autocast's cache of bf16 weights would show the second forward pass those before the update."""
    from accelerate.state import AcceleratorState

    points = data.PointSet(torch.ones(8, 4))
    AcceleratorState._reset_state(True)  # precision is set once a process
    try:
        recipe = Twice(small().config)
        list(steps(recipe, points, 1, precision="bf16"))
    finally:
        AcceleratorState._reset_state(True)
    before, after = recipe.outputs
    assert before.dtype == torch.bfloat16
    assert recipe.net.weight.dtype == torch.float32
    # the gradient of the mean output is 1 for each weight and the bias, so one step lowers the output by 5
    torch.testing.assert_close(after, before - 5, atol=0.1, rtol=0)


def test_frozen_lets_gradients_through_but_stops_none_at_the_weights():
    below, above = nn.Linear(3, 3), nn.Linear(3, 1)
    above.bias.requires_grad_(False)  # was so before, and stays so
    with frozen(above):
        loss = above(below(torch.ones(2, 3))).sum()
    loss.backward()
    assert below.weight.grad.abs().sum() > 0
    assert above.weight.grad is None
    assert above.weight.requires_grad
    assert not above.bias.requires_grad
    with pytest.raises(RuntimeError), frozen(above):
        raise RuntimeError
    assert above.weight.requires_grad


def test_losses_that_are_never_asked_about_are_looked_at_in_the_end(small, monkeypatch):
    monkeypatch.setattr("course_lib.training.engine.UNCHECKED", 20)
    engine = Engine(small(poison=3), DIGITS)
    with pytest.raises(NonFiniteError, match="loss/second is NaN or infinite at step 3"):
        _ = [engine.step() for _ in range(30)]


class Linear(Recipe):
    """No randomness of its own: what batch it saw is all that matters."""

    def __init__(self, by_hand=False, **settings):
        super().__init__()
        self.config = TrainingConfig(**{"batch_size": 12, **settings})
        self.weight = nn.Parameter(torch.arange(3.0).view(3, 1))
        self.by_hand = by_hand
        self.sizes = []

    def configure_optimizers(self):
        return {"line": torch.optim.SGD([self.weight], lr=0.1)}

    def training_step(self, next_batch, optimize):
        return optimize("line", self.loss, next_batch())

    def loss(self, batch):
        x = batch.image
        self.sizes.append(len(x))
        if self.by_hand:  # d/dw of the mean of (xw - 1)^2
            return {"weight": 2 * x.T @ (x @ self.weight - 1) / len(x)}, {"mean": x.mean()}
        return (x @ self.weight - 1).square().mean(), {"mean": x.mean()}


POINTS = data.PointSet(torch.randn(50, 3, generator=torch.Generator().manual_seed(0)))


def _run(recipe, count=5, **options):
    engine = Engine(recipe, POINTS, **options)
    terms = [engine.step() for _ in range(count)]
    return engine, terms


def test_pieces_of_a_batch_are_one_batch():
    (whole, of_whole), (pieces, of_pieces) = _run(Linear()), _run(Linear(), accumulate=4)
    assert whole.recipe.sizes == [12] * 5
    assert pieces.recipe.sizes == [3] * 20
    torch.testing.assert_close(whole.recipe.weight, pieces.recipe.weight)
    for one, other in zip(of_whole, of_pieces, strict=True):
        assert one.keys() == other.keys() == {"loss/line", "mean"}
        for name in one:
            torch.testing.assert_close(one[name], other[name])
    assert pieces.images_seen == whole.images_seen == 60


@pytest.mark.parametrize("accumulate", [1, 3])
def test_gradients_may_be_given_instead_of_a_loss(accumulate):
    (by_loss, _), (by_hand, terms) = _run(Linear()), _run(Linear(by_hand=True), accumulate=accumulate)
    torch.testing.assert_close(by_loss.recipe.weight, by_hand.recipe.weight)
    assert terms[0].keys() == {"mean"}


def test_a_batch_that_cannot_be_shared_evenly():
    with pytest.raises(CourseError, match="a batch of 12 cannot be shared evenly by 1 processes with 5 pieces"):
        Engine(Linear(), POINTS, accumulate=5)


def test_the_gradient_is_clipped():
    recipe = Linear(clip=0.01)
    before = recipe.weight.detach().clone()
    _run(recipe, 1)
    assert (recipe.weight - before).norm().item() == pytest.approx(0.1 * 0.01, rel=1e-3)


def test_averages_follow_the_weights_and_are_sampled_from():
    engine = Engine(Linear(average=0.5), POINTS)
    expected = engine.recipe.weight.detach().clone()
    for step in range(1, 30):
        engine.step()
        decay = min(0.5, step / (step + 10))
        expected = decay * expected + (1 - decay) * engine.recipe.weight.detach()
    own = engine.recipe.weight.detach().clone()
    torch.testing.assert_close(engine.averages["weight"], expected)
    with engine.sampling() as recipe:
        torch.testing.assert_close(recipe.weight.detach(), expected)
    assert torch.equal(engine.recipe.weight, own)
    with pytest.raises(RuntimeError), engine.sampling():
        raise RuntimeError
    assert torch.equal(engine.recipe.weight, own)


def test_only_what_a_recipe_names_is_averaged(small):
    recipe = small(average=0.9)
    type(recipe).averaged = ("first", "seen")
    try:
        engine = Engine(recipe, DIGITS)
    finally:
        type(recipe).averaged = ("",)
    assert engine.averages.keys() == {"first.0.weight", "first.0.bias", "seen"}
    assert Engine(small(), DIGITS).averages == {}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [1, 1, 1, 1]),
        ({"schedule": "linear"}, [1, 0.75, 0.5, 0.25]),
        ({"schedule": "cosine"}, [(1 + math.cos(math.pi * i / 4)) / 2 for i in range(4)]),
        ({"warmup": 2}, [0.5, 1, 1, 1]),
        ({"schedule": "linear", "warmup": 2}, [0.5, 1, 1, 0.5]),
    ],
)
def test_learning_rates(settings, expected):
    engine = Engine(Linear(**settings), POINTS, steps=4)
    found = []
    for _ in range(4):
        engine.step()
        found.append(engine.optimizers["line"].param_groups[0]["lr"] / 0.1)
    assert found == pytest.approx(expected)


def test_a_schedule_asks_for_its_end():
    with pytest.raises(CourseError, match="'cosine' must know the number of steps"):
        Engine(Linear(schedule="cosine"), POINTS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"average": 1.0}, r"average must lie in \[0, 1\), not 1.0"),
        ({"warmup": -1}, "warmup must be at least 0"),
        ({"clip": float("nan")}, "clip must be at least 0"),
    ],
)
def test_impossible_settings(settings, message):
    with pytest.raises(CourseError, match=message):
        TrainingConfig(**settings)


def test_precision_that_does_not_exist(small):
    with pytest.raises(CourseError, match="precision is no or bf16, not fp8"):
        Engine(small(), DIGITS, precision="fp8")


def test_precision_is_one_for_a_process(small):
    Engine(small(), DIGITS)
    with pytest.raises(CourseError, match="another precision than bf16 already"):
        Engine(small(), DIGITS, precision="bf16")


def test_shared_noise_is_that_of_the_whole_batch(small):
    """Two processes together draw what one would, and a sample is nobody else's business."""
    torch.manual_seed(5)
    whole = torch.randn(6, 4), torch.rand(6, 2)
    parts = []
    for process in range(2):
        recipe = small()
        recipe.shared_noise = SharedNoise(torch.Generator().manual_seed(5), process, 2)
        parts.append((recipe.randn(3, 4), recipe.rand(3, 2)))
        torch.manual_seed(1)
        alone = recipe.eval().randn(3, 4)
        torch.manual_seed(1)
        assert torch.equal(alone, torch.randn(3, 4))
    for whole_, *of_processes in zip(whole, *parts, strict=True):
        assert torch.equal(whole_, torch.cat(of_processes))


def test_a_recipe_may_look_at_data_before_the_first_step(small):
    class Prepared(type(small())):
        def prepare(self, batch):
            assert not torch.is_grad_enabled()
            self.looked = batch.image

    torch.manual_seed(0)
    recipe, seen = Prepared(), []
    engine = Engine(recipe, DIGITS)
    original = recipe.first_loss
    recipe.first_loss = lambda batch: seen.append(batch.image) or original(batch)
    engine.step()
    assert torch.equal(recipe.looked, seen[0]), "the first batch, which training then sees itself"
    looked = recipe.looked
    engine.step()
    assert recipe.looked is looked


class Picture(Recipe):
    """A convolution, whose weights have a memory layout."""

    def __init__(self):
        super().__init__()
        self.config = TrainingConfig(batch_size=4)
        self.net = nn.Conv2d(1, 3, 3)

    def configure_optimizers(self):
        return {"net": torch.optim.Adam(self.net.parameters())}

    def training_step(self, next_batch, optimize):
        return optimize("net", lambda batch: self.net(batch.image).square().mean(), next_batch())


def test_moments_take_the_memory_layout_of_their_weights():
    """Files keep none; fused kernels on a GPU refuse weights and moments that differ."""
    engine = Engine(Picture(), DIGITS)
    engine.step()
    tensors, groups = engine.state()
    tensors = {file: {key: value.contiguous().clone() for key, value in part.items()} for file, part in tensors.items()}
    recipe = Picture().to(memory_format=torch.channels_last)
    again = Engine(recipe, DIGITS)
    again.load_state(tensors, groups, 1)
    assert recipe.net.weight.stride() != engine.recipe.net.weight.stride()
    kept = again.optimizers["net"].state[recipe.net.weight]
    assert kept["exp_avg"].stride() == kept["exp_avg_sq"].stride() == recipe.net.weight.stride()
    engine.step()
    again.step()
    torch.testing.assert_close(recipe.net.weight, engine.recipe.net.weight)


def test_what_was_fused_elsewhere_is_not_here():
    engine = Engine(Picture(), DIGITS)
    engine.step()
    tensors, groups = engine.state()
    groups = {name: text.replace('"fused": null', '"fused": true') for name, text in groups.items()}
    assert "true" in groups["net"]
    again = Engine(Picture(), DIGITS)
    again.load_state(tensors, groups, 1)
    assert again.optimizers["net"].param_groups[0]["fused"] is None


def test_pieces_and_processes_share_a_batch_as_they_share_its_noise():
    """Of two processes with two pieces each, a piece of both together is a piece of one process."""
    whole = Engine(Linear(), POINTS, accumulate=2)
    batch = whole._next_batch()
    parts = []
    for process in range(2):
        engine = Engine(Linear(), POINTS, accumulate=2)
        engine.process, engine.processes = process, 2
        parts.append(list(engine._pieces(engine._next_batch())))
    for piece, *shares in zip(whole._pieces(batch), *parts, strict=True):
        assert torch.equal(piece.image, torch.cat([share.image for share in shares]))
