"""How a traced scene becomes a picture: shaded, drawn, measured or painted. Everything here is [N, C, side, side]."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.data.avatars import noise
from course_lib.data.avatars.layers import cover
from course_lib.data.avatars.population import People
from course_lib.data.avatars.scene import Traced

_BASE = 64  # samples a side of the picture that a painter looks at
# Layers of an oil painting: strokes a side, half their length and width, the detail that calls for them
_STROKES = ((18, 0.115, 0.050, 0.0), (34, 0.060, 0.024, 0.6), (60, 0.032, 0.0125, 1.0))


def light(people: People) -> tuple[Tensor, Tensor, Tensor]:
    """The direction towards the light, of unit length: [N, 1, 1] each."""
    azimuth = people.light_azimuth[:, None, None] * (torch.pi / 180)
    elevation = people.light_elevation[:, None, None] * (torch.pi / 180)
    return azimuth.sin() * elevation.cos(), elevation.sin(), azimuth.cos() * elevation.cos()


def shaded(people: People, traced: Traced) -> Tensor:
    """The scene in its light: red, green, blue in [0, 1].

    Lambert's law, wrapped round the terminator, over a light ambience; warm where light turns to shade, as in flesh; a
    highlight (Blinn, 1977) and a little light from behind at the edges.
    """
    r, g, b, nx, ny, nz, _, gloss, shadow, _ = traced.buffer
    lx, ly, lz = light(people)
    facing = torch.addcmul(torch.addcmul(nx * lx, ny, ly), nz, lz)
    body = 1 - traced.parts["background"]
    wrapped = ((facing + 0.35) * (1 / 1.35)).clamp(min=0)
    diffuse = 0.72 + body * (wrapped * (0.62 + 0.25 * wrapped) - 0.72)
    warm = wrapped * (1 - wrapped) * body
    bounce = (0.065 - 0.065 * ny) * body  # from below
    unit = (lx * lx + ly * ly + (lz + 1) ** 2).rsqrt()  # halfway between light and viewer
    half = torch.addcmul(torch.addcmul(nx * (lx * unit), ny, ly * unit), nz, (lz + 1) * unit)
    half = (half * 2 - 1).clamp(min=0) ** 2
    edge = (1 - nz).clamp(0, 1)
    shine = torch.addcmul(half * half * half * gloss, edge * edge * edge * body, 0.08 + 0.08 * ny)
    colours = []
    for colour, ambient, lamp, glow in ((r, 0.40, 0.98, 0.26), (g, 0.395, 0.93, 0.08), (b, 0.415, 0.87, 0.05)):
        lit = (diffuse * lamp + bounce + ambient + warm * glow) * shadow
        colours.append(torch.addcmul(shine, colour, lit))
    # As film does, it loses brightness gently: straight up to 0.7, level at 1.3
    exposed = torch.stack(colours, 1).clamp(min=0)
    over = (exposed - 0.7).clamp(0, 0.6)
    return exposed.clamp(max=0.7) + over * (1 - over * (1 / 1.2))


def sketch(people: People, traced: Traced, colours: Tensor) -> Tensor:
    """Pencil on paper, one channel in [0, 1]: outlines, and hatching where the picture is dark."""
    grid = traced.grid
    window = grid.window(-1, 1)
    bright = colours[:, 0] * 0.3 + colours[:, 1] * 0.59 + colours[:, 2] * 0.11
    body = 1 - traced.parts["background"]
    dark = ((0.62 - bright) / 0.62).clamp(0, 1) * body
    wobble = _canvas(people, traced, 0.9)[:, 1]
    x, y = (window.unflatten(part) for part in (window.x, window.y))
    ink = traced.buffer[9] * (0.84 + 0.16 * wobble)
    for slope_x, slope_y, threshold, period in ((0.80, 0.60, 0.08, 0.050), (0.45, -0.89, 0.48, 0.044)):
        phase = (x * slope_x + y * slope_y) / period + 0.35 * wobble
        saw = (phase - phase.floor() - 0.5).abs() * period  # distance from the hatching line's middle
        width = ((dark - threshold) * (0.5 * period)).clamp(min=0)
        hatch = cover(saw - width, grid.pixel) * (width > 0).to(width)
        ink = torch.maximum(ink, hatch * 0.55)
    return (0.97 - 0.86 * ink)[:, None]


def watercolour(people: People, traced: Traced, colours: Tensor) -> Tensor:
    """Thin washes on white paper: wavering edges where pigment gathers, blooms, granulation, a margin left bare."""
    grid = traced.grid
    texture = _canvas(people, traced, 0.8)
    paper = _canvas(people, traced, 2.2, wash=False)[:, 0]
    window = grid.window(-1, 1)
    x, y = (window.unflatten(part) for part in (window.x, window.y))
    # The hand trembles
    at = torch.stack([x + 0.014 * texture[:, 1], -y + 0.014 * texture[:, 0]], -1)
    body = 1 - traced.parts["background"]
    image = torch.cat([colours, body[:, None]], 1)
    image = F.grid_sample(image, at, mode="bilinear", padding_mode="border", align_corners=False)
    body = image[:, 3:]
    # Few tones, softly parted
    pigment = 1 - image[:, :3]
    steps = pigment.mean(1, keepdim=True).clamp(min=0.02) * 5
    pigment = pigment * ((steps.floor() + _soften(steps - steps.floor())) / steps)
    wide = max(1, round(0.035 / grid.pixel)) * 2 + 1
    around = F.avg_pool2d(F.pad(pigment, (wide // 2,) * 4, mode="replicate"), wide, 1)
    fine = max(1, round(0.014 / grid.pixel)) * 2 + 1
    near = F.avg_pool2d(F.pad(pigment, (fine // 2,) * 4, mode="replicate"), fine, 1)
    edges = (near - around).abs().mean(1, keepdim=True)
    pooled = (0.5 * pigment + 0.5 * near) * (0.92 + 1.6 * edges)
    pooled = pooled * (1 + 0.26 * texture[:, 1:2] * (1.5 - body) + 0.13 * paper[:, None])
    margin = torch.maximum(x.abs(), y.abs()) + 0.10 * texture[:, 1] - 0.06 * texture[:, 0]
    wash = ((0.94 - margin) / 0.05).clamp(0, 1)[:, None] * (0.70 + 0.35 * texture[:, 1:2].clamp(min=-0.8))
    pooled = pooled * torch.lerp(wash.clamp(0, 1) * 0.8, ((0.985 - margin) / 0.03).clamp(0, 1)[:, None], body) * 0.92
    return (0.985 - pooled).clamp(0, 1)


def oil(people: People, traced: Traced, colours: Tensor) -> Tensor:
    """Strokes of a loaded brush, broad ones first and small ones where there is detail, in a warm and deep palette.

    Each stroke has the one colour that the scene has at its middle; where several cross, the one laid last is seen.
    After Litwinowicz (1997), *Processing images and video for an impressionist effect*, and Hertzmann (1998),
    *Painterly rendering with curved brush strokes of multiple sizes*.
    """
    grid = traced.grid
    look = F.adaptive_avg_pool2d(colours, _BASE)
    mean = look.mean((2, 3), keepdim=True)
    warm = look.new_tensor([1.07, 0.99, 0.86])[:, None, None]
    palette = (mean + (look - mean) * 1.18).clamp(0.02, 1) ** 1.12 * warm
    bright = F.avg_pool2d(F.pad(look.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate"), 3, 1)
    slope_x = F.pad(bright[..., 2:] - bright[..., :-2], (1, 1, 0, 0), mode="replicate")
    slope_y = F.pad(bright[..., 2:, :] - bright[..., :-2, :], (0, 0, 1, 1), mode="replicate")
    detail = F.max_pool2d((slope_x**2 + slope_y**2).sqrt(), 3, 1, 1)
    face = sum(traced.parts[name] for name in ("eyes", "mouth", "brows", "glasses"))[:, None]
    detail = (detail * 5 + F.max_pool2d(F.adaptive_avg_pool2d(face, _BASE), 3, 1, 1) * 1.5).clamp(max=1.2)
    look = torch.cat([palette, slope_x, slope_y, detail], 1)

    window = grid.window(-1, 1)
    canvas = F.interpolate(palette, size=grid.side, mode="bilinear", align_corners=False).flatten(2) * 0.8
    for number, (cells, length, width, needed) in enumerate(_STROKES):
        canvas = _strokes(people, look, canvas, window.x, window.y, grid.pixel, number, cells, length, width, needed)
    return canvas.unflatten(2, (grid.side, grid.side)).clamp(0, 1)


def _strokes(
    people: People,
    look: Tensor,
    canvas: Tensor,
    x: Tensor,
    y: Tensor,
    pixel: float,
    number: int,
    cells: int,
    length: float,
    width: float,
    needed: float,
) -> Tensor:
    """One stroke from every cell of a grid, laid over canvas [N, 3, P] in random order."""
    spacing = 2 / cells
    count = (cells + 2) ** 2  # with a cell of margin all round
    numbers = (people.key[:, None] ^ torch.arange(count, device=x.device)).flatten()
    random = [noise.uniform(number, numbers, channel).view(-1, count).to(x) for channel in range(6)]
    index = torch.arange(count, device=x.device)
    middle_x = (index % (cells + 2) - 0.5) * spacing - 1 + (random[0] - 0.5) * spacing
    middle_y = 1 - (index // (cells + 2) - 0.5) * spacing + (random[1] - 0.5) * spacing
    at = torch.stack([middle_x, -middle_y], -1)[:, None]
    seen = F.grid_sample(look, at, mode="bilinear", padding_mode="border", align_corners=False)[:, :, 0]
    # Along the contours where there are any, else as the hand goes
    along_x, along_y = seen[:, 4], seen[:, 3]  # the picture's rows run downwards
    angle = torch.atan2(along_y * 60 + (random[2] - 0.5) * 1.2, along_x * 60 + 0.8 + random[3])
    tint = 1 + 0.14 * (random[4] - 0.5)
    laid = ((seen[:, 5] + 0.08) > needed).to(x)
    facts = torch.stack(
        [
            middle_x,
            middle_y,
            angle.cos(),
            angle.sin(),
            random[5] * laid + (laid - 1),
            *(seen[:, i] * tint for i in range(3)),
        ],
        1,
    )

    column, row = ((x + 1) / spacing).floor().long() + 1, ((1 - y) / spacing).floor().long() + 1
    cell = (row * (cells + 2) + column)[0]
    best = torch.full_like(canvas[:, 0], -1e-3)
    paint, share, relief = canvas, torch.zeros_like(best), torch.zeros_like(best)
    for step_y in (-1, 0, 1):
        for step_x in (-1, 0, 1):
            f = facts.index_select(2, (cell + step_y * (cells + 2) + step_x).clamp(0, count - 1))
            dx, dy = x - f[:, 0], y - f[:, 1]
            s, t = dx * f[:, 2] + dy * f[:, 3], dy * f[:, 2] - dx * f[:, 3]
            ragged = 0.18 * (t * (9.0 / width)).sin()
            distance = torch.maximum(t.abs() - width, s.abs() - length * (1 + ragged))
            inside = cover(distance, pixel)
            on_top = ((f[:, 4] > best) & (inside > 0.35)).to(x)
            best = torch.maximum(best, f[:, 4] * on_top - (1 - on_top))
            share = torch.lerp(share, inside, on_top)
            bristles = (t * (14.0 / width) + f[:, 4] * 40).sin() * 0.045 * min(1.0, width / (3 * pixel))
            ridge = (t / width) * 0.10 + bristles
            relief = torch.lerp(relief, ridge, on_top)
            paint = torch.lerp(paint, f[:, 5:8], on_top[:, None])
    return torch.lerp(canvas, paint * (1 + relief)[:, None], share[:, None])


def _soften(t: Tensor) -> Tensor:
    """A steeper way from 0 to 1."""
    t = ((t - 0.5) * 1.8 + 0.5).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _canvas(people: People, traced: Traced, periods: float, wash: bool = True) -> Tensor:
    """The texture laid on the picture's plane, elsewhere for everyone: [N, TEXTURES, side, side]."""
    grid = traced.grid
    window = grid.window(-1, 1)
    shift = people.parting[:, None] * 3, people.pattern[:, None] * 3
    texture = grid.texture(periods, window.x * periods * 0.5 + shift[0], window.y * periods * 0.5 + shift[1])
    return texture.unflatten(2, (grid.side, grid.side))
