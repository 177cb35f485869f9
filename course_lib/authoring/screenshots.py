"""Pictures of every page, to be looked at: wide and narrow, light and dark.

python -m course_lib.authoring.screenshots            _build/html -> _build/screenshots/PAGE-wide-light.png …
python -m course_lib.authoring.screenshots gan index  two pages
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tyro
from playwright.sync_api import Browser, Page, sync_playwright

from course_lib.authoring.notebooks import ROOT
from course_lib.errors import CourseError

WIDTHS = {"wide": 1280, "narrow": 375}  # CSS pixels: a laptop, a small phone
THEMES = ("light", "dark")

# Chromium speaks to its maker's hosts on its own; these keep it quiet, so that a test sees the page's requests alone.
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pings",
]


def chromium() -> str | None:
    """Path of the browser: $CHROMIUM, or chromium on the PATH; None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium. Raises CourseError where there is none."""
    path = chromium()
    if path is None:
        raise CourseError("No chromium found: install it (apt-get install chromium), or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


def settle(page: Page) -> None:
    """Wait until fonts are loaded, formulas set, widgets drawn and what slides (the sidebar, after a resize) rests."""
    page.evaluate(
        """async () => {
            await window.MathJax?.startup?.promise;
            await document.fonts.ready; // those of the formulas too
            const views = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length;
            for (let i = 0; i < 200 && document.querySelectorAll(".widget-subarea > *").length < views; i++)
                await new Promise((done) => setTimeout(done, 25));
            const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            await frames();
            // Polled, not awaited: the promise of a transition that nobody sees may never be kept.
            const moves = (a) => a.playState === "running" && a.effect.getComputedTiming().endTime < Infinity;
            for (let i = 0; i < 80 && document.getAnimations().some(moves); i++)
                await new Promise((done) => setTimeout(done, 25));
            await new Promise((done) => setTimeout(done, 50));
            await frames();
        }"""
    )


def screenshots(
    pages: tyro.conf.Positional[tuple[str, ...]] = (),
    *,
    site: Path = ROOT / "_build" / "html",
    to: Path = ROOT / "_build" / "screenshots",
) -> None:
    """Take four pictures of each page.

    Args:
        pages: names as gan or index; every page when none is given.
        site: folder of the built book.
        to: folder for the pictures.
    """
    names = list(pages) or sorted(path.stem for path in site.glob("*.html"))
    missing = [name for name in names if not (site / f"{name}.html").is_file()]
    if missing or not names:
        raise CourseError(f"No page {', '.join(missing) or 'at all'} in {site}; build the book with: make book")
    to.mkdir(parents=True, exist_ok=True)
    with browser() as running:
        for width_name, width in WIDTHS.items():
            for theme in THEMES:
                context = running.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
                page = context.new_page()
                for name in names:
                    page.goto((site / f"{name}.html").resolve().as_uri())
                    settle(page)
                    page.screenshot(path=to / f"{name}-{width_name}-{theme}.png", full_page=True)
                context.close()
    print(f"{len(names) * 4} pictures in {to}")


def main() -> None:
    try:
        tyro.cli(screenshots)
    except CourseError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
