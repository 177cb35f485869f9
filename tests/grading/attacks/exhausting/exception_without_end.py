# attack: an exception whose __str__ never ends, so that explaining the crash hangs
# status: timed out|crashed
# points: 0
import torch


class Endless(Exception):
    def __str__(self):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue

    __repr__ = __str__


def guess(*args):
    return torch.zeros(())


def monte_carlo_kl(log_p, log_q, x):
    raise Endless


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
