"""Warns, logs and talks on stderr while it works."""

import logging
import sys
import warnings

import torch

logging.basicConfig(level=logging.DEBUG)
log = logging.getLogger("divergences")
warnings.warn("this file is rather old", DeprecationWarning, stacklevel=1)


def kl_divergence(p, q):
    warnings.warn("zeros ahead", RuntimeWarning, stacklevel=2)
    print("p has", int((p == 0).sum()), "zeros", file=sys.stderr)
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    log.warning("cross-entropy of %s", list(p.shape))
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    sys.stderr.write("Traceback (most recent call last): only joking\n")
    return (kl_divergence(p, (p + q) / 2) + kl_divergence(q, (p + q) / 2)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    warnings.warn_explicit("careful", UserWarning, "divergences.py", 1)
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    log.error("FAILED? ERROR? no, fine")
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5
