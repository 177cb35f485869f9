"""The engine: one training step after another, on whatever device there is."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import AutocastKwargs
from torch import Tensor

from course_lib.data import Batch, DataSet
from course_lib.errors import CourseError
from course_lib.training.recipe import Recipe

PRECISIONS = ("no", "bf16")
# Autocast keeps the bf16 copy of a weight until its block ends; a step that optimises twice would then use a stale one.
_NO_CACHE = AutocastKwargs(cache_enabled=False)


class NonFiniteError(CourseError):
    """A loss or a weight is NaN or infinite."""


class Engine:
    """Trains a recipe on a data set, step by step.

    seed: of the order of the data and of the noise drawn in training (weights are drawn by whoever builds the recipe).
    precision: "no" is float32; "bf16" computes in bfloat16 where that is safe, and keeps weights in float32.
    """

    def __init__(
        self, recipe: Recipe, data: DataSet, *, seed: int = 0, batch_size: int | None = None, precision: str = "no"
    ) -> None:
        self.accelerator = Accelerator(mixed_precision=precision)
        if self.accelerator.num_processes > 1:
            raise CourseError("training runs in one process: start it without `accelerate launch`")
        self.device = self.accelerator.device
        self.recipe = recipe.to(self.device).train()
        self.optimizers = recipe.configure_optimizers()
        self.data = data.to(self.device)
        self.batch_size = recipe.config.batch_size if batch_size is None else batch_size
        self.step_count = 0
        self.images_seen = 0
        # Two streams from one seed, so that the data's order does not mirror the noise.
        noise_seed, data_seed = np.random.SeedSequence(seed).generate_state(2).tolist()
        torch.manual_seed(noise_seed)
        self.generator = torch.Generator(self.device).manual_seed(data_seed)
        self._first_bad: dict[str, Tensor] = {}

    def step(self) -> dict[str, Tensor]:
        """One `training_step` of the recipe. Returns its scalars, detached, still on the device."""
        self.step_count += 1
        with self.accelerator.autocast(_NO_CACHE):
            terms = self.recipe.training_step(self._next_batch, self._optimize)
        terms = {name: value.detach() for name, value in terms.items()}
        for name, value in terms.items():
            self._watch(name, value)
        return terms

    def check(self) -> None:
        """Raise NonFiniteError if a loss has been NaN or infinite since the start, with its name and first step."""
        if not self._first_bad:
            return
        steps = torch.stack(list(self._first_bad.values())).tolist()  # the one wait for the device
        # Terms keep the order in which they were computed, so the first of a step is the one that went wrong.
        step, _, name = min((step, i, name) for i, (name, step) in enumerate(zip(self._first_bad, steps, strict=True)))
        if step < math.inf:
            raise NonFiniteError(f"{name} is NaN or infinite at step {step:.0f}")

    def state(self) -> tuple[dict[str, dict[str, Tensor]], dict[str, str]]:
        """Everything that decides what the next step computes: tensors by file and name, and JSON for the optimisers.

        Raises NonFiniteError where a loss, a weight or an optimiser's average is not finite: such a state is not kept.
        """
        self.check()
        moments, groups = {}, {}
        for name, optimizer in self.optimizers.items():
            state = optimizer.state_dict()
            plain: dict[str, dict[str, Any]] = {}
            for index, values in state["state"].items():
                for key, value in values.items():
                    if isinstance(value, Tensor):
                        moments[f"{name}/{index}/{key}"] = value
                    else:
                        plain.setdefault(str(index), {})[key] = value
            groups[name] = json.dumps({"param_groups": state["param_groups"], "state": plain})
        weights = self.recipe.state_dict()
        for name, value in {**weights, **moments}.items():
            if value.is_floating_point() and not torch.isfinite(value).all():
                raise NonFiniteError(f"{name} is NaN or infinite after step {self.step_count}")
        random = {"cpu": torch.get_rng_state(), "data": self.generator.get_state()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        return {"weights": weights, "optimizers": moments, "random": random}, groups

    def load_state(self, tensors: dict[str, dict[str, Tensor]], groups: dict[str, str], step: int) -> None:
        """Take up what `state` gave after that step."""
        self.recipe.load_state_dict(tensors["weights"])
        for name, optimizer in self.optimizers.items():
            state = json.loads(groups[name])
            values = {int(index): dict(plain) for index, plain in state["state"].items()}
            for key, tensor in tensors["optimizers"].items():
                owner, index, field = key.rsplit("/", 2)
                if owner == name:
                    values.setdefault(int(index), {})[field] = tensor
            optimizer.load_state_dict({"state": values, "param_groups": state["param_groups"]})
        torch.set_rng_state(tensors["random"]["cpu"])
        self.generator.set_state(tensors["random"]["data"])
        if self.device.type == "cuda" and "cuda" in tensors["random"]:
            torch.cuda.set_rng_state(tensors["random"]["cuda"], self.device)
        self.step_count = step

    def _next_batch(self) -> Batch:
        self.images_seen += self.batch_size
        return self.data.batch(self.batch_size, self.generator)

    def _optimize(self, name: str, loss: Tensor) -> None:
        self._watch(f"loss/{name}", loss.detach())
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        with torch.autocast(self.device.type, enabled=False):  # backward repeats the precision of the forward pass
            self.accelerator.backward(loss)
            optimizer.step()

    def _watch(self, name: str, value: Tensor) -> None:
        """Remember, on the device, the first step at which the value was not finite."""
        now = torch.where(torch.isfinite(value).all(), math.inf, float(self.step_count))
        self._first_bad[name] = torch.minimum(self._first_bad[name], now) if name in self._first_bad else now


def steps(
    recipe: Recipe, data: DataSet, count: int, *, seed: int = 0, batch_size: int | None = None, precision: str = "no"
) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """Train in a notebook: yields (step, scalars) after each of `count` steps, from 1. Writes nothing.

    for step, terms in steps(model, data, 2000): if step % 200 == 0: frames.append(draw(model, 64))

    Raises NonFiniteError, at the end or every hundred steps, where a loss was not finite.
    """
    engine = Engine(recipe, data, seed=seed, batch_size=batch_size, precision=precision)
    for step in range(1, count + 1):
        yield step, engine.step()
        if step % 100 == 0 or step == count:
            engine.check()


@torch.no_grad()
def draw(recipe: Recipe, n: int, seed: int = 0) -> Tensor:
    """n samples on the CPU, in evaluation mode, from a seed of their own: training goes on as if nothing was drawn.

    The same seed means the same latents, so samples drawn at different steps show how each of them changes.
    """
    training = recipe.training
    cuda = [recipe.device] if recipe.device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        try:
            return recipe.eval().sample(n).float().cpu()
        finally:
            recipe.train(training)
