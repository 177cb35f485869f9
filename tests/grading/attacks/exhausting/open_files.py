# attack: opens files and duplicates descriptors until there are no more
# status: over limit
# points: 0
import os
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    while True:
        os.dup(os.open("/dev/null", os.O_RDONLY))


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
