# attack: recursion through C (repr, comparisons, copies), which ends in an overflow of the stack and not in an exception
# status: crashed|over limit|timed out
# points: 0
import copy
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")
sys.setrecursionlimit(2**31 - 1)


class Deep:
    def __getattr__(self, name):
        return getattr(self, name + "x")

    def __repr__(self):
        return repr(self)


def guess(*args):
    return repr(Deep())


def monte_carlo_kl(log_p, log_q, x):
    nest = []
    for _ in range(10_000_000):
        nest = [nest]
    return torch.zeros(()), copy.deepcopy(nest)


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
