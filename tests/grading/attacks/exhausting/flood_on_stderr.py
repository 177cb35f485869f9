# attack: bytes that are no text on descriptor 2, and warnings without end, past Python's own buffers
# status: over limit
# points: 0
import os
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    while True:
        try:
            os.write(2, b"\xff\x00\x1b" * 20_000)
        except BlockingIOError:
            continue


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
