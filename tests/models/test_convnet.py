import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, cross_entropy, linear, max_pool2d

from course_lib import data, models
from course_lib.data import Batch, DataInfo
from course_lib.data.sets import to_float
from course_lib.errors import CourseError
from course_lib.models.convnet import PRESETS, Config, ConvNet, accuracy
from course_lib.training import steps, train
from course_lib.training.engine import draw

SMALL = {"channels": (4, 6), "kernels": (5, 3), "strides": (1, 2), "pooled": (1,), "pool": 2, "hidden": (7,)}
IMAGE = (3, 12, 10)


def _net(shape=IMAGE, classes=5, **changes) -> ConvNet:
    torch.manual_seed(0)
    return ConvNet(Config(**{**SMALL, **changes}), shape, classes).eval()


def _images(n=4, shape=IMAGE):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_logits_are_the_network_written_out():
    net, x = _net(), _images()
    weights = net.state_dict()
    h = conv2d(x, weights["layers.conv1.weight"], weights["layers.conv1.bias"], padding=2).relu()
    h = max_pool2d(h, 2)
    torch.testing.assert_close(net.features(x, "pool1"), h)
    h = conv2d(h, weights["layers.conv2.weight"], weights["layers.conv2.bias"], stride=2, padding=1).relu()
    torch.testing.assert_close(net.features(x, "relu2"), h)
    h = linear(h.flatten(1), weights["layers.fc1.weight"], weights["layers.fc1.bias"]).relu()
    expected = linear(h, weights["layers.logits.weight"], weights["layers.logits.bias"])
    torch.testing.assert_close(net(x), expected)
    assert net(x).shape == (4, 5)


def test_every_layer_has_a_name():
    net, x = _net(), _images()
    names = [name for name, _ in net.layers.named_children()]
    assert names == ["conv1", "relu1", "pool1", "conv2", "relu2", "flatten", "fc1", "fc1_relu", "fc1_dropout", "logits"]
    for name in names:
        part = net.upto(name)
        assert isinstance(part, nn.Sequential)
        assert [one for one, _ in part.named_children()][-1] == name
        torch.testing.assert_close(net.features(x, name), part(x))
    with pytest.raises(CourseError, match="did you mean conv1"):
        net.upto("conf1")
    with pytest.raises(AssertionError, match=r"images must be \[N, 3, 12, 10\], not \[4, 3, 12, 12\]"):
        net(_images(4, (3, 12, 12)))


def test_the_papers_network_fits_the_papers_images():
    """The last convolution leaves 6 x 6 x 256 = 9216 features, as section 3 says."""
    with torch.device("meta"):
        net = ConvNet(Config(), (3, 224, 224), 1000)
    x = torch.zeros(1, 3, 224, 224, device="meta")
    assert net.features(x, "pool5").shape == (1, 256, 6, 6)
    assert net.features(x, "logits").shape == (1, 1000)


def test_wrong_shapes_and_settings_are_named():
    for wrong, match in (
        ({"kernels": (5,)}, "must name the same convolutions"),
        ({"channels": (), "kernels": (), "strides": (), "pooled": ()}, "one or more"),
        ({"kernels": (4, 3)}, "kernels must be odd"),
        ({"strides": (0, 1)}, "must be at least 1"),
        ({"pooled": (3,)}, "pooled must name convolutions from 1 to 2"),
        ({"pool": 0}, "pool must be at least 1"),
    ):
        with pytest.raises(CourseError, match=match):
            _net(**wrong)
    with pytest.raises(CourseError, match="is for images"):
        _net((2,))
    with pytest.raises(CourseError, match="labels of two classes"):
        ConvNet.build(Config(**SMALL), DataInfo(IMAGE))
    with pytest.raises(CourseError, match="too small for these layers"):
        _net((3, 1, 8))
    with pytest.raises(CourseError, match="too small for these layers"):
        ConvNet(Config(), (1, 8, 8), 10)


def test_loss_and_evaluation():
    net, x = _net(), _images(6)
    label = torch.tensor([0, 1, 2, 3, 4, 0])
    logits = net(x)
    loss, terms = net.loss(Batch(x, label))
    torch.testing.assert_close(loss, cross_entropy(logits, label))
    right = sum(int(row.argmax()) == int(one) for row, one in zip(logits, label, strict=True)) / 6
    assert terms["accuracy"].item() == pytest.approx(right)
    found = net.evaluate(Batch(x, label))
    assert found["accuracy"].item() == pytest.approx(right)
    torch.testing.assert_close(found["cross_entropy"], loss.detach())
    assert not found["cross_entropy"].requires_grad
    assert accuracy(torch.eye(4), torch.tensor([0, 1, 2, 0])).item() == pytest.approx(0.75)


def test_samples_are_what_the_classes_look_like_to_the_network():
    net = _net(hidden=())
    images = draw(net, 10)
    assert images.shape == (10, *IMAGE)
    assert images.abs().max() <= 1
    assert not images.requires_grad
    assert (net(images).argmax(1) == torch.arange(10) % 5).all()
    torch.testing.assert_close(draw(net, 10), images)
    z = torch.randn(10, images[0].numel())
    torch.testing.assert_close(net.sample(10, z), net.sample(10, z))
    assert all(parameter.grad is None for parameter in net.parameters())


def test_every_preset_is_of_a_data_set_with_classes_and_trains():
    for name, config in PRESETS.items():
        source = data.load(name, **({"count": 64} if name == "avatars" else {}))
        torch.manual_seed(0)
        model = ConvNet.build(config, source)
        *_, (_, terms) = steps(model, source, 3)
        assert {"loss/convnet", "accuracy"} == terms.keys()
        assert all(value.isfinite() for value in terms.values())
        assert draw(model, 2).shape == (2, *source.shape)


def test_a_run_is_written_and_read_again(tmp_path):
    source = data.load("digits")
    torch.manual_seed(0)
    model = ConvNet.build(PRESETS["digits"], source)
    train(model, source, tmp_path / "run", steps=4)
    loaded, record, step = models.load_run(tmp_path / "run")
    assert (record["model"], step) == ("convnet", 4)
    x = to_float(source.images[:5])
    torch.testing.assert_close(loaded(x), model.eval()(x))


@pytest.mark.slow
def test_five_hundred_steps_tell_digits_apart():
    """Held-out digits; a linear classifier comes to 0.95."""
    source, test = data.load("digits"), data.load("digits", split="test")
    torch.manual_seed(0)
    model = ConvNet.build(PRESETS["digits"], source)
    for _ in steps(model, source, 500):
        pass
    assert model.eval().evaluate(Batch(to_float(test.images), test.labels))["accuracy"] > 0.97
