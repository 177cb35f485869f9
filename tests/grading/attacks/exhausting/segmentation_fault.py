# attack: reads address 0
# status: crashed
# points: 0
import ctypes
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    ctypes.string_at(0)


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
