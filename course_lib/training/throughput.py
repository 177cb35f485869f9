"""How fast a system trains on this device, and what holds it back: arithmetic, memory or waiting."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from course_lib.data import DataSet
from course_lib.training.engine import Engine
from course_lib.training.recipe import Recipe

BOUND = 0.5  # a device that reaches this share of what it can do is held back by it


def measure(
    recipe: Recipe, data: DataSet, *, steps: int = 50, warmup: int = 10, precision: str = "no", compile: bool = False
) -> dict[str, Any]:
    """Train for `warmup` and then `steps` steps, and say how fast that was.

    Returns
    - images_per_second, milliseconds_per_step;
    - flop_per_second: multiplications and additions of matrix products and convolutions, forward and backward, as
      torch's own counter finds them; share_of_arithmetic: of what one large matrix product reaches here;
    - bytes_per_second: a lower bound, what the weights, gradients and averages of the optimisers alone must move;
      share_of_memory: of what copying a large tensor reaches here;
    - on CUDA, busy: the share of the time in which a kernel ran, and kernels_per_step. (Products in float32 are
      compared with one without TF32, which convolutions may use.)
    - bound: which of these holds it back, in a few words.
    """
    engine = Engine(recipe, data, precision=precision, steps=steps + warmup + 12)
    device = engine.device
    with FlopCounterMode(display=False) as counter:  # before compilation, which would hide the operations
        engine.step()
    flop = counter.get_total_flops()
    if compile:
        engine.compile()
    for _ in range(warmup):
        engine.step()
    engine.check()
    seconds = _timed(lambda: [engine.step() for _ in range(steps)], device) / steps
    engine.check()
    moved = sum(_optimizer_bytes(optimizer) for optimizer in engine.optimizers.values())
    reduced = torch.bfloat16 if precision == "bf16" else torch.float32
    found = {
        "images_per_second": engine.config.batch_size / seconds,
        "milliseconds_per_step": seconds * 1e3,
        "flop_per_second": flop / seconds,
        "share_of_arithmetic": flop / seconds / _matrix_product(device, reduced),
        "bytes_per_second": moved / seconds,
        "share_of_memory": moved / seconds / _copy(device),
    }
    if device.type == "cuda":
        for repeats in (1, 10):  # the first time the profiler makes itself ready
            with profile(activities=[ProfilerActivity.CUDA]) as trace:
                _timed(lambda: [engine.step() for _ in range(repeats)], device)  # noqa: B023 (called at once)
        kernels = [event for event in trace.events() if event.device_type == torch.autograd.DeviceType.CUDA]
        found["busy"] = min(1.0, sum(event.device_time for event in kernels) / 1e6 / repeats / seconds)
        found["kernels_per_step"] = len(kernels) / repeats
    return found | {"bound": bound(found)}


def bound(found: dict[str, float]) -> str:
    """What holds a system back that was measured so."""
    if found["share_of_arithmetic"] >= BOUND:
        return "arithmetic"
    if found["share_of_memory"] >= BOUND:
        return "memory: the weights and the optimiser's averages"
    if found.get("busy", 1.0) < BOUND:
        return f"starting kernels: {found['kernels_per_step']:.0f} a step, and the device waits between them"
    return "neither arithmetic nor the weights' memory: activations and small operations"


def _optimizer_bytes(optimizer: torch.optim.Optimizer) -> int:
    """A step reads and writes each weight and each tensor of its state, and reads its gradient."""
    total = 0
    for group in optimizer.param_groups:
        for weight in group["params"]:
            kept = [value for value in optimizer.state[weight].values() if torch.is_tensor(value) and value.ndim]
            total += 3 * weight.nbytes + sum(2 * value.nbytes for value in kept)
    return total


def _matrix_product(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of one large matrix product."""
    n = 8192 if device.type == "cuda" else 1024
    a, b = torch.randn(2, n, n, device=device, dtype=dtype)
    return 2 * n**3 / _best(lambda: a @ b, device)


def _copy(device: torch.device) -> float:
    """Bytes a second, read and written, of copying more than a cache holds."""
    # Ones, since memory that nobody wrote to, or only zeros, need not be there.
    source = torch.ones(2**30 if device.type == "cuda" else 2**27, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _best(lambda: target.copy_(source), device)


def _best(work: Callable[[], Any], device: torch.device) -> float:
    work()
    return min(_timed(work, device) for _ in range(5))


def _timed(work: Callable[[], Any], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began
