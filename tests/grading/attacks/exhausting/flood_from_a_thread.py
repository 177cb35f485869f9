# attack: a thread goes on printing after each call has been answered
# status: over limit
# points: 0
import os
import sys
import threading
import time

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def flood():
    while True:
        os.write(1, b"still here\n" * 5000)


threading.Thread(target=flood, daemon=True).start()


def guess(*args):
    time.sleep(0.2)
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
