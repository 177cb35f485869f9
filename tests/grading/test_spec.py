"""What a chapter asks, read from its files."""

import re

import pytest

from course_lib.grading.spec import ROOT, chapter, excluded, read_contracts, read_tests, signatures, slugs
from course_lib.grading.student import Contract


def test_order_is_the_books():
    toc = re.findall(r"file: (\w+)", (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    assert slugs() == [name for name in toc if (ROOT / "exercises" / f"test_{name}.py").exists()]
    assert slugs()[:2] == ["generative_models", "divergences"]


def test_unknown_names_suggest_near_ones():
    with pytest.raises(ValueError, match="did you mean divergences"):
        chapter("divergence")
    with pytest.raises(ValueError, match="did you mean kl_divergence"):
        chapter("divergences").exercise("kl_divergance")


def test_reads_points_equations_and_hints_without_running(tmp_path):
    path = tmp_path / "test_x.py"
    path.write_text(
        "HINTS = {'f': ['look', 'closer']}\n"
        "@points(1.5, 'f')\n@teaches('eq-a', 'eq-b')\ndef test_one(student): raise SystemExit\n"
        "@points(0.5, 'f')\ndef test_two(student): ...\n"
        "def test_without_points(): ...\n"
    )
    tests, hints = read_tests(path)
    assert [(test.name, test.points, test.exercise, test.equations) for test in tests] == [
        ("test_one", 1.5, "f", ("eq-a", "eq-b")),
        ("test_two", 0.5, "f", ()),
    ]
    assert hints == {"f": ["look", "closer"]}


def test_contracts_and_their_errors(tmp_path):
    path = tmp_path / "x.py"
    with pytest.raises(ValueError, match="course release x"):
        read_contracts(path)
    path.write_text("def f(a: int, *, b=2) -> int:\n    '''Add.'''\nclass C(Base):\n    '''See.'''\n")
    assert read_contracts(path) == {"f": ("def f(a: int, *, b=2) -> int", "Add."), "C": ("class C(Base)", "See.")}
    path.write_text("def f(:\n")
    with pytest.raises(ValueError, match=r"x\.py, line 1: SyntaxError"):
        read_contracts(path)


def test_signatures_and_exclusions_are_read_without_running(tmp_path):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "x.py").write_text(
        "raise SystemExit\ndef f(p: Tensor, /, q, *, scale=1) -> tuple[Tensor, float]: ...\n"
        "def g(): ...\nclass C: ...\n"
    )
    assert signatures("x", tmp_path) == {"f": Contract(("p", "q"), "tuple[Tensor, float]"), "g": Contract((), "")}
    tests = tmp_path / "exercises" / "test_x.py"
    tests.write_text("EXCLUDED = {'torch.nn.functional': 'build it'}\nraise SystemExit\n")
    assert excluded("x", tmp_path) == {"torch.nn.functional": "build it"}
    tests.write_text("HINTS = {}\n")
    assert excluded("x", tmp_path) == {}
