import dataclasses

import pytest
import torch
from torch import nn

from course_lib import data
from course_lib.data import Batch
from course_lib.errors import CourseError
from course_lib.models.dcgan import (
    DCGAN,
    PRESETS,
    Config,
    Discriminator,
    Generator,
    dcgan_init,
    downsample,
    upsample,
)
from course_lib.training import steps
from course_lib.training.engine import draw

IMAGE = (3, 16, 16)
TINY = {"latent": 5, "generator": (8, 6), "discriminator": (4, 8), "batch_size": 6}


def _model(shape=IMAGE, **changes) -> DCGAN:
    torch.manual_seed(0)
    return DCGAN(Config(**{**TINY, **changes}), shape)


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_the_papers_size_has_the_papers_parameters():
    """By hand, from figure 1 and the authors' code: weights, and batch norm's gains and shifts; no other biases."""
    with torch.device("meta"):
        generator, discriminator = Generator(Config(), (3, 64, 64)), Discriminator(Config(), (3, 64, 64))
    project = 100 * 16_384 + 2 * 16_384
    convolutions = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 2 * (512 + 256 + 128)
    assert _count(generator) == project + convolutions == 18_885_760
    convolutions = 25 * (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024) + 2 * (256 + 512 + 1024)
    assert _count(discriminator) == convolutions + 16_384 == 17_232_768


@pytest.mark.parametrize("shape", [IMAGE, (1, 8, 12), (3, 32, 32)])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"upsampling": "nearest", "downsampling": "max_pool"},
        {"generator_norm": False, "discriminator_norm": False},
        {"output_norm": True, "input_norm": True},
        {"generator_activation": "leaky_relu", "discriminator_activation": "relu"},
        {"head": "average", "hidden": 7, "kernel": 3},
    ],
    ids=str,
)
def test_shapes(shape, changes):
    model = _model(shape, **changes)
    images = model.generator(model.noise(4))
    assert images.shape == (4, *shape)
    assert images.abs().max() <= 1
    assert model.discriminator(images).shape == (4,)
    features = model.discriminator.features(images)
    height, width = shape[1:]
    assert [f.shape for f in features] == [(4, 4, height // 2, width // 2), (4, 8, height // 4, width // 4)]
    assert model.sample(3).shape == (3, *shape)
    assert not model.sample(3).requires_grad


def test_where_there_is_batch_norm():
    def norms(module):
        return [type(m).__name__ for m in module.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]

    plain = _model()
    assert norms(plain.generator) == ["BatchNorm1d", "BatchNorm2d"]  # every layer but the output
    assert norms(plain.discriminator) == ["BatchNorm2d"]  # every layer but the first
    assert not norms(_model(generator_norm=False, discriminator_norm=False))
    assert len(norms(_model(output_norm=True).generator)) == 3
    assert len(norms(_model(input_norm=True).discriminator)) == 2
    # Where its normalisation is switched off, a layer gets the bias that would have been its shift.
    maps = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    assert all(m.bias is None for m in plain.modules() if isinstance(m, maps))
    bare = _model(generator_norm=False, discriminator_norm=False)
    biased = [name for name, m in bare.named_modules() if isinstance(m, maps) and m.bias is not None]
    assert biased == ["generator.net.project.0", "generator.net.up1.0", "discriminator.stages.1.0"]


def test_the_transposed_convolution_is_a_strided_ones_adjoint():
    """G's layers undo D's sides: <D's convolution of x, y> = <x, G's transposed convolution of y>, same weights."""
    config = Config(**TINY)
    down, up = downsample(3, 4, config, bias=False).double(), upsample(4, 3, config, bias=False).double()
    up.weight.data.copy_(down.weight.data)
    x, y = torch.randn(2, 3, 8, 8, dtype=torch.float64), torch.randn(2, 4, 4, 4, dtype=torch.float64)
    torch.testing.assert_close((down(x) * y).sum(), (x * up(y)).sum())


def test_initialisation():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(200, 300), nn.BatchNorm1d(4000), nn.ConvTranspose2d(40, 50, 5), nn.PReLU())
    before = network[3].weight.clone()
    assert dcgan_init(network, 0.05) is network
    for layer, mean in ((network[0], 0), (network[1], 1), (network[2], 0)):
        assert layer.weight.mean().item() == pytest.approx(mean, abs=0.005)
        assert layer.weight.std().item() == pytest.approx(0.05, rel=0.05)
        assert not layer.bias.any()
    assert torch.equal(network[3].weight, before)


def test_noise():
    torch.manual_seed(0)
    uniform, normal = _model().noise(2000), _model(noise="normal").noise(2000)
    assert -1 <= uniform.min() < -0.99 < 0.99 < uniform.max() < 1
    assert uniform.var().item() == pytest.approx(1 / 3, rel=0.05)
    assert normal.abs().max() > 3
    assert normal.var().item() == pytest.approx(1, rel=0.05)


def test_each_player_reaches_its_own_weights_alone():
    model, batch = _model(), Batch(torch.rand(6, *IMAGE) * 2 - 1)
    model.discriminator_step(batch).backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None and p.grad.any() for p in model.discriminator.parameters())
    model.zero_grad(set_to_none=True)
    model.generator_step(batch).backward()
    assert all(p.grad is None for p in model.discriminator.parameters())
    assert all(p.grad is not None and p.grad.any() for p in model.generator.parameters())


def test_real_and_generated_images_have_statistics_of_their_own():
    model = _model()
    real = torch.rand(6, *IMAGE) * 2 - 1
    alone = model.discriminator(real)
    fake = model.generator(model.noise(6))
    together = model.discriminator(torch.cat([real, fake]))[:6]
    assert not torch.allclose(alone, together)
    torch.manual_seed(1)
    with torch.no_grad():
        fake = model.generator(model.noise(6))
    expected = -(model.discriminator(real).sigmoid().log().mean() + (-model.discriminator(fake)).sigmoid().log().mean())
    torch.manual_seed(1)
    torch.testing.assert_close(model.discriminator_step(Batch(real)), expected)


def test_a_sample_depends_on_its_own_latent_alone():
    model = _model().eval()
    z = model.noise(5)
    torch.testing.assert_close(model.sample(5, z)[:1], model.sample(1, z[:1]))


@pytest.mark.parametrize(
    ("changes", "shape", "message"),
    [
        ({"kernel": 4}, IMAGE, "kernel must be odd"),
        ({"generator": ()}, IMAGE, "one width or more"),
        ({"discriminator": (4, 0)}, IMAGE, "each at least 1"),
        ({"latent": 0}, IMAGE, "latent must be at least 1"),
        ({}, (3, 18, 16), "18x16 cannot be halved 2 times: choose a size that is a multiple of 4"),
        ({}, (2,), "is for images"),
    ],
)
def test_bad_settings(changes, shape, message):
    with pytest.raises(CourseError, match=message):
        _model(shape, **changes)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_fit_their_data(name):
    side = {"digits": 16, "celeba": 64}.get(name, 32)
    channels = 1 if name == "digits" else 3
    small = {key: tuple(4 for _ in getattr(PRESETS[name], key)) for key in ("generator", "discriminator")}
    model = DCGAN(dataclasses.replace(PRESETS[name], **small), (channels, side, side))
    assert model.discriminator(model.sample(2)).shape == (2,)


def test_it_learns_where_the_ink_is():
    """Two hundred steps bring the mean image of the samples nearer to that of digits."""
    digits = data.load("digits", size=8)
    mean = digits.rows(slice(0, 500)).image.mean(0)
    model = _model((1, 8, 8), generator=(16, 8), discriminator=(8, 16), kernel=3, batch_size=32, learning_rate=2e-3)
    before = (draw(model, 200).mean(0) - mean).square().mean()
    for _ in steps(model, digits, 200):
        pass
    after = (draw(model, 200).mean(0) - mean).square().mean()
    assert after < before / 4
