"""What every chapter's notebook owes its reader, whatever it is about."""

import re

import nbformat
import pytest

from course_lib import claims
from course_lib.grading.spec import ROOT, chapter, slugs

pytestmark = pytest.mark.parametrize("slug", slugs())


def cells(slug: str, kind: str) -> list[str]:
    notebook = nbformat.read(ROOT / "book" / f"{slug}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def labels(slug: str) -> list[str]:
    text = "\n".join(cells(slug, "markdown"))
    return re.findall(r":label:\s*([\w-]+)", text) + re.findall(r"^\$\$\s*\(([\w-]+)\)", text, re.MULTILINE)


def test_every_numbered_equation_is_checked_in_a_cell(slug):
    numbered = labels(slug)
    assert numbered
    assert len(set(numbered)) == len(numbered), "a label twice"
    assert all(label.startswith("eq-") for label in numbered)
    checked = {
        label
        for code in cells(slug, "code")
        for line in re.findall(r"^# checks (.+)$", code, re.MULTILINE)
        for label in re.split(r",\s*", line.strip())
    }
    assert set(numbered) - checked == set(), "numbered, but no cell says `# checks` it"
    assert checked - set(numbered) == set(), "`# checks` names no equation of the page"


def test_says_what_it_asks_of_the_reader(slug):
    text = "\n".join(cells(slug, "markdown"))
    box = re.search(r":class:[^\n]*chapter-facts.*?```|chapter-facts.*?:::", text, re.DOTALL)
    assert box, "no box of class chapter-facts"
    assert re.search(r"prerequisite", box.group(), re.IGNORECASE)
    assert re.search(r"\bhours?\b", box.group())


def test_ends_with_exercises_a_check_and_further_reading(slug):
    code = "\n".join(cells(slug, "code"))
    shown = re.findall(rf'\bexercise\("{slug}", "(\w+)"\)', code)
    assert sorted(shown) == sorted(one.name for one in chapter(slug).exercises)
    assert re.search(rf'\bcheck\("{slug}"\)', cells(slug, "code")[-1]), "the last code cell checks the exercises"
    headings = re.findall(r"^##+ (.+)$", "\n".join(cells(slug, "markdown")), re.MULTILINE)
    assert "Exercises" in headings
    assert "Further reading" in headings


def test_shows_every_claim_from_its_stored_result(slug):
    code = "\n".join(cells(slug, "code"))
    names = [result.name for result in claims.results(slug)]
    assert names
    if f'verdict_table("{slug}")' not in code:
        assert [name for name in names if not re.search(rf'verdict_box\(\s*"{slug}",\s*"{name}"', code)] == []


def test_notes_go_by_their_public_names(slug):
    text = "\n".join(cells(slug, "markdown"))
    assert re.findall(r"(?<![\d,.])\b00[0-4](?::\d+| §|\b(?=[ ,.)]))", text) == []
