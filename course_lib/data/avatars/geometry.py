"""The shape of a head, in closed form: where its points are seen, how far they are, which way they face.

Lengths are in half the picture's side: the picture is [-1, 1] x [-1, 1], x to the right, y upwards, z towards the
viewer, seen along parallel rays. A head is an ellipsoid whose cross-sections narrow or widen towards the chin and move
forwards there. It turns (yaw) about the vertical; it tilts (roll) in the plane of the picture; it nods (pitch) by its
skin sliding over the skull, which keeps every ray's answer in closed form and is right for small angles.
"""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from course_lib.data.avatars.population import FACE_SHAPES, People

# width, height, jaw (how much wider than an ellipse towards the chin), half sizes
_SHAPES = {
    "oval": (0.445, 0.575, -0.14),
    "round": (0.495, 0.535, 0.06),
    "square": (0.465, 0.560, 0.26),
    "heart": (0.475, 0.560, -0.36),
}
CHIN = 0.07  # how far the chin stands forward


def smooth_max(first: Tensor, second: Tensor | float, k: float) -> Tensor:
    """max(first, second), rounded over a width k (a quadratic polynomial)."""
    h = (k - (first - second).abs()).clamp(min=0)
    return (torch.maximum(first, second) if isinstance(second, Tensor) else first.clamp(min=second)) + h * h / (4 * k)


@dataclass(frozen=True)
class Surface:
    """What the rays at P points of the picture meet, [N, P] each, on an ellipsoid that is warped and turned.

    distance: to its outline, negative inside.   z: how near to the viewer.   normal: three components, of unit length.
    u, v, w: the point on the unit sphere in the head's own frame (right, up, forward), turn and nod undone.
    """

    distance: Tensor
    z: Tensor
    normal: tuple[Tensor, Tensor, Tensor]
    u: Tensor
    v: Tensor
    w: Tensor


@dataclass(frozen=True)
class Pose:
    """A person's proportions and position: [N, 1] each, from attributes. Angles as sine and cosine."""

    sin: Tensor  # yaw
    cos: Tensor
    sin_pitch: Tensor
    cos_pitch: Tensor
    sin_roll: Tensor
    cos_roll: Tensor
    x: Tensor
    y: Tensor
    zoom: Tensor
    a: Tensor  # half width of the head
    b: Tensor  # half height
    c: Tensor  # half depth
    jaw: Tensor
    eye_x: Tensor
    eye_y: Tensor
    eye_w: Tensor
    eye_up: Tensor  # heights of the lids over and under the line between the corners
    eye_down: Tensor
    eye_tilt: Tensor
    iris: Tensor
    brow_y: Tensor
    brow_tilt: Tensor
    nose_y: Tensor
    nose_r: Tensor
    mouth_y: Tensor
    mouth_w: Tensor
    mouth_bend: Tensor
    mouth_open: Tensor
    lens: Tensor
    glasses_w: Tensor  # how far before the head's axis the glasses stand

    def __getitem__(self, rows: Tensor) -> "Pose":
        return Pose(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def to_head(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Points of the picture in the head's frame: place, size and roll undone."""
        x, y = (x - self.x) / self.zoom, (y - self.y) / self.zoom
        return x * self.cos_roll + y * self.sin_roll, y * self.cos_roll - x * self.sin_roll

    def to_picture(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        x, y = x * self.cos_roll - y * self.sin_roll, x * self.sin_roll + y * self.cos_roll
        return x * self.zoom + self.x, y * self.zoom + self.y

    def seen_width(self) -> Tensor:
        """Half the width of the head as it is turned, before it narrows towards the chin."""
        return (self.a**2 * self.cos**2 + self.c**2 * self.sin**2).sqrt()

    def width_at(self, v: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """At height v on the unit sphere: how much the section widens, how far it stands forward, and their slopes."""
        n = v.clamp(max=0)
        n2 = n * n
        return 1 + self.jaw * n2, CHIN * n2, 2 * self.jaw * n, 2 * CHIN * n

    def place(self, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Where the skin's point (p right, q up, as seen from the front) is: x, y in the head's frame, and z."""
        u, v = p / self.a, q / self.b
        w = (1 - u * u - v * v).clamp(min=1e-4).sqrt()
        v, w = v * self.cos_pitch + w * self.sin_pitch, w * self.cos_pitch - v * self.sin_pitch
        wide, forward, _, _ = self.width_at(v)
        right, ahead = u * self.a, w * self.c
        x = wide * (right * self.cos + ahead * self.sin) + self.sin * forward
        return x, self.b * v, wide * (ahead * self.cos - right * self.sin) + self.cos * forward

    def surface(
        self, x: Tensor, y: Tensor, grow: Tensor | float = 0.0, lift: float = 0.0, warp: bool = True
    ) -> Surface:
        """What rays at x, y (in the head's frame) meet: the head, or a shell that is `grow` of its size larger."""
        a, b, c = self.a * (1 + grow), self.b * (1 + grow), self.c * (1 + grow)
        v = (y - lift) / b
        across = (a * a * self.cos**2 + c * c * self.sin**2).sqrt()  # half width as it is seen
        shear = self.sin * self.cos * (a * a - c * c) / (across * across)
        if warp:
            wide, forward, wide_slope, forward_slope = self.width_at(v)
            x = torch.addcmul(x, self.sin, forward, value=-1) / wide
        r = x / across
        inside = 1 - torch.addcmul(v * v, r, r)  # 1 at the middle, 0 on the outline
        k = inside.clamp(min=1e-6).sqrt()
        z = torch.addcmul(shear * x * -1, a * c / across, k)
        u = torch.addcmul(x * self.cos, z, self.sin, value=-1) / a
        w = torch.addcmul(x * self.sin, z, self.cos) / c

        # The gradient of (u/a)^2 + v^2 + (w/c)^2 - 1, halved, in the picture's x, y, z
        gx = torch.addcmul(u * (self.cos / a), w, self.sin / c)
        gz = torch.addcmul(w * (self.cos / c), u, self.sin / a, value=-1)
        gy = v
        slope_y = v
        if warp:
            gy = (
                gy
                - (gx * (self.sin * forward_slope + x * wide_slope) + gz * (self.cos * forward_slope + z * wide_slope))
                / wide
            )
            slope_y = v - r * (self.sin * forward_slope + x * wide_slope) / (wide * across)
            gx, gz = gx / wide, gz / wide
            z = torch.addcmul(self.cos * forward, wide, z)
            slope_x = r / (across * wide)
        else:
            slope_x = r / across
        gy = gy / b
        slope_y = slope_y / b
        length = torch.addcmul(torch.addcmul(gx * gx, gy, gy), gz, gz).clamp(min=1e-8).rsqrt()
        # To first order: the value over its slope, which vanishes in the middle
        steep = torch.addcmul(slope_x * slope_x, slope_y, slope_y).clamp(min=0.8).rsqrt()
        distance = inside * steep * -0.5
        u_, v_, w_ = u, v * self.cos_pitch - w * self.sin_pitch, v * self.sin_pitch + w * self.cos_pitch
        return Surface(distance, z, (gx * length, gy * length, gz * length), u_, v_, w_)


def pose(people: People) -> Pose:
    """Proportions and position from attributes: the features keep to lines that a portrait painter would draw."""

    def spread(value: Tensor, low: float, high: float) -> Tensor:
        return (low + (high - low) * value)[:, None]

    def turn(degrees: Tensor) -> tuple[Tensor, Tensor]:
        radians = degrees[:, None] * (math.pi / 180)
        return radians.sin(), radians.cos()

    shapes = torch.tensor([_SHAPES[name] for name in FACE_SHAPES]).to(people.age)[people.face_shape]
    a = shapes[:, :1] + spread(people.face_width, -0.025, 0.025)
    b = shapes[:, 1:2] + spread(people.face_height, -0.03, 0.03)
    happy, smile = people.smile.clamp(min=0)[:, None], people.smile[:, None]
    sin, cos = turn(people.yaw)
    sin_pitch, cos_pitch = turn(people.pitch)
    sin_roll, cos_roll = turn(people.roll)
    eye_w = spread(people.eye_size, 0.105, 0.142)
    eye_x = spread(people.eye_distance, 0.055, 0.09) + eye_w
    eye_y = spread(people.eye_height, -0.01, 0.06)
    opening = spread(people.lids, 0.0, 1.0)
    height = eye_w * spread(people.eye_roundness, 0.62, 0.95)
    nose_y = spread(people.nose_length, -0.10, -0.17)
    c = 0.47 * torch.ones_like(a)
    return Pose(
        sin=sin,
        cos=cos,
        sin_pitch=sin_pitch,
        cos_pitch=cos_pitch,
        sin_roll=sin_roll,
        cos_roll=cos_roll,
        x=spread(people.place_x, -0.06, 0.06),
        y=spread(people.place_y, -0.03, 0.03),
        zoom=spread(people.zoom, 1.02, 1.16),
        a=a,
        b=b,
        c=c,
        jaw=shapes[:, 2:] + spread(people.jaw, -0.1, 0.1),
        eye_x=eye_x,
        eye_y=eye_y,
        eye_w=eye_w,
        eye_up=height * opening,
        eye_down=height * (0.72 - 0.34 * happy) * (0.4 + 0.6 * opening),
        eye_tilt=spread(people.eye_tilt, -0.12, 0.2),
        iris=height * 0.74,
        brow_y=eye_y + eye_w * 0.95 + spread(people.brow_height, 0.03, 0.09) + 0.02 * happy,
        brow_tilt=spread(people.brow_angle, -0.30, 0.24) + 0.35 * smile.clamp(max=0),
        nose_y=nose_y,
        nose_r=spread(people.nose_size, 0.058, 0.092),
        mouth_y=nose_y - spread(people.mouth_height, 0.145, 0.185),
        mouth_w=spread(people.mouth_width, 0.125, 0.185) * (1 + 0.32 * happy - 0.1 * smile.clamp(max=0)),
        mouth_bend=smile * 0.085,
        mouth_open=((people.smile - 0.3) / 0.7).clamp(0, 1)[:, None] * spread(people.lip_fullness, 0.11, 0.15),
        lens=eye_w * spread(people.glasses_size, 1.22, 1.5),
        glasses_w=c * 1.02 + 0.03,
    )


def pose_nose(pose: Pose) -> tuple[Tensor, Tensor]:
    """The tip of the nose, x and y in the head's frame: on the skin, moved on by as much as it stands out."""
    x, y, _ = pose.place(torch.zeros_like(pose.nose_y), pose.nose_y)
    reach = pose.nose_r * 1.1
    return x + pose.sin * reach, y + pose.sin_pitch * reach * 0.8
