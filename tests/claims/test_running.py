"""Whole runs of a chapter written for the test, in worker processes as for a reader."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from scipy import stats

from course_lib import claims
from course_lib.claims.records import Rooms

CHAPTER = '''"""A chapter."""
import time
from pathlib import Path
import torch
from course_lib.claims import Measurement, above, below, claim, not_testable, shared_run, within

LOG = Path(__file__).with_suffix(".log")

@shared_run
def training(seed, scale):
    with LOG.open("a") as log:
        log.write(f"training {seed} {scale.name}\\n")
    time.sleep(PAUSE)
    return float(seed + 1)

@claim("One & two.", source="A paper (2020), section 3", holds=above(0.5), scale="log")
def first(seed, scale):
    """Seed plus one."""
    value = training(seed, scale)
    return Measurement(value, arms={"a": 2 * value, "b": 2.0}, series={"curve": [value, float("nan")]})

@claim("Two.", source="P", holds=below(0))
def second(seed, scale):
    """A number near three."""
    return Measurement(training(seed, scale) + 0.01 * torch.rand(()), arms={"threads": torch.get_num_threads()})

@claim("Three.", source="P", holds=within(2.5, 3.5))
def third(seed, scale):
    """Seed plus one."""
    if BROKEN:
        raise RuntimeError("no such luck")
    return Measurement(training(seed, scale))

large = not_testable("Large.", source="P", reason="needs a GPU", command="course train large")

PAUSE = 0.0
BROKEN = False
'''


@pytest.fixture
def rooms(tmp_path):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "demo.py").write_text(CHAPTER)
    return Rooms(tmp_path / "chapters", tmp_path / "results", tmp_path / "runs")


def trainings(rooms):
    log = rooms.chapters / "demo.log"
    return log.read_text().splitlines() if log.is_file() else []


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A chapter measured once, for the tests that only read."""
    root = tmp_path_factory.mktemp("finished")
    rooms = Rooms(root / "chapters", root / "results", root / "runs")
    rooms.chapters.mkdir()
    (rooms.chapters / "demo.py").write_text(CHAPTER)
    claims.run("demo", jobs=1, rooms=rooms)
    return rooms


@pytest.mark.slow
def test_a_run_measures_judges_and_stores(finished):
    first, second, third, large = claims.results("demo", finished)
    assert [one.verdict for one in (first, second, third, large)] == [
        "holds", "does not hold", "undecided", "not testable here"
    ]  # fmt: skip
    assert first.values == [1, 2, 3, 4, 5]
    assert first.arms == {"a": [2, 4, 6, 8, 10], "b": [2] * 5}
    assert first.curve("curve")[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert third.interval.low == pytest.approx(3 - stats.t.ppf(0.975, 4) * stats.sem([1, 2, 3, 4, 5]))
    assert second.arms == {"threads": [1] * 5}
    assert (first.seeds, first.threads, first.run) == ([0, 1, 2, 3, 4], 1, "full")
    assert first.device.startswith("cpu")
    assert first.command == "course claims run demo --only first"
    assert len(first.date) == 10
    assert first.versions["torch"].startswith("2.")
    assert (large.reason, large.command) == ("needs a GPU", "course train large")
    stored = json.loads((finished.results / "demo" / "first.json").read_text())
    assert stored["criterion"]["words"] == "interval above 0.5"
    assert claims.stale("demo", finished) == []


@pytest.mark.slow
def test_claims_share_a_run(finished):
    assert sorted(trainings(finished)) == [f"training {seed} full" for seed in range(5)]


@pytest.mark.slow
def test_nothing_is_measured_twice(finished, tmp_path):
    """Neither from the seeds nor, as in a fresh clone, from the committed results alone."""
    before = {path.name: path.read_bytes() for path in (finished.results / "demo").glob("*.json")}
    assert len(before) == 4
    count = len(trainings(finished))
    for runs in (finished.runs, tmp_path / "none"):
        claims.run("demo", rooms=Rooms(finished.chapters, finished.results, runs))
        assert {path.name: path.read_bytes() for path in (finished.results / "demo").glob("*.json")} == before
    assert len(trainings(finished)) == count


@pytest.mark.slow
def test_reworded_claims_need_no_measuring_and_edited_ones_do(finished):
    path = finished.chapters / "demo.py"
    try:
        path.write_text(CHAPTER.replace('"Two."', '"Two, said better."'))
        (complaint,) = claims.stale("demo", finished)
        assert "other words" in complaint
        path.write_text(CHAPTER.replace("    return Measurement(training(seed, scale) +", "    return Measurement(1 +"))
        (complaint,) = claims.stale("demo", finished)
        assert "'demo/second' was measured by older source: course claims run demo --only second" in complaint
        path.write_text(CHAPTER.replace("def third", "def fourth"))
        missing, extra = claims.stale("demo", finished)
        assert "'demo/fourth' has no result yet" in missing
        assert "third.json is the result of no claim" in extra
    finally:
        path.write_text(CHAPTER)


@pytest.mark.slow
def test_pages_and_terminal_show_it(finished):
    box = claims.verdict_box("demo", "first", finished)._repr_html_()
    assert "One &amp; two." in box
    assert 'class="admonition claim course-claim holds"' in box
    assert "The claim holds" in box  # in words, not by colour alone
    assert "over 5 seeds; the claim needs the interval above 0.5" in box
    assert "course claims run demo --only first" in box
    assert 'role="img" aria-label="' in box
    assert "does not hold here" in claims.verdict_box("demo", "second", finished)._repr_html_()
    assert "needs a GPU" in claims.verdict_box("demo", "large", finished)._repr_html_().replace("Needs", "needs")
    table = claims.verdict_table("demo", finished)
    assert table._repr_html_().count("<tr") == 5
    assert "does not hold: demo/second: mean 3.0" in repr(table)
    assert claims.table(finished)._repr_html_().count("<td>demo</td>") == 4
    assert claims.show("demo", finished) == repr(table)


@pytest.mark.slow
def test_an_unreadable_result_is_one_line(finished):
    path = finished.results / "demo" / "first.json"
    whole = path.read_text()
    try:
        for broken in (whole[:100], "[]", '{"slug": "demo"}', whole.replace('"level"', '"lvl"'), ""):
            path.write_text(broken)
            with pytest.raises(ValueError, match="course claims run demo --only first") as caught:
                claims.result("demo", "first", finished)
            assert "\n" not in str(caught.value)
    finally:
        path.write_text(whole)


@pytest.mark.slow
def test_a_quick_look_leaves_the_result_alone(finished):
    before = (finished.results / "demo" / "first.json").read_bytes()
    (quick,) = claims.run("demo", only="first", seeds=2, quick=True, jobs=1, rooms=finished)
    assert (quick.run, quick.seeds) == ("quick", [0, 1])
    assert "--quick" in quick.command
    assert "quick look" in str(quick)
    assert (finished.results / "demo" / "first.json").read_bytes() == before
    assert (finished.runs / "quick" / "demo" / "first.json").is_file()
    assert "training 0 quick" in trainings(finished)


@pytest.mark.slow
def test_a_failing_claim_is_named_and_the_others_are_kept(rooms):
    (rooms.chapters / "demo.py").write_text(CHAPTER.replace("BROKEN = False", "BROKEN = True"))
    with pytest.raises(ValueError, match=r"'demo/third' failed with seed \d: RuntimeError: no such luck") as caught:
        claims.run("demo", jobs=1, rooms=rooms)
    assert "\n" not in str(caught.value)
    assert list((rooms.runs / "seeds" / "demo" / "first").glob("*/0.json"))
    assert not (rooms.results / "demo" / "third.json").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")
def test_a_killed_run_goes_on_where_it_was(rooms, finished):
    """Killed without warning after some seeds: those are not measured again, and the result is the same."""
    path = rooms.chapters / "demo.py"
    path.write_text(CHAPTER.replace("PAUSE = 0.0", "PAUSE = 1.0"))
    script = path.with_name("run.py")
    script.write_text(
        "from pathlib import Path\nfrom course_lib import claims\nfrom course_lib.claims.records import Rooms\n"
        f"rooms = Rooms(*map(Path, {[str(rooms.chapters), str(rooms.results), str(rooms.runs)]!r}))\n"
        "if __name__ == '__main__':\n    claims.run('demo', jobs=1, rooms=rooms)\n"
    )
    process = subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while len(trainings(rooms)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while time.monotonic() < deadline:  # its workers end by themselves
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("a worker outlived the run that was killed")
    begun = trainings(rooms)
    assert 3 <= len(begun) < 5
    assert not (rooms.results / "demo").exists()

    killed = sorted((rooms.runs / "seeds" / "demo" / "first").glob("*/*.json"))
    whole = killed[0].read_bytes()
    killed[1].write_bytes(whole[:20])  # and a file torn by the machine
    claims.run("demo", only="first", jobs=1, rooms=rooms)
    again = trainings(rooms)[len(begun) :]
    assert f"training {killed[0].stem} full" not in again
    assert f"training {killed[1].stem} full" in again
    assert claims.result("demo", "first", rooms).values == claims.result("demo", "first", finished).values


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"slug": "dema"}, "unknown chapter with claims 'dema': did you mean demo"),
        ({"slug": "demo", "only": "thrid"}, "unknown claim of 'demo' 'thrid': did you mean third"),
        ({"slug": "demo", "seeds": 1}, "1 seeds give no interval"),
        ({"slug": "demo", "seeds": 1, "quick": True}, "1 seeds give no interval"),
        ({"slug": "demo", "seeds": 4}, "at least 5 seeds, not 4: or look with --quick"),
        ({"slug": "demo", "jobs": 0}, "jobs must be at least 1"),
    ],
)
def test_bad_requests(rooms, arguments, message):
    with pytest.raises(ValueError, match=message):
        claims.run(**arguments, rooms=rooms)
    assert not rooms.runs.exists()


def test_a_result_that_is_not_there_yet(rooms):
    with pytest.raises(ValueError, match="has no result yet: course claims run demo --only first"):
        claims.result("demo", "first", rooms)
    with pytest.raises(ValueError, match="did you mean first"):
        claims.result("demo", "firts", rooms)
    assert len(claims.stale("demo", rooms)) == 4


def test_every_chapter_is_told_from_the_machinery():
    assert "records" not in claims.slugs()
    assert "__init__" not in claims.slugs()
