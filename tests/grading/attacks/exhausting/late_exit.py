# attack: a timer ends the process between two calls, when nobody waits for an answer
# status: crashed|wrong
# points: 0
import os
import sys
import threading

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")

threading.Timer(0.002, os._exit, [0]).start()


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
