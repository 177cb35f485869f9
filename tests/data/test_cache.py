"""The cache against what can happen to it: kills, damage, two processes, a full disk."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.data import cache
from course_lib.errors import CourseError, CourseWarning


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _build(write):
    for start in range(0, 10, 3):
        rows = torch.arange(start, min(start + 3, 10))
        write(images=(rows[:, None, None] * torch.ones(1, 2, 5)).to(torch.uint8), labels=rows)
    write(nothing=torch.empty(0, 3), flags=torch.tensor([True, False]), scale=torch.tensor([0.5, -2.0]))


def _never(write):
    raise AssertionError("built again")


def _entry(root) -> Path:
    [folder] = [path for path in root.iterdir() if path.is_dir()]
    return folder


def test_arrays_come_back_as_written_and_are_made_once(root):
    made = cache.arrays("numbers", {"size": 5}, _build)
    again = cache.arrays("numbers", {"size": 5}, _never)
    for found in (made, again):
        assert {name: (tuple(array.shape), array.dtype) for name, array in found.items()} == {
            "images": ((10, 2, 5), torch.uint8),
            "labels": ((10,), torch.int64),
            "nothing": ((0, 3), torch.float32),
            "flags": ((2,), torch.bool),
            "scale": ((2,), torch.float32),
        }
        assert found["images"][:, 1, 4].tolist() == list(range(10))
        assert found["labels"].tolist() == list(range(10))
        assert found["scale"].tolist() == [0.5, -2.0]


def test_the_files_are_ordinary_npy_and_memory_mapped(root):
    images = cache.arrays("numbers", {}, _build)["images"]
    path = _entry(root) / "images.npy"
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), images.numpy())
    assert str(path) in Path("/proc/self/maps").read_text()


def test_another_key_is_another_entry(root):
    cache.arrays("numbers", {"size": 5}, _build)
    for name, key in (("numbers", {"size": 6}), ("figures", {"size": 5})):
        with pytest.raises(AssertionError, match="built again"):
            cache.arrays(name, key, _never)


def test_the_fingerprint_follows_the_source(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    prints = []
    for name, text in (("first", "x = 1\n"), ("second", "x = 2\n"), ("third", "x = 1\n")):
        (tmp_path / f"printed_{name}.py").write_text(text)
        prints.append(cache.fingerprint(__import__(f"printed_{name}")))
    assert prints[0] == prints[2] != prints[1]


def _cut(folder):
    path = folder / "images.npy"
    path.write_bytes(path.read_bytes()[:-7])


def _flip(folder):
    path = folder / "images.npy"
    path.write_bytes(path.read_bytes()[:-7] + b"\xff" * 7)


def _lose(folder):
    (folder / "labels.npy").unlink()


def _scribble(folder):
    (folder / "meta.json").write_text("{")


@pytest.mark.parametrize("damage", [_cut, _flip, _lose, _scribble])
def test_a_damaged_entry_is_made_again_with_a_warning(root, damage):
    cache.arrays("numbers", {}, _build)
    damage(_entry(root))
    with pytest.warns(CourseWarning, match="'numbers' .* is damaged"):
        found = cache.arrays("numbers", {}, _build)
    assert found["images"][:, 0, 0].tolist() == list(range(10))
    cache.arrays("numbers", {}, _never)


def test_pickles_are_not_read(root):
    cache.arrays("numbers", {}, _build)
    folder = _entry(root)
    np.save(folder / "labels.npy", np.array([{"an": "object"}], dtype=object), allow_pickle=True)
    meta = json.loads((folder / "meta.json").read_text())
    path = folder / "labels.npy"
    meta["arrays"]["labels"] = {"bytes": path.stat().st_size, "crc32": cache._checksum(path)}
    (folder / "meta.json").write_text(json.dumps(meta))
    with pytest.warns(CourseWarning, match="damaged"):
        assert cache.arrays("numbers", {}, _build)["labels"].tolist() == list(range(10))


def _fails(write):
    _build(write)
    raise KeyboardInterrupt


def test_what_fails_leaves_nothing(root):
    with pytest.raises(KeyboardInterrupt):
        cache.arrays("numbers", {}, _fails)
    assert [path for path in root.iterdir() if path.is_dir()] == []


def test_a_full_disk_is_one_line_and_leaves_nothing(root, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache.os, "fsync", full)
    with pytest.raises(CourseError, match=r"the disk is full: 'numbers' is kept in .*make room.*COURSE_CACHE"):
        cache.arrays("numbers", {}, _build)
    assert [path for path in root.iterdir() if path.is_dir()] == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(CourseError, match=r"cannot write .*COURSE_CACHE"):
        cache.arrays("numbers", {}, _build)


SLOWLY = """
import os, sys, time, torch
from course_lib.data import cache

def build(write):
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
    for i in range(20):
        write(images=torch.full((1, 1000), i, dtype=torch.uint8))
        time.sleep(float(sys.argv[2]))

print(cache.arrays("slow", {}, build)["images"].sum().item())
"""


def _slowly(log, pause, **options):
    return subprocess.Popen([sys.executable, "-c", SLOWLY, str(log), str(pause)], text=True, **options)


@pytest.mark.slow
def test_two_processes_make_it_once(root, tmp_path):
    processes = [_slowly(tmp_path / "log", 0.05, stdout=subprocess.PIPE) for _ in range(2)]
    sums = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert sums == [str(sum(range(20)) * 1000)] * 2
    assert len((tmp_path / "log").read_text().split()) == 1


@pytest.mark.slow
def test_a_kill_leaves_nothing_half(root, tmp_path):
    process = _slowly(tmp_path / "log", 30)
    while not list(root.glob("*.part/images.npy")):
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(root.glob("slow-*.part")) != []  # the debris of the killed one
    assert _slowly(tmp_path / "log", 0).wait(60) == 0
    assert list(root.glob("*.part")) == []
    assert len((tmp_path / "log").read_text().split()) == 2
    assert cache.arrays("slow", {}, _never)["images"].shape == (20, 1000)


def test_tests_have_a_cache_of_their_own(tmp_path_factory):
    assert tmp_path_factory.getbasetemp() in cache.root().parents
