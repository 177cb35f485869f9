"""What a grading directory remembers, whoever kills the run."""

import os
import stat

import pytest

from course_lib.errors import CourseError
from course_lib.grading.journal import Journal


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
