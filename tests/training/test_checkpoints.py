import errno
import json
import os
import warnings

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.training.checkpoints import FILES, TornError, list_checkpoints, load_checkpoint, newest, save_checkpoint


def _content(step):
    shared = torch.full((3,), float(step))
    tensors = {
        "weights": {"a": shared, "tied": shared, "b.half": torch.arange(4).to(torch.bfloat16)},
        "averages": {"a": shared / 2},
        "optimizers": {"net/0/exp_avg": torch.randn(2, 3).T},  # not contiguous
        "random": {"cpu": torch.get_rng_state()},
    }
    return tensors, {"net": json.dumps({"param_groups": [{"lr": 0.1, "params": [0]}], "state": {}})}


def _save(folder, *steps, keep=10):
    for step in steps:
        save_checkpoint(folder, step, *_content(step), keep)


def test_what_is_read_is_what_was_written(tmp_path):
    tensors, groups = _content(5)
    path = save_checkpoint(tmp_path, 5, tensors, groups)
    found = load_checkpoint(path)
    assert (found.step, found.groups) == (5, groups)
    for name, part in tensors.items():
        assert part.keys() == found.tensors[name].keys()
        for key, value in part.items():
            assert value.dtype == found.tensors[name][key].dtype
            assert torch.equal(value, found.tensors[name][key])


def test_optimisers_without_state_are_fine(tmp_path):
    tensors, groups = _content(1)
    path = save_checkpoint(tmp_path, 1, {**tensors, "optimizers": {}}, groups)
    assert load_checkpoint(path).tensors["optimizers"] == {}
    assert load_checkpoint(path).groups == groups


def test_only_safetensors_and_json_are_written(tmp_path):
    _save(tmp_path, 1)
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {*(f"{name}.safetensors" for name in FILES), "state.json"}


def test_the_newest_few_stay(tmp_path):
    _save(tmp_path, 20, 40, 100, 1000, keep=3)
    assert [int(path.name[5:]) for path in list_checkpoints(tmp_path)] == [1000, 100, 40]
    assert newest(tmp_path).step == 1000


def _cut(file):
    file.write_bytes(file.read_bytes()[:-7])


def _flip(file):
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def _empty(file):
    file.write_bytes(b"")


def _remove(file):
    file.unlink()


@pytest.mark.parametrize("damage", [_cut, _flip, _empty, _remove])
@pytest.mark.parametrize("name", [f"{name}.safetensors" for name in FILES])
def test_a_torn_newest_is_named_and_the_one_before_is_used(tmp_path, damage, name):
    _save(tmp_path, 10, 20)
    damage(tmp_path / "step-00000020" / name)
    with pytest.warns(UserWarning, match=rf"step-00000020 is torn \({name}.*\): using the one before it"):
        assert newest(tmp_path).step == 10


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"step": 20}', '{"step": 21, "sha256": {}}', '{"step": 20, "sha256": {}}']
)
def test_a_torn_state_is_torn(tmp_path, content):
    _save(tmp_path, 10, 20)
    (tmp_path / "step-00000020" / "state.json").write_text(content)
    with pytest.raises(TornError):
        load_checkpoint(tmp_path / "step-00000020")
    with pytest.warns(UserWarning, match="step-00000020 is torn"):
        assert newest(tmp_path).step == 10


def test_none_that_can_be_read_is_an_error_that_changes_nothing(tmp_path):
    _save(tmp_path, 10, 20)
    for path in list_checkpoints(tmp_path):
        _cut(path / "weights.safetensors")
    before = sorted(tmp_path.rglob("*"))
    with (
        pytest.warns(UserWarning, match="step-00000020"),
        pytest.raises(CourseError, match=r"none of the 2 checkpoints in .* can be read .* another --out"),
    ):
        newest(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_leaves_the_last_checkpoint_and_no_debris(tmp_path, monkeypatch):
    _save(tmp_path, 10)
    synced, write = [], os.fsync

    def full(descriptor):
        synced.append(descriptor)
        if len(synced) > 4:  # in the middle of the second file
            raise OSError(errno.ENOSPC, "No space left on device")
        write(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        _save(tmp_path, 20)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000010"]
    assert newest(tmp_path).step == 10
    _save(tmp_path, 20)
    assert newest(tmp_path).step == 20


def test_no_checkpoint_at_all_is_none(tmp_path):
    assert newest(tmp_path / "absent") is None
    (tmp_path / "step-00000010.part").mkdir()  # of a run killed while it wrote its first
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert newest(tmp_path) is None
        _save(tmp_path, 10)
        assert newest(tmp_path).step == 10


def test_a_torn_one_of_a_later_step_pushes_no_good_one_out_and_is_replaced(tmp_path):
    _save(tmp_path, 10, 40)
    _cut(tmp_path / "step-00000040" / "state.json")
    _save(tmp_path, 20, keep=1)
    with pytest.warns(UserWarning, match="step-00000040"):
        assert newest(tmp_path).step == 20
    _save(tmp_path, 40, keep=1)
    assert newest(tmp_path).step == 40
