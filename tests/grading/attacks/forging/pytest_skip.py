# attack: pytest.skip, or an exception that looks like it, so that a test vanishes from the maximum
# status: crashed
# points: 0
try:
    from pytest import skip
except ImportError:

    class Skipped(BaseException):
        __module__ = "_pytest.outcomes"
        allow_module_level = True
        pytrace = False
        msg = "not today"

    Skipped.__name__ = Skipped.__qualname__ = "Skipped"

    def skip(reason, **kwargs):
        raise Skipped(reason)


def guess(*args):
    skip("not today")


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
