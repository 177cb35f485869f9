"""The map of the course: what its file may hold, what is drawn of it, and that it holds every chapter there is."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from course_lib.authoring import taxonomy
from course_lib.authoring.notebooks import ROOT
from course_lib.errors import CourseError

BOOK = ROOT / "book"

SMALL = """
[[family]]
id = "likely"
name = "Explicit"
says = "p(x) & more"

[[family]]
id = "bound"
parent = "likely"
name = "Variational"
says = "a bound"

[[system]]
family = "bound"
name = "VAE"
says = "codes"
chapter = "vae"
year = 2014
cite = "kingma2014"

[[system]]
family = "bound"
name = "DRAW"
says = "glimpses"
chapter = "draw"

[[system]]
family = "likely"
name = "beta-VAE"
says = "a price"
within = "vae"

[[system]]
family = "likely"
name = "Flows"
says = "invertible"
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "taxonomy.toml"
    path.write_text(SMALL)
    return path


def test_tree_keeps_the_order_of_the_file(small):
    (likely,) = taxonomy.read(small)
    assert [family.name for family in likely.families] == ["Variational"]
    assert [one.name for one in likely.systems] == ["beta-VAE", "Flows"]
    assert [one.name for one in taxonomy.systems([likely])] == ["beta-VAE", "Flows", "VAE", "DRAW"]
    assert taxonomy.chapters([likely]) == ["vae", "draw"]


def test_a_system_is_a_link_exactly_where_its_chapter_has_a_page(small):
    page = ET.fromstring(taxonomy.render(taxonomy.read(small), {"vae": "../vae.html"}.get, here="index"))
    links = {"".join(link.itertext()).split()[0]: link.get("href") for link in page.iter("a")}
    assert links == {"VAE": "../vae.html", "beta-VAE": "../vae.html"}
    waiting = ["".join(one.itertext()) for one in page.iter("span") if one.get("class") == "course-tree-system"]
    assert [text.rsplit(" ", 2)[-2:] for text in waiting] == [["this", "course"], ["to", "come"]]
    assert page.tag == "nav"
    assert page.get("aria-label")


def test_a_link_to_the_page_itself_says_so(small):
    page = ET.fromstring(taxonomy.render(taxonomy.read(small), lambda slug: f"{slug}.html", here="draw"))
    current = [link.get("href") for link in page.iter("a") if link.get("aria-current") == "page"]
    assert current == ["draw.html"]


def test_text_is_escaped(small):
    small.write_text(SMALL.replace('"DRAW"', '"<b>DRAW</b>"'))
    drawn = taxonomy.render(taxonomy.read(small), lambda slug: 'a"b.html')
    assert "<b>" not in drawn
    assert "p(x) &amp; more" in drawn
    assert {link.get("href") for link in ET.fromstring(drawn).iter("a")} == {'a"b.html'}


BROKEN = {
    "no TOML": (SMALL + "[[", "is no TOML"),
    "another table": (SMALL + "\n[[extra]]\nid = 'x'\n", "nothing else"),
    "no lists": ("family = 1\nsystem = []\n", "entries"),
    "an entry that is no table": ("family = [1]\nsystem = []\n", r"\[\[family\]\]"),
    "a family twice": (SMALL.replace('id = "bound"', 'id = "likely"'), "'likely' stands there twice"),
    "a child before its parent": (SMALL.replace('parent = "likely"', 'parent = "later"'), "'later' stands before"),
    "its own parent": (SMALL.replace('parent = "likely"', 'parent = "bound"'), "'bound' stands before"),
    "a family that is not there": (SMALL.replace('family = "bound"', 'family = "bond"'), "did you mean bound"),
    "a family without anything": (SMALL + "\n[[family]]\nid = 'e'\nname = 'Empty'\nsays = '-'\n", "under Empty"),
    "an unknown key": (SMALL + "\nslug = 'flows'\n", "has a key 'slug'"),
    "a year in words": (SMALL.replace("year = 2014", 'year = "2014"'), "year must be of type int"),
    "a missing phrase": (SMALL.replace('says = "glimpses"\n', ""), "'DRAW' lacks says"),
    "a blank name": (SMALL.replace('"Flows"', '" "'), "lacks name"),
    "a chapter twice": (SMALL.replace('"draw"', '"vae"'), "chapter 'vae' stands there twice"),
    "a chapter and within": (SMALL.replace('within = "vae"', 'within = "vae"\nchapter = "beta"'), "leave out within"),
    "within what has no place": (SMALL.replace('within = "vae"', 'within = "gan"'), "no system's chapter"),
    "a chapter that is no slug": (SMALL.replace('"draw"', '"../draw"'), "no slug"),
    "a citation without a year": (SMALL.replace("year = 2014\n", ""), "gives no year"),
}


@pytest.mark.parametrize(("text", "complaint"), BROKEN.values(), ids=BROKEN)
def test_a_bad_file_is_a_course_error_that_names_the_entry(small, text, complaint):
    small.write_text(text)
    with pytest.raises(CourseError, match=complaint):
        taxonomy.read(small)


def test_a_missing_file_is_a_course_error(tmp_path):
    with pytest.raises(CourseError, match="is missing"):
        taxonomy.read(tmp_path / "taxonomy.toml")


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [("@article{other,\n  year = {2014}\n}", "does not hold"), ("@article{kingma2014,\n  year = {2013}\n}", "of 2013")],
)
def test_citations_agree_with_the_bibliography(small, entry, complaint):
    families = taxonomy.read(small)
    taxonomy.check_citations(families, "@article{kingma2014,\n  author = {K},\n  year      = {2014}\n}\n")
    with pytest.raises(CourseError, match=complaint):
        taxonomy.check_citations(families, entry + "\n")


def test_every_chapter_of_the_book_is_on_its_map_once():
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    parts = [part for part in toc["parts"] if part.get("numbered")]
    there = [one["file"] for part in parts for one in part["chapters"]]
    mapped = taxonomy.chapters(taxonomy.read(BOOK / "taxonomy.toml"))
    assert "gan" in there
    assert set(there) - set(mapped) == set()
    assert len(mapped) == len(set(mapped))


def test_map_of_the_book_cites_works_of_its_bibliography():
    bibliography = (BOOK / "references.bib").read_text(encoding="utf-8")
    taxonomy.check_citations(taxonomy.read(BOOK / "taxonomy.toml"), bibliography)


def test_built_map_links_every_page_there_is_and_no_other():
    """As a reader gets it, from disk."""
    site = BOOK.parent / "_build" / "html"
    if not (site / "generative_models.html").is_file():
        pytest.fail("The book is not built; run: make book")
    page = (site / "generative_models.html").read_text(encoding="utf-8")
    drawn = re.search(r'<nav class="course-tree".*?</nav>', page, re.DOTALL)
    assert drawn, "the chapter has no map"
    links = {link.get("href") for link in ET.fromstring(drawn.group()).iter("a")}
    mapped = taxonomy.chapters(taxonomy.read(BOOK / "taxonomy.toml"))
    existing = {f"{slug}.html" for slug in mapped if (site / f"{slug}.html").is_file()}
    assert links == {("#" if link == "generative_models.html" else link) for link in existing}
