"""Sphinx extension: the directive `course-map`, the map of the course from `taxonomy.toml`.

`course_lib.authoring.taxonomy` reads and draws it. The directive's body is shown where no map can be drawn. Links are
made while the page is written, from the pages that there are.
"""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from course_lib.authoring import taxonomy
from course_lib.errors import CourseError


class course_map(nodes.General, nodes.Element):
    """The place of the map; its children stand in for it outside of HTML. families: what `taxonomy.read` gave."""


class CourseMap(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir) / "taxonomy.toml"
        self.env.note_dependency(str(path))
        try:
            families = taxonomy.read(path)
            bibliography = path.with_name("references.bib")
            self.env.note_dependency(str(bibliography))
            taxonomy.check_citations(families, bibliography.read_text(encoding="utf-8"))
        except CourseError as error:
            raise self.error(str(error)) from None
        node = course_map("", families=families)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def draw(writer: object, node: course_map) -> None:
    builder = writer.builder
    here = builder.current_docname

    def address(slug: str) -> str | None:
        return (builder.get_relative_uri(here, slug) or "#") if slug in builder.env.found_docs else None

    writer.body.append(taxonomy.render(node["families"], address, here))
    raise nodes.SkipNode


def pass_over(writer: object, node: course_map) -> None: ...


def setup(app: Sphinx) -> dict[str, bool]:
    others = dict.fromkeys(("latex", "text", "man", "texinfo"), (pass_over, pass_over))
    app.add_node(course_map, html=(draw, None), **others)
    app.add_directive("course-map", CourseMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
