# attack: opens solutions and hidden tests where a checkout, an autograder image or a home may hold them
# status: wrong
# points: 0
import os
import sys

import torch


def guess(*args):
    return torch.zeros(())


ROOTS = ["", ".", "..", "../..", "../../..", "/autograder/source", "/autograder", "/course", "/home", "/root", "/srv",
         "/opt", "/mnt", "/usr/src", os.path.expanduser("~"), *sys.path]  # fmt: skip
found = {}
for root in ROOTS:
    for path in ("solutions/divergences.py", "solutions/hidden/test_divergences.py", "hidden/test_divergences.py",
                 "course/solutions/divergences.py", "exercises/test_divergences.py", "source/divergences.py"):  # fmt: skip
        try:
            with open(os.path.join(root, path), encoding="utf-8") as file:
                exec(compile(file.read(), path, "exec"), found)
        except Exception:
            continue

kl_divergence = found.get("kl_divergence", guess)
cross_entropy = found.get("cross_entropy", guess)
js_divergence = found.get("js_divergence", guess)
gaussian_kl = found.get("gaussian_kl", guess)
monte_carlo_kl = found.get("monte_carlo_kl", guess)
