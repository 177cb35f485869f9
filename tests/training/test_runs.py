import json

import pytest
import torch

from course_lib import data
from course_lib.errors import CourseError
from course_lib.training import runs


def _describe(recipe, seed=0, **options):
    return runs.describe(
        recipe,
        data.load("digits"),
        data_options=options,
        seed=seed,
        precision="no",
        accumulate=1,
        steps=9,
        device=torch.device("cpu"),
        processes=1,
    )


def test_a_description_survives_json_and_says_what_was_trained(small):
    record = _describe(small(), size=8)
    assert json.loads(json.dumps(record)) == record
    assert record["data"] == "digits"
    assert record["shape"] == [1, 8, 8]
    assert record["config"] == {
        "batch_size": 16, "average": 0.0, "schedule": "constant", "warmup": 0, "clip": 0.0, "poison": 0, "widths": [8],
    }  # fmt: skip
    assert record["environment"]["threads"] == torch.get_num_threads()


def test_a_new_directory_is_made_and_an_empty_one_taken(small, tmp_path):
    record = _describe(small())
    for out in (tmp_path / "a" / "b", tmp_path / "empty"):
        assert runs.check(out, record, resume=False) == []
        with runs.locked(out):
            runs.begin(out, record, 0)
        assert runs.read_config(out) == record


def test_what_a_run_killed_at_its_start_leaves_is_no_content(small, tmp_path):
    (tmp_path / "config.json.part").write_text("{")
    with runs.locked(tmp_path):
        pass
    assert runs.check(tmp_path, _describe(small()), resume=False) == []


def test_directories_that_may_not_be_used(small, tmp_path):
    record = _describe(small())
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CourseError, match="not empty: add --resume"):
        runs.check(tmp_path, record, resume=False)
    with pytest.raises(CourseError, match=r"no run directory: it has no config\.json"):
        runs.check(tmp_path, record, resume=True)
    with pytest.raises(CourseError, match="is a file"):
        runs.check(tmp_path / "notes.txt", record, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '"model"'])
def test_a_config_that_is_none(small, tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(CourseError, match=r"config\.json"):
        runs.check(tmp_path, _describe(small()), resume=True)


def test_another_model_and_other_settings_are_told_apart(small, tmp_path):
    runs.begin(tmp_path, _describe(small()), 0)
    with pytest.raises(CourseError, match="holds a run of 'conftest', not of 'dcgan'"):
        runs.check(tmp_path, {**_describe(small()), "model": "dcgan"}, resume=True)
    with pytest.raises(CourseError) as caught:
        runs.check(tmp_path, _describe(small(batch_size=8), seed=4, size=8), resume=True)
    for difference in (
        "config.batch_size is 16 there, 8 here", "seed is 0 there, 4 here", "data_options.size is absent there, 8 here",
    ):  # fmt: skip
        assert difference in str(caught.value)
    assert "poison" not in str(caught.value)
    assert runs.check(tmp_path, {**_describe(small()), "steps": 100}, resume=True) == []


def test_a_schedule_ends_where_it_was_to_end(small, tmp_path):
    record = _describe(small(schedule="cosine"))
    runs.begin(tmp_path, record, 0)
    with pytest.raises(CourseError, match="steps is 9 there, 100 here"):
        runs.check(tmp_path, {**record, "steps": 100}, resume=True)


def test_two_cannot_train_in_one_directory(tmp_path):
    with runs.locked(tmp_path), pytest.raises(CourseError, match="another process is training in"):  # noqa: SIM117
        with runs.locked(tmp_path):
            pass
    with runs.locked(tmp_path):  # free again
        pass


def test_another_machine_is_remarked_on(small, tmp_path):
    record = _describe(small())
    runs.begin(tmp_path, record, 0)
    other = {**record, "environment": {**record["environment"], "threads": 64}}
    (remark,) = runs.check(tmp_path, other, resume=True)
    assert remark.startswith(f"threads was {torch.get_num_threads()} and is 64 now")


@pytest.mark.parametrize("tail", ["", '{"step": 40, "lo', '{"step": 60, "loss": 1.0}\n', "null\n"])
def test_metrics_are_cut_back(tmp_path, tail):
    lines = "".join(json.dumps({"step": step, "loss": step / 7}) + "\n" for step in (10, 20, 30))
    (tmp_path / "metrics.jsonl").write_text(lines + tail)
    runs.cut_metrics(tmp_path, 20)
    assert [line["step"] for line in runs.read_metrics(tmp_path)] == [10, 20]
    assert runs.read_metrics(tmp_path)[1] == {"step": 20, "loss": 20 / 7}
