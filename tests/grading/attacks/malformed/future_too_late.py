# attack: from __future__ imports that do not exist, and one that comes too late
# status: crashed
# points: 0
import torch
from __future__ import annotations
from __future__ import braces


def kl_divergence(p, q):
    return (p * (p / q).log()).sum(-1)
