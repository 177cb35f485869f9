# attack: anonymous and shared maps, which a count of the heap does not see
# status: over limit
# points: 0
import mmap
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def monte_carlo_kl(log_p, log_q, x):
    hoard = []
    while True:
        page = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        page[:: mmap.PAGESIZE] = bytes(len(page) // mmap.PAGESIZE)
        hoard.append(page)


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
