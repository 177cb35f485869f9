# attack: one function of five ends the process; the other four are right and must keep their points
# status: crashed
# points: 8
import ctypes
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def kl_divergence(p, q):
    possible = p == 0
    safe_p, safe_q = torch.where(possible, 1.0, p), torch.where(possible, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)


def cross_entropy(p, q):
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    m = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ctypes.string_at(0)


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5
