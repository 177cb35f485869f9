"""Prints all it does, twenty kilobytes a call, some of it without an end of line, and bytes that are no text."""

import os
import sys

import torch

print("hello from divergences.py", flush=True)


def tell(*things):
    for i in range(200):
        print(i, "-" * 90)
    print(*things, end="")
    sys.stdout.flush()
    os.write(1, b"\xff\xfe\x00 bytes\n")


def kl_divergence(p, q):
    tell(p.tolist(), q.tolist())
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    tell("passed", "\x1b[31mred\x1b[0m")
    return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    tell("half")
    zero_p, zero_q, m = p == 0, q == 0, (p + q) / 2
    a, b = torch.where(zero_p, 1.0, p), torch.where(zero_q, 1.0, q)
    terms = a * (a.log() - torch.where(zero_p, 1.0, m).log()) + b * (b.log() - torch.where(zero_q, 1.0, m).log())
    return terms.sum(-1) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    tell(mu_p)
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    tell(x)
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std() / len(x) ** 0.5
