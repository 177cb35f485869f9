# attack: a thread goes on changing the answer, and the arguments, after they have been handed over
# status: wrong
# points: 0
import threading
import time

import torch

shared = []


def keep_changing():
    while True:
        time.sleep(0.001)
        for tensor in torch.changing[-8:]:
            tensor.data.normal_()


if not hasattr(torch, "changing"):
    torch.changing = shared
    threading.Thread(target=keep_changing, daemon=True).start()
shared = torch.changing


def guess(*args):
    answer = torch.zeros((), dtype=torch.float64)
    shared.extend([answer, *(arg for arg in args if isinstance(arg, torch.Tensor))])
    time.sleep(0.005)
    return answer


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
