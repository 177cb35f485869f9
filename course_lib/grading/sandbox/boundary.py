"""The judge's side of the boundary: start a zygote, open a session for a submission, ask, and end it.

Three modes. *full*: bubblewrap, and for each session a pid, mount, ipc and uts namespace of its own. *reduced*, where
nested namespaces are refused: no capability, seccomp, limits, an own user (where the grader is root) and Landlock
(where the kernel has it). *none*: a process of its own with limits, for code that is trusted. What a mode promises is
tried at start-up, by opening a session in it, not inferred from what is installed.
"""

import importlib.metadata
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from dataclasses import asdict, dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import torch
from packaging.requirements import Requirement

from course_lib.errors import CourseError
from course_lib.grading.sandbox import confine, frames
from course_lib.grading.sandbox.confine import Limits

HERE = Path(__file__).resolve().parent
WORKER = ("worker.py", "confine.py", "excluded.py", "frames.py", "inside.py")  # what runs behind the boundary
READY = 120.0  # seconds for a zygote to import torch on a busy machine
PATIENCE = 5.0  # seconds for it to end when it is told to
# Each thread would reserve 64 MB beside its stack for what it allocates: a quarter of the memory that a session has.
ENVIRONMENT = {"PATH": os.defpath, "MALLOC_ARENA_MAX": "1"}
KEPT_OUTPUT = 4000  # bytes of what a submission printed, kept for the instructor
TROUBLE = {"wrong", "not implemented", "crashed", "over limit", "malformed answer"}  # what a session may say of itself


class Broken(RuntimeError):
    """The machinery failed, not the submission."""


class Lost(Exception):
    """The session is over. status: as in `records.STATUSES`."""

    def __init__(self, status: str, message: str):
        super().__init__(message)
        self.status = status


def needed(names: tuple[str, ...] = ("torch", "numpy")) -> list[Path]:
    """Files and folders at the top of site-packages that these distributions need, and nothing else of it."""
    found: dict[Path, None] = {}
    seen, todo = set(), list(names)
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in distribution.files or ():
            top = Path(file.parts[0])
            if top.name not in ("..", "__pycache__") and top.suffix not in (".dist-info", ".pth"):
                found[Path(distribution.locate_file(top))] = None
        for line in distribution.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(requirement.name)
    return sorted(path for path in found if path.exists())


def system_trees() -> list[Path]:
    """The interpreter, its standard library and the C library: what a process needs to run Python at all."""
    base = Path(sys.base_prefix)
    trees = [Path("/usr/lib"), Path("/usr/lib64"), Path("/lib"), Path("/lib64"), Path("/etc/ld.so.cache")]
    if base != Path("/usr"):
        trees.append(base)
    return [tree for tree in [*trees, interpreter()] if tree.exists()]


def interpreter() -> Path:
    return Path(os.path.realpath(sys.executable))


def bubblewrap(uid_namespace: bool) -> list[str]:
    """The command that starts a zygote in a system of its own."""
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--new-session",
               "--cap-drop", "ALL"]  # fmt: skip
    if uid_namespace:
        command += ["--unshare-user", "--uid", "0", "--gid", "0"]
    for capability in ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL"):
        command += ["--cap-add", f"CAP_{capability}"]
    # An environment that is the system's own would show the course and its tests beside torch.
    hidden = list(Path(sys.base_prefix, "lib").glob("python3*/*-packages"))
    bound = {tree: tree for tree in system_trees() if not tree.is_symlink()}
    bound |= {Path("/site", path.name): path for path in needed()}
    bound |= {Path("/worker", name): HERE / name for name in WORKER}
    # bubblewrap makes the folders above a bind for root alone; a session is another user.
    above = {folder for target in bound for folder in target.parents if folder != Path("/")}
    for folder in sorted(above - bound.keys()):
        command += ["--perms", "0755", "--dir", str(folder)]
    for tree in system_trees():
        if tree.is_symlink():
            command += ["--symlink", os.readlink(tree), str(tree)]
    for target, path in bound.items():
        command += ["--ro-bind", str(path), str(target)]
    for packages in hidden:
        command += ["--tmpfs", str(packages), "--remount-ro", str(packages)]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*command, "--chdir", "/", str(interpreter()), "-I", "-S", "-B", "/worker/worker.py", "/site"]


@dataclass
class Zygote:
    """A warm interpreter behind the boundary. One session at a time; `close` ends everything."""

    mode: str
    limits: Limits = field(default_factory=Limits)
    process: subprocess.Popen = None
    control: socket.socket = None
    session: "Session | None" = None
    words: FileIO | None = None
    said: str = ""

    def start(self) -> "Zygote":
        """Raises Broken where it does not come up."""
        root = os.geteuid() == 0
        self.user = 20_000 + os.getpid() % 40_000 if root and self.mode != "none" else None
        sites = sorted({str(path.parent) for path in needed()})
        self.readable = [str(path) for path in [*reduced_trees(), *needed(), HERE]]
        if self.mode == "full":
            if shutil.which("bwrap") is None:
                raise Broken("bubblewrap is not installed (apt install bubblewrap)")
            if interpreter().is_relative_to("/tmp"):
                raise Broken(f"the interpreter {interpreter()} stands under /tmp, which every session has for itself")
            command = bubblewrap(not root)
        else:
            command = [str(interpreter()), "-I", "-S", "-B", str(HERE / "worker.py"), *sites]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = ours
        read, write = os.pipe()
        try:
            # The control socket is descriptor 3 on the other side, whatever its number is here.
            os.set_inheritable(theirs.fileno(), True)
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", 'exec "$@" 3<&0 0</dev/null', "sh", *command], env=ENVIRONMENT,
                stdin=theirs.fileno(), stdout=write, stderr=write, cwd="/", start_new_session=True,
            )  # fmt: skip
        finally:
            theirs.close()
            os.close(write)
        self.words = os.fdopen(read, "rb", buffering=0)
        answer = self.hear(READY)[0]
        if answer is None or not answer.get("ready"):
            raise Broken(f"the worker did not start: {self.last_words()}")
        if answer["threads"] != 1:
            raise Broken(f"the worker has {answer['threads']} threads before it forks; one is needed")
        return self

    def tell(self, message: dict, descriptors: list[int] = ()) -> None:
        try:
            socket.send_fds(self.control, [json.dumps(message).encode()], descriptors)
        except OSError as error:
            raise Broken(f"the worker is gone: {error}") from None

    def hear(self, seconds: float) -> tuple[dict | None, list[int]]:
        """None where the other side hung up. Raises Broken where it says nothing in time."""
        self.control.settimeout(seconds)
        try:
            data, descriptors, _, _ = socket.recv_fds(self.control, 65536, 4)
        except TimeoutError:
            raise Broken("the worker does not answer") from None
        except OSError as error:
            raise Broken(f"the worker is gone: {error}") from None
        return (json.loads(data) if data else None), descriptors

    def last_words(self) -> str:
        """What it wrote before it went."""
        self.close()
        return self.said.splitlines()[-1] if self.said else "it said nothing"

    def open(self) -> "Session":
        """A fresh session, confined. Raises Broken where that fails."""
        if self.session is not None:
            self.session.end()
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        message = {"do": "open", "mode": self.mode, "user": self.user, "limits": asdict(self.limits),
                   "readable": self.readable}  # fmt: skip
        try:
            try:
                self.tell(message, [theirs.fileno(), write])
            finally:
                theirs.close()
                os.close(write)
            answer, descriptors = self.hear(30)
            if answer is None or "pid" not in answer:
                raise Broken(f"no session: {answer['failed'] if answer else self.last_words()}")
        except Broken:
            ours.close()
            os.close(read)
            raise
        self.session = session = Session(self, ours, read, descriptors[0])
        if (said := session.first(30)) is not None:
            session.end()
            raise Broken(f"a session could not be confined: {said}")
        return session

    def close(self) -> None:
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            if self.session is not None:
                signal.pidfd_send_signal(self.session.pidfd, signal.SIGKILL)
                self.session.forget()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                below = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
                for child in below.read_text().split() if below.exists() else ():
                    os.kill(int(child), signal.SIGKILL)  # bubblewrap passes no signal on
                self.process.kill()
                self.process.wait()
        if self.words is not None and not self.words.closed:
            os.set_blocking(self.words.fileno(), False)
            self.said = (self.words.read(4000) or b"").decode("utf-8", "replace").strip()
            self.words.close()
        self.session = None


def reduced_trees() -> list[Path]:
    """What Landlock lets a session read, besides torch: no site-packages, no home, no /proc."""
    base, library = Path(sys.base_prefix), Path(sysconfig.get_path("stdlib"))
    own = [path for path in library.iterdir() if not path.name.endswith("-packages")] if library.exists() else []
    shared = list((base / "lib").glob("*.so*")) if base != Path("/usr") else []
    system = [tree for tree in system_trees() if tree != base]
    return [*system, *own, *shared, Path("/dev/null"), Path("/dev/zero"), Path("/dev/urandom")]


class Session:
    """One process that runs one submission. Everything it says is a stranger's word."""

    def __init__(self, zygote: Zygote, talk: socket.socket, output: int, pidfd: int):
        self.zygote, self.talk, self.output, self.pidfd = zygote, talk, output, pidfd
        self.limits = zygote.limits
        self.received = bytearray()
        self.printed = b""
        self.bytes_printed = 0
        self.over = False
        talk.setblocking(False)
        os.set_blocking(output, False)

    def first(self, seconds: float) -> str | None:
        """None once the session says that it is confined; else what went wrong. No submission's code has run yet."""
        try:
            body = self._exchange(b"", time.monotonic() + seconds)
            return None if frames.decode(body) == "confined" else "it says something else"
        except (Lost, frames.Malformed) as error:
            return bytes(self.received[:300]).decode("utf-8", "replace") or str(error)

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The reply of `inside.Inside.answer` over there, checked in form. Raises Lost where the session is over.

        A session that says anything unasked, or anything that is no reply to this very request, is ended.
        """
        nonce = secrets.token_bytes(16)
        if self.received:
            self._lose("malformed answer", "a message came before it was asked for")
        body = self._exchange(frames.encode({"nonce": nonce, "request": request}), time.monotonic() + seconds)
        try:
            reply = frames.decode(body)
        except frames.Malformed as error:
            self._lose("malformed answer", f"the answer could not be read: {error}")
        if not isinstance(reply, dict) or reply.keys() != {"nonce", "answer"} or reply["nonce"] != nonce:
            self._lose("malformed answer", "the answer is not to this question")
        answer = reply["answer"]
        if not isinstance(answer, dict) or not (answer.keys() == {"value"} or _is_trouble(answer)):
            self._lose("malformed answer", "the answer has no known form")
        return answer

    def _exchange(self, message: bytes, deadline: float) -> bytes:
        """Send the message, return the body of one frame; drain what is printed meanwhile. Raises Lost."""
        unsent = memoryview(message)
        poll = select.poll()
        poll.register(self.talk, select.POLLIN | (select.POLLOUT if unsent else 0))
        poll.register(self.output, select.POLLIN)
        poll.register(self.pidfd, select.POLLIN)
        poll.register(self.zygote.control, 0)  # the session may outlive a worker that dies
        header = frames.HEADER.size
        while True:
            if len(self.received) >= header:
                length = frames.HEADER.unpack(self.received[:header])[0]
                if length > frames.MAX_BYTES:
                    self._lose("malformed answer", "an answer too long")
                if len(self.received) >= header + length:
                    body = bytes(self.received[header : header + length])
                    del self.received[: header + length]
                    return body
            left = deadline - time.monotonic()
            if left <= 0:
                self._lose("timed out", "no answer in time")
            ready = dict(poll.poll(1000 * left))
            ended = self.pidfd in ready
            if self.zygote.control.fileno() in ready:
                self.end()
                raise Broken("the worker is gone")
            if self.output in ready and not self._drain():
                poll.unregister(self.output)
            events = ready.get(self.talk.fileno(), 0)
            try:
                if events & select.POLLOUT and unsent:
                    unsent = unsent[self.talk.send(unsent[: 1 << 20]) :]
                    if not unsent:
                        poll.modify(self.talk, select.POLLIN)
                if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                    part = self.talk.recv(1 << 20)
                    self.received += part
                    if part:
                        continue
                    ended = True
            except BlockingIOError:
                continue
            except OSError:
                ended = True
            if ended:
                self._lose(*self._how_it_ended())

    def _drain(self) -> bool:
        """Read what was printed. False once nothing more can come. Raises Lost where it is too much."""
        try:
            part = os.read(self.output, 1 << 16)
        except BlockingIOError:
            return True
        self.bytes_printed += len(part)
        self.printed += part[: KEPT_OUTPUT - len(self.printed)]
        if self.bytes_printed > self.limits.output * 2**20:
            self._lose("over limit", f"it printed more than {self.limits.output} MB")
        return bool(part)

    def _how_it_ended(self) -> tuple[str, str]:
        status, processor = self.end()
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number in (signal.SIGKILL, signal.SIGXCPU):
                if processor >= int(self.limits.file):
                    return "timed out", f"it used {processor:.0f} seconds of processor time"
                if number == signal.SIGKILL and not self.killed:
                    return "over limit", "the system ended it for want of memory"
                return "crashed", "it hung up"
            return "crashed", f"the process was ended by {signal.Signals(number).name}"
        return "crashed", f"the process ended itself with exit status {os.waitstatus_to_exitcode(status)}"

    def _lose(self, status: str, message: str) -> None:
        self.end()
        raise Lost(status, message)

    def end(self) -> tuple[int, float]:
        """Kill it, and all it may have started; its wait status and seconds of processor time. Safe to call again."""
        if self.over:
            return 0, 0.0
        # Ended already, by itself? Then there is nothing to kill, and its own status tells how.
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        self.killed = not poll.poll(50 if self._hung_up() else 0)
        if self.killed:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        self.forget()
        self.zygote.tell({"do": "wait"})
        answer, _ = self.zygote.hear(30)
        if answer is None:
            raise Broken("the worker is gone")
        return answer["ended"], answer["processor"]

    def _hung_up(self) -> bool:
        poll = select.poll()
        poll.register(self.talk, 0)
        return bool(poll.poll(0))

    def forget(self) -> None:
        """Close this side's descriptors."""
        if not self.over:
            self.over = True
            self.zygote.session = None
            self.talk.close()
            os.close(self.output)
            os.close(self.pidfd)


def _is_trouble(answer: dict) -> bool:
    return (
        answer.keys() == {"status", "kind", "message", "line", "actual"}
        and answer["status"] in TROUBLE
        and all(type(answer[key]) is str and len(answer[key]) <= 8000 for key in ("kind", "message", "actual"))
        and (answer["line"] is None or (type(answer["line"]) is int and 0 <= answer["line"] < 10**7))
    )


# What a submission may count on: modules that the worker has not imported yet, and gradients.
PROOF = b"""
def f(x):
    import encodings.idna, numpy.testing, sys, torch.utils.serialization, wave
    return x.exp().sum()
"""


def start(mode: str = "auto", limits: Limits | None = None, private: tuple[Path, ...] = ()) -> Zygote:
    """A zygote in the best mode that this system allows (auto), or in the one named.

    Each mode is tried by opening a session in it and asking for a gradient. private: what no submission may read.
    Raises CourseError where no mode works, with what to install.
    """
    reasons = []
    for one in ("full", "reduced") if mode == "auto" else (mode,):
        zygote = Zygote(one, limits or Limits())
        try:
            if one == "reduced":
                _check_reduced(private)
            zygote.start()
            session = zygote.open()
            load = {"source": PROOF, "path": "proof.py", "name": "proof", "given": None, "excluded": {}}
            slope = {"name": "f", "args": [torch.ones(2)], "kwargs": {}, "cotangent": None}
            for request in ({"do": "load", "with": load}, {"do": "value_and_grad", "with": slope}):
                answer = session.ask(request, 30)
                if "value" not in answer:
                    raise Broken(answer["message"])
            session.end()
            return zygote
        except (Broken, Lost, OSError) as error:
            zygote.close()
            reasons.append(f"{one}: {error}")
    raise CourseError(
        f"no sandbox can be had here ({'; '.join(reasons)}). Install bubblewrap (apt install bubblewrap) on Linux and "
        "allow user namespaces; for code that you trust there is --unsafe-no-sandbox"
    )


def _check_reduced(private: tuple[Path, ...]) -> None:
    """Raises Broken where a session could read what it must not."""
    version, root = confine.landlock_version(), os.geteuid() == 0
    if version >= 3 or (version and root):
        return
    if not root:  # a submission could read, or with an older Landlock cut short, whatever its user may
        raise Broken("without Landlock 3 (Linux 6.2) the grader must be root, to run submissions as another user")
    for path in private:
        if path.exists() and readable_by_others(path):
            raise Broken(f"{path} can be read by every user: chmod -R go-rwx '{path}'")


def readable_by_others(path: Path) -> bool:
    """Whether a user who owns nothing of it can reach this file or folder."""
    resolved = path.resolve()
    parents = all(parent.stat().st_mode & 0o001 for parent in resolved.parents)
    return parents and bool(resolved.stat().st_mode & 0o005)
