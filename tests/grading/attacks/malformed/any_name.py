# attack: a module whose __getattr__ answers every name with a function, and whose class is exchanged
# status: wrong|crashed
# points: 0
import sys
import types

import torch


def __getattr__(name):
    return lambda *args, **kwargs: torch.zeros(())


class Agreeable(types.ModuleType):
    def __getattr__(self, name):
        return lambda *args, **kwargs: torch.zeros(())


if __name__ in sys.modules:
    sys.modules[__name__].__class__ = Agreeable
