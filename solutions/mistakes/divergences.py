"""Named wrong answers, and correct variants, of the exercises of `divergences`."""

import math

import torch

from course_lib.grading.mistakes import mistake, variant

# ------------------------------------------------------------------------------------------------- kl_divergence


@mistake("kl_divergence", "That is KL(q || p): the expectation is under the first argument.")
def arguments_swapped(p, q):
    safe_p, safe_q = torch.where(q == 0, 1.0, p), torch.where(q == 0, 1.0, q)
    return (safe_q * (safe_q.log() - safe_p.log())).sum(-1)


@mistake("kl_divergence", "You averaged over x. KL is a sum weighted by p(x), so no division by K.")
def mean_instead_of_sum(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).mean(-1)


@mistake("kl_divergence", "The ratio is upside down, so the sign is wrong: log(p / q), which makes KL >= 0.")
def ratio_inverted(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_q.log() - safe_p.log())).sum(-1)


@mistake("kl_divergence", "That is in bits: the contract asks for nats, the natural logarithm.")
def in_bits(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_p.log2() - safe_q.log2())).sum(-1)


@mistake("kl_divergence", "0 log 0 became NaN: an outcome with p(x) = 0 must add 0.")
def zeros_not_handled(p, q):
    return (p * (p / q).log()).sum(-1)


@mistake(
    "kl_divergence",
    "The value is right, but at p(x) = q(x) = 0 the gradient is NaN: torch.where differentiates the branch that is "
    "not taken, too. Mend p and q before dividing.",
)
def where_after_dividing(p, q):
    ratio = torch.where(p > 0, p / q, torch.ones_like(p))
    return (p * ratio.log()).sum(-1)


@mistake(
    "kl_divergence",
    "The value is right, but a NaN left out of the sum still makes the gradient NaN. Mend p and q before the "
    "logarithm.",
)
def nan_terms_left_out(p, q):
    return (p * (p / q).log()).nansum(-1)


@mistake("kl_divergence", "A small constant inside the logarithm makes an infinite divergence finite.")
def epsilon_in_the_logarithm(p, q):
    return (p * ((p + 1e-8) / (q + 1e-8)).log()).sum(-1)


@mistake("kl_divergence", "You summed over all axes. Sum over the last one only: there may be a batch.")
def sums_over_the_batch(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum()


@variant("kl_divergence")
def difference_of_cross_entropies(p, q):
    possible = p > 0
    p = torch.where(possible, p, 1.0)
    q = torch.where(possible, q, 1.0)
    return (p * p.log()).sum(-1) - (p * q.log()).sum(-1)


@variant("kl_divergence")
def one_outcome_after_the_other(p, q):
    total = torch.zeros_like(p[..., 0])
    for k in reversed(range(p.shape[-1])):
        possible = p[..., k] > 0
        a, b = torch.where(possible, p[..., k], 1.0), torch.where(possible, q[..., k], 1.0)
        total = total + a * (a / b).log()
    return total


# ------------------------------------------------------------------------------------------------- cross_entropy


@mistake("cross_entropy", "That is H(q, p): p weighs, q is inside the logarithm.")
def cross_arguments_swapped(p, q):
    return -(q * torch.where(q == 0, 1.0, p).log()).sum(-1)


@mistake("cross_entropy", "The minus sign is missing: a cross-entropy is never negative.")
def sign_forgotten(p, q):
    return (p * torch.where(p == 0, 1.0, q).log()).sum(-1)


@mistake("cross_entropy", "That is KL(p || q): leave p's own entropy in. No log p appears in a cross-entropy.")
def relative_instead_of_cross(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)


@mistake("cross_entropy", "You averaged over x. The weights p(x) already sum to 1.")
def cross_mean_instead_of_sum(p, q):
    return -(p * torch.where(p == 0, 1.0, q).log()).mean(-1)


@mistake("cross_entropy", "0 log 0 became NaN: an outcome with p(x) = 0 must add 0, even where q(x) = 0.")
def cross_zeros_not_handled(p, q):
    return -(p * q.log()).sum(-1)


@mistake("cross_entropy", "Clamping q hides that H(p, q) is infinite where q(x) = 0 < p(x).")
def clamped(p, q):
    return -(p * q.clamp(min=1e-8).log()).sum(-1)


@variant("cross_entropy")
def entropy_plus_relative_entropy(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1) - (safe_p * safe_p.log()).sum(-1)


@variant("cross_entropy")
def product_with_the_logarithm(p, q):
    return -(p.unsqueeze(-2) @ torch.where(p > 0, q, torch.ones_like(q)).log().unsqueeze(-1))[..., 0, 0]


# ------------------------------------------------------------------------------------------------- js_divergence


def _kl(p, q):
    safe_p, safe_q = torch.where(p == 0, 1.0, p), torch.where(p == 0, 1.0, q)
    return (safe_p * (safe_p.log() - safe_q.log())).sum(-1)


@mistake(
    "js_divergence", "That is the mean of KL(p || q) and KL(q || p), which can be infinite. Compare with m instead."
)
def jeffreys(p, q):
    return (_kl(p, q) + _kl(q, p)) / 2


@mistake("js_divergence", "Both terms carry a factor 1/2. Without it the bound is 2 log 2.")
def halves_forgotten(p, q):
    m = (p + q) / 2
    return _kl(p, m) + _kl(q, m)


@mistake("js_divergence", "m must be a distribution: (p + q) / 2, not p + q.")
def mixture_not_halved(p, q):
    return (_kl(p, p + q) + _kl(q, p + q)) / 2


@mistake("js_divergence", "The mixture is the second argument: KL(p || m), the expectation under p.")
def mixture_first(p, q):
    m = (p + q) / 2
    return (_kl(m, p) + _kl(m, q)) / 2


@mistake("js_divergence", "Only p is compared with the mixture. Take the mean of both, or it is not symmetric.")
def one_sided(p, q):
    return _kl(p, (p + q) / 2)


@mistake("js_divergence", "That is the distance, the square root of the divergence.")
def distance_instead(p, q):
    m = (p + q) / 2
    return ((_kl(p, m) + _kl(q, m)) / 2).sqrt()


@variant("js_divergence")
def entropy_of_the_mixture_less_the_mean_entropy(p, q):
    def entropy(r):
        safe = torch.where(r == 0, 1.0, r)
        return -(safe * safe.log()).sum(-1)

    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


@variant("js_divergence")
def by_stacking(p, q):
    both = torch.stack([p, q])
    return _kl(both, both.mean(0, keepdim=True).expand_as(both)).mean(0)


# --------------------------------------------------------------------------------------------------- gaussian_kl


@mistake("gaussian_kl", "You took sigma for a variance: the arguments are standard deviations.")
def sigma_as_variance(mu_p, sigma_p, mu_q, sigma_q):
    return ((sigma_p + (mu_p - mu_q) ** 2) / sigma_q - 1 - (sigma_p / sigma_q).log()) / 2


@mistake("gaussian_kl", "That is KL(q || p): p and q are exchanged.")
def gaussians_swapped(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_q / sigma_p, (mu_q - mu_p) / sigma_p
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


@mistake("gaussian_kl", "The constant -1/2 is missing: the divergence of equal Gaussians must be 0.")
def constant_forgotten(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2) / 2 - ratio.log()


@mistake("gaussian_kl", "The logarithm has the wrong sign: it is log(sigma_q / sigma_p).")
def logarithm_sign(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 + ratio.log()


@mistake("gaussian_kl", "The difference of the means must be squared.")
def shift_not_squared(mu_p, sigma_p, mu_q, sigma_q):
    ratio = sigma_p / sigma_q
    return (ratio**2 + (mu_p - mu_q).abs() / sigma_q**2 - 1) / 2 - ratio.log()


@mistake("gaussian_kl", "The formula is right, but squares of very small or large sigmas leave the range of floats: "
         "divide first, then square.")  # fmt: skip
def squares_before_dividing(mu_p, sigma_p, mu_q, sigma_q):
    return (sigma_q / sigma_p).log() + (sigma_p**2 + (mu_p - mu_q) ** 2) / (2 * sigma_q**2) - 0.5


@variant("gaussian_kl")
def logarithms_apart(mu_p, sigma_p, mu_q, sigma_q):
    standard = (sigma_p / sigma_q).square() + ((mu_p - mu_q) / sigma_q).square()
    return sigma_q.log() - sigma_p.log() + 0.5 * standard - 0.5


@variant("gaussian_kl")
def through_log_sigma(mu_p, sigma_p, mu_q, sigma_q):
    difference = sigma_p.log() - sigma_q.log()
    return 0.5 * (torch.expm1(2 * difference) + ((mu_q - mu_p) / sigma_q) ** 2) - difference


# ------------------------------------------------------------------------------------------------ monte_carlo_kl


@mistake("monte_carlo_kl", "The log ratio is upside down: log p(x) - log q(x).")
def log_ratio_inverted(log_p, log_q, x):
    ratio = log_q(x) - log_p(x)
    return ratio.mean(), ratio.std() / math.sqrt(len(x))


@mistake(
    "monte_carlo_kl", "That is the spread of one log ratio. The mean of n of them is sqrt(n) times less uncertain."
)
def spread_of_one(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std()


@mistake("monte_carlo_kl", "The sample variance divides by n - 1, not by n.")
def divisor_n(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std(correction=0) / math.sqrt(len(x))


@mistake("monte_carlo_kl", "Samples of p need no weights p(x): being drawn from p is the weight.")
def weighted_by_density(log_p, log_q, x):
    ratio = log_p(x).exp() * (log_p(x) - log_q(x))
    return ratio.mean(), ratio.std() / math.sqrt(len(x))


@mistake("monte_carlo_kl", "That is the variance of the mean; the standard error is its square root.")
def variance_of_the_mean(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.var() / len(x)


@mistake("monte_carlo_kl", "An estimate of an expectation is a mean over the samples, not a sum.")
def sum_over_samples(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    return ratio.sum(), ratio.std() / math.sqrt(len(x))


@variant("monte_carlo_kl")
def by_moments(log_p, log_q, x):
    ratio = log_p(x) - log_q(x)
    n = len(x)
    mean = ratio.mean()
    return mean, ((ratio.square().mean() - mean**2) / (n - 1)).sqrt()


@variant("monte_carlo_kl")
def with_torch_std(log_p, log_q, x):
    ratio = torch.stack([a - b for a, b in zip(log_p(x), log_q(x), strict=True)])
    return ratio.mean(), ratio.std() / len(ratio) ** 0.5
