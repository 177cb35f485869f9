"""Where things are: boxes about parts of the face, from the curves that the pictures are drawn with."""

import math

import torch
from torch import Tensor

from course_lib.data.avatars.face import lid
from course_lib.data.avatars.geometry import Pose, pose, pose_nose
from course_lib.data.avatars.hair import hat_outline
from course_lib.data.avatars.population import People, check_size

BOX_NAMES = ("face", "left_eye", "right_eye", "nose", "mouth", "glasses", "hat")
_POINTS = 64  # of every curve


def boxes(people: People, size: int) -> Tensor:
    """float [N, B, 4] in pixels, in the order of BOX_NAMES: left, top, right, bottom, from the picture's upper left.

    Left and right are those of the picture. A box holds the whole object, hidden parts too, and ends at the picture's
    edge; what a person does not wear is NaN. The face is the outline of the head without ears and hair; an eye is the
    opening between its lids. Raises ValueError for a size that is not from 4 to 256.
    """
    check_size(size)
    where = pose(people)
    curves = {
        "face": _face(where),
        "left_eye": _eye(where, -1),
        "right_eye": _eye(where, 1),
        "nose": _nose(where),
        "mouth": _mouth(people, where),
        "glasses": _glasses(where),
        "hat": hat_outline(people, where, _POINTS),
    }
    found = []
    for name in BOX_NAMES:
        x, y = where.to_picture(*curves[name])
        box = torch.stack([x.amin(1), -y.amax(1), x.amax(1), -y.amin(1)], 1)
        box = ((box + 1) / 2 * size).clamp(0, size)
        if name in ("glasses", "hat"):
            there = getattr(people, name)[:, None] > 0
            box = torch.where(there, box, torch.full_like(box, torch.nan))
        found.append(box)
    return torch.stack(found, 1)


def _round(like: Tensor) -> tuple[Tensor, Tensor]:
    angle = torch.arange(_POINTS, device=like.device, dtype=like.dtype) * (2 * math.pi / _POINTS)
    return angle.cos()[None], angle.sin()[None]


def _face(pose: Pose) -> tuple[Tensor, Tensor]:
    c, v = _round(pose.a)
    wide, forward, _, _ = pose.width_at(v)
    return wide * pose.seen_width() * c + pose.sin * forward, pose.b * v


def _eye(pose: Pose, side: int) -> tuple[Tensor, Tensor]:
    t, up = _round(pose.a)
    arch = lid(t) * torch.where(up > 0, pose.eye_up, -pose.eye_down)
    x = t * pose.eye_w
    p = side * (pose.eye_x + x)
    return pose.place(p, pose.eye_y + arch + pose.eye_tilt * x)[:2]


def _nose(pose: Pose) -> tuple[Tensor, Tensor]:
    c, s = _round(pose.a)
    tip_x, tip_y = pose_nose(pose)
    r = pose.nose_r
    y = r * 0.35 + s * r * 1.45
    return tip_x + (c * r * 1.05 - pose.sin * y * 0.5) * pose.cos, tip_y + y


def _mouth(people: People, pose: Pose) -> tuple[Tensor, Tensor]:
    t, up = _round(pose.a)
    t2 = t * t
    arch = 1 - t2
    fullness = 0.016 + 0.020 * people.lip_fullness[:, None]
    lower = -pose.mouth_open * arch * (1 + 0.25 * t2) - fullness * 1.5 * arch
    upper = fullness * arch * (0.75 + 0.5 * (t2 * 9).clamp(max=1) - 0.35 * t2)
    middle = pose.mouth_y + pose.mouth_bend * (t2 - 0.45)
    return pose.place(t * pose.mouth_w, middle + torch.where(up > 0, upper, lower))[:2]


def _glasses(pose: Pose) -> tuple[Tensor, Tensor]:
    """The two rims, without the arms."""
    c, s = _round(pose.a)
    r = pose.lens
    centre = torch.maximum(pose.eye_x, r + 0.022)
    u = torch.cat([-(centre + (r + 0.012) * c), centre + (r + 0.012) * c], 1)
    v = torch.cat([s, s], 1) * (r + 0.012)
    x = u * pose.cos + pose.glasses_w * pose.sin
    return x, v + pose.eye_y * pose.cos_pitch + pose.b * pose.sin_pitch * 0.97 - 0.012
