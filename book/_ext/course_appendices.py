"""Sphinx extension: a line `% appendix: errata` in a page becomes that appendix, made anew at each build."""

import re

from sphinx.application import Sphinx

from course_lib.authoring import appendices

LINE = re.compile(r"^% appendix: (\w+)$", re.MULTILINE)


def write_appendix(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = LINE.sub(lambda match: appendices.APPENDICES[match[1]](appendices.BOOK), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", write_appendix)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
