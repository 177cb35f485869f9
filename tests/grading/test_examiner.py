"""Marks for strangers' files: every status, faults that cost nobody a point, and hints that give nothing away."""

import os
import re
import signal
import textwrap
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_lib.errors import CourseError
from course_lib.grading import examiner as examining
from course_lib.grading import mistakes
from course_lib.grading.examiner import Examiner, hint_of
from course_lib.grading.plugin import Outcome
from course_lib.grading.records import STATUSES, FileResult
from course_lib.grading.sandbox.boundary import Broken, Limits
from course_lib.grading.spec import ROOT, slugs
from tests.grading.conftest import SEED, descendants

pytestmark = pytest.mark.usefixtures("sandboxed")

MASTER = (ROOT / "solutions" / "divergences.py").read_text()
FUNCTIONS = ("kl_divergence", "cross_entropy", "js_divergence", "gaussian_kl", "monte_carlo_kl")


def instead(**bodies: str) -> bytes:
    """The master of divergences, its functions of these names replaced by ones with these bodies."""
    source = MASTER
    for name, body in bodies.items():
        assert f"\ndef {name}(" in source
        source += f"\n\ndef {name}(*args):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    return source.encode()


def of(result: FileResult, exercise: str) -> set[str]:
    return {one.status for one in result.results if one.exercise == exercise}


@pytest.mark.slow
@pytest.mark.parametrize("slug", slugs())
def test_the_master_has_all_points_and_the_stub_none(examiner, slug):
    result = examiner.examine(slug, (ROOT / "solutions" / f"{slug}.py").read_bytes())
    assert [(one.test, one.detail) for one in result.results if one.status != "passed"] == []
    assert (result.points, result.maximum, result.status, result.sandbox) == (10, 10, "passed", "full")
    assert {one.hint for one in result.results} == {""}

    stub = examiner.examine(slug, (ROOT / "exercises" / f"{slug}.py").read_bytes())
    assert (stub.points, stub.maximum, stub.status) == (0, 10, "not implemented")
    assert {one.hint for one in stub.results} == {"The stub is still there."}
    assert [one.test for one in stub.results] == [test.name for test in examiner.manifest[slug]]


def test_every_status_is_told_and_the_rest_keeps_its_points(examiner):
    source = instead(
        kl_divergence="return torch.nn.functional.kl_div(*args)",
        cross_entropy="return args[0].no_such_thing",
        js_divergence="raise NotImplementedError",
        monte_carlo_kl="import os; os.write(3, b'x' * 64)",
    )
    result = examiner.examine("divergences", source)
    found = {name: of(result, name) for name in FUNCTIONS}
    assert found == {
        "kl_divergence": {"forbidden"}, "cross_entropy": {"crashed"}, "js_divergence": {"not implemented"},
        "gaussian_kl": {"passed"}, "monte_carlo_kl": {"malformed answer"},
    }  # fmt: skip
    assert result.points == 2
    crashed = next(one for one in result.results if one.status == "crashed")
    line = source.splitlines().index(b"    return args[0].no_such_thing") + 1
    assert (crashed.hint, crashed.line) == ("It raised AttributeError.", line)
    forbidden = next(one for one in result.results if one.status == "forbidden")
    assert "torch.nn.functional" in forbidden.detail
    assert forbidden.hint == "It uses what the exercise excludes; the head of the file says what."


@pytest.mark.parametrize(
    ("body", "status", "hint"),
    [
        ("return torch.zeros(3, 3)", "wrong", r"The shape is not what the contract says\..*"),
        ("return args[0].sum(-1)", "wrong", r"A value is not what it should be\..*"),
        ("return 'text'", "wrong", r"It is not the kind of thing that the contract asks for\."),
        ("return object()", "wrong", r"It is not the kind of thing that the contract asks for\."),
        ("args[0].zero_()\nreturn args[0].sum(-1)", "wrong", r"An argument was changed in place; work on a copy\."),
        ("raise type('Own', (Exception,), {})", "crashed", r"It raised an exception or ended its process\."),
        ("import os; os._exit(0)", "crashed", r"It raised an exception or ended its process\."),
        ("return bytearray(10**10)", "over limit", r"It asked for too much \(memory\)\."),
        ("while True: print('x' * 999)", "over limit", r"It asked for too much memory, output or processes\."),
        ("import os; os.fork()", "over limit", r"It asked for too much \(processes\)\."),
        ("return [0] * 20_000", "malformed answer", r"What came back was no plain tensor, number or list of those\."),
    ],
)
def test_hints_are_general_words(examiner, body, status, hint):
    result = examiner.examine("divergences", instead(js_divergence=body))
    assert result.points == 8
    said = [one for one in result.results if one.exercise == "js_divergence"]
    assert any(one.status == status and re.fullmatch(hint, one.hint) for one in said), said


def test_time_is_limited_for_a_call_and_for_a_file(examiner):
    limits = examiner.limits
    examiner.limits = examiner.zygote.limits = Limits(call=0.4, file=5.0, reopen=2)
    try:
        result = examiner.examine("divergences", instead(js_divergence="while True: pass"))
        assert (of(result, "js_divergence"), result.points) == ({"timed out"}, 8)
        assert {one.hint for one in result.results if one.status == "timed out"} == {"There was no answer in time."}
        assert result.notes == ("the session was started again 2 times",)

        bodies = dict.fromkeys(FUNCTIONS, "while True: pass")
        result = examiner.examine("divergences", instead(**bodies))
        assert {one.status for one in result.results} == {"timed out"}, "started again twice, and no more"

        examiner.limits = examiner.zygote.limits = Limits(call=3.0, file=1.0)
        slow = "import time; time.sleep(0.15); return 0.0"
        result = examiner.examine("divergences", instead(**dict.fromkeys(FUNCTIONS, slow)))
        assert "timed out" in {one.status for one in result.results}, "each call is quick, all of them are not"
        assert result.points == 0
    finally:
        examiner.limits = examiner.zygote.limits = limits


def test_a_file_that_is_no_file_of_python(examiner):
    for source, status in (
        (b"", "wrong"), (b"def f(:\n", "crashed"), (b"\xff\xfe\0", "crashed"), (b"x = 1\0", "crashed"),
        (b"import os; os._exit(0)", "crashed"), (b"raise SystemExit(0)", "crashed"),
        (b"import pytest; pytest.exit('all passed', 0)", "crashed"), (b"#" * (examining.MAX_SOURCE + 1), "over limit"),
    ):  # fmt: skip
        result = examiner.examine("divergences", source)
        assert (result.points, result.maximum, result.status) == (0, 10, status), source[:40]
        assert len(result.results) == len(examiner.manifest["divergences"])
    assert "has more than" in result.results[0].detail


MARK = "welwitschia"
TALKING = {
    "an exception": f"raise ValueError('{MARK}' + str([arg.tolist() for arg in args]))",
    "an exception's name": f"raise type('{MARK}', (Exception,), {{}})(str(args))",
    "the name of one that everybody has": f"raise type('eval', (Exception,), {{}})('{MARK}')",
    "a string": f"return '{MARK}' + str(args)",
    "a key": f"return {{'{MARK}' + str(args): args[0]}}",
    "what it prints": f"print('{MARK}', args, flush=True); return 0",
    "a type": f"return type('{MARK}', (), {{}})()",
    "its own trouble": f"""
        import sys
        frame = sys._getframe()
        while "request" not in frame.f_locals: frame = frame.f_back
        said = dict(status="wrong", kind="{MARK}", message="{MARK}" + str(args), line=7, actual="{MARK}")
        import frames, os
        os.write(3, frames.encode(dict(nonce=frame.f_locals["request"]["nonce"], answer=said)))
    """,
}


@pytest.mark.parametrize("name", TALKING)
def test_hints_repeat_nothing_that_the_submission_said(examiner, name):
    """It knows the secret inputs, and would like to read them on the student's own page."""
    result = examiner.examine("divergences", instead(**dict.fromkeys(FUNCTIONS, TALKING[name])))
    assert result.points == 0
    said = " ".join(one.hint + " ".join(one.mistakes) for one in result.results)
    assert MARK not in said
    assert not re.search(r"\d\.\d", said), said
    assert all(one.hint for one in result.results)


@pytest.mark.slow
def test_hints_and_mistakes_do_not_hang_on_the_secret(examiner, monkeypatch):
    """The named mistakes, each under two secrets: word for word the same, so there is nothing of the secret in it."""
    wrong, _ = mistakes.read("divergences")
    said = []
    for seed in (SEED, "another"):
        monkeypatch.setattr(examiner.tests.config.option, "seed", seed)
        monkeypatch.setitem(examiner.known, "divergences", examining.make_prints("divergences", examiner.tests))
        found = {}
        for one in wrong:
            outcomes = examining.judge.quietly(examiner.tests, one.submission, "divergences")
            found[one.name] = {name: (hint_of(outcome), outcome.status) for name, outcome in outcomes.items()}
        said.append(found)
    both = [
        (said[0][name][test], said[1][name][test])
        for name in said[0]
        for test in said[0][name]
        if said[0][name][test][1] == said[1][name][test][1] == "wrong"
    ]
    assert len(both) >= 12
    assert [one for one in both if one[0] != one[1]] == []


def test_a_named_mistake_is_recognised_through_the_boundary(examiner):
    sentence = "The minus sign is missing: a cross-entropy is never negative."
    wrong = MASTER.replace("return -(p * safe_q.log()).sum(-1)", "return (p * safe_q.log()).sum(-1)")
    assert wrong != MASTER
    result = examiner.examine("divergences", wrong.encode())
    assert sentence in [said for one in result.results for said in one.mistakes]
    assert all(one.mistakes == () for one in result.results if one.status == "passed")


def test_a_result_does_not_hang_on_the_one_before(examiner):
    honest = instead(js_divergence="return args[0].sum(-1)")
    alone = examiner.examine("divergences", honest)
    hostile = """
        import builtins, os, sys, torch
        torch.allclose = torch.isclose = torch.equal = lambda *_: True
        torch.Tensor.__eq__ = lambda *_: True
        builtins.print, os.environ["CI"] = None, "true"
        sys.modules["torch"] = None
        open("/tmp/left", "w").write("x")
        while True: print("x" * 999)
    """
    for source in (instead(kl_divergence=hostile), b"import os; os._exit(0)", hostile.encode(), b""):
        examiner.examine("divergences", source)
        assert examiner.examine("divergences", honest) == alone


def test_the_order_of_the_tests_hangs_on_the_secret(examiner, monkeypatch):
    orders = []
    for seed in ("one", "one", "two", "three"):
        monkeypatch.setattr(examiner, "seed", seed)
        orders.append(list(examiner._outcomes("divergences", MASTER.encode())[0]))
    names = [test.name for test in examiner.manifest["divergences"]]
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in [*orders, names]}) == 4
    assert {tuple(sorted(order)) for order in orders} == {tuple(sorted(names))}


def test_what_it_prints_is_for_the_instructor(examiner):
    result = examiner.examine("divergences", MASTER.encode() + f"print('{MARK}')\n".encode())
    assert result.points == 10
    assert any(MARK in note for note in result.notes)
    loud = examiner.examine("divergences", MASTER.encode() + b"print('x' * 50_000)\n")
    assert loud.points == 10
    assert max(map(len, loud.notes)) < 5000


# ------------------------------------------------------------------------------------- a chapter made for these tests


@pytest.fixture
def chapter(tmp_path):
    """chapter(hidden tests, master) -> the root of a course with one chapter, `tiny`, whose functions are f and g."""

    def make(hidden: str, master: str = "def f(x): return x + 1\ndef g(x): return x\n") -> Path:
        for folder in ("book", "exercises", "solutions/hidden", "solutions/mistakes"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        head = "from course_lib.grading import expect, points\nfrom course_lib.grading.marks import fresh\n"
        (tmp_path / "exercises" / "tiny.py").write_text(
            "def f(x): raise NotImplementedError\ndef g(x): raise NotImplementedError\n"
        )
        (tmp_path / "exercises" / "test_tiny.py").write_text("EXCLUDED = {}\n")
        (tmp_path / "solutions" / "tiny.py").write_text(master)
        (tmp_path / "solutions" / "mistakes" / "tiny.py").write_text("")
        (tmp_path / "solutions" / "hidden" / "test_tiny.py").write_text(head + textwrap.dedent(hidden))
        return tmp_path

    return make


def tiny(root: Path, **options) -> Examiner:
    return Examiner(["tiny"], SEED, "full", options.pop("limits", None) or Limits(call=3, file=9), root=root)


BROKEN_TESTS = """
    @points(1, "f")
    def test_sound(student):
        expect(student.f(1.0), 2.0)

    @points(2, "f")
    def test_expects_what_is_false(student):
        expect(student.f(1.0), 3.0)

    @points(3, "g")
    def test_raises_by_itself(student):
        1 / 0

    @points(4, "g")
    def test_wants_a_fixture_that_is_not_there(student, nothing):
        expect(student.g(1.0), 1.0)

    @points(5, "g")
    def test_asks_nobody():
        assert False

    @points(6, "g")
    def test_is_skipped(student):
        import pytest
        pytest.skip("not today")

    @points(7, "g")
    def test_also_sound(student):
        expect(student.g(1.0), 1.0)
"""


@pytest.mark.slow
def test_a_test_that_the_master_fails_costs_nobody_a_point(chapter):
    with tiny(chapter(BROKEN_TESTS)) as examiner:
        broken = {"test_expects_what_is_false", "test_raises_by_itself", "test_wants_a_fixture_that_is_not_there",
                  "test_asks_nobody", "test_is_skipped"}  # fmt: skip
        assert examiner.faults["tiny"].keys() == broken
        half = examiner.examine("tiny", b"def f(x): return x + 1\n")
        found = {one.test: one.status for one in half.results}
        assert found == {**dict.fromkeys(broken, "grader fault"), "test_sound": "passed", "test_also_sound": "wrong"}
        assert (half.points, half.maximum, half.status) == (28 - 7, 28, "grader fault")
        told = next(one for one in half.results if one.test == "test_expects_what_is_false")
        assert "the master fails this test: f: expected 3, got 2" in told.detail
        assert told.hint == "The grader itself failed here. Your score is not lowered; your instructor knows."


@pytest.mark.slow
def test_a_test_that_stumbles_over_an_answer_is_not_the_graders_fault(chapter):
    hidden = """
        @points(1, "f")
        def test_computes_with_the_answer(student):
            expect(student.f(1.0) * 2.0 + 1, 5.0)

        @points(1, "g")
        def test_of_another(student):
            expect(student.g(2), 2)
    """
    with tiny(chapter(hidden)) as examiner:
        for answer in ("'text'", "None", "[1, 2]", "{'a': 1}", "torch.ones(3)"):
            result = examiner.examine("tiny", f"import torch\ndef f(x): return {answer}\ndef g(x): return x\n".encode())
            assert [one.status for one in result.results] == ["wrong", "passed"], answer


FRESH = """
    import os

    @points(1, "f")
    def test_one(student):
        student.f(0)
        expect(student.f(0), 1)

    @points(1, "f")
    def test_two(student):
        student.f(0)
        expect(student.f(0), 1)

    @points(1, "f")
    @fresh
    def test_alone(student):
        expect(student.g(0), 0)

    @points(1, "f")
    def test_in_company(student):
        expect(student.g(0), 0)
"""
COUNTING = b"""
import torch
count = 0
def f(x):
    global count
    count += 1
    torch.counted = getattr(torch, "counted", 0) + 1
    return count - 1
def g(x):
    return getattr(torch, "counted", 0)
"""


@pytest.mark.slow
def test_a_fresh_test_meets_no_state_and_every_test_meets_the_file_anew(chapter):
    """State in the file goes with each test; what is kept elsewhere goes with the session, which `fresh` ends."""
    met = set()
    with tiny(chapter(FRESH, "def f(x): return 1\ndef g(x): return x\n")) as examiner:
        for seed in "abcdefgh":  # orders of the tests
            examiner.seed = seed
            result = examiner.examine("tiny", COUNTING)
            statuses = {one.test: one.status for one in result.results}
            met.add(statuses.pop("test_in_company"))
            assert statuses == dict.fromkeys(("test_one", "test_two", "test_alone"), "passed")
            assert result.notes == (), "sessions that were asked for are nothing to remark"
    assert met == {"passed", "wrong"}, "without the mark there is state to meet: the mark does something"


@pytest.mark.slow
def test_sessions_are_started_again_after_each_end_but_not_for_ever(chapter):
    tests = [f"@points(1, 'f')\ndef test_{i}(student):\n    expect(student.f({i}), {i} + 1)\n" for i in range(8)]
    with tiny(chapter("\n".join(tests)), limits=Limits(call=3, file=9, reopen=3)) as examiner:
        dies = b"import os\ndef f(x): return os._exit(0) if x in (2, 5) else x + 1"
        result = examiner.examine("tiny", dies)
        assert Counter(one.status for one in result.results) == {"passed": 6, "crashed": 2}
        always = examiner.examine("tiny", b"import os\ndef f(x): os._exit(0)")
        assert Counter(one.status for one in always.results) == {"crashed": 8}
        assert always.notes == ("the session was started again 3 times",)


# --------------------------------------------------------------------------------------------- machinery that breaks


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced(examiner):
    dead = examiner.zygote
    os.kill(max(descendants(dead.process.pid)), signal.SIGKILL)
    result = examiner.examine("divergences", MASTER.encode())
    assert (result.points, result.status, result.sandbox) == (10, "passed", "full")
    assert examiner.zygote is not dead


def test_a_worker_that_always_breaks_gives_a_fault_and_no_verdict(examiner, monkeypatch):
    calls = []

    def breaks(*_):
        calls.append("asked")
        raise Broken("no more")

    with monkeypatch.context() as patch:
        patch.setattr(examiner, "_outcomes", breaks)
        patch.setattr(examiner.zygote, "close", lambda: calls.append("closed"))
        patch.setattr(examiner, "_start", lambda zygote=examiner.zygote: calls.append("started") or zygote)
        result = examiner.examine("divergences", MASTER.encode())
    assert calls == ["asked", "closed", "started"] * 2
    assert {one.status for one in result.results} == {"grader fault"}
    assert result.ungraded
    assert {one.detail for one in result.results} == {"the worker broke twice: no more"}
    assert examiner.examine("divergences", MASTER.encode()).points == 10


def test_a_worker_that_breaks_over_the_master_judges_nobody(chapter, monkeypatch):
    """Else all tests would count as faults, for everyone."""
    monkeypatch.setattr(Examiner, "_outcomes", lambda *_: (_ for _ in ()).throw(Broken("no more")))
    monkeypatch.setattr(Examiner, "_start", lambda self: SimpleNamespace(mode="full", close=lambda: None))
    with pytest.raises(CourseError, match=r"the sandbox breaks on the course's own solutions/tiny\.py.*no more"):
        tiny(chapter("@points(1, 'f')\ndef test_one(student): expect(student.f(1), 2)\n")).__enter__()


def test_a_session_that_breaks_between_two_tests_leaves_the_tests_usable(examiner, monkeypatch):
    """The collected tests of all chapters go on, whichever was interrupted."""
    outcomes = {}
    for slug in ("gan", "divergences"):
        source = (ROOT / "solutions" / f"{slug}.py").read_bytes()
        real, calls = examining.judge.runtestprotocol, []

        def breaks(item, real=real, calls=calls, **options):
            calls.append(item)
            if len(calls) == 3:
                raise Broken("between two tests")
            return real(item, **options)

        with monkeypatch.context() as patch:
            patch.setattr(examining.judge, "runtestprotocol", breaks)
            patch.setattr(examiner.zygote, "close", lambda: None)
            patch.setattr(examiner, "_start", lambda: examiner.zygote)
            outcomes[slug] = examiner.examine(slug, source)
    assert [(one.points, one.status) for one in outcomes.values()] == [(10, "passed")] * 2


@pytest.mark.parametrize("status", [one for one in STATUSES if one not in ("passed", "missing")])
def test_every_status_has_a_hint_whatever_came_with_it(status):
    for kind in ("", "value", "crashed: ValueError", "over limit: disk", MARK, "crashed: " + MARK, "\ud800"):
        said = hint_of(Outcome("test_x", status, MARK, kind=kind, line=3))
        assert said.endswith(".")
        assert MARK not in said
    assert hint_of(Outcome("test_x", "passed")) == ""


def test_a_test_that_did_not_run_counts_as_wrong(examiner):
    """The maximum comes from the manifest: what vanishes scores nothing."""
    one = examiner.manifest["divergences"][0]
    found = examiner._result("divergences", one, None)
    assert (found.status, found.earned, found.points) == ("wrong", 0, one.points)


def test_no_submission_may_read_the_solutions():
    places = examining.private_places(ROOT)
    assert ROOT / "solutions" in places
    assert all(place.is_dir() for place in places)
