"""Notebooks made here, one for each kind of badness, and one that is good."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.authoring import notebooks
from course_lib.errors import CourseError

IMG = '<img alt="{}" src="data:image/png;base64,iVBORw0KGgo=">'
SLIDER = """import ipywidgets as w
from IPython.display import display
frames = [w.HTML(f'<img alt="frame number {i}" src="data:,">') for i in range(3)]
slider = w.IntSlider(max=2)
stack = w.Stack(frames, selected_index=0)
w.jslink((slider, "value"), (stack, "selected_index"))
display(w.VBox([slider, stack]))"""


def code(source: str, count: int, output: NotebookNode | None = None, tags: tuple[str, ...] = ()) -> NotebookNode:
    """A cell as it stands after execution."""
    cell = new_code_cell(source, execution_count=count, outputs=[output] if output else [])
    cell.metadata = NotebookNode({"course": {"executed": notebooks.source_hash(source)}, "tags": list(tags)})
    return cell


def shown(**data: str) -> NotebookNode:
    return new_output("display_data", {kind.replace("_", "/", 1): value for kind, value in data.items()})


def good() -> NotebookNode:
    cells = [
        new_markdown_cell("# Title"),
        code("print(1)", 1, new_output("stream", name="stdout", text="1\n"), (notebooks.CHECKED,)),
        code("picture()", 2, shown(text_html=IMG.format("A curve that rises"))),
    ]
    return new_notebook(cells=cells)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[NotebookNode], Path]:
    def save(notebook: NotebookNode, name: str = "gan") -> Path:
        path = tmp_path / f"{name}.ipynb"
        notebooks.write(notebook, path)
        return path

    return save


def test_good_notebook_has_no_problems(save):
    assert notebooks.check_notebook(save(good())) == []


def widget_state(models: dict[str, tuple[str, str]]) -> dict:
    state = {k: {"model_name": n, "model_module": "m", "state": {"value": v}} for k, (n, v) in models.items()}
    return {notebooks.WIDGETS: {"state": state, "version_major": 2, "version_minor": 0}}


def set_count(n: NotebookNode, count: int | None) -> None:
    n.cells[2].execution_count = count


BAD = {
    "never run": (lambda n: set_count(n, None), "was not executed; run `make notebooks SLUG=gan`"),
    "out of order": (lambda n: set_count(n, 7), "ran as number 7, out of order: number 2 is its place"),
    "a cell removed": (lambda n: n.cells.append(code("3", 4)), "ran as number 4, out of order: number 3"),
    "edited": (lambda n: n.cells[2].update(source="picture() " + "#"), "was edited after it ran; run `make notebooks"),
    "no hash": (lambda n: n.cells[2].metadata.pop("course"), "was edited after it ran"),
    "empty cell": (lambda n: n.cells.append(code("", 3)), "is empty: delete it"),
    "misspelt tag": (
        lambda n: n.cells[2].metadata.update(tags=["hide-inptu"]),
        "'hide-inptu': did you mean 'hide-input'?",
    ),
    "tag in capitals": (
        lambda n: n.cells[2].metadata.update(tags=["NBVAL_CHECK_OUTPUT"]),
        "'NBVAL_CHECK_OUTPUT': did you mean 'nbval-check-output'?",
    ),
    "nbval comment": (lambda n: n.cells.append(code("# NBVAL_CHECK_OUTPUT\n1", 3)), "has an NBVAL comment"),
    "nothing checked": (lambda n: n.cells[1].metadata.pop("tags"), "no code cell is tagged nbval-check-output"),
    "error": (
        lambda n: n.cells.append(
            code("1/0", 3, new_output("error", ename="ZeroDivisionError", evalue="", traceback=[]))
        ),
        "ended in ZeroDivisionError",
    ),
    "picture without words": (
        lambda n: n.cells.append(code("plot()", 3, shown(image_png="iVBORw0KGgo="))),
        "without alt text: use plotting.show.figure",
    ),
    "html without words": (
        lambda n: n.cells.append(code("plot()", 3, shown(text_html=IMG.format("")))),
        "whose alt text is ''",
    ),
    "file name for words": (
        lambda n: n.cells.append(code("plot()", 3, shown(text_html=IMG.format("figure_3.png")))),
        "whose alt text is 'figure_3.png'",
    ),
    "markdown picture": (lambda n: n.cells.append(new_markdown_cell("![](a.png)")), "image without alt text"),
    "markdown figure": (
        lambda n: n.cells.append(new_markdown_cell("```{figure} a.png\n:name: a\n\nCaption\n```")),
        "image without alt text",
    ),
    "path": (
        lambda n: n.cells.append(code("p", 3, new_output("stream", name="stdout", text="in /home/ann/course/x.py"))),
        "shows a path of this machine (/home/ann/course/x.py)",
    ),
    "address": (
        lambda n: n.cells.append(code("p", 3, shown(text_plain="<object at 0x7f00aa11bb22>"))),
        "shows a memory address",
    ),
    "too large": (lambda n: n.cells.append(new_markdown_cell("x" * 600_001)), "kB, at most 600"),
    "too many frames": (
        lambda n: n.metadata.update(
            widgets=widget_state({f"{i:032x}": ("HTMLModel", IMG.format("a frame")) for i in range(61)})
        ),
        "61 widget frames, at most 60",
    ),
    "image widget": (
        lambda n: n.metadata.update(widgets=widget_state({"a" * 32: ("ImageModel", "")})),
        "an Image widget has no alt text",
    ),
    "frame without words": (
        lambda n: n.metadata.update(widgets=widget_state({"a" * 32: ("HTMLModel", "<img src='data:,'>")})),
        "a widget shows an image whose alt text is None",
    ),
    "widget without state": (
        lambda n: n.cells.append(code("w", 3, new_output("display_data", {notebooks.VIEW: {"model_id": "a" * 32}}))),
        "a widget is shown but its state is missing",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_notebook_is_told_in_one_line(kind: str, save):
    spoil, message = BAD[kind]
    notebook = good()
    spoil(notebook)
    problems = notebooks.check_notebook(save(notebook))
    assert len(problems) == 1, problems
    assert problems[0].startswith("gan.ipynb")
    assert message in problems[0]
    assert "\n" not in problems[0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nbformat": 4, "cells": [{"cell_type": "odd"}]}'])
def test_file_that_is_no_notebook(text: str, tmp_path: Path):
    path = tmp_path / "gan.ipynb"
    path.write_text(text)
    (problem,) = notebooks.check_notebook(path)
    assert problem.startswith("gan.ipynb is not a notebook (")
    assert "\n" not in problem


def test_unknown_chapter_names_the_near_ones(save, tmp_path: Path):
    save(good())
    with pytest.raises(CourseError, match="gan"):
        notebooks.find("gann", tmp_path)


def test_normalising_twice_changes_nothing_and_leaves_only_what_is_known(save):
    notebook = good()
    notebook.metadata.update(colab={"name": "x"}, language_info={"version": "3.11.7", "name": "python"})
    notebook.cells[1].metadata.update(execution={"iopub.execute_input": "2026-01-01"}, collapsed=False)
    notebook.cells.append(copy.deepcopy(notebook.cells[2]))  # the same source twice needs two names
    path = save(notebook)
    once = path.read_text()
    assert set(json.loads(once)["metadata"]) == {"kernelspec", "language_info"}
    assert set(json.loads(once)["cells"][1]["metadata"]) == {"course", "tags"}
    assert "2026" not in once
    notebooks.write(notebooks.read(path), path)
    assert path.read_text() == once
    nbformat.validate(notebooks.read(path))


@pytest.fixture
def raw(tmp_path: Path) -> Callable[..., Path]:
    """A notebook that never ran, from the sources of its code cells."""

    def raw(*sources: str, name: str = "gan") -> Path:
        cells = [new_code_cell(source) for source in sources]
        cells[0].metadata["tags"] = [notebooks.CHECKED]
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return raw


@pytest.mark.slow
def test_execution_is_reproduced_to_the_byte(raw, tmp_path: Path, capsys):
    probe = (
        "import os\nprint(os.getcwd() == os.path.realpath(os.getcwd()), os.environ['PYTHONHASHSEED'], hash('a') % 97)"
    )
    path = raw(probe, SLIDER, "print('done')")
    notebooks.execute(book=tmp_path)
    first = path.read_bytes()
    assert notebooks.check_notebook(path) == []
    state = notebooks.read(path).metadata.widgets[notebooks.WIDGETS]["state"]
    assert set(state) == {f"{i:032x}" for i in range(len(state))}
    view = notebooks.read(path).cells[1].outputs[0].data[notebooks.VIEW]
    assert state[view.model_id]["model_name"] == "VBoxModel"

    notebooks.execute(book=tmp_path)  # not stale: left alone
    assert "Every notebook is as it was executed" in capsys.readouterr().out
    assert path.read_bytes() == first
    notebooks.execute(("gan",), book=tmp_path)
    assert path.read_bytes() == first


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", r"cell 2 \('1 / 0'\) raised ZeroDivisionError: division by zero; nothing written"),
        ("import time; time.sleep(30)", r"cell 2 .* ran longer than 2 s; nothing written"),
        ("import os; os._exit(1)", r"the kernel died .*; nothing written"),
    ],
)
def test_failed_execution_writes_nothing(source: str, message: str, raw, tmp_path: Path):
    path = raw("print(1)", source)
    before = path.read_bytes()
    with pytest.raises(CourseError, match=message) as raised:
        notebooks.execute(book=tmp_path, cell_timeout=2)
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gan.ipynb"]


@pytest.mark.slow
def test_text_and_back_keeps_outputs_until_code_changes(raw, tmp_path: Path, capsys):
    path = raw("print(40 + 2)")
    notebooks.execute(book=tmp_path)
    notebooks.text(("gan",), to=tmp_path / "text", book=tmp_path)
    text = tmp_path / "text" / "gan.md"
    assert "nbval-check-output" in text.read_text()
    assert "executed" not in text.read_text()

    text.write_text(text.read_text() + "\n\nA closing remark.\n")
    notebooks.write_text((text,), book=tmp_path)
    assert "its outputs are kept" in capsys.readouterr().out
    assert notebooks.check_notebook(path) == []
    assert notebooks.read(path).cells[-1].source == "A closing remark."

    later = path.stat().st_mtime + 10
    os.utime(text, (later, later))
    with pytest.raises(CourseError, match=r"is newer than gan\.ipynb"):
        notebooks.text(("gan",), to=text.parent, book=tmp_path)

    text.write_text(text.read_text().replace("40 + 2", "40 + 3"))
    notebooks.write_text((text,), book=tmp_path)
    assert "executed in" in capsys.readouterr().out
    assert notebooks.read(path).cells[0].outputs[0].text == "43\n"


@pytest.mark.slow
def test_command_line_fails_in_one_line(save, tmp_path: Path):
    notebook = good()
    set_count(notebook, None)
    save(notebook)
    command = [sys.executable, "-m", "course_lib.authoring.notebooks", "check", "--book", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "was not executed; run `make notebooks SLUG=gan`" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    run = subprocess.run([*command, "gann"], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "gan" in run.stderr
    assert run.stderr.count("\n") == 1
