"""Folders and zips that strangers made: what lies in them, and its bytes, in bounded memory.

Nothing is extracted, no link is followed, and no size that a zip promises is believed. What is not read says why.
"""

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

MAX_ENTRIES = 20_000  # files and folders of one zip
MAX_DIRECTORY = 4 << 20  # bytes of a zip's central directory, which zipfile takes into memory at once
MAX_RATIO = 100  # bytes out of one byte of a zip, where more than SMALL come out
SMALL = 64 << 10

HIDDEN = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"}


class Refused(Exception):
    """What is not read; the words go on after the file's name."""


@dataclass(frozen=True)
class Entry:
    """A file or folder. path: where it lies. label: how its maker wrote that. refused: why it is not to be read.

    read: its bytes; raises Refused where there are more than so many, and for whatever else is wrong with it.
    """

    path: tuple[str, ...]
    label: str
    read: Callable[[int], bytes]
    folder: bool = False
    refused: str = ""

    @property
    def hidden(self) -> bool:
        """What systems leave in a folder, and nobody means to hand in."""
        return any(part.startswith(".") or part in HIDDEN for part in self.path)

    def below(self) -> "Entry":
        """The same, seen from the folder that it lies in."""
        return replace(self, path=self.path[1:], label="/".join(self.path[1:]))


def writable(text: str) -> str:
    """The same with whatever is no character spelled out, so that it can be written as UTF-8 everywhere."""
    return text.encode("utf-8", "backslashreplace").decode()


def on_disk(root: Path) -> Iterator[Entry]:
    """Everything under `root`, but for what lies in hidden folders. Raises OSError where `root` cannot be opened."""
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        above = waiting.pop()
        try:
            with os.scandir(root.joinpath(*above)) as listing:
                inside = sorted(listing, key=lambda one: one.name)
        except OSError as error:
            if not above:
                raise
            yield _on_disk(above, root, refused=f"cannot be opened: {error.strerror}")
            continue
        for one in inside:
            kind = stat.S_IFMT(one.stat(follow_symlinks=False).st_mode)
            entry = _on_disk((*above, one.name), root, folder=kind == stat.S_IFDIR, refused=_special(kind))
            yield entry
            if entry.folder and not entry.hidden:
                waiting.append((*above, one.name))


def _on_disk(parts: tuple[str, ...], root: Path, folder: bool = False, refused: str = "") -> Entry:
    path = tuple(map(writable, parts))
    return Entry(path, "/".join(path), _reader(root.joinpath(*parts)), folder, refused)


def _special(kind: int) -> str:
    if kind in (0, stat.S_IFREG, stat.S_IFDIR):
        return ""
    return "is a link; links are not followed" if kind == stat.S_IFLNK else "is no ordinary file"


def _reader(path: Path) -> Callable[[int], bytes]:
    # Neither by way of a link nor waiting for a pipe that has taken the file's place since it was listed.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

    def read(most: int) -> bytes:
        try:
            with open(os.open(path, flags), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise Refused("is no ordinary file")
                data = file.read(most + 1)
        except OSError as error:
            raise Refused(f"cannot be read: {error.strerror}") from None
        if len(data) > most:
            raise Refused(f"is larger than {most >> 20} MB")
        return data

    return read


class _Spared:
    """A zip's bytes for zipfile, which would take a central directory of any size into memory."""

    def __init__(self, data: bytes):
        self._file = io.BytesIO(data)
        self.seek, self.tell, self.seekable = self._file.seek, self._file.tell, self._file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise Refused("has too many files in it; hand in the source files alone")
        return self._file.read(size)


def in_zip(file: bytes | io.BufferedIOBase) -> list[Entry]:
    """What is in a zip: in a stranger's, as bytes, or in the instructor's own, open, which may have any size.

    Raises Refused where it is damaged, or made to harm: overlapping files, too many of them.
    """
    strangers = isinstance(file, bytes)
    try:
        archive = zipfile.ZipFile(_Spared(file) if strangers else file)
        members = archive.infolist()
        if strangers and len(members) > MAX_ENTRIES:
            raise Refused(f"has more than {MAX_ENTRIES:,} files in it; hand in the source files alone")
        # Files that share bytes make terabytes of a few kilobytes. zipfile notices in its newer versions only.
        end = 0
        for member in sorted(members, key=lambda one: one.header_offset):
            if member.header_offset < end:
                raise Refused("is a zip whose files overlap")
            end = member.header_offset + zipfile.sizeFileHeader + len(member.orig_filename) + member.compress_size
        if end > archive.start_dir:
            raise Refused("is a zip whose files overlap")
    except Refused:
        raise
    except Exception as error:  # a hostile zip makes zipfile raise nearly anything; all of it means the same
        raise Refused(f"is a damaged zip, or none ({type(error).__name__})") from None
    return [_member(archive, one) for one in members]


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    name = member.orig_filename  # not cut off at a NUL
    if not member.flag_bits & 0x800:  # not UTF-8, it says; macOS says so and writes UTF-8
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    parts = name.replace("\\", "/").split("/")  # Windows PowerShell separates by backslashes
    path = tuple(part for part in parts if part not in ("", "."))
    refused = _special(stat.S_IFMT(member.external_attr >> 16))
    if name[:1] in ("/", "\\") or re.match("[A-Za-z]:", name):
        path, refused = (), "has an absolute path"
    elif ".." in path:
        path, refused = path[: path.index("..")], "has a path that leads out of the zip"
    elif "\0" in name:
        refused = "has a NUL in its name"
    elif member.flag_bits & 0x1:
        refused = "is encrypted"
    elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The other methods' decompressors cannot be told when to stop.
        refused = "is compressed in an unusual way; make the zip with the system's own tool"

    def read(most: int) -> bytes:
        if member.file_size > most:
            raise Refused(f"is larger than {most >> 20} MB")
        try:
            with archive.open(member) as file:
                data = file.read(most + 1)  # never more than file_size, whose checksum must then be right
        except Exception as error:  # as above
            raise Refused(f"is damaged ({type(error).__name__})") from None
        if len(data) != member.file_size:
            raise Refused("is damaged: it is shorter than its zip says")
        if len(data) > max(SMALL, MAX_RATIO * member.compress_size):
            raise Refused(f"is compressed more than {MAX_RATIO} times, as no source file is")
        return data

    return Entry(path, name, read, parts[-1] == "", refused)
