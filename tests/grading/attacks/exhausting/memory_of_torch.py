# attack: a tensor of 8 TB, and tensors of 100 MB until torch has no more
# status: over limit
# points: 0
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    return torch.ones(10**12, dtype=torch.float64)


def monte_carlo_kl(log_p, log_q, x):
    hoard = []
    while True:
        hoard.append(torch.ones(12_500_000, dtype=torch.float64))


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
