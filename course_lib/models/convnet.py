"""A convolutional classifier in the manner of Zeiler and Fergus (2014). Chapter: deconvnet.

Stages of convolution, rectifier and max pooling turn an image into features, and linear layers read off its class.
Every layer has a name, so that later chapters can look at what is there, or measure with it.
"""

import itertools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Optimizer

from course_lib.data import Batch, DataInfo, DataSet
from course_lib.errors import CourseError, unknown
from course_lib.training import Optimize, Recipe, TrainingConfig, at_least


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Defaults are the paper's for ImageNet (figure 3, section 3). Its contrast normalisation is left out.

    Convolutions are padded so that at stride 1 they keep the size.
    """

    channels: tuple[int, ...] = (96, 256, 384, 384, 256)  # feature maps of each convolution
    kernels: tuple[int, ...] = (7, 5, 3, 3, 3)
    strides: tuple[int, ...] = (2, 2, 1, 1, 1)
    pooled: tuple[int, ...] = (1, 2, 5)  # the convolutions, counted from 1, that a max pooling follows
    pool: int = 3  # side of a pooling window; neighbouring windows overlap if it is larger than its stride
    pool_stride: int = 2
    hidden: tuple[int, ...] = (4096, 4096)  # units of the fully connected layers before the last
    dropout: float = 0.5  # of the hidden layers
    learning_rate: float = 1e-2  # of gradient descent with momentum; the paper lowered it by hand
    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "pool", "pool_stride")
        at_least(self, 0, "dropout", "momentum")
        if not self.channels or not len(self.channels) == len(self.kernels) == len(self.strides):
            raise CourseError("channels, kernels and strides must name the same convolutions, one or more")
        if min(*self.channels, *self.kernels, *self.strides, *self.hidden, 1) < 1:
            raise CourseError("channels, kernels, strides and hidden must be at least 1")
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise CourseError(f"kernels must be odd, so that they have a centre, not {self.kernels}")
        if not set(self.pooled) <= set(range(1, len(self.channels) + 1)):
            raise CourseError(f"pooled must name convolutions from 1 to {len(self.channels)}, not {self.pooled}")


# Reduced, so that one CPU core trains them in seconds.
PRESETS = {
    "digits": Config(
        channels=(16, 32, 64), kernels=(3, 3, 3), strides=(1, 1, 1), pooled=(1, 2), pool=2, hidden=(), batch_size=64,
        learning_rate=0.05, schedule="cosine",
    ),
    "avatars": Config(
        channels=(16, 32, 64), kernels=(5, 3, 3), strides=(1, 1, 1), pooled=(1, 2, 3), pool=2, hidden=(), batch_size=64,
        learning_rate=0.05, schedule="cosine",
    ),
}  # fmt: skip

SAMPLE_STEPS = 64  # of gradient ascent
SAMPLE_WIDTH = 0.1  # how far a step goes, as the root mean square over pixels


class ConvNet(Recipe):
    """image [N, C, H, W] in [-1, 1] -> logits [N, classes]. `shape` is that of one image, (C, H, W).

    layers: an nn.Sequential whose parts are conv1, relu1, pool1 (where pooled lists 1), conv2, ..., flatten, then
        fc1, fc1_relu, fc1_dropout, ... for the hidden layers, and logits.
    """

    @classmethod
    def build(cls, config: Config, data: DataInfo | DataSet) -> Self:
        return cls(config, data.shape, len(data.classes))

    def __init__(self, config: Config, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        if len(shape) != 3:
            raise CourseError(f"this classifier is for images [C, H, W], not for data of shape {shape}")
        if classes < 2:
            raise CourseError("a classifier needs data with labels of two classes or more")
        self.config, self.shape, self.classes = config, shape, classes
        self.layers = self._layers(config, shape)

    def _layers(self, config: Config, shape: tuple[int, ...]) -> nn.Sequential:
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        height, width = shape[1:]
        widths = itertools.pairwise((shape[0], *config.channels))
        for i, ((a, b), kernel, stride) in enumerate(zip(widths, config.kernels, config.strides, strict=True), 1):
            parts[f"conv{i}"] = nn.Conv2d(a, b, kernel, stride, kernel // 2)
            parts[f"relu{i}"] = nn.ReLU()
            height, width = ((side - 1) // stride + 1 for side in (height, width))
            if i in config.pooled:
                parts[f"pool{i}"] = nn.MaxPool2d(config.pool, config.pool_stride)
                height, width = ((side - config.pool) // config.pool_stride + 1 for side in (height, width))
            if min(height, width) < 1:
                raise CourseError(f"images of {shape[1]}x{shape[2]} are too small for these layers: nothing passes {i}")
        parts["flatten"] = nn.Flatten()
        units = (config.channels[-1] * height * width, *config.hidden)
        for i, (a, b) in enumerate(itertools.pairwise(units), 1):
            parts |= {f"fc{i}": nn.Linear(a, b), f"fc{i}_relu": nn.ReLU(), f"fc{i}_dropout": nn.Dropout(config.dropout)}
        parts["logits"] = nn.Linear(units[-1], self.classes)
        return nn.Sequential(parts)

    def upto(self, name: str) -> nn.Sequential:
        """The layers from the image to the one of this name, it included. Raises CourseError for an unknown name."""
        names = [name for name, _ in self.layers.named_children()]
        if name not in names:
            raise unknown("layer", name, names)
        return self.layers[: names.index(name) + 1]

    def features(self, x: Tensor, name: str) -> Tensor:
        """What the layer of this name answers: image [N, C, H, W] -> [N, maps, h, w], or [N, units]."""
        assert x.shape[1:] == self.shape, f"images must be [N, {', '.join(map(str, self.shape))}], not {list(x.shape)}"
        return self.upto(name)(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x, "logits").float()

    def configure_optimizers(self) -> dict[str, Optimizer]:
        return {"convnet": SGD(self.parameters(), lr=self.config.learning_rate, momentum=self.config.momentum)}

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        return optimize("convnet", self.loss, next_batch())

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The cross-entropy [] in nats, and the accuracy."""
        logits = self(batch.image)
        return cross_entropy(logits, batch.label), {"accuracy": accuracy(logits, batch.label)}

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> dict[str, Tensor]:
        """The cross-entropy in nats, and the share of images whose class is found."""
        logits = self(batch.image)
        return {"cross_entropy": cross_entropy(logits, batch.label), "accuracy": accuracy(logits, batch.label)}

    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """What the network takes for its classes, in turn: n images [n, C, H, W] in [-1, 1].

        A classifier has no distribution to draw from. Each image begins as faint noise and climbs the logit of its
        class, as Simonyan et al. (2013), section 2, do with a penalty on its size; here it is kept in [-1, 1] instead.
        z: standard normal noise [n, C * H * W] to begin with.
        """
        z = self.randn(n, *self.shape) if z is None else z.view(n, *self.shape)
        x, wanted = 0.1 * z, torch.arange(n, device=z.device) % self.classes
        for _ in range(SAMPLE_STEPS):
            with torch.enable_grad():
                x = x.detach().requires_grad_()
                score = self(x).gather(1, wanted[:, None]).sum()
            (slope,) = torch.autograd.grad(score, x)
            size = slope.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-12)
            x = (x.detach() + SAMPLE_WIDTH * slope / size).clamp(-1, 1)
        return x


def accuracy(logits: Tensor, label: Tensor) -> Tensor:
    """The share of rows of logits [N, K] whose largest is that of label [N]: [] in [0, 1]."""
    return (logits.argmax(1) == label).float().mean()
