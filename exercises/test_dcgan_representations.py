"""What your answers in dcgan_representations.py must do.

Run: course check dcgan_representations (or pytest exercises/test_dcgan_representations.py).
"""

import torch
from torch.nn.functional import adaptive_max_pool2d, conv_transpose2d

from course_lib.grading import expect, points, teaches

EXCLUDED = {
    "torch.nn.functional.max_pool2d": "that is the exercise: build it from elementary operations",
    "torch.nn.functional.adaptive_max_pool2d": "that is the exercise: build it from elementary operations",
    "torch.max_pool2d": "that is the exercise: build it from elementary operations",
    "torch.nn.MaxPool2d": "that is the exercise: build it from elementary operations",
    "torch.nn.AdaptiveMaxPool2d": "that is the exercise: build it from elementary operations",
}

HINTS = {
    "pooled_features": [
        "Pool each stage by itself first: [N, C, H, W] to [N, C, grid, grid]. Joining the stages is one call.",
        "A side of H rows is grid blocks of H / grid rows each: tensor.unflatten splits an axis into two.",
        "After unflatten(3, (grid, -1)) and unflatten(2, (grid, -1)) the axes are N, C, grid, rows, grid, columns; "
        "amax over axes 3 and 5, flatten(1), then torch.cat along axis 1.",
    ],
    "walk": [
        "Cut the walk into legs, from one station to the next. How many legs has an open walk of K stations, how many "
        "a closed one? Which end of a leg belongs to it?",
        "The shares are 0 / steps, 1 / steps, ..., (steps - 1) / steps: 1 is missing, for there the next leg begins.",
        "stations.roll(-1, 0) is, for each station, the one that follows. Make all K legs as [K, steps, d], flatten "
        "them, and let an open walk end at place (K - 1) * steps, that place included.",
    ],
    "arithmetic": [
        "Three means over examples come first, each over its own number of them.",
        "2 * uniform - 1 lies between -1 and 1, half of it below 0. What must it be multiplied by?",
        "y[None] makes a row of y; torch.cat puts the rows y + scale * (2 * uniform - 1) below it.",
    ],
    "drop_feature_maps": [
        "What is dropped is decided by one number for each map, and not by what the map holds in this image.",
        "weights > 0 is [C]. To meet maps [N, C, H, W] it needs two more axes: [:, None, None].",
        "above(below(z) * (weights <= 0)[:, None, None]).",
    ],
    "turn_vector": [
        "First one direction for everybody, [d]. Then a table of latents, [N, K, d].",
        "z[:, None] is [N, 1, d] and positions[:, None] is [K, 1]: sums and products spread over axes of length 1.",
        "z[:, None] + positions[:, None] * (right.mean(0) - left.mean(0)).",
    ],
}  # fmt: skip


@points(1, "pooled_features")
@teaches("eq-pooled-features")
def test_every_stage_is_pooled_to_the_grid_and_they_are_joined(student, rng):
    maps = [rng.normal(3, 4, 12, 8), rng.normal(3, 2, 4, 8), rng.normal(3, 5, 4, 4)]
    for grid in (4, 2, 1):
        expected = torch.cat([adaptive_max_pool2d(stage, grid).flatten(1) for stage in maps], 1)
        expect(student.pooled_features(maps, grid), expected,
               why=f"Stages of 12 x 8, 4 x 8 and 4 x 4 pixels, to a grid of {grid} x {grid}.")  # fmt: skip
    below_zero = [-1 - rng.uniform(2, 3, 6, 6, dtype=torch.float32)]
    expect(student.pooled_features(below_zero, 2), adaptive_max_pool2d(below_zero[0], 2).flatten(1),
           why="One stage of negative values: nothing is padded or rectified. Keep the dtype.")  # fmt: skip


@points(1, "pooled_features")
@teaches("eq-pooled-features")
def test_the_order_is_stage_map_row_column(student, rng):
    first = torch.zeros(2, 2, 4, 4, dtype=torch.float64)
    second = torch.zeros(2, 3, 2, 2, dtype=torch.float64)
    first[0, 1, 3, 0], first[1, 0, 1, 3], second[0, 2, 0, 1], second[1, 0, 1, 1] = 1.0, 2.0, 3.0, 4.0
    expected = torch.zeros(2, 20, dtype=torch.float64)
    expected[0, 4 + 2], expected[1, 0 + 1] = 1.0, 2.0  # map 1, block (1, 0); map 0, block (0, 1)
    expected[0, 8 + 8 + 1], expected[1, 8 + 0 + 3] = 3.0, 4.0
    expect(student.pooled_features([first, second], 2), expected, why="The last axis of a map runs fastest.")
    stage = rng.normal(2, 3, 6, 4)
    halves = [half.split(2, 3) for half in stage.split(3, 2)]  # blocks of 3 rows and 2 columns
    blocks = [block.flatten(2).max(2).values for half in halves for block in half]
    expect(student.pooled_features([stage], 2), torch.stack(blocks, 2).flatten(1),
           why="Blocks of 3 rows and 2 columns: the two sides are pooled apart.")  # fmt: skip


def walked(stations, steps, closed):
    """The oracle of walks: torch.lerp, leg by leg."""
    legs = list(zip(stations, [*stations[1:], stations[0]], strict=True))
    path = [torch.lerp(a, b, j / steps) for a, b in (legs if closed else legs[:-1]) for j in range(steps)]
    return torch.stack(path if closed else [*path, stations[-1]])


@points(1, "walk")
@teaches("eq-walk")
def test_an_open_walk_meets_every_station_once(student, rng):
    for count, steps in ((2, 4), (4, 3), (3, 1), (9, 2)):
        stations = rng.normal(count, 3)
        expect(student.walk(stations, steps, False), walked(stations, steps, False),
               why=f"{count} stations, {steps} steps between each two: {(count - 1) * steps + 1} places.")  # fmt: skip
    stations = rng.normal(3, 2, dtype=torch.float32)
    expect(student.walk(stations, 5, False), walked(stations, 5, False), why="Keep the dtype.")


@points(1, "walk")
@teaches("eq-walk")
def test_a_closed_walk_comes_round(student, rng):
    for count, steps in ((2, 3), (3, 4), (5, 1)):
        stations = rng.normal(count, 3)
        expect(student.walk(stations, steps, True), walked(stations, steps, True),
               why="The last leg leads back to the first station, and stops one step before it.")  # fmt: skip
    stations, weight = rng.normal(3, 2), rng.normal(7, 2)
    shares = torch.zeros(7, 3, dtype=torch.float64)  # of each station in each place
    for k in range(2):
        for j in range(3):
            shares[3 * k + j, k], shares[3 * k + j, k + 1] = 1 - j / 3, j / 3
    shares[6, 2] = 1
    value, (in_stations,) = student.value_and_grad("walk", stations, 3, False, cotangent=weight)
    expect(value, shares @ stations)
    expect(in_stations, shares.T @ weight, what="its gradient in the stations")


@points(1, "arithmetic")
@teaches("eq-arithmetic")
def test_concepts_are_means_that_add_and_subtract(student, rng):
    for n, m, k in ((3, 3, 3), (1, 1, 1), (2, 5, 4)):
        a, b, c = rng.normal(n, 6), rng.normal(m, 6), rng.normal(k, 6)
        shares = torch.tensor([1 / n] * n + [-1 / m] * m + [1 / k] * k, dtype=torch.float64)
        expected = torch.einsum("n,nd->d", shares, torch.cat([a, b, c]))[None]
        expect(student.arithmetic(a, b, c, torch.zeros(0, 6, dtype=torch.float64), 0.25), expected,
               why=f"{n}, {m} and {k} examples, and no noise: one row, y.")  # fmt: skip
    a, b, c, weight = rng.normal(2, 4), rng.normal(4, 4), rng.normal(1, 4), rng.normal(1, 4)
    _, (in_a, in_b, in_c, _) = student.value_and_grad(
        "arithmetic", a, b, c, torch.zeros(0, 4, dtype=torch.float64), 0.25, cotangent=weight
    )
    expected = weight.expand(2, 4) / 2, -weight.expand(4, 4) / 4, weight
    expect((in_a, in_b, in_c), expected, what="its gradients in a, b, c")


@points(1, "arithmetic")
@teaches("eq-arithmetic")
def test_the_neighbourhood_has_uniform_noise_of_either_sign(student, rng):
    a, b, c = rng.normal(3, 5), rng.normal(3, 5), rng.normal(2, 5)
    uniform = rng.uniform(8, 5)
    uniform[0], uniform[1] = 0.0, 0.5
    for scale in (0.25, 1.0, 0.0):
        y = torch.einsum("nd,n->d", torch.cat([a, b, c]), torch.tensor([1, 1, 1, -1, -1, -1, 1.5, 1.5]).double() / 3)
        noise = torch.lerp(torch.full_like(uniform, -scale), torch.full_like(uniform, scale), uniform)
        expect(student.arithmetic(a, b, c, uniform, scale), torch.cat([y[None], y + noise]),
               why=f"y first, without noise; then 8 rows, the noise between {-scale:g} and {scale:g}.")  # fmt: skip
    floats = (a.float(), b.float(), c.float(), uniform.float())
    y = (floats[0].mean(0) - floats[1].mean(0) + floats[2].mean(0)).expand(9, 5)
    noise = torch.cat([torch.zeros(1, 5), torch.lerp(torch.tensor(-0.25), torch.tensor(0.25), floats[3])])
    expect(student.arithmetic(*floats, 0.25), y + noise, atol=1e-5, why="Keep the dtype.")


def generated(below, above, z, kept):
    """The given generator, written out by its weights, with its maps multiplied by kept: [C], or [N, C, H, W]."""
    maps = (z @ below["0.weight"].T + below["0.bias"]).view(len(z), len(kept), -1)
    height = round((maps.shape[2] / 2) ** 0.5)  # the maps of these tests are twice as wide as high
    maps = maps.view(len(z), len(kept), height, 2 * height) * kept[:, None, None]
    return torch.tanh(conv_transpose2d(maps, above["0.weight"], above["0.bias"], stride=2, padding=1))


@points(1, "drop_feature_maps")
@teaches("eq-drop-maps")
def test_maps_of_positive_weight_are_gone_everywhere(student, rng):
    below, above = student.given("below", 1, 3, 6, 2, 4), student.given("above", 2, 6)
    lower, upper = below.state(), above.state()
    z = rng.normal(4, 3)
    for weights in ([0.5, -0.1, 2, 0, -3, 1e-6], [-1, -2, -0.5, -0.1, -4, -1e-3], [0, 0, 0, 1, 0, 0]):
        weights = torch.tensor(weights, dtype=torch.float64)
        expected = generated(lower, upper, z, (weights <= 0).double())
        expect(student.drop_feature_maps(below, above, z, weights), expected,
               why=f"Dropped are the maps {[i for i, w in enumerate(weights) if w > 0]}, at all places.")  # fmt: skip


@points(1, "drop_feature_maps")
@teaches("eq-drop-maps")
def test_what_is_dropped_depends_on_weights_alone(student, rng):
    below, above = student.given("below", 3, 4, 5, 3, 6), student.given("above", 4, 5)
    lower, upper = below.state(), above.state()
    z, weights = rng.normal(3, 4), rng.normal(5)
    weights[0], weights[1] = 0.7, -0.7
    kept = torch.tensor([0.0 if weight > 0 else 1.0 for weight in weights.tolist()], dtype=torch.float64)
    expect(student.drop_feature_maps(below, above, z, weights), generated(lower, upper, z, kept))
    expect(student.drop_feature_maps(below, above, 10 * z, 100 * weights), generated(lower, upper, 10 * z, kept),
           why="Larger activations and larger weights of the same signs: the same maps are dropped.")  # fmt: skip
    everything = torch.full((5,), 0.1, dtype=torch.float64)
    expect(student.drop_feature_maps(below, above, z, everything), generated(lower, upper, z, torch.zeros(5).double()),
           why="All weights are positive: nothing is left but what the last layers' biases make.")  # fmt: skip


@points(1, "turn_vector")
@teaches("eq-turn")
def test_latents_move_along_the_line_from_left_to_right(student, rng):
    for n, m in ((4, 4), (1, 3), (5, 2)):
        left, right, z = rng.normal(n, 6), rng.normal(m, 6), rng.normal(3, 6)
        positions = torch.tensor([0.0, 1.0, -0.5, 2.0], dtype=torch.float64)
        shares = torch.tensor([-1 / n] * n + [1 / m] * m, dtype=torch.float64)
        turn = torch.einsum("n,nd->d", shares, torch.cat([left, right]))
        expected = torch.stack([torch.stack([one + t * turn for t in positions]) for one in z])
        expect(student.turn_vector(left, right, z, positions), expected,
               why="answer[i, k] is latent i at position k; positions come in any order.")  # fmt: skip


@points(1, "turn_vector")
@teaches("eq-turn")
def test_position_0_leaves_a_face_and_position_1_goes_from_left_to_right(student, rng):
    left, right = rng.normal(2, 5), rng.normal(2, 5)
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    value, (in_left, in_right, in_z, _) = student.value_and_grad(
        "turn_vector", left, right, left.mean(0, keepdim=True), ends, cotangent=torch.ones(1, 2, 5).double()
    )
    expect(value, torch.stack([left.mean(0), right.mean(0)])[None], why="From the mean of left to the mean of right.")
    expect((in_left, in_right, in_z),
           (torch.full((2, 5), -0.5).double(), torch.full((2, 5), 0.5).double(), torch.full((1, 5), 2.0).double()),
           what="its gradients in left, right and z")  # fmt: skip
    floats = [rng.normal(n, 3, dtype=torch.float32) for n in (2, 3, 4)]
    positions = torch.tensor([-1.0, 0.5], dtype=torch.float32)
    turn = floats[1].sum(0) / 3 - floats[0].sum(0) / 2
    expected = floats[2].repeat_interleave(2, 0).view(4, 2, 3) + positions.view(1, 2, 1) * turn
    expect(student.turn_vector(*floats, positions), expected, atol=1e-5, why="Keep the dtype.")
