# attack: Python of another century
# status: crashed
# points: 0
import torch

print "hello"


def kl_divergence(p, (q, r)):
    raise ValueError, "no"
