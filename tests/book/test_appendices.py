"""The appendices hold everything that they should, and say nothing that the book does not bear out."""

import html
import re

import nbformat
import pytest

from course_lib.authoring import appendices, notebooks
from course_lib.authoring.appendices import BOOK, Erratum, Figure, Symbol, chapters, equations, markdown, read
from course_lib.claims import records
from course_lib.grading.spec import slugs

ERRATA = read(Erratum)
BIBLIOGRAPHY = set(re.findall(r"^@\w+\{(\S+),", (BOOK / "references.bib").read_text(encoding="utf-8"), re.MULTILINE))


def cited(text: str) -> list[str]:
    return [key for keys in re.findall(r"\{cite:[pt]\}`([^`]+)`", text) for key in keys.split(",")]


def shown_text(page: str) -> str:
    """Without tags, and with quotes as they were before the page made them curly."""
    text = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)))
    return text.translate(str.maketrans("‘’“”", "''\"\""))


def test_every_chapter_of_exercises_is_a_chapter_of_the_book():
    assert set(slugs()) == set(chapters())


def test_every_claim_has_its_row(built_book):
    page = shown_text((built_book / "claims.html").read_text(encoding="utf-8"))
    source = (built_book / "claims.html").read_text(encoding="utf-8")
    for slug in records.slugs():
        assert f'href="{slug}.html"' in source, "a chapter with claims that the appendix does not link"
        for result in records.results(slug):
            assert result.command in page
            assert result.statement in page
            assert result.verdict in page


def test_a_claim_without_a_row_would_be_noticed(monkeypatch):
    rows = appendices.claims()
    monkeypatch.setattr(appendices, "chapters", lambda book: ["divergences"])
    fewer = appendices.claims()
    lost = [one.command for slug in records.slugs() for one in records.results(slug) if one.command not in fewer]
    assert lost
    assert all(command in rows for command in lost)


@pytest.mark.parametrize("slug", chapters())
def test_every_box_about_an_error_has_its_row_and_every_row_its_box(slug):
    text = markdown(slug)
    boxes = re.findall(r"^(?:`{3,}|:{3,})\{admonition\} .*\n:class:.*\berratum\b", text, re.MULTILINE)
    labels = re.findall(
        r"^\(erratum-([\w-]+)\)=\n+(?:`{3,}|:{3,})\{admonition\} .*\n:class:.*\berratum\b", text, re.MULTILINE
    )
    assert len(labels) == len(boxes), "a box of class erratum without a label `(erratum-name)=` above it"
    assert len(set(labels)) == len(labels)
    assert set(labels) == {one.label for one in ERRATA if one.chapter == slug}


@pytest.mark.parametrize("slug", chapters())
def test_every_error_is_shown_by_a_cell_whose_answer_is_compared(slug):
    cells = [cell for cell in nbformat.read(BOOK / f"{slug}.ipynb", 4).cells if cell.cell_type == "code"]
    showing = {}
    for cell in cells:
        for line in re.findall(r"^# shows (.+)$", cell.source, re.MULTILINE):
            compared = notebooks.CHECKED in cell.metadata.get("tags", []) or "claims." in cell.source
            for label in re.split(r",\s*", line.strip()):
                assert compared, f"{label}: the cell's text is not compared when the notebook is executed again"
                showing[label.removeprefix("erratum-")] = cell
    mine = {one.label: one for one in ERRATA if one.chapter == slug}
    assert showing.keys() <= mine.keys(), "`# shows` names no error of this chapter"
    assert {label for label, one in mine.items() if not one.evidence} <= showing.keys()


def test_errors_of_chapters_to_come_can_be_looked_up():
    for one in ERRATA:
        assert one.chapter in chapters() or one.evidence, one
        assert set(cited(one.evidence + one.says + one.truth)) <= BIBLIOGRAPHY, one


def test_every_symbol_stands_in_its_equation():
    squeezed = {label: (slug, re.sub(r"[\s{}]", "", tex)) for label, (slug, tex) in equations().items()}
    library = "\n".join(path.read_text(encoding="utf-8") for path in BOOK.parent.glob("course_lib/**/*.py"))
    rows = read(Symbol)
    assert len({one.tex for one in rows}) == len(rows), "a symbol twice"
    for one in rows:
        assert re.sub(r"[\s{}]", "", one.tex) in squeezed[one.equation][1], one
        assert not one.code or re.search(rf"\b{one.code}\b", library), one


def test_every_equation_is_found():
    for slug in chapters():
        labels = set(re.findall(r"^\$\$ \((eq-[\w-]+)\)", markdown(slug), re.MULTILINE))
        assert labels == {label for label, (where, _) in equations().items() if where == slug}


def test_published_figures_have_ours_or_a_reason():
    for one in read(Figure):
        assert one.claim or one.why, one
        assert cited(one.paper), one
        assert set(cited(one.paper + one.why)) <= BIBLIOGRAPHY, one
        assert not one.claim or records.result(one.chapter, one.claim).interval is not None, one
        assert one.command.split()[:1] in ([], ["course"], ["make"]), one
        assert not (one.claim and one.command), "a claim has its own command"


@pytest.mark.parametrize("name", sorted(appendices.APPENDICES))
def test_every_appendix_is_built(built_book, name):
    assert re.search(rf"^% appendix: {name}$", (BOOK / f"{name}.md").read_text(encoding="utf-8"), re.MULTILINE)
    page = (built_book / f"{name}.html").read_text(encoding="utf-8")
    assert page.count("<tr") > 3
    assert "% appendix" not in page
