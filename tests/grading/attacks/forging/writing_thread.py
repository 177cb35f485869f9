# attack: a thread that goes on after the call and writes forged replies to the socket, late
# status: malformed answer
# points: 0
import os
import struct
import threading
import time

import torch

FORGED = struct.pack("<Q", 1) + b"T"


def write_late():
    while True:
        time.sleep(0.001)
        try:
            os.write(3, FORGED)
        except OSError:
            return


threading.Thread(target=write_late, daemon=True).start()


def guess(*args):
    time.sleep(0.05)
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
