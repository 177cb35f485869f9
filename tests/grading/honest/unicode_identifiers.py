"""Greek letters for names, as in the book, and a composed ﬁ that Python reads as fi."""

import torch

π = 3.141592653589793


def kl_divergence(p, q):
    möglich = p > 0
    p̂, q̂ = torch.where(möglich, p, 1.0), torch.where(möglich, q, 1.0)
    Σ = (p̂ * (p̂.log() - q̂.log())).sum(-1)
    return Σ


def cross_entropy(p, q):
    return -(p * torch.where(p > 0, q, 1.0).log()).sum(-1)


def js_divergence(p, q):
    µ = (p + q) / 2
    return (kl_divergence(p, μ) + kl_divergence(q, μ)) / 2


def gaussian_kl(μ_p, σ_p, μ_q, σ_q):
    ρ, δ = σ_p / σ_q, (μ_p - μ_q) / σ_q
    return (ρ**2 + δ**2 - 1) / 2 - ρ.log()


def monte_carlo_kl(log_p, log_q, x):
    ﬁnal = log_p(x) - log_q(x)
    return final.mean(), final.std() / len(x) ** 0.5
