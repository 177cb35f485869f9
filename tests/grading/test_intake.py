"""Downloads of every kind become submissions, and nothing is lost without a word."""

import hashlib
import io
import json
import os
import random
import re
import string
import time
import warnings
import zipfile
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_lib.errors import CourseError, CourseWarning
from course_lib.grading import intake
from course_lib.grading.intake import Submission, file_name, read

SLUGS = ["gan", "vae"]
GAN, VAE, OTHER = b"def gan(): ...\n", b"def vae(): ...\n", b"def other(): ...\n"

METADATA = """---
submission_11:
  :submitters:
  - :name: Ada Lovelace
    :sid: '06758767'
    :email: ada@example.org
  :created_at: 2026-12-02 02:52:07.938335000 Z
  :score: 0.0
  :results:
    output: |
      :submitters:
      - :name: Mallory
  :history:
  - :submitters: []
    :created_at: 2026-11-30 07:30:05.262325000 Z
    :id: 217383000
submission_12:
  :submitters:
  - :name: Alan Turing
    :sid: '1'
    :email: alan@example.org
  - :name: Grace Hopper
    :sid: '2'
    :email: grace@example.org
  :created_at: 2026-12-01 04:04:59.089605000 -08:00
submission_13:
  :submitters:
  - :name: Emmy Noether
    :email: emmy@example.org
  :created_at: 2026-12-01 00:00:00
"""


def make_zip(files, method=zipfile.ZIP_DEFLATED):
    """Files: name -> bytes, or pairs, where a name comes twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data)
    return buffer.getvalue()


def lay(root, files):
    """Write files: name -> bytes; a name with / at its end is a folder."""
    root.mkdir(exist_ok=True)
    for name, data in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return root


@pytest.fixture(params=["folder", "zip", "zip around a folder"])
def download(request, tmp_path):
    """Lay files out as a download, and read it: as a folder, or as the zip it came in."""

    def get(files, slugs=SLUGS):
        if request.param == "folder":
            return read(lay(tmp_path / "all", files), slugs)
        prefix = "all/" if request.param == "zip around a folder" else ""
        (tmp_path / "all.zip").write_bytes(make_zip({prefix + name: data for name, data in files.items()}))
        return read(tmp_path / "all.zip", slugs)

    return get


def one(tmp_path, files, slugs=SLUGS):
    """The only student of a class of two, as it were: what is read of a folder with these files."""
    lay(tmp_path / "class", {f"ada/{name}": data for name, data in files.items()})
    lay(tmp_path / "class", {"ada/": b"", "zoe/gan.py": GAN})
    return read(tmp_path / "class", slugs)[0]


def by_name(found):
    return {each.submission: each for each in found}


# Layouts


def test_plain_folders_and_zips(download):
    found = download(
        {
            "bob/gan.py": GAN,
            "bob/deep/down/vae.py": VAE,
            "ada.zip": make_zip({"work/gan.py": GAN, "work/vae.py": VAE}),
            "Zoé O'Neill/gan.py": GAN,
        }
    )
    assert [each.submission for each in found] == ["Zoé O'Neill", "ada", "bob"]
    assert [each.name for each in found] == ["Zoé O'Neill", "ada", "bob"]
    ada = by_name(found)["ada"]
    assert ada == Submission("ada", "ada", files={"gan": GAN, "vae": VAE})
    assert by_name(found)["bob"] == Submission("bob", "bob", files={"gan": GAN, "vae": VAE})


def test_canvas_flat_files(download):
    found = by_name(
        download(
            {
                "lovelaceada_123_4001_gan.py": GAN,
                "lovelaceada_123_4002_vae.py": VAE,
                "turingalan_LATE_124_4003_gan-2.py": GAN,
                "turingalan_LATE_124_4004_vae.py": VAE,
                "hopper_grace_125_4005_submission.zip": make_zip({"gan.py": GAN, "vae.py": VAE}),
                "noetheremmy_126_text.html": b"<p>my code</p>",
                "_127_4006_gan.py": GAN,  # a name that Canvas left nothing of
                "毛_LATE_128_link.html": b"",
                "anon_x9Yz1_4007_gan.py": GAN,
                "LATE_anon_B2c3D_4008_gan.py": GAN,
            }
        )
    )
    ada = found["lovelaceada_123"]
    assert ada == Submission("lovelaceada_123", "lovelaceada", {"canvas": "123"}, {"gan": GAN, "vae": VAE}, late=False)
    alan = found["turingalan_124"]
    assert alan.late is True
    assert alan.files == {"gan": GAN, "vae": VAE}
    assert alan.problems == ("gan.py: taken from gan-2.py",)
    assert found["hopper_grace_125"].files == {"gan": GAN, "vae": VAE}
    emmy = found["noetheremmy_126"]
    assert (emmy.files, emmy.ids) == ({}, {"canvas": "126"})
    assert emmy.problems == ("no gan.py, vae.py; not read: text.html (a page)",)
    assert found["_127"].ids == {"canvas": "127"}
    assert (found["毛_128"].late, found["毛_128"].name) == (True, "毛")
    anonymous, late = found["anon_x9Yz1"], found["anon_B2c3D"]
    assert (anonymous.ids, anonymous.name, anonymous.late) == ({}, "", False)
    assert late.late is True
    assert len(found) == 8


def test_the_students_file_name_cannot_change_whose_it_is(download):
    """Only Canvas's two numbers count, though the student may call the file anything."""
    found = download({"ada_7_4001_999_5000_gan.py": GAN, "bob_8_4002_bob_LATE_9_1_gan.py": GAN})
    assert [(each.submission, each.ids, each.late) for each in found] == [
        ("ada_7", {"canvas": "7"}, False),
        ("bob_8", {"canvas": "8"}, False),
    ]


def test_numbers_of_thousands_of_digits_are_no_ids(tmp_path):
    digits = "1" * 6000
    names = [
        f"ada_{digits}_2_gan.py",
        f"ada_2_{digits}_gan.py",
        f"ada_1_2_gan-{digits}.py",
        f"Ada_{digits}_assignsubmission_file_",
    ]
    (tmp_path / "a.zip").write_bytes(make_zip(dict.fromkeys([*names, "bob_٣_٤_gan.py", "zoe_1_2_gan.py"], GAN)))
    found = by_name(read(tmp_path / "a.zip", ["gan"]))
    assert found["zoe_1"].files == {"gan": GAN}
    assert found["ada_1"].ids == {"canvas": "1"}
    assert sum("names nobody" in each.problems[0] for each in found.values()) == 4


def test_a_name_that_ends_like_a_number_does_not_take_anothers_place(download):
    """Canvas's user 99 calls herself eve_12, and the file name then reads like user 12's."""
    found = by_name(download({"eve_12_99_4001_gan.py": OTHER, "ada_12_4002_gan.py": GAN}))
    assert found["ada_12"].ids == {"canvas": "12"}
    assert found["ada_12"].files == {"gan": GAN}
    assert found["eve_12"].ids == {}
    assert any("may be another's" in line for line in found["eve_12"].problems)
    assert any("the same person handed in as eve_12, too: canvas 12" in line for line in found["ada_12"].problems)


def test_moodle_folders_and_flat_files(download):
    found = by_name(
        download(
            {
                "Ada Lovelace_1234567_assignsubmission_file_/gan.py": GAN,
                "Ada Lovelace_1234567_assignsubmission_file_/vae.py": VAE,
                "Ada Lovelace_1234567_assignsubmission_onlinetext_/onlinetext.html": b"hello",
                "Alan Turing_1234568_assignsubmission_file/src/gan.py": GAN,
                "Grace Hopper_1234569_assignsubmission_file_gan.py": GAN,
                "Grace Hopper_1234569_assignsubmission_file_vae.py": VAE,
                "Noether, Emmy_1234570_assignsubmission_file_/submission.zip": make_zip({"gan.py": GAN}),
                "Default group_assignsubmission_file/gan.py": GAN,
                "O_1_assignsubmission_onlinetext_onlinetext.html": b"text only",
            }
        )
    )
    ada = found["Ada Lovelace_1234567"]
    assert ada == Submission(
        "Ada Lovelace_1234567", "Ada Lovelace", {"moodle": "1234567"}, {"gan": GAN, "vae": VAE}, None, None, ()
    )
    assert found["Alan Turing_1234568"].files == {"gan": GAN}
    assert found["Grace Hopper_1234569"].files == {"gan": GAN, "vae": VAE}
    assert found["Noether, Emmy_1234570"].name == "Noether, Emmy"
    assert found["Noether, Emmy_1234570"].files == {"gan": GAN}
    assert (found["Default group"].ids, found["Default group"].files) == ({}, {"gan": GAN})
    assert found["O_1"].problems == ("no gan.py, vae.py; not read: onlinetext.html (a page)",)
    assert len(found) == 6


def test_gradescope_export(download):
    found = by_name(
        download(
            {
                "assignment_77_export/submission_metadata.yml": METADATA.encode(),
                "assignment_77_export/submission_11/gan.py": GAN,
                "assignment_77_export/submission_11/sub/vae.py": VAE,
                "assignment_77_export/submission_12/gan.py": GAN,
                "assignment_77_export/submission_14/gan.py": GAN,
            }
        )
    )
    ada = found["submission_11"]
    assert ada == Submission(
        "submission_11",
        "Ada Lovelace",
        {"gradescope": "11", "email": "ada@example.org"},
        {"gan": GAN, "vae": VAE},
        None,
        datetime(2026, 12, 2, 2, 52, 7, 938335, UTC),
    )
    group = found["submission_12"]
    assert (group.name, group.ids) == ("Alan Turing, Grace Hopper", {"gradescope": "12"})
    assert "2 people together, who share the grade: alan@example.org, grace@example.org" in group.problems[0]
    assert group.submitted == datetime(2026, 12, 1, 4, 4, 59, 89605, timezone(-timedelta(hours=8)))
    emmy = found["submission_13"]  # in the metadata, without a folder
    assert (emmy.name, emmy.files, emmy.problems) == ("Emmy Noether", {}, ("nothing was handed in",))
    assert emmy.submitted == datetime(2026, 12, 1, tzinfo=UTC)
    unknown = found["submission_14"]
    assert (unknown.files, unknown.submitted) == ({"gan": GAN}, None)
    assert "does not name it" in unknown.problems[0]


@pytest.mark.parametrize(
    "metadata",
    [
        b"\xff\xfe\x00", b"[1, 2", b"- a\n- b\n", b"", b"!!python/object/apply:os.system ['touch /tmp/x']",
        b"submission_11: 5", b"submission_11: {':submitters': 5, ':created_at': soon}",
        b"submission_11: {':submitters': [1, {':name': [x]}], ':created_at': 2026-12-01}", b"a: &a [*a]", b"{[]: 1}",
    ],
)  # fmt: skip
def test_metadata_that_is_no_metadata(tmp_path, metadata):
    lay(tmp_path / "a", {"submission_metadata.yml": metadata, "submission_11/gan.py": GAN, "submission_12/gan.py": GAN})
    found = by_name(read(tmp_path / "a", SLUGS))
    assert found["submission_11"].files == {"gan": GAN}
    assert found["submission_11"].submitted is None
    assert found["submission_12"].problems


def test_times_and_marks_that_a_student_writes_count_for_nothing(tmp_path):
    manifest = json.dumps({"submitted": "2020-01-01T00:00:00Z", "name": "someone else", "files": {}}).encode()
    ada = one(
        tmp_path,
        {
            "gan.py": GAN,
            "manifest.json": manifest,
            "submission_metadata.yml": METADATA.encode(),
            "ada_LATE_1_2_vae.py": VAE,
            "Bob_5_assignsubmission_file_/vae.py": VAE,
        },
    )
    assert (ada.submission, ada.name, ada.ids, ada.late, ada.submitted) == ("ada", "ada", {}, None, None)


def test_a_folder_around_the_download_is_told(tmp_path):
    lay(tmp_path / "a", {"download/ada/gan.py": GAN, "download/bob.zip": make_zip({"gan.py": GAN})})
    with pytest.warns(CourseWarning, match="download was read as a folder of all submissions"):
        found = read(tmp_path / "a", SLUGS)
    assert [each.submission for each in found] == ["ada", "bob"]


def test_one_student_alone(tmp_path):
    lay(tmp_path / "a", {"ada/src/gan.py": GAN, "ada/vae.py": VAE})
    assert read(tmp_path / "a", SLUGS) == [Submission("ada", "ada", files={"gan": GAN, "vae": VAE})]


# Nothing at all


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (None, "no such folder"),
        ({}, "holds nothing"),
        ({".DS_Store": b"", "__MACOSX/._gan.py": b""}, "holds nothing"),
        ({"gan.py": GAN, "vae.py": VAE}, r"no submission, but gan\.py, vae\.py; name the folder that holds a folder"),
        ({"roster.csv": b""}, r"no submission, but roster\.csv"),
    ],
)
def test_no_submission_is_an_error(tmp_path, files, words):
    if files is not None:
        lay(tmp_path / "a", files)
    with pytest.raises(CourseError, match=words):
        read(tmp_path / "a", SLUGS)


def test_a_zip_that_is_none_is_an_error(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"Rar!")
    with pytest.raises(CourseError, match="damaged zip"):
        read(tmp_path / "a.zip", SLUGS)


def test_nobodys_files_are_told(tmp_path):
    lay(tmp_path / "a", {"ada/gan.py": GAN, "roster.csv": b"", "vae.py": VAE, "left.rar": b""})
    with pytest.warns(CourseWarning, match=r"belongs to no student and was not read: roster\.csv"):
        found = by_name(read(tmp_path / "a", SLUGS))
    assert set(found) == {"ada", "vae.py", "left.rar"}
    assert found["vae.py"].files == {}
    assert "names nobody: not read. Put it into a folder named after its owner" in found["vae.py"].problems[0]


def test_nobodys_entries_of_the_whole_zip_are_told(tmp_path):
    (tmp_path / "a.zip").write_bytes(make_zip({"ada/gan.py": GAN, "../evil.py": OTHER, "bob/../ada/gan.py": OTHER}))
    with pytest.warns(CourseWarning, match=r"was not read: \.\./evil\.py"):
        found = by_name(read(tmp_path / "a.zip", SLUGS))
    assert found["ada"].files == {"gan": GAN}
    assert "leads out of the zip" in found["bob"].problems[0]


@pytest.mark.parametrize("files", [{}, {"notes.md": b""}, {".hidden/gan.py": GAN}, {"sub/": b""}])
def test_who_handed_in_nothing_usable_is_there(tmp_path, files):
    ada = one(tmp_path, files)
    assert (ada.submission, ada.files) == ("ada", {})
    assert ada.problems


# Which file counts


@pytest.mark.parametrize(
    "name",
    [
        "gan (1).py", "gan(1).py", "gan-2.py", "gan_2.py", "gan2.py", "GAN.py", "Gan.PY", "gan.py.txt", "gan.py.py",
        "gan - Copy.py", "gan - Copy (2).py", "gan copy 3.py", "Copy of gan.py", "my_gan.py", "ada-gan.py",
        "gan final.py", "gan_v2_FINAL.py", " gan.py", "gan .py", "hw1.gan.py",
    ],
)  # fmt: skip
def test_a_renamed_file_is_taken_and_told(tmp_path, name):
    ada = one(tmp_path, {name: GAN, "vae.py": VAE})
    assert ada.files == {"gan": GAN, "vae": VAE}
    assert ada.problems == (f"gan.py: taken from {name}",)


@pytest.mark.parametrize(
    "name", ["test_gan.py", "tests_gan.py", "gan_test.py", "wgan.py", "gander.py", "gan.txt", "gan.pyc", "gan", ".py"]
)
def test_another_file_is_not_taken(tmp_path, name):
    ada = one(tmp_path, {name: GAN, "vae.py": VAE})
    assert ada.files == {"vae": VAE}
    assert name == ".py" or f"no gan.py; not read: {name} (" in ada.problems[0]


def test_an_exact_name_wins_and_the_other_is_told(tmp_path):
    ada = one(tmp_path, {"gan.py": GAN, "gan (1).py": OTHER, "my_gan.py": OTHER, "GAN2.py": GAN})
    assert ada.files == {"gan": GAN}
    assert ada.problems == ("gan.py: taken from gan.py; not taken, though different: gan (1).py, my_gan.py",)


def test_copies_are_no_conflict(tmp_path):
    ada = one(tmp_path, {"gan.py": GAN, "gan (1).py": GAN, "old/gan.py": GAN, "a.zip": make_zip({"x/gan.py": GAN})})
    assert ada.files == {"gan": GAN}
    assert ada.problems == ()


@pytest.mark.parametrize("names", [("a/gan.py", "b/gan.py"), ("gan (1).py", "gan (2).py"), ("my_gan.py", "gan_new.py")])
def test_an_ambiguous_file_is_not_taken(tmp_path, names):
    ada = one(tmp_path, {names[0]: GAN, names[1]: OTHER, "vae.py": VAE})
    assert ada.files == {"vae": VAE}
    (problem,) = ada.problems
    assert all(name in problem for name in names)
    assert "none was taken. Leave one of them, then grade again" in problem


def test_the_whole_course_handed_in(tmp_path):
    """exercises/gan.py is the learner's; a clone holds five more of that name."""
    course = {
        "course/exercises/gan.py": GAN, "course/exercises/given/gan.py": OTHER, "course/solutions/gan.py": b"master",
        "course/solutions/mistakes/gan.py": b"m", "course/course_lib/models/gan.py": b"l",
        "course/exercises/test_gan.py": b"t", "course/exercises/vae.py": VAE, "course/book/gan.ipynb": b"{}",
    }  # fmt: skip
    ada = one(tmp_path, {"all.zip": make_zip(course)})
    assert ada.files == {"gan": GAN, "vae": VAE}
    (problem,) = ada.problems
    assert problem.startswith("gan.py: taken from all.zip/course/exercises/gan.py; not taken, though different: ")


def test_slugs_within_slugs(tmp_path):
    ada = one(tmp_path, {"conditional_gan.py": OTHER, "my conditional-gan.py": VAE}, ["gan", "conditional_gan"])
    assert ada.files == {"conditional_gan": OTHER}
    assert one(tmp_path, {"conditional_gan.py": OTHER, "gan.py": GAN}, ["gan", "conditional_gan"]).files == {
        "gan": GAN,
        "conditional_gan": OTHER,
    }


def test_canvas_resubmissions(tmp_path):
    def get(files):
        lay(tmp_path / "a", files)
        (found,) = read(tmp_path / "a", ["gan"])
        return found

    newest = get(
        {
            "ada_1_20_gan.py": b"0",
            "ada_1_30_gan-1.py": b"1",
            "ada_LATE_1_40_gan-10.py": b"10",
            "ada_1_35_gan-2.py": b"2",
        }
    )
    assert newest.files == {"gan": b"10"}
    assert newest.late is True, "the one that counts came late"
    assert "taken from gan-10.py; not taken, though different: gan.py, gan-1.py, gan-2.py" in newest.problems[0]


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        ({"ada_1_20_gan-1.py": b"1", "ada_1_30_gan.py": b"0"}, None),  # the numbers and the ids disagree
        ({"ada_1_20_gan-1.py": b"1", "ada_1_30_gan-1.py": b"2"}, None),  # one number, twice
        ({"ada_1_20_gan-1.py": b"1", "ada_1_30_GAN-2.py": b"2"}, b"1"),  # another name: the exact one wins
        ({"ada_1_20_w.zip": b"0", "ada_1_30_w-1.zip": b"1"}, b"1"),  # a zip, resubmitted
        ({"ada_1_20_w.zip": b"0", "ada_1_30_v-1.zip": b"1"}, None),
        ({"ada_1_20_gan.py": b"0", "ada_1_30_w-1.zip": b"1"}, None),
        ({"ada_LATE_1_30_gan-1.py": b"0", "ada_1_20_gan.py": b"0"}, b"0"),
    ],
)
def test_canvas_resubmissions_that_are_certain_or_not(tmp_path, files, taken):
    lay(tmp_path / "a", {name: make_zip({"gan.py": data}) if ".zip" in name else data for name, data in files.items()})
    (found,) = read(tmp_path / "a", ["gan"])
    assert found.files == ({} if taken is None else {"gan": taken})
    assert found.late is False, "a late copy of a file that was there in time"


def test_a_number_is_canvass_only_in_canvass_own_names(tmp_path):
    """Elsewhere gan-2.py may be older than gan-1.py: nobody knows."""
    ada = one(tmp_path, {"gan-1.py": GAN, "gan-2.py": OTHER})
    assert ada.files == {}


# The same person twice


def test_a_folder_and_a_zip_of_one_student(tmp_path):
    lay(tmp_path / "a", {"ada/gan.py": GAN, "ada.zip": make_zip({"gan.py": GAN, "vae.py": VAE}), "bob/gan.py": GAN})
    ada = by_name(read(tmp_path / "a", SLUGS))["ada"]
    assert ada.files == {"gan": GAN, "vae": VAE}
    assert ada.problems == ("handed in at 2 places, all of them read: ada, ada.zip",)
    lay(tmp_path / "a", {"ada/gan.py": OTHER})
    ada = by_name(read(tmp_path / "a", SLUGS))["ada"]
    assert ada.files == {"vae": VAE}
    assert "ada/gan.py, ada.zip/gan.py differ" in ada.problems[1]


def test_two_folders_of_one_person(download):
    found = by_name(
        download(
            {
                "Ada_1_assignsubmission_file_/gan.py": GAN,
                "Ada_1_assignsubmission_file/gan.py": GAN,
                "Ada Lovelace_1_assignsubmission_file_/gan.py": OTHER,
            }
        )
    )
    assert set(found) == {"Ada_1", "Ada Lovelace_1"}
    assert any("at 2 places" in line for line in found["Ada_1"].problems)
    assert any("the same person handed in as Ada Lovelace_1, too: moodle 1" in line for line in found["Ada_1"].problems)
    assert any("handed in as Ada_1, too: moodle 1" in line for line in found["Ada Lovelace_1"].problems)


def test_one_email_twice(tmp_path):
    metadata = METADATA.replace("grace@", "ada@")
    lay(tmp_path / "a", {"submission_metadata.yml": metadata.encode(), "submission_11/gan.py": GAN})
    found = by_name(read(tmp_path / "a", SLUGS))
    assert any("as submission_12, too: email ada@example.org" in line for line in found["submission_11"].problems)
    assert any("as submission_11, too: email ada@example.org" in line for line in found["submission_12"].problems)


def test_submission_is_unique(tmp_path):
    lay(tmp_path / "a", {"ada_1/gan.py": GAN, "ada_1_5_gan.py": OTHER, "ada_1_assignsubmission_file_/gan.py": VAE})
    first, second = read(tmp_path / "a", SLUGS), read(tmp_path / "a", SLUGS)
    assert [each.submission for each in first] == ["ada_1", "ada_1 (2)", "ada_1 (3)"]
    assert first == second


# What is not read


def test_things_that_are_not_read_are_named(tmp_path):
    files = {
        "gan.ipynb": b"{}",
        "report.docx": b"",
        "old.rar": b"",
        "in/nested.zip": make_zip({"vae.py": VAE}),
        "x.c": b"",
    }
    ada = one(tmp_path, files)
    assert ada.files == {}
    (problem,) = ada.problems
    assert problem.startswith(
        "no gan.py, vae.py; not read: gan.ipynb (a notebook), in/nested.zip (a zip inside another"
    )
    assert "report.docx (a document)" in problem
    assert "old.rar (an archive, no zip)" in problem


def test_a_zip_in_a_zip_is_not_opened(tmp_path):
    ada = one(tmp_path, {"a.zip": make_zip({"b.zip": make_zip({"gan.py": GAN}), "vae.py": VAE})})
    assert ada.files == {"vae": VAE}
    assert ada.problems == ("no gan.py; not read: a.zip/b.zip (a zip inside another, or in a folder)",)


def test_hostile_files_cost_their_owner_alone(tmp_path):
    link = zipfile.ZipInfo("vae.py")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    hostile = {
        "slip.zip": make_zip({"../../gan.py": GAN, "/abs/gan.py": GAN, "C:\\gan.py": GAN, "vae.py": VAE}),
        "link.zip": make_zip([(link, b"/etc/passwd"), ("gan.py", GAN)]),
        "bomb.zip": make_zip({"gan.py": b"0" * (1 << 20), "vae.py": b"0" * (30 << 20)}),
        "damaged.zip": make_zip({"gan.py": GAN})[:-30],
        "rar.zip": b"Rar!\x1a\x07\x00",
        "quine.zip": b"",
        "large/gan.py": b"#" * ((1 << 20) + 1),
        "good/gan.py": GAN,
        "good/vae.py": b"#" * (1 << 20),
    }
    lay(tmp_path / "a", hostile)
    os.symlink("/etc/passwd", tmp_path / "a" / "good" / "passwd.py")
    os.symlink(tmp_path / "a" / "good", tmp_path / "a" / "linked")
    os.mkfifo(tmp_path / "a" / "pipe")
    found = by_name(read(tmp_path / "a", SLUGS))
    assert found["slip"].files == {"vae": VAE}
    assert sum("path" in line for line in found["slip"].problems) == 3
    assert found["link"].files == {"gan": GAN}
    assert "is a link" in found["link"].problems[0]
    assert found["bomb"].files == {}
    assert any("compressed more than" in line for line in found["bomb"].problems)
    assert any("vae.py is larger than 1 MB" in line for line in found["bomb"].problems)
    for name in ("damaged", "rar", "quine"):
        assert found[name].files == {}
        assert "is a damaged zip, or none" in found[name].problems[0]
    assert found["large"].problems == ("gan.py is larger than 1 MB",)
    assert found["good"].files == {"gan": GAN, "vae": b"#" * (1 << 20)}
    assert found["good"].problems == ("passwd.py is a link; links are not followed",)
    assert "is a link" in found["linked"].problems[0]
    assert "no ordinary file" in found["pipe"].problems[0]


def test_a_name_twice_in_one_zip(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        same = make_zip([("gan.py", GAN), ("gan.py", GAN)])
        two = make_zip([("gan.py", GAN), ("gan.py", OTHER)])
    lay(tmp_path / "a", {"same.zip": same, "two.zip": two})
    found = by_name(read(tmp_path / "a", ["gan"]))
    assert found["same"].files == {"gan": GAN}
    assert found["same"].problems == ("same.zip/gan.py is there more than once, under one name",)
    assert found["two"].files == {}
    assert any("differ" in line for line in found["two"].problems)


def test_limits_of_one_student(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "MAX_TOTAL", 100)
    monkeypatch.setattr(intake, "MAX_ARCHIVES", 2)
    monkeypatch.setattr(intake, "MAX_FILES", 50)
    monkeypatch.setattr(intake, "MAX_ARCHIVE", 1 << 20)
    noise = random.Random(0).randbytes(1 << 20)
    lay(tmp_path / "a", {f"total/{n}/gan.py": b"#" * 90 for n in range(5)})
    lay(tmp_path / "a", {f"zips/{n}.zip": make_zip({"gan.py": GAN}) for n in range(5)})
    lay(tmp_path / "a", {f"many/{n}.txt": b"" for n in range(60)})
    lay(tmp_path / "a", {"archive/a.zip": make_zip({"x": noise}, zipfile.ZIP_STORED), "archive/gan.py": GAN})
    found = by_name(read(tmp_path / "a", ["gan"]))
    assert sum("bytes, before it were" in line for line in found["total"].problems) == 3
    assert sum("2 zips before it were" in line for line in found["zips"].problems) == 3
    assert found["zips"].files == {"gan": GAN}
    assert found["many"].problems == ("many has more than 50 files in it: not read",)
    assert found["archive"].files == {"gan": GAN}
    assert found["archive"].problems == ("a.zip is larger than 1 MB",)


def test_files_without_end_are_not_read_without_end(tmp_path):
    start = time.process_time()
    ada = one(tmp_path, {"a.zip": make_zip({f"{n}/gan.py": b"%d" % n for n in range(19_000)}, zipfile.ZIP_STORED)})
    assert time.process_time() - start < 10
    assert "and 497 more differ" in ada.problems[0]
    assert ada.problems[-1] == "18480 more files were refused"


def test_problems_are_few_lines_that_can_be_printed(tmp_path):
    names = [f"../\x1b[31m{n}\n<script>\u202e" + "x" * 5000 for n in range(500)]
    ada = one(tmp_path, {"a.zip": make_zip(dict.fromkeys(names, b""))})
    assert len(ada.problems) == intake.MAX_LINES + 1
    assert ada.problems[-1] == "480 more files were refused"
    assert all(line.isprintable() and len(line) < 300 for line in ada.problems)


@pytest.mark.parametrize(
    "name",
    [
        "Lovelace, Ada", "=cmd|' calc'!A0", "<b>Ada", "&lt;", "\x1b[31mred", "two\nlines", "毛泽东", "e\u0301",
        "x" * 200, "-rf", "~", "a'b\"c",
    ],
)  # fmt: skip
def test_odd_names_are_kept_as_they_are(tmp_path, name):
    lay(tmp_path / "a", {f"{name}/gan.py": GAN, "z/gan.py": GAN, f"{name}_7_assignsubmission_file_/gan.py": GAN})
    found = by_name(read(tmp_path / "a", SLUGS))
    assert (found[name].name, found[name].files) == (name, {"gan": GAN})
    assert (found[f"{name}_7"].name, found[f"{name}_7"].ids) == (name, {"moodle": "7"})
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}", file_name(name))


def test_a_very_long_name(tmp_path):
    name = "n" * 60_000
    (tmp_path / "a.zip").write_bytes(
        make_zip({f"{name}/gan.py": GAN, "b/" + "gan" * 20_000 + ".py": GAN, "c/gan.py": GAN})
    )
    found = by_name(read(tmp_path / "a.zip", SLUGS))
    assert found[name].files == {"gan": GAN}
    assert found["b"].files == {}
    assert len(found["b"].problems[0]) < 300


def test_names_that_are_no_unicode_can_be_written(tmp_path):
    try:
        lay(tmp_path / "a", {os.fsdecode(b"caf\xe9/gan.py"): GAN, "zoe/gan.py": GAN})
    except (OSError, UnicodeError):
        pytest.skip("this file system takes UTF-8 alone")
    first, _ = read(tmp_path / "a", SLUGS)
    assert first.files == {"gan": GAN}
    assert first.submission.encode() == b"caf\\udce9"


def test_no_unicode_in_metadata(tmp_path):
    metadata = 'submission_1:\n  :submitters:\n  - :name: "a\\ud800b"\n    :email: "\\udfff"\n'
    lay(tmp_path / "a", {"submission_metadata.yml": metadata.encode(), "submission_1/gan.py": GAN})
    (found,) = read(tmp_path / "a", SLUGS)
    json.dumps([found.name, found.ids, found.problems], ensure_ascii=False).encode()


# `course submit`


def manifest(**files):
    return json.dumps({"course": "0.1", "files": {f"{slug}.py": digest for slug, digest in files.items()}}).encode()


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (manifest(gan=digest(GAN), vae=digest(VAE)), []),
        (manifest(gan=digest(OTHER), vae=digest(VAE)), ["work.zip/gan.py is not the file that the manifest"]),
        (manifest(gan=5, vae=digest(VAE)), ["work.zip/gan.py is not the file that the manifest"]),
        (b"[" * 60_000, []), (b"null", []), (b'{"files": 5}', []), (b'{"files": {"gan.py": {}}}', ["is not the file"]),
        (b"\xff", []), (b"#" * 2_000_000, ["manifest.json is larger than 1 MB"]),
    ],
)  # fmt: skip
def test_a_manifest_is_compared_and_not_believed(tmp_path, content, problems):
    ada = one(tmp_path, {"work.zip": make_zip({"gan.py": GAN, "vae.py": VAE, "manifest.json": content})})
    assert ada.files == {"gan": GAN, "vae": VAE}
    assert len(ada.problems) == len(problems)
    assert all(words in line for words, line in zip(problems, ada.problems, strict=True))


def test_a_manifest_of_files_that_are_not_there(tmp_path):
    ada = one(tmp_path, {"manifest.json": manifest(gan=digest(GAN)), "sub/gan.py": GAN, "vae.py": VAE})
    assert ada.problems == ("gan.py is in the manifest and not beside it",)


# Whatever it is


NAMES = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.sampled_from(
        ["gan.py", "a/gan.py", "../gan.py", "ada_1_2_gan.py", "x_1_assignsubmission_file_/vae.py", "a.zip"]
    ),
    st.text("ab_/\\.: 012-", min_size=1, max_size=20),
)


@given(st.lists(st.tuples(NAMES, st.sampled_from([b"", GAN, OTHER, make_zip({"gan.py": GAN})])), max_size=8))
@settings(max_examples=150, deadline=None)
def test_random_downloads_never_raise(tmp_path_factory, files):
    path = tmp_path_factory.mktemp("random") / "all.zip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path.write_bytes(make_zip(files))
        try:
            found = read(path, SLUGS)
        except CourseError:
            return
    names = [each.submission for each in found]
    assert names == sorted(set(names))
    assert all(each.files or each.problems for each in found), "who has no file is told why"
    assert all(line.isprintable() for each in found for line in each.problems)
    assert len({file_name(name).lower() for name in names}) == len(names)


SUBMISSIONS = st.one_of(st.text(max_size=100), st.text(string.ascii_letters + string.digits + "._- /\\", max_size=70))


@given(st.sets(SUBMISSIONS, max_size=20))
@example(
    {"con", "CON", "Con", "con.txt", "nul", ".", "..", "", "a/b", "a\\b", "a b", "a-b", "A-B", "ada.", "ada", "-ada"}
)
@example({"e\u0301", "\u00e9", "e", "ﬁ", "fi", "x" * 60, "x" * 61, "x" * 62, "\n", " ", "  "})
def test_file_names_are_safe_and_never_shared(names):
    made = {name: file_name(name) for name in names}
    # Names that try to look like what becomes of others
    made |= {value: file_name(value) for value in list(made.values())}
    assert len({value.lower() for value in made.values()}) == len(made)
    for value in made.values():
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,58}[A-Za-z0-9_]|[A-Za-z0-9_]", value)
        assert not re.fullmatch(r"(?i:con|prn|aux|nul|com\d|lpt\d)(\..*)?", value)


def test_file_names_are_readable_and_lasting():
    assert file_name("submission_123") == "submission_123"
    assert re.fullmatch(r"Ada-Lovelace_1234567-[0-9a-f]{16}", file_name("Ada Lovelace_1234567"))
    assert re.fullmatch(r"submission-[0-9a-f]{16}", file_name("毛泽东"))
    assert file_name("../../etc/passwd").startswith("etc-passwd-")
    assert file_name("\ud800") != file_name("\udfff"), "no characters, and yet two names"


def test_a_large_class(tmp_path):
    """Ten thousand students in one zip."""
    files = {f"student{n}_{n}_{n + 50_000}_gan.py": GAN + b"# %d" % n for n in range(10_000)}
    (tmp_path / "all.zip").write_bytes(make_zip(files))
    found = read(tmp_path / "all.zip", SLUGS)
    assert len(found) == 10_000
    assert len({each.files["gan"] for each in found}) == 10_000
