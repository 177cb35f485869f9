import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib.errors import CourseError
from course_lib.layers.conditioning import ClassPlane, Condition, Projection, concat_maps, concat_vector, one_hot


def test_one_hot_vectors():
    expected = torch.tensor([[0, 0, 1], [1, 0, 0], [0, 0, 1]]).float()
    assert torch.equal(one_hot(torch.tensor([2, 0, 2]), 3), expected)


@pytest.mark.parametrize(
    ("label", "message"),
    [(None, "give them labels"), (torch.tensor([0, 3]), "from 0 to 2, not 0 to 3"), (torch.tensor([-1]), "not -1")],
)
def test_what_is_no_class(label, message):
    with pytest.raises(CourseError, match=message):
        one_hot(label, 3)


def test_the_condition_stands_behind():
    x, y = torch.randn(4, 3), torch.randn(4, 2).double()
    joined = concat_vector(x, y)
    assert joined.dtype == torch.float32
    assert torch.equal(joined[:, :3], x)
    assert torch.equal(joined[:, 3:], y.float())


def test_maps_are_constant():
    x, y = torch.randn(3, 2, 4, 5), torch.randn(3, 6)
    joined = concat_maps(x, y)
    assert joined.shape == (3, 8, 4, 5)
    assert torch.equal(joined[:, :2], x)
    for row in range(4):
        for column in range(5):
            assert torch.equal(joined[:, 2:, row, column], y)


def test_a_linear_layer_on_a_concatenation_has_a_bias_for_each_class():
    torch.manual_seed(0)
    layer, x, label = nn.Linear(5 + 3, 7), torch.randn(6, 5), torch.arange(6) % 3
    by_class = layer.bias + layer.weight[:, 5:].T[label]
    expected = x @ layer.weight[:, :5].T + by_class
    assert torch.allclose(layer(concat_vector(x, one_hot(label, 3))), expected, atol=1e-6)


def test_a_layer_before_the_condition():
    torch.manual_seed(0)
    direct, embedded = Condition(4), Condition(4, 9)
    y = torch.randn(5, 4)
    assert direct.width == 4
    assert torch.equal(direct(y), y)
    linear = embedded.net[0]
    assert embedded(y).shape == (5, embedded.width) == (5, 9)
    assert torch.allclose(embedded(y), (y @ linear.weight.T + linear.bias).clamp(min=0))


def test_a_projection_is_an_inner_product_with_the_vector_of_the_class():
    torch.manual_seed(0)
    projection, features, label = Projection(3, 8), torch.randn(6, 8), torch.arange(6) % 3
    vectors = projection.linear.weight.T  # [classes, features]
    expected = torch.stack([torch.dot(vectors[k], f) for k, f in zip(label.tolist(), features, strict=True)])
    assert torch.allclose(projection(features, one_hot(label, 3)), expected, atol=1e-6)


def test_a_plane_for_each_class():
    torch.manual_seed(0)
    plane, planes, label = ClassPlane(3, (2, 4, 5)), torch.randn(6, 2, 4, 5), torch.arange(6) % 3
    made = plane(planes, label)
    assert torch.equal(made[:, :2], planes)
    learnt = F.relu(plane.linear.weight.T + plane.linear.bias)[label]
    assert torch.allclose(made[:, 2].flatten(1), learnt)
    assert learnt.shape[1] == math.prod((4, 5))
    assert ClassPlane(0, (2, 4, 5))(planes, None) is planes
    with pytest.raises(CourseError, match="give them labels"):
        plane(planes, None)
