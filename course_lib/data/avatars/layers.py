"""What the parts of a picture are made with: the grid of samples, the layer, distances, colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.data.avatars import noise

Three = tuple[Tensor, Tensor, Tensor]


class Window:
    """A rectangle of the picture's samples, flattened row by row: x and y are [1, P]."""

    def __init__(self, grid: "Grid", low: float, high: float, left: float, right: float) -> None:
        first, last = _span(-high, -low, grid.side)
        start, stop = _span(left, right, grid.side)
        self.rows, self.columns = slice(first, last), slice(start, stop)
        self.height, self.width = last - first, stop - start
        self.x = grid.centres[self.columns].repeat(self.height)[None]
        self.y = -grid.centres[self.rows].repeat_interleave(self.width)[None]

    def of(self, picture: Tensor) -> Tensor:
        """This part of [..., side, side]: a view [..., height, width]."""
        return picture[..., self.rows, self.columns]

    def unflatten(self, values: Tensor) -> Tensor:
        """[N, P] -> [N, height, width]; [N, 1] -> [N, 1, 1]."""
        return values.unflatten(-1, (self.height, self.width)) if values.shape[-1] > 1 else values[..., None]

    def band(self, low: float, high: float, side: int) -> slice:
        """The samples of the window between two heights of the picture."""
        first, last = _span(-high, -low, side)
        first, last = max(first, self.rows.start), min(last, self.rows.stop)
        return slice((first - self.rows.start) * self.width, (last - self.rows.start) * self.width)


def _span(low: float, high: float, side: int) -> tuple[int, int]:
    first = min(side - 1, max(0, math.floor((low + 1) / 2 * side)))
    return first, max(first + 1, min(side, math.ceil((high + 1) / 2 * side)))


class Grid:
    """side x side samples of the picture. lines: whether what is drawn with ink is wanted. plain: without textures."""

    def __init__(self, side: int, like: Tensor, lines: bool, plain: bool) -> None:
        self.side, self.pixel, self.lines, self.plain = side, 2 / side, lines, plain
        self.centres = (torch.arange(side, device=like.device, dtype=like.dtype) + 0.5) * self.pixel - 1

    def window(self, low: float, high: float, half: float = 1.0) -> Window:
        """Between two heights, and as far to the left as to the right."""
        return Window(self, low, high, -half, half)

    def texture(self, periods: float, x: Tensor, y: Tensor, shape: bool = False) -> Tensor:
        """The texture at x, y [N, P] in periods, of which so many make a unit of length: [N, noise.TEXTURES, P].

        0 in a plain picture, but where it makes a shape.
        """
        if self.plain and not shape:
            return x.new_zeros(len(x), noise.TEXTURES, x.shape[1])
        texels = periods * noise.TILE * self.pixel  # in a sample
        return noise.sample_texture(min(6, max(0, round(math.log2(texels)))), x, y)

    def move(self, values: Tensor, source: Window, target: Window) -> Tensor:
        """[N, P] of one window -> [N, P'] of another; 0 where they do not meet."""
        whole = values.new_zeros(len(values), self.side, self.side)
        source.of(whole).copy_(source.unflatten(values))
        return target.of(whole).flatten(1)


@dataclass
class Layer:
    """What lies on a window: [N, P] each, or [N, 1] where it is the same all over.

    who: int64, the people that have it, where not all do; N counts those.
    normal, depth: in the head's frame, or in the torso's, which is upright.
    parts: shares of `cover`; what remains is the first's.
    """

    window: Window
    cover: Tensor
    colour: Three
    normal: Three
    depth: Tensor
    gloss: Tensor | float
    shadow: Tensor | float
    line: Tensor | float  # of ink
    parts: list[tuple[str, Tensor | float]]
    who: Tensor | None = None
    upright: bool = False


def cover(distance: Tensor, footprint: Tensor | float) -> Tensor:
    """The share of a pixel inside an edge whose distance from its centre is given, negative inside: a box filter."""
    return (0.5 - distance / footprint).clamp(0, 1)


def hill(squared: Tensor) -> Tensor:
    """Nearly exp(-squared / 2), but 0 from squared = 6: no tails, whose tiny numbers would be slow."""
    low = (1 - squared * (1 / 6)).clamp(min=0)
    return low * low * low


def near(distance: Tensor, reach: float) -> Tensor:
    """1 up to an edge, and nearly exp(-distance / reach) beyond, 0 from 4 times the reach."""
    low = (1 - distance.clamp(min=0) * (1 / (4 * reach))).clamp(min=0)
    low = low * low
    return low * low


INK = 0.014  # half the width of a drawn line


def outline(distance: Tensor, footprint: Tensor | float) -> Tensor:
    """A drawn line just inside an edge."""
    return 1 - cover(distance + 1.6 * INK, footprint)


def stroke(distance: Tensor, half: float | Tensor, footprint: Tensor | float) -> Tensor:
    """A soft line along distance 0."""
    width = half + footprint * 0.5
    return (1 - distance.abs() / width).clamp(min=0) * (half / width)


def line(distance: Tensor, footprint: Tensor | float) -> Tensor:
    """A drawn line along distance 0."""
    return cover(distance.abs() - INK, footprint)


def mix(first: Three, second: Sequence[Tensor | float], share: Tensor) -> Three:
    """From the first colour to the second."""
    return tuple(torch.addcmul(a, share, b - a) for a, b in zip(first, second, strict=True))


def ellipse(x: Tensor, y: Tensor, rx: Tensor | float, ry: Tensor | float) -> Tensor:
    """Signed distance to an ellipse about the origin, right to first order near the outline."""
    sx, sy = x / rx, y / ry
    q = sx * sx + sy * sy
    slope = (sx / rx) ** 2 + (sy / ry) ** 2
    blunt = 0.25 / torch.minimum(torch.as_tensor(rx).to(x), torch.as_tensor(ry).to(x)) ** 2  # about the centre
    return (q - 1) * torch.maximum(slope, blunt).rsqrt() * 0.5


def palette(colours: Sequence[tuple[int, int, int]], at: Tensor, blend: bool = False) -> Three:
    """at: [N] in [0, 1], along the palette: the nearest colour, or blended. Three tensors [N, 1]."""
    table = torch.tensor(colours, device=at.device).to(at.dtype) / 255
    place = at.clamp(0, 1) * (len(colours) - 1) if blend else at.clamp(0, 0.999999) * len(colours)
    low = place.long().clamp(max=len(colours) - (2 if blend else 1))
    rgb = torch.lerp(table[low], table[low + 1], (place - low)[:, None]) if blend else table[low]
    return tuple(rgb[:, i : i + 1] for i in range(3))


def scaled(colour: Three, factor: Tensor | float) -> Three:
    return tuple(c * factor for c in colour)
