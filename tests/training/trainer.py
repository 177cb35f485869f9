"""For each line `OUT STEPS` on its input: fork a process that trains there, so that a kill comes while it works.

Writes the number of the process, then how it ended. Importing torch takes seconds; a fork takes milliseconds.
"""

import os
import sys
import tempfile
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
import conftest

from course_lib import data
from course_lib.training import train

torch.set_num_threads(1)
DIGITS = data.load("digits")


def main() -> None:
    with tempfile.TemporaryDirectory() as out:  # much is imported, and more made ready, by the first step
        train(conftest.Small(), DIGITS, out, steps=1)
    for line in sys.stdin:
        out, steps = line.split()
        number = os.fork()
        if number == 0:
            torch.manual_seed(0)
            recipe = conftest.Small(conftest.Config(average=0.9))
            train(
                recipe, DIGITS, out, steps=int(steps), resume=True,
                log_every=1, sample_every=100, checkpoint_every=7,
            )  # fmt: skip
            os._exit(0)
        print(number, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
