# attack: asks torch and OpenMP for a thousand threads, whose failure ends the process from within C
# status: over limit|crashed|wrong
# points: 0
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    torch.set_num_threads(1000)
    torch.randn(10_000_000).exp_().sum()
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
