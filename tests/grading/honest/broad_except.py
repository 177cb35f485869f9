"""Tries the quick way first and catches whatever comes of it."""

import torch

try:
    import a_fast_library_that_is_not_there as fast
except:
    fast = None


def kl_divergence(p, q):
    try:
        return fast.kl(p, q)
    except Exception as error:
        print("slow way:", error)
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    try:
        raise SystemExit("not today")
    except BaseException:
        return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    try:
        assert p.shape == (0,), "never"
    except AssertionError:
        pass
    finally:
        m = (p + q) / 2
    return (kl_divergence(p, m) + kl_divergence(q, m)) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    try:
        1 / 0
    except ZeroDivisionError:
        ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
        return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    try:
        ratio = log_p(x) - log_q(x)
        return ratio.mean(), ratio.std() / len(x) ** 0.5
    except Exception:
        return None
