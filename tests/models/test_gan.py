import math

import numpy as np
import pytest
import torch

from course_lib import data, models
from course_lib.data.sets import to_float
from course_lib.errors import CourseError
from course_lib.losses import adversarial
from course_lib.models.gan import GAN, PRESETS, Config, Discriminator, Generator, Maxout
from course_lib.training import steps
from course_lib.training.engine import draw

TINY = Config(latent=3, hidden=8, maxout_units=4, maxout_pieces=2, dropout=0.0, batch_size=6)
IMAGE = (1, 8, 8)
BATCH = data.Batch(torch.randn(6, *IMAGE, generator=torch.Generator().manual_seed(0)))


def _gan(config=TINY, shape=IMAGE) -> GAN:
    torch.manual_seed(0)
    return GAN(config, shape)


@pytest.mark.parametrize("shape", [IMAGE, (3, 4, 6), (2,), (1,)])
def test_shapes(shape):
    model = _gan(shape=shape)
    images = model.generator(torch.randn(5, 3))
    assert images.shape == (5, *shape)
    assert model.discriminator(images).shape == (5,)
    assert model.sample(7).shape == (7, *shape)
    assert not model.sample(7).requires_grad


def test_images_are_bounded_and_points_are_not():
    far = 1e3 * torch.randn(50, 3)
    assert _gan().generator(far).abs().max() <= 1
    assert _gan(shape=(2,)).generator(far).abs().max() > 10


def test_wrong_shapes_are_named():
    with pytest.raises(AssertionError, match=r"z must be \[N, 3\], not \[5, 4\]"):
        Generator(TINY, IMAGE)(torch.zeros(5, 4))
    with pytest.raises(AssertionError, match=r"images must be \[N, 1, 8, 8\], not \[5, 8, 8\]"):
        Discriminator(TINY, IMAGE)(torch.zeros(5, 8, 8))


def test_maxout_is_the_largest_of_its_pieces():
    layer, x = Maxout(5, 3, 4), torch.randn(6, 5)
    weight, bias = layer.linear.weight.detach().numpy(), layer.linear.bias.detach().numpy()
    expected = np.array(
        [[max(weight[4 * u + j] @ row + bias[4 * u + j] for j in range(4)) for u in range(3)] for row in x.numpy()]
    )
    np.testing.assert_allclose(layer(x).detach(), expected, rtol=1e-5, atol=1e-6)


def _snapshot(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def _unchanged(module, before):
    return all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_the_discriminator_step_reaches_no_weight_of_the_generator():
    model = _gan()
    g, d = model.configure_optimizers()["generator"], model.configure_optimizers()["discriminator"]
    before = _snapshot(model.generator), _snapshot(model.discriminator)
    model.discriminator_step(BATCH).backward()
    assert all(weight.grad is None for weight in model.generator.parameters())
    assert all(weight.grad.abs().sum() > 0 for weight in model.discriminator.parameters())
    g.step()
    d.step()
    assert _unchanged(model.generator, before[0])
    assert not _unchanged(model.discriminator, before[1])


def test_the_generator_step_leaves_no_gradient_on_the_discriminator():
    model = _gan()
    g, d = model.configure_optimizers()["generator"], model.configure_optimizers()["discriminator"]
    before = _snapshot(model.generator), _snapshot(model.discriminator)
    model.generator_step(BATCH).backward()
    assert all(weight.grad is None for weight in model.discriminator.parameters())
    assert all(weight.requires_grad for weight in model.discriminator.parameters())
    assert all(weight.grad.abs().sum() > 0 for weight in model.generator.parameters())
    g.step()
    d.step()
    assert _unchanged(model.discriminator, before[1])
    assert not _unchanged(model.generator, before[0])


def test_the_losses_are_those_of_the_room_of_losses():
    model = _gan()
    torch.manual_seed(1)
    found = model.discriminator_step(BATCH)
    torch.manual_seed(1)
    fake = model.generator(torch.randn(6, 3))
    assert torch.equal(
        found, adversarial.discriminator_loss(model.discriminator(BATCH.image), model.discriminator(fake))
    )
    for loss, function in {
        "non_saturating": adversarial.non_saturating_loss,
        "saturating": adversarial.saturating_loss,
    }.items():
        model = _gan(Config(**{**vars(TINY), "loss": loss}))
        torch.manual_seed(1)
        assert torch.equal(model.generator_step(BATCH), function(model.discriminator(fake)))


@pytest.mark.parametrize("k", [1, 3])
def test_a_training_step_is_k_of_d_on_fresh_batches_and_one_of_g(k):
    model = _gan(Config(**{**vars(TINY), "discriminator_steps": k}))
    calls, batches = [], iter(torch.randn(10, 6, *IMAGE))

    def optimize(name, loss_of, batch):
        calls.append((name, loss_of, batch))
        return {name: torch.zeros(())}

    drawn = []
    terms = model.training_step(lambda: drawn.append(data.Batch(next(batches))) or drawn[-1], optimize)
    assert terms.keys() == {"discriminator", "generator"}
    assert len(drawn) == k
    last = drawn[-1]
    expected = [("discriminator", model.discriminator_step, batch) for batch in drawn]
    assert calls == [*expected, ("generator", model.generator_step, last)]


def test_each_optimiser_moves_its_own_player():
    model = _gan()
    for name, optimizer in model.configure_optimizers().items():
        owned = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
        assert owned == {id(weight) for weight in getattr(model, name).parameters()}


def test_at_the_optimum_the_discriminator_loss_is_two_log_two():
    model = _gan()
    torch.nn.init.zeros_(model.discriminator.net[-1].weight)
    torch.nn.init.zeros_(model.discriminator.net[-1].bias)
    assert model.discriminator_step(BATCH).item() == pytest.approx(2 * math.log(2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"discriminator_steps": 0}, "discriminator_steps must be at least 1"), ({"dropout": 1.0}, "dropout must lie in")],
)
def test_impossible_settings(changes, message):
    with pytest.raises(CourseError, match=message):
        Config(**changes)


def test_every_preset_is_of_a_data_set_and_trains():
    for name, config in PRESETS.items():
        source = data.load(name, **({"count": 64} if name == "avatars" else {}))
        torch.manual_seed(0)
        model = GAN(config, source.shape)
        *_, (_, terms) = steps(model, source, 3)
        assert all(value.isfinite() for value in terms.values())
        assert draw(model, 4).shape == (4, *source.shape)


def test_it_learns_a_gaussian_on_the_line():
    source = data.load("gaussian_1d", means=(2.0,), std=0.5)
    torch.manual_seed(0)
    model = GAN(PRESETS["gaussian_1d"], source.shape)
    drawn = [draw(model, 2000) for step, _ in steps(model, source, 500) if step > 250 and step % 25 == 0]
    # The players circle the optimum, so it is their path that is judged.
    assert np.mean([x.mean() for x in drawn]) == pytest.approx(2.0, abs=0.15)
    assert np.mean([x.std() for x in drawn]) == pytest.approx(0.5, abs=0.2)


@pytest.mark.slow
def test_two_thousand_steps_make_digits():
    """Judged by a classifier trained on the real ones: all ten appear, none of them a copy of a training image."""
    from sklearn.linear_model import LogisticRegression

    train, test = data.load("digits"), data.load("digits", split="test")
    real, held_out = (to_float(part.images).flatten(1) for part in (train, test))
    classifier = LogisticRegression(max_iter=3000, C=0.1).fit(real.numpy(), train.labels.numpy())
    assert classifier.score(held_out.numpy(), test.labels.numpy()) > 0.95
    torch.manual_seed(0)
    model = GAN(PRESETS["digits"], train.shape)
    for _ in steps(model, train, 2000):
        pass
    samples = draw(model, 1000).flatten(1)
    counts = np.bincount(classifier.predict(samples.numpy()), minlength=10)
    assert counts.min() >= 30
    # As near to the data as real, unseen digits are, within a third; noise of the same marginals is far away.
    nearest = torch.cdist(samples, real).min(1).values
    between_real = torch.cdist(held_out, real).min(1).values
    shuffled = torch.stack([column[torch.randperm(len(column))] for column in real.T], dim=1)[:1000]
    assert nearest.mean() < 4 / 3 * between_real.mean()
    assert torch.cdist(shuffled, real).min(1).values.mean() > 1.5 * between_real.mean()
    assert nearest.min() > 0.3


def test_models_are_found_by_the_name_of_their_file():
    assert "gan" in models.names()
    module = models.load("gan")
    assert models.recipe_class(module) is GAN
    for wrong in ("gam", "data", "../gan"):
        with pytest.raises(CourseError, match="unknown model"):
            models.load(wrong)
    with pytest.raises(CourseError, match="did you mean gan"):
        models.load("gam")


def test_every_model_file_keeps_the_convention():
    for name in models.names():
        module = models.load(name)
        assert module.__doc__
        assert module.Config.__dataclass_params__.frozen
        assert all(isinstance(preset, module.Config) for preset in module.PRESETS.values())
        assert module.PRESETS.keys() <= data.SETS.keys()
        assert models.recipe_class(module).__module__ == module.__name__
