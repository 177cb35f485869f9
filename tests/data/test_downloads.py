"""Downloaded sets, on small files of the Hub's format: Parquet with encoded images and the same columns."""

import http.server
import io
import json
import shutil
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data
from course_lib.data import downloads

datasets = pytest.importorskip("datasets")
SMALL = {
    "mnist": replace(downloads.MNIST, counts={"train": 30, "test": 12}, held_out=8),
    "fashion_mnist": replace(downloads.FASHION_MNIST, counts={"train": 30, "test": 12}, held_out=8),
    "svhn": replace(downloads.SVHN, counts={"train": 30, "test": 12}, held_out=8),
    "cifar10": replace(downloads.CIFAR10, counts={"train": 30, "test": 12}, held_out=8),
    "celeba": replace(downloads.CELEBA, counts={"train": 30, "valid": 8, "test": 12}),
}


@pytest.fixture(autouse=True)
def _small(monkeypatch, tmp_path):
    """Sets of a few examples, no network, and a Hugging Face cache of the test's own."""
    for name, published in SMALL.items():
        monkeypatch.setattr(downloads, name.upper(), published)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "course-cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hub-cache")
    monkeypatch.setattr(downloads, "_reachable", lambda: False)
    datasets.disable_progress_bars()


def _arrays(published, split):
    """The pictures of a split: uint8 [n, H, W] or [n, H, W, 3], other ones in every split."""
    width, height = published.pixels
    shape = (published.counts[split], height, width, 3)[: 3 if published.channels == 1 else 4]
    return np.random.default_rng(list(published.counts).index(split)).integers(0, 256, shape, dtype=np.uint8)


def _table(published, split, change=lambda columns: None):
    """A split with the Hub's features: images as PNG, labels as ClassLabel, or CelebA's booleans and identity."""
    images = []
    for array in _arrays(published, split):
        buffer = io.BytesIO()
        Image.fromarray(array).save(buffer, "PNG")
        images.append({"bytes": buffer.getvalue(), "path": None})
    features = {published.image: datasets.Image()}
    columns = {published.image: images}
    n = len(images)
    if published.classes:
        features["label"] = datasets.ClassLabel(names=list(published.classes))
        columns["label"] = [i % 10 for i in range(n)]
    else:
        features["celeb_id"] = datasets.Value("int64")
        columns["celeb_id"] = list(range(n))
        for j, name in enumerate(published.attributes):
            features[name] = datasets.Value("bool")
            columns[name] = [bool((i + j) % 3) for i in range(n)]
    change(columns)
    features = {name: kind for name, kind in features.items() if name in columns}
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


@pytest.fixture
def mirror(tmp_path):
    """mirror(published): a folder with a Parquet file or two for every split."""

    def write(published, change=lambda columns: None):
        folder = tmp_path / f"{published.name}-files" / "data"
        folder.mkdir(parents=True)
        for split, n in published.counts.items():
            table = _table(published, split, change)
            half = len(table) // 2 if n > 20 else len(table)
            table.select(range(half)).to_parquet(folder / f"{split}-00000-of-00002.parquet")
            if half < len(table):
                table.select(range(half, len(table))).to_parquet(folder / f"{split}-00001-of-00002.parquet")
        return str(folder.parent)

    return write


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "svhn", "cifar10"])
def test_images_and_labels_come_through_to_the_bit(name, mirror):
    published = SMALL[name]
    source = mirror(published)
    whole = {split: torch.from_numpy(_arrays(published, split)) for split in ("train", "test")}
    rows = {"train": ("train", slice(0, 22)), "validation": ("train", slice(22, 30)), "test": ("test", slice(0, 12))}
    for split, (part, chosen) in rows.items():
        found = data.load(name, split=split, source=source)
        pictures = whole[part][chosen]
        expected = pictures[:, None] if published.channels == 1 else pictures.permute(0, 3, 1, 2)
        assert torch.equal(found.images, expected)
        assert found.labels.tolist() == [i % 10 for i in range(30)][chosen]
        assert (found.name, found.split, len(found.classes), found.levels) == (name, split, 10, 256)
        batch = found.batch(5, torch.Generator().manual_seed(0))
        assert batch.image.shape == (5, *found.shape)


def test_celeba_is_cropped_and_has_forty_attributes(mirror):
    source = mirror(SMALL["celeba"])
    for split, part in (("train", "train"), ("validation", "valid"), ("test", "test")):
        found = data.load("celeba", split=split, size=178, source=source)
        pictures = torch.from_numpy(_arrays(SMALL["celeba"], part)).permute(0, 3, 1, 2)
        assert torch.equal(found.images, pictures[:, :, 20:198])
        assert found.labels is None
        assert len(found.attribute_names) == 40
        i, j = np.indices((len(found), 40))
        np.testing.assert_array_equal(found.attributes.numpy(), (i + j) % 3 > 0)
    small = data.load("celeba", split="test", size=16, crop=108, source=source)
    assert small.shape == (3, 16, 16)
    square = Image.fromarray(_arrays(SMALL["celeba"], "test")[0]).crop((35, 55, 143, 163))
    expected = np.asarray(square.resize((16, 16), Image.Resampling.BICUBIC))
    assert np.abs(small.images[0].permute(1, 2, 0).numpy().astype(int) - expected).max() <= 1


def test_digits_of_another_size_and_in_black_and_white(mirror):
    source = mirror(SMALL["mnist"])
    assert data.load("mnist", size=32, source=source).shape == (1, 32, 32)
    fixed = data.load("mnist", split="test", binarize="fixed", source=source)
    assert fixed.images.unique().tolist() == [0, 255]
    assert data.load("mnist", binarize="dynamic", source=source).binarize


def test_they_are_decoded_once(mirror):
    source = mirror(SMALL["mnist"])
    first = data.load("mnist", source=source)
    for file in (downloads.Path(source) / "data").iterdir():
        file.unlink()
    again = data.load("mnist", source=source)
    assert torch.equal(first.images, again.images)
    with pytest.raises(ValueError, match=r"mnist: no test\*\.parquet in"):
        data.load("mnist", split="test", source=source)


def test_plain_parquet_without_the_librarys_own_description_will_do(tmp_path):
    import pyarrow.parquet

    table = _table(SMALL["cifar10"], "test")
    (tmp_path / "plain").mkdir()
    plain = table.data.table.replace_schema_metadata(None)
    pyarrow.parquet.write_table(plain, tmp_path / "plain" / "test.parquet")
    found = data.load("cifar10", split="test", source=str(tmp_path / "plain"))
    expected = torch.from_numpy(_arrays(SMALL["cifar10"], "test")).permute(0, 3, 1, 2)
    assert torch.equal(found.images, expected)


def _shorter(columns):
    for name in columns:
        columns[name] = columns[name][:-1]


def _without_label(columns):
    del columns["label"]


def _wide(columns):
    buffer = io.BytesIO()
    Image.new("L", (32, 28)).save(buffer, "PNG")
    columns["image"][3] = {"bytes": buffer.getvalue(), "path": None}


def _torn(columns):
    columns["image"][3] = {"bytes": columns["image"][3]["bytes"][:100], "path": None}


def _unlabelled(columns):
    columns["label"][4] = -1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_shorter, r"mnist: .* has 29 examples in train, not 30 as published"),
        (_without_label, r"mnist has no column 'label' at .*: there are image$"),
        (_wide, r"mnist: image 3 of train is 32x28, not 28x28 as published"),
        (_torn, r"mnist: image 3 of train cannot be read"),
        (_unlabelled, r"mnist: image 4 of train has label -1, which is no class"),
    ],
)
def test_a_copy_that_is_not_the_published_set_is_named(mirror, tmp_path, change, message):
    source = mirror(SMALL["mnist"], change)
    with pytest.raises(ValueError, match=message):
        data.load("mnist", source=source)
    assert [path for path in (tmp_path / "course-cache").iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("damage", [lambda content: content[:500], lambda content: content[:200] + content[900:]])
def test_a_damaged_file_is_one_line(mirror, damage):
    source = mirror(SMALL["mnist"])
    for file in downloads.Path(source).rglob("test-*.parquet"):
        file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=r"^mnist: .*cannot read .*mnist-files") as caught:
        data.load("mnist", split="test", source=source)
    assert "\n" not in str(caught.value)


def test_without_a_network_it_says_what_to_do():
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"^cifar10: no network, and uoft-cs/cifar10 is not in the local .*digits"):
        data.load("cifar10")
    assert time.monotonic() - began < 5


def test_without_a_network_the_local_hugging_face_cache_will_do(tmp_path):
    """A cache as `datasets` leaves it after a download: OWNER___NAME/CONFIG/VERSION/HASH with Arrow files."""
    published = SMALL["mnist"]
    for split in published.counts:
        _table(published, split).to_parquet(tmp_path / f"{split}.parquet")
    files = {split: str(tmp_path / f"{split}.parquet") for split in published.counts}
    datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "made"))
    [made] = (tmp_path / "made" / "parquet").glob("*/*/*/")
    kept = tmp_path / "hub-cache" / "ylecun___mnist" / "mnist" / "0.0.0" / made.name
    shutil.copytree(made, kept)
    for split in published.counts:
        (kept / f"parquet-{split}.arrow").rename(kept / f"mnist-{split}.arrow")
    info = json.loads((kept / "dataset_info.json").read_text())
    info |= {"config_name": "mnist", "dataset_name": "mnist"}
    (kept / "dataset_info.json").write_text(json.dumps(info))
    found = data.load("mnist", split="test")
    assert torch.equal(found.images[:, 0], torch.from_numpy(_arrays(published, "test")))


def test_what_the_hub_refuses_is_one_line(monkeypatch):
    def refuse(*args, **options):
        raise PermissionError("gated\nask for access, and so on for thirty lines")

    monkeypatch.setattr(downloads, "_reachable", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(ValueError, match=r"^celeba: could not get flwrlabs/celeba from the Hugging Face Hub: gated$"):
        data.load("celeba")


@pytest.mark.parametrize("source", ["/no/such/folder", "./nowhere", "~/nowhere", "mnist", "a/b/c"])
def test_a_source_that_is_neither_folder_nor_name_is_refused(source):
    with pytest.raises(ValueError, match=f"source: there is no folder {source}, nor is that OWNER/NAME"):
        data.load("mnist", source=source)


def test_a_mirror_on_the_hub_is_asked_by_its_name(monkeypatch):
    asked = []

    def answer(*args, **options):
        asked.append((args, options))
        return _table(SMALL["mnist"], options["split"])

    monkeypatch.setattr(downloads, "_reachable", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", answer)
    data.load("mnist", source="someone/mnist-copy")
    data.load("mnist", split="test")
    assert asked == [(("someone/mnist-copy", None), {"split": "train"}), (("ylecun/mnist", "mnist"), {"split": "test"})]


def test_two_digits_of_mnist(monkeypatch):
    monkeypatch.setattr(downloads, "_reachable", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", lambda *args, split: _table(SMALL["mnist"], split))
    batch = data.load("two_digits", source="mnist").batch(3, torch.Generator().manual_seed(0))
    assert batch.image.shape == (3, 1, 60, 60)


REACHABLE = downloads._reachable  # before the tests replace it


def test_whether_the_hub_answers_is_known_within_seconds(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    monkeypatch.setattr(server.RequestHandlerClass, "log_message", lambda *args: None)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    assert REACHABLE()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not REACHABLE()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    server.shutdown()
    server.server_close()
    thread.join()
    began = time.monotonic()
    assert not REACHABLE()
    assert time.monotonic() - began < downloads.REACHABLE_SECONDS + 1


PUBLISHED = (downloads.MNIST, downloads.FASHION_MNIST, downloads.SVHN, downloads.CIFAR10, downloads.CELEBA)


def test_the_published_counts_add_up():
    totals = [sum(published.counts.values()) for published in PUBLISHED]
    assert totals == [70_000, 70_000, 99_289, 60_000, 202_599]
    assert len(set(downloads.CELEBA.attributes)) == 40
