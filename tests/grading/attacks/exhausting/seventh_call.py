# attack: behaves for six calls, counted across imports, and ends the process in the seventh
# status: crashed
# points: 0
import builtins
import os
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    builtins.calls = getattr(builtins, "calls", 0) + 1
    if builtins.calls == 7:
        os._exit(0)
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
