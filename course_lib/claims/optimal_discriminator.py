"""What a trained discriminator knows of the density ratio, and of the divergence. Chapter: optimal_discriminator.

Data and model are the same eight bumps on a ring, in other proportions: a generator that makes every mode well and some
of them too seldom. Both densities are known, so D's logit and its reading of JS can be held against the truth.
"""

import copy
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid
from torch.optim import Adam
from torch.optim.lr_scheduler import LinearLR

from course_lib.claims.intervals import above, below
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import mixtures
from course_lib.data.mixtures import Mixture
from course_lib.losses import adversarial

SHARES = (8, 1, 5, 2, 8, 1, 5, 2)  # of 32: how often the model makes each mode of the data's eight
SIZES = (64, 256, 1024, 4096, 16384)  # samples of each kind
WIDTHS = (2, 8, 64)  # hidden units in each of D's two layers
FRESH = 100_000  # samples of each kind that D has never seen, to read JS from


def neglected_modes() -> tuple[Mixture, Mixture]:
    """(data, model): eight bumps of equal weight on a ring, and the same bumps in the proportions SHARES."""
    data = mixtures.ring(modes=8, radius=2.0, std=0.3)
    shares = torch.tensor(SHARES, dtype=torch.float32)
    return data, replace(data, weights=shares / shares.sum())


def network(inputs: int, width: int = 64) -> nn.Sequential:
    """A discriminator for points: x [N, inputs] -> logit [N]; two hidden layers, or none where width is 0."""
    if width == 0:
        return nn.Sequential(nn.Linear(inputs, 1), nn.Flatten(0))
    return nn.Sequential(
        nn.Linear(inputs, width), nn.LeakyReLU(0.2),
        nn.Linear(width, width), nn.LeakyReLU(0.2),
        nn.Linear(width, 1), nn.Flatten(0),
    )  # fmt: skip


def ascend(discriminator: nn.Module, real: Tensor, fake: Tensor, steps: int, batch: int = 256) -> Iterator[int]:
    """Raise V(D, G) in D alone, on two fixed samples; after each step, yield its number.

    real [n, d], fake [m, d]. Adam, its rate falling from 3e-3 to 0, on batches drawn with replacement.
    """
    optimizer = Adam(discriminator.parameters(), lr=3e-3)
    schedule = LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    for step in range(1, steps + 1):
        i, j = torch.randint(len(real), (batch,)), torch.randint(len(fake), (batch,))
        loss = adversarial.discriminator_loss(discriminator(real[i]), discriminator(fake[j]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        yield step


def fit(discriminator: nn.Module, real: Tensor, fake: Tensor, steps: int, every: int = 25) -> None:
    """Train D on three quarters of each sample, and keep the weights that did best on the fourth."""
    n, m = len(real) * 3 // 4, len(fake) * 3 // 4
    best, kept = -math.inf, None
    for step in ascend(discriminator, real[:n], fake[:m], steps):
        if step % every == 0 or step == steps:
            value = read_value(discriminator, real[n:], fake[m:])
            if value > best:
                best, kept = value, copy.deepcopy(discriminator.state_dict())
    discriminator.load_state_dict(kept)


@torch.no_grad()
def read_value(discriminator: nn.Module, real: Tensor, fake: Tensor) -> float:
    """V(D, G) as an average over two samples, in nats."""
    return adversarial.value(discriminator(real), discriminator(fake)).item()


def read_js(discriminator: nn.Module, real: Tensor, fake: Tensor) -> float:
    """The JS that D's value on two samples stands for, (V + 2 log 2) / 2, in nats: a lower bound if they are fresh."""
    return read_value(discriminator, real, fake) / 2 + math.log(2)


@functools.cache
def true_js() -> float:
    """Of the problem above, in nats."""
    return exact_js(*neglected_modes())


def exact_js(data: Mixture, model: Mixture, limit: float = 4.5, cells: int = 600) -> float:
    """JS of two mixtures in the plane, in nats, by the midpoint rule on a square from -limit to limit."""
    side = ((torch.arange(cells, dtype=torch.float64) + 0.5) / cells * 2 - 1) * limit
    x = torch.cartesian_prod(side, side)
    log_p, log_q = data.log_prob(x), model.log_prob(x)
    integrand = log_p.exp() * logsigmoid(log_p - log_q) + log_q.exp() * logsigmoid(log_q - log_p)
    return (integrand.sum() * (2 * limit / cells) ** 2).item() / 2 + math.log(2)


@dataclass(frozen=True)
class Reading:
    """What one trained D says. error: root mean square of logit - log ratio, in nats. js: over the true one."""

    error: float
    js_fresh: float  # read on samples that D has never seen
    js_trained: float  # read on all samples that D was given


@shared_run
def reading(seed: int, scale: Scale, n: int, width: int = 64, early_stopping: bool = True) -> Reading:
    """Train a D on n samples of each kind. Runs of one seed share their first samples and, for a width, their start."""
    data, model = neglected_modes()
    discriminator = network(2, width)
    torch.manual_seed(seed)
    real, fake = (mixture.sample(max(SIZES))[:n] for mixture in (data, model))
    steps = scale(1000, least=50)
    if early_stopping:
        fit(discriminator, real, fake, steps)
    else:
        for _ in ascend(discriminator, real, fake, steps):
            pass
    fresh = [mixture.sample(scale(FRESH, least=10_000)) for mixture in (data, model)]
    x, truth = torch.cat(fresh), true_js()
    with torch.no_grad():
        error = (discriminator(x) - (data.log_prob(x) - model.log_prob(x))).square().mean().sqrt().item()
    return Reading(error, read_js(discriminator, *fresh) / truth, read_js(discriminator, real, fake) / truth)


@claim(
    "The error of D's logit, as an estimate of the log density ratio, falls as the number of samples grows.",
    source="Weekly report, July 2019, section 2.4; Goodfellow et al. (2014), proposition 1",
    holds=above(1.0),
    scale="log",
)
def log_ratio_error(seed: int, scale: Scale) -> Measurement:
    """Root mean square error of the logit with 256 samples of each kind, over that with 16 times as many; early
    stopping on a quarter of them. If the error fell as 1 / sqrt(n) throughout, the ratio would be 4."""
    errors = {n: reading(seed, scale, n).error for n in SIZES}
    arms = {"256 samples": errors[256], "4,096 samples": errors[4096]}
    return Measurement(errors[256] / errors[4096], arms=arms, series={"n": SIZES, "error": list(errors.values())})


@claim(
    "A finite D underestimates JS: on fresh samples it reads less than the truth.",
    source="Goodfellow et al. (2014), section 4; Nowozin, Cseke and Tomioka (2016), section 2.2",
    holds=below(1.0),
)
def finite_discriminator_reads_low(seed: int, scale: Scale) -> Measurement:
    """JS read on 100,000 fresh samples of each kind, over the exact JS, for the best of three widths (64), trained on
    4,096 samples with early stopping. The arms are the widths; the series are sample sizes."""
    arms = {f"width {width}": reading(seed, scale, 4096, width).js_fresh for width in WIDTHS}
    by_size = [reading(seed, scale, n).js_fresh for n in SIZES]
    return Measurement(arms["width 64"], arms=arms, series={"n": SIZES, "reading": by_size})


@claim(
    "On the very samples it was trained on, a large D overestimates JS.",
    source="Arora et al. (2017), on the JS of finite samples",
    holds=above(1.0),
    scale="log",
)
def training_samples_read_high(seed: int, scale: Scale) -> Measurement:
    """JS read on D's own 256 training samples of each kind, over the exact JS, after 1,000 steps without early
    stopping. The arm "fresh" is the same D's reading on samples it has not seen; the series are sample sizes."""
    runs = [reading(seed, scale, n, early_stopping=False) for n in SIZES]
    chosen = runs[SIZES.index(256)]
    series = {"n": SIZES, "own": [run.js_trained for run in runs], "fresh": [run.js_fresh for run in runs]}
    return Measurement(chosen.js_trained, arms={"own": chosen.js_trained, "fresh": chosen.js_fresh}, series=series)
