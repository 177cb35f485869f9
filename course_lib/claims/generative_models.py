"""What the slides and a paper say of the simplest generative models, measured on digits. Chapter: generative_models."""

import itertools
import warnings
from collections.abc import Callable, Sequence
from functools import partial

import torch
from sklearn.covariance import ledoit_wolf
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.distributions import MultivariateNormal

from course_lib.claims.intervals import above
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import SPLITS, digits

HELD_OUT = 540  # of the 1,797 digits
LABELS = (20, 30, 50, 80, 120, 200, 320, 500, 800, 1250)  # sizes of training sets, each a part of the next
FLOOR = 1e-3  # added to every variance, of pixels in [0, 1]: some pixels are black in every digit

Classifier = Callable[[Tensor, Tensor, Tensor], Tensor]
"""x [N, d] and its labels y [N] in 0..9, each at least once; asked [M, d] -> the likeliest label of each, [M]."""


def shuffled() -> tuple[Tensor, Tensor]:
    """All digits in random order: pixels [1797, 64] in [0, 1], float64, and labels [1797]."""
    splits = [digits.load(split) for split in SPLITS]
    pixels = torch.cat([one.images for one in splits]).flatten(1).double() / 255
    order = torch.randperm(len(pixels))
    return pixels[order], torch.cat([one.labels for one in splits])[order]


def dealt_in_tens(labels: Tensor) -> Tensor:
    """An order of the rows in which each run of ten holds every class once, as long as all classes last. [N] -> [N]"""
    one_hot = torch.nn.functional.one_hot(labels)
    number_in_class = (one_hot.cumsum(0) * one_hot).sum(1)
    return torch.argsort(10 * number_in_class + labels)


def naive_bayes(x: Tensor, y: Tensor, asked: Tensor, variance: Tensor | None = None) -> Tensor:
    """Generative: for each class a Gaussian of independent pixels, its variances [d] common to all classes.

    Its boundaries are linear, as those of logistic regression. Source: Ng and Jordan (2001).
    """
    means = torch.stack([x[y == label].mean(0) for label in range(10)])
    if variance is None:
        variance = (x - means[y]).square().mean(0)
    variance = variance + FLOOR
    log_likelihood = -((asked[:, None] - means).square() / variance).sum(2) / 2  # up to what all classes share
    return (log_likelihood + y.bincount(minlength=10).log()).argmax(1)


def full_gaussians(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    """Generative: for each class a Gaussian with a covariance of its own, shrunk by Ledoit and Wolf's (2004) rule."""
    scores = []
    for label in range(10):
        own = x[y == label]
        covariance = torch.from_numpy(ledoit_wolf(own.numpy())[0]) + FLOOR * torch.eye(x.shape[1], dtype=x.dtype)
        scores.append(MultivariateNormal(own.mean(0), covariance).log_prob(asked) + torch.tensor(len(own)).log())
    return torch.stack(scores, 1).argmax(1)


def logistic_regression(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    """Discriminative: multinomial logistic regression with next to no penalty, as in Ng and Jordan (2001)."""
    model = LogisticRegression(C=1e4, max_iter=300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of separable classes the weights grow without end
        return torch.from_numpy(model.fit(x.numpy(), y.numpy()).predict(asked.numpy()))


def errors(kinds: Sequence[Classifier], x: Tensor, y: Tensor, sizes: Sequence[int]) -> Tensor:
    """Share of the first HELD_OUT rows that each classifier gets wrong after the next n rows. -> [kinds, sizes]"""
    asked, truth = x[:HELD_OUT], y[:HELD_OUT]
    x, y = x[HELD_OUT:], y[HELD_OUT:]
    order = dealt_in_tens(y)
    x, y = x[order], y[order]
    wrong = [[(kind(x[:n], y[:n], asked) != truth).double().mean() for n in sizes] for kind in kinds]
    return torch.tensor(wrong)


@shared_run
def curves(seed: int, scale: Scale) -> Tensor:
    """Errors of naive Bayes, logistic regression and full Gaussians for each size in LABELS: [3, 10], a mean of ten
    divisions of the digits."""
    kinds = (naive_bayes, logistic_regression, full_gaussians)
    return torch.stack([errors(kinds, *shuffled(), LABELS) for _ in range(scale(10))]).mean(0)


@claim(
    "With few labels the generative classifier of the pair makes fewer errors: naive Bayes against logistic "
    "regression, two digits of each class.",
    source="Ng and Jordan (2001), abstract",
    holds=above(0.0),
)
def generative_wins_with_few_labels(seed: int, scale: Scale) -> Measurement:
    """Error of logistic regression less that of naive Bayes on 540 held-out digits, after 20 labels; a mean of ten
    divisions of the data."""
    each = curves(seed, scale)
    bayes, logistic, _ = each[:, LABELS.index(20)]
    names = ("labels", "naive Bayes", "logistic regression", "full Gaussians")
    series = dict(zip(names, (LABELS, *each), strict=True))
    return Measurement(logistic - bayes, {"naive Bayes": bayes, "logistic regression": logistic}, series)


@claim(
    "With many labels the discriminative classifier of the pair makes fewer errors: logistic regression against naive "
    "Bayes, 1,250 digits.",
    source="Ng and Jordan (2001), abstract and proposition 1",
    holds=above(0.0),
)
def discriminative_wins_with_many_labels(seed: int, scale: Scale) -> Measurement:
    """Error of naive Bayes less that of logistic regression on 540 held-out digits, after 1,250 labels; a mean of ten
    divisions of the data."""
    bayes, logistic, _ = curves(seed, scale)[:, LABELS.index(1250)]
    return Measurement(bayes - logistic, {"naive Bayes": bayes, "logistic regression": logistic})


def drawn_from_naive_bayes() -> tuple[Tensor, Tensor, Tensor]:
    """Stand-ins of all digits, drawn from the naive Bayes model that fits them best: pixels and labels with the shapes
    of `shuffled`, and the model's variances [64]."""
    x, y = shuffled()
    means = torch.stack([x[y == label].mean(0) for label in range(10)])
    variance = (x - means[y]).square().mean(0)
    return means[y] + variance.sqrt() * torch.randn_like(x), y, variance


@claim(
    "Where its assumptions are true, the generative classifier wins with few labels: digits drawn from naive Bayes "
    "itself, two of each class.",
    source="Ng and Jordan (2001), abstract, where the higher error that it approaches faster is the lowest there is",
    holds=above(0.0),
)
def generative_wins_where_it_is_right(seed: int, scale: Scale) -> Measurement:
    """Error of logistic regression less that of naive Bayes after 20 labels, on data drawn from the naive Bayes model
    fitted to all digits; a mean of twenty draws, 540 held out. One arm was told the variances."""
    draws = []
    for _ in range(scale(20)):
        x, y, variance = drawn_from_naive_bayes()
        kinds = (naive_bayes, logistic_regression, partial(naive_bayes, variance=variance))
        draws.append(errors(kinds, x, y, LABELS))
    both = torch.stack(draws).mean(0)
    names = ("naive Bayes", "logistic regression", "naive Bayes, variances told")
    few = dict(zip(names, both[:, LABELS.index(20)], strict=True))
    return Measurement(
        few["logistic regression"] - few["naive Bayes"], few, {"labels": LABELS, **dict(zip(names, both, strict=True))}
    )


@claim(
    "A generative classifier with a better density wins with many labels too: a full Gaussian for each class against "
    "logistic regression, 1,250 digits.",
    source="This chapter; against the reading that with many labels the discriminative classifier wins as such",
    holds=above(0.0),
)
def better_density_wins_with_many_labels(seed: int, scale: Scale) -> Measurement:
    """Error of logistic regression less that of full Gaussians on 540 held-out digits, after 1,250 labels; a mean of
    ten divisions of the data."""
    _, logistic, full = curves(seed, scale)[:, LABELS.index(1250)]
    return Measurement(logistic - full, {"logistic regression": logistic, "full Gaussians": full})


GREYS = 4  # cells of one pixel's axis
PIXELS = tuple(range(1, 11))  # dimensions of the histogram; 4^6 cells outnumber the 1,257 examples


def histogram_log_likelihood(data: Tensor, asked: Tensor, cells: int) -> Tensor:
    """Log probability of each asked cell under a histogram with half a count added to every cell.

    data: [N], asked: [M], numbers of cells in 0 .. cells - 1.  Returns [M], in nats.
    """
    counts = data.bincount(minlength=cells)[asked]
    return ((counts + 0.5) / (len(data) + 0.5 * cells)).log()


def joint_against_single(data: Tensor, asked: Tensor, levels: int = GREYS) -> list[float]:
    """What a joint histogram of the first d pixels loses to the product of single ones, in held-out nats per pixel.

    data: [N, D], asked: [M, D], grey levels in 0 .. levels - 1.  Returns D numbers, for d = 1 .. D; the first is 0.
    """
    losses, single = [], torch.zeros(len(asked))
    joint_data, joint_asked = (torch.zeros(len(part), dtype=torch.int64) for part in (data, asked))
    for d in range(data.shape[1]):
        single = single + histogram_log_likelihood(data[:, d], asked[:, d], levels)
        joint_data, joint_asked = (
            joint * levels + part[:, d] for joint, part in ((joint_data, data), (joint_asked, asked))
        )
        joint = histogram_log_likelihood(joint_data, joint_asked, levels ** (d + 1))
        losses.append(((single - joint).mean() / (d + 1)).item())
    return losses


@claim(
    "Once its cells outnumber the examples, a histogram's held-out likelihood worsens with every further dimension.",
    source="Introduction to generative models (slides), on learning: histograms of one, two and three measures",
    holds=above(0.0),
)
def histogram_worsens_with_dimension(seed: int, scale: Scale) -> Measurement:
    """The smallest of the steps from 6 to 7, 8, 9 and 10 pixels in what a joint histogram loses to the product of
    single-pixel ones, in nats per pixel of 540 held-out digits; 1,257 examples, four greys, a mean of 50 random orders
    of the pixels."""
    orders = []
    for _ in range(scale(50)):
        x, _ = shuffled()
        greys = (x * GREYS).long().clamp(max=GREYS - 1)[:, torch.randperm(64)[: len(PIXELS)]]
        orders.append(joint_against_single(greys[HELD_OUT:], greys[:HELD_OUT]))
    loss = torch.tensor(orders).mean(0)
    steps = [(b - a).item() for a, b in itertools.pairwise(loss[PIXELS.index(6) :])]
    arms = {f"{d} pixels": loss[PIXELS.index(d)] for d in (3, 6, 10)}
    return Measurement(min(steps), arms, {"pixels": PIXELS, "loss": loss})
