"""The boundary in earnest: what a stranger's code sees, reaches, says and leaves behind; and how the judge takes it."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.grading.sandbox import boundary, confine, frames
from course_lib.grading.sandbox.boundary import Broken, Lost
from course_lib.grading.spec import ROOT
from tests.grading.conftest import call, cannot, descendants, elsewhere, gone, load

NONCE = """
import os, struct, sys
sys.path.insert(0, "/worker")
import frames

def nonce():
    frame = sys._getframe()
    while "request" not in frame.f_locals or "nonce" not in frame.f_locals["request"]:
        frame = frame.f_back
    return frame.f_locals["request"]["nonce"]

def say(data):
    while data:
        data = data[os.write(3, data):]
"""


def run(session, source: str, *args, seconds: float = 20):
    """The value of `f(*args)` in a fresh session. Raises Lost where it is lost; fails where there is no value."""
    assert "value" in (reply := load(session, textwrap.dedent(source))), reply
    reply = call(session, "f", *args, seconds=seconds)
    assert "value" in reply, reply
    return reply["value"]


def lost(session, source: str, seconds: float = 20) -> tuple[str, str]:
    """How the session ends over `f()`, and in which words."""
    try:
        load(session, textwrap.dedent(source), seconds)
        for _ in range(2):
            call(session, "f", seconds=seconds)
    except Lost as end:
        assert session.over
        return end.status, str(end)
    raise AssertionError("it goes on")


# ------------------------------------------------------------------------------------------------ what is to be seen


@pytest.mark.slow
def test_a_session_is_alone_and_nobody(session, zygote):
    seen = run(
        session(),
        """
        import ctypes, os, sys
        def f():
            def there(number):
                try: os.fstat(number)
                except OSError: return False
                return True
            status = {name: ctypes.CDLL(None).prctl(number, 0, 0, 0, 0)
                      for name, number in {"dumpable": 3, "seccomp": 21, "no_new_privs": 39}.items()}
            return {
                "pid": os.getpid(), "uid": [*os.getresuid(), *os.getresgid()], "groups": os.getgroups(),
                "descriptors": [number for number in range(4096) if there(number)],
                "environment": sorted(os.environ), "proc": os.listdir("/proc"), "tmp": os.listdir("/tmp"),
                "root": sorted(os.listdir("/")), "here": os.getcwd(), "path": sys.path, "status": status,
                "arguments": sys.argv,
            }
        """,
    )
    assert seen["pid"] == 1
    assert set(seen["uid"]) == {zygote.user if os.geteuid() == 0 else 0}
    assert seen["groups"] == ([] if os.geteuid() == 0 else seen["groups"])
    assert seen["descriptors"] == [0, 1, 2, 3]
    own = {"PWD", "SHLVL", "_", "LC_CTYPE"}  # what shells and Python set by themselves
    threads = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}
    assert {name for name in seen["environment"] if not name.startswith(("TORCH", "KMP"))} <= (
        boundary.ENVIRONMENT.keys() | threads | own
    )
    assert (seen["proc"], seen["tmp"]) == ([], [])
    above = {tree.parts[1] for tree in boundary.system_trees()}
    assert set(seen["root"]) <= {"site", "worker", "proc", "dev", "tmp", *above}
    assert seen["here"] == "/tmp"
    assert not any(str(ROOT) in path for path in seen["path"] + seen["arguments"])
    assert seen["status"] == {"dumpable": 0, "seccomp": 2, "no_new_privs": 1}


def test_nothing_of_the_course_or_its_environment_is_there(session):
    hidden = [ROOT / "solutions", ROOT / "exercises", ROOT / "tests", ROOT / "course_lib" / "grading" / "expect.py"]
    packages = Path(torch.__file__).parents[1]
    seen = run(
        session(),
        """
        import importlib, os, pkgutil
        def f(paths, names):
            found = [path for path in paths if os.path.exists(path)]
            importable = []
            for name in names:
                try:
                    importlib.import_module(name)
                    importable.append(name)
                except ImportError:
                    pass
            return found, importable, sorted(module.name for module in pkgutil.iter_modules())
        """,
        [str(path) for path in [*hidden, packages / "pytest", packages / "course_lib", Path.home() / ".ssh"]],
        ["pytest", "_pytest", "hypothesis", "course_lib", "exercises", "solutions", "matplotlib", "pip", "sklearn"],
    )
    found, importable, modules = seen
    assert (found, importable) == ([], [])
    assert {"torch", "numpy", "json"} <= set(modules)


def test_there_is_no_way_out(session):
    seen = run(
        session(),
        """
        import ctypes, errno, os, signal, socket, subprocess
        def said(work):
            try: return str(work())
            except OSError as error: return errno.errorcode[error.errno]
        def f():
            libc, x86 = ctypes.CDLL(None, use_errno=True), os.uname().machine == "x86_64"
            def raw(*arguments):
                if libc.syscall(*arguments) < 0:
                    raise OSError(ctypes.get_errno(), "")
            return {
                "socket": said(socket.socket), "unix": said(lambda: socket.socket(socket.AF_UNIX)),
                "fork": said(os.fork), "run": said(lambda: subprocess.run(["/bin/true"])),
                "exec": said(lambda: os.execv("/proc/self/exe", ["x"])),
                "kill": said(lambda: os.kill(-1, 9)), "kill itself": said(lambda: os.kill(1, 9)),
                "mount": said(lambda: raw(165 if x86 else 40, b"x", b"/tmp", b"tmpfs", 0, 0)),
                "unmount": said(lambda: raw(166 if x86 else 39, b"/proc", 2)),
                "uid": said(lambda: os.setuid(0) if os.getuid() else os.setgroups([1])),
                "chroot": said(lambda: os.chroot("/tmp")), "hostname": said(lambda: socket.sethostname("x")),
                "priority": said(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5)),
                "device": said(lambda: os.mknod("/tmp/zero", 0o20666, os.makedev(1, 5))),
            }
        """,
    )
    assert seen == {
        "socket": "EPERM", "unix": "EPERM", "fork": "EAGAIN", "run": "EAGAIN", "exec": "EPERM", "kill": "EPERM",
        "kill itself": "EPERM", "mount": "EPERM", "unmount": "EPERM", "uid": "EPERM", "chroot": "EPERM",
        "hostname": "EPERM", "priority": "EPERM", "device": "EPERM",
    }  # fmt: skip


def test_nothing_can_be_written_but_in_tmp_and_there_not_much(session):
    written = run(
        session(),
        """
        import os
        def f():
            written = []
            for folder, _, _ in os.walk("/"):
                for make in (lambda path: os.close(os.open(path, os.O_CREAT | os.O_WRONLY)), os.mkdir):
                    try:
                        make(folder + "/planted")
                        written.append(folder)
                    except OSError:
                        pass
            return sorted(set(written))
        """,
    )
    assert written == ["/tmp"] or written == ["/tmp", "/tmp/planted"]
    sizes = run(
        session(),
        """
        import errno, os
        def fill(name):
            with open(name, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 20))
        def f():
            reasons, number = [], 0
            while "ENOSPC" not in reasons:
                try: fill(f"/tmp/{number}")
                except OSError as error: reasons.append(errno.errorcode[error.errno])
                number += 1
            held = sum(os.path.getsize(f"/tmp/{i}") for i in range(number))
            for i in range(number): os.unlink(f"/tmp/{i}")
            files = 0
            try:
                while True:
                    open(f"/tmp/empty{files}", "w").close()
                    files += 1
            except OSError as error:
                return reasons, held, os.path.getsize if 0 else files, errno.errorcode[error.errno]
        """,
    )
    reasons, held, files, last = sizes
    assert set(reasons) == {"EFBIG", "ENOSPC"}
    assert held <= 64 * 2**20
    assert files < 1024
    assert last == "ENOSPC"


def test_the_source_is_on_no_disk(session):
    """It travelled on the session's own socket: inspect and linecache find nothing, and no file holds it."""
    seen = run(
        session(),
        """
        import inspect, linecache, os, sys
        MARK = "".join(["wel", "witschia"])
        def f():
            try: text = inspect.getsource(f)
            except OSError: text = ""
            found = []
            for top in ("/tmp", "/dev", "/proc", "/worker"):
                for folder, _, files in os.walk(top):
                    for name in files:
                        path = os.path.join(folder, name)
                        if os.path.isfile(path) and MARK.encode() in open(path, "rb").read(1 << 20):
                            found.append(path)
            return text, linecache.getlines(__file__), os.path.exists(__file__), found
        # welwitschia
        """,
    )
    assert seen == ("", [], False, [])


def test_nothing_of_one_session_is_seen_by_the_next(session):
    leave = """
        import os, torch, builtins, sys
        def f():
            for folder in ("/tmp", "/dev/shm", "/dev", "/worker", "/site", "/"):
                try: open(folder + "/left", "w").write("x")
                except OSError: pass
            os.environ["LEFT"] = sys.flags.left = builtins.left = torch.left = "x"
        """
    leave = leave.replace("sys.flags.left = ", "")
    run(session(), leave)
    run(session(), leave)
    seen = run(
        session(),
        """
        import builtins, os, torch
        def f():
            places = [folder for folder in ("/tmp", "/dev/shm", "/dev", "/") if os.path.exists(folder + "/left")]
            return places, "LEFT" in os.environ, hasattr(builtins, "left"), hasattr(torch, "left"), os.getpid()
        """,
    )
    assert seen == ([], False, False, False, 1)


def test_a_session_has_memory_for_honest_work(session):
    assert run(session(), "import torch\ndef f(): return torch.ones(50_000_000).sum().item()") == 5e7
    assert run(session(), "def f(x): return x * 2", torch.ones(2, 3)).sum() == 12


# ------------------------------------------------------------------------------------------------------ how it ends


HANGS = {
    "a loop": "def f():\n    while True: pass",
    "a loop that catches everything": """
        def f():
            while True:
                try:
                    while True: pass
                except BaseException: pass
        """,
    "a loop in C": "def f(): return sum(range(10**16))",
    "a pattern that backtracks": "import re\ndef f(): return re.match('(a+)+$', 'a' * 60 + 'b')",
    "every signal ignored": """
        import signal, time
        for number in set(signal.valid_signals()) - {9, 19}:
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        def f():
            while True: time.sleep(1)
        """,
    "threads": """
        import threading, time
        def spin():
            while True: pass
        def f():
            for _ in range(8): threading.Thread(target=spin).start()
            time.sleep(100)
        """,
    "a lock that nobody opens": "import threading\ndef f(): threading.Event().wait()",
    "an endless string": """
        class Endless(Exception):
            def __str__(self):
                while True: pass
        def f(): raise Endless
        """,
}


@pytest.mark.parametrize("name", HANGS)
def test_what_hangs_is_ended_in_time_with_all_its_threads(session, zygote, name):
    before = descendants(zygote.process.pid)
    opened = session()
    load(opened, textwrap.dedent(HANGS[name]))
    begun = time.monotonic()
    with pytest.raises(Lost, match="no answer in time") as caught:
        call(opened, "f", seconds=0.4)
    assert caught.value.status == "timed out"
    assert 0.4 <= time.monotonic() - begun < 3
    assert descendants(zygote.process.pid) == before
    assert run(session(), "def f(): return 1") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "status", "words"),
    [
        ("import os\ndef f(): os._exit(0)", "crashed", "exit status 0"),
        ("import os\ndef f(): os._exit(3)", "crashed", "exit status 3"),
        ("import ctypes\ndef f(): ctypes.string_at(0)", "crashed", "SIGSEGV"),
        ("import os\ndef f(): os.abort()", "crashed", "ended by SIG"),
        ("import os\ndef f(): os.close(3)", "crashed", "exit status"),
        ("import os, time\ndef f():\n    os.close(3)\n    time.sleep(60)", "crashed", "hung up"),
        ("import sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\ndef f(): repr(x)",
         "crashed", "SIGSEGV"),
        ("import os\nos._exit(0)\ndef f(): 0", "crashed", "exit status 0"),
    ],
)  # fmt: skip
def test_a_process_that_ends_has_crashed(session, source, status, words):
    found, said = lost(session(), source)
    assert found == status
    assert re.search(words, said), said


@pytest.mark.parametrize(
    ("source", "status", "kind"),
    [
        ("def f(): raise SystemExit(0)", "crashed", "crashed: SystemExit"),
        ("def f(): raise KeyboardInterrupt", "crashed", "crashed: KeyboardInterrupt"),
        ("import os\ndef f(): return os.kill(os.getpid(), 9)", "crashed", "crashed: PermissionError"),
        ("def f(): f()", "crashed", "crashed: RecursionError"),
        ("import torch\ndef f(): return torch.empty(10**10).fill_(1)", "over limit", "over limit: memory"),
        ("def f():\n    held = []\n    while 1: held.append(bytes(10**6))", "over limit", "over limit: memory"),
        ("def f(): return bytes(10**12)", "over limit", "over limit: memory"),
        ("import os\ndef f(): os.fork()", "over limit", "over limit: processes"),
        ("from threading import Event, Thread\ndef f():\n    for _ in range(99): Thread(target=Event().wait).start()",
         "over limit", "over limit: threads"),
        ("import os\ndef f():\n    while 1: os.dup(0)", "over limit", "over limit: open files"),
        ("def f():\n    with open('/tmp/x', 'wb') as file: file.write(bytes(17 * 2**20))",
         "over limit", "over limit: files"),
        ("import torch\ndef f(): return torch.zeros(2**24)", "malformed answer", "malformed"),
        ("def f(): return [0] * 10_001", "malformed answer", "malformed"),
        ("def f(): return 2**64", "malformed answer", "malformed"),
        ("def f(): return chr(0xd800)", "malformed answer", "malformed"),
        ("import torch\nheld = []\ntorch.vmap(lambda x: held.append(x) or x)(torch.ones(2))\ndef f(): return held[0]",
         "crashed", "crashed: RuntimeError"),
    ],
)  # fmt: skip
def test_other_ends_are_told_and_the_session_goes_on(session, source, status, kind):
    opened = session()
    assert load(opened, source) == {"value": {}}
    reply = call(opened, "f")
    assert (reply["status"], reply["kind"]) == (status, kind), reply
    assert load(opened, "def f(): return 7") == {"value": {}}
    assert call(opened, "f") == {"value": 7} or kind == "over limit: threads"


def test_a_session_without_memory_is_no_fault_of_the_graders(session):
    opened = session()
    load(opened, "held = []\ndef f():\n    while 1:\n        try: held.append(bytes(10**3))\n"
                 "        except MemoryError: return 1")  # fmt: skip
    statuses = []
    while len(statuses) < 4 and not opened.over:
        try:
            statuses.append(call(opened, "f").get("status", "a value"))
        except Lost as end:
            statuses.append(end.status)
    assert set(statuses) <= {"a value", "over limit", "crashed", "malformed answer"}
    assert run(session(), "def f(): return 1") == 1


def test_processor_time_is_limited_beside_the_clock(session):
    """Threads that compute while the main one answers: the clock of the calls alone would never see them."""
    opened = session(file=1.0)
    source = """
        import hashlib, threading, time
        def burn():
            while True: hashlib.sha256(bytes(10**8)).digest()  # without the interpreter's lock
        def f():
            for _ in range(2): threading.Thread(target=burn, daemon=True).start()
            time.sleep(60)
        """
    assert lost(opened, source, 30)[0] == "timed out"


def test_a_flood_of_words_is_stopped_and_a_few_are_kept(session):
    opened = session()
    begun = time.monotonic()
    assert lost(opened, "def f():\n    while True: print('x' * 1000)") == ("over limit", "it printed more than 1 MB")
    assert time.monotonic() - begun < 10
    assert len(opened.printed) <= boundary.KEPT_OUTPUT
    assert opened.bytes_printed < 2 * 2**20

    opened = session()
    quiet = """
        import os, sys, threading
        def f():
            threading.Thread(target=lambda: [os.write(2, b"y" * 1000) for _ in range(300)]).start()
            print("first", flush=True)
            for _ in range(300): print("x" * 1000)
            return 1
        """
    assert run(opened, quiet) == 1, "what fits is read meanwhile: nobody waits for the other"
    assert run(opened, "import os\nos.close(1)\nos.close(2)\ndef f(): return 2") == 2
    assert opened.printed


# ------------------------------------------------------------------------------------------------- what it may say


FORGED = {
    "before it is asked": ("say(frames.encode({'nonce': bytes(16), 'answer': {'value': 1}}))\ndef f(): return 1",
                           "not to this question"),
    "of another nonce": ("""
        def f():
            say(frames.encode({"nonce": bytes(16), "answer": {"value": 1}}))
        """, "not to this question"),
    "twice": ("""
        def f():
            say(frames.encode({"nonce": nonce(), "answer": {"value": 1}}))
            return 1
        """, "before it was asked for|not to this question"),
    "without a nonce": ("def f(): say(frames.encode({'answer': {'value': 1}}))", "not to this question"),
    "of more than a nonce": ("def f(): say(frames.encode({'nonce': nonce(), 'answer': {}, 'verdict': 'passed'}))",
                             "not to this question"),
    "a list": ("def f(): say(frames.encode([nonce()]))", "not to this question"),
    "no answer": ("def f(): say(frames.encode({'nonce': nonce(), 'answer': None}))", "no known form"),
    "a verdict": ("""
        def f():
            say(frames.encode({"nonce": nonce(), "answer": {
                "status": "passed", "kind": "", "message": "", "line": None, "actual": ""}}))
        """, "no known form"),
    "a fault of the grader's": ("""
        def f():
            say(frames.encode({"nonce": nonce(), "answer": {
                "status": "grader fault", "kind": "", "message": "", "line": None, "actual": ""}}))
        """, "no known form"),
    "a line of text": ("""
        def f():
            say(frames.encode({"nonce": nonce(), "answer": {
                "status": "crashed", "kind": "", "message": "", "line": "1", "actual": ""}}))
        """, "no known form"),
    "a book": ("""
        def f():
            say(frames.encode({"nonce": nonce(), "answer": {
                "status": "crashed", "kind": "", "message": "x" * 8001, "line": 1, "actual": ""}}))
        """, "no known form"),
    "a value and trouble": ("def f(): say(frames.encode({'nonce': nonce(), 'answer': {'value': 1, 'status': 'x'}}))",
                            "no known form"),
    "oversized": ("def f(): say(struct.pack('<Q', 2**40))", "too long"),
    "the most oversized": ("def f(): say(b'\\xff' * 8)", "too long"),
    "garbage": ("def f(): say(struct.pack('<Q', 9) + b'l\\xff\\xff\\xff\\xffaaaa')", "could not be read"),
    "JSON": ("def f(): say(b'{\"value\": 1, \"status\": \"passed\"}')", "too long"),
    "empty": ("def f(): say(bytes(8))", "could not be read"),
    "followed by more": ("""
        def f():
            frame = frames.encode({"nonce": nonce(), "answer": {"value": 1}})[8:] + b"N"
            say(struct.pack("<Q", len(frame)) + frame)
        """, "could not be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_frame_ends_the_session(session, name):
    source, words = FORGED[name]
    opened = session()
    status, said = lost(opened, NONCE + textwrap.dedent(source))
    assert status == "malformed answer"
    assert re.search(words, said), said


def test_a_frame_that_is_cut_short_is_waited_for_no_longer_than_any(session):
    assert lost(session(), NONCE + "def f():\n    say(struct.pack('<Q', 100) + b's')\n    os._exit(0)")[0] == "crashed"
    begun = time.monotonic()
    source = NONCE + "import time\ndef f():\n    say(struct.pack('<Q', 100) + b's')\n    time.sleep(60)"
    assert lost(session(), source, seconds=0.5)[0] == "timed out"
    assert time.monotonic() - begun < 5


def test_a_byte_at_a_time_does_not_buy_time(session):
    opened = session()
    source = NONCE + textwrap.dedent("""
        import time
        def f():
            frame = frames.encode({"nonce": nonce(), "answer": {"value": "x" * 1000}})
            for i in range(len(frame)):
                say(frame[i:i + 1])
                print(i, flush=True)  # output is no sign of life either
                time.sleep(0.02)
        """)
    load(opened, source)
    begun = time.monotonic()
    with pytest.raises(Lost, match="no answer in time"):
        call(opened, "f", seconds=0.7)
    assert 0.7 <= time.monotonic() - begun < 3


def test_a_request_that_is_not_read_does_not_hold_the_judge(session):
    """More is sent than the socket holds, to one who does not read."""
    opened = session()
    load(opened, "def f(): pass")
    begun = time.monotonic()
    sleep = {"source": b"import time\ntime.sleep(60)", "path": "y", "name": "y", "given": None, "excluded": {}}
    opened.talk.send(frames.encode({"nonce": b"", "request": {"do": "load", "with": sleep}}))
    with pytest.raises(Lost, match="no answer in time"):
        call(opened, "f", torch.zeros(2**23), seconds=1)
    assert time.monotonic() - begun < 5


def test_a_reply_of_the_full_size_comes_whole(session):
    opened = session()
    n = 15 * 2**20
    assert len(run(opened, f"def f(): return 'x' * {n}")) == n
    echo = run(opened, "def f(x): return x", torch.arange(2**21))
    assert torch.equal(echo, torch.arange(2**21))


def test_descriptors_sent_along_are_dropped(session):
    before = len(os.listdir("/proc/self/fd"))
    opened = session()
    held = len(os.listdir("/proc/self/fd"))
    source = NONCE + textwrap.dedent("""
        import array, socket
        talk = socket.socket(fileno=3)
        def f():
            frame = frames.encode({"nonce": nonce(), "answer": {"value": 1}})
            talk.sendmsg([frame], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 20))])
            os.read(os.pipe()[0], 1)
        """)
    assert run(opened, source) == 1
    assert len(os.listdir("/proc/self/fd")) == held
    opened.end()
    assert len(os.listdir("/proc/self/fd")) == before


# ---------------------------------------------------------------------------------------------------- what is left


@pytest.mark.slow
def test_two_hundred_sessions_leave_nothing(session, zygote):
    sources = [
        "def f(): return 1",
        "import os\ndef f(): os._exit(1)",
        "def f():\n    while True: print('x' * 9999)",
        NONCE + "def f(): say(b'x' * 100)",
        "import threading, time\ndef f(): threading.Thread(target=time.sleep, args=(99,)).start()",
    ]
    session().end()
    before = len(os.listdir("/proc/self/fd")), descendants(zygote.process.pid)
    inside = Path(f"/proc/{max(before[1])}/fd")
    descriptors = len(list(inside.iterdir()))
    for number in range(200):
        opened = session()
        try:
            load(opened, sources[number % len(sources)])
            call(opened, "f", seconds=5)
        except Lost:
            assert opened.over
        if number % 3:
            opened.end()  # else the next one takes its place
    opened.end()
    assert (len(os.listdir("/proc/self/fd")), descendants(zygote.process.pid)) == before
    assert len(list(inside.iterdir())) == descriptors


def test_ending_twice_and_after_the_end_is_no_matter(session):
    opened = session()
    load(opened, "def f(): return 1")
    opened.end()
    opened.end()
    with pytest.raises((Lost, ValueError, OSError, Broken)):
        call(opened, "f")


@pytest.mark.slow
def test_a_worker_that_dies_is_broken_and_leaves_nothing(sandboxed):
    before = len(os.listdir("/proc/self/fd"))
    zygote = boundary.start("full")
    family = descendants(zygote.process.pid) | {zygote.process.pid}
    opened = zygote.open()
    load(opened, "import time\ndef f(): time.sleep(60)")
    os.kill(max(family), signal.SIGKILL)  # the interpreter; the others are bubblewrap's
    begun = time.monotonic()
    with pytest.raises(Broken):
        call(opened, "f", seconds=60)
    assert time.monotonic() - begun < 5
    with pytest.raises(Broken):
        zygote.open()
    zygote.close()
    zygote.close()
    assert gone(family)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.slow
def test_a_worker_that_hangs_is_ended_when_it_is_closed(sandboxed, monkeypatch):
    zygote = boundary.start("full")
    family = descendants(zygote.process.pid) | {zygote.process.pid}
    zygote.open()
    os.kill(max(family), signal.SIGSTOP)
    monkeypatch.setattr(boundary, "PATIENCE", 0.3)
    zygote.close()
    assert gone(family)


@pytest.mark.slow
def test_a_judge_that_is_killed_leaves_nobody(sandboxed):
    code = """
        import sys, time
        from course_lib.grading.sandbox import boundary
        session = boundary.start("full").open()
        file = {"source": b"def f():\\n    while True: pass", "path": "x", "name": "x", "given": None, "excluded": {}}
        session.ask({"do": "load", "with": file}, 30)
        print("ready", flush=True)
        session.ask({"do": "call", "with": {"name": "f", "args": [], "kwargs": {}}}, 60)
        """
    judge = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    with judge:
        assert judge.stdout.readline() == b"ready\n"
        family = descendants(judge.pid)
        assert len(family) >= 3
        judge.kill()
    assert gone(family)


# ------------------------------------------------------------------------------------------------------ other systems


def test_what_a_session_needs_is_torch_and_what_that_needs():
    names = {path.name for path in boundary.needed()}
    assert {"torch", "numpy"} <= names
    assert not names & {"pytest", "_pytest", "hypothesis", "course_lib", "pip", "dask", "tyro", "matplotlib"}
    assert boundary.needed(("no-such-distribution",)) == []


@pytest.mark.slow
def test_nothing_possible_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(confine, "landlock_version", lambda: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1500)
    with pytest.raises(CourseError) as caught:
        boundary.start()
    said = str(caught.value)
    assert "full: bubblewrap is not installed (apt install bubblewrap)" in said
    assert "reduced: without Landlock 3 (Linux 6.2) the grader must be root" in said
    assert "--unsafe-no-sandbox" in said
    assert "\n" not in said
    with pytest.raises(CourseError, match="no sandbox can be had here"):
        boundary.start("full")


def test_readable_tests_are_no_secret_for_another_user(monkeypatch, tmp_path):
    """Without Landlock only the owner's permissions keep the reduced mode out."""
    monkeypatch.setattr(confine, "landlock_version", lambda: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(Broken, match="can be read by every user: chmod -R go-rwx '/usr'"):
        boundary._check_reduced((tmp_path / "missing", Path("/usr")))
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    boundary._check_reduced((private,))
    assert not boundary.readable_by_others(private)
    within = private / "file"
    within.write_text("x")
    assert not boundary.readable_by_others(within)
    assert boundary.readable_by_others(Path("/usr"))


@pytest.mark.slow
def test_an_interpreter_in_a_private_home_is_named(monkeypatch, tmp_path):
    """Submissions run as another user, who could not import anything."""
    if os.geteuid() != 0:
        cannot("needs root: only root runs submissions as another user")
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    (private / "python").mkdir()
    monkeypatch.setattr(boundary, "reduced_trees", lambda: [private / "python"])
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        CourseError, match=rf"user \d+, who cannot read {private}/python: use a Python outside a private"
    ):
        boundary.start()


@pytest.mark.slow
def test_without_a_sandbox_limits_remain_and_it_is_said():
    zygote = boundary.start("none")
    try:
        assert zygote.mode == "none"
        assert run(zygote.open(), "import os\ndef f(): return os.getuid()") == os.getuid()
        assert lost(zygote.open(), "def f():\n    while True: pass", 0.3)[0] == "timed out"
        opened = zygote.open()
        load(opened, "def f(): return bytes(10**12)")
        assert call(opened, "f")["kind"] == "over limit: memory"
    finally:
        zygote.close()


HOSTILE = """
import errno, fcntl, glob, os, socket, sys
def said(work):
    try: return str(work())
    except OSError as error: return errno.errorcode[error.errno]
def f(private, judge):
    here = os.getcwd()
    return {
        "uid": os.getuid(), "read": said(lambda: open(private).read()), "list": said(lambda: os.listdir("/")),
        "write": said(lambda: open("/tmp/planted", "w")), "mkdir": said(lambda: os.mkdir("/dev/shm/planted")),
        "chmod": said(lambda: os.chmod(private, 0o777)), "truncate": said(lambda: os.truncate(private, 0)),
        "touch": said(lambda: os.utime(private, (1, 1))), "proc": said(lambda: open("/proc/self/environ").read()),
        "kill": said(lambda: os.kill(judge, 9)), "signal": said(lambda: fcntl.fcntl(0, fcntl.F_SETOWN, judge)),
        "fork": said(os.fork), "socket": said(socket.socket), "fifo": said(lambda: os.mkfifo("/tmp/pipe")),
        "pin": said(lambda: os.sched_setaffinity(judge, {0})),
        "environment": [name for name in os.environ if name in ("HOME", "TMPDIR", "LANG")],
    }
"""
ELSEWHERE = f"""
import json, os, tempfile, torch
from pathlib import Path
from course_lib.errors import CourseError
from course_lib.grading.examiner import Examiner
from course_lib.grading.sandbox import boundary
from course_lib.grading.spec import ROOT
private = Path(tempfile.mkdtemp()) / "secret"
private.write_text("precious")
with Examiner(["divergences"], "seed", known={{"divergences": {{}}}}) as examiner:
    master = examiner.examine("divergences", (ROOT / "solutions" / "divergences.py").read_bytes())
    session = examiner.zygote.open()
    load = {{"source": {HOSTILE!r}.encode(), "path": "x", "name": "x", "given": None, "excluded": {{}}}}
    session.ask({{"do": "load", "with": load}}, 30)
    with_ = {{"name": "f", "args": [str(private), os.getpid()], "kwargs": {{}}}}
    seen = session.ask({{"do": "call", "with": with_}}, 30)
    print(json.dumps({{"mode": examiner.mode, "points": master.points, "sandbox": master.sandbox, "seen": seen,
                      "secret": private.read_text(), "uid": os.getuid()}}))
"""
REFUSED = {"fork": "EAGAIN", "socket": "EPERM", "kill": "EPERM", "signal": "EPERM", "pin": "EPERM", "chmod": "EPERM",
           "truncate": "EPERM", "touch": "EPERM", "environment": []}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("user", "path", "mode"),
    [
        pytest.param(False, os.defpath, "reduced", id="a container that refuses namespaces"),
        pytest.param(True, os.defpath, "full", id="an ordinary user"),
        pytest.param(True, "/nowhere", "reduced", id="an ordinary user without bubblewrap"),
    ],
)
def test_other_systems_get_the_best_mode_that_works_there(user, path, mode):
    """Probed, not inferred: in the container bubblewrap is installed, and can do nothing."""
    if not (mode == "full" or confine.landlock_version() >= 3):
        pytest.skip("this kernel has no Landlock 3 (Linux 6.2)")
    told = json.loads(elsewhere(ELSEWHERE, user=user, path=path).splitlines()[-1])
    assert (told["mode"], told["sandbox"], told["points"]) == (mode, mode, 10)
    seen = told["seen"]["value"]
    assert told["secret"] == "precious"
    assert {name: seen[name] for name in REFUSED} == REFUSED
    if mode == "full":
        assert (seen["uid"], seen["read"], seen["proc"]) == (0, "ENOENT", "ENOENT")
    else:
        assert seen["uid"] == (told["uid"] or seen["uid"]) != 0
        assert {seen[name] for name in ("read", "list", "write", "mkdir", "proc", "fifo")} == {"EACCES"}
