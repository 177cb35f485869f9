"""Your own images, from a folder."""

import hashlib
import warnings
from collections import Counter
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from course_lib.data import cache, pixels
from course_lib.data.sets import SPLITS, ImageSet, check_number, check_split
from course_lib.errors import CourseError, CourseWarning, unknown


def load(path: str | Path, split: str = "train", size: int = 64, channels: int = 3, corrupt: str = "skip") -> ImageSet:
    """Your own images: every picture under a folder, cut square and resized.

    path: the folder. Every file at any depth counts whose ending is that of a format that Pillow reads; hidden ones do
        not. Where all of them lie in sub-folders, the names of the uppermost ones are the labels.
    split: by a hash of each file's path inside the folder: of ten files on average, eight for training, one for
        validation and one for test. A file stays where it is when others come or go.
    size: height and width in pixels, 2 to 1024. The square in the middle is resized; see `pixels.decode`.
    channels: 3 for colour, 1 for grey.
    corrupt: what becomes of files that cannot be read, and of pictures so large that they could exhaust memory. skip
        leaves them out and says so in a warning, with the first few names; refuse raises an error with them.

    They are decoded once and kept in the cache, until the files or the options change. Raises ValueError where the
    folder is not there, has no readable picture in it, or none in the split.
    """
    check_split(split)
    check_number("size", size, 2, 1024)
    if channels not in (1, 3):
        raise CourseError(f"images have 3 channels (colour) or 1 (grey), not {channels}")
    if corrupt not in ("skip", "refuse"):
        raise unknown("way with corrupt files", str(corrupt), ("skip", "refuse"))
    folder = Path(path).expanduser()
    files = _pictures(folder)
    key = {
        "files": hashlib.sha256(repr([_state(folder, name) for name in files]).encode()).hexdigest(),
        "size": size,
        "channels": channels,
        "code": cache.fingerprint(pixels),
    }
    # The splits lie one after the other, so that each of them is a piece of the file that holds them all.
    order = sorted(files, key=lambda name: (_split_of(name), name))
    stored = cache.arrays("folder", key, partial(_build, folder, order, size, channels), total=len(order))
    if bad := [order[i] for i in stored["corrupt"].tolist()]:
        if corrupt == "refuse":
            raise CourseError(f"{_unreadable(bad, files, folder)}. Mend them, or leave them out with corrupt=skip")
        warnings.warn(f"{_unreadable(bad, files, folder)}: left out", CourseWarning, stacklevel=2)
    names = [order[i] for i in stored["index"].tolist()]
    counts = Counter(_split_of(name) for name in names)
    here = SPLITS.index(split)
    first = sum(counts[i] for i in range(here))
    chosen = slice(first, first + counts[here])
    if not counts[here]:
        raise CourseError(f"none of the {len(names)} images in {folder} falls in the {split} split: it wants more")
    labels, classes = _labels(names, files)
    return ImageSet(stored["images"][chosen], None if labels is None else labels[chosen], "folder", split, classes)


def _pictures(folder: Path) -> list[str]:
    """The paths, inside the folder, of the files that look like pictures, sorted."""
    from PIL import Image

    if not folder.is_dir():
        raise CourseError(f"there is no folder {folder}: name the one with your images, as path=FOLDER")
    endings = {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    names = [file.relative_to(folder) for file in folder.rglob("*") if file.is_file()]
    visible = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    found = sorted(name.as_posix() for name in visible if name.suffix.lower() in endings)
    if not found:
        raise CourseError(f"no picture in {folder}: of its {len(visible)} files none has a picture's ending (.png, …)")
    return found


def _state(folder: Path, name: str) -> tuple[str, int, int]:
    status = (folder / name).stat()
    return name, status.st_size, status.st_mtime_ns


def _build(folder: Path, names: list[str], size: int, channels: int, write: cache.Writer) -> None:
    def decode(name: str) -> Tensor | None:
        try:
            return pixels.decode(folder / name, size, channels)[0]
        except Exception:  # a corrupt file can raise anything
            return None

    good: list[int] = []
    for i, image in enumerate(pixels.each(decode, names)):
        if image is not None:
            write(images=image[None])
            good.append(i)
    bad = sorted(set(range(len(names))) - set(good))
    if not good:
        raise CourseError(f"nothing readable in {folder}: {_unreadable([names[i] for i in bad], names, folder)}")
    write(index=torch.tensor(good), corrupt=torch.tensor(bad, dtype=torch.int64))


def _split_of(name: str) -> int:
    """Index into SPLITS."""
    return max(0, hashlib.sha256(name.encode()).digest()[0] * 10 // 256 - 7)


def _labels(names: list[str], files: list[str]) -> tuple[Tensor | None, tuple[str, ...]]:
    if not all("/" in name for name in files):
        return None, ()
    classes = tuple(sorted({name.split("/")[0] for name in files}))
    return torch.tensor([classes.index(name.split("/")[0]) for name in names]), classes


def _unreadable(bad: list[str], files: list[str], folder: Path) -> str:
    shown = ", ".join(bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
    return f"{len(bad)} of {len(files)} pictures in {folder} cannot be read: {shown}"
