"""Improved techniques for training GANs (Salimans et al., 2016). Chapter: improved_gan.

One small GAN of fully connected layers, as the authors have it for MNIST, and a switch for each technique: feature
matching, minibatch discrimination, historical averaging, label smoothing, virtual batch normalisation, and labels for
some of the images, which make a classifier out of the discriminator.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector
from torch.nn.utils.parametrizations import weight_norm
from torch.optim import Adam, Optimizer

from course_lib.data import Batch, DataInfo, DataSet
from course_lib.data.sets import ImageSet
from course_lib.errors import CourseError
from course_lib.layers.minibatch import MinibatchDiscrimination
from course_lib.layers.virtual_batch_norm import VirtualBatchNorm
from course_lib.losses import adversarial, semi_supervised
from course_lib.losses.feature_matching import feature_matching_loss
from course_lib.training import Optimize, Recipe, TrainingConfig, at_least, frozen


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Sizes and rates are those for MNIST in the authors' code; every technique is off until it is switched on."""

    # Section 3: the techniques.
    generator_loss: Literal["non_saturating", "feature_matching"] = "non_saturating"
    minibatch_discrimination: bool = False
    historical_averaging: float = 0.0  # weight of its penalty in both players' losses; the paper names none but 1
    alpha: float = 1.0  # D's target for real images; 0.9 is one-sided label smoothing
    beta: float = 0.0  # D's target for generated images: not 0 is smoothing on both sides, which the paper warns of
    norm: Literal["batch", "virtual", "none"] = "batch"  # in the generator; the discriminator has weight normalisation
    # Section 5: how many training images come with a label, evenly from all classes; 0 leaves an ordinary GAN.
    labels: int = 0
    label_seed: int = 0  # which ones

    latent: int = 100
    generator: tuple[int, ...] = (500, 500)  # units of its hidden layers
    discriminator: tuple[int, ...] = (1000, 500, 250, 250, 250)
    input_noise: float = 0.3  # standard deviation of the noise on D's input, for pixels in [0, 1]; ours span [-1, 1]
    noise: float = 0.5  # and on each of its hidden layers
    kernels: int = 100  # B of minibatch discrimination
    dims: int = 5  # C
    reference: int = 100  # latents in the reference batch; the authors take as many as a batch has
    batch_size: int = 100
    learning_rate: float = 3e-3
    betas: tuple[float, float] = (0.5, 0.999)

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "latent", "kernels", "dims", "reference")
        at_least(self, 0, "labels", "historical_averaging", "input_noise", "noise")
        choices = {
            "generator_loss": ("non_saturating", "feature_matching"),
            "norm": ("batch", "virtual", "none"),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise CourseError(f"{name} must be {' or '.join(known)}, not {getattr(self, name)}")
        if not 0 <= self.beta < self.alpha <= 1:
            raise CourseError(f"targets must have 0 <= beta < alpha <= 1, not alpha {self.alpha}, beta {self.beta}")
        if not self.generator or not self.discriminator:
            raise CourseError("both networks need a hidden layer")


# Reduced, so that one CPU core trains each in seconds. 8-pixel digits bear less noise than MNIST does.
_SMALL = {"generator": (64, 64), "kernels": 8, "reference": 64, "batch_size": 64}
PRESETS = {
    "digits": Config(**_SMALL, latent=32, discriminator=(128, 64), noise=0.3),
    "ring": Config(**_SMALL, latent=4, discriminator=(64, 64), input_noise=0.0, noise=0.0, learning_rate=2e-3),
    "mnist": Config(labels=100, generator_loss="feature_matching", average=0.999),
    # Their network for CIFAR-10 is convolutional; this is the one for MNIST, wider.
    "cifar10": Config(
        generator=(1000, 1000), discriminator=(2000, 1000, 500, 500, 500), input_noise=0.2, labels=4000,
        generator_loss="feature_matching", average=0.999,
    ),
}  # fmt: skip


class Generator(nn.Module):
    """z [N, latent] -> image [N, C, H, W] in [-1, 1], or points [N, d], which have no bounds."""

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.latent, self.shape, self.norm = config.latent, shape, config.norm
        normalise = {"batch": nn.BatchNorm1d, "virtual": VirtualBatchNorm, "none": nn.Identity}[config.norm]
        widths = (config.latent, *config.generator)
        self.layers = nn.ModuleList(nn.Linear(inputs, units) for inputs, units in pairwise(widths))
        self.norms = nn.ModuleList(normalise(units) for units in config.generator)
        self.last = nn.Linear(widths[-1], math.prod(shape))
        if self.norm == "virtual":  # chosen once and fixed; a buffer, so that it is kept with the weights
            self.register_buffer("reference", torch.randn(config.reference, config.latent))

    def forward(self, z: Tensor) -> Tensor:
        assert z.shape[1:] == (self.latent,), f"z must be [N, {self.latent}], not {list(z.shape)}"
        h, reference = z, self.reference if self.norm == "virtual" else None
        for layer, norm in zip(self.layers, self.norms, strict=True):
            if reference is None:
                h = F.softplus(norm(layer(h)))
            else:
                h, reference = (F.softplus(part) for part in norm(layer(h), layer(reference)))
        x = self.last(h).unflatten(1, self.shape)
        return x.tanh() if len(self.shape) == 3 else x  # a sigmoid in the code, for pixels in [0, 1]


class Discriminator(nn.Module):
    """image [N, C, H, W], or points [N, d] -> logits [N, K] of the real classes; that of "generated" is 0.

    Their logsumexp is the logit of D(x). Without labels there is one class, "real", and it is D's logit itself.
    """

    def __init__(self, config: Config, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.shape, self.input_noise, self.noise = shape, config.input_noise, config.noise
        widths = (math.prod(shape), *config.discriminator)
        self.layers = nn.ModuleList(weight_norm(nn.Linear(inputs, units)) for inputs, units in pairwise(widths))
        self.minibatch = None
        if config.minibatch_discrimination:
            self.minibatch = MinibatchDiscrimination(widths[-1], config.kernels, config.dims)
        self.head = weight_norm(nn.Linear(widths[-1] + (config.kernels if self.minibatch else 0), classes))
        for layer in self.layers:  # as in the code: only the head learns its weights' lengths
            layer.parametrizations.weight.original0.requires_grad_(False)

    def features(self, x: Tensor) -> Tensor:
        """f(x) [N, A]: the last hidden layer."""
        assert x.shape[1:] == self.shape, f"examples must be [N, *{list(self.shape)}], not {list(x.shape)}"
        h = self._noisy(x.flatten(1), self.input_noise)
        for i, layer in enumerate(self.layers):
            h = layer(h if i == 0 else self._noisy(h, self.noise)).relu()
        return h

    def forward(self, x: Tensor) -> Tensor:
        h = self._noisy(self.features(x), self.noise)
        if self.minibatch is not None:
            h = torch.cat([h, self.minibatch(h)], 1)
        return self.head(h).float()

    @torch.no_grad()
    def fit_lengths(self, x: Tensor) -> None:
        """Set each hidden layer's weight lengths and biases so that its units have mean 0 and variance 1 on x."""
        h = self._noisy(x.flatten(1), self.input_noise)
        for i, layer in enumerate(self.layers):
            h = h if i == 0 else self._noisy(h, self.noise)
            std, mean = torch.std_mean(layer(h), 0)
            layer.parametrizations.weight.original0 /= std[:, None] + 1e-6
            layer.bias.copy_((layer.bias - mean) / (std + 1e-6))
            h = layer(h).relu()

    def _noisy(self, h: Tensor, std: float) -> Tensor:
        return h + std * torch.randn_like(h) if self.training and std else h


class HistoricalAverage(nn.Module):
    """The mean of all values that a network's weights have had so far, kept up with one number for each."""

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        super().__init__()
        self.register_buffer("mean", parameters_to_vector(parameters).detach())
        self.register_buffer("count", torch.ones(()))

    def penalty(self, parameters: Iterable[nn.Parameter]) -> Tensor:
        """||theta - 1/t sum_i theta[i]||^2, the average held fixed: []. Section 3.3."""
        return (parameters_to_vector(parameters) - self.mean).square().sum()

    @torch.no_grad()
    def update(self, parameters: Iterable[nn.Parameter]) -> None:
        self.count += 1
        self.mean += (parameters_to_vector(parameters) - self.mean) / self.count


class ImprovedGAN(Recipe):
    """`shape` is that of one example, (C, H, W) or (d,). `labelled`: the images whose labels may be used."""

    averaged = ("generator", "discriminator")

    def __init__(self, config: Config, shape: tuple[int, ...], classes: int = 0, labelled: Batch | None = None) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config, shape)
        self.discriminator = Discriminator(config, shape, classes if config.labels else 1)
        if config.historical_averaging:
            self.history = nn.ModuleDict(
                {name: HistoricalAverage(getattr(self, name).parameters()) for name in ("generator", "discriminator")}
            )
        if config.labels:
            if labelled is None:  # they are in the checkpoint
                labelled = Batch(torch.zeros(config.labels, *shape), torch.zeros(config.labels, dtype=torch.long))
            self.register_buffer("labelled_image", labelled.image)
            self.register_buffer("labelled_class", labelled.label)

    @classmethod
    def build(cls, config: Config, data: DataInfo | DataSet) -> Self:
        """The model for such data; of a data set it takes the labelled images, which live on in its checkpoints.

        Raises CourseError where labels are asked of data that has none, or more of them than there are.
        """
        if not config.labels:
            return cls(config, data.shape)
        if not data.classes:
            raise CourseError("labels need data with classes: take labels=0, or data such as digits")
        labelled = None if isinstance(data, DataInfo) else choose_labelled(data, config.labels, config.label_seed)
        return cls(config, data.shape, len(data.classes), labelled)

    def configure_optimizers(self) -> dict[str, Optimizer]:
        settings = {"lr": self.config.learning_rate, "betas": self.config.betas}
        return {
            "discriminator": Adam(self.discriminator.parameters(), **settings),
            "generator": Adam(self.generator.parameters(), **settings),
        }

    def prepare(self, batch: Batch) -> None:
        """Weight normalisation begins from the data (Salimans and Kingma, 2016, section 3)."""
        self.discriminator.fit_lengths(batch.image)

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        terms = optimize("discriminator", self.discriminator_step, next_batch())
        terms |= optimize("generator", self.generator_step, next_batch())
        if self.config.historical_averaging:
            for name, history in self.history.items():
                history.update(getattr(self, name).parameters())
        return terms

    def discriminator_step(self, batch: Batch) -> Tensor:
        """L_supervised + L_unsupervised []; without labels the game's loss alone. It reaches no weight of G."""
        with torch.no_grad():
            fake = self.generator(self.noise(len(batch.image)))
        loss = semi_supervised.unsupervised_loss(
            self.discriminator(batch.image), self.discriminator(fake), self.config.alpha, self.config.beta
        )
        if self.config.labels:
            # As many labelled images as others, drawn from the few with replacement.
            row = (self.rand(len(batch.image)) * self.config.labels).long()
            known = self.discriminator(self.labelled_image[row])
            loss = loss + semi_supervised.supervised_loss(known, self.labelled_class[row])
        return loss + self._pull("discriminator")

    def generator_step(self, batch: Batch) -> Tensor:
        """The generator's loss [], through D but reaching no weight of D. The batch is what its features must match."""
        fake = self.generator(self.noise(len(batch.image)))
        with frozen(self.discriminator):
            if self.config.generator_loss == "feature_matching":
                features = self.discriminator.features
                loss = feature_matching_loss(features(batch.image), features(fake))
            else:
                logit = semi_supervised.discriminator_logit(self.discriminator(fake))
                loss = adversarial.non_saturating_loss(logit)  # the authors' code has the saturating one
        return loss + self._pull("generator")

    def _pull(self, player: str) -> Tensor | float:
        """The player's historical averaging term, with its weight."""
        weight = self.config.historical_averaging
        return weight * self.history[player].penalty(getattr(self, player).parameters()) if weight else 0.0

    def evaluate(self, batch: Batch) -> dict[str, Tensor]:
        """The classifier's error on a held-out batch, in [0, 1], where there were labels to learn from.

        With minibatch discrimination an answer depends on the other images of the batch, and on how many they are.
        """
        if not self.config.labels:
            return {}
        return {"error": (self.discriminator(batch.image).argmax(1) != batch.label).float().mean()}

    def noise(self, n: int) -> Tensor:
        """z ~ N(0, I): [n, latent]. The authors draw it uniformly."""
        return self.randn(n, self.config.latent)

    @torch.no_grad()
    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """G(z): n images [n, C, H, W] in [-1, 1], from z [n, latent] where given."""
        return self.generator(self.noise(n) if z is None else z)


def choose_labelled(data: DataSet, count: int, seed: int = 0) -> Batch:
    """`count` different images with their labels, from each class as many as from any other, or one more.

    The same seed gives the same images; and those for a smaller count are among those for a larger one. Raises
    CourseError where the data has no finite list of labelled images, or too few in a class.
    """
    if not isinstance(data, ImageSet) or data.labels is None:
        raise CourseError(f"{data.name} has no fixed labelled images to choose from")
    random = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(data), generator=random)
    labels = data.labels.cpu()[order]
    turn = (F.one_hot(labels, len(data.classes)).cumsum(0).gather(1, labels[:, None]) - 1).squeeze(1)
    # Round after round takes one image of each class; the order of the classes within a round is drawn too.
    place = turn * len(data.classes) + torch.randperm(len(data.classes), generator=random)[labels]
    first = place.argsort()[:count]
    if len(first) < count or place[first[-1]] != count - 1:
        raise CourseError(f"{data.name} has too few images in a class for {count} labels")
    return data.rows(order[first])
