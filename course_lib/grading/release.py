"""`course release`: from each master the learner's stub, and the prints by which named mistakes are recognised."""

import hashlib
import json
import re
from pathlib import Path

from course_lib.errors import CourseError, unknown
from course_lib.files import write_whole
from course_lib.grading import judge, mistakes, prints
from course_lib.grading.spec import ROOT, chapter, slugs

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
SEAL = "# As released: "  # the stub's last line; an edited stub no longer agrees with it


def stub(slug: str, root: Path = ROOT) -> str:
    """The master of `slug` without its answers.

    Raises CourseError where there is no master, or, with the line, where its marks do not pair.
    """
    master = root / "solutions" / f"{slug}.py"
    if not master.exists():
        raise CourseError(f"solutions/{slug}.py is missing: stubs are made from masters, which a bundle does not hold")
    lines, inside = [], 0
    for number, line in enumerate(master.read_text(encoding="utf-8").splitlines(), 1):
        mark = line.strip()
        if mark == BEGIN:
            if inside:
                raise CourseError(f"solutions/{slug}.py, line {number}: {BEGIN} again before {END} of line {inside}")
            inside = number
            indent = line[: len(line) - len(line.lstrip())]
            if indent:
                lines.append(f"{indent}raise NotImplementedError")
        elif mark == END:
            if not inside:
                raise CourseError(f"solutions/{slug}.py, line {number}: {END} without {BEGIN}")
            inside = 0
        elif not inside:
            lines.append(line)
    if inside:
        raise CourseError(f"solutions/{slug}.py, line {inside}: {BEGIN} without {END}")
    text = re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).rstrip() + "\n"
    return text + f"\n\n{SEAL}{_seal(text)}\n"


def _seal(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()[:12]


def edited(text: str) -> bool:
    """Whether someone has worked in this stub: it no longer agrees with the seal in its last line."""
    body, _, seal = text.rpartition(SEAL)
    return _seal(body) != seal.strip()


def make_prints(slug: str) -> dict[str, list[dict]]:
    """Run every named mistake through its exercise's visible tests; test -> failures, as `prints.read` gives them."""
    wrong, _ = mistakes.read(slug)
    exercise = {test.name: test.exercise for one in chapter(slug).exercises for test in one.tests}
    found: dict[str, list[dict]] = {}
    results = judge.run([ROOT / "exercises" / f"test_{slug}.py"], [one.submission for one in wrong])
    for one, outcomes in zip(wrong, results, strict=True):
        for outcome in outcomes.values():
            if outcome.print is not None and exercise.get(outcome.test) == one.exercise:
                entry = {"mistake": one.name, "sentence": one.sentence, "print": outcome.print}
                found.setdefault(outcome.test, []).append(entry)
    return found


def release(slug: str | None = None, *, force: bool = False) -> list[str]:
    """Write exercises/<slug>.py and exercises/prints/<slug>.json from solutions/; all chapters if no slug is given.

    force: overwrite stubs that have been edited, too.
    Returns a line for each file that changed. Raises CourseError, writing nothing, where a stub has been edited.
    """
    known = slugs()
    if slug is not None and slug not in known:
        raise unknown("chapter", slug, known)
    chosen = [slug] if slug else known
    new = {ROOT / "exercises" / f"{one}.py": stub(one) for one in chosen}
    touched = [f"exercises/{p.name}" for p in new if p.exists() and edited(p.read_text(encoding="utf-8"))]
    if touched and not force:
        raise CourseError(
            f"{', '.join(touched)} has been edited and would be lost; move it aside, or release with --force"
        )
    lines = [f"wrote exercises/{path.name}" for path, text in new.items() if _write(path, text)]
    for one in chosen:
        path = ROOT / "exercises" / "prints" / f"{one}.json"
        fresh = make_prints(one)
        if not prints.alike(prints.digest(fresh), prints.digest(prints.read(path))):
            _write(path, _one_line_each(fresh))
            lines.append(f"wrote exercises/prints/{path.name}")
    return lines


def _one_line_each(found: dict[str, list[dict]]) -> str:
    """JSON with a line for each mistake, so that a change shows as one."""
    tests = [
        f"{json.dumps(test)}: [\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]"
        for test, entries in found.items()
    ]
    return "{\n" + ",\n".join(tests) + "\n}\n"


def _write(path: Path, text: str) -> bool:
    """Aside, then renamed; False where the file already says the same."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return True
