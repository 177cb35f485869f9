# attack: a timer signals a thousand times a second, and its handler raises wherever the worker happens to be
# status: crashed|malformed answer|timed out|wrong
# points: 0
import signal
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def strike(*args):
    raise KeyboardInterrupt


def guess(*args):
    signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
