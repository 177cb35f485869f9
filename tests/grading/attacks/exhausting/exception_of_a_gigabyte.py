# attack: exceptions with messages of 200 MB, in one line and in a hundred million
# status: crashed|over limit|timed out
# points: 0
import torch


def guess(*args):
    return torch.zeros(())


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    raise ValueError("A" * 200_000_000)


def monte_carlo_kl(log_p, log_q, x):
    raise ValueError("A\n" * 50_000_000)


kl_divergence = cross_entropy = js_divergence = guess
