"""Masters to stubs."""

import pytest

from course_lib.grading import release
from course_lib.grading.mistakes import mistake

MASTER = '''"""Exercises."""

import math

# BEGIN SOLUTION
def helper():
    return 1
# END SOLUTION


def f(x):
    """Contract."""
    # BEGIN SOLUTION
    return helper() + x
    # END SOLUTION
'''


@pytest.fixture
def root(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "x.py").write_text(MASTER)
    return tmp_path


def test_stub_keeps_contracts_and_drops_answers(root):
    stub = release.stub("x", root)
    assert "helper" not in stub
    assert '    """Contract."""\n    raise NotImplementedError\n' in stub
    assert "import math" in stub
    compile(stub, "x.py", "exec")


def test_an_edited_stub_is_known_by_its_seal(root):
    stub = release.stub("x", root)
    assert not release.edited(stub)
    assert release.edited(stub.replace("raise NotImplementedError", "return x"))
    assert release.edited("def f(x): return x\n"), "a file without a seal is someone's own"
    assert not release.edited(stub.rstrip()), "an editor's last line end is no edit"


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ("# BEGIN SOLUTION\n", "without # END"),
        ("# END SOLUTION\n", "without # BEGIN"),
        ("# BEGIN SOLUTION\n# BEGIN SOLUTION\n", "again"),
    ],
)
def test_marks_that_do_not_pair_name_the_line(root, marks, words):
    (root / "solutions" / "x.py").write_text(marks)
    with pytest.raises(ValueError, match=rf"solutions/x\.py, line \d.*{words}"):
        release.stub("x", root)


def test_release_refuses_to_overwrite_work(root, monkeypatch):
    monkeypatch.setattr(release, "ROOT", root)
    monkeypatch.setattr(release, "slugs", lambda: ["x"])
    monkeypatch.setattr(release, "stub", lambda slug, root=root: STUB(slug, root))
    monkeypatch.setattr(release, "make_prints", lambda slug: {"test_f": []})
    assert release.release("x") == ["wrote exercises/x.py", "wrote exercises/prints/x.json"]
    assert release.release() == []
    work = root / "exercises" / "x.py"
    work.write_text(work.read_text().replace("raise NotImplementedError", "return x"))
    mine = work.read_text()
    with pytest.raises(ValueError, match=r"exercises/x\.py has been edited"):
        release.release("x")
    assert work.read_text() == mine
    release.release("x", force=True)
    assert "NotImplementedError" in work.read_text()
    with pytest.raises(ValueError, match=r"unknown chapter .nothing.: there are: x"):
        release.release("nothing")


STUB = release.stub


def test_a_mistake_without_a_sentence_is_refused():
    with pytest.raises(ValueError, match="sentence"):
        mistake("f", " ")
