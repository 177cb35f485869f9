# attack: shuts the socket down in one direction, makes it non-blocking and its buffers tiny
# status: crashed|malformed answer|timed out
# points: 0
import contextlib
import os
import socket
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    return torch.zeros(())


def session():
    return socket.socket(fileno=os.dup(3))


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    with contextlib.suppress(OSError):
        session().shutdown(socket.SHUT_WR)
    return guess()


def js_divergence(p, q):
    with contextlib.suppress(OSError):
        session().shutdown(socket.SHUT_RD)
    return guess()


def cross_entropy(p, q):
    with contextlib.suppress(OSError):
        session().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        os.set_blocking(3, False)
    return guess()


kl_divergence = monte_carlo_kl = guess
