# attack: exception groups 5,000 deep and chains of causes 100,000 long, circular ones too
# status: crashed|over limit|timed out
# points: 0
import torch


def guess(*args):
    return torch.zeros(())


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    group = ExceptionGroup("leaf", [ValueError()])
    for _ in range(5000):
        group = ExceptionGroup("node", [group])
    raise group


def monte_carlo_kl(log_p, log_q, x):
    first = error = ValueError("0")
    for number in range(100_000):
        error.__cause__ = ValueError(str(number))
        error.__context__ = error.__cause__
        error = error.__cause__
    error.__cause__ = first
    raise first


kl_divergence = cross_entropy = js_divergence = guess
