"""`course submit`: what is packed, and that intake reads it back."""

import hashlib
import json
import warnings
import zipfile
from pathlib import Path

import pytest

from course_lib.errors import CourseError, CourseWarning
from course_lib.grading.intake import MAX_FILE, read
from course_lib.grading.packing import pack, packed
from course_lib.grading.release import stub

GAN, VAE = b"def gan():\r\n    return 1\r\n", "def vae(): ...  # é\n".encode()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "exercises"
    folder.mkdir()
    (folder / "gan.py").write_bytes(GAN)
    (folder / "vae.py").write_bytes(VAE)
    (folder / "notes.txt").write_text("not to hand in")
    return folder


def test_what_is_in_it(folder, tmp_path):
    out = pack(tmp_path / "work.zip", folder, ["vae", "gan", "gan"])
    assert out == tmp_path / "work.zip"
    with zipfile.ZipFile(out) as archive:
        assert archive.namelist() == ["gan.py", "vae.py", "manifest.json"]
        assert archive.read("gan.py") == GAN
        manifest = json.loads(archive.read("manifest.json"))
    assert set(manifest) == {"course", "python", "torch", "files"}
    assert manifest["files"] == {
        "gan.py": hashlib.sha256(GAN).hexdigest(),
        "vae.py": hashlib.sha256(VAE).hexdigest(),
    }
    assert packed(out, ["vae", "gan"]).startswith(f"Packed gan.py, vae.py: {out}\nUpload work.zip as it is")


def test_the_same_files_make_the_same_zip(folder, tmp_path):
    first = pack(tmp_path / "a.zip", folder, ["gan", "vae"]).read_bytes()
    (folder / "gan.py").touch()
    assert pack(tmp_path / "a.zip", folder, ["vae", "gan"]).read_bytes() == first
    (folder / "gan.py").write_bytes(GAN + b"\n")
    assert pack(tmp_path / "a.zip", folder, ["vae", "gan"]).read_bytes() != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "exercises"]


def test_where_it_goes(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pack(None, folder, ["gan"]) == Path("submission.zip")
    assert pack(folder, folder, ["gan"]) == folder / "submission.zip"
    assert (folder / "submission.zip").read_bytes() == (tmp_path / "submission.zip").read_bytes()


@pytest.mark.parametrize(
    "place", ["{}.zip", "{}_1_2_submission.zip", "{}_1_assignsubmission_file_/submission.zip", "{}/submission.zip"]
)
def test_intake_reads_it_back(folder, tmp_path, place):
    out = pack(tmp_path, folder, ["gan", "vae"])
    for name in ("ada", "bob"):
        path = tmp_path / "class" / place.format(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(out.read_bytes())
    found = read(tmp_path / "class", ["gan", "vae"])
    assert [one.files for one in found] == [{"gan": GAN, "vae": VAE}] * 2
    # Canvas's two users have one number in this test.
    assert all(not one.problems or "the same person" in one.problems[0] for one in found)


def test_a_stub_is_packed_and_told(folder, tmp_path):
    (folder / "gan.py").write_text(stub("gan"), encoding="utf-8")
    with pytest.warns(CourseWarning, match=r"nothing is written yet in gan\.py; packed as it is") as told:
        out = pack(tmp_path / "a.zip", folder, ["gan", "vae"])
    assert len(told) == 1
    with zipfile.ZipFile(out) as archive:
        assert archive.read("gan.py").decode() == stub("gan")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (folder / "gan.py").write_text(stub("gan").replace("raise NotImplementedError", "return 1"), encoding="utf-8")
        pack(tmp_path / "a.zip", folder, ["gan", "vae"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"gan\.py is missing; write it, or name only the chapters that you hand in"),
        (b" \n", r"gan\.py is empty"),
        (b"#" * (MAX_FILE + 1), r"gan\.py is larger than 1 MB"),
    ],
)
def test_a_file_that_cannot_be_handed_in(folder, tmp_path, content, words):
    (folder / "gan.py").unlink()
    if content is not None:
        (folder / "gan.py").write_bytes(content)
    with pytest.raises(CourseError, match=words):
        pack(tmp_path / "a.zip", folder, ["vae", "gan"])
    assert not (tmp_path / "a.zip").exists()


def test_no_place_for_a_zip(folder, tmp_path):
    for out in ("work.tar", "nowhere/work.zip", "work"):
        with pytest.raises(CourseError, match=r"name a zip in a folder that exists, such as submission\.zip"):
            pack(tmp_path / out, folder, ["gan"])
    with pytest.raises(CourseError, match="name a chapter"):
        pack(tmp_path / "a.zip", folder, [])
