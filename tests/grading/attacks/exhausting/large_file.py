# attack: one file of a terabyte: sparse, preallocated, and written
# status: over limit
# points: 0
import os
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    with open("/tmp/large", "wb") as file:
        os.ftruncate(file.fileno(), 1 << 40)


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    with open("/tmp/allocated", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 1 << 40)


def monte_carlo_kl(log_p, log_q, x):
    with open("/tmp/written", "wb") as file:
        while True:
            file.write(b"A" * (1 << 20))


kl_divergence = cross_entropy = js_divergence = guess
