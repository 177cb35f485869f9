"""Pages tell the student what helps and nothing more, and no text of a stranger's becomes part of a page's making."""

import base64
import csv
import hashlib
import itertools
import json
import os
import random
import re
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from course_lib.authoring import screenshots
from course_lib.errors import CourseError
from course_lib.grading import exports, reports
from course_lib.grading.intake import file_name
from course_lib.grading.records import STATUSES, FileResult, Grade, Override, TestResult, to_json
from course_lib.grading.spec import ROOT, chapter, slugs

ANYTHING = st.text(st.characters(), max_size=40)
HOSTILE = [
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "'><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "</style><style>*{display:none}",
    "{{ 7 * 7 }}{% raw %}&lt;",
    "\x1b[31m\u202eexe.fdp\ud800\x00",
    "=cmd|'/c calc'!A1",
    "שלום, עולם",
    "x" * 300,
]
EXERCISES = {slug: {one.name: one for one in chapter(slug).exercises} for slug in slugs()}


def file(slug: str, *statuses: str, sandbox: str = "full", **more) -> FileResult:
    """The chapter's exercises with two checks each, of these statuses in turn."""
    checks = [(name, i) for name in EXERCISES[slug] for i in range(2)]
    results = [
        TestResult(f"test_hidden_{name}_{i}", name, 1, status, **(more if status != "passed" else {}))
        for (name, i), status in zip(checks, itertools.cycle(statuses or ("passed",)), strict=False)
    ]
    return FileResult(slug, tuple(results), sandbox)


def grade(submission: str, *statuses: str, slug: str = "gan", **more) -> Grade:
    return Grade(submission, files={slug: file(slug, *statuses)}, **more)


class Parsed(HTMLParser):
    """A page as a browser takes it: the elements with their attributes, and the text outside the style."""

    def __init__(self, page: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.declarations: list[str] = []
        self.inside = ""
        self.style = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.inside = tag
        if tag not in ("code", "wbr", "bdi", "a", "span", "strong", "em", "cite"):
            self.texts.append(" ")

    def handle_data(self, data):
        if self.inside == "style":
            self.style += data
            self.inside = ""
        else:
            self.texts.append(data)

    def handle_decl(self, declaration):
        self.declarations.append(declaration)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """What text must not change; `code` and `wbr` are how words are set."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements if tag not in ("code", "wbr")]


def check_harmless(page: Parsed, book: str = "") -> None:
    """No script, nothing loaded, and a policy that forbids both."""
    assert page.declarations == ["DOCTYPE html"]
    for tag, attributes in page.elements:
        assert tag not in {"script", "iframe", "object", "embed", "link", "img", "form", "base", "image", "use"}, tag
        assert (
            not {name for name in attributes if name.startswith("on")} | {"src", "style", "srcset"} & attributes.keys()
        )
        for name in ("href", "xlink:href"):
            target = attributes.get(name) or "#"
            known = r"#[\w-]+|#|students/[\w.-]+\.html"
            assert re.fullmatch(known, target) or (book and target.startswith(f"{book}/")), target
    (policy,) = [one["content"] for tag, one in page.elements if one.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|http", page.style)


def with_text(text: str) -> Grade:
    """A grade whose every word that could be a stranger's, or could quote one, is this."""
    more = {"hint": text, "detail": text, "mistakes": (text,)}
    return Grade(
        f"{text} ",
        text,
        {"canvas": text, "email": text},
        {
            "divergences": file("divergences", "wrong", "passed", **more),
            "gan": file("gan", "grader fault", "passed", **more),
            "vae": replace(file("vae", "crashed", **more), sandbox="reduced", notes=(text,)),
        },
        {"gan": Override("gan", 3, text, text, text)},
        2,
        0.5,
        (text, f"{text}: twice"),
    )


# ------------------------------------------------------------------------------------------------------- one student


def test_a_student_reads_what_failed_and_where_to_read_on():
    one = Grade(
        "lovelaceada_1_2",
        "Ada Lovelace",
        files={
            "divergences": file("divergences", "passed"),
            "gan": replace(
                file("gan", "passed"),
                results=(
                    TestResult("test_a", "discriminator_loss", 1.5, "passed"),
                    TestResult("test_b", "discriminator_loss", 0.5, "crashed", "It raised `TypeError`.", line=17),
                    TestResult("test_c", "generator_step", 1, "wrong", "The sign.", mistakes=("You ascend.",)),
                    TestResult("test_d", "generator_step", 1, "wrong", "The sign.", mistakes=("You ascend.",)),
                ),
            ),
        },
    )
    page = Parsed(reports.student_page(one))
    check_harmless(page)
    text = page.text
    assert "Ada Lovelace" in text
    assert "11.5 of 14 points" in text
    assert "Submission: lovelaceada_1_2" in text
    for words in (
        "Generative adversarial networks: a forger and a judge 1.5 of 4 points. File: gan.py",
        "discriminator_loss 1.5 of 2 points crashed 1 of 2 checks, worth 0.5 points "
        "The code raised an exception or ended its process. It stopped at line 17 of your file. It raised TypeError.",
        "generator_step 0 of 2 points wrong 2 of 2 checks, worth 2 points "
        "The answer is not what the contract asks for. The sign. Perhaps: You ascend.",
    ):
        assert words in text, text
    labels = ", ".join(EXERCISES["gan"]["generator_step"].equations)
    assert re.search(rf"Read on: Generative adversarial networks: a forger and a judge, equations? {labels}", text)
    assert not [href for tag, attributes in page.elements if tag == "a" and (href := attributes["href"])[0] != "#"]
    assert text.count("You ascend.") == 1, "what failed alike is told once"


def test_with_an_address_of_the_book_its_pages_are_linked():
    book = "https://book.example/html"
    page = Parsed(reports.student_page(grade("x", "wrong", "passed"), book=f"{book}/"))
    check_harmless(page, book)
    links = {attributes["href"] for tag, attributes in page.elements if tag == "a"}
    assert f"{book}/gan.html" in links
    assert f"{book}/gan.html#exercise-discriminator-loss" in links
    assert f"{book}/gan.html#equation-{EXERCISES['gan']['discriminator_loss'].equations[0]}" in links


def test_a_chapter_that_the_book_does_not_have_yet():
    one = Grade("x", files={"unwritten": FileResult("unwritten", (TestResult("a", "f", 1, "wrong"),) * 2, "full")})
    assert "unwritten 0 of 2 points. File: unwritten.py" in Parsed(reports.student_page(one)).text
    assert "unwritten" in Parsed(reports.class_page([one])).text


@pytest.mark.parametrize("book", ["javascript:alert(1)", "data:text/html,x", "C:\\book"])
def test_an_address_that_is_no_book_is_refused(book):
    with pytest.raises(CourseError, match="is none that a page may link to"):
        reports.student_page(grade("x"), book=book)


def test_what_a_student_must_not_see_is_not_there():
    secret = {"detail": "SECRET-DETAIL", "hint": "a hint"}
    one = Grade(
        "x",
        files={"gan": replace(file("gan", *STATUSES, **secret), notes=("SECRET-NOTE",))},
        overrides={"gan": Override("gan", 1, "a reason", "SECRET-BY", "2026-11-20")},
        problems=("SECRET-PROBLEM",),
    )
    page = reports.student_page(one)
    assert "SECRET" not in page
    assert "test_hidden" not in page
    for shown in ("a hint", "a reason", "2026-11-20"):
        assert shown in page


def test_a_student_reads_of_lateness_points_by_hand_and_the_sandbox():
    text = Parsed(reports.student_page(with_text("quiet"))).text
    for words in (
        "Handed in 2 days late: the points earned count 50 %.",
        "gan: 3 points were set by hand on quiet; they are final, lateness takes nothing off. Reason: quiet",
        "Graded in the reduced sandbox",
        "Part of the grading failed through no fault of yours",
        "3 of 10 points, set by hand; the checks gave 10.",
        "2.5 of 10 points, after lateness; earned: 5.",
        "crashed the whole file",
    ):
        assert words in text, text
    assert "sandbox" not in Parsed(reports.student_page(grade("x"))).text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text):
    one = with_text(text)
    for page in (reports.student_page(one), reports.class_page([one, grade("calm", "passed")])):
        parsed = Parsed(page)
        check_harmless(parsed)
        assert re.sub(r"\s+", " ", exports.visible(text))[:59] in parsed.text
        page.encode()
        assert not set("\x1b\u202e\x00") & set(page)


CALM_STUDENT = Parsed(reports.student_page(with_text("calm"))).shape
CALM_CLASS = Parsed(reports.class_page([with_text("calm")])).shape


@given(ANYTHING.filter(str.strip))
@settings(max_examples=60, deadline=None)
def test_no_text_changes_the_shape_of_a_page(text):
    assert Parsed(reports.student_page(with_text(text))).shape == CALM_STUDENT
    assert Parsed(reports.class_page([with_text(text)])).shape == CALM_CLASS


# --------------------------------------------------------------------------------------------------------- the class


@pytest.fixture
def group() -> list[Grade]:
    told = (
        "You ascend.",
        "A sum.",
        "No gradient.",
        "Too late.",
        "Too early.",
    )  # all as common: their order must be sure
    mistaken = TestResult("test_hidden_generator_step_0", "generator_step", 1, "wrong", mistakes=told)
    rest = file("gan", "passed").results
    grades = [
        Grade(f"m{i}", files={"gan": FileResult("gan", (*rest[:-2], mistaken, mistaken), "full")}) for i in range(3)
    ]
    return [
        *grades,
        grade("best", "passed"),
        grade("odd", "passed", problems=("gan (1).py and gan.py differ",)),
        grade("slow", "timed out"),
        grade("gone", "missing"),
        grade("unlucky", "grader fault"),
        replace(grade("byhand", "wrong"), overrides={"gan": Override("gan", 4, "interview", "J", "2026-11-20")}),
        replace(grade("where"), files={"gan": file("gan", "passed", sandbox="none")}),
    ]


def test_the_class_at_a_glance(group):
    page = Parsed(reports.class_page(group))
    check_harmless(page)
    text = page.text
    totals = sorted(one.total for one in group)
    assert "Submissions 10" in text
    assert f"Median {exports.number((totals[4] + totals[5]) / 2)}" in text
    for words in (
        "Grader faults: 1",
        "unlucky",
        "Problems in what was handed in: 1 What was found, and what was made of it. odd gan (1).py and gan.py differ",
        "Timed out: 1",
        "Missing files: 1 No such file was handed in. gone gan",
        "Points set by hand: 1 byhand gan: 4 points, by J on 2026-11-20: interview",
        "Not in the full sandbox: 1 where gan: none",
        "You ascend. generator_step 3",
    ):
        assert words in text, text
    assert text.index("Grader faults") < text.index("Problems in what") < text.index("Timed out")
    open_ones = [one for tag, one in page.elements if tag == "details" and "open" in one]
    assert len(open_ones) == 2, "faults and problems are unfolded, the rest is not"


def test_links_lead_to_the_pages(group, tmp_path):
    reports.write(tmp_path, [*group, with_text(HOSTILE[0])])
    page = Parsed((tmp_path / "index.html").read_text(encoding="utf-8"))
    links = {attributes["href"] for tag, attributes in page.elements if tag == "a"}
    assert links == {f"students/{path.name}" for path in (tmp_path / "students").iterdir()}
    assert len(links) == len(group) + 1


def test_hardest_first(group):
    rows = reports._exercise_rates(group)
    assert rows[0]["name"] == "generator_step"
    # Three were mistaken, one timed out, one was wrong; four passed: 4 of 8 who wrote something and were graded.
    passed, wrong, stopped, unwritten = rows[0]["counts"]
    assert (passed, wrong, stopped, unwritten) == (3, 4, 1, 1)
    assert rows[0]["rate"] == "38\u00a0%"
    rates = [row["order"][0] for row in rows]
    assert rates == sorted(rates)
    checks = {row["name"]: row["counts"] for row in reports._check_rates(group)}
    assert checks["test_hidden_discriminator_loss_0"] == [6, 1, 1, 1]


def test_an_exercise_that_no_one_began_comes_last():
    rows = reports._exercise_rates([grade("a", "missing"), grade("b", "wrong", slug="vae")])
    assert [row["slug"] for row in rows] == ["vae"] * 5 + ["gan"] * 5
    assert rows[-1]["rate"] == "–"


@pytest.mark.parametrize(
    ("values", "maximum", "counts"),
    [
        ([0, 3.99, 4, 40], 40, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
        ([-1, 41], 40, [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]),  # points by hand may lie outside
        ([0, 0], 0, [2, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_histogram(values, maximum, counts):
    plot = reports._histogram(values, maximum, "Totals")
    assert [bar["count"] for bar in plot["bars"]] == counts
    heights = [bar["height"] for bar in plot["bars"]]
    assert all(bar["y"] + bar["height"] == pytest.approx(plot["base"]) for bar in plot["bars"])
    assert heights.index(max(heights)) == counts.index(max(counts))
    assert "Submissions with 0 to" in plot["alt"]


def test_an_empty_class():
    page = Parsed(reports.class_page([]))
    check_harmless(page)
    assert "No submissions." in page.text


def test_a_class_without_trouble_says_so():
    assert "No one: no grader fault" in Parsed(reports.class_page([grade("a", "passed")])).text


@pytest.mark.slow
def test_a_thousand_students_take_seconds():
    more = {"hint": "The sign.", "mistakes": ("You ascend.",)}
    grades = [
        Grade(
            f"student {i}",
            f"Name {i}",
            files={slug: file(slug, "passed", "wrong", "crashed", **more) for slug in slugs()},
        )
        for i in range(1000)
    ]
    start = time.perf_counter()
    page = reports.class_page(grades)
    assert time.perf_counter() - start < 10
    assert len(page) < 2e6
    assert page.count('<th scope="row" class="person">') == 1000


# ----------------------------------------------------------------------------------------------------------- writing


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_everything_is_written_for_its_owner_alone(group, tmp_path):
    out = tmp_path / "grades"
    reports.write(out, group)
    files = contents(out)
    assert files.keys() == {"grades.csv", "junit.xml", "index.html"} | {
        f"students/{one.submission}.html" for one in group
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_file()} == {0o600}
    assert stat.S_IMODE((out / "students").stat().st_mode) == 0o700
    rows = list(csv.DictReader(files["grades.csv"].decode().splitlines()))
    assert [row["submission"] for row in rows] == sorted(one.submission for one in group)
    assert list(rows[0]) == ["submission", "total", "maximum", "status", "gan"]
    assert len(ElementTree.fromstring(files["junit.xml"])) == len(group)


def test_pages_of_those_who_left_go(group, tmp_path):
    reports.write(tmp_path, group)
    (tmp_path / "students" / "gone.html.part").write_text("left by a run that was stopped")
    (tmp_path / "students" / "README").write_text("not ours")
    reports.write(tmp_path, [one for one in group if one.submission != "gone"])
    names = {path.name for path in (tmp_path / "students").iterdir()}
    assert names == {f"{file_name(one.submission)}.html" for one in group if one.submission != "gone"} | {"README"}


def test_the_order_of_slugs_is_the_books(tmp_path):
    files = {slug: file(slug, "passed") for slug in reversed(slugs())}
    reports.write(tmp_path, [Grade("x", files=files)])
    assert (tmp_path / "grades.csv").read_text().splitlines()[0].split(",")[4:] == slugs()
    reports.write(tmp_path, [Grade("x", files=files)], slugs=["gan"])
    assert (tmp_path / "grades.csv").read_text().splitlines()[0].split(",")[4:] == ["gan"]


RERUN = """
import json, sys
from pathlib import Path
from course_lib.grading import records, reports
made = [records.Grade(name, files={"gan": records.from_json(file)}) for name, file in json.load(sys.stdin)]
reports.write(Path(sys.argv[1]), made)
"""


def test_same_grades_same_bytes(group, tmp_path):
    """In any order, on any day, in any process: sets and hashes of strings are not the same in two of them."""
    plain = [Grade(one.submission, files=one.files) for one in group]
    reports.write(tmp_path / "a", plain)
    shuffled = random.Random(1).sample(plain, len(plain))
    given_in = json.dumps([(one.submission, to_json(one.files["gan"])) for one in shuffled])
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", RERUN, str(tmp_path / "b")]
    subprocess.run(command, input=given_in, text=True, check=True, cwd=ROOT, env=environment)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


# ------------------------------------------------------------------------------------------------------- in a browser

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.browser
@pytest.mark.slow
def test_accessible_within_the_screen_and_silent(group, chromium, tmp_path):
    reports.write(tmp_path, [*group, *map(with_text, HOSTILE)], book="https://book.example")
    students = [tmp_path / "students" / f"{file_name(f'{text} ')}.html" for text in (HOSTILE[0], HOSTILE[-1])]
    pages = [tmp_path / "index.html", *students]
    found: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda message: found.append(message.text))
        page.on("request", lambda request: request.url.startswith("file:") or found.append(request.url))

    for theme, (name, width) in itertools.product(screenshots.THEMES, screenshots.WIDTHS.items()):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        page = context.new_page()
        listen(page)
        for path in pages:
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            where = f"{path.name}, {name}, {theme}"
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append(f"{where}: wider than the screen")
            page.evaluate(AXE.read_text(encoding="utf-8"))
            broken = page.evaluate("axe.run(document, {resultTypes: ['violations'], elementRef: false})")["violations"]
            found += [f"{where}: {one['id']}: {one['nodes'][0]['html'][:100]}" for one in broken]
        context.close()
    assert not found, "\n".join(found)
