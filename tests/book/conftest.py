"""The built book, and a sample page built beside it, in a browser."""

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page

from course_lib.authoring import notebooks, screenshots

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
SAMPLE = Path(__file__).parent / "sample"

SAMPLE_INDEX = "# Start\n\nSee {doc}`sample`, {eq}`eq-sample-kl` and {py:func}`course_lib.authoring.notebooks.check`.\n"


@pytest.fixture(scope="package")
def built_book() -> Path:
    """_build/html. It must have been built: the tests look at what a reader gets."""
    site = ROOT / "_build" / "html"
    if not (site / "index.html").is_file():
        pytest.fail("The book is not built; run: make book")
    return site


@pytest.fixture(scope="package")
def sample_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two pages, executed and built here by the course's own tools and configuration."""
    root = tmp_path_factory.mktemp("sample")
    book = root / "book"
    book.mkdir()
    (root / "_build").mkdir()
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["repository"]["url"] = "https://github.com/someone/course"  # as one does who wants launch buttons
    config["launch_buttons"]["colab_url"] = "https://colab.research.google.com"
    (root / "_config.yml").write_text(yaml.safe_dump(config, sort_keys=False))  # the order of scripts matters
    for name in ("_assets", "_ext", "references.bib"):
        (book / name).symlink_to(BOOK / name)
    (root / "_build" / "vendor").symlink_to(ROOT / "_build" / "vendor")
    for name in ("api_authoring.md", "bibliography.md"):
        shutil.copy(BOOK / name, book)
    (book / "index.md").write_text(SAMPLE_INDEX)
    toc = {"format": "jb-book", "root": "index", "parts": [{"caption": "Sample", "numbered": True}]}
    toc["parts"][0]["chapters"] = [{"file": name} for name in ("sample", "bibliography", "api_authoring")]
    (book / "_toc.yml").write_text(yaml.safe_dump(toc))
    notebooks.write_text((SAMPLE / "sample.md",), book=book)
    build = [Path(sys.executable).with_name("jupyter-book"), "build", "book", "--config", "_config.yml"]
    strict = ["--path-output", ".", "-W", "-n", "--keep-going"]
    run = subprocess.run([*build, *strict], cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return root / "_build" / "html"


@pytest.fixture(scope="package")
def serve() -> Iterator[Callable[[Path], str]]:
    """Address under which a folder is served on this machine."""
    servers = []

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

    @functools.cache
    def start(folder: Path) -> str:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Visit:
    """A page that was opened, and everything it did that it should not have."""

    page: Page
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Open an address and wait until it is drawn. Requests beyond its own root are refused and count as faults."""
    contexts, visits = [], []

    def open_page(root: str, name: str, width: int = screenshots.WIDTHS["wide"]) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme="light")
        contexts.append(context)
        page = context.new_page()
        seen = Visit(page)
        visits.append(seen)

        def note(request: object) -> None:
            seen.requests.append(request.url)
            if not request.url.startswith((root, "data:", "blob:", "about:")):
                seen.faults.append(f"asks another host: {request.url}")

        context.route(lambda url: not url.startswith((root, "data:", "blob:")), lambda route: route.abort())
        page.on("request", note)
        page.on("requestfailed", lambda request: seen.faults.append(f"failed: {request.url}"))
        page.on("response", lambda r: seen.faults.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
        page.on("console", lambda m: seen.faults.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda error: seen.faults.append(f"script: {error}"))
        page.goto(f"{root}/{name}")
        screenshots.settle(page)
        return seen

    yield open_page
    for context in contexts:
        context.close()
    faults = [fault for seen in visits for fault in seen.faults]
    assert not faults, "\n".join(faults)
