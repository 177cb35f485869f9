"""How good a discriminator's features are, by the protocol of the DCGAN paper. Chapter: dcgan_representations.

The maps of all its stages are pooled to a 4 x 4 grid and joined, and a linear support vector machine has to read the
classes off them. Pixels, principal components and k-means features are what it must beat. From a run directory:

    python -m course_lib.evaluation.representations runs/dcgan/folder-seed0 --data cifar10
    python -m course_lib.evaluation.representations runs/dcgan/svhn-seed0 --data svhn --labels 100 --repeats 100
"""

import copy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
import tyro
from sklearn.cluster import MiniBatchKMeans
from sklearn.model_selection import GridSearchCV
from sklearn.svm import LinearSVC
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d

from course_lib import data as data_sets
from course_lib.data import ImageSet
from course_lib.data.sets import to_float
from course_lib.errors import CourseError
from course_lib.layers.deconvnet import RULES, Rectifier
from course_lib.models import load_run
from course_lib.models.dcgan import DCGAN, Discriminator

COSTS = (1e-2, 1e-1, 1.0, 10.0, 100.0)  # of the support vector machine, for features of mean square length 1
BATCH = 256  # images at a time
CALIBRATION = 2000  # images that batch normalisation is calibrated on, at most


# ------------------------------------------------------------------------------------------------- features


def pooled_features(maps: Sequence[Tensor], grid: int = 4) -> Tensor:
    """Feature maps [N, C_i, H_i, W_i] of all stages -> one vector for each image [N, grid * grid * sum of C_i].

    Each map is max-pooled to grid x grid; then stage after stage, map after map, row after row.
    Source: Radford et al. (2016), section 5.1.
    """
    return torch.cat([adaptive_max_pool2d(stage, grid).flatten(1) for stage in maps], 1)


@torch.no_grad()
def discriminator_features(discriminator: Discriminator, images: Tensor, grid: int = 4) -> Tensor:
    """Images [N, C, H, W] in [-1, 1] -> their pooled features on the CPU, float32, in evaluation mode."""
    discriminator.eval()
    device = next(discriminator.parameters()).device
    maps = (discriminator.features(some.to(device)) for some in images.split(BATCH))
    return torch.cat([pooled_features(some, grid).float().cpu() for some in maps])


def calibrated(discriminator: Discriminator, images: Tensor) -> Discriminator:
    """A copy whose batch normalisation has the statistics of these images.

    In training it saw generated images as well; with random weights it saw none. The authors' code too fits them anew.
    """
    discriminator = copy.deepcopy(discriminator)
    norms = [part for part in discriminator.modules() if isinstance(part, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
    discriminator.train()
    with torch.no_grad():
        for some in images[:CALIBRATION].split(BATCH):
            discriminator.features(some.to(next(discriminator.parameters()).device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return discriminator.eval()


@dataclass(frozen=True)
class KMeansFeatures:
    """One layer of features learnt by k-means from patches, pooled over the four quarters of the image.

    centroids: [k, patch], in whitened coordinates.   mean, whiten: of patches, [patch] and [patch, patch].
    Source: Coates, Lee and Ng (2011), *An analysis of single-layer networks*: k-means with the "triangle" activation.
    """

    side: int
    mean: Tensor
    whiten: Tensor
    centroids: Tensor

    @classmethod
    def fit(cls, images: Tensor, k: int = 100, side: int = 5, patches: int = 20_000, seed: int = 0) -> Self:
        """From images [N, C, H, W]: so many patches of side x side pixels at random places."""
        generator = torch.Generator().manual_seed(seed)
        columns = images.unfold(2, side, 1).unfold(3, side, 1)  # [N, C, h, w, side, side]
        n, _, h, w = columns.shape[:4]
        where = [torch.randint(end, (patches,), generator=generator) for end in (n, h, w)]
        chosen = _contrast(columns[where[0], :, where[1], where[2]].flatten(1))
        mean = chosen.mean(0)
        variances, directions = torch.linalg.eigh(torch.cov(chosen.T))
        whiten = directions @ torch.diag((variances.clamp(min=0) + 0.1).rsqrt()) @ directions.T
        found = MiniBatchKMeans(k, n_init=1, max_iter=30, batch_size=1024, random_state=seed)
        found.fit(((chosen - mean) @ whiten).numpy())
        return cls(side, mean, whiten, torch.from_numpy(found.cluster_centers_).to(chosen.dtype))

    def __call__(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, 4 k]: max(0, mean distance - distance to the centroid), summed over each quarter."""
        return torch.cat([self._some(some) for some in images.split(64)])

    def _some(self, images: Tensor) -> Tensor:
        columns = images.unfold(2, self.side, 1).unfold(3, self.side, 1).permute(0, 2, 3, 1, 4, 5).flatten(3)
        near = torch.cdist((_contrast(columns) - self.mean) @ self.whiten, self.centroids)  # [N, h, w, k]
        active = (near.mean(3, keepdim=True) - near).clamp(min=0)
        quarters = [part for half in active.tensor_split(2, 1) for part in half.tensor_split(2, 2)]
        return torch.cat([part.sum((1, 2)) for part in quarters], 1)


def _contrast(patches: Tensor) -> Tensor:
    """Each patch with mean 0 and deviation near 1: its brightness and contrast do not count."""
    patches = patches - patches.mean(-1, keepdim=True)
    return patches / (patches.var(-1, keepdim=True) + 0.01).sqrt()


# --------------------------------------------------------------------------------------------- classifying


def linear_svm_accuracy(
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor] | None = None,
    costs: Sequence[float] = COSTS,
    folds: int = 3,
) -> float:
    """The share of test examples whose class a linear L2-SVM finds: in [0, 1].

    train, test, validation: features [N, d] and labels int64 [N] each.
    Features are centred, and divided by one number so that their mean square length is 1: a cost means the same for all
    kinds of them. The cost is chosen on the validation examples where given, as in the paper, else by cross-validation
    over the training examples: `folds` parts, or as many as its rarest class has examples if that is fewer.
    """
    mean = train[0].mean(0)
    size = (train[0] - mean).square().sum(1).mean().sqrt().clamp(min=1e-12)

    def ready(part: tuple[Tensor, Tensor]) -> tuple[np.ndarray, np.ndarray]:
        return ((part[0] - mean) / size).numpy(), part[1].numpy()

    x, y = ready(train)
    rarest = int(np.unique(y, return_counts=True)[1].min())
    if validation is not None:
        held = ready(validation)
        machine = max((_svm(cost).fit(x, y) for cost in costs), key=lambda one: one.score(*held))
    elif len(costs) > 1 and rarest > 1:
        machine = GridSearchCV(_svm(1.0), {"C": list(costs)}, cv=min(folds, rarest)).fit(x, y)
    else:  # one example of a class leaves nothing to choose by
        machine = _svm(costs[len(costs) // 2]).fit(x, y)
    return float(machine.score(*ready(test)))


def _svm(cost: float) -> LinearSVC:
    """Squared hinge loss and an L2 penalty, one class against the rest: what the authors' code uses."""
    return LinearSVC(C=cost, dual="auto", tol=1e-3, max_iter=5000, random_state=0)


def few_labels(labels: Tensor, per_class: int, generator: torch.Generator) -> Tensor:
    """Rows of so many examples of each class, drawn without replacement: int64 [K * per_class].

    Raises CourseError where a class has fewer.
    """
    rows = []
    for label in labels.unique():
        of_class = (labels == label).nonzero()[:, 0]
        if len(of_class) < per_class:
            raise CourseError(f"class {int(label)} has {len(of_class)} examples, fewer than the {per_class} asked for")
        rows.append(of_class[torch.randperm(len(of_class), generator=generator)[:per_class]])
    return torch.cat(rows)


def protocol(
    discriminator: Discriminator,
    load: Callable[[str], ImageSet],
    labels: int | None = None,
    repeats: int = 1,
    seed: int = 0,
) -> list[float]:
    """Test accuracies of the whole protocol, one for each repetition.

    load: split -> the labelled images of it; the cost is chosen on "validation".
    labels: training examples of each class, drawn anew in each repetition (the paper's 1,000 of SVHN are 100 of each);
        all of them where None.
    Raises CourseError where the data has no classes, or another shape than the discriminator's images.
    """
    sets = {split: load(split) for split in ("train", "validation", "test")}
    for one in sets.values():
        if one.labels is None:
            raise CourseError(f"{one.name} has no classes to tell apart")
        if one.shape != discriminator.shape:
            raise CourseError(f"the discriminator is for images {discriminator.shape}, {one.name} has {one.shape}")
    discriminator = calibrated(discriminator, to_float(sets["train"].images[:CALIBRATION]))

    def features(one: ImageSet, rows: Tensor) -> tuple[Tensor, Tensor]:
        pieces = [discriminator_features(discriminator, to_float(one.images[some])) for some in rows.split(BATCH)]
        return torch.cat(pieces), one.labels[rows]

    validation, test = (features(sets[name], torch.arange(len(sets[name]))) for name in ("validation", "test"))
    generator, found = torch.Generator().manual_seed(seed), []
    for _ in range(repeats):
        known = sets["train"].labels
        rows = torch.arange(len(known)) if labels is None else few_labels(known, labels, generator)
        found.append(linear_svm_accuracy(features(sets["train"], rows), test, validation))
    return found


# ---------------------------------------------------------------------------------------------- looking back


def guided_map(discriminator: Discriminator, images: Tensor, stage: int, signal: Tensor) -> Tensor:
    """Guided backpropagation from a stage of D: what of each image [N, C, H, W] its activations answer to.

    stage: counted from 0, or from the end as -1.
    signal: [N, C_i, H_i, W_i], zero but for the activations that are asked about.
    A leaky rectifier passes a signal back where it was open on the way up (its input above 0) and the signal is
    positive; its value on the way up keeps the leak. Source: Springenberg et al. (2015); Radford et al. (2016), fig. 5.
    """
    with torch.enable_grad():
        images = images.detach().requires_grad_()
        x = images
        for layers in discriminator.stages[: stage % len(discriminator.stages) + 1]:
            for layer in layers:
                if isinstance(layer, nn.LeakyReLU):  # the leak is in the value, and not on the way back
                    x = Rectifier.apply(x, RULES["guided"]) - layer.negative_slope * (-x).clamp(min=0).detach()
                elif isinstance(layer, nn.ReLU):
                    x = Rectifier.apply(x, RULES["guided"])
                else:
                    x = layer(x)
        (down,) = torch.autograd.grad(x, images, signal)
    return down


# --------------------------------------------------------------------------------------------- command line


def main(
    run: tyro.conf.Positional[Path],
    *,
    data: str,
    labels: int | None = None,
    repeats: int = 1,
    seed: int = 0,
    source: str = "",
) -> None:
    """The protocol with the discriminator of a run.

    Args:
        run: A run directory of `course train dcgan`.
        data: A data set with classes, of the images' size: cifar10, svhn, mnist, digits.
        labels: Training examples of each class; all where left out.
        repeats: How often they are drawn anew.
        seed: Of the draws.
        source: Where a downloaded set is to be taken from instead.
    """
    recipe, _, step = load_run(run)
    if not isinstance(recipe, DCGAN):
        raise CourseError(f"{run} is no run of dcgan: it has no discriminator of stages")
    options = {"size": recipe.discriminator.shape[1], **({"source": source} if source else {})}
    found = protocol(
        recipe.discriminator, lambda split: data_sets.load(data, split=split, **options), labels, repeats, seed
    )
    width = 16 * sum(stage[0].out_channels for stage in recipe.discriminator.stages)
    spread = f" ± {np.std(found):.2%} over {repeats} draws" if repeats > 1 else ""
    print(f"{run} at step {step}, {data}: {width:,} features, accuracy {np.mean(found):.2%}{spread}")


if __name__ == "__main__":
    try:
        tyro.cli(main)
    except CourseError as error:
        sys.exit(str(error))
