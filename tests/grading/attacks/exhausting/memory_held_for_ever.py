# attack: takes all memory, swallows the MemoryError and keeps it, so that the worker has none to answer with
# status: over limit|crashed|wrong|malformed answer
# points: 0
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")

hoard = []


def monte_carlo_kl(log_p, log_q, x):
    size = 1 << 28
    while size:
        try:
            hoard.append(bytearray(size))
        except MemoryError:
            size >>= 1
    return torch.zeros(()), torch.zeros(())


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
