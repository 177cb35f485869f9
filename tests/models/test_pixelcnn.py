"""PixelCNN against the sum over every image there is, counted-out receptive fields, and a model of single pixels."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from course_lib import data, models
from course_lib.data.sets import to_float
from course_lib.errors import CourseError
from course_lib.models.pixelcnn import PRESETS, Conditionals, Config, PixelCNN
from course_lib.training import steps
from course_lib.training.engine import draw


def _model(shape, levels=2, features=4, blocks=2, spread=1.0, **changes) -> PixelCNN:
    """A small model whose weights are spread out, so that its distribution is far from uniform."""
    torch.manual_seed(0)
    config = Config(levels=levels, features=features, blocks=blocks, output_features=8, batch_size=8, **changes)
    model = PixelCNN(config, shape)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(spread * torch.randn_like(parameter) / math.sqrt(parameter[0].numel()))
    return model


def _all_images(model) -> torch.Tensor:
    """Every image there is, [levels ** (C H W), C, H, W]."""
    values = math.prod(model.shape)
    levels = torch.tensor(list(itertools.product(range(model.config.levels), repeat=values)))
    return model.grey(levels.view(-1, *model.shape))


@pytest.mark.parametrize(("shape", "levels"), [((1, 8, 8), 17), ((3, 5, 6), 4), ((2, 1, 1), 2)])
def test_shapes(shape, levels):
    model = _model(shape, levels)
    image = 2 * torch.rand(5, *shape) - 1
    assert model.conditionals(image).shape == (5, levels, *shape)
    assert model.log_likelihood(image).shape == (5,)
    assert model.sample(3).shape == (3, *shape)
    assert not model.sample(3).requires_grad


def test_wrong_shapes_and_settings_are_named():
    with pytest.raises(AssertionError, match=r"images must be \[N, 1, H, W\]"):
        _model((1, 4, 4)).conditionals(torch.zeros(2, 3, 4, 4))
    with pytest.raises(CourseError, match="PixelCNN is for images"):
        PixelCNN(Config(), (2,))
    with pytest.raises(CourseError, match="levels must be at least 2"):
        Config(levels=1)


def test_the_defaults_are_the_size_of_the_paper():
    """7x7 to 256 features, 15 blocks of 256 -> 128 -> 128 -> 256, then 1,024 features, then 256 logits a colour."""
    with torch.device("meta"):
        net = Conditionals(Config(levels=256), 3)
    count = sum(parameter.numel() for parameter in net.parameters())
    block = (256 * 128 + 128) + (9 * 128 * 128 + 128) + (128 * 256 + 256)
    assert count == (49 * 3 * 256 + 256) + 15 * block + (256 * 1024 + 1024) + (1024 * 768 + 768)


@pytest.mark.parametrize("channels", [1, 3])
def test_no_value_depends_on_itself_or_on_a_later_one(channels):
    model = _model((channels, 4, 5), levels=3, features=6).double()
    order = channels * 4 * 5
    for seed in range(3):
        x = torch.randn(1, channels, 4, 5, generator=torch.Generator().manual_seed(seed)).double()
        jacobian = torch.autograd.functional.jacobian(lambda x: model.conditionals.net(x), x)[0, ..., 0, :, :, :]
        # The logits of colour c are the features c * 3 to c * 3 + 2. Both sides in reading order: row, column, colour.
        by_value = jacobian.abs().unflatten(0, (channels, 3)).sum(1)  # [C, H, W, C, H, W]
        by_value = by_value.permute(1, 2, 0, 4, 5, 3).reshape(order, order)
        assert (by_value.triu() == 0).all()
        # Next to nothing is hidden that could be seen: the value just before is.
        assert (by_value.diagonal(-1)[1:] > 0).float().mean() > 0.7


def _field(blocks: int, height: int, width: int) -> np.ndarray:
    """What each pixel can see, counted out by following the masks: bool [H, W, H, W], from the seeing to the seen."""
    first = [(r, c) for r in range(-3, 1) for c in range(-3, 4) if (r, c) < (0, 0)]
    then = [(r, c) for r in range(-1, 1) for c in range(-1, 2) if (r, c) <= (0, 0)]
    sees = np.zeros((height, width, height, width), dtype=bool)
    for row, column in itertools.product(range(height), range(width)):
        places = {(row, column)}
        for _ in range(blocks):
            # What lies outside is padding and leads nowhere.
            places = {(r + i, c + j) for r, c in places for i, j in then if r + i >= 0 and 0 <= c + j < width}
        for r, c in {(r + i, c + j) for r, c in places for i, j in first}:
            if r >= 0 and 0 <= c < width:
                sees[row, column, r, c] = True
    return sees


@pytest.mark.parametrize("blocks", [0, 2, 8])
def test_the_receptive_field_has_a_blind_spot(blocks):
    """With positive weights nothing cancels and no unit rests: the Jacobian shows every path there is, and no other."""
    height = width = 8
    model = _model((1, height, width), features=2, blocks=blocks).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(0.01, 0.02)
    x = torch.ones(1, 1, height, width, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: model.conditionals.net(x).sum((0, 1)), x)
    sees = (jacobian[:, :, 0, 0] > 0).numpy()
    np.testing.assert_array_equal(sees, _field(blocks, height, width))
    if blocks == 8:  # deep enough: all that is missing lies up and to the right
        for row, column, r, c in np.ndindex(height, width, height, width):
            earlier = (r, c) < (row, column)
            blind = r < row and c - column > row - r + 2
            assert sees[row, column, r, c] == (earlier and not blind)
        assert (~sees[7, 0]).sum(1)[:7].tolist() == [0, 0, 0, 1, 2, 3, 4]  # the lower left corner misses most


@pytest.mark.parametrize(("shape", "levels"), [((1, 3, 3), 2), ((3, 2, 2), 2), ((1, 2, 3), 3), ((2, 1, 2), 4)])
def test_the_probabilities_of_all_images_sum_to_one(shape, levels):
    model = _model(shape, levels, features=6, spread=3.0)
    with torch.no_grad():
        log_p = model.log_likelihood(_all_images(model))
    assert log_p.double().exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert (log_p <= 0).all()
    assert log_p.std() > 0.5  # far from uniform, where little could go wrong


def test_each_conditional_is_that_of_the_one_joint_distribution():
    """From the table of p(x) alone: p(x_i | x_<i) is a ratio of sums over all later values."""
    model = _model((3, 1, 2), levels=2, features=6, spread=3.0)
    images = _all_images(model)
    with torch.no_grad():
        p = model.log_likelihood(images).double().exp()
        claimed = model.conditionals(images).double().softmax(1)[:, 1]  # p(x_i = 1 | x_<i): [N, C, H, W]
    # In reading order: pixel by pixel, and in each the three colours.
    values = model.level(images).permute(0, 2, 3, 1).flatten(1)
    claimed = claimed.permute(0, 2, 3, 1).flatten(1)
    for i in range(6):
        for row in range(len(values)):
            same = (values[:, :i] == values[row, :i]).all(1)
            expected = p[same & (values[:, i] == 1)].sum() / p[same].sum()
            assert claimed[row, i].item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize(("shape", "levels"), [((1, 2, 2), 3), ((3, 1, 2), 2)])
def test_samples_come_as_often_as_their_probability_says(shape, levels):
    model = _model(shape, levels, features=6, spread=2.0)
    images = _all_images(model)
    with torch.no_grad():
        p = model.log_likelihood(images).double().exp().numpy()
    n = 20_000
    torch.manual_seed(1)
    drawn = model.level(model.sample(n)).flatten(1)
    place = levels ** torch.arange(drawn.shape[1] - 1, -1, -1)
    counts = np.bincount((drawn * place).sum(1).numpy(), minlength=len(p))
    common = n * p >= 5
    observed = np.append(counts[common], counts[~common].sum())
    expected = np.append(n * p[common], n * p[~common].sum())
    assert stats.chisquare(observed[expected > 0], n * expected[expected > 0] / expected.sum()).pvalue > 1e-3


def test_a_sample_takes_one_pass_for_each_value():
    model, passes = _model((3, 3, 4), levels=5), []
    model.conditionals.register_forward_hook(lambda *_: passes.append(1))
    model.sample(7)
    assert len(passes) == 3 * 3 * 4


def test_a_sample_is_what_its_noise_picks_from_the_full_conditionals():
    """Rows left out below change nothing: each value is the first whose cumulative probability passes the noise."""
    model = _model((2, 3, 4), levels=5)
    z = torch.rand(6, 2, 3, 4)
    image = model.sample(6, z)
    with torch.no_grad():
        cumulative = model.conditionals(image).softmax(1).cumsum(1)
    level = model.level(image)
    above = cumulative.gather(1, level[:, None])[:, 0]
    below = torch.where(level > 0, cumulative.gather(1, (level[:, None] - 1).clamp(min=0))[:, 0], 0.0)
    assert ((below <= z + 1e-6) & (z <= above + 1e-6)).all()
    assert level.unique().tolist() == [0, 1, 2, 3, 4]


def test_noise_next_to_one_picks_a_level_that_there_is():
    """In float32 cumulative probabilities may end below it."""
    model = _model((1, 4, 4), levels=17)
    torch.manual_seed(0)
    z = torch.rand(200, 1, 4, 4)
    assert model.sample(200, torch.where(z < 0.5, z, 1 - 2.0**-24)).max() <= 1


def test_levels_are_those_of_the_digits():
    digits, model = data.load("digits"), PixelCNN.build(PRESETS["digits"], data.DataInfo((1, 8, 8), levels=17))
    assert digits.levels == model.config.levels
    from sklearn.datasets import load_digits

    image = to_float(digits.images)
    ink = {tuple(level.flatten()) for level in load_digits().images.astype(int)}
    assert {tuple(level.flatten().tolist()) for level in model.level(image)} <= ink
    torch.testing.assert_close(model.grey(model.level(image)), image, rtol=0, atol=1.01 / 255)
    assert model.level(torch.tensor([-1.0, -1.5, 1.0, 1.5, 0.0])).tolist() == [0, 0, 16, 16, 8]


def test_what_lies_between_two_levels_is_not_seen():
    """Or the network would be told of a pixel what its level does not say."""
    model = _model((1, 4, 4), levels=3)
    image = model.grey(torch.randint(3, (5, 1, 4, 4)))
    near = (image + 0.3 * (2 * torch.rand_like(image) - 1)).clamp(-1, 1)
    assert torch.equal(model.log_likelihood(near), model.log_likelihood(image))


def test_the_loss_is_in_nats_and_in_bits():
    model = _model((3, 4, 4), levels=7)
    batch = data.Batch(2 * torch.rand(6, 3, 4, 4) - 1)
    loss, terms = model.loss(batch)
    assert loss.item() == pytest.approx(-model.log_likelihood(batch.image).mean().item())
    assert terms["bits_per_dim"].item() == pytest.approx(loss.item() / math.log(2) / 48)
    found = model.evaluate(batch)
    assert found["nats"].item() == pytest.approx(loss.item())
    assert found["bits_per_dim"].item() == pytest.approx(terms["bits_per_dim"].item())
    with torch.no_grad():  # a network that knows nothing needs log2(levels) bits for each value
        model.conditionals.net[-1].weight.zero_()
        model.conditionals.net[-1].bias.zero_()
    assert model.evaluate(batch)["bits_per_dim"].item() == pytest.approx(math.log2(7))


def _independent_pixels(train: torch.Tensor, test: torch.Tensor, levels: int) -> float:
    """Nats per image when every pixel has a histogram of its own, add-one smoothed."""
    counts = torch.nn.functional.one_hot(train.flatten(1), levels).sum(0) + 1.0
    log_p = (counts / counts.sum(1, keepdim=True)).log()
    return -log_p.expand(len(test), -1, -1).gather(2, test.flatten(1)[..., None]).sum((1, 2)).mean().item()


def test_training_lowers_the_nats_of_unseen_digits():
    train, held_out = data.load("digits"), data.load("digits", split="validation")
    torch.manual_seed(0)
    model = PixelCNN(Config(levels=17, features=16, blocks=1, output_features=32, batch_size=32), train.shape)
    batch = held_out.rows(slice(None))
    before = model.evaluate(batch)["nats"].item()
    for _ in steps(model, train, 60):
        pass
    baseline = _independent_pixels(model.level(to_float(train.images)), model.level(batch.image), 17)
    after = model.evaluate(batch)["nats"].item()
    assert before > 64 * math.log(17) - 10
    assert after < baseline


@pytest.mark.slow
def test_the_preset_learns_digits():
    """Far below independent pixels on unseen digits, and its samples are digits to a classifier of real ones."""
    from sklearn.linear_model import LogisticRegression

    train, held_out = data.load("digits"), data.load("digits", split="test")
    torch.manual_seed(0)
    model = PixelCNN.build(PRESETS["digits"], train)
    for _ in steps(model, train, 600):
        pass
    batch = held_out.rows(slice(None))
    baseline = _independent_pixels(model.level(to_float(train.images)), model.level(batch.image), 17)
    assert model.evaluate(batch)["nats"].item() < 0.8 * baseline
    real = to_float(train.images).flatten(1)
    classifier = LogisticRegression(max_iter=3000, C=0.1).fit(real.numpy(), train.labels.numpy())
    samples = draw(model, 300).flatten(1)
    assert np.bincount(classifier.predict(samples.numpy()), minlength=10).min() >= 5
    shuffled = torch.stack([column[torch.randperm(len(column))] for column in real.T], dim=1)[:300]
    distance = [torch.cdist(x, real).min(1).values.mean().item() for x in (samples, shuffled)]
    assert distance[0] < 0.9 * distance[1]


def test_it_is_found_by_its_name():
    assert models.recipe_class(models.load("pixelcnn")) is PixelCNN
