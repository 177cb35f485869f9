"""Every page as a reader meets it: in Chromium, from a server and from disk, wide and narrow, light and dark."""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from course_lib.authoring.screenshots import THEMES, WIDTHS, settle

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TOC = re.findall(r"file: (\S+)", (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))

SAMPLE = [pytest.param("sample_book", name, id=f"sample-{name}") for name in ("index", "sample", "api_authoring")]
GENERATED = ["search", "genindex"]
PAGES = SAMPLE + [pytest.param("built_book", name, id=name) for name in ["index", *TOC, *GENERATED]]
NOTEBOOKS = [
    pytest.param("sample_book", "sample", id="sample"),
    *(pytest.param("built_book", name, id=name) for name in TOC if (ROOT / "book" / f"{name}.ipynb").is_file()),
]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def site(request: pytest.FixtureRequest, book: str) -> Path:
    return request.getfixturevalue(book)


@pytest.mark.parametrize(("book", "name"), PAGES)
def test_accessible_and_within_the_screen(site: Path, name: str, serve, visit):
    page = visit(serve(site), f"{name}.html").page
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = []
    for theme, (width_name, width) in itertools.product(THEMES, WIDTHS.items()):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            found.append(f"{width_name}, {theme}: {over} px wider than the screen: {widest(page)}")
        violations = serious_violations(page)
        if violations:  # what stays; on a busy machine a page may have been seen between two frames
            page.wait_for_timeout(1000)
            violations = serious_violations(page)
        found += [f"{width_name}, {theme}: {violation}" for violation in violations]
    assert not found, "\n".join(found)


def widest(page: Page) -> list[str]:
    return page.evaluate(
        """() => [...document.querySelectorAll("main *")]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 8).map((e) => `${e.tagName}.${e.className}`)"""
    )


def serious_violations(page: Page) -> list[str]:
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], elementRef: false})")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize(("book", "name"), PAGES)
def test_complete_from_disk(site: Path, name: str, visit):
    page = visit(site.as_uri(), f"{name}.html").page
    assert page.evaluate("[...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.alt)") == []
    assert page.locator("mjx-merror").count() == 0
    formulas, typeset = page.locator(".math").count(), page.locator(".math mjx-container").count()
    assert typeset == formulas
    assert page.evaluate("document.fonts.check('16px \"Source Serif 4\"')")


@pytest.mark.parametrize(("book", "name"), NOTEBOOKS)
@pytest.mark.parametrize("protocol", ["http", "file"])
def test_sliders_move_their_picture_by_keyboard(site: Path, name: str, protocol: str, serve, visit):
    page = visit(serve(site) if protocol == "http" else site.as_uri(), f"{name}.html").page
    handles = page.locator(".noUi-handle")
    if (views := page.locator(".widget-subarea").count()) == 0:
        pytest.skip("no widget on this page")
    assert handles.count() >= 1, f"{views} widgets, no slider among them"
    for i in range(handles.count()):
        handle = handles.nth(i)
        area = handle.locator("xpath=ancestor::*[contains(concat(' ', @class, ' '), ' widget-subarea ')]")
        before = area.evaluate(VISIBLE)
        start, end = handle.get_attribute("aria-valuenow"), handle.get_attribute("aria-valuemax")
        handle.focus()
        page.keyboard.press("ArrowLeft" if start == end else "ArrowRight")
        assert handle.get_attribute("aria-valuenow") != start
        page.wait_for_function(
            f"([e, was]) => ({VISIBLE})(e) !== was", arg=[area.element_handle(), before], timeout=3000
        )


# Pictures and text shown in an element now; frames of a Stack that are not selected take no room.
VISIBLE = """(e) => [...e.querySelectorAll("img, .widget-html-content")].filter((i) => i.offsetParent !== null)
    .map((i) => i.src ?? i.textContent).join()"""


@pytest.mark.parametrize(("book", "name"), NOTEBOOKS)
def test_notebook_can_be_downloaded(site: Path, name: str, serve, visit):
    page = visit(serve(site), f"{name}.html").page
    page.get_by_role("button", name="Download this page").click()
    link = page.locator(f"a[href$='_sources/{name}.ipynb']")
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    notebook = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert any(cell["cell_type"] == "code" for cell in notebook["cells"])


@pytest.mark.parametrize("protocol", ["http", "file"])
@pytest.mark.parametrize(
    ("book", "query", "found"),
    [("sample_book", "logarithms", "sample.html"), ("built_book", "divergence", "divergences.html")],
)
def test_search_without_a_network(site: Path, query: str, found: str, protocol: str, serve, visit):
    if not (site / found).is_file():
        pytest.skip(f"{found} is not written yet")
    page = visit(serve(site) if protocol == "http" else site.as_uri(), "index.html").page
    page.keyboard.press("Control+k")
    page.keyboard.type(query)
    page.keyboard.press("Enter")
    expect(page.locator(f"#search-results a[href*='{found}']").first).to_be_visible()


@pytest.mark.parametrize("name", ["sample", "index"])
def test_launch_buttons_follow_the_configuration(sample_book: Path, name: str, serve, visit):
    page = visit(serve(sample_book), f"{name}.html").page
    links = page.locator(
        "a[href^='https://colab.research.google.com/github/someone/course/blob/main/book/sample.ipynb']"
    )
    assert links.count() == (1 if name == "sample" else 0)


@pytest.mark.parametrize(("book", "name"), NOTEBOOKS)
def test_keyboard_reaches_the_text_at_once(site: Path, name: str, serve, visit):
    page = visit(serve(site), f"{name}.html").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to main content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("book", ["sample_book", "built_book"])
def test_theme_is_switched_and_kept(site: Path, serve, visit):
    page = visit(serve(site), "index.html").page
    theme = "document.documentElement.dataset.theme"
    seen = set()
    for _ in range(3):
        page.locator("button.theme-switch-button").first.click()
        seen.add(page.evaluate(theme))
    assert seen == {"light", "dark"}
    while page.evaluate(theme) != "dark":
        page.locator("button.theme-switch-button").first.click()
    page.reload()
    assert page.evaluate(theme) == "dark"


def test_a_fault_is_seen(tmp_path: Path, visit: Callable, chromium):
    """The checks above can fail: a page with every fault is caught by each."""
    (tmp_path / "bad.html").write_text(
        "<!doctype html><html><head><title>Bad</title></head><body><main style='width:3000px'><img src='none.png'>"
        "<p style='color:#ddd'>pale</p><script src='https://example.invalid/x.js'></script></main></body></html>"
    )
    seen = visit(tmp_path.as_uri(), "bad.html", 375)
    seen.page.evaluate(AXE.read_text(encoding="utf-8"))
    assert any("asks another host" in fault for fault in seen.faults)
    assert any("failed" in fault and "none.png" in fault for fault in seen.faults)
    assert {one.split(" ")[0] for one in serious_violations(seen.page)} >= {
        "image-alt",
        "color-contrast",
        "html-has-lang",
    }
    assert seen.page.evaluate("document.documentElement.scrollWidth") > 375
    seen.faults.clear()
