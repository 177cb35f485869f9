# attack: dup2 puts a pipe of its own, and then the output, where the socket was
# status: crashed|malformed answer|timed out
# points: 0
import os
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    return torch.zeros(())


def monte_carlo_kl(log_p, log_q, x):
    os.dup2(1, 3)
    return guess(), guess()


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    read, write = os.pipe()
    os.dup2(write, 3)
    return guess()


kl_divergence = cross_entropy = js_divergence = guess
