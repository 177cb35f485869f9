"""What the tests of the grader share."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from course_lib.grading import examiner as examining
from course_lib.grading.examiner import Examiner
from course_lib.grading.sandbox import boundary
from course_lib.grading.sandbox.boundary import Limits, Session, Zygote
from course_lib.grading.spec import ROOT, slugs

SEED = "5eed" * 16  # as a grading directory's secret


def cannot(reason: str) -> None:
    """Skip; but fail where everything is to be proved."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture(scope="session")
def sandboxed() -> None:
    """bubblewrap is here."""
    if shutil.which("bwrap") is None:
        cannot("needs bubblewrap: apt install bubblewrap")


@pytest.fixture(scope="session")
def zygote(sandboxed: None) -> Iterator[Zygote]:
    """A warm worker in the full sandbox, for all tests; its limits may be replaced, each session takes them anew."""
    made = boundary.start("full")
    yield made
    made.close()


@pytest.fixture
def session(zygote: Zygote) -> Iterator[Callable[..., Session]]:
    """session(**limits) -> a fresh one, of a zygote that is whole again afterwards."""
    usual = zygote.limits

    def opened(**limits: Any) -> Session:
        zygote.limits = Limits(**limits)
        return zygote.open()

    yield opened
    zygote.limits = usual
    if zygote.session is not None:
        zygote.session.end()


def load(session: Session, source: str | bytes, seconds: float = 20) -> dict[str, Any]:
    """Have the session execute `source`; its reply."""
    source = source if isinstance(source, bytes) else source.encode()
    file = {"source": source, "path": "x.py", "name": "submission_x", "given": None, "excluded": {}}
    return session.ask({"do": "load", "with": file}, seconds)


def call(session: Session, name: str, *args: Any, seconds: float = 20) -> dict[str, Any]:
    """Have it call one of its functions; its reply."""
    return session.ask({"do": "call", "with": {"name": name, "args": list(args), "kwargs": {}}}, seconds)


@pytest.fixture(scope="session")
def examiner(sandboxed: None) -> Iterator[Examiner]:
    """Of all chapters, in the full sandbox; knows the named mistakes of the first one."""
    known: dict[str, Any] = {slug: {} for slug in slugs()}
    with Examiner(slugs(), SEED, "full", Limits(call=3.0, file=10.0), known) as made:
        made.known["divergences"] = examining.make_prints("divergences", made.tests)
        yield made


def descendants(pid: int) -> set[int]:
    """Processes that `pid` has started, and they, and so on."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state[0] != "Z":
            parents[int(folder.name)] = int(state[1])
    found, new = set(), {pid}
    while new:
        new = {one for one, parent in parents.items() if parent in new}
        found |= new
    return found


def gone(pids: set[int], seconds: float = 10) -> bool:
    """Whether they all end within that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(_runs(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# A system other than this one: private homes opened, so that the interpreter can be read by whoever runs there.
MOVE = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
number=0
for path in $KEPT; do number=$((number + 1)); mkdir /mnt/$number; mount --bind "$path" /mnt/$number; done
for home in $HOMES; do mount -t tmpfs -o mode=755 tmpfs "$home"; done
number=0
for path in $KEPT; do
  number=$((number + 1))
  case $MOVED in *" $path "*) mkdir -p "$path"; mount --move /mnt/$number "$path" ;; esac
done
exec "$@"
"""
USER = 1500


def elsewhere(code: str, *, user: bool, path: str = os.defpath) -> str:
    """What Python prints for `code` as root in a container that grants no SYS_ADMIN, or as an ordinary user.

    path: where programs are looked for, so that some of them can be missing.
    """
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv"))):
        cannot("needs root, unshare and setpriv, to imitate a container and an ordinary user")
    kept = sorted({Path(sys.base_prefix), Path(sys.prefix), ROOT})
    private = {
        parent for one in kept for parent in [one, *one.parents] if not parent.stat().st_mode & 0o001
    }  # fmt: skip
    homes = {home for home in private if not any(parent in private for parent in home.parents)}
    moved = [one for one in kept if any(one.is_relative_to(home) for home in homes)]
    flags = ["--inh-caps=-all", "--bounding-set=-sys_admin,-sys_ptrace"]
    if user:
        flags = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chown(folder, USER, USER) if user else None
        environment = {"PATH": path, "HOME": folder, "TMPDIR": folder, "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}
        setting = {"KEPT": " ".join(map(str, kept)), "HOMES": " ".join(map(str, sorted(homes))),
                   "MOVED": f" {' '.join(map(str, moved))} "}  # fmt: skip
        given = [f"{name}={value}" for name, value in environment.items()]
        python = ["setpriv", *flags, "env", "-i", *given, sys.executable, "-B", "-c", code]
        run = subprocess.run(
            ["unshare", "--mount", "bash", "-c", MOVE, "bash", *python], env={"PATH": os.defpath, **setting},
            cwd=ROOT, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    assert run.returncode == 0, f"{shlex.join(python)}\n{run.stdout}{run.stderr}"
    return run.stdout
