import itertools
from dataclasses import replace

import pytest
import torch

from course_lib import data
from course_lib.errors import CourseError
from course_lib.layers import pyramid
from course_lib.losses import adversarial
from course_lib.models.laplacian_gan import LAPGAN, PRESETS, Config
from course_lib.training import steps
from course_lib.training.engine import Engine, draw

TINY = Config(
    levels=2, latent=3, generator_units=8, discriminator_units=8, generator_maps=4, discriminator_maps=4,
    generator_kernels=(3, 3, 3), discriminator_kernel=3, dropout=0.0, batch_size=6,
)  # fmt: skip
IMAGE = (3, 8, 12)


def _batch(shape=IMAGE, n=6):
    random = torch.Generator().manual_seed(0)
    return data.Batch(torch.rand(n, *shape, generator=random) * 2 - 1, torch.arange(n) % 4)


def _model(config=TINY, shape=IMAGE, classes=0):
    torch.manual_seed(0)
    return LAPGAN(config, shape, classes)


def _flat(n, model, seed=0):
    torch.manual_seed(seed)
    return torch.cat([z.flatten(1) for z in model.noise(n)], 1)


@pytest.mark.parametrize("shape", [IMAGE, (1, 8, 8), (3, 11, 7)])
@pytest.mark.parametrize("levels", [0, 1, 2])
def test_shapes(shape, levels):
    model = _model(replace(TINY, levels=levels), shape)
    images = model.chain(model.noise(5))
    halves = pyramid.gaussian_pyramid(torch.zeros(5, *shape), levels)
    assert [image.shape for image in images] == [half.shape for half in halves]
    for level in range(levels + 1):
        residual, low = model.pair(torch.zeros(5, *shape), level)
        assert model.discriminators[level](residual, low, None).shape == (5,)
    assert not model.sample(2).requires_grad


def test_a_level_learns_from_the_pyramid_of_real_images():
    model, image = _model(), _batch().image
    parts = pyramid.laplacian_pyramid(image, 2)
    images = pyramid.gaussian_pyramid(image, 2)
    for level in range(2):
        residual, low = model.pair(image, level)
        torch.testing.assert_close(residual, parts[level])
        torch.testing.assert_close(low + residual, images[level])
    coarse, nothing = model.pair(image, 2)
    assert nothing is None
    assert torch.equal(coarse, parts[2])


def test_true_differences_in_the_chain_give_the_image_back():
    """A generator that knew h_k would make sampling the reconstruction."""
    model, image = _model(), _batch().image
    *residuals, coarse = pyramid.laplacian_pyramid(image, 2)

    class Knows(torch.nn.Module):
        def __init__(self, answer):
            super().__init__()
            self.answer = answer

        def forward(self, z, low, label):
            return self.answer

    model.generators = torch.nn.ModuleList(Knows(answer) for answer in (*residuals, coarse))
    torch.testing.assert_close(model.chain(model.noise(6))[0], image)
    torch.testing.assert_close(model.refine(coarse, model.noise(6)[:2])[0], image)


def test_the_chain_is_the_sum_of_what_each_level_adds():
    model = _model()
    noise = model.noise(5)
    images = model.chain(noise)
    assert torch.equal(images[2], model.generators[2](noise[2], None, None))
    for level in (0, 1):
        low = pyramid.expand(images[level + 1], *images[level].shape[2:])
        torch.testing.assert_close(images[level], low + model.generators[level](noise[level], low, None))
    # From a given image on, the rest is the same.
    assert torch.equal(model.refine(images[1], noise[:1])[0], images[0])


def test_discriminators_see_the_sum_alone():
    """The same image from another split into low-pass and difference is the same to D_k."""
    model = _model().eval()
    residual, low = model.pair(_batch().image, 0)
    shift = torch.randn_like(low)
    first, second = (
        model.discriminators[0](residual, low, None),
        model.discriminators[0](residual - shift, low + shift, None),
    )
    torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-5)


def test_no_level_moves_or_asks_another():
    """Each loss has gradients in its own player alone, and no network of another level runs."""
    asked = []
    for step, level in itertools.product(("discriminator", "generator"), range(3)):
        model = _model()
        for kind in ("generators", "discriminators"):
            for k, network in enumerate(getattr(model, kind)):
                network.register_forward_hook(lambda *_, k=k: asked.append(k))
        asked.clear()
        getattr(model, f"{step}_step")(_batch(), level).backward()
        assert set(asked) == {level}
        own = getattr(model, f"{step}s")[level]
        mine = {id(weight) for weight in own.parameters()}
        for weight in model.parameters():
            assert (weight.grad is not None) == (id(weight) in mine)
            assert weight.requires_grad
        assert all(weight.grad.abs().sum() > 0 for weight in own.parameters())


def test_each_of_the_optimisers_moves_its_own_network():
    model = _model()
    optimizers = model.configure_optimizers()
    assert len(optimizers) == 6
    for k in range(3):
        for name in ("discriminator", "generator"):
            owned = {id(w) for group in optimizers[f"{name}{k}"].param_groups for w in group["params"]}
            assert owned == {id(w) for w in getattr(model, f"{name}s")[k].parameters()}


def test_the_losses_are_those_of_the_room_of_losses():
    model, batch = _model(), _batch()
    for level in range(3):
        torch.manual_seed(1)
        found = model.discriminator_step(batch, level), model.generator_step(batch, level)
        torch.manual_seed(1)
        real, low = model.pair(batch.image, level)
        d = model.discriminators[level]
        logits = [d(model.generators[level](model.noise_of(level, 6), low, None), low, None) for _ in range(2)]
        assert torch.equal(found[0], adversarial.discriminator_loss(d(real, low, None), logits[0]))
        assert torch.equal(found[1], adversarial.non_saturating_loss(logits[1]))


@pytest.mark.parametrize("coarsest", [1, 3])
def test_a_training_step_plays_every_level_and_the_coarsest_again_on_fresh_batches(coarsest):
    model, drawn, calls = _model(replace(TINY, coarsest_steps=coarsest)), [], []

    def next_batch():
        drawn.append(_batch())
        return drawn[-1]

    def optimize(name, loss_of, given):
        calls.append((name, loss_of.func, loss_of.keywords, [given is one for one in drawn].index(True)))
        return {name: torch.zeros(())}

    terms = model.training_step(next_batch, optimize)
    games = [(0, 0), (1, 0), (2, 0), *((2, i) for i in range(1, coarsest))]  # (level, which batch)
    expected = [
        (f"{player}{k}", getattr(model, f"{player}_step"), {"level": k}, i)
        for k, i in games
        for player in ("discriminator", "generator")
    ]
    assert calls == expected
    assert terms.keys() == {name for name, *_ in expected}


def test_noise_is_uniform_and_a_plane_of_the_levels_size():
    model = _model()
    noise = model.noise(400)
    assert [tuple(z.shape[1:]) for z in noise] == [(1, 8, 12), (1, 4, 6), (3,)]
    for z in noise:
        assert -1 <= z.min() < -0.9
        assert 0.9 < z.max() < 1
        assert z.mean().abs() < 0.05


def test_samples_from_given_noise_and_of_all_classes_in_turn():
    model = _model()
    z = _flat(5, model)
    torch.manual_seed(0)
    expected = model.chain(model.noise(5))[0]
    assert torch.equal(model.sample(5, z), expected.clamp(-1, 1))
    with torch.no_grad():
        model.generators[0].net[-1].bias.fill_(3.0)  # a difference far beyond what an image may hold
    assert model.sample(5, z).max() == 1
    assert model.chain(model.noise(5))[0].max() > 1
    shown = _model(replace(TINY, conditional=True), classes=4)
    z = _flat(1, shown).expand(8, -1)
    images = shown.sample(8, z)
    torch.testing.assert_close(images[:4], images[4:])
    assert torch.pdist(images[:4].flatten(1)).min() > 1e-5


def test_with_classes_every_network_is_shown_them():
    model, batch = _model(replace(TINY, conditional=True), classes=4).eval(), _batch()
    other = batch._replace(label=(batch.label + 1) % 4)
    for level in range(3):
        real, low = model.pair(batch.image, level)
        noise = model.noise_of(level, 6)
        for network, first in ((model.generators[level], noise), (model.discriminators[level], real)):
            changed = network(first, low, batch.label) - network(first, low, other.label)
            assert changed.abs().max() > 1e-6
    with pytest.raises(CourseError, match="give them labels"):
        model.chain(model.noise(2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": -1}, "levels must be at least 0"),
        ({"dropout": 1.0}, "dropout must lie in"),
        ({"generator_kernels": (3, 4, 3)}, "odd sides"),
        ({"generator_maps": 0}, "generator_maps must be at least 1"),
    ],
)
def test_impossible_settings(changes, message):
    with pytest.raises(CourseError, match=message):
        Config(**changes)


def test_what_has_no_pyramid_or_no_classes():
    with pytest.raises(CourseError, match="not of data of shape"):
        LAPGAN(TINY, (2,))
    with pytest.raises(CourseError, match="cannot be halved 2 times"):
        LAPGAN(TINY, (1, 2, 8))
    with pytest.raises(CourseError, match="no classes"):
        LAPGAN(replace(TINY, conditional=True), IMAGE)


def test_wrong_shapes_are_named():
    model = _model()
    with pytest.raises(AssertionError, match=r"images must be \[N, 3, 8, 12\], not \[2, 3, 8, 8\]"):
        model.generators[0](torch.zeros(2, 1, 8, 8), torch.zeros(2, 3, 8, 8), None)
    with pytest.raises(AssertionError, match="z must be a plane for each image"):
        model.generators[0](torch.zeros(2, 3), torch.zeros(2, *IMAGE), None)
    with pytest.raises(AssertionError, match=r"z must be \[N, 3\], not \[2, 4\]"):
        model.generators[2](torch.zeros(2, 4), None, None)


def test_the_paper_s_size_has_the_weights_of_the_authors_code():
    """CIFAR-10 at 32 pixels: numbers of weights, biases apart, as that code prints them, but for D's padding."""

    def weights(network):
        return sum(p.numel() for name, p in network.named_parameters() if name.endswith("weight"))

    model = LAPGAN(Config(), (3, 32, 32))
    for level in (0, 1):
        assert weights(model.generators[level]) == 4 * 128 * 49 + 128 * 128 * 49 + 128 * 3 * 25
    assert weights(model.discriminators[0]) == 3 * 128 * 25 + 128 * 128 * 25 + 128 * 16 * 16
    assert weights(model.generators[2]) == 100 * 1200 + 1200 * 1200 + 1200 * 192
    assert weights(model.discriminators[2]) == 192 * 600 + 600 * 600 + 600


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_it_trains_from_the_command_lines_recipe(optimizer):
    source = data.load("digits", size=16)
    torch.manual_seed(0)
    model = LAPGAN.build(replace(TINY, optimizer=optimizer, conditional=True), source)
    *_, (_, terms) = steps(model, source, 3)
    assert len(terms) == 6
    assert all(value.isfinite() for value in terms.values())
    assert draw(model, 4).shape == (4, 1, 16, 16)


def test_every_preset_is_of_a_data_set():
    for name, shape in {"digits": (1, 8, 8), "avatars": (3, 32, 32), "cifar10": (3, 32, 32)}.items():
        assert name in data.SETS
        assert draw(LAPGAN(PRESETS[name], shape), 2).shape == (2, *shape)


@pytest.mark.slow
def test_it_learns_which_differences_belong_to_which_image():
    """Halves black and white, the edge anywhere: shown a blurred edge, the generator draws what makes it sharp."""
    edge = torch.arange(1, 8).repeat(64)
    images = torch.where(torch.arange(8) < edge[:, None], 0, 255).to(torch.uint8)[:, None, None].repeat(1, 1, 8, 1)
    source = data.ImageSet(torch.cat([images, 255 - images]), None, "edges", "train")
    torch.manual_seed(0)
    config = replace(TINY, levels=1, generator_maps=16, discriminator_maps=16, optimizer="adam", learning_rate=2e-3,
                     batch_size=32, average=0.98)  # fmt: skip
    model = LAPGAN(config, source.shape)
    engine = Engine(model, source)
    for _ in range(400):
        engine.step()
    truth = source.rows(slice(0, 448)).image
    with engine.sampling():
        drawn, coarse = model.refine(pyramid.reduce(truth), [model.noise_of(0, len(truth))])
    blurred = (pyramid.expand(coarse, 8, 8) - truth).abs().mean()
    assert (drawn - truth).abs().mean() < 0.6 * blurred
