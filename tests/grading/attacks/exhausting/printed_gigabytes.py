# attack: prints without end
# status: over limit
# points: 0
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    line = "A" * 100_000
    while True:
        print(line)


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
