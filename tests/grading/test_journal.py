"""What a grading directory remembers, whoever kills the run."""

import os
import random
import resource
import stat
import subprocess
import sys

import pytest

from course_lib.errors import CourseError
from course_lib.grading.journal import Journal
from tests.grading.conftest import cannot


def test_records_come_back_in_order(tmp_path):
    with Journal.opened(tmp_path) as journal:
        for i in range(5):
            journal.append({"kind": "result", "i": i, "words": "\u2028 \ud800 =1+1"})
        assert [record["i"] for record in journal.records()] == list(range(5))
    with Journal.opened(tmp_path) as journal:
        assert journal.records()[4]["words"] == "\u2028 \ud800 =1+1"


def test_all_of_it_is_its_owners_alone(tmp_path):
    with Journal.opened(tmp_path) as journal:
        journal.secret()
        journal.append({"kind": "result"})
        journal.save_batch({})
        assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in journal.folder.iterdir()}
    assert set(modes) >= {"secret", "results.jsonl", "batch.json", "lock"}
    assert set(modes.values()) == {0o600}


def test_the_secret_is_long_made_once_and_different_elsewhere(tmp_path):
    with Journal.opened(tmp_path / "a") as one, Journal.opened(tmp_path / "b") as other:
        assert one.secret() == one.secret() != other.secret()
        assert len(bytes.fromhex(one.secret())) == 32


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_torn_end_is_cut_off(tmp_path, cut):
    with Journal.opened(tmp_path) as journal:
        journal.append({"kind": "result", "i": 0})
        whole = journal.path.read_bytes()
        journal.append({"kind": "result", "i": 1})
        torn = journal.path.read_bytes()[:-cut]
        assert len(torn) > len(whole)
        journal.path.write_bytes(torn)
        assert [record["i"] for record in journal.records()] == [0]
        journal.append({"kind": "result", "i": 2})
        assert [record["i"] for record in journal.records()] == [0, 2]
        assert journal.damaged == 0


def test_a_damaged_line_is_left_out_and_counted(tmp_path):
    with Journal.opened(tmp_path) as journal:
        for i in range(3):
            journal.append({"kind": "result", "i": i})
        journal.path.write_bytes(journal.path.read_bytes().replace(b'"i": 1', b'"i": 7'))
        assert [record["i"] for record in journal.records()] == [0, 2]
        assert journal.damaged == 1


def test_one_run_at_a_time(tmp_path):
    with Journal.opened(tmp_path), pytest.raises(CourseError, match="another run"), Journal.opened(tmp_path):
        pass
    with Journal.opened(tmp_path):
        pass


def test_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "grades").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "grades" / ".journal")
    with pytest.raises(CourseError, match="link"), Journal.opened(tmp_path / "grades"):
        pass


def test_nothing_there_and_nothing_finished_are_said(tmp_path):
    with pytest.raises(CourseError, match="holds no grades"), Journal.opened(tmp_path, create=False):
        pass
    with Journal.opened(tmp_path) as journal, pytest.raises(CourseError, match="no run has finished"):
        journal.batch()


def test_wherever_it_is_cut_what_was_written_before_is_there(tmp_path):
    with Journal.opened(tmp_path) as journal:
        for i in range(4):
            journal.append({"kind": "result", "i": i, "words": "x" * i})
        whole = journal.path.read_bytes()
        for end in range(len(whole) + 1):
            journal.path.write_bytes(whole[:end])
            assert [record["i"] for record in journal.records()] == list(range(whole[:end].count(b"\n")))
            assert journal.damaged == 0


def test_bytes_of_any_kind_are_damage_and_no_error(tmp_path):
    source = random.Random(4)
    with Journal.opened(tmp_path) as journal:
        for _ in range(200):
            journal.path.write_bytes(source.randbytes(300) + b"\n\n \n\xff \n")
            assert journal.records() == []
            assert journal.damaged >= 4


def test_a_full_disk_leaves_no_half_line(tmp_path):
    """What cannot be written whole is not there at all, so that the next line is whole."""
    with Journal.opened(tmp_path) as journal:
        journal.append({"i": 0})
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + 10, usual[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                journal.append({"i": 1})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        journal.append({"i": 2})
        assert [record["i"] for record in journal.records()] == [0, 2]
        assert journal.damaged == 0


def test_it_stays_its_owners_alone_whatever_was_there(tmp_path):
    folder = tmp_path / "grades" / ".journal"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    before = os.umask(0)
    try:
        with Journal.opened(tmp_path / "grades") as journal:
            journal.secret()
            journal.append({"kind": "result"})
            journal.save_batch({})
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    if os.geteuid() != 0:
        cannot("needs root, to give a folder to somebody else")
    (tmp_path / ".journal").mkdir()
    os.chown(tmp_path / ".journal", 1500, 1500)
    with pytest.raises(CourseError, match="belongs to somebody else"), Journal.opened(tmp_path):
        pass


def test_a_damaged_secret_is_no_secret(tmp_path):
    """Inputs drawn from an empty one would be known to all."""
    with Journal.opened(tmp_path) as journal:
        whole = journal.secret()
        for damaged in (b"", b"\n", whole[:-1].encode(), b"z" * 64, b"\xff" * 64):
            (journal.folder / "secret").write_bytes(damaged)
            with pytest.raises(CourseError, match="secret is damaged"):
                journal.secret()


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_no_lock(tmp_path):
    code = (
        "import pathlib, time; from course_lib.grading.journal import Journal\n"
        f"with Journal.opened(pathlib.Path({str(tmp_path)!r})): print('open', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    with other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(CourseError, match="another run is writing there"), Journal.opened(tmp_path):
            pass
        other.kill()
    with Journal.opened(tmp_path):
        pass


def test_a_file_in_its_place_is_named(tmp_path):
    (tmp_path / ".journal").write_text("mine")
    with pytest.raises(OSError, match="File exists"), Journal.opened(tmp_path):
        pass
    with pytest.raises(CourseError, match="holds no grades"), Journal.opened(tmp_path, create=False):
        pass
    assert (tmp_path / ".journal").read_text() == "mine"
