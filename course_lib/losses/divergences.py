"""How far is one distribution from another? Divergences, in nats. Chapter: divergences.

The discrete ones take p and q [..., K], non-negative and summing to one over the last axis, and return [...]. An
outcome with p(x) = 0 adds nothing (0 log 0 = 0), and one with q(x) = 0 < p(x) makes the divergence infinite.

Gradients where p(x) = 0. The slope of p log(p / q) there is minus infinity, which no optimiser can use. Whoever
parametrises p by logits, p = softmax(l), meets p(x) = 0 by underflow, and for them the slope in l(x) is zero, since
p log p -> 0. So `kl_divergence` leaves the outcomes outside p's support out of the sum, and their gradient, in p(x)
as in q(x), is exactly 0: never NaN, also where q(x) = 0 as well. Where q(x) = 0 < p(x) the gradients are infinite,
like the value.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.distributions import kl_divergence as closed_form

TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 1e-2}


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Kullback-Leibler divergence KL(p || q) = sum_x p(x) log(p(x) / q(x)).

    p, q: [..., K], probabilities over the last axis, of one shape.
    Returns [...], in [0, inf] (up to rounding), of p's dtype, differentiable in both; the module says how at zeros.
    Raises ValueError for what is no distribution. Source: Kullback and Leibler (1951), equation 2.4.
    """
    _check_distributions(p=p, q=q)
    return _kl(p, q)


def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Jensen-Shannon divergence: the mean KL of p and of q to their midpoint m = (p + q) / 2.

    p, q: [..., K], probabilities over the last axis, of one shape.
    Returns [...], in [0, log 2], symmetric; its square root is a metric. The gradients are finite everywhere.
    Raises ValueError for what is no distribution. Source: Lin (1991), section IV, with equal weights.
    """
    _check_distributions(p=p, q=q)
    midpoint = (p + q) / 2
    midpoint = torch.where(midpoint > 0, midpoint, p + q)  # half of the smallest float is 0
    return ((_kl(p, midpoint) + _kl(q, midpoint)) / 2).clamp(min=0)  # so that rounding leaves sqrt(JS) a number


def cross_entropy(p: Tensor, q: Tensor) -> Tensor:
    """Cross-entropy H(p, q) = -sum_x p(x) log q(x) = H(p) + KL(p || q).

    p, q: [..., K], probabilities over the last axis, of one shape.
    Returns [...], in [0, inf]. It is linear in p: the gradient is -log q(x), also at p(x) = 0, but where q(x) = 0 too
    it is taken to be 0. Raises ValueError for what is no distribution.
    """
    _check_distributions(p=p, q=q)
    nowhere = (p == 0) & (q == 0)
    return -torch.special.xlogy(p, torch.where(nowhere, torch.ones_like(q), q)).sum(-1)


def gaussian_kl(mu_p: Tensor, sigma_p: Tensor, mu_q: Tensor, sigma_q: Tensor) -> Tensor:
    """KL(N(mu_p, sigma_p^2) || N(mu_q, sigma_q^2)) of Gaussians on the line, element by element.

    mu_p, sigma_p, mu_q, sigma_q: shapes that broadcast together; sigma are standard deviations.
    Returns the broadcast shape, in [0, inf). For diagonal Gaussians sum over the axis of the coordinates.
    Raises ValueError where a mean is not finite, or a sigma is not positive and finite.
    """
    for name, value in {"mu_p": mu_p, "mu_q": mu_q, "sigma_p": sigma_p, "sigma_q": sigma_q}.items():
        if not torch.isfinite(value).all():
            raise ValueError(f"{name} holds a value that is not finite")
        if name.startswith("sigma") and not (value > 0).all():
            raise ValueError(f"{name} holds a value that is not positive: a standard deviation is")
    return closed_form(Normal(mu_p, sigma_p), Normal(mu_q, sigma_q))


def monte_carlo_kl(
    log_p: Callable[[Tensor], Tensor], log_q: Callable[[Tensor], Tensor], sample: Tensor
) -> tuple[Tensor, Tensor]:
    """Estimate KL(p || q) = E_p[log p(x) - log q(x)] from points drawn from p.

    log_p, log_q: log-densities in nats, points [n, ...] -> [n].   sample: [n, ...], drawn from p, n >= 2.
    Returns (estimate, standard error), both []: the mean of the log ratios, and their standard deviation (with n - 1)
    over sqrt(n). Where q misses a point altogether both are infinite. A single estimate may be negative; KL may not.
    Raises ValueError for fewer than two points, or a log-density of another shape, NaN, or -inf under p itself.
    """
    n = len(sample)
    if n < 2:
        raise ValueError(f"a standard error needs at least two points, not {n}")
    under_p, under_q = log_p(sample), log_q(sample)
    for name, value in {"log_p": under_p, "log_q": under_q}.items():
        if value.shape != (n,):
            raise ValueError(f"{name} must give one number per point, shape ({n},), not {tuple(value.shape)}")
        if value.isnan().any():
            raise ValueError(f"{name} gives NaN for some points")
    if under_p.isneginf().any():
        raise ValueError("some points have probability zero under p: they were not drawn from it")
    ratio = under_p - under_q
    estimate = ratio.mean()
    if estimate.isinf():
        return estimate, torch.full_like(estimate, torch.inf)
    return estimate, ratio.std(correction=1) / n**0.5


def _kl(p: Tensor, q: Tensor) -> Tensor:
    # Replacing the excluded entries *before* the logarithm: `where` after it would still send 0 * inf = NaN backwards.
    support = p > 0
    p, q = (torch.where(support, value, torch.ones_like(value)) for value in (p, q))
    return (p * (p.log() - q.log())).sum(-1)


def _check_distributions(**distributions: Tensor) -> None:
    shapes = [tuple(value.shape) for value in distributions.values()]
    if len(set(shapes)) > 1 or not shapes[0]:
        raise ValueError(
            f"{' and '.join(distributions)} must have one shape [..., K], not {', '.join(map(str, shapes))}"
        )
    for name, value in distributions.items():
        if value.dtype not in TOLERANCE:
            raise ValueError(f"{name} must be a floating-point tensor, not {value.dtype}")
        if value.isnan().any():
            raise ValueError(f"{name} holds NaN")
        if (value < 0).any():
            raise ValueError(f"{name} holds a negative probability ({value.min():.4g})")
        total = value.detach().sum(-1, dtype=torch.float64)
        error = (total - 1).abs()
        if (error > TOLERANCE[value.dtype]).any():
            worst = total.flatten()[error.flatten().argmax()]
            raise ValueError(f"{name} must sum to 1 over the last axis, but sums to {worst:.10g}; normalise it first")
