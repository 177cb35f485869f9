# attack: os.abort, and signals to itself: SIGSEGV, SIGBUS, SIGILL, SIGKILL, SIGSTOP
# status: crashed|over limit|timed out
# points: 0
import os
import signal
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def kl_divergence(p, q):
    os.abort()


def cross_entropy(p, q):
    signal.raise_signal(signal.SIGSEGV)
    return torch.zeros(())


def js_divergence(p, q):
    signal.raise_signal(signal.SIGKILL)
    return torch.zeros(())


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    signal.raise_signal(signal.SIGSTOP)
    return torch.zeros(())


def monte_carlo_kl(log_p, log_q, x):
    os.kill(os.getpid(), signal.SIGBUS)
    return torch.zeros(()), torch.zeros(())
