"""The sets that papers use, through the Hugging Face Hub: fetched once, checked against their published counts.

Each is decoded once into the cache (see `cache`), and read from there afterwards, with or without a network. A copy of
one's own, or a mirror, is named as source: a folder of Parquet files whose names begin with the split they hold
(train-00000-of-00001.parquet, test.parquet), with the columns of the set on the Hub; or another set there, OWNER/NAME.
"""

import contextlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from course_lib.data import cache, pixels
from course_lib.data.sets import ImageSet, binarized, check_number, check_split
from course_lib.errors import CourseError

DIGITS = tuple("0123456789")
REACHABLE_SECONDS = 4.0  # after which the Hub counts as out of reach


@dataclass(frozen=True)
class Published:
    """A set as its authors published it, and where its copy on the Hub is.

    counts: examples in each of the Hub's splits.   pixels: width and height of every image.
    held_out: how many of the last training examples are the validation split; 0 where the Hub has one, "valid".
    """

    name: str
    hub: str
    config: str
    image: str
    counts: dict[str, int]
    pixels: tuple[int, int]
    channels: int
    classes: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    held_out: int = 0


MNIST = Published(
    "mnist", "ylecun/mnist", "mnist", "image", {"train": 60_000, "test": 10_000}, (28, 28), 1, DIGITS, held_out=10_000
)
FASHION_MNIST = Published(
    "fashion_mnist", "zalando-datasets/fashion_mnist", "fashion_mnist", "image", {"train": 60_000, "test": 10_000},
    (28, 28), 1,
    ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    held_out=10_000,
)  # fmt: skip
SVHN = Published(
    "svhn", "ufldl-stanford/svhn", "cropped_digits", "image", {"train": 73_257, "test": 26_032}, (32, 32), 3, DIGITS,
    held_out=5_000,
)  # fmt: skip
CIFAR10 = Published(
    "cifar10", "uoft-cs/cifar10", "plain_text", "img", {"train": 50_000, "test": 10_000}, (32, 32), 3,
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"), held_out=5_000,
)  # fmt: skip
CELEBA = Published(
    "celeba", "flwrlabs/celeba", "img_align+identity+attr", "image",
    {"train": 162_770, "valid": 19_867, "test": 19_962}, (178, 218), 3,
    attributes=(
        "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose",
        "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses",
        "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache",
        "Narrow_Eyes", "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks",
        "Sideburns", "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick",
        "Wearing_Necklace", "Wearing_Necktie", "Young",
    ),
)  # fmt: skip


def mnist(split: str = "train", size: int = 28, binarize: str = "none", source: str = "") -> ImageSet:
    """Handwritten digits, 28x28: MNIST (downloaded).

    LeCun et al. (1998), *Gradient-based learning applied to document recognition*; `ylecun/mnist` on the Hub.

    split: the last 10,000 of the 60,000 training examples are for validation; the 10,000 for test are the set's own.
    size: 28 is the data itself; any other size is resampled from it.
    binarize: none, fixed or dynamic: black and white pixels, drawn once or for every batch (see `sets.binarized`).
    source: where to take it from instead (see `downloads`).
    """
    return binarized(_load(MNIST, split, size, source), binarize)


def fashion_mnist(split: str = "train", size: int = 28, binarize: str = "none", source: str = "") -> ImageSet:
    """Clothes in grey, ten kinds, 28x28: Fashion-MNIST (downloaded).

    Xiao et al. (2017), *Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms*;
    `zalando-datasets/fashion_mnist` on the Hub. Splits and options are those of `mnist`.
    """
    return binarized(_load(FASHION_MNIST, split, size, source), binarize)


def svhn(split: str = "train", size: int = 32, source: str = "") -> ImageSet:
    """House numbers in colour, cropped to a digit, 32x32: SVHN (downloaded).

    Netzer et al. (2011), *Reading digits in natural images with unsupervised feature learning*; `ufldl-stanford/svhn`,
    cropped_digits, on the Hub, where digit 0 has label 0. Its additional, easier training images are not used.

    split: the last 5,000 of the 73,257 training examples are for validation; the 26,032 for test are the set's own.
    size: 32 is the data itself; any other size is resampled from it.   source: where to take it from instead.
    """
    return _load(SVHN, split, size, source)


def cifar10(split: str = "train", size: int = 32, source: str = "") -> ImageSet:
    """Small photographs of ten kinds of things, 32x32: CIFAR-10 (downloaded).

    Krizhevsky (2009), *Learning multiple layers of features from tiny images*; `uoft-cs/cifar10` on the Hub.

    split: the last 5,000 of the 50,000 training examples are for validation; the 10,000 for test are the set's own.
    size: 32 is the data itself; any other size is resampled from it.   source: where to take it from instead.
    """
    return _load(CIFAR10, split, size, source)


def celeba(split: str = "train", size: int = 64, crop: int = 178, source: str = "") -> ImageSet:
    """Faces of celebrities with forty attributes, 64x64: CelebA, aligned (downloaded).

    Liu et al. (2015), *Deep learning face attributes in the wild*; `flwrlabs/celeba` on the Hub. For research that is
    not commercial, says its licence.

    split: the set's own: 162,770 for training, 19,867 for validation, 19,962 for test.
    size: height and width in pixels.
    crop: side of the square cut from the middle of the 178x218 images before resizing: 178 as in Choi et al. (2018),
        *StarGAN*, section 5.2; smaller ones, such as 140 or 108, leave less background.
    source: where to take it from instead (see `downloads`).

    Attributes are 1 where they hold and 0 where not. There are no classes.
    """
    check_number("crop", crop, 8, 178)
    return _load(CELEBA, split, size, source, crop)


def _load(published: Published, split: str, size: int, source: str, crop: int | None = None) -> ImageSet:
    check_split(split)
    check_number("size", size, 4, 256)
    on_hub = {"validation": "train" if published.held_out else "valid"}.get(split, split)
    key = {
        "source": _local(source) or source or published.hub,
        "set": published,
        "split": on_hub,
        "size": size,
        "crop": crop,
        "code": cache.fingerprint(pixels),
    }
    build = partial(_build, published, on_hub, size, source, crop)
    stored = cache.arrays(published.name, key, build, total=published.counts[on_hub])
    whole = len(stored["images"])
    rows = slice(0, whole)
    if published.held_out and split != "test":
        first_held = whole - published.held_out
        rows = slice(0, first_held) if split == "train" else slice(first_held, whole)
    labels = stored["labels"][rows].long() if published.classes else None
    attributes = stored["attributes"][rows].float() if published.attributes else None
    return ImageSet(
        stored["images"][rows], labels, published.name, split, published.classes, attributes, published.attributes
    )


def _build(published: Published, split: str, size: int, source: str, crop: int | None, write: cache.Writer) -> None:
    from datasets import Image

    examples = _open(published, split, source)
    name, asked = published.name, [published.image, *(["label"] if published.classes else []), *published.attributes]
    if missing := sorted(set(asked) - set(examples.column_names)):
        raise CourseError(
            f"{name} has no column '{missing[0]}' at {source or published.hub}: there are "
            f"{', '.join(examples.column_names)}"
        )
    examples = examples.select_columns(asked).cast_column(published.image, Image(decode=False))

    def decode(row: tuple[int, dict[str, Any]]) -> tuple[Tensor, list[int]]:
        number, example = row
        try:
            stored = example[published.image]
            data = stored["bytes"] if stored["bytes"] is not None else Path(stored["path"])
            image, before = pixels.decode(data, size, published.channels, crop)
        except Exception as error:  # a corrupt file can raise anything
            raise CourseError(f"{name}: image {number} of {split} cannot be read ({error})") from error
        if before != published.pixels:
            raise CourseError(
                f"{name}: image {number} of {split} is {before[0]}x{before[1]}, not "
                f"{published.pixels[0]}x{published.pixels[1]} as published"
            )
        return image, [example[column] for column in asked[1:]]

    total = 0
    for image, values in pixels.each(decode, enumerate(_read(name, examples, source))):
        total += 1
        if published.classes:
            if values[0] not in range(len(published.classes)):
                raise CourseError(f"{name}: image {total - 1} of {split} has label {values[0]}, which is no class")
            write(images=image[None], labels=torch.tensor(values, dtype=torch.uint8))
        else:
            write(images=image[None], attributes=torch.tensor([values]) > 0)  # some copies have -1 for absent
    if total != published.counts[split]:
        raise CourseError(
            f"{name}: {source or published.hub} has {total:,} examples in {split}, not {published.counts[split]:,} as "
            "published; that copy is incomplete or another set"
        )


def _open(published: Published, split: str, source: str) -> Any:
    """The split as a `datasets` object: a Dataset from the Hub, an IterableDataset from a folder."""
    import datasets

    if (folder := _local(source)) is not None:
        files = sorted(str(file) for file in Path(folder).rglob("*.parquet") if file.name.startswith(split))
        if not files:
            raise CourseError(f"{published.name}: no {split}*.parquet in {folder}")
        try:
            return datasets.load_dataset("parquet", data_files={split: files}, split=split, streaming=True)
        except Exception as error:  # files can be anything
            raise CourseError(f"{published.name}: cannot read {split}*.parquet in {folder}: {_line(error)}") from error
    hub = source or published.hub
    reachable = _reachable()
    try:
        with contextlib.nullcontext() if reachable else _offline():
            return datasets.load_dataset(hub, None if source else published.config, split=split)
    except Exception as error:  # whatever the Hub, the network or the files have
        if reachable:
            raise CourseError(
                f"{published.name}: could not get {hub} from the Hugging Face Hub: {_line(error)}"
            ) from error
        raise CourseError(
            f"{published.name}: no network, and {hub} is not in the local Hugging Face cache. Connect once to "
            "fetch it, or name a copy with source=FOLDER; the set 'digits' needs no network"
        ) from error


def _read(name: str, examples: Iterable[Any], source: str) -> Iterator[Any]:
    try:
        yield from examples
    except Exception as error:  # files can be anything
        raise CourseError(f"{name}: cannot read what is at {source or 'the Hub'}: {_line(error)}") from error


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _local(source: str) -> str | None:
    """The folder that `source` names, or None where it names a set on the Hub."""
    path = Path(source).expanduser()
    if source and path.is_dir():
        return str(path.resolve())
    if source and (path.is_absolute() or source[0] in ".~" or source.count("/") != 1):
        raise CourseError(f"source: there is no folder {source}, nor is that OWNER/NAME of a set on the Hub")
    return None


def _reachable() -> bool:
    """Whether the Hub answers. The libraries themselves would try again and again for half a minute."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    answered: list[Any] = []

    def ask() -> None:
        with contextlib.suppress(Exception):
            answered.append(get_session().head(constants.ENDPOINT, timeout=REACHABLE_SECONDS))

    thread = threading.Thread(target=ask, daemon=True)  # looking up a name can take longer than any timeout
    thread.start()
    thread.join(REACHABLE_SECONDS)
    return bool(answered)


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    from datasets import config
    from huggingface_hub import constants

    with (
        mock.patch.object(constants, "HF_HUB_OFFLINE", True),
        mock.patch.object(config, "HF_HUB_OFFLINE", True),
    ):
        yield
