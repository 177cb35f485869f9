"""The measures that the claims of the chapter `deconvnet` rest on, on inputs whose answer is known."""

import copy

import pytest
import scipy.stats
import torch
from torch import nn

from course_lib.claims.deconvnet import (
    DigitsRun,
    between,
    correlation,
    effects,
    likeness,
    progress,
    purity,
    rank_correlation,
    rebuilt_features,
    relative_change,
    share_on,
    shifted,
    strongest_projections,
    turned_faces,
    wearing,
    weights_progress,
)
from course_lib.models.convnet import Config, ConvNet

SMALL = Config(channels=(4, 6), kernels=(3, 3), strides=(1, 1), pooled=(1,), pool=2, hidden=())


def _model(seed: int = 0) -> ConvNet:
    torch.manual_seed(seed)
    return ConvNet(SMALL, (1, 8, 8), 3).eval()


def _images(n: int) -> torch.Tensor:
    return torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class _Fixed(nn.Module):
    """Stands for a network whose maps are the image itself."""

    def features(self, x, name):
        return x


def test_relative_change_is_0_for_no_change_and_1_for_another_image():
    x = _images(50)
    assert relative_change(_model(), "pool1", x, x) == 0
    assert relative_change(_model(), "relu2", x, x.roll(1, 0)) == pytest.approx(1)
    assert relative_change(_Fixed(), "", x, x + 0.1) == pytest.approx(
        0.8 / (x - x.roll(1, 0)).flatten(1).norm(dim=1).mean()
    )


def test_images_are_shifted_and_heads_are_turned():
    x = torch.arange(5.0).expand(1, 1, 2, 5)
    assert shifted(x, 2)[0, 0].tolist() == [[0, 0, 0, 1, 2]] * 2
    a, b = turned_faces(3)
    assert a.shape == b.shape == (3, 3, 32, 32)
    assert ((a - b).flatten(1).abs().amax(1) > 0.3).all()


def test_purity_of_maps_that_know_their_class_and_of_maps_that_do_not():
    labels = torch.arange(40) % 4
    knows = nn.functional.one_hot(labels, 4).float()[:, :, None, None] + 0.1 * torch.rand(40, 4, 1, 1)
    assert purity(_Fixed(), "", knows, labels) == 1
    same = torch.arange(40.0)[:, None, None, None].expand(40, 2, 1, 1)  # the last eight: two of each class
    assert purity(_Fixed(), "", same, labels, top=8) == pytest.approx(0.25)
    dead = torch.cat([knows, torch.zeros(40, 5, 1, 1)], 1)
    assert purity(_Fixed(), "", dead, labels) == 1  # maps that nothing excites do not count


def test_share_of_energy_on_a_part():
    projection = torch.zeros(2, 3, 4, 4)
    projection[:, :, 0, 0], projection[:, :, 3, 3] = 1.0, -2.0
    part = torch.zeros(2, 4, 4)
    part[:, 3, 3] = 1
    assert share_on(part, projection) == pytest.approx(0.8)
    assert share_on(torch.ones(2, 4, 4), projection) == pytest.approx(1)
    assert share_on(part / 2, projection) == pytest.approx(0.4)


def test_labels_say_what_faces_wear():
    faces = wearing("hat", "test", 60)
    column = faces.attributes[:, faces.attribute_names.index("hat")]
    assert (faces.labels == column.long()).all()
    assert 0 < faces.labels.float().mean() < 1
    assert faces.classes == ("no hat", "hat")


def test_strongest_projections_are_the_filters_at_the_first_layer():
    """From the first layer, the projection of one activation of map k is that number times filter k, at its place."""
    model, x = _model(), _images(20)
    shown = strongest_projections(model, "relu1", x)
    peak = model.features(x, "relu1").flatten(2).amax(2).amax(0).detach()
    weight = model.layers.conv1.weight.detach()
    padded = nn.functional.pad(shown, (1, 1, 1, 1))
    inside = model.features(x, "relu1").flatten(2).amax(2).argmax(0)
    for k in range(4):
        place = int(model.features(x, "relu1")[inside[k], k].argmax())
        row, column = divmod(place, 8)
        rows, columns = (slice(max(1 - one, 0), 3 - max(one - 6, 0)) for one in (row, column))  # what lies in the image
        found = padded[k, :, row : row + 3, column : column + 3][:, rows, columns]
        torch.testing.assert_close(found, (peak[k] * weight[k])[:, rows, columns])


def test_progress_runs_from_0_to_1_and_a_layer_that_is_done_is_at_1():
    first, last, x = _model(0), _model(1), _images(30)
    middle = copy.deepcopy(first)
    middle.layers.conv1.load_state_dict(last.layers.conv1.state_dict())
    run = DigitsRun([0, 1, 2], [first, middle, last])
    curve = progress(run, "relu1", x)
    assert curve[[0, 1, 2]].tolist() == pytest.approx([0, 1, 1], abs=1e-5)
    assert progress(run, "relu2", x)[1] < 0.9
    assert weights_progress(run, "conv1").tolist() == pytest.approx([0, 1, 1])
    assert weights_progress(run, "conv2").tolist() == pytest.approx([0, 0, 1])


def test_correlations_are_scipys():
    a, b = torch.randn(3, 2, 4).double(), torch.randn(3, 2, 4).double().round()  # with ties
    pearson = [scipy.stats.pearsonr(x.flatten(), y.flatten()).statistic for x, y in zip(a, b, strict=True)]
    spearman = [scipy.stats.spearmanr(x.flatten(), y.flatten()).statistic for x, y in zip(a, b, strict=True)]
    assert correlation(a, b) == pytest.approx(sum(pearson) / 3)
    assert rank_correlation(a, b) == pytest.approx(sum(spearman) / 3)
    assert correlation(torch.ones(1, 4), torch.randn(1, 4)) == 0


def test_main_effects_of_a_table_that_is_a_sum():
    table = {"linear": 0.1, "gradient": 0.1 + 0.2, "deconvnet": 0.1 + 0.5, "guided": 0.1 + 0.2 + 0.5}
    assert effects(table) == pytest.approx((0.5, 0.2))


def test_features_are_rebuilt_perfectly_where_the_filters_are_orthogonal():
    """With identity filters and positive images the way back is the way up, but for what pooling forgot."""
    config = Config(channels=(2, 2, 2), kernels=(1, 1, 1), strides=(1, 1, 1), pooled=(), pool=2, hidden=())
    model = ConvNet(config, (2, 4, 4), 3).eval()
    with torch.no_grad():
        for name in ("conv1", "conv2", "conv3"):
            getattr(model.layers, name).weight.copy_(torch.eye(2)[:, :, None, None])
            getattr(model.layers, name).bias.zero_()
    x = torch.rand(5, 2, 4, 4)
    for rule in ("linear", "gradient", "deconvnet", "guided"):
        assert rebuilt_features(model, x, rule) == pytest.approx(1)
        assert likeness(model, x - x.mean() + 5, rule, "true") > 0  # one activation: a single bright pixel
    names = [name for name, _ in between(model, "relu1", "relu2").named_children()]
    assert names == ["relu1", "conv2", "relu2"]
