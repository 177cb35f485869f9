# attack: folders in folders, thousands deep, which trip up whoever cleans up or walks them
# status: over limit
# points: 0
import os
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    while True:
        os.mkdir("d" * 200)
        os.chdir("d" * 200)


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
