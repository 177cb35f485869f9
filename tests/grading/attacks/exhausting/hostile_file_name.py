# attack: rewrites the module's __file__, __name__ and kept source, which the worker reads to explain a crash
# status: crashed|malformed answer
# points: 0
class Hostile(str):
    def __eq__(self, other):
        raise SystemExit(0)

    __hash__ = str.__hash__

    def decode(self, *args):
        raise SystemExit(0)


class Source(bytes):
    def decode(self, *args):
        raise SystemExit(0)


for name in list(globals()):
    if name.startswith("__course") or name == "__file__":
        globals()[name] = Source(b"x") if name.startswith("__course") else Hostile("divergences.py")
__name__ = Hostile("nobody")
__spec__ = __loader__ = __package__ = Hostile("nobody")


def guess(*args):
    raise ValueError("explain this")


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
