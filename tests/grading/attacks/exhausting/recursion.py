# attack: endless recursion with the limit of recursion raised out of the way
# status: over limit|crashed|timed out
# points: 0
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")
sys.setrecursionlimit(2**31 - 1)


def guess(*args):
    return guess(*args)


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
