"""Sphinx extension of the course's book: its scripts, its API pages, and what it takes out of Jupyter Book.

Jupyter Book loads sphinx-thebe on every page, which names a script on another host; its listeners are dropped here.
A line `% modules: course_lib.losses` in a page becomes the documentation of every public module under that package.
"""

import importlib
import pkgutil
import re
import typing

from sphinx.application import Sphinx

MODULES = re.compile(r"^% modules: ([\w.]+)$", re.MULTILINE)
ITEM = re.compile(
    r"- |[A-Za-z_]\w*((, |/| or | and )[*]{0,2}\w+)*( \([^)]*\))?: |(Returns|Raises|Yields|Source|Sources)\b"
)
EMPHASIS = re.compile(r"(?<![\w*])\*(\w(?:[^*]*\w)?)\*(?![\w*])")


def public_modules(package: str) -> list[str]:
    """The package and every module under it, by name: those with something to say and no leading underscore."""
    root = importlib.import_module(package)
    names = [package, *(one.name for one in pkgutil.walk_packages(getattr(root, "__path__", []), package + "."))]
    return sorted(name for name in names if not re.search(r"\._", name) and _says_something(name))


def _says_something(name: str) -> bool:
    module = importlib.import_module(name)
    own = [obj for obj in vars(module).values() if getattr(obj, "__module__", None) == name]
    return bool(module.__doc__ or own)


def section(module: str) -> str:
    """MyST for one module. A function that its package names like a submodule is left to the submodule."""
    children = [child.name for child in pkgutil.iter_modules(getattr(importlib.import_module(module), "__path__", []))]
    options = [":members:", ":ignore-module-all:", *([f":exclude-members: {', '.join(children)}"] if children else [])]
    lines = "\n".join(f"   {option}" for option in options)
    return f"({module})=\n## `{module}`\n\n```{{eval-rst}}\n.. automodule:: {module}\n{lines}\n```"


def write_modules(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace each `% modules:` line by a section for every public module."""

    def sections(match: re.Match[str]) -> str:
        return "\n\n".join(section(name) for name in public_modules(match[1]))

    source[0] = MODULES.sub(sections, source[0])


def plain_text(docstring: list[str]) -> list[str]:
    """reStructuredText that shows a plain-prose docstring as it was meant.

    Lines of a paragraph flow together, but one that opens with `name: `, `- ` or Returns starts anew. Indented lines
    are shown as they stand. Backticks mark code; every other mark is text.
    """
    out: list[str] = []
    for paragraph in re.split(r"\n[ \t]*\n", "\n".join(docstring).strip("\n")):
        items: list[str] = []
        for line in paragraph.split("\n"):
            if line.startswith((" ", "\t")) and not items:
                items = []  # an indented paragraph: shown as it stands
                break
            if items and not ITEM.match(line):
                items[-1] += " " + line.strip()
            else:
                items.append(line.strip())
        if items:
            for item in filter(None, items):
                bullet, text = ("- ", item[2:]) if item.startswith("- ") else ("", item)
                out += [bullet + _escape(text), ""]
        elif paragraph.strip():
            out += ["::", "", *("   " + line for line in paragraph.split("\n")), ""]
    return out


def _escape(text: str) -> str:
    parts = re.split(r"(`+[^`]+`+)", text)
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = f"``{part.strip('`')}``\\ "
        else:
            pieces = EMPHASIS.split(part)  # text, emphasised, text, …
            pieces = [re.sub(r"([\\*|_`])", r"\\\1", piece).replace("::", ":\\:") for piece in pieces]
            parts[i] = "".join(f"*{piece}*" if k % 2 else piece for k, piece in enumerate(pieces))
    return re.sub(r"^(\w+[.)]|[-+#>]|\.\.)(\s)", r"\\\1\2", "".join(parts))


def show_docstring(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    if isinstance(obj, type) and lines and lines[0].startswith(f"{obj.__name__}("):
        lines.clear()  # dataclass's own docstring only repeats the signature
    if what == "module":
        lines[:] = (obj.__doc__ or "").splitlines()  # autodoc strips an indentation that all but the first line share
    lines[:] = plain_text(lines)


def drop_command_line_hints(app: Sphinx, obj: object, bound_method: bool) -> None:
    """Show `int` where a function of the command line says `Annotated[int, …]`."""
    annotations = getattr(obj, "__annotations__", {})
    if any(typing.get_origin(one) is typing.Annotated for one in annotations.values()):
        obj.__annotations__ = {
            name: one.__origin__ if typing.get_origin(one) is typing.Annotated else one
            for name, one in annotations.items()
        }


def drop_thebe(app: Sphinx) -> None:
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if one.handler.__module__ != "sphinx_thebe"]
    app.registry.css_files[:] = [css for css in app.registry.css_files if css[0] != "sphinx-thebe.css"]


# require.js looks for what the widget manager names (its icons' fonts) beside the page unless told otherwise.
REQUIRE = 'window.require = {baseUrl: document.documentElement.dataset.content_root + "_static/widgets"};'


def setup(app: Sphinx) -> dict[str, bool]:
    drop_thebe(app)
    app.add_js_file(None, body=REQUIRE, priority=1)
    app.add_js_file("course.js", priority=1, defer="defer")  # after the inline scripts, before MathJax
    app.connect("source-read", write_modules)
    app.connect("autodoc-before-process-signature", drop_command_line_hints)
    app.connect("autodoc-process-docstring", show_docstring)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
