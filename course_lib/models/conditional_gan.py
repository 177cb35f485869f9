"""Conditional generative adversarial network (Mirza and Osindero, 2014). Chapter: conditional_gan.

Both players of `dcgan.py` are shown a condition y, a class or attributes: the generator draws an image for it, the
discriminator judges whether the image is real and of that condition.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_lib.data import Batch, DataInfo, DataSet
from course_lib.errors import CourseError, unknown
from course_lib.layers.conditioning import Condition, Projection, concat_maps, concat_vector, one_hot
from course_lib.losses import adversarial
from course_lib.models import dcgan
from course_lib.training import Optimize, Recipe, at_least, frozen

KEPT = 1024  # conditions of the data that a model keeps, to draw images for


@dataclass(frozen=True)
class Config(dcgan.Config):
    """The networks are DCGAN's, with its defaults; the paper's own are fully connected (section 4.1).

    concat: y itself beside z or beside the image's channels.   embed: what a fully connected layer makes of y, there.
    projection: y meets the last features in an inner product (Miyato and Koyama, 2018).   none: D never sees y.
    """

    condition: Literal["class", "attributes"] = "class"
    attributes: tuple[str, ...] = ()  # which ones, by name; all where none is named
    show_generator: Literal["concat", "embed"] = "concat"
    show_discriminator: Literal["concat", "embed", "projection", "none"] = "concat"
    embedding: int = 32  # units of the fully connected layer
    first_bias: bool = False  # a bias in D's first layer, which DCGAN's lacks and constant maps bring along

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "embedding")


# Reduced: on one CPU core digits (--image-size 16) take a minute, avatars a few. The others want a GPU.
_MIDDLE = {"generator": (256, 128), "discriminator": (128, 256)}
PRESETS = {
    "digits": Config(
        latent=32, generator=(64, 32), discriminator=(32, 64), kernel=3, init=0.05, batch_size=64, learning_rate=1e-3,
        average=0.99,
    ),
    "avatars": Config(
        latent=64, generator=(96, 48, 24), discriminator=(24, 48, 96), kernel=3, batch_size=32, learning_rate=1e-3,
        average=0.99, condition="attributes", show_discriminator="projection",
        attributes=(
            "hat", "glasses", "smile", "yaw", "skin_tone", "hair_style bald", "hair_style long", "hair_colour black",
            "hair_colour blond", "hair_colour grey",
        ),
    ),
    "mnist": Config(**_MIDDLE),
    "fashion_mnist": Config(**_MIDDLE),
    "cifar10": Config(generator=(512, 256, 128), discriminator=(128, 256, 512)),
    "svhn": Config(generator=(512, 256, 128), discriminator=(128, 256, 512)),
    "celeba": Config(condition="attributes", show_discriminator="projection"),
}  # fmt: skip


class Generator(dcgan.Generator):
    """z [N, latent] and y [N, size] -> image [N, C, H, W] in (-1, 1): DCGAN's, for the two concatenated."""

    def __init__(self, config: Config, shape: tuple[int, ...], size: int) -> None:
        condition = Condition(size, config.embedding if config.show_generator == "embed" else 0)
        super().__init__(replace(config, latent=config.latent + condition.width), shape)
        self.condition = condition

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return super().forward(concat_vector(z, self.condition(y)))


class Discriminator(dcgan.Discriminator):
    """image [N, C, H, W] and y [N, size] -> logit [N]; sigmoid(logit) is the probability that the pair is data."""

    def __init__(self, config: Config, shape: tuple[int, ...], size: int) -> None:
        how = config.show_discriminator
        condition = Condition(size, config.embedding if how == "embed" else 0)
        maps = condition.width if how in ("concat", "embed") else 0
        super().__init__(config, (shape[0] + maps, *shape[1:]))
        self.how = how
        if config.first_bias:
            first = next(module for module in self.stages.modules() if isinstance(module, nn.Conv2d))
            first.bias = nn.Parameter(torch.zeros(first.out_channels))
        if maps:
            self.condition = condition
        if how == "projection":
            self.projection = Projection(size, self.head[-1].in_features)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.how in ("concat", "embed"):
            return super().forward(concat_maps(x, self.condition(y)))
        features = self.head[:-1](self.features(x)[-1])
        logit = self.head[-1](features).squeeze(1)
        return (logit + self.projection(features, y) if self.how == "projection" else logit).float()


class ConditionalGAN(Recipe):
    """DCGAN's game, played for every condition at once.

    names: of the classes, or of the attributes, that y may be; the data's own.
    columns: where the attributes that are shown stand in a batch; None for classes.
    """

    averaged = ("generator",)

    def __init__(
        self, config: Config, shape: tuple[int, ...], names: Sequence[str], columns: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        if not names:
            what = "classes" if config.condition == "class" else "attributes"
            other = {"classes": "attributes", "attributes": "class"}[what]
            raise CourseError(f"this data has no {what} to show to the networks: try --set condition={other}")
        self.config, self.names = config, tuple(names)
        self.generator = Generator(config, shape, len(names))
        self.discriminator = Discriminator(config, shape, len(names))
        dcgan.dcgan_init(self, config.init)
        self.columns = None if columns is None else list(columns)
        if self.columns is not None:
            self.register_buffer("measured", torch.zeros(len(names), dtype=torch.bool))
            self.register_buffer("mean", torch.zeros(len(names)))
            self.register_buffer("deviation", torch.ones(len(names)))
            self.register_buffer("kept", torch.zeros(KEPT, len(names)))
            self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @classmethod
    def build(cls, config: Config, data: DataInfo | DataSet) -> Self:
        """The model for such data: its shape, and its classes or attributes.

        Raises CourseError for an attribute that the data does not have.
        """
        if config.condition == "class":
            return cls(config, data.shape, data.classes)
        names = config.attributes or data.attribute_names
        for name in names:
            if name not in data.attribute_names:
                raise unknown("attribute", name, data.attribute_names)
        return cls(config, data.shape, names, [data.attribute_names.index(name) for name in names])

    def prepare(self, batch: Batch) -> None:
        if self.columns is None:
            return
        values = self.condition_of(batch)
        self.measured.copy_(((values != 0) & (values != 1)).any(0))
        self.mean.copy_(values.mean(0))
        self.deviation.copy_(values.std(0).clamp(min=1e-6))

    def condition_of(self, batch: Batch) -> Tensor:
        """y of a batch: int64 [N], or attributes [N, A] in the data's units."""
        if self.columns is None:
            if batch.label is None:
                raise CourseError("these networks are shown classes: give them labels")
            return batch.label
        return batch.attributes[:, self.columns]

    def encode(self, y: Tensor) -> Tensor:
        """y as the networks see it, float [N, size]: classes one-hot.

        A yes or no, 1 or 0 in the data, becomes 1 or -1; any other attribute is measured in standard deviations from
        its mean, both those of the first batch. So all columns have about the same scale.
        """
        if self.columns is None:
            return one_hot(y, len(self.names))
        return torch.where(self.measured, (y - self.mean) / self.deviation, 2 * y - 1)

    def configure_optimizers(self) -> dict[str, Optimizer]:
        return dcgan.DCGAN.configure_optimizers(self)

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        batch = next_batch()
        self.keep(batch)
        terms = optimize("discriminator", self.discriminator_step, batch)
        return terms | optimize("generator", self.generator_step, batch)

    def discriminator_step(self, batch: Batch) -> Tensor:
        """The discriminator's loss [] on pairs (x, y) of the data, and (G(z, y), y) of the same conditions."""
        y = self.encode(self.condition_of(batch))
        with torch.no_grad():
            fake = self.generator(self.noise(len(y)), y)
        return adversarial.discriminator_loss(self.discriminator(batch.image, y), self.discriminator(fake, y))

    def generator_step(self, batch: Batch) -> Tensor:
        """The generator's loss [], non-saturating, for the conditions of the batch; it reaches no weight of D."""
        y = self.encode(self.condition_of(batch))
        with frozen(self.discriminator):
            return adversarial.non_saturating_loss(self.discriminator(self.generator(self.noise(len(y)), y), y))

    def noise(self, n: int) -> Tensor:
        """z [n, latent], uniform on [-1, 1) or standard normal."""
        return dcgan.DCGAN.noise(self, n)

    @torch.no_grad()
    def keep(self, batch: Batch) -> None:
        """Remember the attributes of the first examples, so that images can be drawn for people as they are."""
        if self.columns is None:
            return
        values = self.condition_of(batch)[:KEPT]
        place = (self.count + torch.arange(len(values), device=values.device)).clamp(max=KEPT - 1)
        self.kept[place] = values
        self.count += len(values)

    def conditions(self, n: int) -> Tensor:
        """y of n images where nobody asks for one: every class equally often, in order; or the data's attributes."""
        index = torch.arange(n, device=self.device)
        if self.columns is None:
            return index * len(self.names) // n
        return self.kept[index % self.count.clamp(1, KEPT)]

    def asked(self, n: int, words: Sequence[str]) -> Tensor:
        """y of n images as a user writes it: one class by its name, or attributes as name=value, others as in the data.

        Raises CourseError for an unknown name, and for what is no number.
        """
        if self.columns is None:
            if len(words) != 1 or "=" in words[0]:
                raise CourseError(f"ask for one class by its name ({', '.join(self.names)}), not '{' '.join(words)}'")
            if words[0] not in self.names:
                raise unknown("class", words[0], self.names)
            return torch.full((n,), self.names.index(words[0]), device=self.device)
        y = self.conditions(n).clone()
        for word in words:
            name, _, value = word.partition("=")
            if name not in self.names:
                raise unknown("attribute", name, self.names)
            try:
                number = float(value)
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                raise CourseError(f"ask for attributes as NAME=NUMBER, not '{word}'")
            y[:, self.names.index(name)] = number
        return y

    @torch.no_grad()
    def sample(self, n: int, z: Tensor | None = None, y: Tensor | None = None) -> Tensor:
        """G(z, y): n images [n, C, H, W] in (-1, 1), from z [n, latent] and y (see `condition_of`) where given."""
        y = self.conditions(n) if y is None else y
        return self.generator(self.noise(n) if z is None else z, self.encode(y))
