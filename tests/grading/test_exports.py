"""Grades come back as they were written, whoever reads them, and whatever a submission is called."""

import csv
import io
import json
import stat
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from course_lib.errors import CourseError
from course_lib.grading import exports
from course_lib.grading.records import STATUSES, FileResult, Grade, Override, TestResult

ANYTHING = st.text(st.characters(), max_size=40)  # lone surrogates, too
SECRET = "expected 0.731058, secret input"


def result(status: str = "passed", points: float = 1, exercise: str = "f", test: str = "test_f", **more) -> TestResult:
    return TestResult(test, exercise, points, status, **more)


def grade(submission: str = "ada", *statuses: str, points: float = 1, **more) -> Grade:
    """One file, a result for each status."""
    results = [result(status, points, f"f{i}", f"test_{i}") for i, status in enumerate(statuses or ("passed",))]
    return Grade(submission, files={"gan": FileResult("gan", tuple(results), "full")}, **more)


# ------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202egpj.exe", r"a\u202egpj.exe"),
        ("\u2066x\u2069\u200f", r"\u2066x\u2069\u200f"),
        ("line\nbreak\u2028", r"line\nbreak\u2028"),
        ("\ud800", r"\ud800"),
        ("\ufeff\uffff\x00", r"\ufeff\uffff\x00"),
        ("José 李 שלום 👩\u200d💻 a\u3000b", "José 李 שלום 👩\u200d💻 a\u3000b"),
    ],
)
def test_what_hides_is_shown(text, shown):
    assert exports.visible(text) == shown


@given(ANYTHING)
def test_visible_text_can_be_written_anywhere(text):
    shown = exports.visible(text)
    shown.encode()
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert exports.visible(shown) == shown


@pytest.mark.parametrize(
    ("points", "written"),
    [(10.0, "10"), (2.7, "2.7"), (3 * 0.9, "2.7"), (1 / 3, "0.3333"), (-1e-9, "0"), (7.25, "7.25"), (1e6, "1000000")],
)
def test_numbers_are_written_short(points, written):
    assert str(exports.number(points)) == written


def test_explanations_leave_the_details_out():
    said = exports.explain(
        result("crashed", hint="It raised TypeError.", detail=SECRET, mistakes=("Sum.", "Sum."), line=7)
    )
    assert said == [
        "Crashed: the code raised an exception or ended its process.",
        "It stopped at line 7 of your file.",
        "It raised TypeError.",
        "Perhaps: Sum.",
    ]
    assert exports.explain(result()) == []


def test_remarks_tell_lateness_overrides_sandbox_and_faults():
    assert exports.remarks(grade()) == []
    assert exports.remarks(grade(days_late=1)) == ["Handed in 1 day late; no points are taken off for it."]
    assert exports.remarks(grade(factor=0.5)) == ["Handed in late: the points earned count 50 %."]
    said = exports.remarks(
        Grade(
            "ada",
            files={
                "gan": FileResult("gan", (result("grader fault"), result("passed")), "reduced"),
                "vae": FileResult("vae", (result("missing"),), "none"),
            },
            overrides={"gan": Override("gan", 1.5, "interview", "J", "2026-11-20")},
            days_late=2,
            factor=0.8,
        )
    )
    assert len(said) == 4, said
    assert said[0] == "Handed in 2 days late: the points earned count 80 %."
    assert "1.5 points were set by hand on 2026-11-20" in said[1]
    assert said[1].endswith("Reason: interview")
    assert "reduced sandbox" in said[2]
    assert "no fault of yours" in said[3]


def test_who_breaks_the_grader_gets_no_points_and_no_zero():
    broken = FileResult("gan", (result("grader fault"), result("grader fault")), "full")
    one = Grade("ada", files={"gan": broken, "vae": FileResult("vae", (result("passed"),), "full")})
    assert broken.points == 0
    assert one.ungraded("gan")
    rows = exports.grades_csv([one], ["gan", "vae"]).decode().splitlines()
    assert rows[1].split(",")[:4] == ["ada", "", rows[1].split(",")[2], "grader fault"]
    assert rows[1].split(",")[4] == ""
    assert "could not be graded yet" in " ".join(exports.remarks(one))
    by_hand = Grade("ada", files={"gan": broken}, overrides={"gan": Override("gan", 1.5, "read it", "J", "2026-11-20")})
    assert by_hand.total == 1.5


# ------------------------------------------------------------------------------------------------------------- files


def test_marks_are_their_owners(tmp_path):
    path = tmp_path / "grades.csv"
    (tmp_path / "grades.csv.part").write_bytes(b"left by a run that was stopped")
    (tmp_path / "grades.csv.part").chmod(0o644)
    exports.save(path, b"a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.stat().st_ino
    exports.save(path, b"a")
    assert path.stat().st_ino == first, "what is there already is not written again"
    path.chmod(0o644)
    exports.save(path, b"a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["grades.csv"]


def test_write_whole_keeps_to_its_mode(tmp_path):
    exports.write_whole(tmp_path / "open", b"")
    exports.write_whole(tmp_path / "closed", b"", 0o600)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) & 0o600 == 0o600
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o600


# ------------------------------------------------------------------------------------------------------------- table


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))


def test_table():
    late = Grade(
        "zoë",
        files={
            "gan": FileResult("gan", (result("wrong", 2), result("passed", 3)), "full"),
            "vae": FileResult("vae", (result("timed out", 4),), "full"),
        },
        overrides={"vae": Override("vae", 3.5, "", "", "")},
        factor=0.9,
    )
    content = exports.grades_csv([late, grade("ada", points=10)], ["gan", "vae"])
    assert (
        content
        == (
            "submission,total,maximum,status,gan,vae\r\nada,10,10,passed,10,\r\nzoë,6.2,9,timed out,2.7,3.5\r\n"
        ).encode()
    )
    assert exports.grades_csv([], ["gan"]) == b"submission,total,maximum,status,gan\r\n"


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "⁺", "−", " =", "\u00a0@"]
)
def test_formulas_are_neutralised(sign):
    (row,) = rows_of(exports.grades_csv([grade(f"{sign}cmd|'/c calc'!A1")], ["gan"]))
    assert row["submission"] == "'" + exports.visible(f"{sign}cmd|'/c calc'!A1")
    assert rows_of(exports.grades_csv([grade("a", points=-1)], []))[0]["total"] == "-1", "our own numbers stay numbers"


def test_a_semicolon_stays_within_its_cell():
    """Where a spreadsheet separates cells by semicolons, the second half would be a formula."""
    assert exports.grades_csv([grade("a;=1+1")], []).decode().splitlines()[1].startswith('"a;=1+1",')


@given(st.lists(ANYTHING, unique=True, max_size=5))
@example(['a"b', "a,b", "a\r\nb", '"', "'", ""])
@example(["\ud800", "=\x00", "\ufeff="])
def test_any_name_comes_back(names):
    content = exports.grades_csv([grade(name) for name in names], ["gan"])
    rows = rows_of(content)
    assert len(content.splitlines()) == len(names) + 1, "no name breaks a line"
    for name, row in zip(sorted(names), rows, strict=True):
        cell = row.pop("submission")
        assert cell in (exports.visible(name), "'" + exports.visible(name))
        assert unicodedata.normalize("NFKC", cell.lstrip()[:1]) not in tuple("=+-@")
        assert row == {"total": "1", "maximum": "1", "status": "passed", "gan": "1"}


# ------------------------------------------------------------------------------------------------------------ Canvas

EXPORT = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (501),Homework 2 (502),Assignments Current Score,Current Score
,,,,,Manual Posting,,,
    Points Possible,,,,,20.00,10.00,(read only),(read only)
"Lovelace, Ada",11,U1,ada@x.edu,Section A,3.00,,30.00,30.00
"Hopper, Grace",12,U2,ghopper,"Sections A, B",EX,,,
"Turing, Alan",13,U3,aturing,Section A,N/A,,,
"Chen, Li",14,U4,lichen,Section A,,,,
"Student, Test",15,,b7c8,Section A,,,,
"""


@pytest.fixture
def roster(tmp_path):
    def write(text: str = EXPORT, encoding: str = "utf-8") -> Path:
        (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
        return tmp_path / "roster.csv"

    return write


def column(sheet: exports.Sheet, delimiter: str = ",") -> dict[str, str]:
    """First cell -> last cell of each row."""
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"), newline=""), delimiter=delimiter))
    return {row[0].strip(): row[-1] for row in rows}


@pytest.mark.parametrize("name", ["Homework 1", "501", "Homework 1 (501)"])
def test_canvas_fills_an_assignment(roster, name):
    sheet = exports.canvas([grade("x", points=10, ids={"canvas": "11"})], roster(), name)
    assert sheet.content.decode() == (
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (501)\n"
        ",,,,,Manual Posting\n"
        "    Points Possible,,,,,20.00\n"
        '"Lovelace, Ada",11,U1,ada@x.edu,Section A,20\n'
        '"Hopper, Grace",12,U2,ghopper,"Sections A, B",EX\n'
        '"Turing, Alan",13,U3,aturing,Section A,N/A\n'
        '"Chen, Li",14,U4,lichen,Section A,\n'
        '"Student, Test",15,,b7c8,Section A,\n'
    )
    assert sheet.filled == 1
    assert sheet.notes == (
        "scaled: 10 points here are 20 in Canvas",
        "4 of its people have no submission here: their marks stay as they were",
    )


def test_canvas_makes_an_assignment(roster):
    sheet = exports.canvas([grade("x", points=2.5, ids={"canvas": "11"})], roster(), "Divergences")
    assert column(sheet) == {
        "Student": "Divergences",
        "": "",
        "Points Possible": "2.5",
        "Lovelace, Ada": "2.5",
        "Hopper, Grace": "",
        "Turing, Alan": "",
        "Chen, Li": "",
        "Student, Test": "",
    }
    assert "the import makes it a new one. There are: Homework 1 (501), Homework 2 (502)" in sheet.notes[0]


def test_canvas_matches_by_what_is_surest(roster):
    grades = [
        grade("lovelaceada_9_8_gan.py", ids={"canvas": "14"}, name="Ada Lovelace", points=1),  # the id counts
        grade("b", ids={"email": "ADA@x.edu"}, points=2),
        grade("GHopper", points=3),
        grade("d", name="turingalan", points=4),
    ]
    sheet = exports.canvas(grades, roster(), "Homework 2")
    assert column(sheet) == {
        "Student": "Homework 2 (502)", "": "", "Points Possible": "10.00", "Lovelace, Ada": "10",
        "Hopper, Grace": "10", "Turing, Alan": "10", "Chen, Li": "10", "Student, Test": "",
    }  # fmt: skip
    assert sheet.filled == 4


@pytest.mark.parametrize("name", ["Ada Lovelace", "Lovelace, Ada", "lovelaceada", "LOVELACE,  ADA"])
def test_canvas_matches_names_as_they_are_written(roster, name):
    assert column(exports.canvas([grade("x", name=name)], roster(), "502"))["Lovelace, Ada"] == "10"


@pytest.mark.parametrize("name", ["Li Lovelace", "Lovelace Ada", "Chen Li", "adalovelace", "Ada", "", "!?"])
def test_canvas_guesses_no_names(roster, name):
    sheet = exports.canvas([grade("x", name=name)], roster(), "502")
    assert sheet.filled == 0
    assert "x: no row matches; not filled in" in sheet.notes


def test_canvas_fills_in_nothing_ambiguous(roster):
    twins = EXPORT + '"Lovelace, Ada",16,U6,ada2,Section B,,,,\n'
    grades = [
        grade("1 twin", name="Ada Lovelace"),
        grade("2 gone", ids={"canvas": "99"}, name="Alan Turing"),
        grade("3 first", ids={"canvas": "12"}),
        grade("4 second", ids={"canvas": "12"}),
        grade("5 third", name="Grace Hopper"),
        grade("6 \x1b[2J", name="Nobody Here"),
    ]
    sheet = exports.canvas(grades, roster(twins), "Homework 2")
    assert sheet.filled == 0
    assert set(sheet.notes[2:]) == {
        "1 twin: 2 rows have its name; not filled in",
        "2 gone: no row has its Canvas id; not filled in",
        "3 first, 4 second: the same row by their Canvas id; none filled in",
        "5 third: by its name its row is that of 3 first, 4 second; not filled in",
        r"6 \x1b[2J: no row matches; not filled in",
    }


def test_canvas_leaves_the_excused_alone(roster):
    grades = [grade("g", ids={"canvas": "12"}), grade("t", ids={"canvas": "13"})]
    sheet = exports.canvas(grades, roster(), "501")
    assert (column(sheet)["Hopper, Grace"], column(sheet)["Turing, Alan"], sheet.filled) == ("EX", "N/A", 0)
    assert {"g: EX in Canvas; left so", "t: N/A in Canvas; left so"} <= set(sheet.notes)


def test_canvas_in_another_language_with_every_column(roster):
    text = (
        "LastName;FirstName;ID;SIS User ID;SIS Login ID;Integration ID;Root Account;Section;Note;Läxa 1, 2 (7);End\r\n"
        "    Points Possible;;;;;;;;;10,0;(läs endast)\r\n"
        '"=""=cmd""";Ada;11;U1;ada;I1;x.edu;"A; B";hi;;\r\n'
    )
    sheet = exports.canvas(
        [grade("x", "passed", "wrong", points=5, ids={"canvas": "11"})], roster(text, "utf-8-sig"), "7"
    )
    assert sheet.content.decode("utf-8-sig") == (
        "LastName;FirstName;ID;SIS User ID;SIS Login ID;Integration ID;Root Account;Section;Läxa 1, 2 (7)\r\n"
        "    Points Possible;;;;;;;;10,0\r\n"
        '"=""=cmd""";Ada;11;U1;ada;I1;x.edu;"A; B";5\r\n'
    )
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    assert exports.canvas([grade("x", name="Ada cmd")], roster(text), "7").filled == 1


@pytest.mark.parametrize(
    ("change", "assignment", "message"),
    [
        (("Section,", "Group,"), "501", "no gradebook export .no column Section.: in Canvas, open Grades"),
        (("20.00", "(read only)"), "501", "lets no one change the column 'Homework 1 .501.'"),
        (("Homework 2 (502)", "Homework 1 (502)"), "Homework 1", "several assignments 'Homework 1': name one of"),
        (("", ""), "503", "unknown assignment of the roster '503'"),
        (("", ""), "Homework 9 (999)", "unknown assignment .* did you mean Homework"),
        (("", ""), "My Final Grade", "choose a title without 'Final Grade'"),
        (("Section A,3.00", "Section A,3.00,,"), "501", "line 4: 11 cells under 9 headings"),
        (('"Lovelace, Ada"', '"Lovelace" Ada'), "501", "line 4: .* download it again"),
    ],
)  # fmt: skip
def test_canvas_refuses(roster, change, assignment, message):
    with pytest.raises(CourseError, match=message):
        exports.canvas([grade()], roster(EXPORT.replace(*change, 1)), assignment)


def test_what_is_no_sheet_is_refused(roster, tmp_path):
    with pytest.raises(CourseError, match="is not UTF-8"):
        exports.canvas([], roster(EXPORT, "utf-16"), "501")
    for text in ("", "\n", "one cell\n"):
        with pytest.raises(CourseError, match="is no table"):
            exports.canvas([], roster(text), "501")
    with pytest.raises(CourseError, match="No such file"):
        exports.moodle([], tmp_path / "nowhere.csv")


# ------------------------------------------------------------------------------------------------------------ Moodle

WORKSHEET = "\ufeff" + "\r\n".join(
    [
        'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
        '"Last modified (submission)","Last modified (grade)","Feedback comments"',
        '"Participant 1001","Ada Lovelace",ada@x.edu,"Submitted for grading - ",,100.00,Yes,"20 November, noon",-,',
        '"Participant 1002","=cmd|\'/c calc\'!A1",,"Submitted\nfor grading",55.00,100.00,Yes,-,-,"<p>""Good""</p>"',
        '"Participant 1003","Alan Turing",alan@x.edu,,,100.00,No,-,-,',
        "",
    ]
)


@pytest.fixture
def worksheet(tmp_path):
    def write(text: str = WORKSHEET) -> Path:
        (tmp_path / "sheet.csv").write_bytes(text.encode())
        return tmp_path / "sheet.csv"

    return write


def cells(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter, strict=True))


def test_moodle_changes_grade_and_comment_alone(worksheet):
    grades = [
        grade("a", "passed", "wrong", "wrong", points=2, ids={"moodle": "1001"}),
        grade("b", ids={"moodle": "1002"}),
    ]
    sheet = exports.moodle(grades, worksheet())
    before, after = cells(WORKSHEET.encode()), cells(sheet.content)
    changed = {
        (row, after[0][at]): one
        for row, (old, new) in enumerate(zip(before, after, strict=True))
        for at, (was, one) in enumerate(zip(old, new, strict=True))
        if was != one
    }
    assert changed == {
        (1, "Grade"): "33.3333",
        (1, "Feedback comments"): "Out of Noise: 2 of 6 points: gan 2 of 6 (not all of f1, f2).",
        (2, "Grade"): "100",  # and a person's comment stays
    }
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    assert sheet.content.count(b"\r\n") == WORKSHEET.count("\r\n")
    assert b"Submitted\nfor grading" in sheet.content
    assert sheet.filled == 2
    assert "scaled: 1, 6 points here are 100 in Moodle" in sheet.notes


def test_moodle_updates_its_own_comment(worksheet, tmp_path):
    first = exports.moodle([grade("a", "wrong", ids={"moodle": "1001"})], worksheet())
    again = exports.moodle([grade("a", ids={"moodle": "1001"})], worksheet(first.content.decode()))
    assert cells(again.content)[1][-1] == "Out of Noise: 1 of 1 points: gan 1 of 1."
    assert again.content.startswith(b"\xef\xbb\xbfIdentifier")


def test_moodle_reports_what_it_leaves(worksheet):
    grades = [
        grade("locked", ids={"moodle": "1003"}),
        grade("too much", ids={"moodle": "1001"}, overrides={"gan": Override("gan", 1.5, "", "", "")}),
        grade("stranger", ids={"moodle": "42", "email": "ada@x.edu"}),
        grade("unknown", name="Ada Lovelace"),
    ]
    sheet = exports.moodle(grades, worksheet())
    assert sheet.filled == 0
    assert cells(sheet.content) == cells(WORKSHEET.encode())
    assert set(sheet.notes) >= {
        "locked: Moodle has locked its grade; left as it was",
        "too much: 150 is outside 0 to 100.00; left as it was",
        "stranger: no row has its participant number; not filled in",
        "unknown: no row matches; not filled in",
    }


def test_moodle_matches_by_address_where_there_is_no_number(worksheet):
    sheet = exports.moodle([grade("x", ids={"email": "Ada@X.edu"})], worksheet())
    assert cells(sheet.content)[1][4] == "100"


GERMAN = (
    "ID;Vollständiger Name;E-Mail-Adresse;Status;Bewertung;Bestwertung;Bewertung kann geändert werden;"
    "Zuletzt geändert (Abgabe);Zuletzt geändert (Bewertung);Feedback als Kommentar\n"
    "Teilnehmer/in1001;Ada Lovelace;ada@x.edu;;;10,00;Ja;-;-;\n"
    "Teilnehmer/in1002;Grace Hopper;grace@x.edu;;7,50;10,00;Ja;-;-;\n"
)


def test_moodle_in_another_language_by_what_the_cells_hold(worksheet):
    grades = [grade("a", "passed", "wrong", "wrong", points=5, ids={"moodle": "1001"})]
    sheet = exports.moodle(grades, worksheet(GERMAN))
    assert cells(sheet.content, ";")[1][4] == "3,3333"
    assert cells(sheet.content, ";")[2] == cells(GERMAN.encode(), ";")[2]
    assert "grades alone are filled in" in sheet.notes[0]
    named = exports.moodle(grades, worksheet(GERMAN), feedback="Feedback als Kommentar", grade="Bewertung")
    assert cells(named.content, ";")[1][-1].startswith("Out of Noise: 5 of 15 points")
    assert named.content.count(b"\r") == 0


@pytest.mark.parametrize(
    ("text", "named", "message"),
    [
        (GERMAN.replace("10,00", "sehr gut"), {}, "recognised as the grade or the maximum.*Vollständiger Name"),
        (GERMAN.replace("Teilnehmer/in", ""), {}, "no column is recognised as the identifier"),
        (GERMAN, {"grade": "Bewertng"}, "unknown column of sheet.csv 'Bewertng': did you mean Bewertung"),
        (WORKSHEET.replace("Maximum Grade", "Scale"), {}, "scale of words; have Moodle grade it in points"),
        (EXPORT, {}, "Is it the grading worksheet of an assignment in Moodle"),
    ],
)  # fmt: skip
def test_moodle_refuses(worksheet, text, named, message):
    with pytest.raises(CourseError, match=message):
        exports.moodle([grade()], worksheet(text), **named)


@given(ANYTHING, ANYTHING)
def test_moodle_comments_are_of_our_own_words(name, reason):
    """Moodle shows them as HTML."""
    override = Override("gan", 1, reason, name, "")
    plain = exports._comment(
        grade("a", "wrong", overrides={"gan": Override("gan", 1, "", "", "")}, days_late=2, factor=0.5)
    )
    assert (
        exports._comment(grade(name, "wrong", name=name, overrides={"gan": override}, days_late=2, factor=0.5)) == plain
    )
    assert not set("<>&\n") & set(plain)


# -------------------------------------------------------------------------------------------------------- Gradescope


def test_gradescope_results():
    one = Grade(
        "x",
        files={
            "gan": FileResult(
                "gan",
                (
                    result(points=2, exercise="step", test="test_secret_a"),
                    result("wrong", 1, "step", "test_secret_b", hint="\x1b[0mThe sign is wrong.", detail=SECRET),
                    result("grader fault", 0.5, "loss", "test_secret_c"),
                ),
                "reduced",
                ("a note",),
            )
        },
        factor=0.9,
        problems=("a problem",),
    )
    content = exports.gradescope(one)
    results = json.loads(content)
    # The keys of https://gradescope-autograders.readthedocs.io/en/latest/specs/
    assert results.keys() <= {"score", "output", "output_format", "visibility", "stdout_visibility", "tests"}
    assert results["score"] == 2.25
    assert results["visibility"] == "visible"
    assert results["stdout_visibility"] == "hidden"
    assert "reduced sandbox" in results["output"]
    assert [(test["name"], test["score"], test["max_score"], test["status"]) for test in results["tests"]] == [
        ("gan: step, check 1 of 2", 2, 2, "passed"),
        ("gan: step, check 2 of 2", 0, 1, "failed"),
        ("gan: loss, check 1 of 1", 0.5, 0.5, "passed"),
    ]
    for test in results["tests"]:
        assert (test["visibility"], test["output_format"]) == ("visible", "text"), "a hidden test hides the total"
        assert test.keys() == {"name", "score", "max_score", "status", "output", "output_format", "visibility"}
    assert results["tests"][1]["output"].splitlines()[1] == r"\x1b[0mThe sign is wrong."
    for hidden in (SECRET, "test_secret", "a note", "a problem"):
        assert hidden not in content.decode()
    log = exports.gradescope_log(one)
    for hidden in (SECRET, "test_secret_b: wrong", "a note", "a problem"):
        assert hidden in log
    assert "test_secret_a" not in log


@given(ANYTHING)
def test_gradescope_takes_any_text(text):
    one = Grade(
        text, files={text: FileResult(text, (result("wrong", exercise=text, hint=text, detail=text),), text, (text,))}
    )
    assert json.loads(exports.gradescope(one))["tests"]
    assert exports.visible(exports.gradescope_log(one), "\n").encode().decode() == exports.gradescope_log(one)


# ---------------------------------------------------------------------------------------------------------- JUnit XML


def test_junit_tells_failures_from_errors():
    root = ElementTree.fromstring(exports.junit_xml([grade("b", *STATUSES), grade("a")]))
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["a/gan", "b/gan"]
    outcomes = {status: [child.tag for child in case] for status, case in zip(STATUSES, suites[1], strict=True)}
    assert outcomes == {
        "passed": [],
        "not implemented": ["skipped"],
        "missing": ["skipped"],
        "wrong": ["failure"],
        "forbidden": ["failure"],
        "crashed": ["error"],
        "malformed answer": ["failure"],
        "over limit": ["error"],
        "timed out": ["error"],
        "grader fault": ["error"],
    }
    for element, tests in ((suites[1], 10), (root, 11)):
        counts = {key: int(element.get(key)) for key in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": tests, "failures": 3, "errors": 4, "skipped": 2}
    assert suites[1][3][0].get("type") == "wrong"


@given(ANYTHING)
@example("]]>&<\x00\x08\ufffe\ud800\r\n")
def test_junit_takes_any_text(text):
    one = Grade(text, files={"gan": FileResult("gan", (result("wrong", hint=text, detail=text, test=text),), "full")})
    (suite,) = ElementTree.fromstring(exports.junit_xml([one]))
    assert suite.get("name") == exports.visible(text) + "/gan"
    (case,) = suite
    assert case.get("name") == exports.visible(text)
    assert (case[0].text or "") == exports.visible(text, "\n\t")
