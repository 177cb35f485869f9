import pytest
import torch

from course_lib import data
from course_lib.data import Batch, DataInfo
from course_lib.errors import CourseError
from course_lib.models.attribute_net import AttributeNet
from course_lib.models.convnet import Config
from course_lib.training import steps

NAMES = ("glasses", "yaw", "hat")
TINY = Config(
    channels=(4,), kernels=(3,), strides=(1,), pooled=(1,), pool=2, hidden=(), batch_size=8, learning_rate=1e-2
)


def _net() -> AttributeNet:
    torch.manual_seed(0)
    net = AttributeNet.build(TINY, DataInfo((3, 8, 8), attribute_names=NAMES))
    attributes = torch.tensor([[0.0, -30.0, 1.0], [1.0, 10.0, 1.0], [0.0, 20.0, 0.0]])
    net.prepare(Batch(torch.zeros(3, 3, 8, 8), attributes=attributes))
    return net


def test_what_is_measured_and_what_is_a_yes_or_no():
    net = _net()
    assert net.measured.tolist() == [False, True, False]
    assert net.mean[1] == 0
    assert net.deviation[1].item() == pytest.approx(700**0.5)
    images = torch.rand(5, 3, 8, 8) * 2 - 1
    out, found = net(images), net.predict(images)
    torch.testing.assert_close(found[:, 0], 1 / (1 + (-out[:, 0]).exp()))
    torch.testing.assert_close(found[:, 1], 700**0.5 * out[:, 1])


def test_loss_and_evaluation_by_hand():
    net = _net()
    out = torch.tensor([[2.0, 1.0, -1.0]])
    net.forward = lambda x: out
    batch = Batch(torch.zeros(1, 3, 8, 8), attributes=torch.tensor([[1.0, 0.0, 1.0]]))
    yes = -torch.tensor([2.0, -1.0]).sigmoid().log()
    torch.testing.assert_close(net.loss(batch), (yes.sum() + 0.5) / 3)
    found = net.evaluate(batch)
    assert found["accuracy"] == 0.5
    assert found["error"] == 1


def test_weights_know_the_units():
    """A checkpoint must say which attributes are measured, and in what."""
    assert {"measured", "mean", "deviation"} <= _net().state_dict().keys()


def test_it_needs_attributes():
    with pytest.raises(CourseError, match="two attributes or more"):
        AttributeNet.build(TINY, DataInfo((1, 8, 8), classes=("0", "1")))


def test_it_learns_what_is_there_and_how_much_of_it():
    """A square on one side or the other, of some height: a yes or no, and a length in pixels."""
    generator = torch.Generator().manual_seed(0)
    right = torch.randint(0, 2, (256,), generator=generator)
    height = torch.randint(1, 9, (256,), generator=generator)
    rows, columns = torch.arange(8)[:, None], torch.arange(8)
    inside = (rows < height[:, None, None]) & ((columns >= 4) == (right == 1)[:, None, None])
    pictures = data.ImageSet(
        (255 * inside).to(torch.uint8)[:, None], None, "squares", "train", (), torch.stack([right, height], 1).float(),
        ("right", "height"),
    )  # fmt: skip
    torch.manual_seed(0)
    net = AttributeNet.build(TINY, pictures)
    for _ in steps(net, pictures, 300):
        pass
    found = net.eval().evaluate(pictures.rows(slice(0, 256)))
    assert found["accuracy"] > 0.99
    assert found["error"] < 0.3
    assert net.sample(2).shape == (2, 1, 8, 8)
