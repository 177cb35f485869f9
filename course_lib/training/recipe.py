"""What a model file writes for the engine: which losses, which weights each of them moves, how to sample."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_lib.data import Batch, DataInfo, DataSet
from course_lib.errors import CourseError

# A loss [], a mean over the examples; or, where an algorithm estimates them in another way, the gradients themselves
# by the names of their parameters. Either alone, or in a pair with further scalars [] to log.
Loss = Tensor | Mapping[str, Tensor]
Answer = Loss | tuple[Loss, Mapping[str, Tensor]]

# optimize(name, loss_of, batch): one step of that optimiser on the loss of that batch. Returns what to log, detached:
# "loss/<name>" and the further scalars.
Optimize = Callable[[str, Callable[[Batch], Answer], Batch], dict[str, Tensor]]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What every system's Config has. Raises CourseError for a value out of range."""

    batch_size: int = 128  # examples in a step, however many processes and pieces share them
    average: float = 0.0  # decay of the moving average of the weights that samples are drawn from; 0 for none
    schedule: Literal["constant", "linear", "cosine"] = "constant"  # how the learning rate falls to 0 by the last step
    warmup: int = 0  # steps in which the learning rate first rises to its value
    clip: float = 0.0  # the largest norm that an optimiser's gradient may have; 0 for no limit

    def __post_init__(self) -> None:
        at_least(self, 1, "batch_size")
        at_least(self, 0, "warmup", "clip")
        if not 0 <= self.average < 1:
            raise CourseError(f"average must lie in [0, 1), not {self.average}")


def at_least(config: Any, least: float, *names: str) -> None:
    """Raise CourseError for a field of these names that is smaller."""
    for name in names:
        if not getattr(config, name) >= least:
            raise CourseError(f"{name} must be at least {least}, not {getattr(config, name)}")


@dataclass(frozen=True)
class SharedNoise:
    """One stream of noise for all processes: each draws that of the whole batch, and takes its own rows."""

    generator: torch.Generator
    process: int
    processes: int

    def rows(self, draw: Callable[..., Tensor], n: int, shape: tuple[int, ...]) -> Tensor:
        noise = draw(n * self.processes, *shape, generator=self.generator, device=self.generator.device)
        return noise[n * self.process : n * (self.process + 1)]


class Recipe(nn.Module):
    """A model that knows how it is trained.

    A subclass holds its networks as submodules and sets `config`, a TrainingConfig. What training changes must live in
    parameters and buffers, and randomness must come from `randn`, `rand` and torch's global generators: then a
    checkpoint holds all of it, and a resumed run repeats the uninterrupted one bit for bit. (Where several processes
    train together, a checkpoint keeps the buffers of the first.)
    """

    config: TrainingConfig
    averaged: ClassVar[tuple[str, ...]] = ("",)  # which weights `config.average` is of, by how their names begin
    shared_noise: SharedNoise | None = None  # set by the engine where several processes train together

    @classmethod
    def build(cls, config: Any, data: DataInfo | DataSet) -> Self:
        """The model for such data. One that must know more of them than their shape overrides it."""
        return cls(config, data.shape)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def configure_optimizers(self) -> dict[str, Optimizer]:
        """The optimisers, by the names that `training_step` gives to `optimize`. Called once, on the device."""
        raise NotImplementedError

    def prepare(self, batch: Batch) -> None:
        """Called once, before the first step of a run, with a batch of its data, whole in every process."""

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        """One step of the paper's algorithm: ask for as many batches as it takes, optimise, return what to log.

        Every `next_batch()` is of `config.batch_size` fresh examples. `optimize` may cut one into pieces and add up
        their gradients, where memory is short; it still is one batch and one step. Returns scalars [] by name; a
        dictionary of the same names at every step. Reads no value on the host (`.item()`, `if loss > 1`), which would
        make a GPU wait.
        """
        raise NotImplementedError

    def evaluate(self, batch: Batch) -> dict[str, Tensor]:
        """Means over a batch of held-out examples, scalars [] by name, such as "elbo". Empty where there are none."""
        return {}

    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """n samples, [n, *shape], from latents z [n, latent] where the model has them (drawn where None)."""
        raise NotImplementedError

    def randn(self, n: int, *shape: int) -> Tensor:
        """Standard normal noise for n examples, [n, *shape]."""
        return self._noise(torch.randn, n, shape)

    def rand(self, n: int, *shape: int) -> Tensor:
        """Uniform noise in [0, 1) for n examples, [n, *shape]."""
        return self._noise(torch.rand, n, shape)

    def _noise(self, draw: Callable[..., Tensor], n: int, shape: tuple[int, ...]) -> Tensor:
        if self.shared_noise is None or not self.training:
            return draw(n, *shape, device=self.device)
        return self.shared_noise.rows(draw, n, shape)


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Within, a forward pass takes the module's weights for constants: gradients pass through it and reach none."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)
