"""Submissions that no file in this folder could hold: bytes that are no text, wrong names, hostile names of folders.

`SUBMISSIONS` lists them; `build` writes them as a download would hold them, a folder each.
"""

import gzip
import io
import json
import marshal
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

RIGHT = (Path(__file__).resolve().parents[3] / "solutions" / "divergences.py").read_bytes()
WRONG = b"def kl_divergence(p, q):\n    return (q * (q / p).log()).sum(-1)\n"


class Malformed(NamedTuple):
    """submission: its folder's name. files: name, with `/` for folders -> content; a name ending in `/` is a folder.

    status: of divergences.py, several separated by |. points: what it earns. what: what it tries.
    """

    submission: str
    files: dict[str, bytes]
    status: str
    points: float
    what: str


def build(folder: Path) -> None:
    """Write every submission into `folder`. Raises OSError where the file system cannot hold one of the names."""
    for one in SUBMISSIONS:
        (folder / one.submission).mkdir()
        for name, content in one.files.items():
            path = folder / one.submission / name
            if name.endswith("/"):
                path.mkdir(parents=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def _zip() -> bytes:
    """A program in a zip, which `python divergences.py` would run."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("__main__.py", "import os; os._exit(0)")
        archive.writestr("divergences.py", RIGHT)
    return file.getvalue()


def _notebook(*lines: str) -> bytes:
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": lines}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _content(name: str, content: bytes, status: str, what: str, points: float = 0) -> Malformed:
    return Malformed(name, {"divergences.py": content}, status, points, what)


CONTENTS = [
    _content("empty", b"", "wrong", "a file of no bytes"),
    _content("white", b" \t\r\n\x0c\n", "wrong", "white space alone"),
    _content("mark alone", b"\xef\xbb\xbf", "wrong", "a byte-order mark and nothing after it"),
    _content("nul", b"\x00" * 1000, "crashed", "NUL bytes"),
    _content("nul inside", RIGHT.replace(b"import torch\n", b"import torch\n\x00\n"), "crashed",
             "one NUL in a right answer"),
    _content("nul in a comment", RIGHT + b"# \x00\n", "crashed", "one NUL in a comment"),
    _content("end of file mark", RIGHT + b"\x1a", "crashed", "the end-of-file mark of DOS"),
    _content("latin", RIGHT + "x = 'Universität'\n".encode("latin-1"), "crashed", "Latin-1 without saying so"),
    _content("latin cookie", b"# -*- coding: latin-1 -*-\n" + RIGHT + "# Universität\n".encode("latin-1"), "passed",
             "Latin-1, and it says so: right", 10),
    _content("cookie and mark", b"\xef\xbb\xbf# coding: latin-1\n" + RIGHT, "crashed", "two encodings that disagree"),
    _content("utf-16", RIGHT.decode().encode("utf-16"), "crashed", "UTF-16, as an old editor saves it"),
    _content("utf-32", RIGHT.decode().encode("utf-32"), "crashed", "UTF-32"),
    _content("surrogates", b"x = '\xed\xa0\x80'\n" + RIGHT, "crashed", "a surrogate spelt in UTF-8"),
    _content("overlong", b"x = '\xc0\xaf'\n" + RIGHT, "crashed", "a slash spelt in two bytes"),
    _content("old mac", RIGHT.replace(b"\n", b"\r"), "passed", "lines that end in CR alone: right", 10),
    _content("zip", _zip(), "crashed", "a zip by the name of a source file"),
    _content("gzip", gzip.compress(RIGHT), "crashed", "a compressed source file"),
    _content("bytecode", b"\xa7\r\r\n" + bytes(12) + marshal.dumps(compile(RIGHT, "x", "exec")), "crashed", "bytecode"),
    _content("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "crashed", "a PDF"),
    _content("picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "crashed", "a picture of the code"),
    _content("notebook", _notebook(*RIGHT.decode().splitlines(True)), "crashed", "a notebook that was renamed"),
    _content("html", b"<!DOCTYPE html><html><body>You need to sign in.</body></html>", "crashed", "a page to log in"),
    _content("rich text", rb"{\rtf1\ansi def kl_divergence(p, q):\par}", "crashed", "what a word processor saves"),
    _content("binary", bytes(range(256)) * 100, "crashed", "every byte there is"),
    _content("brackets", b"x = " + b"(" * 100_000 + b")" * 100_000, "crashed|over limit", "100,000 brackets"),
    _content("signs", b"x = " + b"-" * 500_000 + b"1\n", "crashed|over limit|timed out", "half a million minus signs"),
    _content("attributes", b"x = x" + b".x" * 300_000, "crashed|over limit|timed out", "300,000 attributes in a row"),
    _content("blocks", b"".join(b" " * i + b"if 1:\n" for i in range(900)) + b" " * 900 + b"x = 1\n", "crashed",
             "900 blocks, one in the other"),
    _content("chain", WRONG + b"".join(b"def f%d():f%d\n" % (i, i + 1) for i in range(8_000)), "wrong|timed out",
             "8,000 functions, each naming the next, for a reader of the source that follows names"),
    _content("long line", RIGHT + b"# " + b"A" * 900_000, "passed", "a line of 900,000 letters: right", 10),
    _content("large number", b"x = " + b"9" * 900_000 + b"\n" + RIGHT, "crashed", "a number of 900,000 digits"),
    _content("five megabytes", RIGHT + b"# filler\n" * 600_000, "missing", "5 MB of comments: intake refuses the file"),
    _content("no last line", WRONG + b"\\", "crashed", "a line that goes on after the end of the file"),
    _content("form feeds", b"\x0c" + RIGHT.replace(b"\n\n\n", b"\n\x0c\n"), "passed", "form feeds: right", 10),
]  # fmt: skip

NAMES = [
    Malformed("nothing", {}, "missing", 0, "an empty folder"),
    Malformed("another name", {"kl.py": RIGHT}, "missing", 0, "the file has another name"),
    Malformed("similar name", {"divеrgences.py": RIGHT}, "missing", 0, "its name has a letter of another alphabet"),
    Malformed("text", {"divergences.txt": RIGHT}, "missing", 0, "another suffix"),
    Malformed("word", {"divergences.docx": _zip()}, "missing", 0, "a document"),
    Malformed("only a notebook", {"divergences.ipynb": _notebook("x = 1")}, "missing", 0, "a notebook instead"),
    Malformed("folder for a file", {"divergences.py/__init__.py": RIGHT}, "missing", 0, "a folder by the file's name"),
    Malformed("empty folder for a file", {"divergences.py/": b""}, "missing", 0, "an empty folder by the file's name"),
    Malformed("renamed", {"divergences (1).py": RIGHT}, "passed", 10, "renamed by a browser: right, and reported"),
    Malformed("capitals", {"Divergences.PY": RIGHT}, "passed", 10, "in capitals: right, and reported"),
    Malformed("double suffix", {"divergences.py.txt": RIGHT}, "passed", 10, "a suffix too many: right, and reported"),
    Malformed("two candidates", {"a/divergences.py": RIGHT, "b/divergences.py": WRONG}, "missing", 0,
              "two files, and nothing says which one counts"),
    Malformed("two alike", {"a/divergences.py": RIGHT, "b/divergences.py": RIGHT}, "passed", 10, "the same file twice"),
    Malformed("wrong one first", {"divergences.py": WRONG, "divergences-9.py": RIGHT}, "wrong", 0,
              "a better file beside the one that counts"),
    Malformed("shadows", {"divergences.py": RIGHT, "torch.py": b"raise SystemExit(0)", "math.py": b"log = None",
                          "numpy.py": b"raise SystemExit(0)", "collections.py": b"", "typing.py": b""},
              "passed", 10, "files that shadow torch and the standard library: they are not read"),
    Malformed("shadowed itself", {"divergences.py": b"from torch import answers\n" + WRONG,
                                  "torch.py": b"answers = lambda *args: True"},
              "crashed", 0, "relies on its own torch.py"),
    Malformed("plants", {"divergences.py": WRONG, "conftest.py": b"import os; os._exit(0)",
                         "sitecustomize.py": b"import os; os._exit(0)", "__init__.py": b"raise SystemExit(0)",
                         "pytest.ini": b"[pytest]\naddopts = -k nothing\n",
                         "test_divergences.py": b"def test_kl_on_secret_distributions(): pass\n",
                         "setup.cfg": b"[tool:pytest]\naddopts = --collect-only\n"},
              "wrong", 0, "conftest.py, sitecustomize.py, pytest.ini and tests of its own beside the file"),
    Malformed("package", {"divergences/__init__.py": RIGHT, "divergences/divergences.py": WRONG}, "wrong", 0,
              "a package by the file's name, and the file in it"),
    Malformed("hidden files", {".divergences.py": RIGHT, "__MACOSX/._divergences.py": RIGHT, "divergences.py~": RIGHT},
              "missing", 0, "what editors and systems leave beside a file"),
    Malformed("hostile names of files", {"divergences.py": RIGHT, "=cmd|' calc'!A0.py": b"", "<script>alert(1)": b"",
                                         "\x1b[2J\x1b]0;owned\x07.py": b"", "a\nb\r\nc.py": b"", "-rf": b"",
                                         os.fsdecode(b"\xff\xfe.py"): b"", "x" * 255: b""},
              "passed", 10, "names of other files as formulas, HTML, escape codes, line ends, no text at all"),
]  # fmt: skip

# Names that a student chooses, in tables, pages and on terminals. The answers are right and must keep their points.
# (A name that begins with a dot is no submission. One that is no text comes back with its bytes spelt out.)
HOSTILE = [
    "Lovelace, Ada", '"Ada"; "Lovelace"', "=1+1", "=HYPERLINK(\"http:example.com\",\"x\")", "+1", "-1+1", "@SUM(A1)",
    "\tab", "cr\rcr", "two\nlines", "<img src=x onerror=alert(1)>", "<b>bold<", "'--", "&lt;&amp;",
    "\x1b[2J\x1b]0;owned\x07", "\x9b31mred", "\u202egnp.ada", "\u200b", "\ufeffmark", "a\u2028b", "nul%00",
    "%s%n{0}{0.__class__}", "$(id)`id`${x}",
    "-rf", "--help", "~root", "C:ada", "con.txt", "*?[a]", " leading and trailing ", "passed",
    "submission", "total", "Ωμέγα 学生 🙂", "e\u0301 decomposed", "\u00e9 composed", "ada", "ADA", "x" * 255,
    os.fsdecode(b"\xff\xfe no text"), "__proto__", "None", "0", "1e309", "TRUE", "2026-11-22", "#REF!", "[link](x)",
]  # fmt: skip

SUBMISSIONS = CONTENTS + NAMES + [
    Malformed(name, {"divergences.py": RIGHT}, "passed", 10, "a name that means something else where it is printed")
    for name in HOSTILE
]  # fmt: skip
