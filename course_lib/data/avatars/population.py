"""Who there is: the attributes of a person, and the distribution that they are drawn from.

Every attribute follows from (seed, index) and the number of its channel alone. U is uniform, T triangular (the mean of
two uniform numbers, stretched to the interval); what is not said to depend on something is independent.

    attribute           distribution                                            unit, or what the values are
    age                 U(0, 1)                                                 0 young, 1 old
    skin_tone           U(0, 1)                                                 0 light, 1 dark
    face_shape          oval 3, round 3, square 2, heart 2 in 10                category
    hair_style          see HAIR_STYLES; bald twice as likely, buzz half        category
                        as likely, when age > 0.6
    hair_colour         age > 0.6: grey with chance 0.55, else as below         category
                        black 30, brown 30, auburn 13, blond 17, grey 2, dyed 8 in 100
    hat                 0.22                                                    0 or 1
    hat_kind            beanie 4, brimmed 3, cap 3 in 10                        category, seen when hat is 1
    glasses             0.25, and 0.5 when age > 0.6                            0 or 1
    beard               short hair (the first five styles): none 54, stubble 14, moustache 12, full 20 in 100;
                        other styles: none                                      category
    lashes              0.15 with short hair, else 0.8                          0 or 1
    earrings            0.1 with short hair, else 0.4                           0 or 1
    freckles            0.2                                                     0 or 1
    smile               three in four: U(0.1, 1), else U(-0.8, 0.1)             -1 sad, 0 straight, 1 laughing
    yaw                 T(-40, 40)                                              degrees, to the right of the image
    pitch               T(-14, 14)                                              degrees, upwards
    roll                T(-12, 12)                                              degrees, counter-clockwise
    gaze_x, gaze_y      T(-25, 25), T(-12, 12)                                  degrees, within the head; right, up
    light_azimuth       U(-60, 60)                                              degrees, from the right
    light_elevation     U(10, 60)                                               degrees, from above
    background          gradient 3, disc 3, stripes 2, bokeh 2 in 10            category
    clothes             crew neck 3, v-neck 2, turtleneck 2, shirt 2, hoodie 1 in 10     category

The rest is variety that no lesson asks for: proportions, colours, places. It is in `People` all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor

from course_lib.data.avatars import noise
from course_lib.errors import CourseError, unknown

FACE_SHAPES = ("oval", "round", "square", "heart")
HAIR_STYLES = ("bald", "buzz", "short", "quiff", "curly", "bob", "long", "wavy", "bun", "pigtails")
HAIR_SHARES = (5, 7, 15, 12, 13, 12, 12, 9, 8, 7)  # in a hundred, up to the age of 0.6
HAIR_COLOURS = ("black", "brown", "auburn", "blond", "grey", "dyed")
HAT_KINDS = ("beanie", "brimmed", "cap")
BEARDS = ("none", "stubble", "moustache", "full")
BACKGROUNDS = ("gradient", "disc", "stripes", "bokeh")
CLOTHES = ("crew neck", "v-neck", "turtleneck", "shirt", "hoodie")
SHORT_HAIR = 5  # the styles before this one
OLD = 0.6

# Within these the picture is right; beyond them parts come apart.
LIMITS = {
    "yaw": (-40, 40),
    "pitch": (-14, 14),
    "roll": (-12, 12),
    "gaze_x": (-25, 25),
    "gaze_y": (-12, 12),
    "light_azimuth": (-60, 60),
    "light_elevation": (10, 60),
    "smile": (-1, 1),
}
CATEGORIES = {
    "face_shape": FACE_SHAPES,
    "hair_style": HAIR_STYLES,
    "hair_colour": HAIR_COLOURS,
    "hat_kind": HAT_KINDS,
    "beard": BEARDS,
    "background": BACKGROUNDS,
    "clothes": CLOTHES,
}
BINARY = ("glasses", "hat", "lashes", "earrings", "freckles")
CONTINUOUS = (*LIMITS, "age", "skin_tone")
ATTRIBUTE_NAMES = (
    *BINARY,
    *CONTINUOUS,
    *(f"{name} {value}" for name, values in CATEGORIES.items() for value in values),
)


@dataclass(frozen=True)
class People:
    """N people; each field is [N]. Categories are int64 indices, everything else is float, between 0 and 1 where
    nothing else is said. `people` draws them, and `replace` makes others who differ in what is named.
    """

    key: Tensor  # int64: where each person's own noise begins
    age: Tensor
    skin_tone: Tensor
    face_shape: Tensor  # FACE_SHAPES
    hair_style: Tensor  # HAIR_STYLES
    hair_colour: Tensor  # HAIR_COLOURS
    hat: Tensor  # 0 or 1; between, it is half there
    hat_kind: Tensor  # HAT_KINDS
    glasses: Tensor  # 0 or 1; between, they are half there
    beard: Tensor  # BEARDS
    lashes: Tensor  # 0 or 1
    earrings: Tensor  # 0 or 1
    freckles: Tensor  # 0 or 1
    smile: Tensor  # -1 to 1
    yaw: Tensor  # degrees, as are the next six
    pitch: Tensor
    roll: Tensor
    gaze_x: Tensor
    gaze_y: Tensor
    light_azimuth: Tensor
    light_elevation: Tensor
    background: Tensor  # BACKGROUNDS
    clothes: Tensor  # CLOTHES
    face_width: Tensor
    face_height: Tensor
    jaw: Tensor
    eye_size: Tensor
    eye_distance: Tensor
    eye_height: Tensor
    eye_tilt: Tensor
    eye_roundness: Tensor
    eye_colour: Tensor
    lids: Tensor  # 1: wide open
    brow_thickness: Tensor
    brow_height: Tensor
    brow_angle: Tensor
    nose_size: Tensor
    nose_length: Tensor
    mouth_width: Tensor
    mouth_height: Tensor
    lip_fullness: Tensor
    lipstick: Tensor
    blush: Tensor
    ear_size: Tensor
    undertone: Tensor
    hair_shade: Tensor
    hair_length: Tensor
    hair_volume: Tensor
    parting: Tensor  # below a half: on the left of the image
    hat_hue: Tensor
    hat_tone: Tensor
    glasses_shape: Tensor  # 0 round, 1 angular
    glasses_size: Tensor
    glasses_colour: Tensor
    clothes_hue: Tensor
    clothes_tone: Tensor
    pattern: Tensor
    shoulders: Tensor
    background_hue: Tensor
    background_tone: Tensor
    zoom: Tensor
    place_x: Tensor
    place_y: Tensor

    def __len__(self) -> int:
        return len(self.key)

    def __getitem__(self, rows: slice | Tensor) -> Self:
        return self._each(lambda field: field[rows])

    def to(self, target: torch.device | str | torch.dtype) -> Self:
        """On that device, or with the continuous fields in that floating type."""
        kept = isinstance(target, torch.dtype)
        return self._each(lambda field: field if kept and not field.is_floating_point() else field.to(target))

    def replace(self, **changes: Tensor | float | int | str) -> Self:
        """The same people but for this: replace(hat=1, hair_style="bun", yaw=torch.linspace(-30, 30, 8)).

        A number, or the name of a category, holds for everyone. Raises ValueError for a field or category that does not
        exist, or another number of values than people.
        """
        new = {}
        for name, value in changes.items():
            if name not in (known := [field.name for field in fields(self)]):
                raise unknown("attribute", name, known)
            if isinstance(value, str):
                value = category(name, value)
            old = getattr(self, name)
            tensor = torch.as_tensor(value, device=old.device)
            if old.is_floating_point() or tensor.is_floating_point():
                tensor = tensor.to(old.dtype)
            if tensor.dim() > 1 or (tensor.dim() == 1 and len(tensor) not in (1, len(self))):
                raise CourseError(f"{name} needs one value, or one for each of {len(self)} people: {len(tensor)} given")
            new[name] = tensor.expand(len(self))
        return replace(self, **new)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        return type(self)(**{field.name: change(getattr(self, field.name)) for field in fields(self)})


def category(name: str, value: str) -> int:
    """The index of a named category. Raises ValueError, with near names, when there is none."""
    if name not in CATEGORIES:
        raise unknown("category", name, CATEGORIES)
    if value not in CATEGORIES[name]:
        raise unknown(name.replace("_", " "), value, CATEGORIES[name])
    return CATEGORIES[name].index(value)


def people(index: Tensor, seed: int = 0) -> People:
    """The people of these numbers, drawn from the distribution that stands at the top of this module.

    index: int64 [N], 0 and up. seed: another seed is another population. The same (seed, index) is the same person,
    whatever else is asked for beside it, to the last bit but one on any device.
    Raises ValueError where an index is negative or is not a list of whole numbers.
    """
    if index.dtype != torch.int64 or index.dim() != 1:
        raise CourseError(f"people are asked for by whole numbers, int64 [N], not {index.dtype} {list(index.shape)}")
    if len(index) and int(index.min()) < 0:
        raise CourseError(f"people are numbered from 0: there is none of number {int(index.min())}")

    def u(channel: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * noise.uniform(seed, index, channel)

    def t(channel: int, low: float, high: float) -> Tensor:
        return (u(channel, low, high) + u(channel + 1, low, high)) / 2

    def chosen(channel: int, shares: Tensor) -> Tensor:
        """shares: [K] or [N, K], not negative."""
        bounds = (shares.double() / shares.sum(-1, keepdim=True)).cumsum(-1)[..., :-1].to(index.device)
        return (u(channel)[:, None] >= bounds).sum(1)

    def happens(channel: int, chance: Tensor | float) -> Tensor:
        return (u(channel) < chance).double()

    age = u(0)
    old = age > OLD
    styles = torch.tensor(HAIR_SHARES, device=index.device).double()
    aged = styles * torch.tensor([2, 0.5] + [1] * (len(styles) - 2), device=index.device)
    hair_style = chosen(4, torch.where(old[:, None], aged, styles))
    short = hair_style < SHORT_HAIR
    beard = chosen(10, torch.tensor([54, 14, 12, 20])) * short
    grey = happens(5, 0.55).bool() & old
    hair_colour = torch.where(grey, HAIR_COLOURS.index("grey"), chosen(6, torch.tensor([30, 30, 13, 17, 2, 8])))
    smile = torch.where(u(14) < 0.75, u(15, 0.1, 1), u(15, -0.8, 0.1))
    drawn = People(
        key=noise.counter(seed, index, 1),
        age=age,
        skin_tone=u(2),
        face_shape=chosen(3, torch.tensor([3, 3, 2, 2])),
        hair_style=hair_style,
        hair_colour=hair_colour,
        hat=happens(7, 0.22),
        hat_kind=chosen(8, torch.tensor([4, 3, 3])),
        glasses=happens(9, torch.where(old, 0.5, 0.25)),
        beard=beard,
        lashes=happens(11, torch.where(short, 0.15, 0.8)),
        earrings=happens(12, torch.where(short, 0.1, 0.4)),
        freckles=happens(13, 0.2),
        smile=smile,
        yaw=t(16, -40, 40),
        pitch=t(18, -14, 14),
        roll=t(20, -12, 12),
        gaze_x=t(22, -25, 25),
        gaze_y=t(24, -12, 12),
        light_azimuth=u(26, -60, 60),
        light_elevation=u(27, 10, 60),
        background=chosen(28, torch.tensor([3, 3, 2, 2])),
        clothes=chosen(29, torch.tensor([3, 2, 2, 2, 1])),
        face_width=t(30, 0, 1),
        face_height=t(32, 0, 1),
        jaw=t(34, 0, 1),
        eye_size=t(36, 0, 1),
        eye_distance=t(38, 0, 1),
        eye_height=t(40, 0, 1),
        eye_tilt=t(42, 0, 1),
        eye_roundness=t(44, 0, 1),
        eye_colour=u(46),
        lids=t(47, 0.65, 1),
        brow_thickness=u(49),
        brow_height=t(50, 0, 1),
        brow_angle=t(52, 0, 1),
        nose_size=t(54, 0, 1),
        nose_length=t(56, 0, 1),
        mouth_width=t(58, 0, 1),
        mouth_height=t(60, 0, 1),
        lip_fullness=t(62, 0, 1),
        lipstick=u(64) * (1 - short.double()),
        blush=u(65),
        ear_size=t(66, 0, 1),
        undertone=t(68, 0, 1),
        hair_shade=t(70, 0, 1),
        hair_length=u(72),
        hair_volume=t(73, 0, 1),
        parting=u(75),
        hat_hue=u(76),
        hat_tone=u(77),
        glasses_shape=u(78),
        glasses_size=t(79, 0, 1),
        glasses_colour=u(81),
        clothes_hue=u(82),
        clothes_tone=u(83),
        pattern=u(84),
        shoulders=t(85, 0, 1),
        background_hue=u(87),
        background_tone=u(88),
        zoom=t(89, 0, 1),
        place_x=t(91, 0, 1),
        place_y=t(93, 0, 1),
    )
    return drawn.to(torch.float32)


def attributes(people: People) -> Tensor:
    """float32 [N, A], in the order of ATTRIBUTE_NAMES: binary ones 0 or 1, continuous ones in their units, then a
    column for every category, 1 for the person's own and else 0.
    """
    columns = [getattr(people, name).float()[:, None] for name in (*BINARY, *CONTINUOUS)]
    for name, values in CATEGORIES.items():
        columns.append(torch.nn.functional.one_hot(getattr(people, name), len(values)).float())
    return torch.cat(columns, 1)


def check_size(size: int) -> None:
    """Raises ValueError for what is not a size that avatars come in."""
    if not isinstance(size, int) or isinstance(size, bool) or not 4 <= size <= 256:
        raise CourseError(f"avatars come in sizes from 4 to 256 pixels, not {size}")
