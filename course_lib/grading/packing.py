"""`course submit`: a learner's files and a manifest, in one zip that is the same for the same files."""

import hashlib
import io
import json
import platform
import warnings
import zipfile
from importlib import metadata
from pathlib import Path

from course_lib.errors import CourseError, CourseWarning
from course_lib.files import write_whole
from course_lib.grading.intake import MANIFEST, MAX_FILE
from course_lib.grading.release import edited

NAME = "submission.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip's first moment: when it was packed is not in it


def pack(out: Path | None, folder: Path, slugs: list[str]) -> Path:
    """Write `<slug>.py` of each slug, from `folder`, and manifest.json into a zip, and return its path.

    out: the zip, or a folder to put submission.zip into; the current one if None. An older zip is replaced.
    A CourseWarning names the stubs in which nothing has been written yet: they are packed all the same.
    Raises CourseError, writing nothing, where a file is missing, empty or too large, or `out` is no place for a zip.
    """
    if not slugs:
        raise CourseError("nothing to hand in: name a chapter")
    out = Path(NAME) if out is None else out / NAME if out.is_dir() else out
    if out.suffix.lower() != ".zip" or not out.parent.is_dir():
        raise CourseError(f"{out}: name a zip in a folder that exists, such as {NAME}")
    files = {f"{slug}.py": _source(folder / f"{slug}.py") for slug in sorted(set(slugs))}
    untouched = [name for name, source in files.items() if not edited(source.decode("utf-8", "replace"))]
    if untouched:
        warnings.warn(f"nothing is written yet in {', '.join(untouched)}; packed as it is", CourseWarning, stacklevel=2)
    manifest = {
        "course": metadata.version("course-lib"),
        "python": platform.python_version(),
        "torch": metadata.version("torch"),
        "files": {name: hashlib.sha256(source).hexdigest() for name, source in files.items()},
    }
    files[MANIFEST] = (json.dumps(manifest, indent=2) + "\n").encode()
    buffer = io.BytesIO()
    # Stored: a few kilobytes, and compressors differ between systems.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # as on Unix, wherever it is packed
            archive.writestr(entry, content)
    write_whole(out, buffer.getvalue())
    return out


def _source(path: Path) -> bytes:
    if not path.is_file():
        raise CourseError(f"{path} is missing; write it, or name only the chapters that you hand in")
    with open(path, "rb") as file:
        source = file.read(MAX_FILE + 1)
    if not source.strip():
        raise CourseError(f"{path} is empty; write it, or name only the chapters that you hand in")
    if len(source) > MAX_FILE:
        raise CourseError(f"{path} is larger than {MAX_FILE >> 20} MB, more than is graded; keep code in it alone")
    return source


def packed(out: Path, slugs: list[str]) -> str:
    """What to tell the learner of a zip that `pack` has written."""
    names = ", ".join(f"{slug}.py" for slug in sorted(set(slugs)))
    return f"Packed {names}: {out}\nUpload {out.name} as it is, that one file; there is no need to unzip or rename it."
