"""What your answers in improved_gan.py must do. Run: course check improved_gan, or pytest on this file."""

import math

import numpy as np
import scipy.spatial.distance
import scipy.special
import torch
from torch.nn.functional import batch_norm, binary_cross_entropy_with_logits, cross_entropy, pad

from course_lib.grading import expect, points, teaches

EXCLUDED = {
    "torch.nn.functional.binary_cross_entropy_with_logits": "it is the answer: write the logarithms",
    "torch.nn.BCEWithLogitsLoss": "it is the answer: write the logarithms",
    "torch.nn.functional.batch_norm": "it takes its statistics from a whole batch: write them",
    "torch.nn.BatchNorm1d": "it takes its statistics from a whole batch: write them",
}

HINTS = {
    "feature_matching_loss": [
        "Two clouds of features, two centres. How far is it from one centre to the other?",
        "Average over the images first, each set by itself; then compare; then square; then sum.",
    ],
    "minibatch_discrimination": [
        "Project each example to a small matrix, then compare every example with every other one.",
        "M = torch.einsum('na,abc->nbc', features, tensor). M[:, None] - M[None] has a pair in its first two axes.",
        "Sum the absolute differences over the last axis, exp of minus that, and sum over the second axis. What does "
        "each example add for its distance from itself?",
    ],
    "historical_average_penalty": [
        "You know the mean of t - 1 numbers, and one more. What is the mean of all t?",
        "average + (theta - average) / t. With t = 1 that is theta, whatever finite numbers stand in `average`.",
        "The mean contains theta, but no gradient may pass through it: detach() it before you subtract.",
    ],
    "smoothed_labels": [
        "Two cross-entropies, each between a coin with a fixed bias and the coin that D tosses.",
        "log D = logsigmoid(logit) and log(1 - D) = logsigmoid(-logit). A sigmoid first would round to 0 or 1.",
        "The data's images have target alpha, and so they also have 1 - alpha of the other term.",
    ],
    "virtual_batch_norm": [
        "Which R + 1 numbers stand for example i? Each example has a mean of its own.",
        "The sum of the reference, plus x, over R + 1, gives all means at once: [N, C].",
        "For the variance the reference's deviations are from the example's mean, not from its own. Stack [R + 1, N, C] "
        "if you like: torch.cat([x[None], reference[:, None].expand(-1, N, -1)]).",
    ],
    "semi_supervised_loss": [
        "log Z is the logit of D. Then you have two losses that you have written before.",
        "log Z = logits.logsumexp(1), which does not overflow. log D = logsigmoid(log Z).",
        "Among the real classes, -log p(y) = log Z - l_y: the class 'generated' has no part in it.",
    ],
}


@points(1, "feature_matching_loss")
@teaches("eq-feature-matching")
def test_the_centres_meet(student, rng):
    for n, m, width in ((5, 5, 3), (7, 4, 1), (1, 6, 8)):
        real, fake = rng.normal(n, width) + 1, 2 * rng.normal(m, width)
        value, grads = student.value_and_grad("feature_matching_loss", real, fake)
        centres = np.stack([real.numpy().mean(0), fake.numpy().mean(0)])
        expect(value, torch.tensor(scipy.spatial.distance.pdist(centres, "sqeuclidean")[0]),
               why="The squared distance between two means, over all features.")  # fmt: skip
        gap = torch.from_numpy(centres[1] - centres[0])
        expect(grads[1], (2 * gap / m).expand(m, -1), what="its gradient in fake",
               why="Every generated image is pushed in the same direction.")  # fmt: skip
        expect(grads[0], (-2 * gap / n).expand(n, -1), what="its gradient in real")
    same = torch.tensor([[1.0, 2.0], [3.0, -4.0]])
    expect(student.feature_matching_loss(same, same.flip(0)), torch.tensor(0.0),
           why="The same features in another order have the same mean. float32 stays float32.")  # fmt: skip


def nearness(features, tensor):
    """f_i, then the sums over the other examples: from scipy's city-block distances, kernel by kernel."""
    sums = []
    for b in range(tensor.shape[1]):
        projected = features.numpy() @ tensor[:, b].numpy()
        pairs = np.exp(-scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(projected, "cityblock")))
        sums.append(pairs.sum(1) - 1)  # the diagonal of exp(-0)
    return torch.cat([features, torch.from_numpy(np.stack(sums, 1))], 1)


@points(1, "minibatch_discrimination")
@teaches("eq-minibatch")
def test_nearness_of_every_example_to_the_others(student, rng):
    for n, a, b, c in ((4, 3, 2, 5), (7, 2, 3, 1), (2, 5, 1, 4), (5, 4, 4, 4)):
        features, tensor = rng.normal(n, a), 0.4 * rng.normal(a, b, c)
        expect(student.minibatch_discrimination(features, tensor), nearness(features, tensor),
               why=f"{n} examples, {a} features, {b} kernels of {c} dimensions.")  # fmt: skip
    twins = torch.ones(3, 2)
    expect(student.minibatch_discrimination(twins, torch.ones(2, 1, 2)), torch.tensor([[1.0, 1.0, 2.0]] * 3),
           why="Three equal examples: each has two others at distance 0. float32 stays float32.")  # fmt: skip


@points(1, "minibatch_discrimination")
@teaches("eq-minibatch")
def test_nearness_passes_gradients_between_examples(student, rng):
    features, tensor = rng.normal(4, 3), 0.4 * rng.normal(3, 2, 3)
    cotangent = rng.normal(4, 5)
    value, grads = student.value_and_grad("minibatch_discrimination", features, tensor, cotangent=cotangent)
    expect(value, nearness(features, tensor))
    for i, (argument, grad) in enumerate(zip((features, tensor), grads, strict=True)):
        slope = torch.zeros_like(argument)
        for place in np.ndindex(tuple(argument.shape)):
            step = torch.zeros_like(argument)
            step[place] = 1e-6
            ends = [
                nearness(*(features + s * step, tensor) if i == 0 else (features, tensor + s * step)) for s in (1, -1)
            ]
            slope[place] = ((ends[0] - ends[1]) * cotangent).sum() / 2e-6
        expect(grad, slope, rtol=1e-4, atol=1e-6, what=f"its gradient in {('features', 'tensor')[i]}",
               why="By finite differences: an example feels the others of its batch.")  # fmt: skip
    alone = rng.normal(1, 3)
    expect(student.minibatch_discrimination(alone, tensor), pad(alone, (0, 2)),
           why="An example without company: its features, then zeros.")  # fmt: skip


@points(1, "historical_average_penalty")
@teaches("eq-historical")
def test_distance_from_the_mean_of_history(student, rng):
    for t, size in ((2, 5), (7, 3), (40, 1)):
        history = 2 * rng.normal(t, size)
        expect(student.historical_average_penalty(history[-1], history[:-1].mean(0), t),
               torch.tensor(scipy.spatial.distance.sqeuclidean(history[-1].numpy(), history.numpy().mean(0))),
               why=f"{t} values, the present one among them.")  # fmt: skip
    first = torch.tensor([1.0, 2.0])
    expect(student.historical_average_penalty(first, torch.tensor([5.0, 5.0]), 1), torch.tensor(0.0),
           why="At t = 1 the mean of history is the present itself. float32 stays float32.")  # fmt: skip


@points(1, "historical_average_penalty")
@teaches("eq-historical")
def test_history_stands_still(student, rng):
    for t, size in ((2, 4), (3, 2), (10, 6)):
        history = rng.normal(t, size)
        _, grads = student.value_and_grad("historical_average_penalty", history[-1], history[:-1].mean(0), t)
        expect(grads[0], 2 * (history[-1] - history.mean(0)), what="its gradient in theta",
               why="A pull of twice the distance, towards a mean that is held fixed.")  # fmt: skip
        expect(grads[1], torch.zeros(size, dtype=torch.float64), what="its gradient in average",
               why="Nobody can change the past.")  # fmt: skip


def smoothed(real, fake, alpha, beta):
    """torch's own cross-entropies."""
    return binary_cross_entropy_with_logits(real, torch.full_like(real, alpha)) + binary_cross_entropy_with_logits(
        fake, torch.full_like(fake, beta)
    )


@points(1, "smoothed_labels")
@teaches("eq-smoothed")
def test_cross_entropies_with_soft_targets(student, rng):
    for n, m, alpha, beta in ((6, 6, 0.9, 0.0), (5, 3, 0.8, 0.3), (2, 9, 1.0, 0.0)):
        real, fake = 3 * rng.normal(n) + 1, 3 * rng.normal(m)
        value, grads = student.value_and_grad("smoothed_labels", real, fake, alpha, beta)
        expect(value, smoothed(real, fake, alpha, beta), why=f"Targets {alpha} and {beta}.")
        expect(grads[0], (real.sigmoid() - alpha) / n, what="its gradient in real_logit",
               why="It vanishes where D(x) is the target: beyond it, D is pulled back.")  # fmt: skip
        expect(grads[1], (fake.sigmoid() - beta) / m, what="its gradient in fake_logit")
    big = torch.tensor([1e4, -1e4])
    expect(student.smoothed_labels(big, big, 0.9, 0.25), torch.tensor(0.5e4 + 0.5e4),
           why="Logits of 10,000 must give no infinity. float32 stays float32.")  # fmt: skip


def by_batch_norm(x, reference, eps):
    """torch's batch normalisation of {x_i, reference}, of which the first row is kept, for one example at a time."""
    rows = [batch_norm(torch.cat([one[None], reference]), None, None, training=True, eps=eps)[0] for one in x]
    return torch.stack(rows)


@points(1, "virtual_batch_norm")
@teaches("eq-virtual")
def test_each_example_with_the_reference(student, rng):
    for n, r, c in ((5, 4, 3), (1, 7, 2), (4, 1, 5)):
        x, reference = 3 * rng.normal(n, c) + 1, 2 * rng.normal(r, c) - 1
        expect(student.virtual_batch_norm(x, reference), by_batch_norm(x, reference, 1e-5),
               why=f"{r} examples of reference and one more, for each of {n}.")  # fmt: skip
    x, reference = rng.normal(3, 2, dtype=torch.float32), rng.normal(4, 2, dtype=torch.float32)
    expect(student.virtual_batch_norm(x, reference, 0.5), by_batch_norm(x.double(), reference.double(), 0.5).float(),
           why="eps belongs under the root. float32 stays float32.")  # fmt: skip


@points(1, "virtual_batch_norm")
@teaches("eq-virtual")
def test_gradients_reach_the_example_and_the_reference(student, rng):
    x, reference, cotangent = rng.normal(3, 2), rng.normal(4, 2), rng.normal(3, 2)
    value, grads = student.value_and_grad("virtual_batch_norm", x, reference, cotangent=cotangent)
    expect(value, by_batch_norm(x, reference, 1e-5))
    leaves = x.clone().requires_grad_(), reference.clone().requires_grad_()
    wanted = torch.autograd.grad(by_batch_norm(*leaves, 1e-5), leaves, cotangent)
    for grad, slope, name in zip(grads, wanted, ("x", "reference"), strict=True):
        expect(grad, slope, rtol=1e-6, what=f"its gradient in {name}",
               why="The example moves its own mean and variance a little; the reference moves everyone's.")  # fmt: skip


def k_plus_one(labelled, label, real, fake):
    """The same in the softmax of K + 1 classes, the last of them with logit 0."""

    def log_p(logits):
        return torch.from_numpy(scipy.special.log_softmax(pad(logits, (0, 1)).numpy(), 1))

    among_real = cross_entropy(labelled, label)
    return among_real - torch.logsumexp(log_p(real)[:, :-1], 1).mean() - log_p(fake)[:, -1].mean()


@points(1, "semi_supervised_loss")
@teaches("eq-semi-supervised")
def test_the_softmax_of_one_class_more(student, rng):
    for sizes, k in (((4, 5, 6), 3), ((1, 2, 3), 10), ((3, 3, 3), 1)):
        labelled, real, fake = (2 * rng.normal(n, k) for n in sizes)
        label = rng.integers(0, k, sizes[0])
        expect(student.semi_supervised_loss(labelled, label, real, fake), k_plus_one(labelled, label, real, fake),
               why=f"{k} classes and one more, whose logit is 0.")  # fmt: skip
    big = torch.tensor([[1e4, 0.0], [0.0, -1e4]])
    expect(student.semi_supervised_loss(big, torch.tensor([0, 1]), big, big), torch.tensor(5e3 + 5e3 + 1.5 * math.log(2)
           - 0.5 * math.log(2)), rtol=1e-5,
           why="Logits of 10,000 must give no infinity. float32 stays float32.")  # fmt: skip


@points(1, "semi_supervised_loss")
@teaches("eq-semi-supervised")
def test_slopes_of_the_softmax_of_one_class_more(student, rng):
    labelled, real, fake = rng.normal(4, 3), rng.normal(5, 3), rng.normal(2, 3)
    label = torch.tensor([2, 0, 1, 2])
    _, grads = student.value_and_grad("semi_supervised_loss", labelled, label, real, fake)
    p_real, p_fake = (torch.softmax(pad(logits, (0, 1)), 1)[:, :3] for logits in (real, fake))
    one_hot = torch.eye(3, dtype=torch.float64)[label]
    expect(grads[0], (torch.softmax(labelled, 1) - one_hot) / 4, what="its gradient in labelled",
           why="That of an ordinary classifier: the class 'generated' has no part in it.")  # fmt: skip
    expect(grads[1], (p_real - torch.softmax(real, 1)) / 5, what="its gradient in real")
    expect(grads[2], p_fake / 2, what="its gradient in fake", why="Every class is pushed down by its probability.")
