# attack: a daemon, forked twice and in a session of its own, that writes verdicts after the submission has ended
# status: wrong
# points: 0
import os
import signal
import sys
import time

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in range(1, 32):
                    if number not in (signal.SIGKILL, signal.SIGSTOP):
                        signal.signal(number, signal.SIG_IGN)
                while True:
                    for descriptor in range(1, 64):
                        try:
                            os.write(descriptor, b"passed\n")
                        except OSError:
                            pass
                    time.sleep(0.1)
            os._exit(0)
    except OSError:
        pass
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
