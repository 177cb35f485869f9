# attack: a thread reads the judge's next requests from the socket before the worker can
# status: timed out|malformed answer|crashed
# points: 0
import os
import sys
import threading

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def steal():
    while True:
        try:
            if not os.read(3, 1 << 16):
                return
        except OSError:
            return


def guess(*args):
    return torch.zeros(())


def monte_carlo_kl(log_p, log_q, x):
    for _ in range(4):
        threading.Thread(target=steal, daemon=True).start()
    return guess(), guess()


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
