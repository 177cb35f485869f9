"""What a grading directory remembers: the secret seed, every result, every decision made by hand.

    GRADES/.journal/          readable by its owner alone
        secret                from which all inputs are drawn; never leaves this folder but to the workers
        results.jsonl         a line for each result, override and regrading, in order, each with its checksum
        batch.json            who handed in what, as of the last run: reports are made again from it
        lock                  one run at a time

A line is appended and flushed before it counts. A killed run leaves at most one torn line at the end, which the next
one cuts off.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from course_lib.errors import CourseError
from course_lib.files import write_whole


class Journal:
    """The records of one grading directory. `with Journal.opened(out)`: nobody else writes meanwhile."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.path = folder / "results.jsonl"
        self.damaged = 0

    @classmethod
    @contextlib.contextmanager
    def opened(cls, out: Path, create: bool = True) -> Iterator["Journal"]:
        """Raises CourseError where another run is at work, or there is none and none is to be created."""
        folder = out / ".journal"
        if not create and not folder.is_dir():
            raise CourseError(f"{out} holds no grades; `course grade SUBMISSIONS --out {out}` makes them")
        if folder.is_symlink():
            raise CourseError(f"{folder} is a link; a journal must be a folder of its own")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise CourseError(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
        lock = FileLock(folder / "lock", timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise CourseError(f"{out}: another run is writing there; wait for it, or choose another --out") from None
        try:
            yield cls(folder)
        finally:
            lock.release()

    def secret(self) -> str:
        """The directory's own seed, 256 bits, made once."""
        path = self.folder / "secret"
        if not path.exists():
            write_whole(path, secrets.token_hex(32).encode(), mode=0o600)
        seed = path.read_text(encoding="ascii", errors="replace").strip()
        if not re.fullmatch("[0-9a-f]{64}", seed):
            raise CourseError(f"{path} is damaged; restore it, or grade into another folder")
        return seed

    def records(self) -> list[dict[str, Any]]:
        """All records in order. A torn end is cut off; other damaged lines are left out and counted in `damaged`."""
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with open(self.path, "r+b") as file:
                file.truncate(len(whole))
        found, self.damaged = [], 0
        for line in whole.splitlines():
            record = _read(line)
            if record is None:
                self.damaged += 1
            else:
                found.append(record)
        return found

    def append(self, record: dict[str, Any]) -> None:
        text = json.dumps(record, allow_nan=False)
        line = f"{_checksum(text.encode())} {text}\n".encode()
        with open(self.path, "ab", buffering=0, opener=partial(os.open, mode=0o600)) as file:
            before = file.tell()
            try:
                while line:
                    line = line[file.write(line) :]
            except OSError:  # no space: half a line would spoil the next one
                file.truncate(before)
                raise

    def save_batch(self, batch: dict[str, Any]) -> None:
        write_whole(self.folder / "batch.json", json.dumps(batch, indent=1, allow_nan=False).encode(), mode=0o600)

    def batch(self) -> dict[str, Any]:
        """Raises CourseError where no run has come to its end yet."""
        try:
            return json.loads((self.folder / "batch.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise CourseError(f"{self.folder.parent}: no run has finished there; run `course grade` again") from None


def _read(line: bytes) -> dict[str, Any] | None:
    checksum, _, text = line.partition(b" ")
    if checksum.decode("ascii", "replace") != _checksum(text):
        return None
    return json.loads(text)


def _checksum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]
