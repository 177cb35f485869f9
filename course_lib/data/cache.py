"""Arrays that take long to make, made once: kept on disk, and memory-mapped when they are read again.

They lie in the folder that the environment variable COURSE_CACHE names, else in the user's cache directory. Each entry
is a folder of .npy files and a meta.json. It is made aside and renamed when whole, so that whatever stops the making
leaves nothing that could be taken for a whole one; of two processes that want the same entry one makes it and the other
waits. An entry may be deleted at any time: it is made again.
"""

import contextlib
import errno
import hashlib
import inspect
import json
import os
import shutil
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from course_lib.errors import CourseError, CourseWarning

BLOCK = 1 << 20
BLOCKS = 256  # of a file that are summed to notice damage: all of it up to 256 MiB, evenly spaced ones beyond


def root() -> Path:
    """The folder that holds the cache."""
    if named := os.environ.get("COURSE_CACHE"):
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("out-of-noise", appauthor=False)


def fingerprint(*modules: ModuleType) -> str:
    """Of the source of these modules: in a key, it has the arrays made anew when the code that makes them changes."""
    return hashlib.sha256("".join(inspect.getsource(module) for module in modules).encode()).hexdigest()[:16]


def arrays(
    name: str, key: dict[str, Any], build: Callable[["Writer"], None], total: int | None = None
) -> dict[str, Tensor]:
    """The arrays that `build` makes, from the cache where it has made them before.

    name: what they are, for the folder's name and the progress bar.
    key: everything they depend on, as JSON can hold it: options, a `fingerprint` of the code.
    build: called with a Writer; `write(images=…, labels=…)` appends rows to the arrays of those names, as often as it
        takes, so that they need not fit in memory at once.
    total: how many rows the first array will have, for the progress bar.

    Returns tensors on the CPU that are memory-mapped and read-only: writing into one would end the process. An entry
    that is damaged is made again, with a CourseWarning. Raises CourseError where the disk is full or may not be
    written; then, and when `build` raises, nothing is left behind.
    """
    key_text = json.dumps(key, sort_keys=True, default=str)
    digest = hashlib.sha256(f"{name}\n{key_text}".encode()).hexdigest()[:16]
    folder = root() / f"{name}-{digest}"
    if (found := _read(folder)) is not None:
        return found

    from filelock import FileLock

    with _disk(name):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_name(f"{folder.name}.lock"))
        lock.acquire()
    try:
        if (found := _read(folder)) is not None:  # made by another process meanwhile
            return found
        if folder.exists():
            warnings.warn(f"the cached '{name}' in {folder} is damaged: it is made again", CourseWarning, stacklevel=2)
        aside = folder.with_name(f"{folder.name}.part")
        try:
            with _disk(name):
                for old in (folder, aside):
                    shutil.rmtree(old, ignore_errors=True)
                aside.mkdir()
            with Writer(name, aside, total) as write:
                build(write)
                with _disk(name):
                    write.close(json.loads(key_text))
            with _disk(name):
                aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        if (found := _read(folder)) is None:
            raise CourseError(f"'{name}' was written to {folder}, but does not read back: is that disk sound?")
        return found
    finally:
        lock.release()


class Writer:
    """Appends rows to named arrays: write(images=Tensor [k, ...], labels=Tensor [k]), in any number of calls."""

    def __init__(self, name: str, folder: Path, total: int | None) -> None:
        from tqdm import tqdm

        self._name, self._folder = name, folder
        self._files: dict[str, BinaryIO] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._dtypes: dict[str, np.dtype] = {}
        self._bar = tqdm(total=total, desc=f"making {name}", unit=" images", file=sys.stderr, disable=None)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()

    def __call__(self, **rows: Tensor) -> None:
        for name, tensor in rows.items():
            values = np.ascontiguousarray(tensor.detach().cpu().numpy())
            with _disk(self._name):
                if name not in self._files:
                    self._files[name] = (self._folder / f"{name}.npy").open("wb")
                    self._shapes[name], self._dtypes[name] = (0, *values.shape[1:]), values.dtype
                    self._files[name].write(self._header(name))
                if values.shape[1:] != self._shapes[name][1:] or values.dtype != self._dtypes[name]:
                    raise TypeError(f"rows of '{name}' changed from {self._shapes[name]} to {values.shape}")
                self._files[name].write(values.data)
            self._shapes[name] = (self._shapes[name][0] + len(values), *values.shape[1:])
        first = next(iter(self._files), None)
        self._bar.update(len(rows.get(first, ())))

    def close(self, key: Any) -> None:
        """Finish every file, sync it, and write meta.json last."""
        meta = {"key": key, "arrays": {}}
        for name, file in self._files.items():
            file.seek(0)
            file.write(self._header(name))
            file.flush()
            os.fsync(file.fileno())
            file.close()
            path = self._folder / f"{name}.npy"
            meta["arrays"][name] = {"bytes": path.stat().st_size, "crc32": _checksum(path)}
        with (self._folder / "meta.json").open("w") as file:
            json.dump(meta, file, indent=1)
            file.flush()
            os.fsync(file.fileno())

    def _header(self, name: str) -> bytes:
        """128 bytes of NPY format 1.0, whatever the number of rows."""
        fields = {"descr": self._dtypes[name].str, "fortran_order": False, "shape": self._shapes[name]}
        text = (repr(fields).ljust(117) + "\n").encode("latin1")
        assert len(text) == 118, f"too many dimensions: {self._shapes[name]}"
        return np.lib.format.magic(1, 0) + len(text).to_bytes(2, "little") + text


def _read(folder: Path) -> dict[str, Tensor] | None:
    """The arrays of an entry, or None where it is not there or not whole."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
        found = {}
        for name, expected in meta["arrays"].items():
            path = folder / f"{name}.npy"
            if path.stat().st_size != expected["bytes"] or _checksum(path) != expected["crc32"]:
                return None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # torch has no read-only tensors, and says so
                found[name] = torch.from_numpy(np.load(path, mmap_mode="r", allow_pickle=False))
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _checksum(path: Path) -> int:
    size = path.stat().st_size
    blocks = -(-size // BLOCK)
    step = max(1, -(-blocks // BLOCKS))
    crc = 0
    with path.open("rb") as file:
        for block in range(0, blocks, step):
            file.seek(block * BLOCK)
            crc = zlib.crc32(file.read(BLOCK), crc)
    return crc


@contextlib.contextmanager
def _disk(name: str) -> Iterator[None]:
    """What the disk refuses, as one line that says what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "the disk is full" if full else f"cannot write ({error.strerror or error})"
        remedy = "make room there" if full else "make that folder writable"
        raise CourseError(
            f"{what}: '{name}' is kept in {root()}; {remedy}, or set COURSE_CACHE to a folder elsewhere"
        ) from error
