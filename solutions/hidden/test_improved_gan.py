"""Hidden tests of improved_gan: the same points for the same exercises as the visible ones, on secret inputs.

The oracles are loops over examples and pairs, in numpy, and closed forms of gradients.
"""

import numpy as np
import torch

from course_lib.grading import expect, points, teaches


def softplus(x):
    return np.logaddexp(0, x)


@points(1, "feature_matching_loss")
@teaches("eq-feature-matching")
def test_secret_centres(student, rng):
    for n, m, width in ((3, 8, 4), (6, 2, 2), (4, 4, 5)):
        real, fake = 3 * rng.normal(n, width) - 2, rng.normal(m, width)
        gap = np.array([sum(fake[:, a].tolist()) / m - sum(real[:, a].tolist()) / n for a in range(width)])
        value, grads = student.value_and_grad("feature_matching_loss", real, fake)
        expect(value, torch.tensor((gap**2).sum()))
        expect(grads[0], torch.from_numpy(-2 * gap / n).expand(n, -1), what="its gradient in real")
        expect(grads[1], torch.from_numpy(2 * gap / m).expand(m, -1), what="its gradient in fake")
    ones = torch.ones(2, 3)
    expect(student.feature_matching_loss(ones, -ones), torch.tensor(12.0), why="float32 stays float32.")


def nearness_by_loops(features, tensor):
    f, t = features.numpy(), tensor.numpy()
    o = np.zeros((f.shape[0], t.shape[1]))
    for i in range(len(f)):
        for j in range(len(f)):
            if i != j:
                for b in range(t.shape[1]):
                    o[i, b] += np.exp(-np.abs(f[i] @ t[:, b] - f[j] @ t[:, b]).sum())
    return torch.from_numpy(np.concatenate([f, o], 1))


@points(1, "minibatch_discrimination")
@teaches("eq-minibatch")
def test_secret_nearness(student, rng):
    for n, a, b, c in ((5, 2, 4, 3), (3, 6, 2, 2), (2, 1, 3, 5), (1, 3, 2, 2)):
        features, tensor = rng.normal(n, a), 0.5 * rng.normal(a, b, c)
        expect(student.minibatch_discrimination(features, tensor), nearness_by_loops(features, tensor))
    features, tensor = rng.normal(4, 2), 0.5 * rng.normal(2, 3, 2)
    expect(student.minibatch_discrimination(features.float(), tensor.float()),
           nearness_by_loops(features, tensor).float(), rtol=1e-4, atol=1e-5, why="float32 stays float32.")  # fmt: skip


@points(1, "minibatch_discrimination")
@teaches("eq-minibatch")
def test_secret_nearness_with_gradients(student, rng):
    for n, a, b, c in ((3, 2, 2, 3), (5, 3, 1, 2)):
        features, tensor, cotangent = rng.normal(n, a), 0.5 * rng.normal(a, b, c), rng.normal(n, a + b)
        value, grads = student.value_and_grad("minibatch_discrimination", features, tensor, cotangent=cotangent)
        expect(value, nearness_by_loops(features, tensor))
        # d exp(-|u|) = -exp(-|u|) sign(u) du, pair by pair.
        f, t, g = features.numpy(), tensor.numpy(), cotangent.numpy()
        in_f, in_t = g[:, :a].copy(), np.zeros(t.shape)
        for i in range(n):
            for j in range(n):
                if i != j:
                    for k in range(b):
                        u = (f[i] - f[j]) @ t[:, k]
                        slope = -g[i, a + k] * np.exp(-np.abs(u).sum()) * np.sign(u)
                        in_f[i] += t[:, k] @ slope
                        in_f[j] -= t[:, k] @ slope
                        in_t[:, k] += np.outer(f[i] - f[j], slope)
        expect(grads[0], torch.from_numpy(in_f), what="its gradient in features", rtol=1e-6)
        expect(grads[1], torch.from_numpy(in_t), what="its gradient in tensor", rtol=1e-6)


@points(1, "historical_average_penalty")
@teaches("eq-historical")
def test_secret_history(student, rng):
    for t, size in ((2, 3), (5, 4), (30, 2)):
        history = 3 * rng.normal(t, size) + 1
        rows = history.numpy()
        expect(student.historical_average_penalty(history[-1], torch.from_numpy(rows[:-1].sum(0) / (t - 1)), t),
               torch.tensor(((rows[-1] - rows.sum(0) / t) ** 2).sum()))  # fmt: skip
    expect(student.historical_average_penalty(torch.tensor([2.0, 4.0]), torch.zeros(2), 2), torch.tensor(5.0),
           why="float32 stays float32.")  # fmt: skip
    expect(student.historical_average_penalty(rng.normal(3), rng.normal(3), 1), torch.zeros((), dtype=torch.float64))


@points(1, "historical_average_penalty")
@teaches("eq-historical")
def test_secret_history_stands_still(student, rng):
    for t, size in ((2, 2), (4, 5), (9, 1)):
        theta, average = rng.normal(size), 2 * rng.normal(size)
        _, grads = student.value_and_grad("historical_average_penalty", theta, average, t)
        expect(grads[0], torch.from_numpy(2 * (theta.numpy() - average.numpy()) * (t - 1) / t),
               what="its gradient in theta")  # fmt: skip
        expect(grads[1], torch.zeros(size, dtype=torch.float64), what="its gradient in average")


@points(1, "smoothed_labels")
@teaches("eq-smoothed")
def test_secret_targets(student, rng):
    for n, m, alpha, beta in ((4, 7, 0.9, 0.0), (3, 5, 0.7, 0.2), (6, 2, 0.85, 0.1)):
        real, fake = 4 * rng.normal(n), 4 * rng.normal(m) - 1
        value, grads = student.value_and_grad("smoothed_labels", real, fake, alpha, beta)
        terms = [
            (softplus(logit.numpy()) - target * logit.numpy()).mean() for logit, target in ((real, alpha), (fake, beta))
        ]
        expect(value, torch.tensor(sum(terms)))
        d_real, d_fake = (1 / (1 + np.exp(-logit.numpy())) for logit in (real, fake))
        expect(grads[0], torch.from_numpy((d_real - alpha) / n), what="its gradient in real_logit")
        expect(grads[1], torch.from_numpy((d_fake - beta) / m), what="its gradient in fake_logit")
    big = torch.tensor([-1e4, 1e4, 1e4, 1e4])
    expect(student.smoothed_labels(big, -big, 0.75, 0.5), torch.tensor(3750.0 + 5000.0), why="float32 stays float32.")


def normalised_by_loops(x, reference, eps):
    y = np.zeros(tuple(x.shape))
    for i, c in np.ndindex(y.shape):
        numbers = np.append(reference[:, c].numpy(), x[i, c].item())
        y[i, c] = (x[i, c].item() - numbers.mean()) / np.sqrt(numbers.var() + eps)
    return torch.from_numpy(y)


@points(1, "virtual_batch_norm")
@teaches("eq-virtual")
def test_secret_examples_with_their_reference(student, rng):
    for n, r, c, eps in ((4, 3, 2, 1e-5), (2, 1, 4, 1e-3), (6, 9, 1, 1e-5)):
        x, reference = 2 * rng.normal(n, c) - 1, 3 * rng.normal(r, c) + 2
        expect(student.virtual_batch_norm(x, reference, eps), normalised_by_loops(x, reference, eps))
    x, reference = rng.normal(3, 3), rng.normal(5, 3)
    expect(student.virtual_batch_norm(x.float(), reference.float(), 0.1),
           normalised_by_loops(x, reference, 0.1).float(), rtol=1e-4, atol=1e-5)  # fmt: skip


@points(1, "virtual_batch_norm")
@teaches("eq-virtual")
def test_secret_gradients_of_the_reference(student, rng):
    for n, r, c in ((2, 3, 2), (3, 5, 1)):
        x, reference, cotangent = rng.normal(n, c), rng.normal(r, c), rng.normal(n, c)
        value, grads = student.value_and_grad("virtual_batch_norm", x, reference, cotangent=cotangent)
        expect(value, normalised_by_loops(x, reference, 1e-5))
        # For the R + 1 numbers u of a feature: dy_0 / du_k = ([k = 0] - 1 / (R + 1) - y_0 y_k / (R + 1)) / s.
        in_x, in_reference = np.zeros((n, c)), np.zeros((r, c))
        for i, j in np.ndindex(n, c):
            u = np.append(x[i, j].item(), reference[:, j].numpy())
            s = np.sqrt(u.var() + 1e-5)
            y = (u - u.mean()) / s
            slope = (np.eye(r + 1)[0] - 1 / (r + 1) - y[0] * y / (r + 1)) / s * cotangent[i, j].item()
            in_x[i, j] += slope[0]
            in_reference[:, j] += slope[1:]
        expect(grads[0], torch.from_numpy(in_x), what="its gradient in x", rtol=1e-6, atol=1e-8)
        expect(grads[1], torch.from_numpy(in_reference), what="its gradient in reference", rtol=1e-6, atol=1e-8)


@points(1, "semi_supervised_loss")
@teaches("eq-semi-supervised")
def test_secret_softmax_of_one_class_more(student, rng):
    for sizes, k in (((3, 4, 5), 4), ((2, 6, 1), 7), ((5, 1, 2), 2)):
        labelled, real, fake = (3 * rng.normal(n, k) for n in sizes)
        label = rng.integers(0, k, sizes[0])
        log_z = [np.logaddexp.reduce(logits.numpy(), 1) for logits in (labelled, real, fake)]
        right = labelled.numpy()[np.arange(sizes[0]), label.numpy()]
        loss = (log_z[0] - right).mean() + (softplus(log_z[1]) - log_z[1]).mean() + softplus(log_z[2]).mean()
        expect(student.semi_supervised_loss(labelled, label, real, fake), torch.tensor(loss))
    big = torch.tensor([[0.0, 1e4, -1e4]])
    expect(
        student.semi_supervised_loss(big, torch.tensor([2]), -big, big), torch.tensor(3e4), why="float32 stays float32."
    )


@points(1, "semi_supervised_loss")
@teaches("eq-semi-supervised")
def test_secret_slopes_of_one_class_more(student, rng):
    for k in (2, 5):
        labelled, real, fake = rng.normal(3, k), rng.normal(4, k), rng.normal(6, k)
        label = rng.integers(0, k, 3)
        _, grads = student.value_and_grad("semi_supervised_loss", labelled, label, real, fake)
        powers = [np.exp(logits.numpy()) for logits in (labelled, real, fake)]
        z = [power.sum(1, keepdims=True) for power in powers]
        in_labelled = (powers[0] / z[0] - np.eye(k)[label.numpy()]) / 3
        expect(grads[0], torch.from_numpy(in_labelled), what="its gradient in labelled")
        expect(grads[1], torch.from_numpy((powers[1] / (z[1] + 1) - powers[1] / z[1]) / 4), what="its gradient in real")
        expect(grads[2], torch.from_numpy(powers[2] / (z[2] + 1) / 6), what="its gradient in fake")
