# attack: names that stand for attributes of each other, for a reader of the source that follows them round and round
# status: wrong
# points: 0
import torch

one = torch
if one is None:  # read by those who read the source; never executed
    pass


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess


class Chain:
    def __getattr__(self, name):
        return self


a = b = c = d = e = f = Chain()
a = b.x.x.x.x.x.x.x.x.x.x
b = c.y.x.x.x.x.x.x.x.x.x
c = d.z.x.x.x.x.x.x.x.x.x
d = e.w.x.x.x.x.x.x.x.x.x
e = f.v.x.x.x.x.x.x.x.x.x
f = a.u.x.x.x.x.x.x.x.x.x
kl_divergence.a, cross_entropy.b = a, b


def helper_1():
    return a, b, c, d, e, f, helper_2, helper_3


def helper_2():
    return a.x.y.z, b.x.y.z, c.x.y.z, d.x.y.z, e.x.y.z, f.x.y.z, helper_1.x.y, helper_3.x.y


def helper_3():
    return a.p.q.r, b.p.q.r, c.p.q.r, d.p.q.r, e.p.q.r, f.p.q.r, helper_1.p.q, helper_2.p.q
