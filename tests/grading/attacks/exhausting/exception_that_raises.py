# attack: exceptions whose __str__ raises, returns no text, or returns text whose methods raise
# status: crashed|malformed answer
# points: 0
class Raising(Exception):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = __str__


class NoText(Exception):
    def __str__(self):
        return 7


class Text(str):
    def strip(self, *args):
        return self

    def splitlines(self, *args):
        raise SystemExit(0)

    def __format__(self, spec):
        raise SystemExit(0)


class FalseText(Exception):
    def __str__(self):
        return Text("fine")


class Lines(Exception):
    def __str__(self):
        return "\n\x00\x1c\x1d\x85\u2028"


def kl_divergence(p, q):
    raise Raising


def cross_entropy(p, q):
    raise NoText


def js_divergence(p, q):
    raise FalseText


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    raise Lines


def monte_carlo_kl(log_p, log_q, x):
    raise type("Ra\x1b[2Jise<b>", (Exception,), {"__module__": None, "args": property(lambda self: 1 / 0)})
