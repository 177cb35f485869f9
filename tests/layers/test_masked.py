"""Masked convolutions against a mask counted out in plain loops, and against what autograd says that they see."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.layers.masked import MaskedConv2d, causal_mask


def _comes_before(row, column, seen, seeing, centre, kind):
    """Whether a value of colour `seen` at (row, column) is read before one of colour `seeing` at the centre."""
    at, here = (row, column, seen), (centre, centre, seeing)
    return at < here or (kind == "B" and at == here)


@pytest.mark.parametrize("kind", ["A", "B"])
@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize(("inputs", "outputs", "colours"), [(1, 4, 1), (3, 6, 3), (6, 9, 3), (12, 3, 3), (4, 2, 2)])
def test_the_mask_is_the_reading_order(kind, size, inputs, outputs, colours):
    expected = np.zeros((outputs, inputs, size, size))
    for o in range(outputs):
        for i in range(inputs):
            for row in range(size):
                for column in range(size):
                    seen, seeing = i // (inputs // colours), o // (outputs // colours)
                    expected[o, i, row, column] = _comes_before(row, column, seen, seeing, size // 2, kind)
    np.testing.assert_array_equal(causal_mask(kind, inputs, outputs, size, colours), expected)


def test_features_that_do_not_divide_by_the_colours_are_split_in_order():
    mask = causal_mask("B", 128, 128, 1, 3)[:, :, 0, 0]
    colour = mask.sum(1)  # how many features a feature sees: those of its colour and of the colours before
    assert (colour.diff() >= 0).all()
    sizes = colour.unique(return_counts=True)[1].tolist()
    assert len(sizes) == 3
    assert max(sizes) - min(sizes) <= 1
    assert colour.unique().tolist() == np.cumsum(sizes).tolist()


@pytest.mark.parametrize("kind", ["A", "B"])
def test_an_output_depends_on_what_the_mask_lets_through_and_on_nothing_else(kind):
    torch.manual_seed(0)
    layer = MaskedConv2d(kind, 3, 3, 3, colours=3).double()
    x = torch.randn(1, 3, 5, 5, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(layer, x)[0, :, 2, 2, 0]  # [outputs, inputs, 5, 5]
    expected = torch.nn.functional.pad(causal_mask(kind, 3, 3, 3, 3), (1, 1, 1, 1))
    assert torch.equal(jacobian != 0, expected != 0)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_no_step_of_an_optimiser_opens_the_mask(optimizer):
    """Adam after noise on every weight: what is hidden has no gradient, and stays hidden whatever its weight is."""
    torch.manual_seed(0)
    layer = MaskedConv2d("A", 2, 4, 3, colours=2)
    with torch.no_grad():
        layer.weight.add_(torch.randn_like(layer.weight))
    x = torch.randn(2, 2, 5, 5)
    stepper = optimizer(layer.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        stepper.zero_grad()
        layer(x).square().mean().backward()
        assert (layer.weight.grad[layer.mask == 0] == 0).all()
        assert (layer.weight.grad[layer.mask == 1] != 0).all()
        stepper.step()
    assert (layer.weight[layer.mask == 0] != 0).any()  # the weights themselves are there
    before, changed = layer(x), x.clone()
    changed[:, 1, 2, 2] += 1
    changed[:, :, 2, 3:] += 1
    changed[:, :, 3:] += 1
    torch.testing.assert_close(layer(changed)[:, :, :2], before[:, :, :2], rtol=0, atol=0)
    torch.testing.assert_close(layer(changed)[:, :, 2, :3], before[:, :, 2, :3], rtol=0, atol=0)
    assert not torch.equal(layer(changed)[:, :, 2, 3], before[:, :, 2, 3])


def test_the_mask_is_no_part_of_a_checkpoint():
    assert MaskedConv2d("A", 1, 2, 3).state_dict().keys() == {"weight", "bias"}


def test_what_is_no_mask():
    with pytest.raises(CourseError, match=r"unknown mask 'C'"):
        causal_mask("C", 1, 1, 3)
    with pytest.raises(ValueError, match="a kernel of size 4 has no centre"):
        MaskedConv2d("A", 1, 1, 4)
