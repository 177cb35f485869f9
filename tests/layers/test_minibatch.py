import numpy as np
import pytest
import scipy.spatial.distance
import torch

from course_lib.layers.minibatch import MinibatchDiscrimination


def _layer(*sizes) -> MinibatchDiscrimination:
    torch.manual_seed(0)
    return MinibatchDiscrimination(*sizes).double()


@pytest.mark.parametrize(("n", "inputs", "kernels", "dims"), [(5, 3, 4, 2), (2, 7, 1, 5), (6, 2, 3, 1)])
def test_sums_over_the_other_examples(n, inputs, kernels, dims):
    layer, x = _layer(inputs, kernels, dims), torch.randn(n, inputs, dtype=torch.float64)
    found = layer(x).detach().numpy()
    for kernel in range(kernels):
        projected = x.numpy() @ layer.tensor[:, kernel].detach().numpy()
        pairs = scipy.spatial.distance.cdist(projected, projected, "cityblock")
        others = [sum(np.exp(-pairs[i, j]) for j in range(n) if j != i) for i in range(n)]
        np.testing.assert_allclose(found[:, kernel], others, rtol=1e-10)


def test_equal_examples_count_all_others_and_a_single_one_counts_none():
    layer = _layer(3, 4, 2)
    torch.testing.assert_close(layer(torch.ones(6, 3).double()), torch.full((6, 4), 5.0).double())
    torch.testing.assert_close(layer(torch.randn(1, 3).double()), torch.zeros(1, 4).double())


def test_a_collapsed_batch_gets_a_gradient_that_differs_from_example_to_example():
    """What the layer is for: near twins are pushed apart."""
    layer = _layer(3, 4, 2)
    x = (torch.ones(2, 3).double() + torch.tensor([[0.01], [-0.01]])).requires_grad_()
    layer(x).sum().backward()
    torch.testing.assert_close(x.grad[0], -x.grad[1])
    assert x.grad.abs().sum() > 0.1


def test_features_of_unit_size_are_neither_all_near_nor_all_far():
    near = _layer(64, 50, 5)(torch.randn(40, 64).double()) / 39
    assert 0.1 < near.mean() < 0.9
