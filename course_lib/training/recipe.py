"""What a model file writes for the engine: which losses, which weights each of them moves, how to sample."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_lib.data import Batch

# optimize(name, loss): zero the gradients of that optimiser, go backward from the loss [], take a step.
Optimize = Callable[[str, Tensor], None]


class Recipe(nn.Module):
    """A model that knows how it is trained.

    A subclass holds its networks as submodules and sets `config`, a frozen dataclass with at least `batch_size`. What
    training changes must live in parameters and buffers, and randomness must come from torch's global generators:
    then a checkpoint holds all of it, and a resumed run repeats the uninterrupted one bit for bit.
    """

    config: Any

    @classmethod
    def build(cls, config: Any, shape: tuple[int, ...], classes: tuple[str, ...] = ()) -> Self:
        """The model for data of this shape; a conditional one overrides this to take the classes too."""
        return cls(config, shape)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def configure_optimizers(self) -> dict[str, Optimizer]:
        """The optimisers, by the names that `training_step` gives to `optimize`. Called once, on the device."""
        raise NotImplementedError

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        """One step of the paper's algorithm: ask for as many batches as it takes, optimise, return what to log.

        Returns scalars [] by name, such as "loss/generator"; a dictionary of the same names at every step. Reads no
        value on the host (`.item()`, `if loss > 1`), which would make a GPU wait.
        """
        raise NotImplementedError

    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """n samples, [n, *shape], from latents z [n, latent] where the model has them (drawn where None)."""
        raise NotImplementedError


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
