# attack: a bracket that is never closed
# status: crashed
# points: 0
import torch


def kl_divergence(p, q):
    return (p * (p / q).log(.sum(-1)
