"""The head and what is on it: eyes, brows, nose, mouth, beard, ears and glasses.

Features are distances in the skin's own coordinates, p to the right and q upwards as seen from the front, in the same
unit as the picture. A left and a right one are drawn at once, in |p|.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.data.avatars.geometry import Pose, Surface, pose_nose
from course_lib.data.avatars.layers import (
    INK,
    Grid,
    Layer,
    Three,
    Window,
    cover,
    ellipse,
    hill,
    mix,
    outline,
    palette,
    scaled,
    stroke,
)
from course_lib.data.avatars.population import BEARDS, People

# Colours, red, green and blue in 0 to 255
_SKIN = (
    (255, 226, 206), (250, 208, 178), (238, 184, 146), (212, 150, 108), (168, 108, 74), (124, 78, 54), (88, 55, 40),
)  # fmt: skip
_EYES = ((74, 46, 28), (104, 66, 36), (140, 98, 48), (86, 116, 66), (66, 122, 120), (70, 120, 172), (112, 136, 154))
_FRAMES = ((34, 30, 34), (92, 54, 34), (160, 44, 52), (40, 66, 112), (188, 148, 76), (150, 152, 158), (44, 92, 84))
# How dense it grows on jaw and upper lip
_BEARDS = {"none": (0.0, 0.0), "stubble": (0.22, 0.20), "moustache": (0.0, 0.96), "full": (0.96, 0.96)}


def skin_colour(people: People) -> Three:
    red, green, blue = palette(_SKIN, people.skin_tone, blend=True)
    tint = (people.undertone[:, None] - 0.5) * 0.07
    return red, green * (1 - tint), blue * (1 + tint)


def _column(value: Tensor) -> Tensor:
    return value[:, None]


def _bump(
    z: Tensor,
    slopes: tuple[Tensor, Tensor],
    dx: Tensor,
    dy: Tensor,
    lean: Tensor | float,
    height: Tensor,
    wx: Tensor,
    wy: Tensor,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Adds a `hill` about the line dx = lean * dy to the height z, and what it steepens to the slopes."""
    sx, sy = (dx - lean * dy) / wx, dy / wy
    low = (1 - torch.addcmul(sx * sx, sy, sy) * (1 / 6)).clamp(min=0)
    slope = height * low * low  # of `hill`, but for the way
    down_x = slope * sx / wx
    slopes = slopes[0] - down_x, slopes[1] + lean * down_x - slope * sy / wy
    return torch.addcmul(z, slope, low), slopes


@dataclass(frozen=True)
class Head:
    """The head's surface in a window of rows, with its nose."""

    window: Window
    x: Tensor
    y: Tensor
    surface: Surface
    z: Tensor
    normal: Three


def shape_head(pose: Pose, grid: Grid) -> Head:
    window = grid.window(-0.78, 0.80, 0.72)
    x, y = pose.to_head(window.x, window.y)
    surface = pose.surface(x, y)
    nx, ny, nz = surface.normal
    z, slopes = surface.z, (torch.zeros_like(x), torch.zeros_like(x))
    tip_x, tip_y = pose_nose(pose)
    r = pose.nose_r
    z, slopes = _bump(z, slopes, x - tip_x, y - tip_y, 0.0, r * 0.92, r * 0.80, r * 0.74)
    # The bridge, from between the eyes to the tip
    top_x, top_y, _ = pose.place(torch.zeros_like(r), pose.eye_y + 0.01)
    dx, dy = x - (tip_x + top_x) / 2, y - (tip_y + top_y) / 2
    lean = (tip_x - top_x) / (tip_y - top_y)
    z, slopes = _bump(z, slopes, dx, dy, lean, r * 0.42, r * 0.42, (top_y - tip_y) * 0.42)
    # Added slopes tilt the normal; it is n + nz * (-slope), of unit length again
    nx, ny = torch.addcmul(nx, nz, slopes[0], value=-1), torch.addcmul(ny, nz, slopes[1], value=-1)
    length = torch.addcmul(torch.addcmul(nx * nx, ny, ny), nz, nz).rsqrt()
    return Head(window, x, y, surface, z, (nx * length, ny * length, nz * length))


@dataclass(frozen=True)
class Skin:
    """What is known at samples of the skin: [N, P] each.

    p, q: its coordinates, from the front.   front: 1 on the face's side of the head.   footprint: of a sample.
    """

    p: Tensor
    q: Tensor
    front: Tensor
    footprint: Tensor

    def band(self, rows: slice) -> "Skin":
        return Skin(self.p[:, rows], self.q[:, rows], self.front[:, rows], self.footprint[:, rows])


@dataclass
class Drawing:
    """What the features are drawn on: colour, the ink of lines where lines are wanted, and the parts so far."""

    colour: Three
    ink: Tensor | None
    parts: dict[str, Tensor]

    def band(self, rows: slice) -> "Drawing":
        return Drawing(tuple(c[:, rows] for c in self.colour), None if self.ink is None else self.ink[:, rows], {})

    def put(self, rows: slice, piece: "Drawing") -> None:
        """Puts a band back, and its parts."""
        total = self.colour[0].shape[1]

        def patched(whole: Tensor, part: Tensor) -> Tensor:
            return torch.cat([whole[:, : rows.start], part, whole[:, rows.stop :]], 1)

        self.colour = tuple(patched(a, b) for a, b in zip(self.colour, piece.colour, strict=True))
        if self.ink is not None and piece.ink is not None:
            self.ink = patched(self.ink, piece.ink)
        for name, share in piece.parts.items():
            self.parts[name] = F.pad(share, (rows.start, total - rows.stop))


def layer_head(people: People, pose: Pose, grid: Grid, head: Head, hair: Three, shadow: Tensor) -> Layer:
    """Skin with its features. hair: its colour. shadow: what hair and hat cast, on the head's window."""
    surface, window = head.surface, head.window
    px = grid.pixel / pose.zoom
    p, q = surface.u * pose.a, surface.v * pose.b
    # How fast p runs across the picture: lines on the far cheek are thinner, and their edges as sharp
    nx, _, nz = surface.normal
    footprint = px * torch.addcmul(pose.cos, pose.sin, nx / nz.clamp(min=0.2)).abs().clamp(0.7, 3)
    skin = Skin(p, q, cover(-surface.w, 0.1), footprint)
    texture = grid.texture(1.0, p + _column(people.parting), q + _column(people.pattern))
    mottle = 1 + texture[:, 0] * 0.025 + texture[:, 1] * 0.03
    drawing = Drawing(scaled(skin_colour(people), mottle), None, {})
    if grid.lines:
        drawing.ink = outline(surface.distance, px)
    if not grid.plain:
        _complexion(people, pose, drawing, skin, texture)

    low, high = (window.band(*rows, grid.side) for rows in ((-0.78, 0.03), (-0.34, 0.52)))
    piece, where = drawing.band(low), skin.band(low)
    _nose(pose, piece, head.x[:, low], head.y[:, low], px)
    _beard(people, pose, piece, where, surface.w[:, low], hair, texture[:, 0, low])
    wet = _mouth(people, pose, piece, where)
    drawing.put(low, piece)
    piece, where = drawing.band(high), skin.band(high)
    _brows(people, pose, piece, where, hair)
    _eyes(people, pose, piece, where)
    drawing.put(high, piece)

    gloss = (0.17 + 0.25 * F.pad(wet, (low.start, p.shape[1] - low.stop))) * (1 - drawing.parts["eyes"])
    return Layer(
        window=window,
        cover=cover(surface.distance, px),
        colour=drawing.colour,
        normal=head.normal,
        depth=head.z,
        gloss=gloss,
        shadow=1 - shadow,
        line=0.0 if drawing.ink is None else drawing.ink,
        parts=[("skin", 1.0), *_stacked(drawing.parts)],
    )


def _stacked(parts: dict[str, Tensor]) -> list[tuple[str, Tensor]]:
    """What each part shows when every later one lies on top of it."""
    shown, free = [], 1.0
    for name in ("eyes", "brows", "mouth", "beard", "nose"):
        shown.append((name, free * parts[name]))
        free = free - shown[-1][1]
    return shown


def _complexion(people: People, pose: Pose, drawing: Drawing, skin: Skin, texture: Tensor) -> None:
    """Blush, freckles, and the lines of age and of laughter."""
    p, q, front, footprint = skin.p, skin.q, skin.front, skin.footprint
    across = p.abs()
    happy = _column(people.smile.clamp(min=0))
    # The blush rises with a smile
    cheek_y = pose.nose_y + 0.02 + 0.03 * happy
    cheek = (across - pose.a * 0.62) ** 2 + ((q - cheek_y) * 1.25) ** 2
    blush = hill(cheek * (1 / 0.095**2)) * (0.16 + 0.26 * _column(people.blush) + 0.1 * happy)
    red_nose = hill(((q - pose.nose_y) ** 2 + p * p) * (1 / 0.07**2))
    blush = torch.add(blush, red_nose, alpha=0.16) * front
    light = 0.35 + 0.65 * (1 - _column(people.skin_tone))  # on dark skin a blush shows less
    spots = (texture[:, 0] * 5 - 2.2).clamp(0, 1)
    freckled = hill(((q - pose.nose_y - 0.03) / 0.11) ** 2 + (p / 0.26) ** 2)
    freckles = spots * freckled * (-0.34 * _column(people.freckles))

    old = ((_column(people.age) - 0.45) / 0.55).clamp(min=0)
    t = (q - pose.mouth_y) / (pose.nose_y - pose.mouth_y)
    fold_x = pose.mouth_w * (1.02 + 0.12 * happy) - (pose.mouth_w * 0.75 - pose.nose_r * 0.6) * t
    fold = stroke(across - fold_x, 0.016, footprint) * (t * (3.0 - 2.4 * t)).clamp(0, 1)
    rows = (q - pose.brow_y - 0.09) / 0.055
    furrow = stroke((rows - rows.round()) * 0.055, 0.009, footprint)
    furrow = furrow * (1 - (rows - 1).abs() / 1.7).clamp(min=0) * (1 - across * 4).clamp(min=0)
    bag = ellipse(across - pose.eye_x, q - pose.eye_y, pose.eye_w * 0.95, pose.eye_down + 0.05)
    bag = stroke(bag, 0.013, footprint) * ((pose.eye_y - q) * 14).clamp(0, 1)
    crease = (fold * (0.7 * old + 0.4 * happy) + (furrow + bag * 0.8) * old).clamp(max=1) * front
    r, g, b = drawing.colour
    drawing.colour = (
        r * (1 + freckles + 0.03 * blush - 0.26 * crease),
        g * (1 + freckles - 0.50 * light * blush - 0.38 * crease),
        b * (1 + freckles - 0.44 * light * blush - 0.40 * crease),
    )
    if drawing.ink is not None:
        drawing.ink = torch.maximum(drawing.ink, crease * 0.5)


def _nose(pose: Pose, drawing: Drawing, x: Tensor, y: Tensor, px: Tensor) -> None:
    """Nostrils and wings, in the picture's own plane about the tip; the nose itself is in the surface."""
    tip_x, tip_y = pose_nose(pose)
    r = pose.nose_r
    x, y = (x - tip_x) / pose.cos, y - tip_y
    nostril = cover(ellipse(x.abs() - r * 0.46, y + r * 0.62, r * 0.26, r * 0.15), px * 1.5)
    under = hill(((y + r * 0.95) / (r * 0.35)) ** 2 + (x / (r * 0.9)) ** 2)
    dim = 0.42 * nostril + 0.18 * under
    red, green, blue = drawing.colour
    drawing.colour = (red * (1 - 0.75 * dim), green * (1 - dim), blue * (1 - dim))
    whole = ellipse(x + pose.sin * y * 0.5, y - r * 0.35, r * 1.05, r * 1.45)
    drawing.parts["nose"] = cover(whole, px)
    if drawing.ink is not None:
        wing = stroke((x * x + (y + r * 0.1) ** 2).clamp(min=1e-8).sqrt() - r, 0.012, px) * (-y / r - 0.3).clamp(0, 1)
        drawing.ink = torch.maximum(drawing.ink, torch.maximum(wing * 1.3, nostril * 0.8).clamp(max=1))


def lid(t: Tensor) -> Tensor:
    """The arch of an eyelid, 1 in the middle and 0 at the corners t = -1 and 1."""
    t2 = t * t
    return (1 - t2) * (1 + 0.42 * t2)


def _eyes(people: People, pose: Pose, drawing: Drawing, skin: Skin) -> None:
    p, q, footprint = skin.p, skin.q, skin.footprint
    side = torch.sign(p)
    x = p.abs() - pose.eye_x
    y = q - pose.eye_y - pose.eye_tilt * x
    w = pose.eye_w
    t = (x / w).clamp(-1.4, 1.4)
    arch = lid(t)
    steep = (1 + (pose.eye_up * 1.6 * t / w) ** 2).rsqrt()  # from heights to distances
    upper = torch.addcmul(y, pose.eye_up, arch, value=-1)
    lower = torch.addcmul(y, pose.eye_down, arch) * -steep
    reach = cover(x.abs() - w * 1.04, footprint) * skin.front
    inside = cover(torch.maximum(upper * steep, lower), footprint) * reach

    # The white, shaded under the lid and towards the corners
    shade = (1 + upper / (pose.eye_up * 0.55 + 1e-3)).clamp(0, 1)
    upper = upper * steep
    white = 0.97 - 0.20 * shade - 0.10 * t * t
    radians = torch.pi / 180
    gaze_x, gaze_y = _column(people.gaze_x * radians).sin(), _column(people.gaze_y * radians).sin()
    r = pose.iris
    ix = torch.addcmul(x, side, gaze_x * w * -1.05)
    iy = y - (pose.eye_up - pose.eye_down) * 0.35 - gaze_y * pose.eye_up * 1.2
    squared = torch.addcmul(ix * ix, iy, iy).clamp(min=1e-8)
    radius = squared.sqrt()
    glow = (squared * (0.65 / (r * r)) + 0.35 - iy * (0.55 / r)).clamp(0.1, 1.5)  # the lower half is lighter
    rim = cover(r * 0.86 - radius, r * 0.25)
    tone = (0.42 + 0.85 * glow) * (1 - 0.55 * rim)
    iris = cover(radius - r, footprint)
    pupil = cover(radius - r * 0.48, footprint)
    dim = (1 - 0.93 * pupil) * (1 - 0.30 * shade)
    azimuth = _column(people.light_azimuth * radians).sin()

    def spot(reach_x: float, up: float, size: float) -> Tensor:
        sx = torch.addcmul(ix, side, azimuth * r * -reach_x)
        return cover(torch.addcmul(sx * sx, iy - r * up, iy - r * up).clamp(min=1e-8).sqrt() - r * size, footprint)

    glint = torch.maximum(spot(0.42, 0.42, 0.27), 0.7 * spot(-0.45, -0.45, 0.13))
    ball = []
    for hue, tint in zip(palette(_EYES, people.eye_colour), (1.0, 0.985, 0.975), strict=True):
        base = torch.lerp(white * tint, tone * hue, iris) * dim
        ball.append(torch.addcmul(base, glint, 1 - base))
    colour = mix(drawing.colour, ball, inside)

    # Lashes: a line on the upper lid that thickens outwards, and a flick at the corner
    lash = _column(people.lashes)
    thick = (0.011 + 0.006 * lash) * (1 + 0.5 * t)
    upper_line = cover(upper.abs() - thick, footprint) * reach
    fx = x - w
    along = (fx * 0.8 + y * 0.6) / 0.055
    flick = cover((y * 0.8 - fx * 0.6).abs() - 0.011 * (1 - along.clamp(0, 1)), footprint)
    flick = flick * cover((along - 0.5).abs() - 0.5, footprint * 18) * skin.front
    upper_line = torch.maximum(upper_line, flick * lash)
    lower_line = cover(lower.abs() - 0.004, footprint) * reach * 0.45
    fold = stroke(upper - 0.036, 0.010, footprint) * reach
    tones = skin_colour(people)
    colour = mix(colour, scaled(tones, 0.55), fold * 0.45)
    colour = mix(colour, scaled(tones, 0.42), lower_line)
    drawing.colour = mix(colour, (0.13, 0.09, 0.09), upper_line * 0.94)
    drawing.parts["eyes"] = torch.maximum(inside, upper_line)
    if drawing.ink is not None:
        drawn = torch.maximum(inside * pupil, inside * cover((radius - r).abs() - INK * 0.6, footprint)) * (1 - glint)
        drawn = torch.maximum(drawn, torch.maximum(upper_line, torch.maximum(lower_line * 1.4, fold * 0.6)))
        drawing.ink = torch.maximum(drawing.ink * (1 - inside), drawn)


def _brows(people: People, pose: Pose, drawing: Drawing, skin: Skin, hair: Three) -> None:
    x = skin.p.abs() - pose.eye_x * 1.02
    half = pose.eye_w * 1.12
    t = x / half
    t2 = t * t
    middle = torch.addcmul(pose.brow_y + 0.017, x, pose.brow_tilt * 0.9) - 0.032 * t2
    thick = (0.012 + 0.016 * _column(people.brow_thickness)) * (1.05 - 0.35 * t - 0.5 * t2 * t2).clamp(min=0.05)
    brow = cover(torch.maximum((skin.q - middle).abs() - thick, x.abs() - half), skin.footprint) * skin.front
    drawing.colour = mix(drawing.colour, tuple(0.62 * c + 0.03 for c in hair), brow * 0.92)
    drawing.parts["brows"] = brow
    if drawing.ink is not None:
        drawing.ink = torch.maximum(drawing.ink, brow * 0.85)


def _beard(
    people: People, pose: Pose, drawing: Drawing, skin: Skin, forward: Tensor, hair: Three, grain: Tensor
) -> None:
    """forward: 1 at the middle of the face, 0 at its sides. grain: noise [N, P]."""
    p, q = skin.p, skin.q
    shares = torch.tensor([_BEARDS[name] for name in BEARDS]).to(p)[people.beard]
    t2 = (p / pose.a) ** 2
    # On the jaw below a line that runs from the ears down and in to the mouth; on the upper lip two wings
    jaw = q - pose.mouth_y - 0.025 - 0.42 * t2 * t2.clamp(max=1.3) + grain * 0.022
    m = p.abs() / pose.mouth_w
    wing = pose.mouth_y + 0.078 - 0.062 * m * m + 0.012 * m
    lip = torch.maximum((q - wing).abs() - 0.034 * (1.12 - m * 0.78), (m - 1.12) * pose.mouth_w) + grain * 0.011
    on_jaw, on_lip = cover(jaw, skin.footprint + 0.02), cover(lip, skin.footprint + 0.008)
    beard = torch.maximum(on_jaw * shares[:, :1], on_lip * shares[:, 1:]) * cover(0.25 - forward, 0.3)
    drawing.colour = mix(drawing.colour, scaled(tuple(0.86 * c for c in hair), 1 + 0.30 * grain), beard)
    drawing.parts["beard"] = beard
    if drawing.ink is not None:
        drawing.ink = torch.maximum(drawing.ink, beard * (grain * 1.6 - 0.25).clamp(0, 1))


def _mouth(people: People, pose: Pose, drawing: Drawing, skin: Skin) -> Tensor:
    """Draws it, and returns where it is moist: [N, P]."""
    p, q, footprint = skin.p, skin.q, skin.footprint
    w = pose.mouth_w
    t = p / w
    t2 = t * t
    arch = 1 - t2
    gap = q - pose.mouth_y - pose.mouth_bend * (t2 - 0.45)  # height over the line where the lips meet
    wide = p.abs() - w
    steep = (1 + (pose.mouth_bend * 2 * t / w) ** 2).rsqrt()
    floor = gap + pose.mouth_open * arch * (1 + 0.25 * t2)  # height over the lower lip
    fullness = 0.016 + 0.020 * _column(people.lip_fullness)
    bow = arch.clamp(min=0) * (0.75 + 0.5 * (t2 * 9).clamp(max=1) - 0.35 * t2)
    ends = cover(wide, footprint) * skin.front
    edge = torch.maximum(gap - fullness * bow, fullness * -1.5 * arch - floor) * steep
    lips = cover(edge, footprint + 0.006) * ends
    opened = cover(torch.maximum(gap, -floor) * steep, footprint) * ends * cover(0.012 - pose.mouth_open, 0.02)

    strong = (_column(people.lipstick) - 0.45).clamp(min=0) * 1.5
    tones = skin_colour(people)
    lip = tuple(s * a + b for s, a, b in zip(tones, (0.86, 0.62, 0.62), (0.03, 0.02, 0.03), strict=True))
    lip = mix(lip, (0.74, 0.16, 0.22), strong)
    light = hill(((floor + fullness * 0.8) / 0.012) ** 2 + t2 * 10) * 0.22
    colour = mix(drawing.colour, tuple(c + light for c in lip), lips * (0.72 + 0.28 * strong))
    # Inside it is dark, with a row of teeth above and a tongue below
    tongue = ellipse(p, gap + pose.mouth_open * 1.02, w * 0.62, pose.mouth_open * 0.42 + 1e-3)
    tongue = cover(tongue, footprint)
    teeth = cover(-gap - 0.42 * pose.mouth_open, footprint) * cover(p.abs() - w * 0.93, footprint)
    dim = 1 - 0.25 * (1 + gap * (5 / (pose.mouth_open + 1e-3))).clamp(0, 1)
    inner = []
    for dark, meat, tooth in ((0.36, 0.84, 0.97), (0.09, 0.38, 0.96), (0.10, 0.38, 0.93)):
        base = dark + (meat - dark) * tongue
        inner.append(torch.addcmul(base, teeth, tooth - base) * dim)
    colour = mix(colour, inner, opened)
    # The line where the lips meet, the corners, and the hollow below
    seam = cover((gap * steep).abs() - 0.0085 * (1.05 - 0.75 * t2), footprint) * ends
    colour = mix(colour, scaled(tones, 0.36), seam * 0.8)
    corner = hill((wide / 0.022) ** 2 + ((gap - 0.004) / 0.022) ** 2) * skin.front
    below = hill(((floor + fullness * 2.4 + 0.022) / 0.017) ** 2 + t2 * 5) * skin.front
    drawing.colour = scaled(colour, (1 - 0.24 * corner) * (1 - 0.12 * below))
    drawing.parts["mouth"] = torch.maximum(lips, opened)
    if drawing.ink is not None:
        drawn = torch.maximum(seam, stroke(floor, 0.011, footprint) * opened * 2).clamp(max=1)
        drawn = torch.maximum(drawn, opened * (1 - teeth) * (1 - tongue) * 0.75)
        drawn = torch.maximum(drawn, stroke(edge, 0.009, footprint) * 0.5 * ends)
        drawing.ink = torch.maximum(drawing.ink * (1 - opened), drawn)
    return lips * (1 - opened)


def layer_ears(people: People, pose: Pose, grid: Grid) -> Layer:
    """Both ears and their rings: the far one hides behind the head, the near one lies on it."""
    window = grid.window(-0.42, 0.38, 0.82)
    x, y = pose.to_head(window.x, window.y)
    head = pose.surface(x, y)
    px = grid.pixel / pose.zoom
    size = 0.9 + 0.35 * _column(people.ear_size)
    side = torch.sign(x)
    x = x.abs() - pose.a * 0.97 * pose.cos
    y = y - pose.eye_y + 0.06 - pose.b * pose.sin_pitch * 0.1
    rx, ry = (0.062 + 0.05 * pose.sin.abs()) * size, 0.105 * size
    ear = ellipse(x, y, rx, ry)
    hollow = ellipse(x, y - 0.008, rx * 0.55, ry * 0.62)
    depth = -side * (pose.a * pose.sin)
    # Where the head is not, or lies behind
    seen = torch.maximum((depth - head.z) * (1 / 0.08) + 0.75, cover(-head.distance, px)).clamp(0, 1)
    drop_y = y + ry * 1.12
    drop = cover(torch.addcmul(x * x, drop_y, drop_y).clamp(min=1e-8).sqrt() - 0.034, px) * _column(people.earrings)
    nx = torch.lerp((x / rx).clamp(-1, 1) * 0.6, x * (0.7 / 0.034), drop).clamp(-0.8, 0.8)
    ny = torch.lerp((y / ry).clamp(-1, 1) * 0.6, drop_y * (0.7 / 0.034), drop).clamp(-0.55, 0.55)
    nz = (1 - nx * nx - ny * ny).clamp(min=0.05).sqrt()
    dark = cover(hollow, 0.03)
    colour = tuple(s * (1 - a * dark) for s, a in zip(skin_colour(people), (0.16, 0.30, 0.30), strict=True))
    ink = torch.maximum(outline(ear, px), stroke(hollow, 0.009, px) * 0.8) if grid.lines else 0.0
    return Layer(
        window=window,
        cover=torch.maximum(cover(ear, px), drop) * seen,
        colour=mix(colour, (0.98, 0.80, 0.36), drop),
        normal=(nx * side, ny, nz),
        depth=depth + 0.03 * nz,
        gloss=0.12 + 0.7 * drop,
        shadow=0.97,
        line=ink,
        parts=[("skin", 1.0)],
    )


def layer_glasses(people: People, pose: Pose, grid: Grid, who: Tensor) -> Layer:
    """Two rims in a plane before the eyes, a bridge, and the arms as far as they are seen."""
    window = grid.window(-0.40, 0.56, 0.92)
    x, y = pose.to_head(window.x, window.y)
    px = grid.pixel / pose.zoom
    u = (x - pose.glasses_w * pose.sin) / pose.cos
    v = y - pose.eye_y * pose.cos_pitch - pose.b * pose.sin_pitch * 0.97 + 0.012
    r = pose.lens
    centre = torch.maximum(pose.eye_x, r + 0.022)
    lx = u.abs() - centre
    angular = _column(people.glasses_shape)
    circle = torch.addcmul(lx * lx, v, v).clamp(min=1e-8).sqrt() - r
    bx, by = lx.abs() - r * 0.70, v.abs() - r * 0.46
    corner_x, corner_y = bx.clamp(min=0), by.clamp(min=0)
    corner = torch.addcmul(corner_x * corner_x, corner_y, corner_y).clamp(min=1e-8).sqrt()
    box = corner + torch.maximum(bx, by).clamp(max=0) - r * 0.36
    lens = torch.lerp(circle, box, angular)
    thick = 0.013 + 0.011 * (_column(people.glasses_colour) * 21 % 1)
    bridge = torch.maximum((v - 0.035 + 1.2 * u * u).abs() - thick * 0.85, u.abs() - (centre - r * 0.9))
    wire = torch.minimum(lens.abs() - thick, bridge)
    for side in (1.0, -1.0):
        # From the rim back to the ear; the far arm is behind the head
        start = (centre + r) * pose.cos * side + pose.glasses_w * pose.sin
        end = pose.a * pose.cos * side
        beyond = (x - (start + end) / 2).abs() - ((start - end) / 2).abs()
        hidden = (side * pose.sin * 6).clamp(0, 1)
        wire = torch.minimum(wire, torch.maximum((v - 0.03).abs() - thick * 0.9, beyond) + 9 * hidden)
    metal = cover(wire, px)
    # A pane of light across each lens
    slant = lx * 0.8 + v * 0.6
    glare = cover((slant + r * 0.15).abs() - r * 0.13, px) + cover((slant - r * 0.28).abs() - r * 0.05, px)
    total = torch.maximum(metal, cover(lens, px) * (0.04 + 0.15 * glare))
    metal = metal / total.clamp(min=1e-4)
    return Layer(
        window=window,
        cover=total * _column(people.glasses),
        colour=tuple(1 + metal * (c - 1) for c in palette(_FRAMES, people.glasses_colour)),
        normal=(pose.sin * pose.cos_pitch, pose.sin_pitch, pose.cos * pose.cos_pitch),
        depth=pose.glasses_w * pose.cos - u * pose.sin,
        gloss=0.25,
        shadow=1.0,
        line=metal,
        parts=[("glasses", 1.0)],
        who=who,
    )
