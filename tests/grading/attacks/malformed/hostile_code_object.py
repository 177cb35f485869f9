# attack: callables whose __code__, __name__, __signature__ and __wrapped__ are traps for whoever describes a call
# status: wrong|crashed|malformed answer
# points: 0
import torch


class Trap:
    def __getattr__(self, name):
        if name in ("__code__", "__wrapped__", "__signature__", "co_varnames", "co_argcount"):
            return Trap()
        raise SystemExit(0)

    def __getitem__(self, key):
        raise SystemExit(0)

    def __iter__(self):
        while True:
            yield "<b>p</b>"

    def __lt__(self, other):
        return False

    def __index__(self):
        return 10**9

    def __call__(self, *args, **kwargs):
        return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = Trap()
