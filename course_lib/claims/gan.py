"""What the paper and the notes say of generative adversarial networks, measured. Chapter: gan."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from course_lib.claims.intervals import above, below
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import digits, mixtures
from course_lib.data.sets import to_float
from course_lib.losses import adversarial
from course_lib.models.gan import GAN, PRESETS
from course_lib.training import steps
from course_lib.training.engine import draw

TWO_HUMPS = {"means": (-2.0, 1.0), "std": (0.4, 0.7), "weights": (1, 2)}  # of the 1-D problem of the chapter


@claim(
    "While D still rejects every sample, the non-saturating loss gives the generator the larger gradient.",
    source="Goodfellow et al. (2014), section 3; Weekly report, July 2019, section 2.7",
    holds=above(1.0),
    scale="log",
)
def early_gradient_ratio(seed: int, scale: Scale) -> Measurement:
    """Norm of the non-saturating loss's gradient over that of the saturating loss, both at the images of an untrained
    generator, after D has had 200 steps alone on digits."""
    data = digits.load()
    model = GAN(PRESETS["digits"], data.shape)
    random = torch.Generator().manual_seed(seed)
    optimizer = model.configure_optimizers()["discriminator"]
    at = [scale(step) if step else 0 for step in (0, 25, 50, 100, 150, 200)]
    norms = []
    for step in range(at[-1] + 1):
        if step in at:
            norms.append(_gradient_norms(model))
        loss = model.discriminator_step(data.batch(model.config.batch_size, random))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    saturating, non_saturating = norms[-1]
    series = {"step": at, "saturating": [one for one, _ in norms], "non-saturating": [one for _, one in norms]}
    return Measurement(
        non_saturating / saturating, arms={"saturating": saturating, "non-saturating": non_saturating}, series=series
    )


def _gradient_norms(model: GAN, n: int = 500) -> tuple[float, float]:
    """Norms of both losses' gradients in n generated images: (saturating, non-saturating)."""
    fake = model.sample(n).requires_grad_()
    logit = model.discriminator.eval()(fake)
    model.discriminator.train()
    losses = adversarial.saturating_loss(logit), adversarial.non_saturating_loss(logit)
    return tuple(torch.autograd.grad(loss, fake, retain_graph=True)[0].norm().item() for loss in losses)


@claim(
    "Where the generator can match the data, D ends near 1/2: within 0.05 of it on average.",
    source="Goodfellow et al. (2014), proposition 1 and figure 1; Weekly report, July 2019, section 2.1",
    holds=below(0.05),
)
def discriminator_ends_at_half(seed: int, scale: Scale) -> Measurement:
    """Mean of |D(x) - 1/2|, x half from the data and half generated, over the last quarter of 1,500 steps on a 1-D
    mixture of two Gaussians."""
    data = mixtures.gaussian_1d(**TWO_HUMPS)
    model = GAN(PRESETS["gaussian_1d"], data.shape)
    count = scale(1500, least=60)
    every = count // 60
    distance = [_distance_from_half(model, data, seed)]
    for step, _ in steps(model, data, count, seed=seed):
        if step % every == 0:
            distance.append(_distance_from_half(model, data, seed))
    end = sum(distance[-15:]) / 15
    return Measurement(
        end,
        arms={"peak": max(distance), "end": end},
        series={"step": [i * every for i in range(len(distance))], "distance": distance},
    )


def _distance_from_half(model: GAN, data: mixtures.Mixture, seed: int, n: int = 2000) -> float:
    real = data.sample(n, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return (torch.sigmoid(model.discriminator(torch.cat([real, draw(model, n, seed)]))) - 0.5).abs().mean().item()


@claim(
    "A discriminator trained on two samples of the same distribution answers 1/2: within 0.05 of it on average.",
    source="Goodfellow et al. (2014), proposition 1; Weekly report, July 2019, section 2.1",
    holds=below(0.05),
)
def discriminator_of_equals(seed: int, scale: Scale) -> Measurement:
    """Mean of |D(x) - 1/2| on fresh data after 1,000 steps of D alone, its "generated" batches drawn from the data's
    own distribution. The arm "shifted" has them moved by one unit, to show that this D can tell."""
    data = mixtures.gaussian_1d(**TWO_HUMPS)
    arms = {}
    for label, shift in (("equal", 0.0), ("shifted", 1.0)):
        torch.manual_seed(seed)  # the same initial weights in both arms
        model = GAN(PRESETS["gaussian_1d"], data.shape)
        optimizer = model.configure_optimizers()["discriminator"]
        random = torch.Generator().manual_seed(seed)
        for _ in range(scale(1000)):
            real, other = data.sample(100, random), data.sample(100, random) + shift
            loss = adversarial.discriminator_loss(model.discriminator(real), model.discriminator(other))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        fresh = torch.cat([data.sample(2000, random), data.sample(2000, random) + shift])
        with torch.no_grad():
            arms[label] = (torch.sigmoid(model.discriminator(fresh)) - 0.5).abs().mean().item()
    return Measurement(arms["equal"], arms=arms)


def mode_shares(samples: Tensor, data: mixtures.Mixture) -> Tensor:
    """Shares of samples within three standard deviations of each mode, and, last, of those elsewhere.

    samples: [N, 2].  Returns [K + 1], summing to 1. The data itself has (1 - e^-4.5) / K for each of K equal modes.
    """
    distance, mode = torch.cdist(samples, data.means).min(1)
    near = distance < 3 * data.std[mode]
    share = torch.bincount(mode[near], minlength=len(data.means)) / len(samples)
    return torch.cat([share, 1 - share.sum(0, keepdim=True)])


def ring_distance(share: Tensor) -> float:
    """Total variation distance between shares [K + 1] and the data's: 0 for the data, near 1 where no mode is hit."""
    modes = len(share) - 1
    inside = 1 - math.exp(-4.5)
    expected = torch.tensor([inside / modes] * modes + [1 - inside])
    return ((share - expected).abs().sum() / 2).item()


def modes_covered(share: Tensor) -> int:
    """How many modes hold at least one sample in a hundred; an even share of eight is twelve and a half."""
    return int((share[:-1] >= 0.01).sum())


RING_STEPS = 2400  # of both players with k = 1, so many gradient steps as 800 with k = 5


@dataclass(frozen=True)
class Snapshot:
    """A generator of the ring in training: its step, where its samples [5000, 2] lie, and the samples."""

    step: int
    shares: Tensor
    samples: Tensor


@shared_run
def ring_run(seed: int, scale: Scale, k: int) -> list[Snapshot]:
    """Train on the ring of eight, and look after each twelfth of the run.

    Runs of different k take the same number of gradient steps in total: k + 1 for each one of G.
    """
    data = mixtures.ring()
    model = GAN(replace(PRESETS["ring"], discriminator_steps=k), data.shape)
    count = scale(RING_STEPS) * 2 // (k + 1)
    looks = {count * (i + 1) // 12 for i in range(12)}
    found = []
    for step, _ in steps(model, data, count, seed=seed):
        if step in looks:
            samples = draw(model, 5000, seed)
            found.append(Snapshot(step, mode_shares(samples, data), samples))
    return found


@claim(
    "The trained generator covers the ring: more than seven of its eight modes.",
    source="Goodfellow et al. (2014), proposition 2; Introduction to generative models (slides), global optimum",
    holds=above(7.0),
)
def ring_modes_covered(seed: int, scale: Scale) -> Measurement:
    """Modes that hold at least 1% of 5,000 samples within three standard deviations, after 2,400 steps with k = 1."""
    run = ring_run(seed, scale, 1)
    modes = [modes_covered(look.shares) for look in run]
    on_a_mode = [1 - look.shares[-1].item() for look in run]
    return Measurement(
        modes[-1],
        arms={"modes": modes[-1], "share of samples on a mode": on_a_mode[-1]},
        series={
            "step": [look.step for look in run],
            "modes": modes,
            "on a mode": on_a_mode,
            "samples": run[-1].samples[:300],
        },
    )


@claim(
    "At equal cost k = 1 is the better bargain: it ends closer to the data than k = 5.",
    source="Goodfellow et al. (2014), algorithm 1: k = 1 is the least expensive option",
    holds=above(0.0),
)
def one_step_at_equal_cost(seed: int, scale: Scale) -> Measurement:
    """Total variation distance on the ring after 4,800 gradient steps in all: that of k = 5 (800 of them G's) less that
    of k = 1 (2,400 of them G's)."""
    one, five = ([ring_distance(look.shares) for look in ring_run(seed, scale, k)] for k in (1, 5))
    share_of_cost = [(i + 1) / 12 for i in range(12)]
    return Measurement(
        five[-1] - one[-1],
        arms={"k = 1": one[-1], "k = 5": five[-1]},
        series={"share of the cost": share_of_cost, "k = 1": one, "k = 5": five},
    )


@claim(
    "For the same number of generator steps, k = 5 ends closer to the data than k = 1.",
    source="Goodfellow et al. (2014), section 3: k steps keep D near its optimum",
    holds=above(0.0),
)
def five_steps_at_equal_updates(seed: int, scale: Scale) -> Measurement:
    """Total variation distance on the ring after 800 steps of G: that of k = 1 less that of k = 5."""
    one = ring_distance(ring_run(seed, scale, 1)[3].shares)  # a third of the way: as many steps of G as k = 5 takes
    five = ring_distance(ring_run(seed, scale, 5)[-1].shares)
    return Measurement(one - five, arms={"k = 1": one, "k = 5": five})


@claim(
    "The generator does not copy: a sample's nearest training image is at least 0.8 times as far as an unseen digit's.",
    source="Goodfellow et al. (2014), figure 2: nearest training examples beside the samples",
    holds=above(0.8),
    scale="log",
)
def nearest_neighbour_ratio(seed: int, scale: Scale) -> Measurement:
    """Median distance in pixels from a sample to its nearest training image, over the same for the held-out test
    digits; after 2,000 steps. A generator of slightly noisy copies (arm "copies") would have a ratio near 0."""
    train, test = digits.load("train"), digits.load("test")
    model = GAN(PRESETS["digits"], train.shape)
    for _ in steps(model, train, scale(2000), seed=seed):
        pass
    images = to_float(train.images)
    copies = train.batch(1000, torch.Generator().manual_seed(seed)).image
    medians = {
        label: torch.cdist(some.flatten(1), images.flatten(1)).min(1).values.median().item()
        for label, some in {
            "test digits": to_float(test.images),
            "samples": draw(model, 1000, seed),
            "copies": copies + 0.05 * torch.randn_like(copies),
        }.items()
    }
    return Measurement(medians["samples"] / medians["test digits"], arms=medians)
