"""Images a second of every data set, in batches of 128, and of decoding a folder. Run by `make bench`."""

import pytest
import torch

from course_lib import data

BATCH = 128
SETS = [
    ("digits", {}),
    ("digits", {"size": 28, "binarize": "dynamic"}),
    ("avatars", {"count": 512}),
    ("two_digits", {}),
    ("cluttered_digits", {}),
    ("photos", {"size": 64}),
    ("ring", {}),
    ("folder", {"size": 64}),
]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def album(tmp_path):
    """300 JPEGs of 320x240."""
    from PIL import Image

    noise = torch.Generator().manual_seed(0)
    for i in range(300):
        blots = torch.randint(256, (30, 40, 3), generator=noise, dtype=torch.uint8)
        Image.fromarray(blots.numpy()).resize((320, 240)).save(tmp_path / f"{i}.jpg")
    return tmp_path


@pytest.mark.parametrize(("name", "options"), SETS, ids=[f"{name}-{i}" for i, (name, _) in enumerate(SETS)])
def bench_batches(benchmark, name, options, request):
    where = {"path": request.getfixturevalue("album")} if name == "folder" else {}
    found = data.load(name, **options, **where).to(DEVICE)
    generator = torch.Generator(DEVICE).manual_seed(0)

    def batch():
        found.batch(BATCH, generator)
        if DEVICE == "cuda":
            torch.cuda.synchronize()

    benchmark.pedantic(batch, rounds=30, warmup_rounds=3)
    shape = "x".join(map(str, found.shape))
    binarized = ", dynamically binarised" if options.get("binarize") else ""
    benchmark.extra_info.update(
        what=f"batches, {name} ({shape}){binarized}", value=f"{BATCH / benchmark.stats.stats.median:,.0f} images/s",
        note=f"batch of {BATCH}, on {DEVICE}",
    )  # fmt: skip


def bench_decoding_a_folder(benchmark, album, tmp_path_factory, monkeypatch):
    def fresh():
        monkeypatch.setenv("COURSE_CACHE", str(tmp_path_factory.mktemp("cache")))

    benchmark.pedantic(lambda: data.load("folder", path=album), setup=fresh, rounds=5)
    benchmark.extra_info.update(
        what="decoding a folder to 64x64, once", value=f"{300 / benchmark.stats.stats.median:,.0f} images/s",
        note="JPEGs of 320x240, several threads",
    )  # fmt: skip
