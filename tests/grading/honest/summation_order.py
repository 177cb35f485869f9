"""Sums outcome by outcome in Python, from the last to the first."""

import torch


def total(terms):
    answer = torch.zeros_like(terms[..., 0])
    for k in reversed(range(terms.shape[-1])):
        answer = answer + terms[..., k]
    return answer


def kl_divergence(p, q):
    zero = p == 0
    p, q = p.masked_fill(zero, 1), q.masked_fill(zero, 1)
    return total(p * p.log() - p * q.log())


def cross_entropy(p, q):
    return total(-p * q.masked_fill(p == 0, 1).log())


def js_divergence(p, q):
    m = (p + q) / 2
    return total(torch.stack([kl_divergence(p, m), kl_divergence(q, m)], dim=-1) / 2)


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    terms = [(sigma_p / sigma_q) ** 2 / 2, ((mu_p - mu_q) / sigma_q) ** 2 / 2, torch.log(sigma_q / sigma_p)]
    answer = -0.5
    for term in terms:
        answer = term + answer
    return answer


def monte_carlo_kl(log_p, log_q, x):
    ratio = torch.stack([log_p(x[i : i + 1])[0] - log_q(x[i : i + 1])[0] for i in range(len(x))])
    mean = total(ratio.sort().values) / len(x)
    return mean, (total((ratio - mean).square()) / (len(x) - 1) / len(x)) ** 0.5
