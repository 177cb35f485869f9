"""Named wrong answers, and correct variants, of the exercises of `optimal_discriminator`."""

import math

import torch

from course_lib.grading.mistakes import mistake, variant

# ----------------------------------------------------------------------------------------- optimal_discriminator


@mistake("optimal_discriminator", "That is the share of generated mass, 1 - D*. D answers how probably x is data.")
def best_answers_exchanged(p_data, p_g, alpha=1.0, beta=0.0):
    total = p_data + p_g
    nowhere = total == 0
    return torch.where(nowhere, 0.5, (alpha * p_g + beta * p_data) / torch.where(nowhere, 1.0, total))


@mistake(
    "optimal_discriminator",
    "That is the ratio of the densities, D / (1 - D). It is no probability: divide by the sum.",
)
def ratio_instead_of_share(p_data, p_g, alpha=1.0, beta=0.0):
    b = (1 - alpha) * p_data + (1 - beta) * p_g
    nowhere = p_data + p_g == 0
    return torch.where(nowhere, 0.5, (alpha * p_data + beta * p_g) / torch.where(nowhere, 1.0, b))


@mistake(
    "optimal_discriminator",
    "Where both densities are 0 your answer is 0 / 0. Any answer is optimal there; return 1/2.",
)
def nowhere_not_handled(p_data, p_g, alpha=1.0, beta=0.0):
    return (alpha * p_data + beta * p_g) / (p_data + p_g)


@mistake(
    "optimal_discriminator",
    "A small constant in the denominator outweighs the densities in the tails: handle the points where both are "
    "0, and leave all others alone.",
)
def epsilon_in_the_denominator(p_data, p_g, alpha=1.0, beta=0.0):
    return (alpha * p_data + beta * p_g) / (p_data + p_g + 1e-12)


@mistake(
    "optimal_discriminator",
    "The value is right, but where both densities are 0 the gradient is NaN: torch.where differentiates the "
    "branch that is not taken, too. Mend the denominator before dividing.",
)
def where_after_the_division(p_data, p_g, alpha=1.0, beta=0.0):
    best = (alpha * p_data + beta * p_g) / (p_data + p_g)
    return torch.where(p_data + p_g == 0, 0.5, best)


@mistake(
    "optimal_discriminator",
    "The labels multiply the numerator alone: a real example with label alpha still counts as one example in the "
    "sum below.",
)
def labels_in_the_denominator(p_data, p_g, alpha=1.0, beta=0.0):
    total = alpha * p_data + (1 - beta) * p_g
    nowhere = total == 0
    return torch.where(nowhere, 0.5, alpha * p_data / torch.where(nowhere, 1.0, total))


@mistake("optimal_discriminator", "Generated examples have label beta: add beta p_g to the numerator.")
def beta_forgotten(p_data, p_g, alpha=1.0, beta=0.0):
    total = p_data + p_g
    nowhere = total == 0
    return torch.where(nowhere, 0.5, alpha * p_data / torch.where(nowhere, 1.0, total))


@variant("optimal_discriminator")
def through_the_logarithms(p_data, p_g, alpha=1.0, beta=0.0):
    nowhere = (p_data == 0) & (p_g == 0)
    share = torch.where(nowhere, 1.0, p_data) / (torch.where(nowhere, 1.0, p_data) + torch.where(nowhere, 1.0, p_g))
    return torch.where(nowhere, 0.5, beta + (alpha - beta) * share)


@variant("optimal_discriminator")
def by_the_larger_density(p_data, p_g, alpha=1.0, beta=0.0):
    p_data, p_g = torch.broadcast_tensors(p_data, p_g)
    answer = torch.full_like(p_data, 0.5)
    data_wins = (p_data >= p_g) & (p_data > 0)
    model_wins = p_g > p_data
    q_over_p = p_g[data_wins] / p_data[data_wins]
    p_over_q = p_data[model_wins] / p_g[model_wins]
    answer = answer.masked_scatter(data_wins, (alpha + beta * q_over_p) / (1 + q_over_p))
    return answer.masked_scatter(model_wins, (alpha * p_over_q + beta) / (p_over_q + 1))


# ------------------------------------------------------------------------------------------------ value_function


def _value(a, b, d):
    real = a * torch.where(a == 0, 1.0, d).log()
    return real + b * torch.where(b == 0, 1.0, 1 - d).log()


@mistake(
    "value_function",
    "Data and generator are exchanged: log D is averaged over the data, log(1 - D) over the generator.",
)
def players_exchanged(p_data, p_g, d, alpha=1.0, beta=0.0):
    return _value(alpha * p_g + beta * p_data, (1 - alpha) * p_g + (1 - beta) * p_data, d).sum(-1)


@mistake("value_function", "That is the discriminator's loss, -V. V itself is at most 0; D maximises it.")
def loss_instead_of_value(p_data, p_g, d, alpha=1.0, beta=0.0):
    return -_value(alpha * p_data + beta * p_g, (1 - alpha) * p_data + (1 - beta) * p_g, d).sum(-1)


@mistake(
    "value_function",
    "V is the sum of the two expectations. You took their mean, as a cross-entropy over both classes does.",
)
def mean_of_the_expectations(p_data, p_g, d, alpha=1.0, beta=0.0):
    return _value(alpha * p_data + beta * p_g, (1 - alpha) * p_data + (1 - beta) * p_g, d).sum(-1) / 2


@mistake("value_function", "You averaged over x. The weights p_data(x) and p_g(x) already sum to 1.")
def value_averaged_over_x(p_data, p_g, d, alpha=1.0, beta=0.0):
    return _value(alpha * p_data + beta * p_g, (1 - alpha) * p_data + (1 - beta) * p_g, d).mean(-1)


@mistake("value_function", "The generator's term is E log D here. D is told log(1 - D) for generated examples.")
def logarithm_of_d_for_both(p_data, p_g, d, alpha=1.0, beta=0.0):
    both = (1 + alpha) * p_data + (1 + beta) * p_g - (p_data + p_g)
    fake = (1 - alpha) * p_data + (1 - beta) * p_g
    return _value(both + fake, torch.zeros_like(fake), d).sum(-1)


@mistake("value_function", "0 log 0 became NaN: a logarithm with weight 0 must not be taken at all.")
def value_zeros_not_handled(p_data, p_g, d, alpha=1.0, beta=0.0):
    a, b = alpha * p_data + beta * p_g, (1 - alpha) * p_data + (1 - beta) * p_g
    return (a * d.log() + b * (1 - d).log()).sum(-1)


@mistake("value_function", "Clamping D hides that V is -inf where D is certain and wrong.")
def value_clamped(p_data, p_g, d, alpha=1.0, beta=0.0):
    a, b = alpha * p_data + beta * p_g, (1 - alpha) * p_data + (1 - beta) * p_g
    return _value(a, b, d.clamp(1e-7, 1 - 1e-7)).sum(-1)


@mistake(
    "value_function",
    "A real example with label alpha pulls both ways: alpha log d and (1 - alpha) log(1 - d). You left out the "
    "second pull.",
)
def smoothing_without_the_complement(p_data, p_g, d, alpha=1.0, beta=0.0):
    return _value(alpha * p_data, (1 - beta) * p_g, d).sum(-1)


@mistake(
    "value_function",
    "The value is right, but the gradient is NaN or infinite where a weight is 0: torch.where differentiates the "
    "branch that is not taken, too. Mend d before the logarithm.",
)
def value_where_after_the_logarithm(p_data, p_g, d, alpha=1.0, beta=0.0):
    a, b = alpha * p_data + beta * p_g, (1 - alpha) * p_data + (1 - beta) * p_g
    return (torch.where(a == 0, 0.0, a * d.log()) + torch.where(b == 0, 0.0, b * (1 - d).log())).sum(-1)


@variant("value_function")
def one_expectation_at_a_time(p_data, p_g, d, alpha=1.0, beta=0.0):
    a, b = alpha * p_data + beta * p_g, (1 - alpha) * p_data + (1 - beta) * p_g
    real = (a * torch.where(a > 0, d, torch.ones_like(d)).log()).sum(-1)
    return real + (b * torch.log1p(-torch.where(b > 0, d, torch.zeros_like(d)))).sum(-1)


@variant("value_function")
def one_outcome_at_a_time(p_data, p_g, d, alpha=1.0, beta=0.0):
    a, b = alpha * p_data + beta * p_g, (1 - alpha) * p_data + (1 - beta) * p_g
    total = torch.zeros_like(p_data[..., 0])
    for k in reversed(range(p_data.shape[-1])):
        real = torch.where(a[..., k] > 0, d[..., k], 1.0).log()
        fake = torch.where(b[..., k] > 0, 1 - d[..., k], 1.0).log()
        total = total + torch.stack([a[..., k] * real, b[..., k] * fake]).sum(0)
    return total


# ---------------------------------------------------------------------------------------------- value_at_optimum


@mistake(
    "value_at_optimum",
    "1 - D* is taken by subtraction: where D* has rounded to 1 that is 0, and its logarithm -inf. It is p_g / "
    "(p_data + p_g).",
)
def complement_by_subtraction(p_data, p_g):
    total = p_data + p_g
    d = p_data / torch.where(total == 0, 1.0, total)
    real = torch.where(p_data == 0, 1.0, d).log()
    fake = torch.where(p_g == 0, 1.0, 1 - d).log()
    return (p_data * real + p_g * fake).sum(-1)


def _terms(p_data, p_g):
    total = p_data + p_g
    real = torch.where(p_data == 0, 1.0, p_data) / torch.where(p_data == 0, 1.0, total)
    fake = torch.where(p_g == 0, 1.0, p_g) / torch.where(p_g == 0, 1.0, total)
    return p_data * real.log(), p_g * fake.log()


@mistake("value_at_optimum", "The generator's term has log(1 - D*), with p_g above the line. You have log D* twice.")
def log_d_for_both(p_data, p_g):
    total = p_data + p_g
    ratio = torch.where(p_data == 0, 1.0, p_data) / torch.where(p_data == 0, 1.0, total)
    return ((p_data + p_g) * ratio.log()).sum(-1)


@mistake(
    "value_at_optimum",
    "You divided by the mixture (p_data + p_g) / 2: that is 2 JS. V(D*, G) is lower by 2 log 2.",
)
def twice_js(p_data, p_g):
    real, fake = _terms(p_data, p_g)
    return (real + fake).sum(-1) + 2 * math.log(2)


@mistake("value_at_optimum", "That is -2 log 2 + JS: V(D*, G) holds the Jensen-Shannon divergence twice.")
def js_once(p_data, p_g):
    real, fake = _terms(p_data, p_g)
    return (real + fake).sum(-1) / 2 - math.log(2)


@mistake(
    "value_at_optimum",
    "That is the loss of the best D, which is -V(D*, G). The value lies between -2 log 2 and 0.",
)
def loss_at_optimum(p_data, p_g):
    real, fake = _terms(p_data, p_g)
    return -(real + fake).sum(-1)


@mistake("value_at_optimum", "V is the sum of two expectations, not their mean.")
def mean_of_the_terms(p_data, p_g):
    real, fake = _terms(p_data, p_g)
    return (real + fake).sum(-1) / 2


@mistake(
    "value_at_optimum",
    "0 log 0 became NaN: an outcome that one player never shows adds 0 to that player's term.",
)
def optimum_zeros_not_handled(p_data, p_g):
    total = p_data + p_g
    return (p_data * (p_data / total).log() + p_g * (p_g / total).log()).sum(-1)


@mistake(
    "value_at_optimum",
    "The value is right, but the gradient is not finite where a probability is 0: torch.where differentiates the "
    "branch that is not taken, too. Mend the ratio before the logarithm.",
)
def optimum_where_after_the_logarithm(p_data, p_g):
    total = p_data + p_g
    real = torch.where(p_data == 0, 0.0, p_data * (p_data / total).log())
    return (real + torch.where(p_g == 0, 0.0, p_g * (p_g / total).log())).sum(-1)


@mistake(
    "value_at_optimum",
    "The gradient is cut off. D* may be held fixed, for at a maximum its motion does not matter; the weights "
    "p_data and p_g may not: the gradients are log D* and log(1 - D*).",
)
def everything_detached(p_data, p_g):
    real, fake = _terms(p_data.detach(), p_g.detach())
    return (real + fake).sum(-1) + 0 * (p_data + p_g).sum(-1)


@variant("value_at_optimum")
def from_differences_of_logarithms(p_data, p_g):
    def plogp(p):
        safe = torch.where(p == 0, 1.0, p)
        return safe * safe.log()

    both = (p_data > 0) & (p_g > 0)  # elsewhere the three terms cancel exactly
    p, q = torch.where(both, p_data, 1.0), torch.where(both, p_g, 1.0)
    terms = -p * torch.log1p(q / p) - q * torch.log1p(p / q)
    return torch.where(both, terms, plogp(p_data) + plogp(p_g) - plogp(p_data + p_g)).sum(-1)


@variant("value_at_optimum")
def with_the_best_discriminator_held_fixed(p_data, p_g):
    # D* is a maximum: how it moves with p_data and p_g does not matter to first order, so its gradient may stop.
    total = (p_data + p_g).detach()
    real = torch.where(p_data == 0, 1.0, p_data.detach() / torch.where(p_data == 0, 1.0, total)).log()
    fake = torch.where(p_g == 0, 1.0, p_g.detach() / torch.where(p_g == 0, 1.0, total)).log()
    return (p_data * real).sum(-1) + (p_g * fake).sum(-1)


# ------------------------------------------------------------------------------------------------- js_from_value


@mistake("js_from_value", "V + 2 log 2 is twice the divergence: V(D*, G) = -2 log 2 + 2 JS. Halve all of it.")
def factor_two_lost(value):
    return value + 2 * math.log(2)


@mistake("js_from_value", "Halve the constant too: (V + 2 log 2) / 2.")
def only_the_value_halved(value):
    return value / 2 + 2 * math.log(2)


@mistake("js_from_value", "The constant is 2 log 2, one log 2 for each of the two expectations.")
def one_logarithm(value):
    return (value + math.log(2)) / 2


@mistake(
    "js_from_value",
    "The sign is wrong: a higher value means that D tells the two apart better, so a larger JS.",
)
def sign_of_the_loss(value):
    return math.log(2) - value / 2


@mistake("js_from_value", "Clamping at 0 hides a D that is worse than a coin, and leaves it without a gradient.")
def clamped_at_zero(value):
    return (value / 2 + math.log(2)).clamp(min=0)


@mistake("js_from_value", "That is in bits: the contract asks for nats.")
def js_in_bits(value):
    return (value / 2 + math.log(2)) / math.log(2)


@mistake("js_from_value", "You averaged over the values. Each of them is a divergence of its own.")
def averaged_over_the_batch(value):
    return (value / 2 + math.log(2)).mean()


@variant("js_from_value")
def solved_literally(value):
    return (value + 2 * math.log(2)) / 2


@variant("js_from_value")
def label_entropy_less_cross_entropy(value):
    cross_entropy = -value / 2
    return -math.log(0.5) - cross_entropy


# --------------------------------------------------------------------------------------------- log_density_ratio


def _undone(logit, alpha):
    if alpha == 1:
        return logit
    return logit - math.log(alpha) - torch.log1p(-((1 - alpha) / alpha * logit.exp()).clamp(max=1.0))


@mistake(
    "log_density_ratio",
    "The class sizes act the other way round: more generated examples lower the logit, so add log(n_fake / n_real).",
)
def class_sizes_exchanged(logit, n_real=1, n_fake=1, alpha=1.0):
    return _undone(logit, alpha) + math.log(n_real / n_fake)


@mistake(
    "log_density_ratio",
    "You left out the class sizes: where D saw more generated examples, its logit is too low everywhere.",
)
def class_sizes_ignored(logit, n_real=1, n_fake=1, alpha=1.0):
    return _undone(logit, alpha)


@mistake("log_density_ratio", "That is log D(x), not the log odds: the ratio is D / (1 - D).")
def logarithm_of_d(logit, n_real=1, n_fake=1, alpha=1.0):
    return -torch.log1p(torch.exp(-logit)) + math.log(n_fake / n_real)


@mistake("log_density_ratio", "That is the ratio itself: the contract asks for its logarithm.")
def ratio_without_logarithm(logit, n_real=1, n_fake=1, alpha=1.0):
    return (_undone(logit, alpha) + math.log(n_fake / n_real)).exp()


@mistake("log_density_ratio", "The ratio is upside down: p_data above, p_g below.")
def ratio_upside_down(logit, n_real=1, n_fake=1, alpha=1.0):
    return -(_undone(logit, alpha) + math.log(n_fake / n_real))


@mistake(
    "log_density_ratio",
    "D = sigmoid(logit) rounds to 0 or 1 long before 1e4, and the logarithm of its odds is lost. Use the logit itself.",
)
def through_rounded_probabilities(logit, n_real=1, n_fake=1, alpha=1.0):
    d = torch.sigmoid(logit)
    return d.log() - (alpha - d).clamp(min=0).log() + math.log(n_fake / n_real)


@mistake(
    "log_density_ratio",
    "You left out alpha: with smoothed labels the ratio is D / (alpha - D), not D / (1 - D).",
)
def smoothing_ignored(logit, n_real=1, n_fake=1, alpha=1.0):
    return logit + math.log(n_fake / n_real)


@mistake(
    "log_density_ratio",
    "Dividing the odds by alpha is not enough: solve D = alpha p / (p + q) for p / q, which gives D / (alpha - D).",
)
def odds_divided_by_alpha(logit, n_real=1, n_fake=1, alpha=1.0):
    return logit - math.log(alpha) + math.log(n_fake / n_real)


@mistake("log_density_ratio", "A D above alpha gave NaN: no ratio is that large, so return inf there.")
def nan_above_alpha(logit, n_real=1, n_fake=1, alpha=1.0):
    if alpha == 1:
        return logit + math.log(n_fake / n_real)
    return logit - torch.log(alpha - (1 - alpha) * logit.exp()) + math.log(n_fake / n_real)


@variant("log_density_ratio")
def from_log_probabilities(logit, n_real=1, n_fake=1, alpha=1.0):
    if alpha == 1:
        return logit - math.log(n_real) + math.log(n_fake)
    below = torch.where(logit < math.log(alpha / (1 - alpha)), logit, -1.0)
    log_d = -torch.logaddexp(torch.zeros_like(below), -below)
    ratio = log_d - (alpha - log_d.exp()).log()
    infinite = torch.full_like(logit, math.inf)
    return torch.where(logit < math.log(alpha / (1 - alpha)), ratio, infinite) + math.log(n_fake / n_real)


@variant("log_density_ratio")
def correct_the_prior_first(logit, n_real=1, n_fake=1, alpha=1.0):
    prior = math.log(n_real) - math.log(n_fake)
    if alpha == 1:
        return logit - prior
    remaining = (alpha - (1 - alpha) * logit.clamp(max=700.0).exp()).clamp(min=0)
    return -prior + logit - remaining.log()
