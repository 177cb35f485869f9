"""Named wrong answers, and correct variants, of the exercises of `improved_gan`."""

import torch
import torch.nn.functional as F

from course_lib.grading.mistakes import mistake, variant

# -------------------------------------------------------------------------------------------- feature_matching_loss


@mistake("feature_matching_loss", "That is the distance; the loss is its square.")
def not_squared(real, fake):
    return (real.mean(0) - fake.mean(0)).square().sum().sqrt()


@mistake("feature_matching_loss", "You averaged over the features. The squared norm is a sum over them.")
def mean_over_features(real, fake):
    return (real.mean(0) - fake.mean(0)).square().mean()


@mistake("feature_matching_loss", "You summed over the images: an expectation is estimated by their mean.")
def sums_of_images(real, fake):
    return (real.sum(0) - fake.sum(0)).square().sum()


@mistake("feature_matching_loss", "You added up absolute differences (L1). Square them.")
def absolute_differences(real, fake):
    return (real.mean(0) - fake.mean(0)).abs().sum()


@mistake("feature_matching_loss", "You compared images pair by pair. Average each set over its images first: only the "
         "means shall meet.")  # fmt: skip
def pairs_of_images(real, fake):
    return (real[:, None] - fake).square().sum(2).mean()


@mistake("feature_matching_loss", "You averaged over the features of each image. The mean is over the images, for "
         "each feature.")  # fmt: skip
def mean_of_the_wrong_axis(real, fake):
    return (real.mean() - fake.mean()).square() * real.shape[1]


@mistake("feature_matching_loss", "No gradient reaches the generated features: something in your loss is detached.")
def detached(real, fake):
    return (real.mean(0) - fake.mean(0).detach()).square().sum()


@variant("feature_matching_loss")
def by_a_scalar_product(real, fake):
    gap = torch.ones(len(real), dtype=real.dtype) @ real / len(real) - torch.einsum("na->a", fake) / len(fake)
    return gap @ gap


@variant("feature_matching_loss")
def by_three_inner_products(real, fake):
    n, m = len(real), len(fake)
    return ((real @ real.T).sum() / n**2 + (fake @ fake.T).sum() / m**2 - 2 * (real @ fake.T).sum() / (n * m)).clamp(
        min=0 * real.sum()
    )


# ------------------------------------------------------------------------------------------ minibatch_discrimination


def _closeness(features, tensor):
    projected = torch.einsum("na,abc->nbc", features, tensor)
    return torch.exp(-(projected[:, None] - projected).abs().sum(3))


@mistake("minibatch_discrimination", "You counted each example's distance from itself, which adds 1 everywhere.")
def itself_included(features, tensor):
    return torch.cat([features, _closeness(features, tensor).sum(1)], 1)


@mistake("minibatch_discrimination", "You returned the nearness alone. The features come first, o(i) behind them.")
def features_left_out(features, tensor):
    return _closeness(features, tensor).sum(1) - 1


@mistake("minibatch_discrimination", "You took the Euclidean distance. Here it is the sum of absolute differences.")
def euclidean(features, tensor):
    projected = torch.einsum("na,abc->nbc", features, tensor)
    distance = ((projected[:, None] - projected).square().sum(3) + 1e-30).sqrt()
    return torch.cat([features, torch.exp(-distance).sum(1) - 1], 1)


@mistake("minibatch_discrimination", "You summed the distances themselves. Near examples should count, far ones not: "
         "exp(-distance).")  # fmt: skip
def no_exponential(features, tensor):
    projected = torch.einsum("na,abc->nbc", features, tensor)
    return torch.cat([features, (projected[:, None] - projected).abs().sum(3).sum(1)], 1)


@mistake("minibatch_discrimination", "You averaged over the others. o(i) is a sum, so that it knows how many are near.")
def mean_of_the_others(features, tensor):
    others = max(len(features) - 1, 1)
    return torch.cat([features, (_closeness(features, tensor).sum(1) - 1) / others], 1)


@mistake("minibatch_discrimination", "You summed over the kernels b and kept the dimensions c. The distance is over c.")
def kernels_and_dimensions_exchanged(features, tensor):
    return torch.cat([features, _closeness(features, tensor.transpose(1, 2)).sum(1) - 1], 1)


@mistake("minibatch_discrimination", "You took the exponential of each difference and then summed. Sum the differences "
         "over c first.")  # fmt: skip
def exponential_too_early(features, tensor):
    projected = torch.einsum("na,abc->nbc", features, tensor)
    each = torch.exp(-(projected[:, None] - projected).abs()).sum(3)
    return torch.cat([features, each.sum(1) - tensor.shape[2]], 1)


@variant("minibatch_discrimination")
def pair_by_pair(features, tensor):
    rows = []
    for i, f in enumerate(features):
        near = torch.zeros(tensor.shape[1], dtype=features.dtype)
        for j, other in enumerate(features):
            if i != j:
                near = near + torch.exp(-torch.tensordot(f - other, tensor, 1).abs().sum(1))
        rows.append(torch.cat([f, near]))
    return torch.stack(rows)


@variant("minibatch_discrimination")
def by_differences_of_features(features, tensor):
    n = len(features)
    far = torch.full((n,), float("inf"), dtype=features.dtype).diag().nan_to_num(0.0, posinf=1e9)
    distance = torch.tensordot(features[:, None] - features, tensor, 1).abs().sum(3) + far[:, :, None]
    return torch.cat([features, torch.exp(-distance).sum(1)], 1)


# ---------------------------------------------------------------------------------------- historical_average_penalty


@mistake("historical_average_penalty", "You let the gradient pass through the mean. It is held fixed: detach it.")
def gradient_through_the_mean(theta, average, t):
    return (theta - (average + (theta - average) / t)).square().sum()


@mistake(
    "historical_average_penalty", "You took the mean without the present value. theta[t] is the t-th of the values."
)
def present_left_out(theta, average, t):
    return (theta - average.detach()).square().sum()


@mistake("historical_average_penalty", "That is the distance; the penalty is its square.")
def root_taken(theta, average, t):
    mean = (average + (theta - average) / t).detach()
    return ((theta - mean).square().sum() + 1e-30).sqrt()


@mistake("historical_average_penalty", "You averaged over the weights. The squared norm is a sum over them.")
def mean_over_weights(theta, average, t):
    return (theta - (average + (theta - average) / t).detach()).square().mean()


@mistake("historical_average_penalty", "Your mean has t + 1 values. `average` is of t - 1, and theta is the t-th.")
def one_too_many(theta, average, t):
    return (theta - (average + (theta - average) / (t + 1)).detach()).square().sum()


@mistake(
    "historical_average_penalty", "You added theta / t to the average without taking away its share from the rest."
)
def average_not_shrunk(theta, average, t):
    return (theta - (average + theta / t).detach()).square().sum()


@variant("historical_average_penalty")
def by_sums(theta, average, t):
    with torch.no_grad():
        mean = ((t - 1) * average + theta) / t
    return torch.sum((theta - mean) ** 2)


@variant("historical_average_penalty")
def by_expansion(theta, average, t):
    mean = (average * (1 - 1 / t) + theta / t).detach()
    gap = theta - mean
    return torch.dot(gap, gap)


# ---------------------------------------------------------------------------------------------------- smoothed_labels


def _cross_entropy(logit, target):
    return (F.softplus(logit) - target * logit).mean()


@mistake("smoothed_labels", "You forgot the other half of a soft target: an image with target alpha has 1 - alpha of "
         "log(1 - D) as well.")  # fmt: skip
def half_a_cross_entropy(real_logit, fake_logit, alpha, beta):
    return -alpha * F.logsigmoid(real_logit).mean() - (1 - beta) * F.logsigmoid(-fake_logit).mean()


@mistake("smoothed_labels", "You exchanged the targets: alpha is that of the data.")
def targets_exchanged(real_logit, fake_logit, alpha, beta):
    return _cross_entropy(real_logit, beta) + _cross_entropy(fake_logit, alpha)


@mistake("smoothed_labels", "You gave generated images the target 1 - alpha. Their target is beta, which may be 0.")
def both_sides_from_alpha(real_logit, fake_logit, alpha, beta):
    return _cross_entropy(real_logit, alpha) + _cross_entropy(fake_logit, 1 - alpha)


@mistake("smoothed_labels", "You smoothed the generated images only; the data has target alpha.")
def data_not_smoothed(real_logit, fake_logit, alpha, beta):
    return _cross_entropy(real_logit, 1.0) + _cross_entropy(fake_logit, beta)


@mistake("smoothed_labels", "The two expectations are added, not averaged.")
def halved(real_logit, fake_logit, alpha, beta):
    return (_cross_entropy(real_logit, alpha) + _cross_entropy(fake_logit, beta)) / 2


@mistake("smoothed_labels", "Your sign is wrong: a loss is minus the log probability.")
def negative(real_logit, fake_logit, alpha, beta):
    return -_cross_entropy(real_logit, alpha) - _cross_entropy(fake_logit, beta)


@mistake("smoothed_labels", "The sigmoid of a large logit is exactly 1, and log(1 - 1) is infinite. Use logsigmoid.")
def through_the_sigmoid(real_logit, fake_logit, alpha, beta):
    real, fake = torch.sigmoid(real_logit), torch.sigmoid(fake_logit)
    on_real = alpha * real.log() + (1 - alpha) * (1 - real).log()
    on_fake = beta * fake.log() + (1 - beta) * (1 - fake).log()
    return -on_real.mean() - on_fake.mean()


@variant("smoothed_labels")
def by_softplus(real_logit, fake_logit, alpha, beta):
    losses = []
    for logit, target in ((real_logit, alpha), (fake_logit, beta)):
        losses.append((target * F.softplus(-logit) + (1 - target) * F.softplus(logit)).sum() / len(logit))
    return sum(losses)


@variant("smoothed_labels")
def by_logaddexp(real_logit, fake_logit, alpha, beta):
    nothing = torch.zeros((), dtype=real_logit.dtype)
    real = torch.logaddexp(nothing, real_logit) - alpha * real_logit
    fake = torch.logaddexp(nothing, fake_logit) - beta * fake_logit
    return real.mean() + fake.mean()


# ------------------------------------------------------------------------------------------------- virtual_batch_norm


@mistake("virtual_batch_norm", "You used the reference alone. The example itself counts as one more.")
def reference_alone(x, reference, eps=1e-5):
    return (x - reference.mean(0)) * torch.rsqrt(reference.var(0, correction=0) + eps)


@mistake("virtual_batch_norm", "That is batch normalisation: every example depends on the others of x.")
def batch_normalisation(x, reference, eps=1e-5):
    return (x - x.mean(0)) * torch.rsqrt(x.var(0, correction=0) + eps)


@mistake("virtual_batch_norm", "You threw all of x into the statistics. Each example may use the reference and itself.")
def all_of_x_with_the_reference(x, reference, eps=1e-5):
    both = torch.cat([x, reference])
    if len(x) == 1:
        both = torch.cat([both, 0 * x])
    return (x - both.mean(0)) * torch.rsqrt(both.var(0, correction=0) + eps)


def _together(x, reference):
    return torch.cat([x[None], reference[:, None].expand(-1, len(x), -1)])


@mistake("virtual_batch_norm", "You divided the variance by R. It is over R + 1 numbers, and divided by R + 1.")
def unbiased_variance(x, reference, eps=1e-5):
    both = _together(x, reference)
    return (x - both.mean(0)) * torch.rsqrt(both.var(0) + eps)


@mistake(
    "virtual_batch_norm", "You added eps to the standard deviation. It stands under the root, beside the variance."
)
def eps_outside_the_root(x, reference, eps=1e-5):
    both = _together(x, reference)
    return (x - both.mean(0)) / (both.var(0, correction=0).sqrt() + 3 * eps)


@mistake("virtual_batch_norm", "You gave the example the weight of the whole reference. It is one of R + 1.")
def half_and_half(x, reference, eps=1e-5):
    mean = (x + reference.mean(0)) / 2
    square = (x.square() + reference.square().mean(0)) / 2
    return (x - mean) * torch.rsqrt((square - mean.square()).clamp(min=0) + eps)


@mistake("virtual_batch_norm", "Your variance is that of the reference. The example moves the variance too.")
def variance_of_the_reference(x, reference, eps=1e-5):
    mean = (x + reference.sum(0)) / (len(reference) + 1)
    return (x - mean) * torch.rsqrt(reference.var(0, correction=0) + eps)


@variant("virtual_batch_norm")
def by_moments(x, reference, eps=1e-5):
    share = 1 / (len(reference) + 1)
    mean = share * x + (1 - share) * reference.mean(0)
    square = share * x.square() + (1 - share) * reference.square().mean(0)
    return (x - mean) * torch.rsqrt((square - mean.square()).clamp(min=0) + eps)


@variant("virtual_batch_norm")
def example_by_example(x, reference, eps=1e-5):
    rows = []
    for one in x:
        both = torch.cat([one[None], reference])
        gap = both - both.mean(0)
        rows.append(gap[0] / (gap.square().mean(0) + eps) ** 0.5)
    return torch.stack(rows)


# ----------------------------------------------------------------------------------------------- semi_supervised_loss


def _parts(labelled, label, real, fake):
    return (
        F.cross_entropy(labelled, label),
        F.softplus(-real.logsumexp(1)).mean(),
        F.softplus(fake.logsumexp(1)).mean(),
    )


@mistake("semi_supervised_loss", "You gave the supervised part K + 1 classes. It is among the real ones, given that "
         "the image is real.")  # fmt: skip
def generated_among_the_labels(labelled, label, real, fake):
    _, on_real, on_fake = _parts(labelled, label, real, fake)
    return F.cross_entropy(F.pad(labelled, (0, 1)), label) + on_real + on_fake


@mistake("semi_supervised_loss", "You took the sum of the logits for the logit of D. It is log Z, their logsumexp.")
def sum_of_logits(labelled, label, real, fake):
    return F.cross_entropy(labelled, label) + F.softplus(-real.sum(1)).mean() + F.softplus(fake.sum(1)).mean()


@mistake("semi_supervised_loss", "You took the largest logit for the logit of D. It is log Z, their logsumexp.")
def largest_logit(labelled, label, real, fake):
    return F.cross_entropy(labelled, label) + F.softplus(-real.amax(1)).mean() + F.softplus(fake.amax(1)).mean()


@mistake("semi_supervised_loss", "You halved the unsupervised part, as the authors' code does. Their equation, and "
         "this contract, add it whole.")  # fmt: skip
def halved_game(labelled, label, real, fake):
    supervised, on_real, on_fake = _parts(labelled, label, real, fake)
    return supervised + (on_real + on_fake) / 2


@mistake("semi_supervised_loss", "You left out the generated images: D(G(z)) must become small.")
def no_generated_images(labelled, label, real, fake):
    supervised, on_real, _ = _parts(labelled, label, real, fake)
    return supervised + on_real


@mistake("semi_supervised_loss", "You left out the unlabelled images, which D must learn to call real.")
def no_unlabelled_images(labelled, label, real, fake):
    supervised, _, on_fake = _parts(labelled, label, real, fake)
    return supervised + on_fake


@mistake("semi_supervised_loss", "You exchanged real and generated images: D = Z / (Z + 1) must be large on real ones.")
def sides_exchanged(labelled, label, real, fake):
    return (
        F.cross_entropy(labelled, label) + F.softplus(real.logsumexp(1)).mean() + F.softplus(-fake.logsumexp(1)).mean()
    )


@mistake("semi_supervised_loss", "exp(l) of a large logit is infinite. Let logsumexp and logsigmoid do it.")
def through_the_exponential(labelled, label, real, fake):
    z_labelled, z_real, z_fake = (logits.exp().sum(1) for logits in (labelled, real, fake))
    right = labelled.gather(1, label[:, None]).squeeze(1).exp()
    return -(right / z_labelled).log().mean() - (z_real / (z_real + 1)).log().mean() + (z_fake + 1).log().mean()


@variant("semi_supervised_loss")
def by_the_softmax_of_k_plus_one(labelled, label, real, fake):
    log_p_real, log_p_fake = (F.log_softmax(F.pad(logits, (0, 1)), 1) for logits in (real, fake))
    return (
        F.nll_loss(F.log_softmax(labelled, 1), label)
        - log_p_real[:, :-1].logsumexp(1).mean()
        - log_p_fake[:, -1].mean()
    )


@variant("semi_supervised_loss")
def by_softplus_of_log_z(labelled, label, real, fake):
    supervised, on_real, on_fake = _parts(labelled, label, real, fake)
    return supervised + on_real + on_fake
