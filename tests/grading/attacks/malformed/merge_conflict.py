# attack: a file with the marks of an unfinished merge
# status: crashed
# points: 0
import torch


def kl_divergence(p, q):
<<<<<<< HEAD
    return (p * (p / q).log()).sum(-1)
=======
    return (p * (p.log() - q.log())).sum(-1)
>>>>>>> partner
