"""The book's notebooks: as text and back, executed, checked.

A notebook is committed with its outputs. Each code cell remembers a hash of the source that was executed
(`metadata.course.executed`), so that a cell edited since is found, and widgets get names that do not change from one
execution to the next, so that a diff shows what changed and nothing else.

    python -m course_lib.authoring.notebooks text gan              book/gan.ipynb -> _build/text/gan.md
    python -m course_lib.authoring.notebooks write _build/text/gan.md      and back; executes it if its code changed
    python -m course_lib.authoring.notebooks execute [gan …]       the stale ones, or those named
    python -m course_lib.authoring.notebooks check [gan …]         what is wrong, one line each
"""

import difflib
import hashlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import jupytext
import nbformat
import tyro
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from course_lib.errors import CourseError, unknown
from course_lib.files import write_whole

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
TEXT = ROOT / "_build" / "text"

BUDGET = 60.0  # seconds that a chapter may take on two cores
MAX_BYTES = 600_000
MAX_FRAMES = 60

CHECKED = "nbval-check-output"
TAGS = frozenset(
    {CHECKED, "nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "raises-exception"}
    | {f"{verb}-{part}" for verb in ("hide", "remove") for part in ("input", "output", "cell")}
    | {"remove-stdout", "remove-stderr", "margin", "full-width"}
)
WIDGETS = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"

# The same on every machine, as far as a notebook can feel it.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "2",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "COLUMNS": "100",
    "NO_COLOR": "1",
}
MACHINE_PATH = re.compile(
    r"(?<![\w.])(?:/home/|/Users/|/root/|/tmp/|/var/folders/|[A-Za-z]:\\Users\\|"
    + re.escape(f"{ROOT}/")
    + r")[^\s\"'<]*"
)
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|svg|webp)|_images/\S*|[0-9a-f]{16,}", re.IGNORECASE)


class NotebookError(CourseError):
    """What is wrong with a notebook, in one line that says what to do."""


# ---------------------------------------------------------------------------------------------- reading and writing


def find(slug: str, book: Path = BOOK) -> Path:
    """Path of a chapter's notebook. Raises CourseError with the near names when there is none."""
    path = book / f"{slug.removesuffix('.ipynb').removeprefix('book/')}.ipynb"
    if path.is_file():
        return path
    raise unknown("chapter", path.stem, (one.stem for one in all_notebooks(book)))


def all_notebooks(book: Path = BOOK) -> list[Path]:
    """Every notebook of the book, by name."""
    return sorted(book.glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """A notebook of format 4. Raises NotebookError when the file is not one."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (
        OSError,
        UnicodeDecodeError,
        nbformat.reader.NotJSONError,
        nbformat.ValidationError,
        AttributeError,
    ) as error:
        reason = str(error).partition("\n")[0][:120]
        raise NotebookError(f"{path.name} is not a notebook ({reason}); restore it from version control.") from None
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Normalise and write, aside first: a reader sees the old file or the new one."""
    normalise(notebook)
    write_whole(path, (nbformat.writes(notebook, version=4) + "\n").encode())


def source_hash(source: str) -> str:
    """What `metadata.course.executed` holds: twelve hexadecimal digits of the cell's source."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:12]


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def normalise(notebook: NotebookNode) -> None:
    """Leave only what a reader needs, named so that a second execution changes nothing but what it must.

    Notebook metadata: kernel, language, widgets. Cell metadata: tags, the book's rendering hints (`mystnb`), the hash
    of the executed source. Cells are named by their content and widgets by their order.
    """
    widgets = notebook.metadata.get("widgets")
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python", "pygments_lexer": "ipython3"},
    )
    if widgets:
        notebook.metadata.widgets = _stable_widgets(notebook, widgets)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.metadata = NotebookNode(
            {key: cell.metadata[key] for key in ("course", "mystnb", "tags") if cell.metadata.get(key)}
        )
        name = source_hash(f"{cell.cell_type}\n{cell.source}")
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"
        for output in cell.get("outputs", []):
            if output.output_type in {"display_data", "execute_result"}:
                output.metadata = NotebookNode()


def _stable_widgets(notebook: NotebookNode, widgets: NotebookNode) -> NotebookNode:
    """Widget state with models named by the order in which they were made, and without unset values."""
    state = widgets[WIDGETS]["state"]
    names = {old: f"{i:032x}" for i, old in enumerate(state)}
    text = json.dumps(state)
    for old, new in names.items():
        text = text.replace(old, new)
    state = json.loads(text)
    for model in state.values():
        model["state"] = {key: value for key, value in model["state"].items() if value is not None}
    for cell in code_cells(notebook):
        for output in cell.outputs:
            view = output.get("data", {}).get(VIEW)
            if view:
                view["model_id"] = names.get(view["model_id"], view["model_id"])
    return nbformat.from_dict({WIDGETS: {"state": state, "version_major": 2, "version_minor": 0}})


# -------------------------------------------------------------------------------------------------------- execution


def execute_notebook(
    notebook: NotebookNode,
    name: str,
    cwd: Path,
    cell_timeout: float = 120,
    progress: Callable[[], object] | None = None,
) -> None:
    """Run every code cell in a fresh `python3` kernel and stamp it with the hash of its source.

    `notebook` is changed in place; after an error it must be thrown away. `progress` is called after each code cell.
    Raises NotebookError with the cell and the reason.
    """
    cells = notebook.cells
    notebook.metadata.pop("widgets", None)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None

    running = 0

    def started(cell: NotebookNode, cell_index: int) -> None:
        nonlocal running
        running = cell_index

    def executed(cell: NotebookNode, cell_index: int, execute_reply: object) -> None:
        progress()

    client = NotebookClient(
        notebook,
        timeout=cell_timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(cwd)}},
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        on_cell_start=started,
        on_cell_executed=executed,
    )
    with tempfile.TemporaryDirectory() as profile:  # no start-up files of the author's own
        try:
            client.execute(env={**os.environ, **ENVIRONMENT, "IPYTHONDIR": profile})
        except CellTimeoutError:
            raise NotebookError(
                f"{_place(name, running, cells[running])} ran longer than {cell_timeout:g} s; nothing written. "
                "Make the cell smaller, or move the long run into a claim."
            ) from None
        except CellExecutionError as error:
            reason = f"{error.ename}: {error.evalue}".partition("\n")[0]
            raise NotebookError(f"{_place(name, running, cells[running])} raised {reason}; nothing written.") from None
        except DeadKernelError:
            raise NotebookError(f"{name}: the kernel died (out of memory?); nothing written.") from None
    for cell in code_cells(notebook):
        cell.metadata["course"] = {"executed": source_hash(cell.source)}


def execute_file(path: Path, cell_timeout: float = 120, notebook: NotebookNode | None = None) -> float:
    """Execute a notebook file (or `notebook` in its place) and write it, unless a cell fails. Returns seconds."""
    notebook = read(path) if notebook is None else notebook
    start = time.perf_counter()
    with tqdm(total=len(code_cells(notebook)), desc=path.name, unit="cell", file=sys.stderr) as bar:
        execute_notebook(notebook, path.name, path.parent, cell_timeout, bar.update)
    write(notebook, path)
    return time.perf_counter() - start


def is_stale(notebook: NotebookNode) -> bool:
    """Whether a code cell never ran, ran out of order, or was edited since."""
    return any(True for _ in _execution_problems(notebook))


# ------------------------------------------------------------------------------------------------------------ check


def check_notebook(path: Path) -> list[str]:
    """What is wrong with a notebook, one line each, saying what to do; empty when it may be published."""
    name = path.name
    try:
        notebook = read(path)
    except NotebookError as error:
        return [str(error)]
    remedy = f"run `make notebooks SLUG={path.stem}`"
    problems = [f"{_place(name, i, notebook.cells[i])} {what}; {remedy}." for i, what in _execution_problems(notebook)]
    problems += [f"{_place(name, i, notebook.cells[i])} {what}." for i, what in _cell_problems(notebook)]
    if not any(CHECKED in cell.metadata.get("tags", []) for cell in code_cells(notebook)):
        problems.append(f"{name}: no code cell is tagged {CHECKED}; tag those that print a checked result.")
    problems += [f"{name}: {what}." for what in _widget_problems(notebook)]
    size = path.stat().st_size
    if size > MAX_BYTES:
        problems.append(f"{name}: {size / 1000:.0f} kB, at most {MAX_BYTES // 1000}; use fewer or smaller figures.")
    return problems


def _place(name: str, index: int, cell: NotebookNode) -> str:
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "empty")
    return f"{name}: cell {index + 1} ({first[:40]!r})"


def _execution_problems(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    expected = 0
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        expected += 1
        if not cell.source.strip():
            yield i, "is empty: delete it"
        elif cell.execution_count is None:
            yield i, "was not executed"
        elif cell.execution_count != expected:
            yield i, f"ran as number {cell.execution_count}, out of order: number {expected} is its place"
        elif cell.metadata.get("course", {}).get("executed") != source_hash(cell.source):
            yield i, "was edited after it ran"


def _cell_problems(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    for i, cell in enumerate(notebook.cells):
        for tag in cell.metadata.get("tags", []):
            if tag not in TAGS:
                near = difflib.get_close_matches(tag.lower().replace("_", "-"), sorted(TAGS), n=1)
                yield (
                    i,
                    f"has the unknown tag {tag!r}"
                    + (f": did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(TAGS))}"),
                )
        if cell.cell_type == "markdown":
            if re.search(r"!\[\s*\]\(|\{(?:figure|image)\}(?![^`]*?:alt: *\S)", cell.source):
                yield i, "shows an image without alt text: say what is to be seen"
            yield from ((i, what) for what in _html_problems(cell.source))
            continue
        if cell.cell_type == "code":
            if re.search(r"#\s*NBVAL_", cell.source, re.IGNORECASE):
                yield i, f"has an NBVAL comment: use the tag {CHECKED} instead"
            for output in cell.outputs:
                yield from ((i, what) for what in _output_problems(output, cell))


def _output_problems(output: NotebookNode, cell: NotebookNode) -> Iterator[str]:
    expected_error = {"raises-exception", "nbval-raises-exception"} & set(cell.metadata.get("tags", []))
    if output.output_type == "error" and not expected_error:
        yield f"ended in {output.ename}: mend it, or tag it raises-exception if that is its point"
    data = output.get("data", {})
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    if any(kind.startswith("image/") for kind in data) and "text/html" not in data and not says_something(alt):
        yield "shows an image without alt text: use plotting.show.figure(fig, alt=…)"
    text = data.get("text/html", "")
    yield from _html_problems(text)
    # text/plain stands in for richer forms and is not shown beside them
    shown = [text or data.get("text/plain", ""), data.get("text/markdown", ""), output.get("text", "")]
    shown += output.get("traceback", [])
    for part in shown:
        part = re.sub(r"data:[\w/+;,=-]+base64,[A-Za-z0-9+/=\s]+", "", part)
        if found := MACHINE_PATH.search(part):
            yield f"shows a path of this machine ({found[0][:60]}): print a path relative to the repository"
        if found := ADDRESS.search(part):
            yield f"shows a memory address ({found[0]}), different every time: end the last line with a semicolon"


def _widget_problems(notebook: NotebookNode) -> Iterator[str]:
    state = notebook.metadata.get("widgets", {}).get(WIDGETS, {}).get("state", {})
    values = [m["state"].get("value", "") for m in state.values() if m["model_name"] in {"HTMLModel", "HTMLMathModel"}]
    frames = [value for value in values if "<img" in value]
    if len(frames) > MAX_FRAMES:
        yield f"{len(frames)} widget frames, at most {MAX_FRAMES}: use a coarser slider"
    if any(model["model_name"] == "ImageModel" for model in state.values()):
        yield "an Image widget has no alt text: use an HTML widget holding <img alt=…>, as plotting.widgets does"
    yield from {f"a widget {what}" for value in values for what in _html_problems(value)}
    shown = any(VIEW in output.get("data", {}) for cell in code_cells(notebook) for output in cell.outputs)
    if shown and not state:
        yield "a widget is shown but its state is missing: run `make notebooks`"


def _html_problems(html: str) -> Iterator[str]:
    for alt in _alt_texts(html):
        if not says_something(alt):
            yield f"shows an image whose alt text is {alt!r}: say what is to be seen"


def says_something(alt: str | None) -> bool:
    """Whether an alt text is more than nothing, a file name or a hash."""
    return bool(alt and alt.strip()) and not FILE_NAME.fullmatch(alt.strip())


def _alt_texts(html: str) -> list[str | None]:
    if "<img" not in html:
        return []
    found: list[str | None] = []

    class Images(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "img":
                found.append(dict(attrs).get("alt"))

    Images().feed(html)
    return found


# ----------------------------------------------------------------------------------------------------- command line


Slugs = tyro.conf.Positional[tuple[str, ...]]


def text(slugs: Slugs, *, to: Path = TEXT, book: Path = BOOK) -> None:
    """Write chapters as text (MyST Markdown), to be edited and given to `write`.

    Args:
        slugs: chapters, as gan.
        to: folder that gets SLUG.md; a file that is newer than its notebook is not overwritten.
        book: folder of the notebooks.
    """
    for slug in slugs:
        path = find(slug, book)
        target = to / f"{path.stem}.md"
        if target.exists() and target.stat().st_mtime > path.stat().st_mtime:
            raise NotebookError(f"{target} is newer than {path.name}: give it to `write`, or delete it.")
        notebook = read(path)
        notebook.metadata.pop("widgets", None)
        for cell in notebook.cells:
            cell.metadata.pop("course", None)
        to.mkdir(parents=True, exist_ok=True)
        target.write_text(jupytext.writes(notebook, fmt="md:myst"), encoding="utf-8")
        print(f"Wrote {_shown(target)}")


def write_text(files: tyro.conf.Positional[tuple[Path, ...]], *, book: Path = BOOK, cell_timeout: float = 120) -> None:
    """Turn text into notebooks of the same name. Outputs are kept where no code changed; else the notebook is executed.

    Args:
        files: SLUG.md files in MyST Markdown, as `text` writes them.
        book: folder of the notebooks.
        cell_timeout: seconds that one cell may take.
    """
    for file in files:
        if file.suffix != ".md" or not file.is_file():
            raise NotebookError(f"{file} is not a text file SLUG.md; make one with: notebooks text {file.stem}")
        try:
            notebook = jupytext.reads(file.read_text(encoding="utf-8"), fmt="md:myst")
        except Exception as error:  # jupytext raises several kinds, of its own and of yaml
            raise NotebookError(f"{file}: {str(error).partition(chr(10))[0]}") from None
        path = book / f"{file.stem}.ipynb"
        old = read(path) if path.exists() else None
        if old is not None and not is_stale(old) and _sources(old) == _sources(notebook):
            for new_cell, old_cell in zip(code_cells(notebook), code_cells(old), strict=True):
                new_cell.outputs, new_cell.execution_count = old_cell.outputs, old_cell.execution_count
                new_cell.metadata["course"] = old_cell.metadata["course"]
            if "widgets" in old.metadata:
                notebook.metadata["widgets"] = old.metadata["widgets"]
            write(notebook, path)
            print(f"{path.name}: written; its code is unchanged, so its outputs are kept")
        else:
            _report(path, execute_file(path, cell_timeout, notebook))


def execute(
    slugs: tyro.conf.Positional[tuple[str, ...]] = (),
    *,
    all: bool = False,
    book: Path = BOOK,
    cell_timeout: float = 120,
) -> None:
    """Execute notebooks in fresh kernels: those that are stale, or those named.

    Args:
        slugs: chapters to execute, stale or not.
        all: execute every notebook.
        book: folder of the notebooks.
        cell_timeout: seconds that one cell may take.
    """
    if slugs:
        paths = [find(slug, book) for slug in slugs]
    else:
        paths = [path for path in all_notebooks(book) if all or is_stale(read(path))]
    if not paths:
        print("Every notebook is as it was executed; name one (or use --all) to execute it again.")
    for path in paths:
        _report(path, execute_file(path, cell_timeout))


def check(slugs: Slugs = (), *, book: Path = BOOK) -> None:
    """Say what is wrong with notebooks, one line each. The exit status is 1 when anything is.

    Args:
        slugs: chapters to check; all when none is named.
        book: folder of the notebooks.
    """
    paths = [find(slug, book) for slug in slugs] or all_notebooks(book)
    problems = [problem for path in paths for problem in check_notebook(path)]
    for problem in problems:
        print(problem)
    if problems:
        raise NotebookError(f"{len(problems)} problem(s) in {len(paths)} notebook(s), listed above.")
    print(f"{len(paths)} notebook(s) in order.")


def _sources(notebook: NotebookNode) -> list[str]:
    return [source_hash(cell.source) for cell in code_cells(notebook)]


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _report(path: Path, seconds: float) -> None:
    over = f", over the budget of {BUDGET:g} s" if seconds > BUDGET else ""
    print(f"{path.name}: executed in {seconds:.0f} s{over}; {path.stat().st_size / 1000:.0f} kB")
    for problem in check_notebook(path):
        print(f"  {problem}")


COMMANDS = {"text": text, "write": write_text, "execute": execute, "check": check}


def main() -> None:
    try:
        tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="notebooks", description="The book's notebooks.")
    except CourseError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
