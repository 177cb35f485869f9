import pytest
import torch
from torch import nn

from course_lib.layers.virtual_batch_norm import VirtualBatchNorm


def _layer(channels: int) -> VirtualBatchNorm:
    torch.manual_seed(0)
    layer = VirtualBatchNorm(channels, eps=1e-3).double()
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    return layer


@pytest.mark.parametrize("shape", [(3,), (2, 4, 5), (3, 1, 1), (2, 6)])
def test_is_batch_normalisation_of_the_example_and_the_reference(shape):
    """torch's own, of each batch {x_i, reference}; and of the reference alone."""
    layer = _layer(shape[0])
    x, reference = 3 * torch.randn(4, *shape).double() + 1, torch.randn(5, *shape).double() - 2
    found, found_reference = layer(x, reference)

    def batch_norm(batch):
        return nn.functional.batch_norm(batch, None, None, layer.weight, layer.bias, training=True, eps=1e-3)

    for i in range(4):
        torch.testing.assert_close(found[i], batch_norm(torch.cat([x[i : i + 1], reference]))[0])
    torch.testing.assert_close(found_reference, batch_norm(reference))


def test_an_example_does_not_depend_on_its_companions():
    layer, x, reference = _layer(3), torch.randn(6, 3).double(), torch.randn(5, 3).double()
    together = layer(x, reference)[0]
    alone = torch.cat([layer(x[i : i + 1], reference)[0] for i in range(6)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-14)


def test_gradients_are_right():
    layer, x, reference = _layer(2), torch.randn(3, 2).double(), torch.randn(4, 2).double()
    assert torch.autograd.gradcheck(layer, (x.requires_grad_(), reference.requires_grad_()))


def test_large_means_cost_no_digits():
    """The mean of squares less the square of the mean would have none left in float32."""
    layer = VirtualBatchNorm(2)
    x, reference = torch.randn(8, 2), torch.randn(16, 2)
    far = layer(x + 4096, reference + 4096)[0]
    torch.testing.assert_close(far, layer(x, reference)[0], rtol=0, atol=2e-3)


def test_nothing_is_remembered():
    layer = VirtualBatchNorm(2)
    assert not list(layer.buffers())
    x, reference = torch.randn(3, 2), torch.randn(4, 2)
    torch.testing.assert_close(layer.train()(x, reference), layer.eval()(x, reference))
