# attack: every call, and the import, sleeps almost as long as a call may last
# status: timed out
# points: 0
import time

import torch

time.sleep(4.9)


def guess(*args):
    time.sleep(4.9)
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
