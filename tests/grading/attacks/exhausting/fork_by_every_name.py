# attack: fork, vfork, clone, clone3 and forkpty by the C library and by number, for whoever forgot one
# status: wrong
# points: 0
import contextlib
import ctypes
import os
import platform
import pty
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")

libc = ctypes.CDLL(None)
CLONE_VM, CLONE_VFORK, CLONE_FILES, CLONE_PARENT, SIGCHLD = 0x100, 0x4000, 0x400, 0x8000, 17


class CloneArguments(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in "flags pidfd child parent exit stack size tls set n cgroup".split()]


def in_a_child(result):
    if result == 0:
        while True:
            libc.pause()


def guess(*args):
    in_a_child(libc.fork())
    with contextlib.suppress(OSError):
        in_a_child(pty.fork()[0])
    with contextlib.suppress(OSError):
        in_a_child(os.forkpty()[0])
    if platform.machine() == "x86_64":
        for number in (57, 58):
            in_a_child(libc.syscall(number))
        for flags in (SIGCHLD, 0, SIGCHLD | CLONE_PARENT, SIGCHLD | CLONE_FILES, 0x10000000 | SIGCHLD):
            in_a_child(libc.syscall(56, ctypes.c_ulong(flags), 0, 0, 0, 0))
    for flags in (0, CLONE_PARENT, 0x10000000):
        arguments = CloneArguments(flags=flags, exit=SIGCHLD)
        in_a_child(libc.syscall(435, ctypes.byref(arguments), ctypes.sizeof(arguments)))
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
