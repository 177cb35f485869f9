"""Files that are there whole or not at all, whenever the machine stops."""

import json
import os
from functools import partial
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write aside, wait until it is on the disk, rename. mode: of the file, less the process's umask."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)  # one left behind may be open to more than `mode`
    with open(part, "wb", opener=partial(os.open, mode=mode)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    write_whole(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder last; systems that cannot open folders (Windows) need no such call."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
