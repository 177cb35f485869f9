"""Feature matching: the generator meets the data in the mean of a discriminator's features. Chapter: improved_gan."""

from torch import Tensor


def feature_matching_loss(real: Tensor, fake: Tensor) -> Tensor:
    """||E_x f(x) - E_z f(G(z))||_2^2: in [0, inf), from features [N, A] of data and [M, A] of generated examples.

    Only the means meet: the generator may place its samples as it likes around them. The gradient that reaches each of
    M generated examples is the same vector, 2 (mean of fake - mean of real) / M, times the slope of its own features.
    Source: Salimans et al. (2016), section 3.1. (Their code takes the mean over the A features, not the sum.)
    """
    return (real.mean(0) - fake.mean(0)).square().sum()
