from dataclasses import replace

import pytest
import torch
from torch import nn

from course_lib import data, models
from course_lib.data import Batch, DataInfo, ImageSet
from course_lib.errors import CourseError
from course_lib.models import dcgan
from course_lib.models.conditional_gan import KEPT, PRESETS, ConditionalGAN, Config
from course_lib.training import steps
from course_lib.training.engine import Engine, apart, draw

TINY = Config(latent=5, generator=(8, 6), discriminator=(4, 8), kernel=3, batch_size=6, embedding=7)
IMAGE = (1, 8, 12)
CLASSES = ("ant", "bee", "cow")
WAYS = ("concat", "embed", "projection", "none")


def _model(**changes) -> ConditionalGAN:
    torch.manual_seed(0)
    return ConditionalGAN.build(replace(TINY, **changes), DataInfo(IMAGE, classes=CLASSES))


def _batch(n=6) -> Batch:
    random = torch.Generator().manual_seed(0)
    return Batch(torch.rand(n, *IMAGE, generator=random) * 2 - 1, torch.arange(n) % 3)


def _people(n=200) -> ImageSet:
    """Two attributes of no meaning: a yes or no, and something between 20 and 40; a third that is not shown."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, *IMAGE), generator=random, dtype=torch.uint8)
    values = torch.stack(
        [(torch.rand(n, generator=random) < 0.4).float(), 20 + 20 * torch.rand(n, generator=random), torch.ones(n)], 1
    )
    return ImageSet(images, None, "people", "train", attributes=values, attribute_names=("hat", "age", "other"))


ATTRIBUTES = replace(TINY, condition="attributes", attributes=("age", "hat"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["concat", "embed"])
def test_shapes_and_who_sees_the_class(way, how):
    model = _model(show_discriminator=way, show_generator=how, init=0.3).eval()
    z, x = model.noise(6), _batch().image
    first, second = (model.encode(torch.full((6,), k)) for k in (0, 1))
    images = model.generator(z, first)
    assert images.shape == (6, *IMAGE)
    assert (images - model.generator(z, second)).abs().max() > 1e-4
    logit, other = model.discriminator(x, first), model.discriminator(x, second)
    assert logit.shape == (6,)
    assert torch.equal(logit, other) == (way == "none")


def test_without_a_condition_the_discriminator_is_dcgans():
    model = _model(show_discriminator="none").eval()
    plain = dcgan.Discriminator(TINY, IMAGE).eval()
    plain.load_state_dict(model.discriminator.state_dict())
    x = _batch().image
    assert torch.allclose(model.discriminator(x, None), plain(x))


def test_projection_gives_each_class_a_last_layer_of_its_own():
    model = _model(show_discriminator="projection").eval()
    d, x = model.discriminator, _batch().image
    features = d.features(x)[-1].flatten(1)
    for k in range(3):
        weight = d.head[-1].weight[0] + d.projection.linear.weight[:, k]
        expected = features @ weight
        assert torch.allclose(d(x, model.encode(torch.full((6,), k))), expected, atol=1e-6)


@pytest.mark.parametrize("downsampling", ["strided", "max_pool"])
def test_without_a_bias_d_does_not_see_contrast(downsampling):
    """No bias before the first batch norm: half the contrast is the same image. Maps, or a bias, mend it."""
    x = _batch().image
    for way, first_bias, sees in (("projection", False, False), ("projection", True, True), ("concat", False, True)):
        model = _model(show_discriminator=way, first_bias=first_bias, init=0.3, downsampling=downsampling)
        if first_bias:
            nn.init.normal_(next(p for n, p in model.discriminator.named_parameters() if n.endswith("bias")))
        y = model.encode(_batch().label)
        change = (model.discriminator(x, y) - model.discriminator(x / 2, y)).abs().max()
        assert (change > 0.02) == sees, (way, first_bias)


def test_the_players_see_one_condition(monkeypatch):
    """(x, y) of the data; G and D get the same y for what is generated."""
    model, batch = _model(), _batch()
    seen = []
    monkeypatch.setattr(model.generator, "forward", lambda z, y: seen.append(("G", y)) or torch.zeros(6, *IMAGE))
    monkeypatch.setattr(model.discriminator, "forward", lambda x, y: seen.append((x, y)) or x.sum((1, 2, 3)))
    model.discriminator_step(batch)
    assert len(seen) == 3
    hot = nn.functional.one_hot(batch.label, 3).float()
    assert all(torch.equal(y, hot) for _, y in seen)
    assert torch.equal(seen[1][0], batch.image)
    assert seen[2][0].abs().sum() == 0


def test_each_step_moves_its_own_player_alone():
    model, batch = _model(), _batch()
    for step, mover, other in (
        (model.discriminator_step, model.discriminator, model.generator),
        (model.generator_step, model.generator, model.discriminator),
    ):
        model.zero_grad()
        step(batch).backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in mover.parameters())
        assert all(p.grad is None for p in other.parameters())
        assert all(p.requires_grad for p in other.parameters())


def test_classes_are_drawn_in_order_and_equally_often():
    model = _model().eval()
    assert model.conditions(6).tolist() == [0, 0, 1, 1, 2, 2]
    y, z = torch.tensor([2, 0]), torch.zeros(2, 5)
    assert torch.equal(model.sample(2, z=z, y=y), model.generator(z, model.encode(y)))
    with apart(model, 1):
        drawn = model.sample(6)
    assert torch.equal(drawn, draw(model, 6, 1))


def test_attributes_come_to_one_scale():
    source = _people()
    model = ConditionalGAN.build(ATTRIBUTES, source)
    batch = source.rows(slice(0, 100))
    model.prepare(batch)
    y = model.encode(model.condition_of(batch))
    assert torch.allclose(y[:, 0].mean(), torch.tensor(0.0), atol=1e-5)  # age: standard deviations from the mean
    assert torch.allclose(y[:, 0].std(), torch.tensor(1.0), atol=1e-5)
    assert torch.equal(y[:, 1], 2 * batch.attributes[:, 0] - 1)  # hat: 1 or -1


def test_conditions_are_those_of_people_it_has_seen():
    source = _people()
    torch.manual_seed(0)
    model = ConditionalGAN.build(ATTRIBUTES, source)
    engine = Engine(model, source)
    for _ in range(3):
        engine.step()
    known = {tuple(row) for row in source.attributes[:, [1, 0]].tolist()}
    kept = [tuple(row) for row in model.conditions(40).tolist()]
    assert set(kept) <= known
    assert kept[:18] == kept[18:36]  # three batches of six, then from the beginning
    first = model.conditions(6).clone()
    for _ in range(KEPT // 6 + 2):
        model.keep(source.rows(slice(0, 6)))
    assert torch.equal(model.conditions(6), first)
    assert {tuple(row) for row in model.conditions(KEPT).tolist()} <= known


def test_what_users_ask_for():
    model = _model()
    assert model.asked(3, ["bee"]).tolist() == [1, 1, 1]
    for words, message in (
        (["be"], "unknown class 'be': did you mean bee"),
        (["ant", "bee"], "one class by its name"),
        (["ant=1"], "one class by its name"),
    ):
        with pytest.raises(CourseError, match=message):
            model.asked(3, words)
    people = ConditionalGAN.build(ATTRIBUTES, _people())
    people.keep(_people().rows(slice(0, 5)))
    y = people.asked(5, ["age=33"])
    assert y[:, 0].tolist() == [33] * 5
    assert torch.equal(y[:, 1], people.conditions(5)[:, 1])
    for word, message in (
        ("agge=3", "did you mean age"),
        ("other=1", "unknown attribute"),
        ("age", "NAME=NUMBER"),
        ("age=old", "NAME=NUMBER"),
        ("age=nan", "NAME=NUMBER"),
    ):
        with pytest.raises(CourseError, match=message):
            people.asked(5, [word])


def test_data_that_cannot_be_conditions():
    with pytest.raises(CourseError, match="has no classes to show to the networks: try --set condition=attributes"):
        ConditionalGAN.build(TINY, DataInfo(IMAGE))
    with pytest.raises(CourseError, match="has no attributes to show to the networks: try --set condition=class"):
        ConditionalGAN.build(replace(TINY, condition="attributes"), DataInfo(IMAGE, classes=CLASSES))
    with pytest.raises(CourseError, match="unknown attribute 'hatt': did you mean hat"):
        ConditionalGAN.build(replace(ATTRIBUTES, attributes=("hatt",)), _people())
    with pytest.raises(CourseError, match="give them labels"):
        _model().discriminator_step(_batch()._replace(label=None))
    with pytest.raises(CourseError, match="embedding must be at least 1"):
        Config(embedding=0)


def test_all_attributes_where_none_is_named():
    model = ConditionalGAN.build(replace(TINY, condition="attributes"), _people())
    assert model.names == ("hat", "age", "other")


@pytest.mark.parametrize(
    "config",
    [*(replace(TINY, show_discriminator=way) for way in WAYS), ATTRIBUTES],
    ids=lambda config: f"{config.condition}-{config.show_discriminator}",
)
def test_it_trains_and_comes_back_from_its_record(config):
    source = _people() if config.condition == "attributes" else data.load("digits", size=8)
    torch.manual_seed(0)
    model = ConditionalGAN.build(config, source)
    *_, (_, terms) = steps(model, source, 3)
    assert all(value.isfinite() for value in terms.values())
    record = {
        "model": "conditional_gan", "config": {**vars(config), "attributes": list(config.attributes)},
        "shape": list(source.shape), "classes": list(source.classes), "attributes": list(source.attribute_names),
    }  # fmt: skip
    again = models.from_record(record)
    again.load_state_dict(model.state_dict())
    assert torch.equal(draw(again, 5), draw(model, 5))


def test_every_preset_is_of_a_data_set():
    shapes = {"digits": (1, 16, 16), "avatars": (3, 32, 32), "mnist": (1, 28, 28), "fashion_mnist": (1, 28, 28),
              "cifar10": (3, 32, 32), "svhn": (3, 32, 32), "celeba": (3, 64, 64)}  # fmt: skip
    assert shapes.keys() == PRESETS.keys() <= data.SETS.keys()
    for name, shape in shapes.items():
        names = data.avatars.ATTRIBUTE_NAMES if name == "avatars" else tuple("abcdefghij")
        info = DataInfo(shape, classes=names, attribute_names=names)
        with torch.device("meta"):
            model = ConditionalGAN.build(PRESETS[name], info)
            y = model.encode(model.conditions(2))
            assert model.generator(model.noise(2), y).shape == (2, *shape)
            assert model.discriminator(torch.zeros(2, *shape), y).shape == (2,)


@pytest.mark.slow
def test_it_learns_which_image_belongs_to_which_class():
    """Class 0 is dark, class 1 bright, and D teaches G which is which."""
    images = torch.cat([torch.full((200, 1, 8, 8), 50), torch.full((200, 1, 8, 8), 200)]).to(torch.uint8)
    source = ImageSet(images, torch.arange(400) // 200, "shades", "train", ("dark", "bright"))
    torch.manual_seed(0)
    config = replace(TINY, generator=(16, 8), discriminator=(8, 16), init=0.05, learning_rate=2e-3, batch_size=32,
                     average=0.95)  # fmt: skip
    model = ConditionalGAN.build(config, source)
    engine = Engine(model, source)
    for _ in range(200):
        engine.step()
    with engine.sampling(), apart(model, 0):
        dark, bright = (model.sample(100, y=torch.full((100,), k)).mean() for k in (0, 1))
    assert (bright - dark).item() == pytest.approx(2 * 150 / 255, abs=0.4)
