"""PixelCNN (van den Oord, Kalchbrenner and Kavukcuoglu, 2016). Chapter: pixel_rnn.

The probability of an image is a product: that of each pixel given those before it. One masked convolutional network
computes all the factors at once, so the likelihood is exact and learning is plain classification of grey levels.

The plain PixelCNN has a blind spot. A 3x3 mask goes one column to the right only as it goes one row up, so k rows up a
pixel sees no further right than k + 2 columns (the 2 are due to the first layer, which is 7x7), however many layers
there are. The gated one has none (van den Oord et al., 2016, *Conditional image generation with PixelCNN decoders*).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer, RMSprop

from course_lib.data import Batch, DataInfo, DataSet
from course_lib.errors import CourseError
from course_lib.layers.masked import MaskedConv2d
from course_lib.training import Optimize, Recipe, TrainingConfig, at_least


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Defaults are the paper's for CIFAR-10 unless a comment says otherwise."""

    # Values a pixel can take, 256 in section 2.2; None is as many as the data have. Level v is v / (levels - 1) of the
    # way from black to white.
    levels: int | None = None
    features: int = 128  # h (section 4): the residual stream is 2h wide, the 3x3 convolutions h
    blocks: int = 15  # residual blocks, which is how we read the "15 layers" of section 4
    output_features: int = 1024  # of the 1x1 layer before the softmax (section 4; 32 for MNIST)
    batch_size: int = 16  # section 5.2: small batches regularise
    learning_rate: float = 1e-3  # of RMSProp; the paper set it by hand for each data set and gives no figure

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.levels is not None:
            at_least(self, 2, "levels")
        at_least(self, 1, "features", "output_features")
        at_least(self, 0, "blocks")


# Reduced, so that one CPU core trains it in two minutes.
PRESETS = {
    "digits": Config(features=32, blocks=4, output_features=64, batch_size=32, average=0.995),
}


class ResidualBlock(nn.Module):
    """Figure 5, left, all with mask B: [N, 2h, H, W] -> [N, 2h, H, W]."""

    def __init__(self, h: int, colours: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.ReLU(),
            MaskedConv2d("B", 2 * h, h, 1, colours),
            nn.ReLU(),
            MaskedConv2d("B", h, h, 3, colours),
            nn.ReLU(),
            MaskedConv2d("B", h, 2 * h, 1, colours),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.net(x)


class Conditionals(nn.Module):
    """image [N, C, H, W] in [-1, 1] -> logits [N, levels, C, H, W] of p(x_i | x_1 ... x_{i-1}), for every i (Table 1).

    The order is that of the rows, of the pixels in them, and of the channels in a pixel. Any H and W will do.
    """

    def __init__(self, config: Config, channels: int) -> None:
        super().__init__()
        self.channels, self.levels = channels, config.levels
        h = config.features
        self.net = nn.Sequential(
            MaskedConv2d("A", channels, 2 * h, 7, channels),
            *[ResidualBlock(h, channels) for _ in range(config.blocks)],
            nn.ReLU(),
            MaskedConv2d("B", 2 * h, config.output_features, 1, channels),
            nn.ReLU(),
            MaskedConv2d("B", config.output_features, channels * config.levels, 1, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[1:-2] == (self.channels,), f"images must be [N, {self.channels}, H, W], not {list(x.shape)}"
        return self.net(x).float().unflatten(1, (self.channels, self.levels)).transpose(1, 2)


class PixelCNN(Recipe):
    """Maximum likelihood. `shape` is that of one image, (C, H, W)."""

    @classmethod
    def build(cls, config: Config, data: DataInfo | DataSet) -> Self:
        return cls(replace(config, levels=config.levels or data.levels), data.shape)

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        if len(shape) != 3:
            raise CourseError(f"PixelCNN is for images [C, H, W], not for data of shape {shape}")
        if config.levels is None:
            raise CourseError("PixelCNN must know how many grey levels there are: set levels")
        self.config, self.shape = config, shape
        self.conditionals = Conditionals(config, shape[0])

    def configure_optimizers(self) -> dict[str, Optimizer]:
        return {"pixelcnn": RMSprop(self.parameters(), lr=self.config.learning_rate)}

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        return optimize("pixelcnn", self.loss, next_batch())

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The negative log-likelihood [] in nats per image, and in bits per dimension."""
        nats = -self.log_likelihood(batch.image).mean()
        return nats, {"bits_per_dim": self.bits_per_dim(nats)}

    def log_likelihood(self, image: Tensor) -> Tensor:
        """log p(x) in nats, exact: image [N, C, H, W] in [-1, 1] -> [N], never above 0.

        Of the image rounded to the config's levels: with fewer than the data have, it is a likelihood of coarser data.
        """
        level = self.level(image)
        return -cross_entropy(self.conditionals(self.grey(level)), level, reduction="none").sum((1, 2, 3))

    def level(self, image: Tensor) -> Tensor:
        """[-1, 1] -> the nearest level, int64 in 0 .. levels - 1."""
        return ((image + 1) / 2 * (self.config.levels - 1)).round().long().clamp(0, self.config.levels - 1)

    def grey(self, level: Tensor) -> Tensor:
        """0 .. levels - 1 -> [-1, 1]: what the network is shown of a level."""
        return 2 * level.float() / (self.config.levels - 1) - 1

    def bits_per_dim(self, nats: Tensor) -> Tensor:
        """nats per image -> bits for each of its C x H x W values."""
        return nats / (math.log(2) * math.prod(self.shape))

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> dict[str, Tensor]:
        """The exact negative log-likelihood, in nats per image and in bits per dimension."""
        nats = -self.log_likelihood(batch.image).mean()
        return {"nats": nats, "bits_per_dim": self.bits_per_dim(nats)}

    @torch.no_grad()
    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """n images [n, C, H, W] in [-1, 1], one value after another: C x H x W passes through the network.

        z: uniform in [0, 1), [n, C, H, W]; the value that each one picks is where the cumulative probability passes it.
        Rows below the current one are left out. What else a pass computes again could be kept (chapter: pixel_rnn).
        """
        z = self.rand(n, *self.shape) if z is None else z
        image = torch.zeros_like(z)  # no pixel sees a later one, so it does not matter what is there
        channels, height, width = self.shape
        for row in range(height):
            for column in range(width):
                for channel in range(channels):
                    logits = self.conditionals(image[:, :, : row + 1])[:, :, channel, row, column]
                    cumulative = logits.softmax(1).cumsum(1)[:, :-1]
                    level = (z[:, channel, row, column, None] >= cumulative).sum(1)
                    image[:, channel, row, column] = self.grey(level)
        return image
