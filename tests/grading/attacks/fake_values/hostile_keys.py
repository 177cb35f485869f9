# attack: dicts whose keys are objects that lie about their hash, or unsortable mixtures, or tensors
# status: malformed answer
# points: 0
import torch


class Key:
    def __hash__(self):
        return hash("status")

    def __eq__(self, other):
        return True

    def __repr__(self):
        raise RuntimeError("no name")


def kl_divergence(p, q):
    return {Key(): 1.0, 3: 2.0, None: 0.0}


def cross_entropy(p, q):
    return {torch.zeros(1): 1.0}


def js_divergence(p, q):
    return {"\ud800": 1.0}


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return {"": 1.0, "\x00": 2.0, "a" * 1_000_000: 3.0}


def monte_carlo_kl(log_p, log_q, x):
    return {0: 0.0, 1: 0.0}
