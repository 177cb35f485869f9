"""What the README names is there."""

import re
import subprocess

import pytest
import yaml

from course_lib.cli import COMMANDS
from course_lib.grading.spec import ROOT

README = (ROOT / "README.md").read_text()


def test_the_map_is_true():
    rows = re.findall(r"^\| (`.+?) \| (.+) \|$", README, re.MULTILINE)
    assert len(rows) > 10
    for paths, _ in rows:
        for path in re.findall(r"`([^`]+)`", paths):
            assert (ROOT / path).exists(), f"the README's map names {path}"


def test_the_map_is_complete():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    rooms = {path.rsplit("/", 1)[0] + "/" for path in tracked if re.fullmatch(r"course_lib/\w+/\w+\.py", path)}
    tops = {path.split("/")[0] + "/" for path in tracked if "/" in path and not path.startswith(".")}
    for room in rooms | tops - {"course_lib/"}:
        assert f"`{room}`" in README, f"{room} is not on the README's map"


def test_commands_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE))
    assert targets >= {"book", "test"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
    commands = set(re.findall(r"(?:`|bin/)course (\w+)", README))
    assert commands >= {"check", "train"}
    assert commands <= COMMANDS.keys()


def test_citation_is_yaml_with_what_is_required():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation.keys() >= {"cff-version", "title", "authors", "message"}


@pytest.mark.parametrize("name", ["LICENSE", "LICENSE-TEXT", "CONTRIBUTING.md"])
def test_papers_are_there(name):
    assert len((ROOT / name).read_text()) > 500
