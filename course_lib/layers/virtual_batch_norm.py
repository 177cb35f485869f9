"""Virtual batch normalisation: batch statistics without the batch. Chapter: improved_gan."""

import torch
from torch import Tensor, nn


class VirtualBatchNorm(nn.Module):
    """Normalise each example by the statistics of a fixed reference batch together with the example itself.

    forward(x [N, C, ...], reference [R, C, ...]) -> both, normalised, then scaled and shifted channel by channel. An
    example's statistics are those of the R + 1 examples {x, reference}, over examples and positions; so what comes out
    depends on no other example of its batch. The reference is normalised by its own R alone. There are no running
    averages: training and sampling compute the same.

    Whoever calls must propagate the reference through the same layers, which doubles the cost.
    Source: Salimans et al. (2016), section 3.5.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
        places = tuple(range(2, x.dim()))
        axes = (0, *places)
        share = 1 / (len(reference) + 1)  # of an example among the R + 1
        mean = reference.mean(axes, keepdim=True)
        var = reference.var(axes, correction=0, keepdim=True)
        own_mean = x.mean(places, keepdim=True) if places else x
        own_var = x.var(places, correction=0, keepdim=True) if places else torch.zeros_like(x)
        # Two groups merged. The mean of squares less the square of the mean would cancel digits.
        both_mean = (1 - share) * mean + share * own_mean
        both_var = (1 - share) * var + share * own_var + share * (1 - share) * (own_mean - mean) ** 2
        return self._scaled((x - both_mean) * torch.rsqrt(both_var + self.eps)), self._scaled(
            (reference - mean) * torch.rsqrt(var + self.eps)
        )

    def _scaled(self, x: Tensor) -> Tensor:
        channels = (-1, *[1] * (x.dim() - 2))
        return x * self.weight.view(channels) + self.bias.view(channels)
