"""Randomness that is a function of a counter: the same number for the same (seed, index, channel) on every device."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15 - 2**64  # the increment of splitmix64, as torch's signed integers hold it
TILE = 256  # texels a side of the texture
TEXTURES = 5  # its channels: fine noise, coarse noise, the slopes in x and y of curls, and their heights
CURLS = 16  # of them a side
_OCTAVES = ((16, 0.25), (32, 0.3), (64, 0.3), (128, 0.15))  # lattice cells a side, weight


def splitmix64(x: Tensor) -> Tensor:
    """A bijection of 64-bit integers whose values look random: int64 [...] -> int64 [...].

    Source: the output function of SplitMix64 (Steele, Lea and Flood, 2014, *Fast splittable pseudorandom number
    generators*, with the constants of Stafford's variant 13). Multiplication wraps, as it does on every device.
    """
    x = x + _GOLDEN
    x = (x ^ _right(x, 30)) * (0xBF58476D1CE4E5B9 - 2**64)
    x = (x ^ _right(x, 27)) * (0x94D049BB133111EB - 2**64)
    return x ^ _right(x, 31)


def _right(x: Tensor, bits: int) -> Tensor:
    """The logical shift; torch's own copies the sign bit."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def counter(seed: int, index: Tensor, channel: int) -> Tensor:
    """64 random bits for every index: int64 [N] -> int64 [N]."""
    key = splitmix64(splitmix64(torch.full_like(index, seed)) + channel)
    return splitmix64(splitmix64(key ^ index))


def uniform(seed: int, index: Tensor, channel: int) -> Tensor:
    """Uniform numbers in [0, 1): int64 [N] -> float64 [N], the upper 53 bits of `counter`."""
    return _right(counter(seed, index, channel), 11).double() * 2.0**-53


def film_grain(key: Tensor, size: int) -> Tensor:
    """A triangular random number in (-1, 1) for every pixel, of mean 0 and variance 1/6: int64 [N] -> [N, size * size].

    32-bit hash of the pixel's number: Wellons (2018), *Hash Prospector*, the function lowbias32; quick, and good enough
    for an eye.
    """
    pixel = torch.arange(size * size, device=key.device, dtype=torch.int32) + (size << 16)
    x = pixel + (key & 0x7FFFFFFF).to(torch.int32)[:, None]
    x = (x ^ ((x >> 16) & 0xFFFF)) * 0x7FEB352D
    x = (x ^ ((x >> 15) & 0x1FFFF)) * (0x846CA68B - 2**32)
    x = x ^ ((x >> 16) & 0xFFFF)
    return ((x & 0xFFFF) + ((x >> 16) & 0xFFFF)).float().mul_(2**-16).sub_(1)


@cache
def texture(level: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A pattern that repeats with period one: [1, TEXTURES, n + 2, n + 2], n = TILE / 2^level, with a texel of margin.

    Fine and coarse value noise in about [-1, 1], and the slopes of a heap of round curls. Each level is the box average
    of the one before, so that a small picture samples what its pixels see of a large one.
    """
    fine = torch.zeros(TILE, TILE, dtype=torch.float64)
    for cells, weight in _OCTAVES:
        fine += weight * _value_noise(cells, channel=cells)
    heights = _curls(CURLS)
    slope_x = (heights.roll(-1, 1) - heights.roll(1, 1)) / 2
    slope_y = (heights.roll(-1, 0) - heights.roll(1, 0)) / 2
    tile = torch.stack([fine * 1.6, _value_noise(8, channel=8), slope_x, slope_y, heights * CURLS / TILE])[None]
    tile = F.avg_pool2d(tile, 2**level) if level else tile
    return F.pad(tile, (1, 1, 1, 1), mode="circular").to(device, dtype)


def sample_texture(level: int, x: Tensor, y: Tensor) -> Tensor:
    """The texture at x, y [N, P], in periods: [N, TEXTURES, P], bilinear."""
    tile = texture(level, x.device, x.dtype)
    side = tile.shape[-1]
    scale, offset = 2 * (side - 2) / side, 2 / side - 1  # from periods to grid_sample's [-1, 1] over the padded tile
    at = torch.stack([x - x.floor(), y - y.floor()], -1)[:, None] * scale + offset
    tiles = tile.expand(len(x), -1, -1, -1)
    return F.grid_sample(tiles, at, mode="bilinear", padding_mode="border", align_corners=False)[:, :, 0]


def _value_noise(cells: int, channel: int) -> Tensor:
    """Random values in [-1, 1] on a lattice, blended smoothly between: [TILE, TILE]."""
    values = uniform(0, torch.arange(cells * cells), channel).view(cells, cells) * 2 - 1
    at = (torch.arange(TILE, dtype=torch.float64) + 0.5) * cells / TILE
    low = at.long()
    t = at - low
    t = t * t * (3 - 2 * t)
    high = (low + 1) % cells
    rows = torch.lerp(values[low], values[high], t[:, None])
    return torch.lerp(rows[:, low], rows[:, high], t[None, :])


def _curls(cells: int) -> Tensor:
    """Half balls on a jittered lattice, the highest seen: heights in units of a texel [TILE, TILE]."""
    index = torch.arange(cells * cells)
    jitter = torch.stack([uniform(0, index, 1), uniform(0, index, 2)], -1).view(cells, cells, 2)
    grid = torch.stack(torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="xy"), -1)
    centres = ((grid + jitter * 0.8 + 0.1) / cells).view(-1, 2)
    at = (torch.arange(TILE, dtype=torch.float64) + 0.5) / TILE
    squared = 0
    for axis, shape in ((0, (1, TILE, 1)), (1, (TILE, 1, 1))):
        apart = (at.view(shape) - centres[:, axis]).abs()
        squared = squared + torch.minimum(apart, 1 - apart) ** 2
    nearest = squared.amin(2).sqrt() * cells  # in cells
    return (1 - (nearest / 0.9) ** 2).clamp(min=0).sqrt() * 0.9 * TILE / cells
