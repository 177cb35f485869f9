"""The measures that the claims of the chapter `dcgan_representations` rest on, on inputs whose answer is known."""

import pytest
import torch
from torch import nn

from course_lib.claims import dcgan_representations as measured
from course_lib.claims.dcgan_representations import Crowd, abruptness, nearly_the_same, object_weights, share_on, walk


def test_a_walk_of_even_steps_is_not_abrupt_and_a_jump_is():
    even = torch.linspace(0, 1, 9)[:, None, None, None].expand(9, 1, 2, 2)
    assert abruptness(even) == pytest.approx(1)
    jump = (torch.arange(9) > 4).float()[:, None, None, None].expand(9, 1, 2, 2)
    assert abruptness(jump) == pytest.approx(8)  # one step of eight makes all the way


def test_walks_meet_their_stations():
    stations = torch.randn(4, 3)
    path = walk(stations, 5)
    assert path.shape == (16, 3)
    torch.testing.assert_close(path[::5], stations)
    torch.testing.assert_close(path[7], 0.6 * stations[1] + 0.4 * stations[2])


def test_share_of_energy():
    maps = torch.zeros(2, 3, 4, 4)
    maps[:, :, 0, 0], maps[:, :, 3, 3] = 1.0, -2.0
    part = torch.zeros(2, 4, 4)
    part[:, 3, 3] = 1
    assert share_on(part, maps) == pytest.approx(0.8)


def test_the_referee_must_be_sure():
    seen = {"hat": torch.tensor([0.95, 0.6, 0.02, 0.99]), "long": torch.tensor([0.05, 0.0, 0.0, 0.95])}
    crowd = Crowd(torch.arange(4.0)[:, None], seen)
    assert crowd.where(hat=True)[:, 0].tolist() == [0, 3]
    assert crowd.where(hat=True, long=False)[:, 0].tolist() == [0]
    assert crowd.where(hat=False)[:, 0].tolist() == [2]


def test_weights_are_positive_for_maps_that_are_on_where_the_object_is():
    torch.manual_seed(0)
    there = torch.zeros(20, 4, 4, dtype=torch.bool)
    there[:, :2, :2] = True
    maps = 0.3 * torch.randn(20, 3, 4, 4)
    maps[:, 0] += 2.0 * there  # speaks for the object
    maps[:, 1] -= 2.0 * there  # speaks against it
    weights = object_weights(maps, there)
    assert weights[0] > 1
    assert weights[1] < -1
    assert abs(weights[2]) < 1


def test_copies_are_near_and_not_the_same():
    x = 1.6 * torch.rand(30, 3, 8, 8) - 0.8
    copies = nearly_the_same(x)
    assert 0.01 < (copies - x).abs().mean() < 0.06


def test_the_generator_is_cut_without_loss():
    z = measured.stored_run().noise(3)
    for stage in ("up1", "up2"):
        below, rest = measured.halves(stage)
        torch.testing.assert_close(rest(below(z)), measured.drawn(z))
        nothing = torch.zeros(below(z).shape[1], dtype=torch.bool)
        torch.testing.assert_close(measured.without(z, stage, nothing), measured.drawn(z))
        everything = measured.without(z, stage, ~nothing)
        torch.testing.assert_close(everything[:1].expand_as(everything), everything)


def test_dropping_the_only_map_of_an_object_removes_it(monkeypatch):
    """A generator whose second map alone draws the object."""

    class Toy:
        class generator:
            net = nn.Sequential()

    below, rest = nn.Unflatten(1, (2, 1, 2)), nn.Conv2d(2, 1, 1, bias=False)
    with torch.no_grad():
        rest.weight.copy_(torch.tensor([0.5, 1.0]).view(1, 2, 1, 1))
    Toy.generator.net.add_module("up1", below)
    Toy.generator.net.add_module("output", rest.requires_grad_(False))
    monkeypatch.setattr(measured, "stored_run", lambda: Toy)
    z = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    images = measured.without(z, "up1", torch.tensor([False, True]))
    assert images.flatten().tolist() == [0.5, 1.0]
