"""Figures of speed against what can be counted by hand."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from course_lib import data
from course_lib.training import Recipe, TrainingConfig
from course_lib.training.throughput import bound, measure


@dataclass(frozen=True)
class Config(TrainingConfig):
    batch_size: int = 10


class Line(Recipe):
    def __init__(self):
        super().__init__()
        self.config = Config()
        self.first, self.second = nn.Linear(30, 20, bias=False), nn.Linear(20, 5, bias=False)

    def configure_optimizers(self):
        return {"line": torch.optim.Adam(self.parameters())}

    def training_step(self, next_batch, optimize):
        return optimize("line", lambda batch: self.second(self.first(batch.image)).square().mean(), next_batch())


def test_operations_and_bytes_are_those_counted_by_hand():
    found = measure(Line(), data.PointSet(torch.randn(100, 30)), steps=20, warmup=3)
    seconds = found["milliseconds_per_step"] / 1e3
    assert found["images_per_second"] == pytest.approx(10 / seconds)
    # forward 2 N in out; backward as much again for the weights, and for the input of the second layer
    first, second = 2 * 10 * 30 * 20, 2 * 10 * 20 * 5
    assert found["flop_per_second"] * seconds == pytest.approx(2 * first + 3 * second)
    # Adam in float32: weight, two averages read and written, the gradient read
    assert found["bytes_per_second"] * seconds == pytest.approx(7 * 4 * (30 * 20 + 20 * 5))
    assert 0 < found["share_of_arithmetic"] < 1
    assert 0 < found["share_of_memory"] < 1


@pytest.mark.parametrize(
    ("arithmetic", "memory", "busy", "expected"),
    [
        (0.7, 0.1, 0.9, "arithmetic"),
        (0.2, 0.6, 0.9, "memory"),
        (0.1, 0.1, 0.2, "starting kernels: 321 a step"),
        (0.1, 0.1, 0.9, "neither"),
    ],
)
def test_what_holds_it_back(arithmetic, memory, busy, expected):
    found = {"share_of_arithmetic": arithmetic, "share_of_memory": memory, "busy": busy, "kernels_per_step": 321}
    assert bound(found).startswith(expected)
