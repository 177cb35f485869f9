"""A convolutional network that reads every attribute of an image at once. Chapter: dcgan_representations.

The features of `convnet.py` with an output for each attribute: whether there are glasses, how far the head is turned.
The course asks it what generated avatars show, whose truth nobody has written down.
"""

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam, Optimizer

from course_lib.data import Batch, DataInfo, DataSet
from course_lib.errors import CourseError
from course_lib.models.convnet import Config, ConvNet
from course_lib.training import Optimize, Recipe

# Sized so that one CPU core trains it in a few minutes.
PRESETS = {
    "avatars": Config(
        channels=(24, 48, 96), kernels=(3, 3, 3), strides=(1, 1, 1), pooled=(1, 2, 3), pool=2, hidden=(128,),
        dropout=0.1, batch_size=64, learning_rate=2e-3, schedule="cosine", warmup=100,
    ),
    "celeba": Config(hidden=(256,), learning_rate=1e-3, schedule="cosine", warmup=100),
}  # fmt: skip


class AttributeNet(Recipe):
    """image [N, C, H, W] in [-1, 1] -> one number for each attribute [N, A].

    An attribute that is 0 or 1 in the data (a column of a category too) is a yes or no: the number is a logit. Any
    other is measured in standard deviations from its mean. Which is which is seen in the first batch of a run.
    """

    @classmethod
    def build(cls, config: Config, data: DataInfo | DataSet) -> Self:
        return cls(config, data.shape, data.attribute_names)

    def __init__(self, config: Config, shape: tuple[int, ...], attributes: tuple[str, ...]) -> None:
        super().__init__()
        if len(attributes) < 2:
            raise CourseError("an attribute network needs data with two attributes or more, such as avatars or celeba")
        self.config, self.shape, self.attributes = config, shape, attributes
        self.net = ConvNet(config, shape, len(attributes))
        self.register_buffer("measured", torch.zeros(len(attributes), dtype=torch.bool))
        self.register_buffer("mean", torch.zeros(len(attributes)))
        self.register_buffer("deviation", torch.ones(len(attributes)))

    def prepare(self, batch: Batch) -> None:
        values = batch.attributes
        self.measured.copy_(((values != 0) & (values != 1)).any(0))
        self.mean.copy_(values.mean(0))
        self.deviation.copy_(values.std(0).clamp(min=1e-6))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def predict(self, x: Tensor) -> Tensor:
        """Attributes [N, A] in the data's own units: a probability for a yes or no, degrees for an angle."""
        out = self(x)
        return torch.where(self.measured, self.mean + self.deviation * out, out.sigmoid())

    def configure_optimizers(self) -> dict[str, Optimizer]:
        # Fifty losses share one mean, and the rare attributes have small gradients: Adam gives each its own scale.
        return {"net": Adam(self.parameters(), lr=self.config.learning_rate)}

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        return optimize("net", self.loss, next_batch())

    def loss(self, batch: Batch) -> Tensor:
        """The mean over attributes [] of cross-entropies in nats and halved squared errors in deviations."""
        out, wanted = self(batch.image), batch.attributes
        answers = binary_cross_entropy_with_logits(out, wanted.clamp(0, 1), reduction="none")
        errors = (out - (wanted - self.mean) / self.deviation).square() / 2
        return torch.where(self.measured, errors, answers).mean()

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> dict[str, Tensor]:
        """The share of right yeses and noes, and the mean absolute error of what is measured, in deviations."""
        found = self.predict(batch.image)
        right = ((found > 0.5) == (batch.attributes > 0.5)).float().mean(0)
        errors = ((found - batch.attributes).abs() / self.deviation).mean(0)
        return {
            "accuracy": (right * ~self.measured).sum() / (~self.measured).sum().clamp(min=1),
            "error": (errors * self.measured).sum() / self.measured.sum().clamp(min=1),
        }

    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """What the network takes for its attributes, one after another: see `ConvNet.sample`."""
        return self.net.sample(n, z)
