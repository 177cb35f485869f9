# attack: a header that announces 2^63 bytes, and then one of 60 MB that never come
# status: malformed answer|timed out
# points: 0
import os
import struct

import torch


def guess(*args):
    return torch.zeros(())


def monte_carlo_kl(log_p, log_q, x):
    os.write(3, struct.pack("<Q", 2**63))
    os.write(3, struct.pack("<Q", 60 * 2**20))
    return guess(), guess()


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
