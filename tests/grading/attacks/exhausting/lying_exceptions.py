# attack: SyntaxErrors and OSErrors whose line, file and number are other things: HTML, lists, 10^18, objects
# status: crashed|over limit|malformed answer
# points: 0
class Unequal:
    def __eq__(self, other):
        raise SystemExit(0)

    def __hash__(self):
        raise SystemExit(0)


def kl_divergence(p, q):
    error = SyntaxError("invalid")
    error.filename, error.lineno = __file__, "<script>alert(1)</script>"
    raise error


def cross_entropy(p, q):
    error = SyntaxError("invalid")
    error.filename, error.lineno = Unequal(), 10**18
    raise error


def js_divergence(p, q):
    error = OSError(11, "busy")
    error.errno = []
    raise error


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    error = OSError(28, "full")
    error.errno = Unequal()
    raise error


def monte_carlo_kl(log_p, log_q, x):
    error = SyntaxError("invalid")
    error.filename, error.lineno = __file__, -(10**30)
    raise error
