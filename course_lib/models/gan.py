"""Generative adversarial network (Goodfellow et al., 2014). Chapter: gan.

A generator turns noise into images; a discriminator learns to tell them from data; each learns from the other alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from course_lib.data import Batch
from course_lib.errors import CourseError
from course_lib.losses import adversarial
from course_lib.training import Optimize, Recipe, TrainingConfig, at_least, frozen


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Defaults are those for MNIST in the code that goes with the paper, unless a comment says otherwise."""

    latent: int = 100  # dimension of z
    hidden: int = 1200  # rectified linear units in each of the generator's two hidden layers
    maxout_units: int = 240  # in each of the discriminator's two hidden layers
    maxout_pieces: int = 5  # linear functions that a unit takes the largest of
    dropout: float = 0.5  # of the discriminator's hidden units; the paper drops a fifth of its inputs as well
    discriminator_steps: int = 1  # k of Algorithm 1 (section 3: "the least expensive option")
    loss: Literal["non_saturating", "saturating"] = "non_saturating"  # section 3, last paragraph
    batch_size: int = 100
    # Adam as in DCGAN (section 4): it comes nearer to the digits in 2,000 steps than the paper's momentum does.
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "latent", "hidden", "maxout_units", "maxout_pieces", "discriminator_steps")
        if not 0 <= self.dropout < 1:
            raise CourseError(f"dropout must lie in [0, 1), not {self.dropout}")


# Reduced, so that one CPU core trains each but the avatars in about a minute.
PRESETS = {
    "digits": Config(latent=32, hidden=256, maxout_units=128, maxout_pieces=4, dropout=0.3, learning_rate=2e-3),
    # At 32 pixels, which takes a few minutes.
    "avatars": Config(
        latent=64,
        hidden=512,
        maxout_units=128,
        maxout_pieces=4,
        dropout=0.3,
        batch_size=64,
        learning_rate=5e-4,
        average=0.99,  # samples come from the weights of about the last hundred steps
    ),
    # In the plane and on the line D must be sharp, and dropout blurs it.
    "ring": Config(
        latent=2, hidden=128, maxout_units=64, maxout_pieces=3, dropout=0.0, batch_size=256, learning_rate=1e-3
    ),
    # On the line the players circle each other, and the width of the samples swings; without momentum it swings less.
    "gaussian_1d": Config(
        latent=1,
        hidden=32,
        maxout_units=16,
        maxout_pieces=3,
        dropout=0.0,
        batch_size=256,
        learning_rate=1e-3,
        betas=(0.0, 0.9),
    ),
}


class Generator(nn.Module):
    """z [N, latent] -> image [N, C, H, W] in [-1, 1], or points [N, d], which have no bounds."""

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.latent, self.shape = config.latent, shape
        self.net = nn.Sequential(
            nn.Linear(config.latent, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, math.prod(shape)),
            # The paper ends in a sigmoid, for data in [0, 1]; ours lie in [-1, 1].
            nn.Tanh() if len(shape) == 3 else nn.Identity(),
        )

    def forward(self, z: Tensor) -> Tensor:
        assert z.shape[1:] == (self.latent,), f"z must be [N, {self.latent}], not {list(z.shape)}"
        return self.net(z).unflatten(1, self.shape)


class Maxout(nn.Module):
    """The largest of several linear functions of the input (Goodfellow et al., 2013): [N, inputs] -> [N, units]."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.units, self.pieces = units, pieces
        self.linear = nn.Linear(inputs, units * pieces)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).unflatten(1, (self.units, self.pieces)).amax(2)


class Discriminator(nn.Module):
    """image [N, C, H, W], or points [N, d] -> logit [N]; sigmoid(logit) is D(x), the probability of being data."""

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        units, pieces = config.maxout_units, config.maxout_pieces
        self.net = nn.Sequential(
            nn.Flatten(),
            Maxout(math.prod(shape), units, pieces),
            nn.Dropout(config.dropout),
            Maxout(units, units, pieces),
            nn.Dropout(config.dropout),
            nn.Linear(units, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[1:] == self.shape, f"images must be [N, {', '.join(map(str, self.shape))}], not {list(x.shape)}"
        return self.net(x).squeeze(1).float()


class GAN(Recipe):
    """Algorithm 1: k steps of D, then one of G. `shape` is that of one example, (C, H, W) or (d,)."""

    averaged = ("generator",)

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config, shape)
        self.discriminator = Discriminator(config, shape)

    def configure_optimizers(self) -> dict[str, Optimizer]:
        settings = {"lr": self.config.learning_rate, "betas": self.config.betas}
        return {
            "discriminator": Adam(self.discriminator.parameters(), **settings),
            "generator": Adam(self.generator.parameters(), **settings),
        }

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        for _ in range(self.config.discriminator_steps):
            batch = next_batch()  # fresh data for every step of D
            terms = optimize("discriminator", self.discriminator_step, batch)
        return terms | optimize("generator", self.generator_step, batch)

    def discriminator_step(self, batch: Batch) -> Tensor:
        """The discriminator's loss [] on real images and as many generated ones; it reaches no weight of G."""
        with torch.no_grad():
            fake = self.generator(self.noise(len(batch.image)))
        return adversarial.discriminator_loss(self.discriminator(batch.image), self.discriminator(fake))

    def generator_step(self, batch: Batch) -> Tensor:
        """The generator's loss [] on as many of its images. The gradient comes through D but reaches no weight of D."""
        with frozen(self.discriminator):
            fake_logit = self.discriminator(self.generator(self.noise(len(batch.image))))
        if self.config.loss == "saturating":
            return adversarial.saturating_loss(fake_logit)
        return adversarial.non_saturating_loss(fake_logit)

    def noise(self, n: int) -> Tensor:
        """z ~ N(0, I): [n, latent]. The paper's code draws it uniformly."""
        return self.randn(n, self.config.latent)

    @torch.no_grad()
    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """G(z): n images [n, C, H, W] in [-1, 1], from z [n, latent] where given."""
        return self.generator(self.noise(n) if z is None else z)
