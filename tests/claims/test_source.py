import ast

import pytest

from course_lib.claims.source import PACKAGE, _imported, _used, fingerprint, library_fingerprint

SOURCE = '''"""A chapter."""
import torch
from course_lib.claims import Measurement, above, claim
from course_lib.losses import adversarial, divergences

STEPS = 100
OTHER = 3

def helper(n):
    """Help."""
    return divergences.kl_divergence(n, STEPS)  # a comment

def unrelated():
    return OTHER

@claim("S", source="P", holds=above(1.0))
def first(seed, scale):
    """Value."""
    return Measurement(helper(seed))
'''


@pytest.fixture
def prints(tmp_path):
    def of(source, name="first"):
        path = tmp_path / "chapter.py"
        path.write_text(source)
        return fingerprint(path, name)

    return of


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another"),
        ('"""Help."""', '"""Help a little."""'),
        ("def helper(n):\n", "def helper(\n    n,\n):\n"),
        ("above(1.0)", "above(2.0)"),
        ('"S"', '"Said better"'),
        ("OTHER = 3", "OTHER = 4"),
        ("return OTHER", "return OTHER + 1"),
        ("Measurement, above, claim", "Measurement, above, below, claim"),
        ("import torch\n", "import torch\nimport math\n"),
    ],
)
def test_what_does_not_change_the_experiment_does_not_count(prints, old, new):
    assert old in SOURCE
    assert prints(SOURCE.replace(old, new)) == prints(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STEPS = 100", "STEPS = 101"),
        ("helper(seed)", "helper(seed + 1)"),
        ("kl_divergence(n, STEPS)", "kl_divergence(STEPS, n)"),
        ("def helper(n)", "def helper(n=1)"),
        ("import adversarial, divergences", "import adversarial as divergences"),
    ],
)
def test_what_changes_the_experiment_counts(prints, old, new):
    assert old in SOURCE
    assert prints(SOURCE.replace(old, new)) != prints(SOURCE)


def test_the_print_is_the_same_in_every_version_of_python(prints):
    """Recorded with Python 3.11; a change here makes every stored result stale."""
    assert prints(SOURCE) == "6f591231767bf096"


def test_an_unknown_name(prints):
    with pytest.raises(KeyError):
        prints(SOURCE, "second")


def _package(tmp_path, monkeypatch, files):
    """A package of these files in the course's place, and a chapter that claims something of it."""
    package, chapter = tmp_path / "course_lib", tmp_path / "chapter.py"
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    chapter.write_text(SOURCE)
    monkeypatch.setattr("course_lib.claims.source.PACKAGE", package)
    return package, chapter


def test_the_library_below_counts_and_only_that(tmp_path, monkeypatch):
    """A copy of the package, one file of it edited at a time."""
    package, chapter = _package(
        tmp_path,
        monkeypatch,
        {
            "losses/__init__.py": "",
            "losses/divergences.py": "from course_lib.losses import sums\nX = 1",
            "losses/sums.py": "Y = 1",
            "losses/adversarial.py": "Z = 1",
        },
    )
    start = library_fingerprint(chapter, "first")
    (package / "losses/adversarial.py").write_text("Z = 2")  # imported, but not by this claim
    assert library_fingerprint(chapter, "first") == start
    (package / "losses/sums.py").write_text("Y = 1  # still")
    assert library_fingerprint(chapter, "first") == start
    (package / "losses/sums.py").write_text("Y = 2")
    assert library_fingerprint(chapter, "first") != start


def test_weights_stored_beside_a_module_are_part_of_it(tmp_path, monkeypatch):
    package, chapter = _package(
        tmp_path,
        monkeypatch,
        {
            "losses/divergences.py": "from course_lib.evaluation import referees",
            "evaluation/referees.py": "X = 1",
            "evaluation/stored/digits/weights.safetensors": "one",
            "models/stored/weights.safetensors": "one",
        },
    )
    start = library_fingerprint(chapter, "first")
    (package / "models/stored/weights.safetensors").write_text("two")  # of a room that the claim does not enter
    assert library_fingerprint(chapter, "first") == start
    (package / "evaluation/stored/digits/weights.safetensors").write_text("two")
    assert library_fingerprint(chapter, "first") != start


def test_it_reads_the_real_library(tmp_path):
    chapter = tmp_path / "chapter.py"
    chapter.write_text("from course_lib.models import gan\ndef first(seed, scale):\n    return gan\n")
    (statement, _) = _used(ast.parse(chapter.read_text()), "first")
    assert PACKAGE / "models" / "gan.py" in _imported(statement)
