"""Zips and folders made to harm, or just broken: each file is refused with a reason, and nothing is raised."""

import contextlib
import io
import os
import random
import stat
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.grading import archives
from course_lib.grading.archives import Refused, in_zip, on_disk, writable

MB = 1 << 20


def make_zip(*members, method=zipfile.ZIP_DEFLATED):
    """Members: (name or ZipInfo, bytes)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def refusals(data, most=MB):
    """Label -> why it is refused, at once or when it is read; empty for what can be read."""
    found = {}
    for entry in in_zip(data):
        found[entry.label] = entry.refused
        if not entry.refused and not entry.folder:
            try:
                entry.read(most)
            except Refused as refusal:
                found[entry.label] = str(refusal)
    return found


def test_an_honest_zip_is_read():
    data = make_zip(("a/gan.py", b"x = 1\n"), ("a/", b""), ("./vae.py", b"y"), ("src\\powershell.py", b"z"))
    entries = {entry.label: entry for entry in in_zip(data)}
    assert entries["a/gan.py"].read(100) == b"x = 1\n"
    assert entries["a/gan.py"].path == ("a", "gan.py")
    assert entries["a/"].folder
    assert entries["./vae.py"].path == ("vae.py",)
    assert entries["src\\powershell.py"].path == ("src", "powershell.py")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../gan.py", "leads out"),
        ("a/../../gan.py", "leads out"),
        ("a\\..\\..\\gan.py", "leads out"),
        ("..", "leads out"),
        ("/etc/gan.py", "absolute"),
        ("\\\\server\\share\\gan.py", "absolute"),
        ("C:\\gan.py", "absolute"),
        ("c:gan.py", "absolute"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(name, why):
    ((label, refused),) = refusals(make_zip((name, b"x"))).items()
    assert label == name
    assert why in refused


def test_a_nul_in_a_name_does_not_hide_its_ending():
    data = make_zip(("gan.py_.exe", b"x")).replace(b"gan.py_.exe", b"gan.py\0.exe")
    ((label, refused),) = refusals(data).items()
    assert label == "gan.py\0.exe"
    assert "NUL" in refused


@pytest.mark.parametrize(
    ("kind", "why"), [(stat.S_IFLNK, "link"), (stat.S_IFIFO, "ordinary"), (stat.S_IFCHR, "ordinary")]
)
def test_links_and_special_files_in_a_zip_are_refused(kind, why):
    member = zipfile.ZipInfo("gan.py")
    member.create_system, member.external_attr = 3, (kind | 0o777) << 16
    assert why in refusals(make_zip((member, b"/etc/passwd")))["gan.py"]


def test_a_name_that_says_it_is_not_utf8_and_is():
    member = "é.py".encode()
    data = make_zip(("__.py", b"x")).replace(b"__.py", member)
    assert [entry.path for entry in in_zip(data)] == [("é.py",)]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_cannot_be_stopped_are_not_run(method):
    assert "unusual" in refusals(make_zip(("gan.py", b"0" * MB), method=method))["gan.py"]


def test_an_encrypted_file_is_refused():
    data = bytearray(make_zip(("gan.py", b"x")))
    data[6] |= 1  # the local header's flags
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refusals(bytes(data))["gan.py"]


def test_a_bomb_is_not_inflated():
    data = make_zip(("gan.py", b"0" * (64 * MB)), ("zeros.py", b"0" * MB))
    tracemalloc.start()
    try:
        found = refusals(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "larger than 1 MB" in found["gan.py"]
    assert "compressed more than 100 times" in found["zeros.py"]
    assert peak < 8 * MB


def test_a_size_that_lies_is_found_out_without_inflating():
    """64 MB that the headers call ten bytes."""
    data = bytearray(make_zip(("gan.py", b"0" * (64 * MB))))
    for start in (0 + 22, data.index(b"PK\x01\x02") + 24):
        data[start : start + 4] = struct.pack("<I", 10)
    tracemalloc.start()
    try:
        found = refusals(bytes(data))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "damaged" in found["gan.py"]
    assert peak < 8 * MB


def test_a_size_that_promises_too_much_is_found_out():
    data = bytearray(make_zip(("gan.py", b"x = 1\n"), method=zipfile.ZIP_DEFLATED))
    for start in (0 + 22, data.index(b"PK\x01\x02") + 24):
        data[start : start + 4] = struct.pack("<I", 1000)
    assert "damaged" in refusals(bytes(data))["gan.py"]


def test_files_that_share_bytes_are_refused():
    """Two names in the directory for one body: the building block of bombs of terabytes."""
    data = make_zip(("a.py", b"x" * 100))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    directory = data[start:end] * 2
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), start, 0)
    with pytest.raises(Refused, match="overlap"):
        in_zip(data[:start] + directory + tail)


def test_a_body_that_reaches_into_the_directory_is_refused():
    data = bytearray(make_zip(("a.py", b"x" * 100), method=zipfile.ZIP_STORED))
    for start in (18, data.index(b"PK\x01\x02") + 20):
        data[start : start + 4] = struct.pack("<I", 5000)
    with pytest.raises(Refused, match="overlap"):
        in_zip(bytes(data))


def test_too_many_files_are_refused_before_they_take_memory(monkeypatch):
    with pytest.raises(Refused, match="more than 20,000 files"):
        in_zip(make_zip(*((f"{n:05}", b"") for n in range(20_001)), method=zipfile.ZIP_STORED))
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 1000)
    with pytest.raises(Refused, match="too many files"):
        in_zip(make_zip(*((f"{n:05}", b"") for n in range(200))))


def test_the_instructors_own_zip_may_be_large(monkeypatch):
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 1000)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    data = make_zip(*((f"{n:05}", b"") for n in range(200)))
    assert len(in_zip(io.BytesIO(data))) == 200


@pytest.mark.parametrize("data", [b"", b"PK", b"Rar!\x1a\x07\x00", b"\0" * 1000])
def test_what_is_no_zip_is_refused(data):
    with pytest.raises(Refused, match="damaged zip, or none"):
        in_zip(data)


def test_every_prefix_of_a_zip_is_refused():
    data = make_zip(("gan.py", b"x = 1\n" * 50), ("b/vae.py", b"y" * 300))
    assert not any(refusals(data).values())
    for end in range(len(data)):
        with pytest.raises(Refused):
            in_zip(data[:end])


def test_flipped_bytes_are_read_or_refused():
    """Whatever a damaged zip makes of itself, what is read is what was packed, or nothing."""
    bodies = {"gan.py": b"x = 1\n" * 50, "b/vae.py": random.Random(0).randbytes(300)}
    data = make_zip(*bodies.items())
    rng = random.Random(1)
    for _ in range(2000):
        broken = bytearray(data)
        for _ in range(rng.choice((1, 1, 3))):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        try:
            entries = in_zip(bytes(broken))
        except Refused:
            continue
        for entry in entries:
            try:
                read = entry.read(MB)
            except Refused:
                continue
            assert read in bodies.values() or read == b""


@given(st.lists(st.tuples(st.text(min_size=1, max_size=40), st.binary(max_size=60)), max_size=6))
@settings(max_examples=100, deadline=None)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_never_raise(members):
    members = [(name.encode("utf-8", "ignore").decode() or "x", data) for name, data in members]
    for entry in in_zip(make_zip(*members)):
        assert ".." not in entry.path
        assert all(part and "/" not in part and "\\" not in part for part in entry.path)
        writable(entry.label).encode()


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_bytes_never_raise_more_than_a_refusal(noise):
    good = make_zip(("gan.py", b"x = 1\n"))
    for data in (noise, good + noise, noise + good, good[:-22] + noise + good[-22:]):
        with contextlib.suppress(Refused):
            refusals(data)


# Folders


def test_a_folder_is_listed_and_its_links_are_not_followed(tmp_path):
    (tmp_path / "secret.py").write_text("secret")
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "gan.py").write_text("x")
    (root / "a" / "link.py").symlink_to(tmp_path / "secret.py")
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "dangling.py").symlink_to(tmp_path / "nothing")
    (root / ".git").mkdir()
    (root / ".git" / "gan.py").write_text("not looked at")
    os.mkfifo(root / "a" / "pipe.py")
    entries = {entry.label: entry for entry in on_disk(root)}
    assert set(entries) == {".git", "a", "a/b", "a/b/gan.py", "a/link.py", "a/loop", "a/dangling.py", "a/pipe.py"}
    assert entries["a/b/gan.py"].read(10) == b"x"
    for name in ("a/link.py", "a/loop", "a/dangling.py"):
        assert "link" in entries[name].refused
        with pytest.raises(Refused):
            entries[name].read(10)  # nor where someone forgot to look at `refused`
    assert "ordinary" in entries["a/pipe.py"].refused
    with pytest.raises(Refused, match="ordinary"):
        entries["a/pipe.py"].read(10)


def test_a_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "whole.py").write_bytes(b"x" * 100)
    with open(tmp_path / "sparse.py", "wb") as file:
        file.truncate(1 << 40)
    entries = {entry.label: entry for entry in on_disk(tmp_path)}
    assert len(entries["whole.py"].read(100)) == 100
    with pytest.raises(Refused, match="larger"):
        entries["whole.py"].read(99)
    with pytest.raises(Refused, match="larger than 1 MB"):
        entries["sparse.py"].read(MB)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_folder_that_cannot_be_opened_is_refused(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    try:
        assert [entry.refused for entry in on_disk(tmp_path) if entry.refused] == [
            "cannot be opened: Permission denied"
        ]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_name_that_is_no_utf8_can_be_written(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("x")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes UTF-8 alone")
    (entry,) = on_disk(tmp_path)
    assert entry.label == "caf\\udce9.py"
    assert entry.read(10) == b"x"


def test_what_systems_leave_behind_is_hidden():
    data = make_zip(
        ("__MACOSX/._gan.py", b"x"),
        ("a/.DS_Store", b""),
        ("a/._gan.py", b""),
        ("__pycache__/gan.pyc", b""),
        ("gan.py", b""),
    )
    assert [entry.label for entry in in_zip(data) if not entry.hidden] == ["gan.py"]
