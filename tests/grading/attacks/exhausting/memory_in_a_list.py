# attack: a list that grows until there is no memory
# status: over limit
# points: 0
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    hoard = []
    while True:
        hoard.append(bytes(10_000_000))


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
