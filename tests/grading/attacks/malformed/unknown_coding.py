# attack: an encoding that nobody knows   -*- coding: klingon -*-
# status: crashed
# points: 0
def kl_divergence(p, q):
    return (p * (p / q).log()).sum(-1)
