# attack: a list that grows until there is no memory
# status: over limit
# points: 0
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def monte_carlo_kl(log_p, log_q, x):
    hoard = []
    while True:
        hoard.append(bytes(10_000_000))


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
