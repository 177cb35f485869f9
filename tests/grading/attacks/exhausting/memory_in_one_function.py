# attack: one function of five takes all memory; the other four are right and must keep their points
# status: over limit
# points: 8
import sys

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def kl_divergence(p, q):
    hoard = []
    while True:
        hoard.append(bytearray(50_000_000))


def cross_entropy(p, q):
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def divergence(p, q):
    possible = p == 0
    safe_p, safe_q = torch.where(possible, 1.0, p), torch.where(possible, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)


def js_divergence(p, q):
    m = (p + q) / 2
    return (divergence(p, m) + divergence(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5
