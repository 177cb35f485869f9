# attack: a tuple, a list and a dict whose length, items and order differ each time that somebody looks
# status: wrong|malformed answer|crashed
# points: 0
import random


class Tuple(tuple):
    def __iter__(self):
        return iter([random.random() for _ in range(random.randrange(5))])

    def __len__(self):
        return random.randrange(5)

    def __getitem__(self, key):
        return random.random()

    def __eq__(self, other):
        return True

    __hash__ = None


class List(list):
    __iter__, __len__, __eq__, __hash__ = Tuple.__iter__, Tuple.__len__, Tuple.__eq__, None


class Dict(dict):
    def items(self):
        yield from [("value", 1.0)] * random.randrange(5)

    __len__, __eq__, __hash__ = Tuple.__len__, Tuple.__eq__, None


def kl_divergence(p, q):
    return List([1.0])


def cross_entropy(p, q):
    return Dict(value=1.0)


def js_divergence(p, q):
    return Tuple((1.0, 2.0))


gaussian_kl = js_divergence


def monte_carlo_kl(log_p, log_q, x):
    return Tuple((0.0, 0.0))
