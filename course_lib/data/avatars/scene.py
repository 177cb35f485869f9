"""From people to what every pixel sees: colour, normal, depth, gloss, shadow, lines and parts.

Layers are laid from front to back. Each covers a share of every pixel, from its signed distance to the pixel's centre:
the outlines are smooth at any size, and what a part covers is its mask. What a layer is like is summed over the layers,
weighted by how much of the pixel each one fills.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.data.avatars import face, hair, noise
from course_lib.data.avatars.geometry import Pose, pose
from course_lib.data.avatars.layers import (
    Grid,
    Layer,
    cover,
    line,
    mix,
    near,
    outline,
    palette,
    scaled,
)
from course_lib.data.avatars.population import BACKGROUNDS, CLOTHES, People

PART_NAMES = ("background", "clothes", "hair", "skin", "beard", "mouth", "nose", "eyes", "brows", "glasses", "hat")
CHANNELS = ("red", "green", "blue", "x", "y", "z", "depth", "gloss", "shadow", "ink")
FAR = -1.0  # depth of the background
_CLOTHES = (
    (206, 74, 68), (232, 140, 78), (238, 194, 98), (92, 150, 112), (60, 122, 136), (68, 96, 156), (114, 88, 150),
    (220, 132, 150), (238, 232, 222), (62, 66, 80), (150, 118, 96), (128, 168, 194),
)  # fmt: skip
_BACKGROUNDS = (
    (250, 214, 190), (246, 226, 170), (196, 222, 190), (170, 214, 214), (178, 204, 236), (206, 196, 236),
    (244, 196, 206), (226, 220, 210), (120, 160, 170), (128, 128, 172), (196, 128, 116), (104, 140, 112),
)  # fmt: skip


@dataclass
class Traced:
    """What every sample sees. buffer: [len(CHANNELS), N, side, side]; parts: the share of each [N, side, side]."""

    buffer: Tensor
    parts: dict[str, Tensor]
    grid: Grid
    pose: Pose


def trace(people: People, side: int, lines: bool = False, plain: bool = False) -> Traced:
    """All layers of these people on side x side samples. lines: with the ink of a drawing. plain: without texture."""
    grid, where = Grid(side, people.age, lines, plain), pose(people)
    shell, hair_distance = hair.layer_hair(people, where, grid)
    head = face.shape_head(where, grid)
    shadow = 0.42 * grid.move(near(hair_distance, 0.055), shell.window, head.window)
    layers = []
    if len(who := people.hat.nonzero()[:, 0]):
        hat, distance = hair.layer_hat(people[who], where[who], grid, who)
        brim = 0.36 * grid.move(near(distance, 0.06), hat.window, head.window) * people.hat[who, None]
        shadow = shadow.index_copy(0, who, torch.maximum(shadow[who], brim))
        layers = [hat]
    layers.append(shell)
    if len(who := people.glasses.nonzero()[:, 0]):
        layers.append(face.layer_glasses(people[who], where[who], grid, who))
    layers += [
        face.layer_ears(people, where, grid),
        face.layer_head(people, where, grid, head, hair.hair_colour(people), shadow),
        _neck(people, where, grid),
        hair.layer_cap(people, where, grid),
    ]
    if len(who := hair.has_back(people)):
        layers.append(hair.layer_back(people[who], where[who], grid, who))
    layers += [_torso(people, where, grid), _background(people, where, grid)]
    return _composite(layers, grid, where)


def _composite(layers: list[Layer], grid: Grid, where: Pose) -> Traced:
    n, side = len(where.a), grid.side
    buffer = where.a.new_zeros(len(CHANNELS), n, side, side)
    shares = where.a.new_zeros(len(PART_NAMES), n, side, side)
    parts = {name: shares[i] for i, name in enumerate(PART_NAMES)}
    free = where.a.new_ones(n, side, side)
    for layer in layers:
        window, who = layer.window, layer.who

        def put(target: Tensor, share: Tensor, value: Tensor | float = 1.0, window=window, who=who) -> None:
            place = window.of(target)
            if who is not None:
                place.index_add_(0, who, share * value)
            elif isinstance(value, Tensor):
                place.addcmul_(share, value)
            else:
                place.add_(share, alpha=value)

        seen = window.of(free)
        seen = seen.clone() if who is None else seen[who]  # autograd keeps it, and `free` changes
        weight = seen * window.unflatten(layer.cover)
        put(free, weight, -1.0)
        turned = where if who is None else where[who]
        nx, ny, nz = layer.normal
        if not layer.upright:
            nx, ny = nx * turned.cos_roll - ny * turned.sin_roll, nx * turned.sin_roll + ny * turned.cos_roll
        depth = layer.depth * turned.zoom
        values = (*layer.colour, nx, ny, nz, depth, layer.gloss, layer.shadow, layer.line)
        for i, value in enumerate(values):
            value = window.unflatten(value) if isinstance(value, Tensor) else value
            if isinstance(value, Tensor) or value:
                put(buffer[i], weight, value)
        rest = weight
        for name, share in layer.parts[1:]:
            piece = weight * window.unflatten(share)
            put(parts[name], piece)
            rest = rest - piece
        put(parts[layer.parts[0][0]], rest)
    return Traced(buffer, parts, grid, where)


def _neck(people: People, where: Pose, grid: Grid) -> Layer:
    window = grid.window(-1, -0.10, 0.52)
    px = grid.pixel / where.zoom
    x, y = (window.x - where.x) / where.zoom, (window.y - where.y) / where.zoom - 0.04
    half = 0.185 + 0.03 * people.shoulders[:, None] + 0.25 * (-0.66 - y).clamp(min=0) ** 2 * 4
    turtle = (people.clothes == CLOTHES.index("turtleneck")).to(x)[:, None]
    collar = -0.755 - 0.055 * (1 - (x / 0.22) ** 2).clamp(min=0)
    collar_high = -0.655 - 0.045 * (1 - (x / 0.22) ** 2).clamp(min=0)
    side = x.abs() - half - turtle * 0.012 * (y < collar_high).to(x)
    distance = torch.maximum(side, collar - y)
    nx = (x / half).clamp(-0.97, 0.97)
    nz = (1 - nx * nx).sqrt()
    cloth = cover(y - collar_high, px) * turtle
    skin = face.skin_colour(people)
    colour = tuple(s * (1.0 + 0 * x) for s in skin)
    fold = (nx * 16).sin() * 0.04
    colour = mix(colour, scaled(_cloth(people), 0.97 + fold), cloth)
    # The chin's shadow, which falls away from the light
    hx, hy = where.to_head(window.x, window.y)
    azimuth = people.light_azimuth[:, None] * (torch.pi / 180)
    chin = where.surface(hx + 0.07 * azimuth.sin(), hy + 0.09).distance
    shadow = 1 - 0.52 * cover(chin - 0.02, 0.16)
    ink = torch.maximum(outline(side, px), line(y - collar_high, px) * turtle) if grid.lines else 0.0
    return Layer(
        window=window,
        cover=cover(distance, px),
        colour=colour,
        normal=(nx, -0.12 * nz, nz),
        depth=nz * half - 0.12,
        gloss=0.06,
        shadow=shadow,
        line=ink,
        parts=[("skin", 1.0), ("clothes", cloth)],
        upright=True,
    )


def _cloth(people: People) -> tuple[Tensor, Tensor, Tensor]:
    return scaled(palette(_CLOTHES, people.clothes_hue), 0.9 + 0.14 * people.clothes_tone[:, None])


def _torso(people: People, where: Pose, grid: Grid) -> Layer:
    window = grid.window(-1, -0.5)
    px = grid.pixel / where.zoom
    x, y = (window.x - where.x) / where.zoom, (window.y - where.y) / where.zoom - 0.04
    kind = people.clothes[:, None]
    wide = 0.74 + 0.16 * people.shoulders[:, None]
    t = x / wide
    t2 = t * t
    top = -0.715 - 0.16 * t2 - 0.20 * t2 * t2 * t2
    distance = (y - top) * (1 + (0.32 * t / wide) ** 2).rsqrt()
    nx, ny = (t * 0.75).clamp(-0.9, 0.9), (0.5 + 1.6 * (y - top)).clamp(-0.1, 0.6)
    nz = (1 - nx * nx - ny * ny).clamp(min=0.06).sqrt()
    unit = (nx * nx + ny * ny + nz * nz).rsqrt()

    cloth = _cloth(people)
    trim = palette(_CLOTHES, (people.clothes_hue + 0.31 + 0.2 * people.pattern) % 1)
    pattern = people.pattern[:, None]
    stripes = cover((((y - 0.06 * t2) * 9) % 1 - 0.5).abs() * (1 / 9) - 0.027, px) * (pattern > 0.72).to(x)
    colour = tuple(c * (1.0 + 0 * x) for c in cloth)
    colour = mix(colour, trim, stripes)

    def neckline(deep: float, broad: float) -> Tensor:
        return y + 0.745 + deep * (1 - (x / broad) ** 2).clamp(min=0).sqrt()

    hole = torch.maximum(-neckline(0.075, 0.235), x.abs() - 0.235)
    vee = torch.maximum(-(y + 0.99 - 0.95 * x.abs()) * 0.72, x.abs() - 0.26)
    is_v = (kind == CLOTHES.index("v-neck")).to(x)
    is_shirt = (kind == CLOTHES.index("shirt")).to(x)
    is_hood = (kind == CLOTHES.index("hoodie")).to(x)
    is_turtle = (kind == CLOTHES.index("turtleneck")).to(x)
    opening = torch.lerp(hole, vee, torch.maximum(is_v, is_shirt * 0.8)) + is_turtle * 9
    bare = cover(opening, px)
    rim = cover((opening - 0.022).abs() - 0.024, px) * (1 - is_shirt) * (1 - is_turtle) * (1 - is_hood)
    colour = mix(colour, scaled(mix(cloth, trim, (pattern > 0.4).to(x) * 0.8), 0.94), rim)
    # A shirt's collar: two wings; a hood lies round the neck
    ax = x.abs()
    wing = torch.maximum(torch.maximum((y + 0.70) * 0.9 + (ax - 0.17) * 0.45, -(y + 0.93 - 0.5 * ax)), ax - 0.30)
    wing = torch.maximum(wing, (-vee - 0.12))
    wing = torch.maximum(wing, -opening) + (1 - is_shirt) * 9
    hood = ((ax / 0.44) ** 2 + ((y + 0.76) / 0.13) ** 2 - 1) * 0.10
    hood = torch.maximum(hood, -opening) + (1 - is_hood) * 9
    extra = torch.minimum(wing, hood)
    on = cover(extra, px)
    colour = mix(colour, scaled(mix(cloth, (1.0, 1.0, 1.0), is_shirt * 0.6), 1.04), on)
    colour = mix(colour, face.skin_colour(people), bare)
    button = cover((x * x + (((y + 0.93) * 9) % 1 / 9 - 0.05) ** 2).clamp(min=1e-8).sqrt() - 0.012, px)
    button = button * is_shirt * (1 - bare) * (1 - on)
    colour = mix(colour, (0.97, 0.95, 0.9), button)
    cords = cover((ax - 0.10 - 0.02 * (y * 9).sin()).abs() - 0.010, px) * is_hood * (1 - on) * (1 - bare)
    colour = mix(colour, (0.95, 0.93, 0.88), cords)
    close = near(extra, 0.025) * (1 - on)
    fold = 0.04 * (x * 13 + 4 * y + 6 * pattern).sin() * (1 - bare)
    hx, hy = where.to_head(window.x, window.y)
    chin = where.surface(hx, hy + 0.14).distance
    shadow = (1 - 0.30 * close - 0.12 * bare + fold) * (1 - 0.35 * cover(chin - 0.03, 0.22))
    ink = 0.0
    if grid.lines:
        ink = torch.maximum(torch.maximum(outline(distance, px), line(opening, px)), line(extra, px))
        ink = torch.maximum(torch.maximum(ink, stripes * 0.4), torch.maximum(cords, button))
    return Layer(
        window=window,
        cover=cover(torch.minimum(distance, extra), px),
        colour=colour,
        normal=(nx * unit, ny * unit, nz * unit),
        depth=nz * 0.4 - 0.35,
        gloss=0.03,
        shadow=shadow,
        line=ink,
        parts=[("clothes", 1.0), ("skin", bare)],
        upright=True,
    )


def _background(people: People, where: Pose, grid: Grid) -> Layer:
    window, px = grid.window(-1, 1), grid.pixel
    x, y = window.x, window.y
    kind = people.background[:, None]
    first = palette(_BACKGROUNDS, people.background_hue)
    second = palette(_BACKGROUNDS, (people.background_hue + 0.22 + 0.3 * people.background_tone) % 1)
    deep = 0.95 - 0.13 * people.background_tone[:, None]
    azimuth = people.light_azimuth[:, None] * (torch.pi / 180)
    glow = 1 + 0.10 * azimuth.sin() * x + 0.07 * y
    colour = tuple(c * deep * glow for c in first)

    gradient = (kind == BACKGROUNDS.index("gradient")).to(x) * (0.5 - 0.42 * y)
    disc = (kind == BACKGROUNDS.index("disc")).to(x) * cover((x * x + (y + 0.02) ** 2).sqrt() - 0.86, px)
    period = 0.22 + 0.2 * people.pattern[:, None]
    phase = ((x * 0.8 + y * 0.6) / period) % 1
    stripe = cover(((phase - 0.5).abs() - 0.25) * period, px) * 0.55
    stripe = stripe * (kind == BACKGROUNDS.index("stripes")).to(x)
    colour = mix(colour, second, gradient + disc * 0.85 + stripe)
    who = (people.background == BACKGROUNDS.index("bokeh")).nonzero()[:, 0]
    if len(who):
        lamps = _lamps(people.key[who], x, y, px)
        colour = tuple(
            c.index_copy(0, who, torch.addcmul(c[who], lamps, tone - c[who]))
            for c, tone in zip(colour, (1.0, 0.97, 0.88), strict=True)
        )
    zero = torch.zeros_like(deep)
    return Layer(
        window=window,
        cover=torch.ones_like(glow),
        colour=colour,
        normal=(zero, zero, zero + 1),
        depth=FAR / where.zoom,
        gloss=0.0,
        shadow=1.0,
        line=0.0,
        parts=[("background", 1.0)],
        upright=True,
    )


def _lamps(key: Tensor, x: Tensor, y: Tensor, px: float) -> Tensor:
    """Soft discs, as far lamps look through a lens: [N, P] in [0, 0.8]."""
    count = 7
    numbers = (key[:, None] ^ torch.arange(3 * count, device=key.device)).flatten()
    at = noise.uniform(0, numbers, 0).view(-1, count, 3).to(x)
    lights = torch.zeros_like(x)
    for lamp in at[..., None].unbind(1):
        place_x, place_y, size = lamp.unbind(1)
        dx, dy = x - place_x * 2.2 + 1.1, y - place_y * 2.2 + 1.1
        disc = cover(torch.addcmul(dx * dx, dy, dy).sqrt() - 0.10 - 0.20 * size, px + 0.03)
        lights = lights + disc * (0.22 + 0.3 * size)
    return lights.clamp(max=0.8)
