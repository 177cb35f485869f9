"""The engine: one training step after another, on whatever devices there are."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from course_lib.data import Batch, DataSet
from course_lib.errors import CourseError
from course_lib.training.recipe import Answer, Recipe, SharedNoise, TrainingConfig

PRECISIONS = ("no", "bf16")
OWN_STATES = {"host", "device"}  # random states of which each process has its own: [processes, bytes]
UNCHECKED = 4096  # losses that may wait on the device until somebody asks whether they are finite


class NonFiniteError(CourseError):
    """A loss or a weight is NaN or infinite."""


class Engine:
    """Trains a recipe on a data set, step by step.

    seed: of the order of the data and of the noise drawn in training (weights are drawn by whoever builds the recipe).
    precision: "no" is float32; "bf16" computes in bfloat16 where that is safe, and keeps weights in float32.
    steps: how many there will be, which a schedule of the learning rate must know.
    accumulate: pieces that each batch is cut into, to save memory. The loss is a mean over the examples, so it is the
        same loss, unless the network compares the examples of a batch (batch normalisation).
    compile: let torch compile the networks: a minute of waiting, and on a GPU faster steps after it.

    Several processes (`accelerate launch`) share each batch evenly: the result is that of one process, up to rounding
    and to what a network draws for itself (dropout). Random states are those of torch's global generators.

    Raises CourseError where the batch cannot be shared evenly, a schedule has no end, or the device has no bfloat16.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: DataSet,
        *,
        seed: int = 0,
        precision: str = "no",
        steps: int | None = None,
        accumulate: int = 1,
        compile: bool = False,
    ) -> None:
        self.config = recipe.config
        self.accelerator = _accelerator(precision)
        self.device = self.accelerator.device
        self.process, self.processes = self.accelerator.process_index, self.accelerator.num_processes
        if accumulate < 1 or self.config.batch_size % (self.processes * accumulate):
            raise CourseError(
                f"a batch of {self.config.batch_size} cannot be shared evenly by {self.processes} processes with "
                f"{accumulate} pieces each: choose another batch_size"
            )
        if self.config.schedule != "constant" and steps is None:
            raise CourseError(f"the schedule '{self.config.schedule}' must know the number of steps")
        self.steps, self.accumulate = steps, accumulate
        self.step_count = 0
        self.images_seen = 0
        self._unchecked: list[tuple[str, int, Tensor]] = []

        self.recipe = recipe.to(self.device).train()
        self.data = data.to(self.device)
        if self.device.type == "cuda":
            self.recipe.to(memory_format=torch.channels_last)
        if self.processes > 1:
            for value in self.recipe.state_dict().values():
                value.copy_(broadcast(value))
        self._parameters = dict(self.recipe.named_parameters())
        self.optimizers = recipe.configure_optimizers()
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group.update(self._fused(group))
        self._rates = {
            name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in self.optimizers.items()
        }
        self.averages = {name: value.clone() for name, value in self._averaged().items()}

        # Two streams from one seed, so that the data's order does not mirror the noise.
        noise_seed, data_seed = np.random.SeedSequence(seed).generate_state(2).tolist()
        self.generator = torch.Generator(self.device).manual_seed(data_seed)
        torch.manual_seed(noise_seed + self.process)
        recipe.shared_noise = None
        if self.processes > 1:
            noise = torch.Generator(self.device).manual_seed(noise_seed)
            recipe.shared_noise = SharedNoise(noise, self.process, self.processes)
        if compile:
            self.compile()

    def compile(self) -> None:
        """Let torch compile each network when it next runs."""
        for network in self.recipe.children():
            network.compile()

    def step(self) -> dict[str, Tensor]:
        """One `training_step` of the recipe. Returns its scalars, detached, still on the device."""
        if self.step_count == 0 and type(self.recipe).prepare is not Recipe.prepare:
            random = torch.Generator(self.device)
            random.set_state(self.generator.get_state())  # a look at the data takes nothing from training
            with torch.no_grad():
                self.recipe.prepare(self.data.batch(self.config.batch_size, random))
        self.step_count += 1
        self._set_rates()
        with self._autocast():
            terms = self.recipe.training_step(self._next_batch, self._optimize)
        if self.config.average:
            self._average()
        if len(self._unchecked) > UNCHECKED:
            self.check()
        return {name: value.detach() for name, value in terms.items()}

    def check(self) -> None:
        """Raise NonFiniteError if a loss has been NaN or infinite since the start, with its name and first step.

        Between calls the losses stay on the device, where nobody waits for them.
        """
        if not self._unchecked:
            return
        values = torch.stack([value.float() for *_, value in self._unchecked])
        good = self.gather(values).isfinite().all(0).tolist()
        if not all(good):
            name, step, _ = self._unchecked[good.index(False)]
            raise NonFiniteError(f"{name} is NaN or infinite at step {step}")
        self._unchecked.clear()

    def gather(self, value: Tensor) -> Tensor:
        """The value [...] of every process, [processes, ...]."""
        return self.accelerator.gather(value[None]) if self.processes > 1 else value[None]

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
        random = {"host": self.gather(torch.get_rng_state().to(self.device)), "data": self.generator.get_state()}
        if self.device.type == "cuda":
            random["device"] = self.gather(torch.cuda.get_rng_state(self.device).to(self.device))
        if self.recipe.shared_noise:
            random["noise"] = self.recipe.shared_noise.generator.get_state()
        return {"weights": weights, "averages": self.averages, "optimizers": moments, "random": random}, groups

    def load_state(self, tensors: dict[str, dict[str, Tensor]], groups: dict[str, str], step: int) -> None:
        """Take up what `state` gave after that step. Where the device or the number of processes is another, random
        states are taken up as far as there are any."""
        self.recipe.load_state_dict(tensors["weights"])
        for name, value in self.averages.items():
            value.copy_(tensors["averages"][name])
        for name, optimizer in self.optimizers.items():
            state = json.loads(groups[name])
            values = {int(index): dict(plain) for index, plain in state["state"].items()}
            for key, tensor in tensors["optimizers"].items():
                owner, index, field = key.rsplit("/", 2)
                if owner == name:
                    values.setdefault(int(index), {})[field] = tensor
            for group in state["param_groups"]:  # it may have been written on another device
                group.update(self._fused(group))
            optimizer.load_state_dict({"state": values, "param_groups": state["param_groups"]})
            for weight, kept in optimizer.state.items():  # files keep no memory layout, and fused kernels want one
                for key, value in kept.items():
                    if isinstance(value, Tensor) and value.shape == weight.shape:
                        kept[key] = torch.empty_like(weight, dtype=value.dtype).copy_(value)
        random = tensors["random"]
        # A row alone: torch reads a random state from where its memory begins, whatever part of it a view shows.
        mine = {name: random[name][self.process % len(random[name])].clone() for name in random.keys() & OWN_STATES}
        torch.set_rng_state(mine["host"])
        if self.device.type == "cuda" and "device" in mine:
            torch.cuda.set_rng_state(mine["device"], self.device)
        generators = {"data": self.generator}
        if self.recipe.shared_noise:
            generators["noise"] = self.recipe.shared_noise.generator
        for name, generator in generators.items():
            if name in random and len(random[name]) == len(generator.get_state()):  # another device's has another size
                generator.set_state(random[name])
        self.step_count = step

    @contextmanager
    def sampling(self) -> Iterator[Recipe]:
        """The recipe with the averaged weights, where there are any, in place of its own."""
        weights = {name: value for name, value in self.recipe.state_dict().items() if name in self.averages}
        own = {name: value.clone() for name, value in weights.items()}
        try:
            for name, value in weights.items():
                value.copy_(self.averages[name])
            yield self.recipe
        finally:
            for name, value in weights.items():
                value.copy_(own[name])

    def _autocast(self, enabled: bool = True) -> AbstractContextManager:
        # Without its cache: that keeps the bf16 copy of a weight until the block ends, and a step that optimises twice
        # would use a stale one. (accelerate's own context takes a millisecond to enter.)
        if self.accelerator.mixed_precision == "no":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled, cache_enabled=False)

    def _next_batch(self) -> Batch:
        self.images_seen += self.config.batch_size
        batch = self.data.batch(self.config.batch_size, self.generator)
        if self.processes > 1:  # each piece is shared by all, as its noise is
            rows = torch.arange(self.config.batch_size, device=batch.image.device)
            batch = batch.rows(rows.view(self.accumulate, self.processes, -1)[:, self.process].flatten())
        if self.device.type == "cuda" and batch.image.ndim == 4:
            batch = batch._replace(image=batch.image.contiguous(memory_format=torch.channels_last))
        return batch

    def _optimize(self, name: str, loss_of: Callable[[Batch], Answer], batch: Batch) -> dict[str, Tensor]:
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        logged: dict[str, Tensor] = {}
        for piece in self._pieces(batch):
            answer = loss_of(piece)
            loss, terms = answer if isinstance(answer, tuple) else (answer, {})
            if isinstance(loss, Tensor):
                terms = {f"loss/{name}": loss, **terms}
                with self._autocast(enabled=False):  # backward repeats the precision of the forward pass
                    (loss / self.accumulate if self.accumulate > 1 else loss).backward()
            else:
                self._add_gradients(loss)
            for key, value in terms.items():
                value = value.detach() / self.accumulate if self.accumulate > 1 else value.detach()
                logged[key] = logged[key] + value if key in logged else value
        self._unchecked.extend((key, self.step_count, value) for key, value in logged.items())
        if self.processes > 1 or self.config.clip:
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            self._share_gradients(parameters)
            if self.config.clip:
                torch.nn.utils.clip_grad_norm_(parameters, self.config.clip)
        optimizer.step()
        return logged

    def _pieces(self, batch: Batch) -> Iterator[Batch]:
        if self.accumulate == 1:
            yield batch
            return
        n = len(batch.image) // self.accumulate
        for i in range(self.accumulate):
            yield batch.rows(slice(n * i, n * (i + 1)))

    def _add_gradients(self, gradients: Mapping[str, Tensor]) -> None:
        for name, gradient in gradients.items():
            parameter, gradient = self._parameters[name], gradient.detach() / self.accumulate
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient

    def _share_gradients(self, parameters: list[Tensor]) -> None:
        """Replace each process's gradients by their mean, all in one message."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if self.processes == 1 or not gradients:
            return
        mean = self.accelerator.reduce(torch.cat([gradient.flatten() for gradient in gradients]), "mean")
        for gradient, part in zip(gradients, mean.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def _set_rates(self) -> None:
        if self.config.schedule == "constant" and not self.config.warmup:
            return
        factor = learning_rate_factor(self.config, self.step_count, self.steps)
        for name, optimizer in self.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self._rates[name], strict=True):
                group["lr"] = rate * factor

    def _fused(self, group: dict[str, Any]) -> dict[str, Any]:
        """One kernel for all weights, where the optimiser has one for this device."""
        return {"fused": True if self.device.type == "cuda" else None} if "fused" in group else {}

    def _averaged(self) -> dict[str, Tensor]:
        if not self.config.average:
            return {}
        return {
            name: value for name, value in self.recipe.state_dict().items() if name.startswith(self.recipe.averaged)
        }

    @torch.no_grad()
    def _average(self) -> None:
        """Move the averages towards the weights; at first faster, or they would remember the untrained ones."""
        now = self._averaged()
        decay = min(self.config.average, self.step_count / (self.step_count + 10))
        floating = {name: value for name, value in now.items() if value.is_floating_point()}
        get_ema_multi_avg_fn(decay)([self.averages[name] for name in floating], list(floating.values()), None)
        for name in now.keys() - floating.keys():  # counts
            self.averages[name].copy_(now[name])


def learning_rate_factor(config: TrainingConfig, step: int, steps: int | None) -> float:
    """What the learning rate is multiplied by at this step, 1 to `steps`: it rises over `warmup`, then falls to 0."""
    if step <= config.warmup:
        return step / config.warmup
    if config.schedule == "constant":
        return 1.0
    progress = (step - 1 - config.warmup) / max(steps - config.warmup, 1)
    return 1 - progress if config.schedule == "linear" else (1 + math.cos(math.pi * progress)) / 2


def steps(
    recipe: Recipe, data: DataSet, count: int, *, seed: int = 0, precision: str = "no"
) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """Train in a notebook: yields (step, scalars) after each of `count` steps, from 1. Writes nothing.

    for step, terms in steps(model, data, 2000): if step % 200 == 0: frames.append(draw(model, 64))

    Raises NonFiniteError, at the end or every hundred steps, where a loss was not finite.
    """
    engine = Engine(recipe, data, seed=seed, precision=precision, steps=count)
    for step in range(1, count + 1):
        yield step, engine.step()
        if step % 100 == 0 or step == count:
            engine.check()


@contextmanager
def apart(recipe: Recipe, seed: int = 0) -> Iterator[Recipe]:
    """Evaluation mode, no gradients, random numbers of its own: training goes on as if nothing had happened."""
    training = recipe.training
    cuda = [recipe.device] if recipe.device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda), torch.no_grad():
        torch.manual_seed(seed)
        try:
            yield recipe.eval()
        finally:
            recipe.train(training)


def draw(recipe: Recipe, n: int, seed: int = 0) -> Tensor:
    """n samples on the CPU, in evaluation mode, from a seed of their own: training goes on as if nothing was drawn.

    The same seed means the same latents, so samples drawn at different steps show how each of them changes.
    """
    with apart(recipe, seed):
        return recipe.sample(n).float().cpu()


def _accelerator(precision: str) -> Accelerator:
    if precision not in PRECISIONS:
        raise CourseError(f"precision is {' or '.join(PRECISIONS)}, not {precision}")
    try:
        # No other device: Apple's has a random state of its own, which `apart` and the checkpoints do not know.
        accelerator = Accelerator(mixed_precision=precision, cpu=not torch.cuda.is_available())
    except ValueError as error:  # it is set once a process
        raise CourseError(f"this process trains in another precision than {precision} already: start anew") from error
    if precision == "bf16" and accelerator.device.type == "cuda" and not torch.cuda.is_bf16_supported(False):
        name = torch.cuda.get_device_name(accelerator.device)
        raise CourseError(f"{name} does not compute in bfloat16: train with precision 'no'")
    return accelerator
