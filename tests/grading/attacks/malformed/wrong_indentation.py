# attack: tabs and spaces mixed so that nobody can tell what belongs to what
# status: crashed
# points: 0
import torch


def kl_divergence(p, q):
	ratio = p / q
        return (p * ratio.log()).sum(-1)
