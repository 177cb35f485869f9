"""Every chapter's exercises: points, contracts, masters, stubs, named mistakes and correct variants."""

import re
from functools import cache

import nbformat
import pytest

from course_lib.grading import judge, mistakes, plugin, prints, release
from course_lib.grading.spec import ROOT, chapter, read_contracts, read_tests, slugs

pytestmark = pytest.mark.parametrize("slug", slugs())


@cache
def outcomes(slug: str, hidden: bool, seed: int = 0) -> dict[str, list]:
    """Outcomes of the master, each variant and each mistake, by the answer's name; one collection for all."""
    wrong, right = mistakes.read(slug)
    folder = ROOT / ("solutions/hidden" if hidden else "exercises")
    makes = [plugin.submission(str(ROOT / "solutions")), *(one.submission for one in right + wrong)]
    names = ["master", *(one.name for one in right + wrong)]
    assert len(set(names)) == len(names), "two answers have the same name"
    results = judge.run([folder / f"test_{slug}.py"], makes, seed)
    return {name: list(result.values()) for name, result in zip(names, results, strict=True)}


def failed(results: list) -> list:
    return [outcome for outcome in results if outcome.status != "passed"]


def test_ten_points_with_hints_and_the_same_hidden(slug):
    one = chapter(slug)
    assert one.points == 10
    assert all(len(exercise.hints) >= 2 for exercise in one.exercises)
    hidden, _ = read_tests(ROOT / "solutions" / "hidden" / f"test_{slug}.py")
    for exercise in one.exercises:
        assert sum(test.points for test in hidden if test.exercise == exercise.name) == exercise.points
    assert {test.exercise for test in hidden} == {exercise.name for exercise in one.exercises}


def test_no_test_without_points(slug):
    for folder in ("exercises", "solutions/hidden"):
        path = ROOT / folder / f"test_{slug}.py"
        named = re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
        assert named == [test.name for test in read_tests(path)[0]]


def test_contracts_name_an_equation_of_the_page(slug):
    page = nbformat.read(ROOT / "book" / f"{slug}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    labels = set(re.findall(r"^\$\$\s*\((eq-[\w-]+)\)", text, re.MULTILINE))
    contracts = read_contracts(ROOT / "exercises" / f"{slug}.py")
    for exercise in chapter(slug).exercises:
        signature, contract = contracts[exercise.name]
        assert "->" in signature, f"{exercise.name} does not say what it returns"
        named = set(re.findall(r"eq-[\w-]+", contract)) | set(exercise.equations)
        assert named, f"{exercise.name} names no equation of the chapter"
        assert named <= labels, f"{exercise.name} names {named - labels}, which the page does not number"


@pytest.mark.slow
def test_stub_and_prints_are_in_step_with_the_master(slug):
    assert (ROOT / "exercises" / f"{slug}.py").read_text() == release.stub(slug), f"run: course release {slug}"
    stored = prints.read(ROOT / "exercises" / "prints" / f"{slug}.json")
    assert prints.alike(prints.digest(stored), prints.digest(release.make_prints(slug))), f"run: course release {slug}"


@pytest.mark.slow
def test_master_has_full_points(slug):
    for hidden, seeds in ((False, [0]), (True, [0, 1, 20261122])):
        for seed in seeds:
            results = outcomes(slug, hidden, seed)["master"]
            assert results
            assert [(one.test, one.message) for one in failed(results)] == []


def test_stub_is_not_implemented_in_every_test(slug, tmp_path):
    (tmp_path / f"{slug}.py").write_text(release.stub(slug))
    for folder in ("exercises", "solutions/hidden"):
        file = ROOT / folder / f"test_{slug}.py"
        (results,) = judge.run([file], [plugin.submission(str(tmp_path))])
        assert len(results) == len(read_tests(file)[0])
        assert {one.status for one in results.values()} == {"not implemented"}
        assert all(one.message.endswith("is not implemented yet") for one in results.values())


def test_enough_mistakes_and_variants(slug):
    wrong, right = mistakes.read(slug)
    for exercise in chapter(slug).exercises:
        assert sum(one.exercise == exercise.name for one in wrong) >= 4
        assert sum(one.exercise == exercise.name for one in right) >= 2


@pytest.mark.slow
def test_every_mistake_fails_and_is_recognised(slug):
    wrong, _ = mistakes.read(slug)
    for one in wrong:
        visible = failed(outcomes(slug, False)[one.name])
        assert visible, f"{one.name} passes the visible tests"
        assert (one.sentence,) in [outcome.mistakes for outcome in visible], f"{one.name} is not recognised by itself"
        for seed in (0, 1):
            assert failed(outcomes(slug, True, seed)[one.name]), f"{one.name} passes the hidden tests (seed {seed})"


@pytest.mark.slow
def test_every_variant_passes(slug):
    _, right = mistakes.read(slug)
    for one in right:
        for hidden in (False, True):
            results = failed(outcomes(slug, hidden)[one.name])
            assert [(outcome.test, outcome.message) for outcome in results] == [], one.name


def test_master_is_not_recognised_as_a_mistake(slug):
    """The stored prints are of failures: none may hold an answer that would pass."""
    stored = prints.read(ROOT / "exercises" / "prints" / f"{slug}.json")
    assert stored
    for entries in stored.values():
        assert all(entry["print"]["kind"] != "not implemented" for entry in entries)
