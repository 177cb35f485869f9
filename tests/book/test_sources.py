"""What stands in the book's sources, before a browser sees them."""

import importlib.util
import pkgutil
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import course_lib
from course_lib.authoring import notebooks

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
TOC = re.findall(r"file: (\S+)", (BOOK / "_toc.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def extension() -> ModuleType:
    spec = importlib.util.spec_from_file_location("course_book", BOOK / "_ext" / "course_book.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", notebooks.all_notebooks(), ids=lambda path: path.stem)
def test_notebook_is_in_order(path: Path):
    assert notebooks.check_notebook(path) == []


def test_every_notebook_is_in_the_table_of_contents_and_on_the_map():
    chapters = {path.stem for path in notebooks.all_notebooks()}
    assert chapters <= set(TOC)
    on_the_map = re.findall(r"\{doc\}`[^`]*<([\w]+)>`", (BOOK / "index.md").read_text(encoding="utf-8"))
    assert chapters <= set(on_the_map)


def test_every_public_module_has_its_page(extension):
    pages = [BOOK / f"{name}.md" for name in TOC if name.startswith("api")]
    rooms = [room for page in pages for room in extension.MODULES.findall(page.read_text(encoding="utf-8"))]
    shown = [name for room in rooms for name in extension.public_modules(room)]
    assert len(shown) == len(set(shown)), "a module shown twice"
    rooms_of_the_library = [f"course_lib.{one.name}" for one in pkgutil.iter_modules(course_lib.__path__)]
    expected = {name for room in rooms_of_the_library for name in extension.public_modules(room)}
    assert expected - set(shown) == set(), (
        "add a page api_<room>.md with the line `% modules: …`, and name it in _toc.yml"
    )


def test_docstrings_are_shown_as_plain_text(extension):
    lines = ["E[x] over |x| and x_ *and so* `p`. See::", "", "p, q: [K], a*b.", "more of q.", "Returns [N]."]
    text = "\n".join(extension.plain_text(lines))
    assert r"\|x\|" in text
    assert r"x\_" in text
    assert "*and so*" in text
    assert "``p``" in text
    assert "::" not in text
    assert "p, q: [K], a\\*b. more of q.\n\nReturns [N]." in text
    assert extension.plain_text(["One.", "", "    a   b", "    c   d"])[2:5] == ["::", "", "       a   b"]


def test_bibliography_is_sorted_and_complete():
    text = (BOOK / "references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^@\w+\{(\S+),\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    keys = [key for key, _ in entries]
    assert keys == sorted(set(keys))
    for key, fields in entries:
        assert {"author", "title", "year"} <= set(re.findall(r"^\s*(\w+)\s*=", fields, re.MULTILINE)), key


def test_lock_file_names_no_registry():
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 100


class Elements(HTMLParser):
    """What a page loads by itself, and its images' alt texts."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.alts: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in {"script", "img", "iframe", "source"}:
            self.loaded.append(values.get("src") or "")
        if tag == "link" and values.get("rel") in {"stylesheet", "preload", "icon"}:
            self.loaded.append(values.get("href") or "")
        if tag == "img":
            self.alts.append(values.get("alt"))


def test_built_pages_load_only_their_own_files_and_describe_every_image(built_book):
    pages = sorted(built_book.glob("*.html"))
    assert {f"{name}.html" for name in ["index", *TOC]} <= {page.name for page in pages}
    for page in pages:
        seen = Elements()
        seen.feed(page.read_text(encoding="utf-8"))
        assert [one for one in seen.loaded if re.match(r"(https?:)?//", one)] == [], page.name
        missing = [one for one in seen.loaded if one and not one.startswith("data:") and not exists(built_book, one)]
        assert missing == [], page.name
        assert [alt for alt in seen.alts if not notebooks.says_something(alt)] == [], page.name


def exists(site: Path, address: str) -> bool:
    return (site / address.split("?")[0].split("#")[0]).is_file()


def test_configuration_asks_for_no_other_host():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert config["execute"]["execute_notebooks"] == "off"
    assert config["repository"]["url"] == ""
    loaded = [config["sphinx"]["config"]["mathjax_path"], *config["sphinx"]["config"]["nb_ipywidgets_js"]]
    assert [one for one in loaded if "//" in one] == []
