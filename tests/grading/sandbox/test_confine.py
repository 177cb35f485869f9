"""What a session gives up. The filter of system calls is interpreted here for both architectures, and tried."""

import errno
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from course_lib.grading.sandbox import confine
from course_lib.grading.sandbox.confine import DENIED, DENIED_COMMANDS, seccomp_program

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
COLUMN = {"x86_64": 0, "aarch64": 1}
PID = 4321
ALLOW, KILL = 0x7FFF0000, 0x80000000
AGAIN, REFUSED, UNKNOWN = (0x00050000 | number for number in (errno.EAGAIN, errno.EPERM, errno.ENOSYS))
CLONE_VM, CLONE_THREAD, CLONE_NEWUSER = 0x100, 0x10000, 0x10000000
F_GETFL, F_SETOWN, F_SETSIG, F_SETOWN_EX = 3, 8, 10, 15


def answer(program, machine: int, number: int, *arguments: int) -> int:
    """What the kernel would do: classic BPF over struct seccomp_data."""
    words = {0: number & 0xFFFFFFFF, 4: machine}
    for i, value in enumerate(arguments):
        words[16 + 8 * i], words[20 + 8 * i] = value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF
    at = accumulator = 0
    while True:
        code, yes, no, k = program[at]
        at += 1
        match code:
            case 0x20:
                accumulator = words.get(k, 0)
            case 0x06:
                return k
            case 0x15:
                at += yes if accumulator == k else no
            case 0x35:
                at += yes if accumulator >= k else no
            case 0x45:
                at += yes if accumulator & k else no
            case _:
                raise AssertionError(f"no such instruction: {code:#x}")


@pytest.fixture(params=MACHINES)
def asked(request):
    """asked(number, *arguments) -> the filter's answer; .machine, .column tell for which architecture."""

    def ask(number, *arguments, machine=MACHINES[request.param]):
        return answer(ask.program, machine, number, *arguments)

    ask.machine, ask.column = request.param, COLUMN[request.param]
    ask.program = seccomp_program(request.param, PID)
    return ask


def test_the_program_is_one_that_the_kernel_takes(asked):
    program = asked.program
    assert len(program) <= 4096
    for at, (code, yes, no, k) in enumerate(program):
        assert 0 <= k < 2**32
        assert 0 <= yes < 256
        assert 0 <= no < 256
        assert code == 0x06 or at + 1 + max(yes, no) < len(program), "goes past the end"
        assert code != 0x20 or (k % 4 == 0 and k < 64)
    assert program[-1][0] == 0x06, "ends in an answer"


def test_every_call_by_its_number(asked):
    """Up to the last that any kernel has: denied where it says so, allowed otherwise."""
    expected = dict.fromkeys(range(512), ALLOW)
    for name, numbers in DENIED.items():
        if numbers[asked.column] is not None:
            expected[numbers[asked.column]] = AGAIN if name in ("fork", "vfork") else REFUSED
    for numbers in ((56, 220), (435, 435), (234, 131), (302, 261)):  # by their arguments: below
        del expected[numbers[asked.column]]
    found = {number: asked(number, 0, 0, 0, 0, 0, 0) for number in expected}
    assert found == expected
    assert sum(value != ALLOW for value in expected.values()) > 90


def test_a_process_is_refused_and_a_thread_is_not(asked):
    clone, clone3 = (56, 435) if asked.machine == "x86_64" else (220, 435)
    assert asked(clone, 17) == AGAIN  # SIGCHLD alone: what fork asks for
    assert asked(clone, CLONE_VM | 17) == AGAIN
    assert asked(clone, CLONE_NEWUSER | 17) == AGAIN
    assert asked(clone, CLONE_THREAD << 32) == AGAIN, "what the kernel does not read counts for nothing"
    assert asked(clone, 0x3D0F00) == ALLOW  # what the C library asks for a thread
    assert asked(clone3, 0, 88) == UNKNOWN, "then the C library falls back to clone"


def test_signals_go_to_itself_alone(asked):
    tgkill = 234 if asked.machine == "x86_64" else 131
    assert asked(tgkill, PID, 5, 9) == ALLOW
    for other in (0, 1, PID + 1, 2**32 - 1, 2**31):
        assert asked(tgkill, other, 5, 9) == REFUSED
    assert asked(tgkill, 2**32 + PID, 5, 9) == ALLOW, "a pid has 32 bits for the kernel too"


def test_limits_of_others_stay(asked):
    prlimit = 302 if asked.machine == "x86_64" else 261
    assert asked(prlimit, 0, 7, 0, 0) == ALLOW
    assert asked(prlimit, PID, 7, 0, 0) == ALLOW
    assert asked(prlimit, 1, 7, 0, 0) == REFUSED


def test_a_descriptor_sends_nobody_a_signal(asked):
    fcntl, ioctl = (72, 16) if asked.machine == "x86_64" else (25, 29)
    for command in (F_SETOWN, F_SETSIG, F_SETOWN_EX):
        assert asked(fcntl, 3, command, 1) == REFUSED
        assert asked(fcntl, 3, command | 7 << 32, 1) == REFUSED, "the kernel reads 32 bits of a command"
    assert asked(fcntl, F_SETOWN, F_GETFL, 0) == ALLOW
    for command in (0x8901, 0x8902):
        assert asked(ioctl, 3, command, 1) == REFUSED
    assert asked(ioctl, 3, 0x541B, 1) == ALLOW  # FIONREAD


def test_another_architecture_ends_the_process(asked):
    """A 64-bit process may make 32-bit calls, whose numbers mean other things."""
    for machine in (0x40000003, 0x40000028, 0, *(set(MACHINES.values()) - {MACHINES[asked.machine]})):
        for number in (0, 1, 11, 57):
            assert asked(number, machine=machine) == KILL


def test_the_second_numbering_of_x86_is_refused():
    program = seccomp_program("x86_64", PID)
    for number in (0x40000000, 0x40000000 | 57, 0x40000000 | 520, 512, 520, 547, 0x7FFFFFFF, 0xFFFFFFFF):
        assert answer(program, MACHINES["x86_64"], number) == REFUSED


def test_an_unknown_architecture_is_no_reason_to_run_without():
    with pytest.raises(OSError, match="no seccomp filter for riscv64"):
        seccomp_program("riscv64", PID)


HEADERS = {
    "x86_64": next(iter(sorted(Path("/usr/include").glob("x86_64*/asm/unistd_64.h"))), None),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),  # which aarch64 takes as it is
}
LATER = {"setxattrat", "removexattrat", "file_setattr", "fchmodat2"}  # than the headers of many systems
SPECIAL = {"clone": (56, 220), "clone3": (435, 435), "tgkill": (234, 131), "prlimit64": (302, 261)}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_the_systems_headers(machine):
    header = HEADERS[machine]
    if header is None or not header.exists():
        pytest.skip("the kernel's headers are not installed (apt install linux-libc-dev)")
    numbers = {
        name: int(number)
        for name, number in re.findall(r"#\s*define\s+__NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
    }
    commands = {name: numbers_ for name, (numbers_, _) in DENIED_COMMANDS.items()}
    ours = {name: pair[COLUMN[machine]] for name, pair in {**DENIED, **SPECIAL, **commands}.items()}
    assert {name for name in ours if ours[name] is None} & numbers.keys() == set(), "is there after all"
    named = {name: number for name, number in ours.items() if number is not None}
    assert named.keys() - numbers.keys() <= LATER
    assert {name: numbers[name] for name in named if name in numbers} == {
        name: number for name, number in named.items() if name in numbers
    }


def confined(code: str) -> str:
    """What `code` prints in a process of its own, which may confine itself."""
    head = f"import sys; sys.path.insert(0, {str(Path(confine.__file__).parent)!r})\nimport confine, os, errno\n"
    told = """
    def said(work):
        try: return str(work())
        except OSError as error: return errno.errorcode[error.errno]
    """
    command = [sys.executable, "-I", "-c", head + textwrap.dedent(told) + textwrap.dedent(code)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture
def linux():
    if not sys.platform.startswith("linux") or os.uname().machine not in MACHINES:
        pytest.skip("needs Linux on x86-64 or aarch64")


@pytest.mark.usefixtures("linux")
def test_the_filter_holds_in_earnest(tmp_path):
    (tmp_path / "mine").write_text("precious")
    said = confined(f"""
        import fcntl, signal, socket, threading
        confine.become(None)
        confine.seccomp()
        reader, writer = os.pipe()
        mine = {str(tmp_path / "mine")!r}
        print([
            said(os.fork),
            said(lambda: os.execv("/bin/true", ["true"])),
            said(socket.socket),
            said(lambda: os.kill(os.getppid(), 9)),
            said(lambda: os.kill(os.getpid(), 0)),
            said(lambda: os.chmod(mine, 0o777)),
            said(lambda: os.utime(mine, (1, 1))),
            said(lambda: os.truncate(mine, 0)),
            said(lambda: fcntl.fcntl(reader, fcntl.F_SETOWN, os.getppid())),
            said(lambda: fcntl.fcntl(reader, fcntl.F_SETSIG if hasattr(fcntl, "F_SETSIG") else 10, 9)),
            said(lambda: os.sched_setaffinity(os.getppid(), {{0}})),
            said(lambda: os.memfd_create("x")),
        ])
        heard = []
        signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
        signal.raise_signal(signal.SIGUSR1)
        thread = threading.Thread(target=heard.append, args=(2,))
        thread.start()
        thread.join()
        print(heard)
    """)
    refused, heard = said.splitlines()
    assert refused == str(["EAGAIN", *["EPERM"] * 11])
    assert heard == "[1, 2]", "signals to itself and threads are none of a grader's business"
    assert (tmp_path / "mine").read_text() == "precious"
    assert (tmp_path / "mine").stat().st_mtime > 1


@pytest.mark.usefixtures("linux")
def test_no_capability_is_left_and_none_can_come_back():
    said = confined("""
        confine.become(None)
        print(open("/proc/self/status").read())
    """)
    fields = dict(re.findall(r"(\w+):\s*(\S+)", said))
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1"
    if os.geteuid() == 0:
        assert fields["CapBnd"] == "0" * 16


@pytest.mark.usefixtures("linux")
def test_landlock_leaves_what_it_names_and_that_for_reading(tmp_path):
    if not confine.landlock_version():
        pytest.skip("this kernel has no Landlock (Linux 5.13)")
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("text")
    said = confined(f"""
        import pathlib
        confine.become(None)
        here = pathlib.Path({str(tmp_path)!r})
        confine.landlock([str(here / "open"), str(here / "is not there")])
        print([
            said((here / "open" / "file").read_text),
            said(lambda: os.listdir(here / "open")),
            said((here / "closed" / "file").read_text),
            said(lambda: os.listdir(here / "closed")),
            said(lambda: os.listdir(here)),
            said(lambda: (here / "open" / "file").write_text("")),
            said(lambda: (here / "open" / "new").write_text("")),
            said(lambda: (here / "open" / "folder").mkdir()),
            said(lambda: (here / "open" / "file").unlink()),
            said(lambda: (here / "open" / "file").rename(here / "closed" / "more")),
            said(lambda: os.mkfifo(here / "open" / "pipe")),
            said(lambda: open("/proc/self/status").read()),
        ])
    """)
    assert said == str(["text", "['file']", *["EACCES"] * 10])
    assert (tmp_path / "open" / "file").read_text() == "text"


@pytest.mark.usefixtures("linux")
def test_limits_are_hard_and_soft():
    said = confined("""
        import resource
        confine.limit(confine.Limits(file=7.5, memory=100, files=3, open_files=20), may_write=True)
        for name in ("CPU", "FSIZE", "NOFILE", "CORE", "MEMLOCK", "MSGQUEUE"):
            print(name, *resource.getrlimit(getattr(resource, "RLIMIT_" + name)))
        try:
            bytearray(101 * 2**20)
        except MemoryError:
            print("no more")
        print(len(bytearray(90 * 2**20)) >> 20)
    """)
    assert said.splitlines() == [
        "CPU 8 8", f"FSIZE {3 * 2**20} {3 * 2**20}", "NOFILE 20 20", "CORE 0 0", "MEMLOCK 0 0", "MSGQUEUE 0 0",
        "no more", "90",
    ]  # fmt: skip
