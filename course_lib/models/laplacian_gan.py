"""Laplacian pyramid of adversarial networks (Denton et al., 2015). Chapter: laplacian_gan.

An image is drawn from coarse to fine. The coarsest level is an ordinary GAN; at every other level a generator is shown
the image so far, brought to twice its size, and draws what that lacks. Each level is a game of its own, trained on real
pyramids.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Self

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from course_lib.data import Batch, DataInfo, DataSet
from course_lib.errors import CourseError
from course_lib.layers.conditioning import ClassPlane, concat_vector, one_hot
from course_lib.layers.pyramid import expand, gaussian_pyramid, low_pass
from course_lib.losses import adversarial
from course_lib.training import Optimize, Recipe, TrainingConfig, at_least, frozen


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Defaults are those of the authors' code for CIFAR-10, unless a comment says otherwise."""

    levels: int = 2  # K: how often an image is halved; K + 1 pairs of networks
    latent: int = 100  # dimension of z_K, at the coarsest level; at the others z is a plane of the image's size
    generator_units: int = 1200  # of the coarsest level: two hidden layers, fully connected
    discriminator_units: int = 600
    generator_maps: int = 128  # of the other levels: feature maps of two hidden layers
    discriminator_maps: int = 128
    generator_kernels: tuple[int, int, int] = (7, 7, 5)
    discriminator_kernel: int = 5
    dropout: float = 0.5  # of every hidden unit of the coarsest discriminator, and of the others' last maps
    coarsest_steps: int = 1  # of the coarsest level, for one of each other; it is cheap, and learns the most
    conditional: bool = False  # show each network the class too
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 0.01  # the code divides it by 1.00004, or by 1.000004, after every epoch: next to nothing
    momentum: float = 0.5  # of SGD; the code raises it from 0 to 0.7 over hundreds of epochs
    betas: tuple[float, float] = (0.5, 0.999)  # of Adam, as in DCGAN

    def __post_init__(self) -> None:
        super().__post_init__()
        widths = ("latent", "generator_units", "discriminator_units", "generator_maps", "discriminator_maps")
        at_least(self, 1, *widths, "coarsest_steps")
        at_least(self, 0, "levels", "learning_rate", "momentum")
        if not 0 <= self.dropout < 1:
            raise CourseError(f"dropout must lie in [0, 1), not {self.dropout}")
        if any(size % 2 == 0 for size in (*self.generator_kernels, self.discriminator_kernel)):
            raise CourseError("kernels must have odd sides, so that images keep their size")


# Reduced: on two CPU cores digits take half a minute, avatars a few minutes. CIFAR-10 wants a GPU.
_SMALL = {"optimizer": "adam", "generator_kernels": (5, 3, 3), "discriminator_kernel": 3, "average": 0.99}
PRESETS = {
    # One halving: 4 -> 8 pixels at the digits' own size, 8 -> 16 with --image-size 16.
    "digits": Config(
        **_SMALL, levels=1, latent=32, generator_units=256, discriminator_units=256, generator_maps=24,
        discriminator_maps=24, dropout=0.0, coarsest_steps=4, learning_rate=1e-3, batch_size=32,
    ),
    "avatars": Config(  # 8 -> 16 -> 32 pixels
        **_SMALL, latent=64, generator_units=256, discriminator_units=256, generator_maps=16, discriminator_maps=24,
        dropout=0.3, coarsest_steps=4, learning_rate=1e-3, batch_size=16,
    ),
    "cifar10": Config(optimizer="adam", learning_rate=2e-4),  # 8 -> 16 -> 32; the paper crops, and goes 8 -> 14 -> 28
}  # fmt: skip


class CoarseGenerator(nn.Module):
    """z_K [N, latent], and classes where they are known -> I_K [N, C, H, W], with no bounds."""

    def __init__(self, config: Config, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.latent, self.shape, self.classes = config.latent, shape, classes
        self.net = nn.Sequential(
            nn.Linear(config.latent + classes, config.generator_units),
            nn.ReLU(),
            nn.Linear(config.generator_units, config.generator_units),
            nn.ReLU(),  # section 4.1; a sigmoid in the code
            nn.Linear(config.generator_units, math.prod(shape)),
        )

    def forward(self, z: Tensor, low: None, label: Tensor | None) -> Tensor:
        assert z.shape[1:] == (self.latent,), f"z must be [N, {self.latent}], not {list(z.shape)}"
        return self.net(with_class(z, label, self.classes)).unflatten(1, self.shape)


class CoarseDiscriminator(nn.Module):
    """I_K [N, C, H, W], and classes where they are known -> logit [N]."""

    def __init__(self, config: Config, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.shape, self.classes = shape, classes
        units = config.discriminator_units
        self.net = nn.Sequential(
            nn.Linear(math.prod(shape) + classes, units),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(units, 1),
        )

    def forward(self, image: Tensor, low: None, label: Tensor | None) -> Tensor:
        check_images(image, self.shape)
        return self.net(with_class(image.flatten(1), label, self.classes)).squeeze(1).float()


class LevelGenerator(nn.Module):
    """z_k [N, 1, H, W], l_k [N, C, H, W], and classes where they are known -> h_k [N, C, H, W], with no bounds.

    The noise is one more colour plane beside those of l_k, and so is what a linear layer makes of the class.
    """

    def __init__(self, config: Config, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.shape = shape
        self.plane = ClassPlane(classes, shape)
        planes = 1 + shape[0] + (classes > 0)
        first, second, third = config.generator_kernels
        self.net = nn.Sequential(
            nn.Conv2d(planes, config.generator_maps, first, padding=first // 2),
            nn.ReLU(),
            nn.Conv2d(config.generator_maps, config.generator_maps, second, padding=second // 2),
            nn.ReLU(),
            nn.Conv2d(config.generator_maps, shape[0], third, padding=third // 2),
        )

    def forward(self, z: Tensor, low: Tensor, label: Tensor | None) -> Tensor:
        check_images(low, self.shape)
        assert z.shape == (len(low), 1, *self.shape[1:]), f"z must be a plane for each image, not {list(z.shape)}"
        return self.net(self.plane(torch.cat([z, low], 1), label))


class LevelDiscriminator(nn.Module):
    """h_k and l_k [N, C, H, W], and classes where they are known -> logit [N].

    It begins by adding h_k to l_k (section 3.3), and sees no more than that sum, which is an image.
    """

    def __init__(self, config: Config, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.shape = shape
        self.plane = ClassPlane(classes, shape)
        maps, size = config.discriminator_maps, config.discriminator_kernel
        # Padded, unlike the code's, so that small images do not run out of pixels.
        self.net = nn.Sequential(
            nn.Conv2d(shape[0] + (classes > 0), maps, size, padding=size // 2),
            nn.ReLU(),
            nn.Conv2d(maps, maps, size, stride=2, padding=size // 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(config.dropout),
            nn.Linear(maps * ((shape[1] + 1) // 2) * ((shape[2] + 1) // 2), 1),
        )

    def forward(self, residual: Tensor, low: Tensor, label: Tensor | None) -> Tensor:
        check_images(residual, self.shape)
        return self.net(self.plane(low + residual, label)).squeeze(1).float()


class LAPGAN(Recipe):
    """K + 1 games, each of one generator, one discriminator and their two optimisers; level 0 is the finest.

    shape: of one image, (C, H, W).   classes: how many there are, where the networks are shown them; else 0.
    """

    averaged = ("generators",)

    def __init__(self, config: Config, shape: tuple[int, ...], classes: int = 0) -> None:
        super().__init__()
        self.config = config
        self.classes = classes if config.conditional else 0
        if len(shape) != 3:
            raise CourseError(f"a pyramid is of images [C, H, W], not of data of shape {shape}")
        if config.conditional and classes < 1:
            raise CourseError("this data has no classes to show to the networks: train with conditional=False")
        if min(shape[1:]) < 2**config.levels:
            raise CourseError(f"images of {shape[1]}x{shape[2]} cannot be halved {config.levels} times")
        self.shapes = [(shape[0], *(-(-side // 2**k) for side in shape[1:])) for k in range(config.levels + 1)]
        *fine, coarsest = self.shapes
        self.noise_shapes = [(1, *one[1:]) for one in fine] + [(config.latent,)]
        self.generators = nn.ModuleList(
            [LevelGenerator(config, one, self.classes) for one in fine]
            + [CoarseGenerator(config, coarsest, self.classes)]
        )
        self.discriminators = nn.ModuleList(
            [LevelDiscriminator(config, one, self.classes) for one in fine]
            + [CoarseDiscriminator(config, coarsest, self.classes)]
        )

    @classmethod
    def build(cls, config: Config, data: DataInfo | DataSet) -> Self:
        """The model for such data: its shape and the number of its classes matter."""
        return cls(config, data.shape, len(data.classes))

    def configure_optimizers(self) -> dict[str, Optimizer]:
        def optimizer(network: nn.Module) -> Optimizer:
            if self.config.optimizer == "adam":
                return Adam(network.parameters(), lr=self.config.learning_rate, betas=self.config.betas)
            return SGD(network.parameters(), lr=self.config.learning_rate, momentum=self.config.momentum)

        players = {"discriminator": self.discriminators, "generator": self.generators}
        return {f"{name}{k}": optimizer(network) for name, level in players.items() for k, network in enumerate(level)}

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        batch = next_batch()
        terms: dict[str, Tensor] = {}
        for k in range(self.config.levels + 1):  # in any order: no level knows of another
            terms |= self.play(k, batch, optimize)
        for _ in range(self.config.coarsest_steps - 1):
            terms |= self.play(self.config.levels, next_batch(), optimize)
        return terms

    def play(self, level: int, batch: Batch, optimize: Optimize) -> dict[str, Tensor]:
        """One step of D_k, and one of G_k."""
        terms = optimize(f"discriminator{level}", partial(self.discriminator_step, level=level), batch)
        return terms | optimize(f"generator{level}", partial(self.generator_step, level=level), batch)

    def discriminator_step(self, batch: Batch, level: int) -> Tensor:
        """The loss [] of D_k on real differences and as many generated ones, for the same l_k; it reaches no G."""
        real, low = self.pair(batch.image, level)
        generator, discriminator = self.generators[level], self.discriminators[level]
        with torch.no_grad():
            fake = generator(self.noise_of(level, len(real)), low, batch.label)
        return adversarial.discriminator_loss(
            discriminator(real, low, batch.label), discriminator(fake, low, batch.label)
        )

    def generator_step(self, batch: Batch, level: int) -> Tensor:
        """The non-saturating loss [] of G_k, which is shown real images halved and doubled; it reaches no D."""
        real, low = self.pair(batch.image, level)
        generator, discriminator = self.generators[level], self.discriminators[level]
        with frozen(discriminator):
            fake = generator(self.noise_of(level, len(real)), low, batch.label)
            return adversarial.non_saturating_loss(discriminator(fake, low, batch.label))

    def pair(self, image: Tensor, level: int) -> tuple[Tensor, Tensor | None]:
        """What level k learns from an image [N, C, H, W]: (h_k, l_k); (I_K, None) at the coarsest."""
        if level == self.config.levels:
            return gaussian_pyramid(image, level)[-1], None
        *_, fine, coarse = gaussian_pyramid(image, level + 1)
        low = low_pass(coarse, fine)
        return fine - low, low

    def noise_of(self, level: int, n: int) -> Tensor:
        """z_k, uniform on [-1, 1): [n, 1, H_k, W_k]; [n, latent] at the coarsest level."""
        return 2 * self.rand(n, *self.noise_shapes[level]) - 1

    def noise(self, n: int) -> list[Tensor]:
        """[z_0, ..., z_K]."""
        return [self.noise_of(k, n) for k in range(self.config.levels + 1)]

    @torch.no_grad()
    def chain(self, noise: list[Tensor], label: Tensor | None = None) -> list[Tensor]:
        """[I_0, ..., I_K]: images drawn from coarse to fine, from [z_0, ..., z_K] (section 3.3, equation 5)."""
        return self.refine(self.generators[-1](noise[-1], None, label), noise[:-1], label)

    @torch.no_grad()
    def refine(self, image: Tensor, noise: list[Tensor], label: Tensor | None = None) -> list[Tensor]:
        """[I_0, ..., I_k]: the chain from a given image I_k on, real or generated, by [z_0, ..., z_{k-1}]."""
        images = [image]
        for k in reversed(range(len(noise))):
            low = expand(images[0], *self.shapes[k][1:])
            images.insert(0, low + self.generators[k](noise[k], low, label))
        return images

    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """I_0: n images [n, C, H, W], clipped to [-1, 1]; of all classes in turn where the networks are shown them.

        z: [n, sum of sizes], the planes z_0, z_1, ... flattened one after the other, then z_K.
        """
        if z is None:
            noise = self.noise(n)
        else:
            parts = z.split([math.prod(shape) for shape in self.noise_shapes], 1)
            noise = [part.unflatten(1, shape) for part, shape in zip(parts, self.noise_shapes, strict=True)]
        label = torch.arange(n, device=self.device) % self.classes if self.classes else None
        return self.chain(noise, label)[0].clamp(-1, 1)


def with_class(x: Tensor, label: Tensor | None, classes: int) -> Tensor:
    """x [N, d] -> [N, d + classes]: the one-hot vector behind it, where there are classes."""
    return concat_vector(x, one_hot(label, classes)) if classes else x


def check_images(images: Tensor, shape: tuple[int, ...]) -> None:
    assert images.shape[1:] == shape, f"images must be [N, {', '.join(map(str, shape))}], not {list(images.shape)}"
