"""Hair and hats: shells about the head, curtains behind it, and what is worn on top."""

import torch
from torch import Tensor

from course_lib.data.avatars.geometry import Pose, smooth_max
from course_lib.data.avatars.layers import (
    Grid,
    Layer,
    Three,
    cover,
    ellipse,
    hill,
    line,
    mix,
    near,
    outline,
    palette,
    scaled,
)
from course_lib.data.avatars.population import HAIR_COLOURS, HAIR_STYLES, HAT_KINDS, People

# Two ends of each colour's range, red, green and blue in 0 to 255
_HAIR = {
    "black": ((26, 23, 30), (56, 46, 52)),
    "brown": ((74, 46, 32), (130, 84, 52)),
    "auburn": ((146, 62, 32), (198, 94, 48)),
    "blond": ((202, 156, 88), (244, 212, 142)),
    "grey": ((150, 150, 156), (228, 226, 224)),
    "dyed": ((232, 112, 152), (72, 156, 196)),
}
_HATS = (
    (206, 70, 66), (232, 150, 70), (236, 196, 104), (88, 146, 108), (56, 116, 136), (62, 84, 142), (120, 88, 150),
    (222, 134, 152), (232, 222, 202), (70, 70, 84),
)  # fmt: skip

# How each style of hair grows. Heights and widths on the unit sphere of the head, shell as a share of its size,
# back and puffs in half widths and half heights of the head.
_HAIR_COLUMNS = (
    "cover", "shell", "top", "slant", "dip", "fringe", "teeth", "sides", "low", "back", "back_width", "wave",
    "puff", "puff_x", "puff_y", "puff_w", "puff_h", "mirror", "curl", "lift",
)  # fmt: skip
_HAIR_TABLE = {
    "bald":     (0.0, 0.01, 0.60, 0.00, 0.0, 0.00, 0.0, 0.86, 0.00, 0.0, 1.0, 0.0, 0, 0.0, 0.0, .1, .1, 0, 0.0, 0.0),
    "buzz":     (0.8, 0.02, 0.54, 0.00, 0.0, 0.01, 9.0, 0.86, 0.02, 0.0, 1.0, 0.0, 0, 0.0, 0.0, .1, .1, 0, 0.0, 0.0),
    "short":    (1.0, 0.11, 0.50, 0.30, 0.0, 0.03, 7.0, 0.84, -.04, 0.0, 1.0, 0.0, 0, 0.0, 0.0, .1, .1, 0, 0.0, 0.03),
    "quiff":    (1.0, 0.07, 0.50, -.06, 0.0, 0.02, 8.0, 0.86, -.02, 0.0, 1.0, 0.0, 0, 0.0, 0.0, .1, .1, 0, 0.0, 0.085),
    "curly":    (1.0, 0.27, 0.46, 0.00, 0.0, 0.05, 5.0, 0.82, -.34, 0.5, 1.2, 0.0, 0, 0.0, 0.0, .1, .1, 0, 1.0, 0.0),
    "bob":      (1.0, 0.12, 0.30, 0.00, 0.0, .025, 8.0, 0.77, -.75, 0.72, 1.16, 0.0, 0, 0.0, 0.0, .1, .1, 0, 0.0, 0.0),
    "long":     (1.0, 0.10, 0.66, 0.00, .55, 0.00, 5.0, 0.80, -1.2, 1.75, 1.14, 0.01, 0, 0.0, 0.0, .1, .1, 0, 0.0, 0.0),
    "wavy":     (1.0, 0.13, 0.60, 0.18, .25, 0.02, 4.0, 0.78, -1.2, 1.35, 1.28, .05, 0, 0.0, 0.0, .1, .1, 0, .35, .0),
    "bun":      (1.0, 0.07, 0.56, 0.00, .16, 0.00, 5.0, 0.84, -.10, 0.0, 1.0, 0.0, 1, 0.0, 1.24, .48, .36, 0, 0.0, 0.0),
    "pigtails": (1.0, .09, 0.34, 0.00, 0.0, 0.03, 6.0, 0.84, -.25, 0.0, 1.0, 0.0, 1, 1.32, -.14, .36, .50, 1, 0.0, 0.0),
}  # fmt: skip
_HAT_COLUMNS = (
    "line", "width", "height", "sag", "flat", "cuff", "pom", "brim_x", "brim_y", "brim_w", "brim_h", "over", "ribbon",
)  # fmt: skip
_HAT_TABLE = {
    "beanie":  (0.50, 1.12, 0.86, 0.10, 0.0, 1.0, 1.0, 0.00, 0.00, 0.10, 0.02, 0, 0.0),
    "brimmed": (0.60, 1.06, 0.66, 0.10, 0.8, 0.0, 0.0, 0.00, -.02, 1.62, 0.16, 0, 1.0),
    "cap":     (0.62, 1.10, 0.62, 0.08, 0.1, 0.0, 0.0, 0.36, -.07, 0.86, 0.115, 1, 0.0),
}  # fmt: skip


def _table(columns: tuple[str, ...], rows: dict[str, tuple], kinds: tuple[str, ...], index: Tensor, like: Tensor):
    picked = torch.tensor([rows[kind] for kind in kinds]).to(like)[index]
    return {name: picked[:, i : i + 1] for i, name in enumerate(columns)}


def hair_colour(people: People) -> Three:
    ends = torch.tensor([_HAIR[name] for name in HAIR_COLOURS]).to(people.age)[people.hair_colour] / 255
    rgb = torch.lerp(ends[:, 0], ends[:, 1], people.hair_shade[:, None])
    return rgb[:, :1], rgb[:, 1:2], rgb[:, 2:]


def _strands(colour: Three, strand: Tensor, shine: Tensor) -> Three:
    """Light and dark strands, and the band where they catch the light."""
    tone = 0.94 + 0.24 * strand
    return tuple(torch.addcmul(shine * (0.55 * c + 0.10), c, tone) for c in colour)


def layer_hair(people: People, pose: Pose, grid: Grid) -> tuple[Layer, Tensor]:
    """The shell of hair round the head, and the signed distance to it [N, P], on the same window."""
    style = _table(_HAIR_COLUMNS, _HAIR_TABLE, HAIR_STYLES, people.hair_style, people.age)
    window = grid.window(-0.78, 1, 0.84)
    x, y = pose.to_head(window.x, window.y)
    px = grid.pixel / pose.zoom
    hatted, curl = people.hat[:, None], style["curl"]
    volume = style["shell"] * (0.75 + 0.5 * people.hair_volume[:, None])
    volume = volume + hatted * (volume.clamp(max=0.10) - volume)
    shell = pose.surface(x, y, grow=volume, lift=0.02, warp=False)
    u, v, w = shell.u, shell.v, shell.w
    side = torch.sign(people.parting[:, None] - 0.5)
    us = u * side

    # The hairline: over the forehead from temple to temple, then down beside the face
    phase = us * style["teeth"] + people.hair_length[:, None] * 6
    teeth = torch.add(phase.sin(), (phase * 2.3 + 1).sin(), alpha=0.5)
    top = style["top"] + style["slant"] * us - style["dip"] * (us - 0.16).abs() + style["fringe"] * teeth
    back = w.clamp(max=0)
    beside = u.abs() - style["sides"] - back + 0.10 * (v + 0.2).clamp(max=0)
    grows = smooth_max(v - top, beside, 0.16)
    low = style["low"] * (0.9 + 0.2 * people.hair_length[:, None]) + 0.75 * back
    edge = smooth_max(-grows, low - v, 0.22) * pose.a

    # Straight hair runs from the crown, curls lie anywhere
    offset = people.hair_shade[:, None] * 7
    ux, vy = us + 0.12, 1.22 + 2 * style["lift"] - v
    along = torch.addcmul(ux * ux, vy, vy).sqrt() * 0.16
    sx = torch.lerp(torch.atan2(ux, vy) * 1.25, u * 0.62, curl) + offset
    sy = torch.lerp(along, v * 0.70, curl) + offset
    texture = grid.texture(1.6, sx, sy)
    strand = torch.add(texture[:, 0], texture[:, 1], alpha=0.5)
    distance = shell.distance
    curly = (curl[:, 0] > 0).nonzero()[:, 0]
    if len(curly):  # lumps of the outline, in the picture's plane
        at = [c[curly] * 0.62 + offset[curly] for c in (x, y)]
        lumps = grid.texture(1.2, *at, shape=True)[:, 4] * curl[curly]
        distance = distance.index_add(0, curly, lumps * volume[curly].clamp(max=0.3) * -0.35)
        edge = edge.index_add(0, curly, lumps * -0.06)
    # Swept up over the forehead
    crest = (x * (side / pose.a) - 0.10) ** 2
    crest = (1 - crest * crest).clamp(min=0) * (y * (1.6 / pose.b) - 0.4).clamp(0, 1)
    distance = torch.addcmul(distance, crest, style["lift"] * (hatted - 1))

    nx, ny, nz = shell.normal
    straight = 0.10 * (1 - curl)
    nx = nx + torch.addcmul(straight * strand, texture[:, 2], curl * 0.55)
    ny = torch.addcmul(ny, texture[:, 3], curl * -0.55)
    unit = torch.addcmul(torch.addcmul(nx * nx, ny, ny), nz, nz).clamp(min=1e-6).rsqrt()
    band = (v - 0.66 - 0.06 * texture[:, 1] + 0.10 * us * us) * (1 / 0.10)
    azimuth = (torch.pi / 180 * people.light_azimuth[:, None]).sin()
    toward = (1 - ((u - 0.55 * azimuth) / 0.75) ** 2).clamp(min=0)
    shine = hill(band * band) * toward * (0.26 + 0.68 * strand.clamp(min=-0.35)) * (1 - 0.75 * curl)
    tone = strand * (1 - 0.5 * curl) - 0.5 * curl * (1 - nz)
    colour = _strands(hair_colour(people), tone, shine)
    # Thin at the hairline, where the shell lies on the skin
    colour = scaled(colour, 0.84 + 0.16 * (edge * (-1 / 0.05)).clamp(0, 1))
    # Under a hat only what hangs below it
    under = cover(y - _hat_line(people, pose), 0.08)
    shown = style["cover"] * (1 + hatted * (under - 1))
    soft = px + 0.05 * (style["cover"] < 1).to(px)
    ink = 0.0
    if grid.lines:
        ink = torch.maximum(outline(distance, px), outline(edge, px))
        ink = torch.maximum(ink, (strand.abs() * -14 + 1.4).clamp(0, 1) * 0.55)
    layer = Layer(
        window=window,
        cover=torch.minimum(cover(distance, px), cover(edge, soft)) * shown,
        colour=colour,
        normal=(nx * unit, ny * unit, nz * unit),
        depth=shell.z,
        gloss=0.10,
        shadow=1 - 0.10 * curl * (1 - nz),
        line=ink,
        parts=[("hair", 1.0)],
    )
    return layer, torch.maximum(distance, edge) + (1 - style["cover"]) * 0.05 + (1 - under) * hatted


def layer_cap(people: People, pose: Pose, grid: Grid) -> Layer:
    """The back of the shell, where it shows beside the head."""
    style = _table(_HAIR_COLUMNS, _HAIR_TABLE, HAIR_STYLES, people.hair_style, people.age)
    window = grid.window(-0.62, 0.92, 0.80)
    x, y = pose.to_head(window.x, window.y)
    px = grid.pixel / pose.zoom
    rx = pose.seen_width() * (1 + style["shell"] * 0.7)
    ry = pose.b * (1 + style["shell"] * 0.5)
    distance = smooth_max(ellipse(x, y - 0.02, rx, ry), (style["low"] - 0.04) * pose.b - y, 0.12)
    nx, ny = (x * (0.8 / rx)).clamp(-0.9, 0.9), (y * (0.5 / ry)).clamp(-0.4, 0.4)
    nz = (1 - torch.addcmul(nx * nx, ny, ny)).clamp(min=0.03).sqrt()
    return Layer(
        window=window,
        cover=cover(distance, px) * (style["cover"] >= 1).to(px),
        colour=scaled(hair_colour(people), 0.78),
        normal=(nx, ny, nz),
        depth=-0.1 - 0.1 * nz,
        gloss=0.05,
        shadow=0.9,
        line=outline(distance, px) if grid.lines else 0.0,
        parts=[("hair", 1.0)],
    )


def has_back(people: People) -> Tensor:
    """int64: those whose hair hangs down behind the head, or is tied."""
    columns = [_HAIR_COLUMNS.index(name) for name in ("back", "puff")]
    table = torch.tensor([any(_HAIR_TABLE[style][i] for i in columns) for style in HAIR_STYLES])
    return table.to(people.hair_style.device)[people.hair_style].nonzero()[:, 0]


def layer_back(people: People, pose: Pose, grid: Grid, who: Tensor) -> Layer:
    """Hair behind head and neck: a curtain down to its length, a bun, a tail on either side."""
    style = _table(_HAIR_COLUMNS, _HAIR_TABLE, HAIR_STYLES, people.hair_style, people.age)
    window = grid.window(-1, 1, 0.96)
    x, y = pose.to_head(window.x, window.y)
    px = grid.pixel / pose.zoom
    a, b, curl = pose.a, pose.b, style["curl"]
    length = style["back"] * (0.85 + 0.3 * people.hair_length[:, None]) * b
    wave = style["wave"] * (y * 17 + 5 * people.hair_shade[:, None]).sin()
    half = style["back_width"] * a * (0.98 + 0.10 * people.hair_volume[:, None])
    sway = x + pose.sin * 0.10
    top, corner = (0.45 - 0.2 * people.hat[:, None]) * b, 0.17
    qx = sway.abs() - wave - (half - corner)
    qy = (y - (top - length) / 2).abs() - ((top + length) / 2 - corner)
    out_x, out_y = qx.clamp(min=0), qy.clamp(min=0)
    outside = torch.addcmul(out_x * out_x, out_y, out_y).clamp(min=1e-8).sqrt()
    curtain = outside + torch.maximum(qx, qy).clamp(max=0) + ((length < 0.01).to(px) * 9 - corner)
    mirrored = style["mirror"]
    side = torch.sign(people.parting[:, None] - 0.5)
    shift = style["puff_x"] * a
    puff_x = x + pose.sin * (0.05 + 0.12 * mirrored)
    puff_x = torch.lerp(puff_x + shift * side, puff_x.abs() - shift * (0.8 + 0.2 * pose.cos), mirrored)
    puff_y = y - (style["puff_y"] + pose.sin_pitch * 0.3) * b
    rx, ry = style["puff_w"] * a, style["puff_h"] * b
    # A hat leaves no room for what stands on top
    puff = ellipse(puff_x, puff_y, rx, ry) + (9 - 9 * style["puff"] * (1 - people.hat[:, None] * (1 - mirrored)))
    ball = cover(puff - curtain, 0.06)

    offset = people.hair_shade[:, None] * 7 + 0.5
    bend = torch.lerp(sway * 0.95 + wave * 1.5, torch.atan2(puff_x, puff_y + ry * 1.3) * 0.8, ball)
    sx, sy = torch.lerp(bend, x * 1.3, curl) + offset, y * (0.16 + 1.14 * curl) + offset
    texture = grid.texture(1.6, sx, sy)
    strand = torch.add(texture[:, 0], texture[:, 1], alpha=0.5)
    curly = (curl[:, 0] > 0).nonzero()[:, 0]
    if len(curly):
        at = [c[curly] * 0.62 + offset[curly] for c in (x, y)]
        lumps = grid.texture(1.2, *at, shape=True)[:, 4] * curl[curly]
        curtain = curtain.index_add(0, curly, lumps * -0.07)
    distance = torch.minimum(curtain, puff)
    nx = torch.lerp(sway * (0.8 / half), puff_x * (0.8 / rx), ball).clamp(-0.9, 0.9)
    ny = torch.lerp(torch.full_like(ry, 0.15), puff_y * (0.8 / ry), ball).clamp(-0.9, 0.9)
    nz = (1 - torch.addcmul(nx * nx, ny, ny)).clamp(min=0.06).sqrt()
    bulge = nz
    nx = nx + torch.addcmul(0.10 * (1 - curl) * strand, texture[:, 2], curl * 0.5)
    ny = torch.addcmul(ny, texture[:, 3], curl * -0.5)
    unit = torch.addcmul(torch.addcmul(nx * nx, ny, ny), nz, nz).rsqrt()
    band = torch.lerp((y + 0.42) / 0.11, (puff_y - ry * 0.42) / (ry * 0.26), ball)
    shine = hill(band * band) * (0.18 + 0.45 * strand.clamp(min=-0.4)) * (1 - curl) * nz
    colour = _strands(scaled(hair_colour(people), 0.86), strand * (1 - 0.5 * curl), shine)
    ink = 0.0
    if grid.lines:
        ink = torch.maximum(outline(distance, px), (strand.abs() * -14 + 1.4).clamp(0, 1) * 0.55)
    return Layer(
        window=window,
        cover=cover(distance, px) * (style["cover"] >= 1).to(px),
        colour=colour,
        normal=(nx * unit, ny * unit, nz * unit),
        depth=torch.lerp(bulge * 0.3 - 0.42, bulge * 0.16 - 0.1, ball),
        gloss=0.08,
        shadow=1 - 0.25 * (1 - ball) * cover(sway.abs() - half * 0.8, 0.25),
        line=ink,
        parts=[("hair", 1.0)],
        who=who,
    )


def _hat_line(people: People, pose: Pose) -> Tensor:
    """The height, in the head's frame, at which a hat sits."""
    line = _table(_HAT_COLUMNS, _HAT_TABLE, HAT_KINDS, people.hat_kind, people.age)["line"]
    return pose.b * (line * pose.cos_pitch + 0.85 * pose.sin_pitch)


def _crown(people: People, pose: Pose, kind: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Half the width of a hat's crown, and its height."""
    style = _table(_HAIR_COLUMNS, _HAIR_TABLE, HAIR_STYLES, people.hair_style, people.age)
    rx = kind["width"] * pose.seen_width() * (1 + style["shell"].clamp(max=0.1) * 0.6)
    return rx, kind["height"] * pose.b * (0.9 + 0.2 * people.hat_tone[:, None])


def layer_hat(people: People, pose: Pose, grid: Grid, who: Tensor) -> tuple[Layer, Tensor]:
    """Crown, and what belongs to it: cuff and pompom, or brim and ribbon, or visor. And the distance to it [N, P]."""
    kind = _table(_HAT_COLUMNS, _HAT_TABLE, HAT_KINDS, people.hat_kind, people.age)
    window = grid.window(-0.25, 1)
    x, y = pose.to_head(window.x, window.y)
    px = grid.pixel / pose.zoom
    rx, height = _crown(people, pose, kind)
    y = y - _hat_line(people, pose)
    xn = x / rx
    over, cuffed, flat = kind["over"], kind["cuff"], kind["flat"]
    # The crown is half an ellipse on half a flatter one: the front of its rim, nearest to the viewer
    edge = -kind["sag"] * (1 - xn * xn).clamp(min=1e-8).sqrt()
    yn = y.clamp(min=0) / height - y.clamp(max=0) / kind["sag"]
    y2 = yn * yn
    q = torch.addcmul(torch.lerp(y2, y2 * y2, flat), xn, xn)
    above = (y > 0).to(y)
    slope = yn * (1 + flat * (2 * y2 - 1)) * (1 / kind["sag"] + above * (1 / height - 1 / kind["sag"]))
    dome = (q - 1) * 0.5 * torch.addcmul((xn / rx) ** 2, slope, slope).clamp(min=1.0).rsqrt()
    cuff = smooth_max(x.abs() - rx * 1.06, (y - edge - 0.07).abs() - 0.085, 0.12) + (1 - cuffed) * 9
    pom_y = y - height - 0.045
    pom = torch.addcmul(x * x, pom_y, pom_y).clamp(min=1e-8).sqrt() - 0.115 + (1 - kind["pom"]) * 9
    brim_x = x - kind["brim_x"] * pose.sin
    brim_y = y - kind["brim_y"] + kind["sag"] * 0.4
    brim_rx, brim_ry = kind["brim_w"] * pose.a, kind["brim_h"]
    droop = 0.056 * (1 - over) * (brim_x / brim_rx) ** 2
    brim = ellipse(brim_x, brim_y + droop, brim_rx, brim_ry) + cuffed * 9

    texture = grid.texture(2.4, xn * 0.9 + people.hat_hue[:, None], y * 2.4)
    on_dome = cover(dome, px)
    brim_in = cover(brim, px) * (over + (1 - over) * (1 - on_dome))
    cuff_in, pom_in = cover(cuff, px), cover(pom, px)
    nx = xn.clamp(-0.95, 0.95)
    ny = (yn * 0.8 * above).clamp(0, 0.9)
    # Ribs of the knitting run round the head; they are finer at the sides
    rib = (torch.asin(nx) * 15).sin() * (1 - (5 * px / rx).clamp(max=1)) * cuffed
    nx = nx + rib * 0.22 * (1 - brim_in)
    nx = torch.lerp(nx, (x / 0.115 + texture[:, 2] * 0.5).clamp(-0.9, 0.9), pom_in)
    ny = torch.lerp(ny, (pom_y / 0.115 - texture[:, 3] * 0.5).clamp(-0.9, 0.9), pom_in)
    nx = torch.lerp(nx, brim_x / brim_rx * 0.3, brim_in)
    ny = torch.lerp(ny, 0.55 - 0.9 * over * (-brim_y / brim_ry).clamp(0, 1), brim_in)
    nz = (1 - nx * nx - ny * ny).clamp(min=0.05).sqrt()
    unit = (nx * nx + ny * ny + nz * nz).rsqrt()

    base = scaled(palette(_HATS, people.hat_hue), 0.88 + 0.16 * people.hat_tone[:, None])
    trim = palette(_HATS, (people.hat_hue + 0.37) % 1)
    ribbon = cover((y - edge - 0.055).abs() - 0.055, px) * kind["ribbon"] * on_dome
    trimmed = torch.maximum(ribbon, torch.maximum(cuff_in, pom_in))
    seam = (1 - (xn - pose.sin * 0.7).abs() / 0.03).clamp(min=0) * over * on_dome * (1 - brim_in)  # of a cap
    weave = (1 + 0.05 * texture[:, 0] + 0.04 * rib) * (1 - 0.18 * seam) * (1 - 0.08 * brim_in)
    colour = scaled(mix(mix(base, trim, trimmed), base, brim_in), weave)
    shape = torch.minimum(torch.minimum(dome, brim), torch.minimum(cuff, pom))
    dim = 0.28 * near(brim, 0.04) * (1 - brim_in) * (1 - cuffed) + 0.25 * near(cuff, 0.03) * (1 - cuff_in)
    ink = 0.0
    if grid.lines:
        ink = torch.maximum(outline(shape, px), torch.maximum(ribbon * 0.55, seam * 0.7))
        for part in (brim, cuff, pom):
            ink = torch.maximum(ink, line(part, px))
    depth = pose.c * kind["width"] * (1 - xn * xn).clamp(min=1e-8).sqrt() * (1 - 0.5 * yn.clamp(0, 1) ** 2)
    layer = Layer(
        window=window,
        cover=cover(shape, px) * people.hat[:, None],
        colour=colour,
        normal=(nx * unit, ny * unit, nz * unit),
        depth=depth + brim_in * (0.10 + 0.22 * over),
        gloss=0.04,
        shadow=1 - dim * on_dome,
        line=ink,
        parts=[("hat", 1.0)],
        who=who,
    )
    return layer, shape


def hat_outline(people: People, pose: Pose, points: int) -> tuple[Tensor, Tensor]:
    """Points round the hat, in the head's frame: [N, points of every piece]."""
    kind = _table(_HAT_COLUMNS, _HAT_TABLE, HAT_KINDS, people.hat_kind, people.age)
    angle = torch.arange(points, device=pose.a.device, dtype=pose.a.dtype) * (2 * torch.pi / points)
    c, s = angle.cos()[None], angle.sin()[None]
    rx, height = _crown(people, pose, kind)
    x, y = [rx * c], [torch.where(s > 0, height, kind["sag"]) * s]
    cuffed, pom = kind["cuff"], kind["pom"]
    x.append(rx * 1.06 * c * cuffed)
    y.append(torch.where(s > 0, 0.155, -0.015 - kind["sag"] * (1 - c * c).clamp(min=0).sqrt()) * cuffed)
    x.append(0.115 * c * pom)
    y.append((height + 0.045 + 0.115 * s) * pom)
    brimmed = 1 - cuffed
    brim_x = kind["brim_w"] * pose.a * c
    droop = 0.056 * (1 - kind["over"]) * c * c
    x.append((brim_x + kind["brim_x"] * pose.sin) * brimmed)
    y.append((kind["brim_h"] * s + kind["brim_y"] - kind["sag"] * 0.4 - droop) * brimmed)
    return torch.cat(x, 1), torch.cat(y, 1) + _hat_line(people, pose)
