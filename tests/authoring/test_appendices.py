"""Tables from data: read with care, and escaped."""

import pytest

from course_lib.authoring import appendices
from course_lib.authoring.appendices import Erratum, Figure, Symbol
from course_lib.errors import CourseError


def write(tmp_path, name, text):
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_reads_tables_in_their_order(tmp_path):
    rows = [f'[[symbol]]\ntex = "{tex}"\nmeans = "that"\nequation = "eq-a"\n' for tex in "ba"]
    book = write(tmp_path, "notation", "\n".join(rows))
    assert appendices.read(Symbol, book) == [Symbol("b", "that", "eq-a"), Symbol("a", "that", "eq-a")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[figure]\n", "reproduction.toml cannot be read"),
        ("", r"holds tables \[\[figure\]\] and nothing else, not none"),
        ('[[figures]]\nwhat = "x"\n', "nothing else, not figures"),
        ('[[figure]]\nwhat = "x"\n', "table 1: needs chapter, paper, where, published"),
        ('[[figure]]\nwhat = "x"\npublishd = "1"\n', "table 1: unknown key 'publishd': did you mean published"),
        ("[[figure]]\nwhat = 3\n", "table 1: 'what' must be a text"),
        ('[[figure]]\nwhat = " "\n', "table 1: 'what' must be a text that says something"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path, text, message):
    with pytest.raises(CourseError, match=message) as told:
        appendices.read(Figure, write(tmp_path, "reproduction", text))
    assert "\n" not in str(told.value).strip()


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CourseError, match=r"errata\.toml cannot be read"):
        appendices.read(Erratum, tmp_path)


def test_notes_are_known_by_their_public_names(tmp_path):
    keys = ["label", "chapter", "notes", "where", "says", "truth"]
    book = write(tmp_path, "errata", "[[erratum]]\n" + "\n".join(f'{key} = "Weekly"' for key in keys))
    with pytest.raises(CourseError, match="unknown notes 'Weekly': there are: GAN paper notes"):
        appendices.errata(book)


def test_plain_text_stays_plain():
    from markdown_it import MarkdownIt

    text = "D_1 < D*2 [a](b) `c` $x$ ~ #1 {d} 1 | 2"
    shown = MarkdownIt().render(appendices.plain(text))
    assert shown == f"<p>{text.replace('<', '&lt;')}</p>\n"


def test_a_cell_may_hold_paragraphs():
    table = appendices._table(("A", "B"), [("a\n\nb", "c")], "style", (30, 70))
    assert table.split("\n\n", 1)[1] == "* - A\n  - B\n* - a\n\n    b\n  - c\n::::"
