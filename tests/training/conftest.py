"""A small recipe with everything that a checkpoint must hold: dropout, a buffer, two optimisers, two batches a step."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from course_lib.training import Recipe, TrainingConfig


@dataclass(frozen=True)
class Config(TrainingConfig):
    batch_size: int = 16
    poison: int = 0  # the step at which the second loss becomes NaN; 0 for never
    widths: tuple[int, ...] = (8,)


class Small(Recipe):
    """Two linear maps of noise, one pulled to the data's mean, the other to the first."""

    def __init__(self, config=Config(), shape=(1, 8, 8)):
        super().__init__()
        self.config = config
        self.shape = shape
        self.first = nn.Sequential(nn.Linear(4, 64), nn.Dropout(0.3))
        self.second = nn.Linear(4, 64)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def configure_optimizers(self):
        return {
            "first": torch.optim.Adam(self.first.parameters(), lr=1e-2),
            "second": torch.optim.SGD(self.second.parameters(), lr=1e-2, momentum=0.9),
        }

    def training_step(self, next_batch, optimize):
        self.seen += 1
        return optimize("first", self.first_loss, next_batch()) | optimize("second", self.second_loss, next_batch())

    def first_loss(self, batch):
        fake = self.first(self.randn(len(batch.image), 4))
        return (fake - batch.image.flatten(1)).square().mean(), {"brightness": fake.mean()}

    def second_loss(self, batch):
        loss = (self.second(self.randn(len(batch.image), 4)) - batch.image.flatten(1)).square().mean()
        if self.config.poison:
            loss = loss * torch.where(self.seen == self.config.poison, torch.nan, 1.0)
        return loss

    def evaluate(self, batch):
        return {"distance": (self.sample(len(batch.image)) - batch.image).square().mean()}

    @torch.no_grad()
    def sample(self, n, z=None):
        z = torch.randn(n, 4, device=self.device) if z is None else z
        return self.first(z).tanh().view(n, *self.shape)


@pytest.fixture
def small():
    """small(poison=…) builds the recipe with weights from a fixed seed."""

    def build(**changes):
        torch.manual_seed(0)
        return Small(Config(**changes))

    return build
