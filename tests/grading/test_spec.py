"""What a chapter asks, read from its files."""

import pytest

from course_lib.grading.spec import chapter, read_contracts, read_tests, slugs


def test_order_is_the_books():
    assert slugs()[:3] == ["divergences", "gan", "optimal_discriminator"]


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
