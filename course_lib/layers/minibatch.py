"""Minibatch discrimination: a discriminator that sees when the examples of a batch are alike. Chapter: improved_gan."""

import torch
from torch import Tensor, nn


class MinibatchDiscrimination(nn.Module):
    """Features [N, inputs] -> how near each example is to the others of its batch: [N, kernels], in [0, N - 1].

    M_i = f_i T, a matrix [kernels, dims];  o(x_i)_b = sum over j != i of exp(-||M_i,b - M_j,b||_1).

    A batch is either all data or all generated: the sums must not cross the two. The paper's sum runs over every j, and
    so counts the example itself, which adds 1 everywhere; the authors' code leaves it out, as here, and a bias of the
    next layer hides the difference. Memory: N^2 kernels dims numbers.
    Source: Salimans et al. (2016), section 3.2, with 100 kernels of 5 dimensions in their code.
    """

    def __init__(self, inputs: int, kernels: int = 100, dims: int = 5) -> None:
        super().__init__()
        self.kernels, self.dims = kernels, dims
        # Features of unit size then project to unit size, so that exp(-distance) is neither 0 nor 1 at the start.
        self.tensor = nn.Parameter(torch.randn(inputs, kernels, dims) / (inputs**0.5 * dims))

    def forward(self, features: Tensor) -> Tensor:
        projected = torch.einsum("na,abc->nbc", features, self.tensor)
        distance = (projected[:, None] - projected).abs().sum(3)  # [N, N, kernels]
        return torch.exp(-distance).sum(1) - 1  # the example's distance from itself is 0, exp(0) = 1
