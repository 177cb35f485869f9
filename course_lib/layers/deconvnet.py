"""Looking back from an activation to the pixels: gradient, deconvnet and guided backpropagation. Chapter: deconvnet.

All three walk the network backwards by the same road. Filters are transposed, and max pooling is undone by its
switches. They differ in what a rectifier does to the signal on its way back.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import max_pool2d

from course_lib.errors import CourseError, unknown

Switches = Literal["true", "first", "random", "shuffled"]
SWITCHES = ("true", "first", "random", "shuffled")


@dataclass(frozen=True)
class Rule:
    """What a rectifier does on the way back to the signal that comes down to it.

    mask: let it through only where the input was positive on the way up. rectify: let it through only where it is
    itself positive.
    """

    mask: bool
    rectify: bool


# The last lets everything pass: together they are the table that tells what each of the two does.
RULES = {
    "gradient": Rule(mask=True, rectify=False),  # Simonyan et al. (2013)
    "deconvnet": Rule(mask=False, rectify=True),  # Zeiler and Fergus (2014), section 2.1
    "guided": Rule(mask=True, rectify=True),  # Springenberg et al. (2015)
    "linear": Rule(mask=False, rectify=False),
}


class Rectifier(Function):
    """max(x, 0) on the way up; on the way back what the rule says."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rule: Rule) -> Tensor:
        ctx.save_for_backward(x > 0)
        ctx.rule = rule
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None]:
        (open_,) = ctx.saved_tensors
        if ctx.rule.rectify:
            signal = signal.clamp(min=0)
        return (signal * open_ if ctx.rule.mask else signal), None


class Pooling(Function):
    """Max pooling on the way up; on the way back each number goes where its switch points. Those that meet add up."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, pool: nn.MaxPool2d, switches: Switches) -> Tensor:
        pooled, places = max_pool2d(x, pool.kernel_size, pool.stride, return_indices=True)
        ctx.save_for_backward(moved(places, pool, x.shape[-1], switches))
        ctx.shape = x.shape
        return pooled

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        flat = signal.new_zeros(*ctx.shape[:2], ctx.shape[2] * ctx.shape[3])
        return flat.scatter_add(2, places.flatten(2), signal.flatten(2)).view(ctx.shape), None, None


def moved(places: Tensor, pool: nn.MaxPool2d, width: int, switches: Switches) -> Tensor:
    """Switches other than those that pooling found, each still in its own window.

    places: int64 [N, C, h, w], indices into maps [H, W] laid out row by row, as torch gives them.  width: W.
    switches: "true" leaves them as they are; "first" takes the upper left corner of every window, "random" any place
    in it, "shuffled" the place that the next image of the batch had there.
    """
    if switches == "true":
        return places
    if switches == "shuffled":
        return places.roll(1, 0)
    rows, columns = (torch.arange(n, device=places.device) * pool.stride for n in places.shape[-2:])
    corner = (rows[:, None] * width + columns).expand_as(places)
    if switches == "first":
        return corner
    down, right = (torch.randint(pool.kernel_size, places.shape, device=places.device) for _ in range(2))
    return corner + down * width + right


def project(
    layers: nn.Module, image: Tensor, signal: Tensor, rule: str | Rule = "deconvnet", switches: Switches = "true"
) -> Tensor:
    """Send a signal at the top of these layers down to the pixels.

    layers: an nn.Sequential, which may hold others. Its nn.ReLU pass back by the rule, its nn.MaxPool2d by the
        switches, and everything else by its own gradient: a convolution by its transposed filters.
    image: [N, C, H, W].  signal: of the shape of layers(image); for one activation, zero but for a single place.
    rule: a name in RULES, or a Rule.  switches: see `moved`.
    Returns [N, C, H, W]. With "gradient" and "true" this is the gradient of (signal * layers(image)).sum().

    Raises CourseError for an unknown rule or kind of switches, for layers that are not an nn.Sequential, and for a
    pooling with padding, dilation, ceil_mode or windows that are not square.
    Source: Zeiler and Fergus (2014), section 2.1; Springenberg et al. (2015), figure 1.
    """
    if isinstance(rule, str):
        if rule not in RULES:
            raise unknown("rule", rule, RULES)
        rule = RULES[rule]
    if switches not in SWITCHES:
        raise unknown("kind of switches", str(switches), SWITCHES)
    with torch.enable_grad():
        image = image.detach().requires_grad_()
        (down,) = torch.autograd.grad(_up(layers, image, rule, switches), image, signal.detach())
    return down


def _up(layer: nn.Module, x: Tensor, rule: Rule, switches: Switches) -> Tensor:
    match layer:
        case nn.Sequential():
            for part in layer:
                x = _up(part, x, rule, switches)
            return x
        case nn.ReLU():
            return Rectifier.apply(x, rule)
        case nn.MaxPool2d():
            if (layer.padding, layer.dilation, layer.ceil_mode) != (0, 1, False) or not (
                isinstance(layer.kernel_size, int) and isinstance(layer.stride, int)
            ):
                raise CourseError(f"{layer}: pooling is undone for square windows without padding and dilation only")
            return Pooling.apply(x, layer, switches)
    if any(isinstance(part, nn.ReLU | nn.MaxPool2d) for part in layer.modules()):
        raise CourseError(f"{type(layer).__name__} holds rectifiers or poolings out of reach: pass an nn.Sequential")
    return layer(x)


def strongest(activations: Tensor) -> Tensor:
    """A signal that keeps the largest activation of each image and is zero elsewhere: [N, ...] -> the same shape."""
    flat = activations.flatten(1)
    value, place = flat.max(1, keepdim=True)
    return torch.zeros_like(flat).scatter(1, place, value).view_as(activations)
