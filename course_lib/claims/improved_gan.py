"""What the paper and the notes say of the improved techniques, measured. Chapter: improved_gan."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.optim import Adam

from course_lib.claims.gan import mode_shares, modes_covered, ring_distance
from course_lib.claims.intervals import above, below
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import digits, mixtures
from course_lib.data.sets import to_float
from course_lib.evaluation import referee
from course_lib.losses import semi_supervised
from course_lib.metrics import inception_score
from course_lib.models.improved_gan import PRESETS, Config, ImprovedGAN
from course_lib.training import steps
from course_lib.training.engine import apart, draw

# The same small GAN with each technique alone, and with all of them. The paper gives historical averaging no weight but
# 1, in losses of its own networks; 1 would hold weights of this size fast.
TECHNIQUES = {
    "baseline": {},
    "feature matching": {"generator_loss": "feature_matching"},
    "minibatch discrimination": {"minibatch_discrimination": True},
    "historical averaging": {"historical_averaging": 1e-3},
    "label smoothing": {"alpha": 0.9},
    "virtual batch norm": {"norm": "virtual"},
}
ARMS = {**TECHNIQUES, "all together": {k: v for one in TECHNIQUES.values() for k, v in one.items()}}
LABELS = (10, 25, 50, 100)
FEW = (10, 25)
RING_STEPS, DIGIT_STEPS = 600, 900
LOOKS = 24  # at the ring in training; the last third of them tells how stable it is


# ---------------------------------------------------------------------------------------------------- a game of numbers


def game_gradients(x: float, y: float) -> tuple[float, float]:
    """Slopes of (f(x) - 1)(y - 1) in x and y, where f(x) = x for x < 0 and x^2 otherwise."""
    f, slope = (x, 1.0) if x < 0 else (x * x, 2 * x)
    return slope * (y - 1), f - 1


def play(x: float, y: float, weight: float, count: int, rate: float = 0.001) -> Iterator[tuple[float, float]]:
    """Points (x, y) of simultaneous gradient descent in x and ascent in y, each pulled to its own average so far.

    weight: of historical averaging, ||theta - average||^2 in either player's loss; 0 is plain descent.
    """
    mean_x, mean_y = x, y
    for t in range(1, count + 1):
        down, up = game_gradients(x, y)
        x, y = (
            x - rate * (down + 2 * weight * (x - mean_x)),
            y + rate * (up - 2 * weight * (y - mean_y)),
        )
        mean_x, mean_y = mean_x + (x - mean_x) / (t + 1), mean_y + (y - mean_y) / (t + 1)
        yield x, y


@claim(
    "On (f(x) - 1)(y - 1) historical averaging comes at least ten times as near to the equilibrium as gradient "
    "descent, which circles it.",
    source="Salimans et al. (2016), section 3.3; GAN paper notes, historical averaging",
    holds=below(0.1),
    scale="log",
)
def averaging_finds_the_equilibrium(seed: int, scale: Scale) -> Measurement:
    """Mean distance from (1, 1) over the last tenth of 400,000 steps at rate 0.001 from one random start in the square
    from -1 to 2: with averaging of weight 1, over that of plain simultaneous descent and ascent."""
    count = scale(400_000)
    x, y = (3 * torch.rand(2, dtype=torch.float64) - 1).tolist()
    arms = {"distance at the start": math.hypot(x - 1, y - 1)}
    series = {"start": [x, y]}
    for name, weight in (("descent", 0.0), ("averaging", 1.0)):
        path = torch.tensor(list(play(x, y, weight, count)), dtype=torch.float64)
        distance = (path - 1).norm(dim=1)
        arms[name] = distance[-count // 10 :].mean().item()
        series[f"{name}, distance"] = distance[:: count // 200][:200]
    return Measurement(arms["averaging"] / arms["descent"], arms=arms, series=series)


# ------------------------------------------------------------------------------------------------------- on the ring


@dataclass(frozen=True)
class RingRun:
    """What one training on the ring came to. `distances`: from the data at each look; `modes`: covered at the end."""

    modes: int
    distances: list[float]

    @property
    def spread(self) -> float:
        """Standard deviation of the distance over the last third of training: 0 is perfectly stable."""
        return torch.tensor(self.distances[-LOOKS // 3 :]).std().item()

    @property
    def end(self) -> float:
        """Mean distance over the last third."""
        return sum(self.distances[-LOOKS // 3 :]) / (LOOKS // 3)


@shared_run
def ring_runs(seed: int, scale: Scale) -> dict[str, RingRun]:
    """Every arm on the ring of eight with standard deviation 0.1, from the same weights wherever their shapes agree."""
    ring, count = mixtures.ring(std=0.1), scale(RING_STEPS, least=LOOKS)
    looks = {count * (i + 1) // LOOKS for i in range(LOOKS)}
    found = {}
    for name, changes in ARMS.items():
        torch.manual_seed(seed)
        model = ImprovedGAN.build(replace(PRESETS["ring"], **changes), ring)
        distances = []
        for step, _ in steps(model, ring, count, seed=seed):
            if step in looks:
                shares = mode_shares(draw(model, 3000, seed), ring)
                distances.append(ring_distance(shares))
        found[name] = RingRun(modes_covered(shares), distances)
    return found


@claim(
    "Minibatch discrimination lets a small GAN cover more modes of the ring.",
    source="Salimans et al. (2016), section 3.2; GAN paper notes, minibatch discrimination",
    holds=above(0.0),
)
def minibatch_discrimination_covers_more(seed: int, scale: Scale) -> Measurement:
    """Modes, of eight, with at least 1% of 3,000 samples within three standard deviations after 600 steps: those of
    the GAN with minibatch discrimination less those of the baseline."""
    runs = ring_runs(seed, scale)
    return Measurement(
        runs["minibatch discrimination"].modes - runs["baseline"].modes,
        arms={name: run.modes for name, run in runs.items()},
        series={name: run.distances for name, run in runs.items()},
    )


@claim(
    "Minibatch discrimination makes training on the ring no less stable: the distance from the data moves no more.",
    source="Salimans et al. (2016), section 3: techniques towards convergent training",
    holds=below(1.0),
    scale="log",
)
def minibatch_discrimination_is_stable(seed: int, scale: Scale) -> Measurement:
    """Standard deviation of the total variation distance from the ring over the last third of 600 steps, eight looks:
    with minibatch discrimination, over that of the baseline. The arms hold every technique's."""
    runs = ring_runs(seed, scale)
    return Measurement(
        runs["minibatch discrimination"].spread / runs["baseline"].spread,
        arms={name: run.spread for name, run in runs.items()} | {f"{name}, end": run.end for name, run in runs.items()},
    )


# ------------------------------------------------------------------------------------------------------- on the digits


@dataclass(frozen=True)
class DigitRun:
    """One training on digits: the trained GAN, and its classifier's error on the test digits, mean of four looks in
    the second half of training."""

    model: ImprovedGAN
    error: float


@shared_run
def digit_runs(seed: int, scale: Scale) -> dict[str, dict[int, DigitRun]]:
    """Every arm with every number of labels on digits, paired: same labelled images, order of the data, and weights
    wherever their shapes agree."""
    train, test = digits.load("train"), to_float(digits.load("test").images)
    labels = digits.load("test").labels
    return {
        name: {count: _digit_run(replace(PRESETS["digits"], labels=count, label_seed=seed, **changes),
                                 train, test, labels, seed, scale)
               for count in LABELS}
        for name, changes in ARMS.items()
    }  # fmt: skip


def _digit_run(config: Config, train, test: Tensor, labels: Tensor, seed: int, scale: Scale) -> DigitRun:
    torch.manual_seed(seed)
    model, count = ImprovedGAN.build(config, train), scale(DIGIT_STEPS, least=8)
    errors = []
    for step, _ in steps(model, train, count, seed=seed):
        if step > count - 4 * (count // 8) and (count - step) % (count // 8) == 0:
            errors.append(error(model, test, labels))
    return DigitRun(model.eval(), sum(errors) / len(errors))


def error(model: ImprovedGAN, images: Tensor, labels: Tensor) -> float:
    """Share of images [N, 1, 8, 8] that the classifier reads wrongly, in batches as large as those of training.

    With minibatch discrimination an answer depends on the other images, and on how many there are. The last batch is
    filled up with the first images again.
    """
    size = model.config.batch_size
    row = torch.arange(-(-len(images) // size) * size) % len(images)
    with apart(model):
        answers = torch.cat([model.discriminator(images[some]).argmax(1) for some in row.split(size)])
    return (answers[: len(images)] != labels).float().mean().item()


def batch_dependence(model: ImprovedGAN, seed: int, batches: int = 20, n: int = 16) -> float:
    """How much of what G makes of a latent, in training, depends on the other latents of its batch: 0 is nothing.

    The same n latents stand in `batches` batches with other companions. The spread of each pixel over the batches, root
    mean square over pixels and latents, in units of its spread over the latents.
    """
    with apart(model, seed):
        model.generator.train()  # as the generator computes in training
        z = model.noise(n)
        images = torch.stack([model.generator(torch.cat([z, model.noise(64 - n)]))[:n] for _ in range(batches)])
    own = images.var(0).mean().sqrt()
    return (own / images.mean(0).var(0).mean().sqrt()).item()


@shared_run
def supervised_errors(seed: int, scale: Scale) -> dict[int, float]:
    """The same classifier with the same labels, noise, rate and number of steps, and nothing else to learn from."""
    train, test = digits.load("train"), digits.load("test")
    found = {}
    for count in LABELS:
        torch.manual_seed(seed)
        config = replace(PRESETS["digits"], labels=count, label_seed=seed)
        model, errors = ImprovedGAN.build(config, train), []
        model.prepare(train.batch(config.batch_size, torch.Generator().manual_seed(seed)))
        optimizer = Adam(model.discriminator.parameters(), config.learning_rate, config.betas)
        every = scale(DIGIT_STEPS, least=8) // 8
        for step in range(1, 8 * every + 1):
            row = torch.randint(count, (config.batch_size,))
            loss = semi_supervised.supervised_loss(
                model.discriminator(model.labelled_image[row]), model.labelled_class[row]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % every == 0:
                errors.append(error(model, to_float(test.images), test.labels))
        found[count] = sum(errors[-4:]) / 4
    return found


def _few(errors: dict[int, float]) -> float:
    """Mean error, in percent, over the smallest numbers of labels."""
    return 100 * sum(errors[count] for count in FEW) / len(FEW)


@claim(
    "With 10 and 25 labels, feature matching gives the K + 1 classifier a lower error than any other single technique.",
    source="Salimans et al. (2016), sections 3.2 and 5; GAN paper notes, semi-supervised learning",
    holds=above(0.0),
)
def feature_matching_is_best_with_few_labels(seed: int, scale: Scale) -> Measurement:
    """Error on the test digits in percentage points, mean over 10 and 25 labels: that of the best of the other arms
    with one technique or none, less that of feature matching. The arms hold the whole table."""
    runs, alone = digit_runs(seed, scale), supervised_errors(seed, scale)
    table = {name: {count: run.error for count, run in row.items()} for name, row in runs.items()}
    few = {name: _few(table[name]) for name in TECHNIQUES}
    matching = few.pop("feature matching")
    table["supervised only"] = alone
    return Measurement(
        min(few.values()) - matching,
        arms={f"{name}, {count}": 100 * value for name, row in table.items() for count, value in row.items()},
    )


@claim(
    "For the classifier feature matching works better than minibatch discrimination: a lower error with few labels.",
    source="Salimans et al. (2016), section 3.2, last sentence, and section 6.1",
    holds=above(0.0),
)
def feature_matching_beats_minibatch_discrimination(seed: int, scale: Scale) -> Measurement:
    """Error on the test digits in percentage points, mean over 10 and 25 labels: that with minibatch discrimination
    less that with feature matching."""
    few = {
        name: _few({count: run.error for count, run in row.items()}) for name, row in digit_runs(seed, scale).items()
    }
    return Measurement(few["minibatch discrimination"] - few["feature matching"], arms=few)


@claim(
    "Unlabelled images help: with few labels the K + 1 classifier of feature matching errs less than the same network "
    "trained on the labels alone.",
    source="Salimans et al. (2016), section 5",
    holds=above(0.0),
)
def unlabelled_images_help(seed: int, scale: Scale) -> Measurement:
    """Error on the test digits in percentage points, mean over 10 and 25 labels: that of the supervised network less
    that of the K + 1 classifier with feature matching."""
    alone = _few(supervised_errors(seed, scale))
    runs = digit_runs(seed, scale)["feature matching"]
    matching = _few({count: run.error for count, run in runs.items()})
    return Measurement(alone - matching, arms={"supervised only": alone, "feature matching": matching})


@claim(
    "One-sided label smoothing lowers the discriminator's confidence.",
    source="Salimans et al. (2016), section 3.4; GAN paper notes, one-sided label smoothing",
    holds=above(0.0),
)
def smoothing_lowers_confidence(seed: int, scale: Scale) -> Measurement:
    """The D(x) that one test digit in twenty exceeds, after 900 steps with 100 labels: with target 1 less that with
    target 0.9."""
    test, arms = to_float(digits.load("test").images), {}
    for name in ("baseline", "label smoothing"):
        with apart(digit_runs(seed, scale)[name][100].model) as model:
            certainty = torch.sigmoid(semi_supervised.discriminator_logit(model.discriminator(test)))
        arms[name] = certainty.quantile(0.95).item()
    return Measurement(arms["baseline"] - arms["label smoothing"], arms=arms)


@claim(
    "With virtual batch normalisation what the generator makes of a latent does not depend on its batch.",
    source="Salimans et al. (2016), section 3.5; GAN paper notes, virtual batch normalization",
    holds=below(1e-5),
)
def virtual_batch_norm_needs_no_batch(seed: int, scale: Scale) -> Measurement:
    """Spread of an image over twenty batches with other companions, in units of the spread over latents, for the
    generator with virtual batch normalisation after 900 steps; the arm "batch norm" is the baseline."""
    runs = digit_runs(seed, scale)
    arms = {
        "virtual": batch_dependence(runs["virtual batch norm"][100].model, seed),
        "batch norm": batch_dependence(runs["baseline"][100].model, seed),
    }
    return Measurement(arms["virtual"], arms=arms)


@claim(
    "Samples made with minibatch discrimination have a higher Inception score than those made with feature matching.",
    source="Salimans et al. (2016), sections 3.2 and 6.1: its samples look better, its classifier is worse",
    holds=above(0.0),
)
def minibatch_discrimination_scores_higher(seed: int, scale: Scale) -> Measurement:
    """Inception score of 2,000 samples after 900 steps with 100 labels, in one part, by the course's convnet for
    digits: that of minibatch discrimination less that of feature matching. The arms hold every technique's."""
    judge = referee("digits")
    scores = {
        name: inception_score(judge.probabilities(draw(row[100].model, 2000, seed)))[0]
        for name, row in digit_runs(seed, scale).items()
    }
    return Measurement(scores["minibatch discrimination"] - scores["feature matching"], arms=scores)
