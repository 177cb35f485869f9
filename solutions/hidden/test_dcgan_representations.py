"""Hidden tests of dcgan_representations: the same points for the same exercises as the visible ones, on secret inputs.

All oracles are loops or products in numpy.
"""

import itertools

import numpy as np
import torch

from course_lib.grading import expect, points, teaches


def pooled_by_loops(maps, grid):
    vectors = []
    for stage in maps:
        n, c, height, width = stage.shape
        rows, columns = height // grid, width // grid
        pooled = np.zeros((n, c, grid, grid), stage.dtype)
        for r, s in itertools.product(range(grid), range(grid)):
            block = stage[:, :, r * rows : (r + 1) * rows, s * columns : (s + 1) * columns]
            pooled[:, :, r, s] = block.max(axis=(2, 3))
        vectors.append(pooled.reshape(n, -1))
    return torch.from_numpy(np.concatenate(vectors, 1))


def shares_of(count, steps, closed):
    """[places, stations]: how much of each station there is in each place of a walk."""
    places = count * steps if closed else (count - 1) * steps + 1
    shares = np.zeros((places, count))
    for place in range(places):
        leg, step = divmod(place, steps)
        shares[place, leg] += 1 - step / steps
        if step:
            shares[place, (leg + 1) % count] += step / steps
    return shares


def generated_by_loops(lower, upper, z, dropped):
    """The given generator in numpy, without these maps: a transposed convolution of 4 x 4, stride 2, padding 1."""
    lower, upper = ({name: value.numpy() for name, value in half.items()} for half in (lower, upper))
    count, height, width = dropped
    maps = (z @ lower["0.weight"].T + lower["0.bias"]).reshape(len(z), -1, height, width)
    maps[:, count] = 0
    images = np.zeros((len(z), 2, 2 * height + 2, 2 * width + 2)) + upper["0.bias"][:, None, None]
    for row, column in itertools.product(range(height), range(width)):
        patch = np.einsum("nc,cokl->nokl", maps[:, :, row, column], upper["0.weight"])
        images[:, :, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4] += patch
    return torch.from_numpy(np.tanh(images[:, :, 1:-1, 1:-1]))


@points(1, "pooled_features")
@teaches("eq-pooled-features")
def test_secret_stages(student, rng):
    for shapes, grid in (
        (((3, 5, 8, 8), (3, 7, 4, 4)), 4),
        (((2, 2, 12, 6), (2, 3, 3, 9), (2, 1, 3, 3)), 3),
        (((4, 3, 10, 2),), 2),
    ):
        maps = [rng.normal(*shape) for shape in shapes]
        expect(student.pooled_features(maps, grid), pooled_by_loops([one.numpy() for one in maps], grid))


@points(1, "pooled_features")
@teaches("eq-pooled-features")
def test_secret_stages_below_zero(student, rng):
    for shapes, grid in ((((2, 3, 4, 8), (2, 4, 2, 2)), 2), (((3, 2, 5, 7), (3, 6, 2, 3)), 1)):
        maps = [-1 - rng.uniform(*shape, dtype=torch.float32) for shape in shapes]
        expect(student.pooled_features(maps, grid), pooled_by_loops([one.numpy() for one in maps], grid))


@points(1, "walk")
@teaches("eq-walk")
def test_secret_open_walks(student, rng):
    for count, steps, d in ((2, 7, 3), (4, 5, 2), (6, 1, 4)):
        stations = rng.normal(count, d)
        expected = torch.from_numpy(shares_of(count, steps, False) @ stations.numpy())
        expect(student.walk(stations, steps, False), expected)
        expect(student.walk(stations.float(), steps, False), expected.float(), atol=1e-5)


@points(1, "walk")
@teaches("eq-walk")
def test_secret_closed_walks(student, rng):
    for count, steps, d in ((2, 4, 3), (5, 3, 2), (3, 1, 4)):
        stations, weight = rng.normal(count, d), rng.normal(count * steps, d)
        shares = shares_of(count, steps, True)
        value, (in_stations,) = student.value_and_grad("walk", stations, steps, True, cotangent=weight)
        expect(value, torch.from_numpy(shares @ stations.numpy()))
        expect(in_stations, torch.from_numpy(shares.T @ weight.numpy()), what="its gradient in the stations")


@points(1, "arithmetic")
@teaches("eq-arithmetic")
def test_secret_concepts(student, rng):
    for n, m, k in ((3, 3, 3), (1, 4, 2), (5, 1, 3)):
        a, b, c, uniform = rng.normal(n, 7), rng.normal(m, 7), rng.normal(k, 7), rng.uniform(0, 7)
        y = a.numpy().sum(0) / n - b.numpy().sum(0) / m + c.numpy().sum(0) / k
        weight = rng.normal(1, 7)
        value, (in_a, in_b, in_c, _) = student.value_and_grad("arithmetic", a, b, c, uniform, 0.25, cotangent=weight)
        expect(value, torch.from_numpy(y[None]))
        parts = tuple(torch.from_numpy(np.tile(weight.numpy() * sign / count, (count, 1)))
                      for sign, count in ((1, n), (-1, m), (1, k)))  # fmt: skip
        expect((in_a, in_b, in_c), parts, what="its gradients in a, b, c")


@points(1, "arithmetic")
@teaches("eq-arithmetic")
def test_secret_neighbourhoods(student, rng):
    for count, scale in ((8, 0.25), (1, 2.0), (3, 0.0)):
        a, b, c, uniform = rng.normal(2, 4), rng.normal(3, 4), rng.normal(1, 4), rng.uniform(count, 4)
        y = a.numpy().mean(0) - b.numpy().mean(0) + c.numpy()[0]
        noise = np.interp(uniform.numpy(), [0, 1], [-scale, scale])
        expected = torch.from_numpy(np.concatenate([y[None], y + noise]))
        expect(student.arithmetic(a, b, c, uniform, scale), expected)
        floats = [one.float() for one in (a, b, c, uniform)]
        expect(student.arithmetic(*floats, scale), expected.float(), atol=1e-5)


@points(1, "drop_feature_maps")
@teaches("eq-drop-maps")
def test_secret_weights(student, rng):
    for latent, maps, height, width in ((3, 6, 3, 2), (5, 4, 2, 5)):
        seed = int(rng.integers(0, 10**6, 1))
        below, above = student.given("below", seed, latent, maps, height, width), student.given("above", seed + 1, maps)
        lower, upper = below.state(), above.state()
        z, weights = rng.normal(4, latent), rng.normal(maps)
        weights[int(rng.integers(0, maps, 1))] = 0.0
        dropped = [i for i, weight in enumerate(weights.tolist()) if weight > 0]
        expected = generated_by_loops(lower, upper, z.numpy(), (dropped, height, width))
        expect(student.drop_feature_maps(below, above, z, weights), expected)


@points(1, "drop_feature_maps")
@teaches("eq-drop-maps")
def test_secret_weights_of_one_sign_and_zero(student, rng):
    seed = int(rng.integers(0, 10**6, 1))
    below, above = student.given("below", seed, 4, 5, 2, 3), student.given("above", seed + 1, 5)
    lower, upper = below.state(), above.state()
    z, size = rng.normal(3, 4), 0.1 + rng.uniform(5)
    half = size * torch.tensor([1.0, 0.0, -1.0, 1e-9, -1e-9], dtype=torch.float64)
    for weights, dropped in ((size, [0, 1, 2, 3, 4]), (-size, []), (0 * size, []), (half, [0, 3])):
        expected = generated_by_loops(lower, upper, z.numpy(), (dropped, 2, 3))
        expect(student.drop_feature_maps(below, above, z, weights), expected)


@points(1, "turn_vector")
@teaches("eq-turn")
def test_secret_turns(student, rng):
    for n, m, count, places in ((4, 4, 3, 5), (1, 6, 2, 1), (3, 2, 1, 4)):
        left, right, z, positions = rng.normal(n, 6), rng.normal(m, 6), rng.normal(count, 6), 2 * rng.normal(places)
        turn = right.numpy().sum(0) / m - left.numpy().sum(0) / n
        expected = np.zeros((count, places, 6))
        for i, k in np.ndindex(count, places):
            expected[i, k] = z.numpy()[i] + positions.numpy()[k] * turn
        expect(student.turn_vector(left, right, z, positions), torch.from_numpy(expected))


@points(1, "turn_vector")
@teaches("eq-turn")
def test_secret_turns_and_their_gradients(student, rng):
    for n, m in ((2, 3), (4, 1)):
        left, right, z, positions = rng.normal(n, 5), rng.normal(m, 5), rng.normal(2, 5), rng.normal(3)
        weight = rng.normal(2, 3, 5)
        _, grads = student.value_and_grad("turn_vector", left, right, z, positions, cotangent=weight)
        along = np.einsum("nkd,k->d", weight.numpy(), positions.numpy())
        expected = np.tile(-along / n, (n, 1)), np.tile(along / m, (m, 1)), weight.numpy().sum(1)
        expect(grads[:3], tuple(torch.from_numpy(one) for one in expected), what="its gradients in left, right and z")
        floats = [one.float() for one in (left, right, z, positions)]
        turn = floats[1].numpy().mean(0) - floats[0].numpy().mean(0)
        moved = floats[2].numpy()[:, None] + floats[3].numpy()[:, None] * turn
        expect(student.turn_vector(*floats), torch.from_numpy(moved), atol=1e-5)
