from dataclasses import replace

import pytest
import torch
from torch import nn

from course_lib import data, models
from course_lib.data import Batch, DataInfo
from course_lib.errors import CourseError
from course_lib.losses import adversarial
from course_lib.models.improved_gan import (
    PRESETS,
    Config,
    Discriminator,
    Generator,
    HistoricalAverage,
    ImprovedGAN,
    choose_labelled,
)
from course_lib.training import steps, train
from course_lib.training.engine import draw

TINY = Config(latent=3, generator=(8, 6), discriminator=(10, 7, 5), kernels=4, dims=2, reference=5, batch_size=6)
IMAGE = (1, 8, 8)
BATCH = Batch(torch.rand(6, *IMAGE, generator=torch.Generator().manual_seed(0)) * 2 - 1)
EVERYTHING = {
    "generator_loss": "feature_matching", "minibatch_discrimination": True, "historical_averaging": 0.1, "alpha": 0.9,
    "norm": "virtual", "labels": 20,
}  # fmt: skip


def _gan(shape=IMAGE, **changes) -> ImprovedGAN:
    torch.manual_seed(0)
    digits = data.load("digits")
    config = replace(TINY, **changes)
    return ImprovedGAN.build(config, digits) if shape == IMAGE else ImprovedGAN(config, shape)


@pytest.mark.parametrize("shape", [IMAGE, (3, 4, 6), (2,)])
@pytest.mark.parametrize("changes", [{}, {"norm": "virtual"}, {"norm": "none"}, {"minibatch_discrimination": True}])
def test_shapes(shape, changes):
    model = _gan(shape, **changes)
    images = model.generator(torch.randn(5, 3))
    assert images.shape == (5, *shape)
    assert model.discriminator.features(images).shape == (5, 5)
    assert model.discriminator(images).shape == (5, 1)
    assert model.sample(7).shape == (7, *shape)
    assert not model.sample(7).requires_grad


def test_images_are_bounded_and_points_are_not():
    far = 1e4 * torch.randn(50, 3)
    assert _gan(norm="none").generator(far).abs().max() <= 1
    assert _gan((2,), norm="none").generator(far).abs().max() > 10


def test_wrong_shapes_and_settings_are_named():
    with pytest.raises(AssertionError, match=r"z must be \[N, 3\], not \[5, 4\]"):
        Generator(TINY, IMAGE)(torch.zeros(5, 4))
    with pytest.raises(AssertionError, match=r"examples must be \[N, \*\[1, 8, 8\]\], not \[5, 8, 8\]"):
        Discriminator(TINY, IMAGE, 1)(torch.zeros(5, 8, 8))
    for wrong, message in (
        ({"norm": "layer"}, "norm must be"), ({"generator_loss": "hinge"}, "generator_loss must be"),
        ({"alpha": 1.1}, "targets must have"), ({"beta": 1.0}, "targets must have"), ({"labels": -1}, "labels"),
        ({"generator": ()}, "hidden layer"), ({"kernels": 0}, "kernels"),
    ):  # fmt: skip
        with pytest.raises(CourseError, match=message):
            replace(TINY, **wrong)


@pytest.mark.parametrize("count", [10, 25, 47])
def test_labelled_images_are_spread_evenly_and_nested(count):
    digits = data.load("digits")
    chosen, more = choose_labelled(digits, count, seed=3), choose_labelled(digits, count + 5, seed=3)
    numbers = torch.bincount(chosen.label, minlength=10)
    assert numbers.max() - numbers.min() <= 1
    assert len(chosen.image.flatten(1).unique(dim=0)) == count
    torch.testing.assert_close(more.image[:count], chosen.image)
    assert not torch.equal(choose_labelled(digits, count, seed=4).image, chosen.image)
    every = {
        tuple(image.flatten().tolist()): label for image, label in zip(*digits.rows(slice(0, None))[:2], strict=True)
    }
    for image, label in zip(chosen.image, chosen.label, strict=True):
        assert every[tuple(image.flatten().tolist())] == label


def test_labels_that_cannot_be_had_are_named():
    with pytest.raises(CourseError, match="need data with classes"):
        ImprovedGAN.build(replace(TINY, labels=4), data.load("ring"))
    with pytest.raises(CourseError, match="too few images"):
        choose_labelled(data.load("digits"), 1430)
    with pytest.raises(CourseError, match="no fixed labelled images"):
        choose_labelled(data.load("two_digits"), 10)


def test_labels_live_in_the_checkpoint():
    """A model made from a description alone takes the labelled images with the weights."""
    first = _gan(labels=20)
    second = ImprovedGAN.build(first.config, DataInfo(IMAGE, tuple("0123456789")))
    assert second.labelled_image.abs().sum() == 0
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(second.labelled_image, first.labelled_image)
    assert second.discriminator(BATCH.image).shape == (6, 10)


def test_the_first_step_begins_from_units_of_mean_0_and_variance_1():
    model, images = _gan(input_noise=0.0, noise=0.0), data.load("digits").rows(slice(0, 200)).image
    model.prepare(Batch(images))
    h = images.flatten(1)
    for layer in model.discriminator.layers:
        h = layer(h)
        torch.testing.assert_close(h.mean(0), torch.zeros(h.shape[1]), atol=1e-4, rtol=0)
        assert (h.std(0) - 1).abs().max() < 1e-2 or h.std(0).min() < 1e-3  # a unit that no image moves stays at rest
        h = h.relu()


def test_only_the_head_learns_its_lengths():
    names = [name for name, value in _gan().discriminator.named_parameters() if not value.requires_grad]
    assert names == [f"layers.{i}.parametrizations.weight.original0" for i in range(3)]


def _snapshot(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


@pytest.mark.parametrize("changes", [{}, EVERYTHING])
def test_each_step_reaches_the_weights_of_one_player_alone(changes):
    for player, other in (("discriminator", "generator"), ("generator", "discriminator")):
        model = _gan(**changes)
        before = _snapshot(getattr(model, other))
        getattr(model, f"{player}_step")(BATCH).backward()
        assert all(weight.grad is None for weight in getattr(model, other).parameters())
        reached = [weight.grad for weight in getattr(model, player).parameters() if weight.grad is not None]
        assert sum(grad.abs().sum() for grad in reached) > 0
        after = getattr(model, other).state_dict()
        for name, value in before.items():  # only running statistics may move
            assert "running" in name or "num_batches" in name or torch.equal(value, after[name])


def test_without_any_technique_it_is_the_game():
    """By hand: both losses from the logits of the same networks, without noise."""
    model = _gan(input_noise=0.0, noise=0.0, norm="none")
    torch.manual_seed(1)
    found = model.discriminator_step(BATCH), model.generator_step(BATCH)
    torch.manual_seed(1)
    fakes = [model.generator(torch.randn(6, 3)) for _ in range(2)]
    real, first, second = (model.discriminator(x).squeeze(1) for x in (BATCH.image, *fakes))
    torch.testing.assert_close(found[0], adversarial.discriminator_loss(real, first))
    torch.testing.assert_close(found[1], adversarial.non_saturating_loss(second))


def test_labels_add_the_supervised_loss():
    model = _gan(input_noise=0.0, noise=0.0, norm="none", labels=20)
    torch.manual_seed(1)
    with_labels = model.discriminator_step(BATCH)
    torch.manual_seed(1)
    logits = [nn.functional.pad(model.discriminator(x), (0, 1)) for x in (BATCH.image, model.sample(6))]
    d_real, d_fake = (1 - logit.softmax(1)[:, -1] for logit in logits)
    row = (torch.rand(6) * 20).long()
    classes = nn.CrossEntropyLoss()(model.discriminator(model.labelled_image[row]), model.labelled_class[row])
    torch.testing.assert_close(with_labels, classes - d_real.log().mean() - (1 - d_fake).log().mean())


def test_switches_change_what_they_say_and_nothing_else():
    plain = dict(_gan().named_parameters())
    for changes in ({"generator_loss": "feature_matching"}, {"historical_averaging": 0.1}, {"alpha": 0.9}):
        other = dict(_gan(**changes).named_parameters())
        assert all(torch.equal(value, other[name]) for name, value in plain.items())


def test_historical_average_is_the_mean_of_all_values():
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    history, values = HistoricalAverage(layer.parameters()), []
    for _ in range(6):
        values.append(nn.utils.parameters_to_vector(layer.parameters()).detach())
        if len(values) > 1:
            history.update(layer.parameters())
        mean = torch.stack(values).mean(0)
        torch.testing.assert_close(history.mean, mean)
        penalty = history.penalty(layer.parameters())
        torch.testing.assert_close(penalty, torch.dist(values[-1], mean) ** 2)
        gradient = torch.autograd.grad(penalty, layer.weight)[0]
        torch.testing.assert_close(gradient.flatten(), 2 * (values[-1] - mean)[:6])
        with torch.no_grad():
            layer.weight += torch.randn(2, 3)
            layer.bias += torch.randn(2)


def test_a_strong_pull_to_history_holds_the_weights():
    def moved(weight: float) -> float:
        model = _gan(historical_averaging=weight, learning_rate=1e-2)
        start = nn.utils.parameters_to_vector(model.generator.parameters()).detach()
        for _ in steps(model, data.load("digits"), 20):
            pass
        return torch.dist(nn.utils.parameters_to_vector(model.generator.parameters()).detach(), start).item()

    assert moved(100.0) < 0.6 * moved(1e-6)


def test_virtual_batch_norm_makes_an_image_of_its_latent_alone():
    z = torch.randn(6, 3)
    for norm, tolerance in (("virtual", 1e-6), ("batch", None)):
        generator = _gan(norm=norm).generator.train()
        alone = torch.cat([generator(torch.cat([z[i : i + 1], torch.randn(5, 3)]))[:1] for i in range(6)])
        gap = (generator(z) - alone).abs().max().item()
        assert gap < tolerance if tolerance else gap > 1e-2


def test_evaluate_is_the_share_of_wrong_answers():
    model, test = _gan(labels=20).eval(), data.load("digits", split="test").rows(slice(0, 50))
    wrong = sum(int(model.discriminator(test.image[i : i + 1]).argmax()) != int(test.label[i]) for i in range(50))
    assert model.evaluate(test)["error"].item() == pytest.approx(wrong / 50)
    assert _gan().evaluate(test) == {}


def test_a_run_with_everything_stops_and_goes_on_bit_for_bit(tmp_path):
    digits = data.load("digits")
    whole = _gan(**EVERYTHING)
    train(whole, digits, tmp_path / "whole", steps=6, seed=1, checkpoint_every=3)
    first = _gan(**EVERYTHING)
    train(first, digits, tmp_path / "parts", steps=3, seed=1, checkpoint_every=3)
    torch.manual_seed(99)
    second = ImprovedGAN.build(first.config, digits)
    train(second, digits, tmp_path / "parts", steps=6, seed=1, checkpoint_every=3, resume=True)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    loaded, _, step = models.load_run(tmp_path / "parts")
    assert step == 6
    assert torch.equal(loaded.labelled_image, whole.labelled_image)


@pytest.mark.slow
def test_the_presets_train():
    """A hundred steps: labels are learnt to well below chance, and points move to the ring."""
    digits = data.load("digits")
    torch.manual_seed(0)
    model = ImprovedGAN.build(replace(PRESETS["digits"], labels=100), digits)
    for _ in steps(model, digits, 100):
        pass
    assert model.eval().evaluate(data.load("digits", split="test").rows(slice(0, None)))["error"] < 0.4
    ring = data.load("ring", std=0.1)
    torch.manual_seed(0)
    model = ImprovedGAN.build(PRESETS["ring"], ring)
    for _ in steps(model, ring, 200):
        pass
    radius = draw(model, 500).norm(dim=1)
    assert 1 < radius.median() < 3


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_full_size_presets_build(name):
    shape = (1, 28, 28) if name == "mnist" else (3, 32, 32)
    model = ImprovedGAN.build(PRESETS[name], DataInfo(shape, tuple("0123456789")))
    assert model.sample(2).shape == (2, *shape)
