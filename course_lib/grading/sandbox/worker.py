"""Runs inside the boundary: a warm interpreter (the zygote) that forks a session for each submission.

    python worker.py SITE ...    SITE: folders of torch and what it needs; the control socket is descriptor 3

The zygote holds no byte of any submission: a session reads its file from its own socket, after it has been confined.
On the control socket come JSON messages: "open" (with the session's socket and its output pipe), answered with the
session's pid and a pidfd; "wait", answered with how the session ended. A failure is answered in words.
"""

import array
import gc
import json
import os
import signal
import socket
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]
sys.path += sys.argv[1:]
# A forked process keeps only the thread that forked, so there must be no others.
os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})

import confine  # noqa: E402
import excluded  # noqa: E402
import frames  # noqa: E402
import inside  # noqa: E402

CONTROL = 3


def warm_up() -> None:
    """What is slow the first time: the first gradient, the first step of an optimiser."""
    import torch

    torch.set_num_threads(1)
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2), torch.nn.Tanh()).double()
    for kind in (torch.optim.SGD, torch.optim.Adam):
        optimizer = kind(network.parameters(), lr=0.1)
        network(torch.zeros(3, 2, dtype=torch.float64)).logsumexp(0).sum().backward()
        optimizer.step()
    x = torch.linspace(-1, 1, 5, requires_grad=True)
    torch.autograd.grad(torch.where(x > 0, x.exp(), torch.logaddexp(x, x**2)).mean(), x)
    frames.decode(frames.encode({"x": x})[frames.HEADER.size :])
    worker = inside.Inside(ref=frames.Ref, uses=excluded.uses)
    source = b"import math\nimport torch\nfrom torch import Tensor, nn\ndef f(x): return x\ndef g(x): return 1 / 0"
    worker.answer(
        {
            "do": "load",
            "with": {"source": source, "path": "x.py", "name": "x", "given": source, "excluded": {"torch.x": ""}},
        }
    )
    for name in ("f", "g"):
        worker.answer({"do": "value_and_grad", "with": {"name": name, "args": [x], "kwargs": {}, "cotangent": None}})


def main() -> None:
    control = socket.socket(fileno=CONTROL)
    warm_up()
    gc.collect()
    gc.freeze()
    # Where memory is short these go first. Once undumpable, an ordinary user's process can no longer say so.
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    confine.checked(confine._libc.prctl(confine.PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl")
    namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    threads = len(os.listdir("/proc/self/task"))
    _tell(control, {"ready": True, "threads": threads})
    session = None
    while True:
        message, descriptors = _hear(control)
        if message is None:
            if session is not None:
                os.kill(session, signal.SIGKILL)
            return
        if message["do"] == "wait":
            _, status, used = os.wait4(session, 0)
            session = None
            _tell(control, {"ended": status, "processor": used.ru_utime + used.ru_stime})
            continue
        try:
            session, pidfd = open_session(message, descriptors, namespace)
            _tell(control, {"pid": session}, [pidfd])
            os.close(pidfd)
        except OSError as error:
            _tell(control, {"failed": str(error)})
        for descriptor in descriptors:
            os.close(descriptor)


def _tell(control: socket.socket, message: dict, descriptors: list[int] = ()) -> None:
    socket.send_fds(control, [json.dumps(message).encode()], descriptors)


def _hear(control: socket.socket) -> tuple[dict | None, list[int]]:
    space = socket.CMSG_SPACE(2 * array.array("i").itemsize)
    data, ancillary, _, _ = control.recvmsg(65536, space, socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content)
    return (json.loads(data) if data else None), list(descriptors)


def open_session(message: dict, descriptors: list[int], namespace: int) -> tuple[int, int]:
    """Fork a session, in a pid namespace of its own where the mode is full. Returns its pid and a pidfd."""
    full = message["mode"] == "full"
    if full:
        confine.unshare(confine.CLONE_NEWPID)  # for children only
    try:
        pid = os.fork()
        if pid == 0:
            run_session(message, descriptors)
    finally:
        if full:
            confine.setns(namespace, confine.CLONE_NEWPID)
    return pid, os.pidfd_open(pid)


def run_session(message: dict, descriptors: list[int]) -> None:
    """The child: never returns, and never goes on unconfined."""
    try:
        try:
            confine_session(message, descriptors)
        except BaseException as error:
            socket.socket(fileno=3).sendall(b"not confined: " + str(error).encode())
        else:
            serve()
    finally:
        os._exit(1)


def confine_session(message: dict, descriptors: list[int]) -> None:
    limits = confine.Limits(**message["limits"])
    mode, user = message["mode"], message["user"]
    talk, output = (os.dup(descriptor) for descriptor in descriptors)
    high = [os.dup2(descriptor, 100 + i) for i, descriptor in enumerate((talk, output))]
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    for target, source in ((1, high[1]), (2, high[1]), (3, high[0])):
        os.dup2(source, target)
    os.closerange(4, 4096)
    os.chdir("/")
    confine.limit(limits, may_write=mode != "reduced")
    if mode == "none":
        return
    if mode == "full":
        confine.own_view(limits.files * 4)
        os.chdir("/tmp")
    confine.become(user)
    if mode == "full" or user is not None:
        confine.limit_threads(limits.threads)
    if mode == "reduced" and confine.landlock_version():
        confine.landlock(message["readable"])
    confine.seccomp()


def serve() -> None:
    """Answer requests until the judge hangs up. From here on everything may be changed by the submission."""
    talk = socket.socket(fileno=3)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # what is printed outlives a session that is killed
    worker = inside.Inside(ref=frames.Ref, uses=excluded.uses)
    talk.sendall(frames.encode("confined"))
    while True:
        body = _read(talk, frames.HEADER.unpack(_read(talk, frames.HEADER.size))[0])
        request = frames.decode(body)
        try:
            answer = worker.answer(request["request"])
        except BaseException as error:
            answer = inside.crash("the session raised", error, None).reply
        try:
            reply = frames.encode({"nonce": request["nonce"], "answer": answer})
        except MemoryError:
            trouble = inside.Trouble("no memory is left to send the answer", "over limit: memory", "over limit")
            reply = frames.encode({"nonce": request["nonce"], "answer": trouble.reply})
        except frames.Malformed as error:
            trouble = inside.Trouble(f"the answer cannot be sent: {error}", "malformed", "malformed answer")
            reply = frames.encode({"nonce": request["nonce"], "answer": trouble.reply})
        talk.sendall(reply)


def _read(talk: socket.socket, n: int) -> bytes:
    parts = bytearray()
    while len(parts) < n:
        part = talk.recv(min(n - len(parts), 1 << 20))
        if not part:
            os._exit(0)
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    main()
