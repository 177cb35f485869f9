"""Avatars: who they are against the stated distribution, how they look against geometry measured in other ways."""

import math

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from course_lib.data import avatars
from course_lib.data.avatars import geometry, noise

SMOOTH = ("normals", "depth", "simulated")
MASK64 = 2**64 - 1


@pytest.fixture(autouse=True)
def _private_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))


@pytest.fixture(scope="module")
def crowd() -> avatars.People:
    return avatars.people(torch.arange(12))


def _render(people: avatars.People, size: int, style: str = "photo") -> Tensor:
    with torch.no_grad():
        return avatars.render(people, size, style)


def _plain(people: avatars.People, **changes) -> avatars.People:
    """Without what would lie over the face, looking straight ahead."""
    straight = {"hat": 0, "glasses": 0, "hair_style": "buzz", "beard": "none", "yaw": 0.0, "pitch": 0.0, "roll": 0.0}
    return people.replace(**straight | changes)


# Randomness


def _splitmix64(state: int) -> int:
    """The published code, in Python's unbounded integers."""
    z = (state + 0x9E3779B97F4A7C15) & MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
    return z ^ (z >> 31)


def test_the_mixer_is_splitmix64():
    # the first output for seed 0, in the reference implementation's own test vectors
    assert _splitmix64(0) == 0xE220A8397B1DCDAF
    numbers = [0, 1, -1, 2**63 - 1, -(2**63), 123456789]
    found = noise.splitmix64(torch.tensor(numbers))
    assert [value & MASK64 for value in found.tolist()] == [_splitmix64(number & MASK64) for number in numbers]


def test_uniform_numbers_are_uniform_and_independent_of_each_other():
    index = torch.arange(20_000)
    first, second = (noise.uniform(5, index, channel) for channel in (0, 1))
    assert first.min() >= 0
    assert first.max() < 1
    assert stats.kstest(first.numpy(), "uniform").pvalue > 0.01
    table = torch.histogramdd(torch.stack([first, second], 1), bins=[8, 8], range=[0.0, 1.0, 0.0, 1.0]).hist
    assert stats.chi2_contingency(table.numpy()).pvalue > 0.01
    neighbours = torch.corrcoef(torch.stack([first[:-1], first[1:]]))[0, 1]
    assert abs(neighbours) < 3 / math.sqrt(20_000)


def test_film_grain_has_the_stated_moments():
    grain = noise.film_grain(noise.counter(0, torch.arange(8), 0), 64).double()
    assert abs(grain.mean()) < 0.01
    assert abs(grain.var() - 1 / 6) < 0.005
    assert abs(torch.corrcoef(grain)[0, 1]) < 0.05


# People


def test_the_same_number_is_the_same_person_in_any_company():
    alone, among = avatars.people(torch.tensor([7]), seed=3), avatars.people(torch.tensor([2, 7, 900]), seed=3)
    assert torch.equal(avatars.attributes(alone)[0], avatars.attributes(among)[1])
    assert torch.equal(_render(alone, 16)[0], _render(among, 16)[1])
    other = avatars.people(torch.tensor([7]), seed=4)
    assert not torch.equal(avatars.attributes(alone), avatars.attributes(other))


def test_categories_come_as_often_as_stated():
    drawn = avatars.people(torch.arange(20_000), seed=1)
    old, short = drawn.age > 0.6, drawn.hair_style < 5

    def agrees(values: Tensor, shares: list[float]) -> bool:
        shares = torch.tensor(shares, dtype=torch.float64)
        counts = values.bincount(minlength=len(shares)).double()
        return stats.chisquare(counts, shares / shares.sum() * counts.sum()).pvalue > 0.001

    assert agrees(drawn.face_shape, [3, 3, 2, 2])
    assert agrees(drawn.hair_style[~old], [5, 7, 15, 12, 13, 12, 12, 9, 8, 7])
    assert agrees(drawn.hair_style[old], [10, 3.5, 15, 12, 13, 12, 12, 9, 8, 7])
    assert agrees(drawn.hair_colour[~old], [30, 30, 13, 17, 2, 8])
    assert agrees(drawn.hair_colour[old], [0.45 * 30, 0.45 * 30, 0.45 * 13, 0.45 * 17, 0.45 * 2 + 55, 0.45 * 8])
    assert agrees(drawn.hat_kind, [4, 3, 3])
    assert agrees(drawn.background, [3, 3, 2, 2])
    assert agrees(drawn.clothes, [3, 2, 2, 2, 1])
    assert agrees(drawn.beard[short], [54, 14, 12, 20])
    assert (drawn.beard[~short] == 0).all()
    for values, chance in (
        (drawn.hat, 0.22),
        (drawn.glasses[~old], 0.25),
        (drawn.glasses[old], 0.5),
        (drawn.lashes[short], 0.15),
        (drawn.lashes[~short], 0.8),
        (drawn.earrings[short], 0.1),
        (drawn.earrings[~short], 0.4),
        (drawn.freckles, 0.2),
    ):
        assert stats.binomtest(int(values.sum()), len(values), chance).pvalue > 0.001


def test_continuous_attributes_are_distributed_as_stated():
    drawn = avatars.people(torch.arange(5_000), seed=2)
    for name in ("age", "skin_tone"):
        assert stats.kstest(getattr(drawn, name).numpy(), "uniform").pvalue > 0.001
    for name in ("yaw", "pitch", "roll", "gaze_x", "gaze_y"):
        low, high = avatars.LIMITS[name]
        triangle = stats.triang(0.5, loc=low, scale=high - low)
        assert stats.kstest(getattr(drawn, name).numpy(), triangle.cdf).pvalue > 0.001
    for name in ("light_azimuth", "light_elevation"):
        low, high = avatars.LIMITS[name]
        assert stats.kstest(getattr(drawn, name).numpy(), stats.uniform(low, high - low).cdf).pvalue > 0.001
    happy = drawn.smile > 0.1
    assert stats.binomtest(int(happy.sum()), 5_000, 0.75).pvalue > 0.001
    assert stats.kstest(drawn.smile[happy].numpy(), stats.uniform(0.1, 0.9).cdf).pvalue > 0.001
    assert stats.kstest(drawn.smile[~happy].numpy(), stats.uniform(-0.8, 0.9).cdf).pvalue > 0.001


def test_attributes_say_what_people_are(crowd):
    table = avatars.attributes(crowd)
    assert table.shape == (12, len(avatars.ATTRIBUTE_NAMES))
    assert table.dtype == torch.float32
    row = dict(zip(avatars.ATTRIBUTE_NAMES, table[5].tolist(), strict=True))
    assert row["yaw"] == crowd.yaw[5]
    assert row["glasses"] == crowd.glasses[5]
    for kind, values in (("hair_style", avatars.HAIR_STYLES), ("beard", avatars.BEARDS)):
        assert [row[f"{kind} {value}"] for value in values] == [
            float(i == getattr(crowd, kind)[5]) for i in range(len(values))
        ]


def test_replace_changes_what_is_named_and_nothing_else(crowd):
    changed = crowd.replace(hat=1, hair_style="bun", yaw=torch.linspace(-30, 30, 12))
    assert (changed.hat == 1).all()
    assert (changed.hair_style == avatars.HAIR_STYLES.index("bun")).all()
    assert changed.yaw[0] == -30
    assert changed.key is crowd.key
    assert len(crowd[2:5]) == 3


# Sizes


@pytest.mark.parametrize(
    ("style", "mean"),
    # in units of [-1, 1], at the worst size; the paintings' strokes and hatching come out a little otherwise
    [
        ("photo", 0.015),
        ("sketch", 0.05),
        ("normals", 0.006),
        ("depth", 0.004),
        ("simulated", 0.009),
        ("watercolour", 0.05),
        pytest.param("oil", 0.08, marks=pytest.mark.slow),
    ],
)
def test_every_size_is_the_average_of_the_same_picture(crowd, style, mean, monkeypatch):
    monkeypatch.setattr(avatars, "_GRAIN", 0.0)  # the camera's, drawn for each size
    whole = _render(crowd[:6], 256, style)
    for size in (4, 8, 16, 32, 64, 128):
        apart = (_render(crowd[:6], size, style) - F.avg_pool2d(whole, 256 // size)).abs()
        assert apart.mean() < mean, size
        if size >= 64:
            assert apart.max() > 1e-3  # it was rendered, not resized
    assert _render(crowd[:2], 29, style).shape[2:] == (29, 29)


def test_small_sizes_stay_close_everywhere(crowd, monkeypatch):
    monkeypatch.setattr(avatars, "_GRAIN", 0.0)
    apart = (_render(crowd, 16) - F.avg_pool2d(_render(crowd, 256), 16)).abs()
    assert apart.max() < 0.25
    assert apart.quantile(0.99) < 0.08


# Precision and devices


@pytest.mark.parametrize("style", avatars.STYLES)
def test_single_and_double_precision_agree(crowd, style):
    single, double = _render(crowd[:4], 64, style), _render(crowd[:4].to(torch.float64), 64, style)
    assert double.dtype == torch.float64
    # Where two strokes of oil compete for a pixel the last bit decides
    torch.testing.assert_close(single.double(), double, atol=2 if style == "oil" else 1e-3, rtol=0)
    assert (single - double).abs().mean() < 1e-4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_the_gpu_gives_the_same_people_and_pictures():
    index = torch.arange(8)
    here, there = avatars.people(index), avatars.people(index.cuda())
    torch.testing.assert_close(avatars.attributes(here), avatars.attributes(there).cpu(), atol=1e-6, rtol=1e-6)
    assert torch.equal(here.key, there.key.cpu())
    for style in avatars.STYLES:
        apart = (_render(here, 64, style) - _render(there, 64, style).cpu()).abs()
        assert apart.mean() < 1e-4
        if style != "oil":
            assert apart.max() < 2e-3
    assert torch.equal(noise.film_grain(here.key, 32), noise.film_grain(there.key, 32).cpu())


# Views that belong together


def test_pictures_are_in_range_and_have_their_channels(crowd):
    for style, channels in avatars.STYLES.items():
        picture = _render(crowd[:3], 20, style)
        assert picture.shape == (3, channels, 20, 20)
        assert picture.dtype == torch.float32
        assert picture.abs().max() <= 1
        assert picture.std() > 0.05


def test_views_asked_together_are_those_asked_alone(crowd):
    with torch.no_grad():
        together = avatars.render_views(crowd[:4], 24, (*avatars.STYLES, "masks", "boxes"))
    for style in avatars.STYLES:
        torch.testing.assert_close(together[style], _render(crowd[:4], 24, style), atol=1e-5, rtol=0)
    assert torch.equal(together["boxes"], avatars.boxes(crowd[:4], 24)) or together["boxes"].isnan().any()
    torch.testing.assert_close(together["masks"], avatars.masks(crowd[:4], 24))


@pytest.mark.parametrize("size", [7, 64])
def test_masks_sum_to_one(crowd, size):
    masks = avatars.masks(crowd, size)
    assert masks.shape == (12, len(avatars.PART_NAMES), size, size)
    assert masks.min() >= 0
    torch.testing.assert_close(masks.sum(1), torch.ones(12, size, size))


def _extent(mask: Tensor) -> Tensor:
    """Left, top, right, bottom of where a mask [H, W] is over a half, in pixels."""
    rows, columns = (mask > 0.5).any(1).nonzero(), (mask > 0.5).any(0).nonzero()
    return torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()


def test_boxes_agree_with_masks(crowd):
    people, size = _plain(crowd, yaw=torch.linspace(-35, 35, 12), roll=torch.linspace(10, -10, 12)), 128
    part = dict(zip(avatars.PART_NAMES, avatars.masks(people, size).unbind(1), strict=True))
    found = dict(zip(avatars.BOX_NAMES, avatars.boxes(people, size).unbind(1), strict=True))
    for i in range(12):
        assert (_extent(part["mouth"][i]) - found["mouth"][i]).abs().max() < 4
        nose = part["nose"][i]
        assert (_extent(nose) - found["nose"][i]).abs().max() < 6
        face = found["face"][i]
        inside = part["eyes"][i] + part["mouth"][i] + nose
        columns, rows = torch.arange(size) + 0.5, torch.arange(size)[:, None] + 0.5
        outside = (columns < face[0] - 2) | (columns > face[2] + 2) | (rows < face[1] - 2) | (rows > face[3] + 2)
        assert inside[outside].sum() < 0.5
        for eye in ("left_eye", "right_eye"):
            left, top, right, bottom = found[eye][i].round().long().tolist()
            box = part["eyes"][i, top:bottom, left:right]
            assert box.mean() > 0.4
        both = found["left_eye"][i, 2] <= found["right_eye"][i, 0]
        assert both
        around = _extent(part["eyes"][i])  # with lashes
        assert (around[0] - found["left_eye"][i, 0]).abs() < 6
        assert (around[2] - found["right_eye"][i, 2]).abs() < 6


def test_boxes_of_what_is_worn(crowd):
    bare = avatars.boxes(_plain(crowd), 100)
    worn = avatars.boxes(_plain(crowd, hat=1, glasses=1, hat_kind=torch.arange(12) % 3), 100)
    for name in ("glasses", "hat"):
        at = avatars.BOX_NAMES.index(name)
        assert bare[:, at].isnan().all()
        assert worn[:, at].isfinite().all()
    assert torch.equal(bare[:, :5], worn[:, :5])
    masks = avatars.masks(_plain(crowd, hat=1, hat_kind=torch.arange(12) % 3), 100)[:, avatars.PART_NAMES.index("hat")]
    for mask, box in zip(masks, worn[:, avatars.BOX_NAMES.index("hat")], strict=True):
        assert (_extent(mask) - box).abs().max() < 4


def test_glasses_change_only_what_is_near_the_eyes(crowd):
    people, size = crowd.replace(hat=0, glasses=0, hair_style="short"), 128
    with_them = people.replace(glasses=1)
    change = (_render(with_them, size) - _render(people, size)).abs().amax(1)
    box = avatars.boxes(with_them, size)[:, avatars.BOX_NAMES.index("glasses")]
    columns, rows = torch.arange(size)[None, None] + 0.5, torch.arange(size)[None, :, None] + 0.5
    margin = size * 0.2  # the arms go back to the ears
    left, top, right, bottom = (edge[:, None, None] for edge in box.unbind(1))
    inside = (columns > left - margin) & (columns < right + margin) & (rows > top - 3) & (rows < bottom + 3)
    assert change[~inside].max() < 1e-6
    assert ((change > 0.1) & inside).flatten(1).sum(1).min() > 50


# Geometry


@pytest.mark.parametrize(("yaw", "roll"), [(-30.0, 0.0), (0.0, 10.0), (25.0, -10.0)])
def test_slopes_of_the_depth_are_those_of_the_normals(crowd, yaw, roll):
    people = _plain(crowd, yaw=yaw, roll=roll, hair_style="bald").to(torch.float64)
    with torch.no_grad():
        seen = avatars.render_views(people, 256, ("depth", "normals", "masks"))
    depth, (nx, ny, nz) = seen["depth"][:, 0], seen["normals"].unbind(1)
    pixel = 2 / 256
    slope_x = (depth[:, 1:-1, 2:] - depth[:, 1:-1, :-2]) / (2 * pixel)
    slope_y = (depth[:, :-2, 1:-1] - depth[:, 2:, 1:-1]) / (2 * pixel)
    expected_x, expected_y = -nx / nz, -ny / nz
    # From eye to eye and down to the mouth, where no ear lies on the head
    box = avatars.boxes(people, 256)[..., None, None]
    columns, rows = torch.arange(256)[None, None] + 0.5, torch.arange(256)[None, :, None] + 0.5
    steep = (columns > box[:, 1, 0]) & (columns < box[:, 2, 2]) & (rows > box[:, 1, 1]) & (rows < box[:, 4, 3])
    skin = sum(seen["masks"][:, avatars.PART_NAMES.index(name)] for name in ("skin", "eyes", "mouth", "nose", "brows"))
    steep &= (nz > 0.5) & (-F.max_pool2d(-skin, 5, 1, 2) > 0.999)
    inner = steep[:, 1:-1, 1:-1]
    assert inner.flatten(1).sum(1).min() > 2000
    apart_x = (slope_x - expected_x[:, 1:-1, 1:-1])[inner].abs()
    apart_y = (slope_y - expected_y[:, 1:-1, 1:-1])[inner].abs()
    assert apart_x.quantile(0.98) < 0.06
    assert apart_y.quantile(0.98) < 0.06


def test_the_closed_form_meets_the_surface(crowd):
    """A point of the skin, placed in space and looked at from the front, is the point that its ray meets."""
    where = geometry.pose(crowd.to(torch.float64))
    p, q = torch.full_like(where.a, 0.11), torch.full_like(where.a, -0.17)
    x, y, z = where.place(p, q)
    met = where.surface(x, y)
    torch.testing.assert_close(met.z, z, atol=1e-4, rtol=0)
    torch.testing.assert_close(met.u * where.a, p, atol=1e-4, rtol=0)
    torch.testing.assert_close(met.v * where.b, q, atol=1e-4, rtol=0)
    assert (met.distance < 0).all()
    step = 1e-5
    for axis, (dx, dy) in enumerate(((step, 0.0), (0.0, step))):
        slope = (where.surface(x + dx, y + dy).z - where.surface(x - dx, y - dy).z) / (2 * step)
        torch.testing.assert_close(slope, -met.normal[axis] / met.normal[2], atol=1e-4, rtol=1e-4)


def test_the_nose_goes_where_the_head_turns(crowd):
    def nose(**pose) -> tuple[Tensor, Tensor]:
        mask = avatars.masks(_plain(crowd, **pose), 64)[:, avatars.PART_NAMES.index("nose")]
        at = torch.arange(64) + 0.5
        total = mask.sum((1, 2))
        return (mask * at).sum((1, 2)) / total, (mask * at[:, None]).sum((1, 2)) / total

    (middle, level), (right, _), (left, _), (_, up) = nose(), nose(yaw=30.0), nose(yaw=-30.0), nose(pitch=12.0)
    assert (right > middle + 5).all()
    assert (left < middle - 5).all()
    assert (up < level - 2).all()  # rows count downwards
    _, tilted = nose(roll=10.0)
    assert (tilted - level).abs().max() < 2


def test_the_same_person_has_the_same_outline_in_every_style(crowd):
    size = 64
    body = 1 - avatars.masks(crowd, size)[:, 0]
    depth = _render(crowd, size, "depth")[:, 0]
    assert (depth[body < 0.01] + 1).abs().max() < 0.05
    assert depth[body > 0.99].min() > -0.75
    ground = crowd.background
    for style in ("photo", "simulated"):
        other = _render(crowd.replace(background=(ground + 1) % 4, background_hue=0.9), size, style)
        change = (other - _render(crowd, size, style)).abs().amax(1)
        assert change[body > 0.999].max() < 2e-3  # only the background has changed, all round the same body
        assert change[body < 0.001].mean() > 0.03
    normals = _render(crowd, size, "normals")
    assert normals[:, 2][body < 0.001].min() > 0.995


def test_light_from_a_side_brightens_that_side(crowd):
    people = _plain(crowd, hair_style="bald", light_elevation=20.0)
    left, right = (_render(people.replace(light_azimuth=side), 64).mean(1) for side in (-60.0, 60.0))
    face = avatars.boxes(people, 64)[:, 0].mean(0)
    middle = int((face[0] + face[2]) / 2)
    rows = slice(int(face[1]) + 8, int(face[3]) - 8)
    near = slice(int(face[0]) + 4, middle - 2), slice(middle + 2, int(face[2]) - 4)
    for picture, bright, dark in ((left, 0, 1), (right, 1, 0)):
        lit, shaded = picture[:, rows, near[bright]].mean((1, 2)), picture[:, rows, near[dark]].mean((1, 2))
        assert (lit > shaded + 0.08).all()


def test_a_smile_lifts_the_corners_and_opens_the_mouth(crowd):
    """Of the mouth's mask, the rim at the sides against its middle."""
    at = avatars.PART_NAMES.index("mouth")

    def corners(smile: float) -> Tensor:
        boxes = avatars.boxes(_plain(crowd, smile=smile), 128)[:, avatars.BOX_NAMES.index("mouth")]
        mask = avatars.masks(_plain(crowd, smile=smile), 128)[:, at]
        rows = torch.arange(128)[:, None] + 0.5
        columns = torch.arange(128)[None] + 0.5
        third = (boxes[:, 2] - boxes[:, 0]) / 5
        ends = mask * (
            (columns < (boxes[:, 0] + third)[:, None, None]) | (columns > (boxes[:, 2] - third)[:, None, None])
        )
        centre = mask - ends
        return (centre * rows).sum((1, 2)) / centre.sum((1, 2)) - (ends * rows).sum((1, 2)) / ends.sum((1, 2))

    assert (corners(1.0) > 2).all()  # the corners are higher
    assert (corners(-0.8) < -1).all()
    laughing, straight = (avatars.masks(_plain(crowd, smile=s), 64)[:, at].sum((1, 2)) for s in (1.0, 0.0))
    assert (laughing > 1.5 * straight).all()


def test_the_paintings_differ_from_the_photo_and_from_each_other(crowd):
    photo, water, oil = (_render(crowd, 64, style) for style in ("photo", "watercolour", "oil"))
    assert (water - oil).abs().mean() > 0.3
    assert (photo - oil).abs().mean() > 0.12
    # Watercolour leaves the paper's edge bare; oil covers it
    edge = torch.ones(64, 64, dtype=torch.bool)
    edge[1:-1, 1:-1] = False
    assert water[:, :, edge].mean() > 0.85
    assert oil[:, :, edge].mean() < water[:, :, edge].mean() - 0.3
    # In brushwork, not only in tint: oil is rough where watercolour is smooth
    background = avatars.masks(crowd, 64)[:, 0] > 0.99
    rough = [((p - F.avg_pool2d(p, 3, 1, 1)).abs().mean(1))[background].mean() for p in (water, oil)]
    assert rough[1] > 1.5 * rough[0]


# Gradients


@pytest.mark.parametrize("name", ["smile", "yaw", "pitch", "skin_tone", "light_azimuth", "face_width"])
def test_gradients_are_those_of_finite_differences(name):
    people = _plain(avatars.people(torch.tensor([3])), yaw=10.0, smile=-0.3, skin_tone=0.4).to(torch.float64)
    start = getattr(people, name).clone()
    weights = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    style = "simulated" if name in ("skin_tone", "smile") else "photo" if name == "light_azimuth" else "normals"

    def value(x: Tensor) -> Tensor:
        return (avatars.render(people.replace(**{name: x}), 16, style)[0] * weights).sum()

    x = start.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(x), x)
    step = 1e-6 * avatars.LIMITS.get(name, (0, 1))[1]
    with torch.no_grad():
        numeric = (value(start + step) - value(start - step)) / (2 * step)
    assert gradient.abs() > 1e-3
    torch.testing.assert_close(gradient[0], numeric, rtol=2e-3, atol=1e-5)


# The data set


def test_load_gives_people_with_their_views_and_labels():
    found = avatars.load("validation", size=16, count=20, views=("sketch", "masks", "boxes"))
    assert found.shape == (3, 16, 16)
    assert len(found) == 20
    assert found.classes == avatars.HAIR_STYLES
    assert found.attribute_names == avatars.ATTRIBUTE_NAMES
    people = avatars.people(torch.arange(20) + 10**9)
    assert torch.equal(found.labels, people.hair_style)
    torch.testing.assert_close(found.attributes, avatars.attributes(people))
    batch = found.rows(slice(0, 20))
    torch.testing.assert_close(batch.image, _render(people, 16), atol=0.0045, rtol=0)  # half a level
    torch.testing.assert_close(batch.views["sketch"], _render(people, 16, "sketch"), atol=0.0045, rtol=0)
    torch.testing.assert_close((batch.views["masks"] + 1) / 2, avatars.masks(people, 16), atol=0.0025, rtol=0)
    torch.testing.assert_close(batch.views["boxes"], avatars.boxes(people, 16), equal_nan=True)


def test_splits_share_nobody_and_a_longer_set_begins_like_a_shorter_one():
    parts = {split: avatars.load(split, size=8, count=50) for split in ("train", "validation", "test")}
    rows = torch.cat([part.attributes for part in parts.values()])
    assert len(rows.unique(dim=0)) == 150
    longer = avatars.load("train", size=8, count=60)
    assert torch.equal(longer.images[:50], parts["train"].images)


def test_a_set_is_rendered_once(monkeypatch):
    first = avatars.load(size=8, count=4)
    monkeypatch.setattr(avatars, "render_views", lambda *args: pytest.fail("rendered again"))
    assert torch.equal(avatars.load(size=8, count=4).images, first.images)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: avatars.render(avatars.people(torch.arange(1)), 3), "sizes from 4 to 256"),
        (lambda: avatars.render(avatars.people(torch.arange(1)), 257), "sizes from 4 to 256"),
        (lambda: avatars.render(avatars.people(torch.arange(1)), 8.0), "sizes from 4 to 256"),
        (lambda: avatars.render(avatars.people(torch.arange(1)), 8, "phot"), "did you mean photo"),
        (lambda: avatars.render_views(avatars.people(torch.arange(1)), 8, ("mask",)), "did you mean masks"),
        (lambda: avatars.boxes(avatars.people(torch.arange(1)), 0), "sizes from 4 to 256"),
        (lambda: avatars.people(torch.tensor([4, -1])), "none of number -1"),
        (lambda: avatars.people(torch.tensor([0.5])), "whole numbers"),
        (lambda: avatars.people(torch.arange(2)).replace(hairstyle="bun"), "did you mean hair_style"),
        (lambda: avatars.people(torch.arange(2)).replace(hair_style="bunn"), "did you mean bun"),
        (lambda: avatars.people(torch.arange(2)).replace(yaw=torch.zeros(3)), "each of 2 people"),
        (lambda: avatars.load("trian"), "did you mean train"),
        (lambda: avatars.load(count=0), "count must be"),
        (lambda: avatars.load(count=2.5), "count must be"),
        (lambda: avatars.load(size=2), "sizes from 4 to 256"),
        (lambda: avatars.load(style="oils"), "did you mean oil"),
        (lambda: avatars.load(views=("sketsh",)), "did you mean sketch"),
        (lambda: avatars.load(seed=-1), "seed must be"),
    ],
)
def test_what_does_not_exist_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
