# attack: one call that sleeps for thirty years, in the kernel
# status: timed out
# points: 0
import time

import torch


def guess(*args):
    return torch.zeros(())


def monte_carlo_kl(log_p, log_q, x):
    time.sleep(10**9)


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
