# attack: names that stand for attributes of each other, for a reader of the source that follows them round and round
# status: wrong
# points: 0
import torch


class Anything:
    def __getattr__(self, name):
        return self


a = b = c = d = e = f = Anything()
a = b.x.x.x.x.x.x.x.x.x.x
b = c.y.x.x.x.x.x.x.x.x.x
c = d.z.x.x.x.x.x.x.x.x.x
d = e.w.x.x.x.x.x.x.x.x.x
e = f.v.x.x.x.x.x.x.x.x.x
f = a.u.x.x.x.x.x.x.x.x.x


def guess(*args):
    return torch.zeros(()) if a and helper else torch.ones(())


def helper():
    return a.x.y.z, b.x.y.z, c.x.y.z, d.x.y.z, e.x.y.z, f.x.y.z, guess.x.y, another.x.y


def another():
    return a.p.q.r, b.p.q.r, c.p.q.r, d.p.q.r, e.p.q.r, f.p.q.r, guess.p.q, helper.p.q


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
