"""Every small change of a master is noticed: the changes themselves, the trial of them, and a sample of the verdict."""

import ast
import random
import re
import zlib

import pytest

from course_lib.grading import mutants
from course_lib.grading.mutants import MASTER, Mutant, Suite, complaints, equivalents, mutate, run, suites
from course_lib.grading.spec import ROOT, slugs

SAMPLE = 12  # mutants of each chapter that must be killed
LISTED = 2  # mutants of each chapter that must survive, for they are equivalent
PAGE = '''"""Exercises."""
import torch
from torch import Tensor

SCALE = 2.0


def before(x):
    return x + 1


def f(x: Tensor, y: Tensor, flag=None) -> Tensor:
    """A contract of two
    lines, 1 + 1."""
    # BEGIN SOLUTION
    {}
    # END SOLUTION
'''


def changes(*lines: str) -> list[str]:
    """before -> after, for every mutant of a function with these lines."""
    return [one.name.partition(": ")[2] for one in mutate(PAGE.format("\n    ".join(lines)))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return x + y", ["x + y -> x - y", "x + y -> x * y", "x + y -> x / y", "x + y -> x"]),
        ("return x - y", ["x - y -> x + y", "x - y -> -y"]),
        ("return x / y", ["x / y -> x * y", "x / y -> y"]),
        ("return x ** y", ["x ** y -> x * y", "x ** y -> x"]),
        ("return -x", ["-x -> x"]),
        ("return not x", ["not x -> x"]),
        ("return x < y", ["x < y -> x <= y", "x < y -> x == y", "x < y -> x >= y"]),
        ("return x < y < 3", ["x < y < 3 -> x < y <= 3", "x < y < 3 -> x <= y < 3"]),
        ("return x and y", ["x and y -> x or y", "x and y -> y"]),
        ("return x * 0", ["x * 0 -> x * 1", "x * 0 -> x * -1"]),
        ("return x * 2", ["x * 2 -> x * 3", "x * 2 -> x * 1", "x * 2 -> x * -2"]),
        ("return x * 0.5", ["x * 0.5 -> x * 1.5", "x * 0.5 -> x * -0.5", "x * 0.5 -> x * 1.0", "x * 0.5 -> x * 0.25"]),
        ("return x.sum(-1)", ["x.sum(-1) -> x.sum(0)", "x.sum(-1) -> x.sum(-2)", "x.sum(-1) -> x.sum(1)",
                              "x.sum(-1) -> x.sum()", "x.sum(-1) -> x.mean(-1)", "x.sum(-1) -> x"]),
        ("return x.mean(0)", ["x.mean(0) -> x.sum(0)"]),
        ("return x.detach()", ["x.detach() -> x"]),
        ("return torch.exp(x)", ["torch.exp(x) -> torch.log(x)", "torch.exp(x) -> x",
                                 "torch.exp(x) -> torch.exp(y)"]),
        ("return torch.where(flag, x, y)", ["torch.where(flag, x, y) -> torch.where(flag, y, x)",
                                            "torch.where(flag, x, y) -> torch.where(x, flag, y)",
                                            "torch.where(flag, x, y) -> torch.where(flag, x)"]),
        ("return x.sum(-1, keepdim=True)", ["x.sum(-1, keepdim=True) -> x.sum(-1, keepdim=False)",
                                            "x.sum(-1, keepdim=True) -> x.sum(-1)"]),
        ("return x.clamp(max=y)", ["x.clamp(max=y) -> x.clamp(min=y)", "x.clamp(max=y) -> x.clamp()"]),
        ("return x if flag else y", ["x if flag else y -> y if flag else x", "x if flag else y -> y"]),
        ("return x[:, None]", ["x[:, None] -> x"]),
        ("return x.T", ["x.T -> x"]),
        ("return x, y", ["return (x, y) -> return (y, x)"]),
    ],
)  # fmt: skip
def test_an_operator_makes_the_mutant_it_says(line, expected):
    found = changes(line)
    wholes = [f"{one.replace(' -> ', ' -> ')}" for one in expected]
    for change, whole in zip(expected, wholes, strict=True):
        assert change in found or whole in found, found


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["x.zero_()", "return y"], "x.zero_() -> pass"),
        (["z = x + y", "return z"], "z = x + y -> pass"),
        (["z = x + y", "return z"], "return z -> return x"),
        (["z = x", "z += y", "return z"], "z += y -> z -= y"),
        (["with torch.no_grad():", "    z = x", "return z"], "with torch.no_grad(): -> if True:"),
        (["if flag:", "    x = y", "return x"], "if flag: -> if not flag:"),
        (["if flag:", "    x = y", "return x"], "if flag: -> if True:"),
        (["if flag:", "    x = y", "return x"], "if flag: -> if False:"),
        (["for i in x:", "    y = i", "return y"], "for i in x: -> pass"),
        (["z = y", "z[x + 1] = 0", "return z"], "x + 1 -> x - 1"),
    ],
)
def test_statements_are_changed_and_dropped(lines, expected):
    found = changes(*lines)
    assert expected in found, found


def test_a_mutant_is_the_whole_master_with_one_thing_changed():
    source = PAGE.format("z = x - y\n    return z.exp()")
    (mutant,) = [one for one in mutate(source, "slug") if one.name == "f:1: x - y -> x + y"]
    assert (mutant.slug, mutant.function) == ("slug", "f")
    assert mutant.source == ast.unparse(ast.parse(source.replace("x - y", "x + y")))


def test_all_the_names_of_a_small_answer_in_order():
    assert [one.name for one in mutate(PAGE.format("return x - 1"))] == [
        "f:1: x - 1 -> x + 1", "f:1: x - 1 -> x * 1", "f:1: x - 1 -> x / 1", "f:1: x - 1 -> x", "f:1: x - 1 -> 1",
        "f:1: x - 1 -> -1", "f:1: x - 1 -> y - 1", "f:1: x - 1 -> flag - 1", "f:1: x - 1 -> x - 2",
        "f:1: x - 1 -> x - 0", "f:1: x - 1 -> x - -1",
    ]  # fmt: skip


def test_names_stay_when_a_contract_grows():
    source = PAGE.format("return x - y")
    grown = source.replace("lines, 1 + 1.", "lines,\n    1 + 1,\n    and more.").replace("SCALE", "# new\nSCALE")
    assert [one.name for one in mutate(grown)] == [one.name for one in mutate(source)]


def test_like_changes_of_a_line_are_numbered():
    found = changes("return (x - y) * (x - y)")
    assert "x - y -> x + y" in found
    assert "x - y -> x + y (2)" in found


def test_a_variable_is_not_used_before_it_has_a_value():
    found = changes("a = x", "b = a", "return b")
    assert "b = a -> b = x" in found
    assert "a = x -> a = y" in found
    assert "a = x -> a = b" not in found


def test_nothing_outside_the_marks_changes():
    source = PAGE.format("return x") + "\n\ndef after(x):\n    return x - 1\n"
    fixed = [ast.unparse(node) for node in ast.parse(source).body]
    found = mutate(source)
    assert found
    for one in found:
        changed = [ast.unparse(node) for node in ast.parse(one.source).body]
        assert [i for i, (a, b) in enumerate(zip(fixed, changed, strict=True)) if a != b] == [5]
        assert changed[5].startswith(fixed[5].removesuffix("    return x"))


def test_a_helper_of_the_answer_is_changed_too():
    source = "# BEGIN SOLUTION\ndef helper(x):\n    return x + 1\nSIZE = 2\n# END SOLUTION\n"
    assert {one.function for one in mutate(source)} == {"helper", ""}


@pytest.mark.slow
@pytest.mark.parametrize("slug", slugs())
def test_mutants_of_a_master_compile_differ_and_have_names_of_their_own(slug):
    found = mutants.mutants(slug)
    assert len(found) > 100
    assert found == mutants.mutants(slug)
    assert len({one.name for one in found}) == len({one.source for one in found}) == len(found)
    master = ast.unparse(ast.parse((ROOT / "solutions" / f"{slug}.py").read_text()))
    for one in found:
        compile(one.source, one.name, "exec")
        assert one.source != master


def test_marks_that_do_not_pair_name_the_line(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "x.py").write_text("# BEGIN SOLUTION\nx = 1\n")
    with pytest.raises(ValueError, match=r"solutions/x\.py, line 1"):
        mutants.mutants("x", tmp_path)


# ------------------------------------------------------------------------------------------------------ the verdict


def entries(tmp_path, text: str) -> dict[str, str]:
    (tmp_path / "solutions" / "equivalents").mkdir(parents=True)
    (tmp_path / "solutions" / "equivalents" / "x.toml").write_text(text)
    return equivalents("x", tmp_path)


def test_equivalents_are_read(tmp_path):
    assert equivalents("x", tmp_path) == {}
    assert entries(tmp_path, '"f:1: x -> y" = "They are the same."') == {"f:1: x -> y": "They are the same."}


@pytest.mark.parametrize(
    ("text", "words"),
    [("no toml", "x.toml"), ('"f:1: x -> y" = " "', "f:1: x -> y.*sentence"), ('"f:1" = 1', "sentence"),
     ('"f" = "a"\n"f" = "b"', "x.toml")],
)  # fmt: skip
def test_equivalents_without_a_reason_are_refused(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        entries(tmp_path, text)


def test_what_survives_or_is_listed_wrongly_is_complained_of():
    dead, alive, half = (Mutant("x", "f", name, "") for name in ("dead", "alive", "half"))
    visible, hidden, other = suites("x")
    fates = {
        dead: {visible: "test_a", hidden: "test_b", other: "test_b"},
        alive: dict.fromkeys((visible, hidden, other), ""),
        half: {visible: "test_a", hidden: "test_b", other: ""},
    }
    known = [dead, alive, half]
    assert complaints(fates, {"alive": "why", "half": "why"}, known) == [
        "listed as equivalent, yet killed by test_a: half"
    ]
    assert complaints(fates, {"dead": "why"}, known) == [
        "listed as equivalent, yet killed by test_a: dead",
        "survives the visible tests and the hidden tests (seed 0) and the hidden tests (seed 1): alive",
        "survives the hidden tests (seed 1): half",
    ]
    assert complaints({}, {"gone": "why"}, known) == ["listed as equivalent, yet no mutant of the master: gone"]


def test_the_score_is_printed_and_a_survivor_is_an_error(monkeypatch, capsys):
    found = mutants.mutants("gan")
    known = equivalents("gan")

    def all_but(*names):
        def tried(trials, each):
            assert [str(suite) for suite in trials] == list(map(str, suites("gan")))
            assert all(batch == found for batch in trials.values())
            return {one: dict.fromkeys(trials, "" if one.name in names else "test") for one in found}

        return tried

    monkeypatch.setattr(mutants, "run", all_but(*known))
    assert mutants.main(["gan"]) == 0
    words = capsys.readouterr().out
    of_a_step = sum(one.function == "generator_step" for one in found)
    assert re.search(rf"^generator_step +{of_a_step} +{of_a_step - 3} +{of_a_step - 3} +3 +0$", words, re.MULTILINE), (
        words
    )
    assert re.search(rf"^all +{len(found)} .* 0$", words, re.MULTILINE), words
    one = next(mutant.name for mutant in found if mutant.name not in known)
    monkeypatch.setattr(mutants, "run", all_but(one, *known))
    assert mutants.main(["gan"]) == 1
    assert f"gan: survives the visible tests and the hidden tests (seed 0) and the hidden tests (seed 1): {one}" in (
        capsys.readouterr().out
    )
    assert mutants.main(["gann"]) == 1
    assert "did you mean gan" in capsys.readouterr().out


# -------------------------------------------------------------------------------------------------------- the trials


def hand_made(name: str, change: str) -> Mutant:
    """The master of `gan` with another saturating loss, and what it takes to hang or to end the process."""
    source = (ROOT / "solutions" / "gan.py").read_text()
    answer = "return -torch.logaddexp(torch.zeros_like(fake_logit), fake_logit).mean()"
    assert answer in source
    return Mutant("gan", "saturating_generator_loss", name, source.replace(answer, f"import os\n    {change}"))


@pytest.mark.slow
def test_a_mutant_that_hangs_or_ends_the_process_stops_no_other():
    right = "return -torch.logaddexp(fake_logit, torch.zeros_like(fake_logit)).mean()"
    batch = [
        hand_made("wrong", "return fake_logit.mean()"),
        hand_made("hangs", "while True: pass"),
        hand_made("right", right),
        hand_made("quits", "os._exit(0)"),
        hand_made("raises", "raise SystemExit(0)"),
    ]
    visible, begun = Suite("gan", False), []
    fates = run({visible: batch}, limit=5, each=lambda: begun.append(1))
    killer = "test_saturating_loss_is_the_second_term_of_the_value"
    assert {one.name: fate[visible] for one, fate in fates.items()} == {
        "wrong": killer,
        "hangs": "no answer within 5 s",
        "right": "",
        "quits": "the end of the process",
        "raises": killer,
    }
    assert len(begun) == 5


@pytest.mark.slow
def test_nothing_is_said_where_the_tests_cannot_be_trusted():
    wrong = hand_made(MASTER, "return fake_logit.mean()")
    with pytest.raises(ValueError, match=r"solutions/gan\.py fails test_saturating_loss"):
        run({Suite("gan", False): [wrong]})
    with pytest.raises(ValueError, match="the tests of nothing cannot be run: the end of the process"):
        run({Suite("nothing", False): [Mutant("nothing", "f", "f:1: x -> y", "")]})


@pytest.mark.slow
def test_a_sample_of_mutants_is_killed_and_what_is_listed_survives():
    """Drawn afresh whenever a master or its tests change, and only then; `make mutate` tries all."""
    known, batches = {}, {}
    for slug in slugs():
        files = [ROOT / "solutions" / f"{slug}.py", *(suite.file for suite in suites(slug))]
        random_ = random.Random(zlib.crc32(b"".join(file.read_bytes() for file in files)))
        known[slug], listed = mutants.mutants(slug), equivalents(slug)
        same, other = ([one for one in known[slug] if (one.name in listed) is wanted] for wanted in (True, False))
        batches[slug] = random_.sample(same, min(LISTED, len(same))) + random_.sample(other, SAMPLE)
    fates = run({suite: batches[slug] for slug in batches for suite in suites(slug, seeds=[0])})
    for slug, batch in batches.items():
        assert complaints({one: fates[one] for one in batch}, equivalents(slug), known[slug]) == []
