"""Claims of the chapter divergences: estimates from samples, and what a divergence sees of a sliding support."""

import numpy as np
import scipy.stats
import torch
from torch import Tensor
from torch.distributions import Normal

from course_lib.claims import Measurement, Scale, claim, within
from course_lib.losses.divergences import gaussian_kl, js_divergence, monte_carlo_kl

SIZES = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)  # samples in one estimate
P, Q = (0.0, 1.0), (1.0, 1.5)  # mean and standard deviation of the two Gaussians

OFFSETS = tuple(0.25 * k for k in range(13))  # of the sliding support, 0 to 3; the supports part at 1
CELLS = 40  # of a histogram, in a unit of length


def _truth() -> float:
    return gaussian_kl(*torch.tensor([*P, *Q], dtype=torch.float64)).item()


def _estimates(n: int, repeats: int) -> tuple[Tensor, Tensor]:
    """Estimates of KL(P || Q) and their standard errors from `repeats` independent samples of n, [repeats] each."""
    p, q = Normal(*P), Normal(*Q)
    samples = p.sample((repeats, n)).double()
    pairs = [monte_carlo_kl(p.log_prob, q.log_prob, sample) for sample in samples]
    estimate, error = zip(*pairs, strict=True)
    return torch.stack(estimate), torch.stack(error)


@claim(
    "The error of a Monte Carlo estimate of KL falls with the number of samples n as 1 / sqrt(n).",
    source="Central limit theorem; Weekly report, July 2019, section 2.7, replaces expectations by sample averages",
    holds=within(-0.6, -0.4),
)
def monte_carlo_rate(seed: int, scale: Scale) -> Measurement:
    """Slope of log(root mean square error) over log(n), n from 16 to 4,096, by least squares.

    Two Gaussians whose divergence is known exactly; 1,000 independent estimates at every n.
    """
    truth, repeats = _truth(), scale(1_000, least=50)
    errors = [(_estimates(n, repeats)[0] - truth).square().mean().sqrt().item() for n in SIZES]
    slope = np.polyfit(np.log(SIZES), np.log(errors), 1)[0]
    return Measurement(slope, series={"n": SIZES, "error": errors})


@claim(
    "The truth lies within 1.96 stated standard errors of the estimate in 95% of all cases.",
    source="Central limit theorem, for n = 1,000 samples",
    holds=within(0.93, 0.97),
)
def monte_carlo_coverage(seed: int, scale: Scale) -> Measurement:
    """Share of 2,000 estimates, of 1,000 samples each, that lie within 1.96 of their standard errors of the truth."""
    estimate, error = _estimates(1_000, scale(2_000, least=100))
    return Measurement(((estimate - _truth()).abs() <= 1.96 * error).double().mean())


def _slide(offset: float, n: int) -> tuple[float, float]:
    """JS (of histograms) and W1 of n fresh samples of U[0, 1] and n of U[offset, offset + 1]."""
    p, q = torch.rand(n).double(), torch.rand(n).double() + offset
    histograms = torch.stack([torch.histc(x, bins=5 * CELLS, min=0, max=5) for x in (p, q)]) / n
    return js_divergence(*histograms).item(), scipy.stats.wasserstein_distance(p, q)


def _slopes(scale: Scale, which: int, name: str) -> Measurement:
    n = scale(20_000, least=1_000)
    curve = [_slide(offset, n)[which] for offset in OFFSETS]
    apart = [i for i, offset in enumerate(OFFSETS) if offset >= 1]
    together = [i for i, offset in enumerate(OFFSETS) if offset <= 1]
    slopes = {  # rounded: the rest is that of floats
        part: round(np.polyfit([OFFSETS[i] for i in indices], [curve[i] for i in indices], 1)[0], 12) + 0.0
        for part, indices in (("overlapping", together), ("disjoint", apart))
    }
    return Measurement(slopes["disjoint"], arms=slopes, series={"offset": OFFSETS, name: curve})


@claim(
    "Once two supports are disjoint, JS is flat: it no longer says which way they should move.",
    source="Arjovsky, Chintala and Bottou (2017), example 1",
    holds=within(-0.05, 0.05),
)
def js_is_flat(seed: int, scale: Scale) -> Measurement:
    """Slope of JS over the offset of a uniform support, offsets 1 to 3, from histograms of 20,000 samples.

    The arm "overlapping" is the slope of the same curve over offsets 0 to 1, where the truth is log 2.
    """
    return _slopes(scale, 0, "js")


@claim(
    "Once two supports are disjoint, the Wasserstein distance still grows in step with the offset.",
    source="Arjovsky, Chintala and Bottou (2017), example 1",
    holds=within(0.95, 1.05),
)
def wasserstein_is_not_flat(seed: int, scale: Scale) -> Measurement:
    """Slope of W1 over the offset of a uniform support, offsets 1 to 3, from 20,000 samples of each."""
    return _slopes(scale, 1, "wasserstein")
