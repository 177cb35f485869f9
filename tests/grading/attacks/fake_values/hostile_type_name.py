# attack: a class whose metaclass raises, or answers rubbish, when somebody asks for its name to explain what came
# status: wrong|malformed answer|crashed
# points: 0
class Nameless(type):
    @property
    def __name__(cls):
        raise SystemExit(0)

    @property
    def __module__(cls):
        raise KeyboardInterrupt

    def __instancecheck__(cls, other):
        raise SystemExit(0)

    def __repr__(cls):
        raise SystemExit(0)


class Answer(metaclass=Nameless):
    pass


class Evasive:
    @property
    def __class__(self):
        raise SystemExit(0)


def guess(*args):
    return Answer()


def monte_carlo_kl(log_p, log_q, x):
    return Evasive(), Evasive()


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
