"""Projections against a pass written out with torch's transposed convolution and unpooling, and against autograd."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv_transpose2d, max_pool2d, max_unpool2d

from course_lib.errors import CourseError
from course_lib.layers.deconvnet import RULES, Rule, moved, project, strongest


def _network(pool: int = 2, stride: int = 2) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(pool, stride),
        nn.Conv2d(5, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 3 * 2, 6), nn.ReLU(),
    ).double()  # fmt: skip


def _images(n: int = 3) -> torch.Tensor:
    return torch.randn(n, 2, 10, 8, generator=torch.Generator().manual_seed(1)).double()


def _by_hand(net: nn.Sequential, x: torch.Tensor, signal: torch.Tensor, rule: Rule) -> torch.Tensor:
    """The way down, layer by layer, with the activations of the way up in hand."""
    conv1, _, _, conv2, _, _, linear, _ = net
    a1 = conv1(x)
    p1, switches = max_pool2d(a1.relu(), 2, return_indices=True)
    a2 = conv2(p1)
    a3 = linear(a2.relu().flatten(1))

    def rectifier(down, up):
        down = down.clamp(min=0) if rule.rectify else down
        return torch.where(up > 0, down, 0.0) if rule.mask else down

    down = (rectifier(signal, a3) @ linear.weight).view_as(a2)
    down = conv_transpose2d(rectifier(down, a2), conv2.weight, stride=2, padding=1, output_padding=(0, 1))
    down = max_unpool2d(down, switches, 2, output_size=a1.shape[-2:])
    return conv_transpose2d(rectifier(down, a1), conv1.weight, padding=1)


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_the_pass_written_out(name):
    net, x = _network(), _images()
    assert net[:4](x).shape[-2:] == (3, 2)
    signal = torch.randn(3, 6, generator=torch.Generator().manual_seed(2)).double()
    expected = _by_hand(net, x, signal, RULES[name])
    torch.testing.assert_close(project(net, x, signal, name), expected.detach())
    torch.testing.assert_close(project(net, x, signal, RULES[name]), expected.detach())
    assert not torch.allclose(expected, _by_hand(net, x, signal, RULES["gradient"])) or name == "gradient"


@pytest.mark.parametrize(("pool", "stride"), [(2, 2), (3, 2)])
def test_the_rule_called_gradient_is_autograds(pool, stride):
    """Overlapping windows as well, as the paper's network has them: what meets at one place adds up."""
    net = nn.Sequential(*_network(pool, stride)[:5])
    x = _images().requires_grad_()
    out = net(x)
    signal = torch.randn(out.shape, generator=torch.Generator().manual_seed(3)).double()
    (expected,) = torch.autograd.grad(out, x, signal)
    torch.testing.assert_close(project(net, x, signal, "gradient"), expected)
    with torch.no_grad():  # it needs no graph of its caller's, and leaves none
        found = project(net, x, signal, "gradient")
    torch.testing.assert_close(found, expected)
    assert not found.requires_grad
    assert x.grad is None


def test_other_layers_pass_back_by_their_own_gradient():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh()), nn.BatchNorm2d(2), nn.ReLU()).double().eval()
    x = torch.randn(2, 1, 6, 6).double().requires_grad_()
    signal = torch.randn(2, 2, 4, 4).double()
    (expected,) = torch.autograd.grad(net[:2](x), x, signal.clamp(min=0))
    torch.testing.assert_close(project(net, x, signal, "deconvnet"), expected)


def test_a_deconvnet_knows_the_image_by_its_switches_alone():
    net, x = nn.Sequential(*_network()[:5]), _images(2)
    signal = torch.rand(2, 4, 3, 2).double()
    one = project(net, x[:1], signal[:1], "deconvnet", "first")
    other = project(net, x[1:], signal[:1], "deconvnet", "first")
    torch.testing.assert_close(one, other)  # with fixed switches: nothing of the image is left
    assert not torch.allclose(project(net, x[:1], signal[:1]), project(net, x[1:], signal[:1]))
    assert not torch.allclose(project(net, x[:1], signal[:1], "guided", "first"),
                              project(net, x[1:], signal[:1], "guided", "first"))  # fmt: skip


def test_moved_switches_stay_in_their_windows():
    x = torch.randn(4, 3, 7, 9, generator=torch.Generator().manual_seed(0))
    pool = nn.MaxPool2d(2, 2)
    _, places = max_pool2d(x, 2, return_indices=True)
    assert moved(places, pool, 9, "true") is places
    torch.testing.assert_close(moved(places, pool, 9, "shuffled")[0], places[3])
    corner = torch.tensor([[0, 2, 4, 6], [18, 20, 22, 24], [36, 38, 40, 42]])
    torch.testing.assert_close(moved(places, pool, 9, "first"), corner.expand(4, 3, 3, 4))
    found = moved(places, pool, 9, "random")
    offset = found - corner
    assert set(offset.unique().tolist()) == {0, 1, 9, 10}
    assert (found != places).any()


def test_strongest_keeps_one_value_of_each_image():
    activations = torch.rand(5, 3, 4, 2)
    signal = strongest(activations)
    assert signal.shape == activations.shape
    assert ((signal != 0).flatten(1).sum(1) == 1).all()
    torch.testing.assert_close(signal.flatten(1).amax(1), activations.flatten(1).amax(1))
    assert torch.where(signal != 0, signal == activations, True).all()


def test_what_cannot_be_undone_is_named():
    net, x = _network(), _images()
    signal = torch.zeros(3, 6).double()
    with pytest.raises(CourseError, match="did you mean deconvnet"):
        project(net, x, signal, "deconvnets")
    with pytest.raises(CourseError, match="unknown kind of switches"):
        project(net, x, signal, switches="none")
    for pool in (nn.MaxPool2d(2, padding=1), nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d((2, 1)),
                 nn.MaxPool2d(2, dilation=2)):  # fmt: skip
        with pytest.raises(CourseError, match="square windows"):
            project(nn.Sequential(pool), x, torch.zeros(1))

    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.ReLU()

        def forward(self, x):
            return self.inner(x)

    with pytest.raises(CourseError, match=r"pass an nn\.Sequential"):
        project(nn.Sequential(Hidden()), x, x)
