"""What every data set offers, and where its batches come from."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from course_lib import data
from course_lib.data import sets
from course_lib.data.sets import Composed, ImageSet, PointSet, binarized, to_float

DOWNLOADS = ("mnist", "fashion_mnist", "svhn", "cifar10", "celeba")
NEEDS = {"avatars": {"size": 16, "count": 64}}  # small enough for a test


def _seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def options(tmp_path):
    """options(name): what `data.load` needs to load that set here."""
    from PIL import Image

    for i in range(40):
        shade = Image.new("RGB", (9, 7), (6 * i, 0, 255 - 6 * i))
        (tmp_path / "cold" if i < 20 else tmp_path / "warm").mkdir(exist_ok=True)
        shade.save(tmp_path / ("cold" if i < 20 else "warm") / f"{i}.png")
    return lambda name: {"path": tmp_path, "size": 8} if name == "folder" else NEEDS.get(name, {})


@pytest.mark.parametrize("split", data.SPLITS)
@pytest.mark.parametrize("name", [name for name in data.SETS if name not in DOWNLOADS])
def test_every_set_offers_the_same(name, split, options):
    found = data.load(name, split=split, **options(name))
    assert (found.name, found.split) == (name, split)
    batch = found.batch(32, _seeded())
    assert batch.image.shape == (32, *found.shape)
    assert batch.image.dtype == torch.float32
    if len(found.shape) == 3:
        assert batch.image.min() >= -1
        assert batch.image.max() <= 1
        assert batch.image.max() > batch.image.min()
        level = ((batch.image + 1) / 2 * (found.levels - 1)).round()
        assert (batch.image - (level / (found.levels - 1) * 2 - 1)).abs().max() <= 1 / 255 + 1e-6  # half a byte
    else:
        assert found.levels is None
    if batch.label is None:
        assert found.classes == ()
    else:
        assert batch.label.dtype == torch.int64
        assert set(batch.label.tolist()) <= set(range(len(found.classes)))
    if batch.attributes is None:
        assert found.attribute_names == ()
    else:
        assert batch.attributes.shape == (32, len(found.attribute_names))
        assert batch.attributes.dtype == torch.float32
    assert all(len(view) == 32 for view in batch.views.values())


def _parts(batch):
    return [batch.image, batch.label, batch.attributes, *batch.views.values()]


@pytest.mark.parametrize("name", [name for name in data.SETS if name not in DOWNLOADS])
def test_a_batch_follows_from_the_generator(name, options):
    found = data.load(name, **options(name))
    generator = _seeded(1)
    first, second = found.batch(16, generator), found.to("cpu").batch(16, generator)
    again, other = data.load(name, **options(name)).batch(16, _seeded(1)), found.batch(16, _seeded(2))
    for one, same in zip(_parts(first), _parts(again), strict=True):
        assert one is same is None or torch.equal(one, same)
    assert not torch.equal(first.image, second.image)
    assert not torch.equal(first.image, other.image)


@pytest.mark.parametrize("name", ["digits", "two_digits", "cluttered_digits", "photos", "folder"])
def test_held_out_images_are_finite_fixed_and_in_no_other_split(name, options):
    pictures = {}
    for split in ("validation", "test"):
        found, again = (data.load(name, split=split, **options(name)) for _ in range(2))
        assert isinstance(found, ImageSet)
        assert torch.equal(found.images, again.images)
        pictures[split] = {image.numpy().tobytes() for image in found.images}
    train = data.load(name, **options(name))
    images = train.images if isinstance(train, ImageSet) else train.finite(1000).images
    pictures["train"] = {image.numpy().tobytes() for image in images}
    assert min(len(part) for part in pictures.values()) > 1
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not pictures[one] & pictures[other]


def _all_kinds() -> ImageSet:
    numbers = torch.arange(20)
    images = (numbers[:, None, None, None] * torch.ones(1, 3, 4, 5)).to(torch.uint8)
    return ImageSet(
        images, numbers % 7, "kinds", "train", tuple("abcdefg"), numbers[:, None] * torch.tensor([1.0, -1.0]),
        ("up", "down"), {"sketch": 255 - images[:, :1], "masks": images[:, 0] > 9, "boxes": numbers[:, None]},
    )  # fmt: skip


def test_everything_in_a_batch_is_of_the_same_example():
    batch = _all_kinds().batch(50, _seeded())
    number = ((batch.image[:, 0, 0, 0] + 1) * 127.5).round().long()
    assert set(number.tolist()) <= set(range(20))
    assert torch.equal(batch.label, number % 7)
    assert torch.equal(batch.attributes, number[:, None] * torch.tensor([1.0, -1.0]))
    assert torch.equal(batch.views["sketch"], -batch.image[:, :1])  # a picture: in [-1, 1]
    assert batch.views["masks"].dtype == torch.bool  # anything else: as it is
    assert torch.equal(batch.views["masks"][:, 0, 0], number > 9)
    assert torch.equal(batch.views["boxes"][:, 0], number)


def test_rows_are_in_the_order_of_the_set():
    found = _all_kinds()
    assert found.rows(slice(3, 9)).views["boxes"][:, 0].tolist() == [3, 4, 5, 6, 7, 8]
    assert found.rows(torch.tensor([5, 0, 5])).views["boxes"][:, 0].tolist() == [5, 0, 5]
    assert found.rows(slice(18, 40)).views["boxes"][:, 0].tolist() == [18, 19]
    batch = found.rows(slice(None))
    part = batch.rows(slice(2, 4))
    assert [tensor.shape[0] for tensor in _parts(part)] == [2] * 6
    assert part.views["boxes"][:, 0].tolist() == [2, 3]


def test_a_set_moves_to_the_device_when_it_takes_a_quarter_of_its_free_memory(monkeypatch):
    found = _all_kinds()
    taken = sum(part.nbytes for part in [found.images, found.labels, found.attributes, *found.views.values()])
    moved = []
    monkeypatch.setattr(torch.Tensor, "to", lambda self, device: moved.append(device) or self)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4 * taken - 4, 10**12))
    stays = found.to("cuda")
    assert moved == []
    assert stays.images is found.images
    assert stays.device == torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4 * taken, 10**12))
    found.to("cuda")
    assert moved == [torch.device("cuda")] * 6


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_from_the_host_come_the_same_kind_of_batches():
    found = _all_kinds()
    generators = [torch.Generator("cuda").manual_seed(3) for _ in range(2)]
    held = found.to("cuda", share=0)
    assert held.images.device.type == "cpu"
    for _ in range(3):
        one, again = (held.batch(64, generator) for generator in generators)
        assert all(part.device.type == "cuda" for part in _parts(one))
        assert all(torch.equal(a, b) for a, b in zip(_parts(one), _parts(again), strict=True))
        number = ((one.image[:, 0, 0, 0] + 1) * 127.5).round().long()
        assert torch.equal(one.label, number % 7)
        assert torch.equal(one.views["boxes"][:, 0], number)
        assert len(number.unique()) > 10
    assert not torch.equal(held.batch(64, generators[0]).label, held.batch(64, generators[0]).label)
    resident = found.to("cuda")
    assert resident.images.device.type == "cuda"
    whole = slice(None)
    assert all(torch.equal(a, b) for a, b in zip(_parts(held.rows(whole)), _parts(resident.rows(whole)), strict=True))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_from_the_host_do_not_wait_for_the_device():
    held = _all_kinds().to("cuda", share=0)
    generator = torch.Generator("cuda").manual_seed(0)
    held.batch(8, generator)
    torch.cuda.set_sync_debug_mode("error")
    try:
        held.batch(8, generator)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_memory_mapped_images_are_drawn_without_being_copied(tmp_path):
    array = np.lib.format.open_memmap(tmp_path / "images.npy", "w+", np.uint8, (50, 1, 4, 4))
    array[:] = np.arange(50)[:, None, None, None]
    found = ImageSet(torch.from_numpy(array), torch.arange(50), "mapped", "train", tuple(map(str, range(50))))
    batch = found.to("cpu").batch(20, _seeded())
    assert torch.equal(batch.image[:, 0, 0, 0], to_float(batch.label.to(torch.uint8)))
    assert found.to("cpu").images.data_ptr() == found.images.data_ptr()


def _ramp() -> ImageSet:
    """Every brightness many times over."""
    images = torch.arange(256, dtype=torch.uint8).repeat(400)[:, None, None, None]
    return ImageSet(images, None, "ramp", "train")


def test_fixed_binarisation_draws_once_with_the_brightness_as_probability():
    found = binarized(_ramp(), "fixed")
    assert found.levels == 2
    assert found.images.unique().tolist() == [0, 255]
    share = (found.images == 255).float().view(400, 256).mean(0)
    probability = torch.arange(256) / 255
    deviation = (probability * (1 - probability) / 400).sqrt()
    assert share[0] == 0
    assert share[255] == 1
    assert ((share - probability).abs() <= 4.5 * deviation).all()
    assert torch.equal(found.images, binarized(_ramp(), "fixed").images)


def test_the_fixed_sample_is_the_same_for_ever():
    """The first draws of NumPy's RandomState(0), whose stream is frozen: 0.5488, 0.7152, 0.6028, 0.5449, 0.4237 …"""
    grey = ImageSet(torch.full((1, 1, 2, 3), 150, dtype=torch.uint8), None, "grey", "test")  # 150 / 255 = 0.588
    assert binarized(grey, "fixed").images.flatten().tolist() == [255, 0, 0, 255, 255, 0]


def test_dynamic_binarisation_draws_for_every_batch():
    found = data.load("digits", binarize="dynamic")
    plain = data.load("digits")
    assert found.levels == 2
    generator = _seeded()
    batches = torch.stack([found.rows(slice(0, 100), generator).image for _ in range(200)])
    assert batches.unique().tolist() == [-1, 1]
    probability = (plain.rows(slice(0, 100)).image + 1) / 2
    share = (batches + 1).mean(0) / 2
    deviation = (probability * (1 - probability) / 200).sqrt()
    assert ((share - probability).abs() <= 5 * deviation + 1e-6).all()


@pytest.mark.parametrize("split", ["validation", "test"])
def test_held_out_digits_are_the_fixed_sample_in_either_case(split):
    fixed, dynamic = (data.load("digits", split=split, binarize=how) for how in ("fixed", "dynamic"))
    assert torch.equal(fixed.images, dynamic.images)
    assert not dynamic.binarize


def test_no_binarisation_is_the_set_itself():
    assert torch.equal(data.load("digits", binarize="none").images, data.load("digits").images)


def test_a_composed_set_draws_as_many_as_asked():
    def compose(parts, n, generator):
        return data.Batch(parts["grey"].expand(n, 1, 2, 2), torch.arange(n))

    numbers = Composed({"grey": torch.tensor(3, dtype=torch.uint8)}, compose, (1, 2, 2), "numbers", "train")
    found = numbers.finite(600)
    assert found.images.unique().tolist() == [3]
    assert found.labels.tolist() == [*range(256), *range(256), *range(88)]
    with pytest.raises(ValueError, match="count must be a whole number from 1"):
        numbers.finite(0)


def test_points_are_a_data_set_too():
    points = PointSet(torch.randn(5, 2, generator=_seeded()))
    assert (points.shape, points.classes, points.attribute_names, points.levels) == ((2,), (), (), None)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("digits", {"binarize": "dynamc"}, "unknown binarisation 'dynamc': did you mean dynamic"),
        ("digits", {"spilt": "test"}, "unknown digits option 'spilt': did you mean split"),
        ("folder", {}, "needs the option path"),
        ("ring", {"split": "valid"}, "unknown split 'valid': did you mean validation"),
        ("photos", {"size": 129}, "size must be a whole number from 2 to 128, not 129"),
        ("photos", {"channels": 2}, "3 channels .* or 1"),
        ("two_digits", {"size": 20}, "digit_size must be a whole number from 4 to 20, not 28"),
        ("two_digits", {"source": "mnst"}, "did you mean mnist"),
        ("cluttered_digits", {"clutter": -1}, "clutter must be"),
        ("cluttered_digits", {"clutter_size": 29}, "clutter_size must be a whole number from 1 to 28"),
        ("mnist", {"size": 3}, "size must be"),
        ("celeba", {"crop": 200}, "crop must be a whole number from 8 to 178"),
    ],
)
def test_what_cannot_be_is_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        data.load(name, **options)


def test_importing_the_data_is_quick():
    """Nothing that takes long to import, or that only some sets need."""
    heavy = ("sklearn", "PIL", "datasets", "scipy", "pandas", "matplotlib", "huggingface_hub")
    script = f"import sys, course_lib.data; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"


def test_generators_of_a_device_are_followed_on_the_host():
    generator = _seeded(5)
    assert sets._on_host(generator) is generator


def test_the_state_of_a_device_generator_is_followed_without_asking_the_device():
    """A CUDA generator's seed and count are known to the host; this one stands in for it."""

    class OnDevice:
        device = torch.device("cuda")
        count = 8

        def initial_seed(self):
            return 2**60 + 7

        def get_offset(self):
            return self.count

        def set_offset(self, count):
            assert count % 4 == 0  # as CUDA demands
            self.count = count

    first, second = OnDevice(), OnDevice()
    draws = [torch.randint(1000, (5,), generator=sets._on_host(generator)).tolist() for generator in (first, second)]
    assert draws[0] == draws[1]
    assert torch.randint(1000, (5,), generator=sets._on_host(first)).tolist() != draws[0]
    held = _all_kinds()
    batches = [held.batch(6, generator) for generator in (OnDevice(), OnDevice())]
    assert torch.equal(batches[0].image, batches[1].image)
