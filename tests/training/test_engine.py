import pytest
import torch
from torch import nn

from course_lib import data
from course_lib.errors import CourseError
from course_lib.training import Engine, Recipe, frozen, steps
from course_lib.training.engine import NonFiniteError, draw

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
        before = self.net(x)
        optimize("net", before.float().mean())
        self.outputs = before.detach(), self.net(x).detach()
        return {"loss/net": before.float().mean()}


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


def test_several_processes_are_refused(small, monkeypatch):
    from accelerate import Accelerator

    monkeypatch.setattr(Accelerator, "num_processes", 2)
    with pytest.raises(CourseError, match="one process"):
        Engine(small(), DIGITS)
