"""Named wrong answers, and correct variants, of the exercises of `dcgan_representations`."""

import torch
import torch.nn.functional as F

from course_lib.grading.mistakes import mistake, variant


def _joined(maps, pool):
    return torch.cat([pool(stage).flatten(1) for stage in maps], 1)


# ----------------------------------------------------------------------------------------------- pooled_features


@mistake("pooled_features", "That is average pooling. The largest value of each block is asked for.")
def averages_of_blocks(maps, grid):
    return _joined(maps, lambda stage: F.adaptive_avg_pool2d(stage, grid))


@mistake("pooled_features", "Only the last stage is in your vector. All of them are asked for, from the first on.")
def last_stage_only(maps, grid):
    return F.adaptive_max_pool2d(maps[-1], grid).flatten(1)


@mistake("pooled_features", "The stages are joined in the wrong order: begin with the first of the list.")
def last_stage_first(maps, grid):
    return _joined(maps[::-1], lambda stage: F.adaptive_max_pool2d(stage, grid))


@mistake(
    "pooled_features",
    "In your vector the map runs faster than the place: of one map, all places come before the next map.",
)
def maps_run_fastest(maps, grid):
    return _joined(maps, lambda stage: F.adaptive_max_pool2d(stage, grid).permute(0, 2, 3, 1))


@mistake("pooled_features", "Rows and columns of the grid are exchanged: the column runs fastest.")
def columns_before_rows(maps, grid):
    return _joined(maps, lambda stage: F.adaptive_max_pool2d(stage, grid).transpose(2, 3))


@mistake(
    "pooled_features",
    "You took every (H / grid)th row and column. All values of a block are looked at, and the largest counts.",
)
def subsampled(maps, grid):
    return _joined(maps, lambda stage: stage[:, :, :: stage.shape[2] // grid, :: stage.shape[3] // grid])


@mistake(
    "pooled_features",
    "Your blocks are `grid` pixels wide. The number of blocks is given; their size follows from the stage's.",
)
def blocks_of_grid_pixels(maps, grid):
    return _joined(maps, lambda stage: F.max_pool2d(stage, min(grid, *stage.shape[2:])))


@mistake("pooled_features", "Your maxima are of absolute values: a strongly negative activation is no maximum.")
def largest_in_size_of_blocks(maps, grid):
    def pool(stage):
        _, places = F.adaptive_max_pool2d(stage.abs(), grid, return_indices=True)
        return stage.flatten(2).gather(2, places.flatten(2))

    return _joined(maps, pool)


@mistake("pooled_features", "Negative maxima became 0. The leaky rectifier lets them be negative: keep them.")
def rectified_features(maps, grid):
    return _joined(maps, lambda stage: F.adaptive_max_pool2d(stage, grid).clamp(min=0))


@variant("pooled_features")
def library_pooling_of_stages(maps, grid):
    return _joined(maps, lambda stage: F.adaptive_max_pool2d(stage, grid))


@variant("pooled_features")
def block_by_block(maps, grid):
    def pool(stage):
        rows, columns = stage.shape[2] // grid, stage.shape[3] // grid
        blocks = [
            stage[:, :, r * rows : (r + 1) * rows, s * columns : (s + 1) * columns].flatten(2).max(2).values
            for r in range(grid)
            for s in range(grid)
        ]
        return torch.stack(blocks, 2)

    return _joined(maps, pool)


@variant("pooled_features")
def rows_then_columns(maps, grid):
    def pool(stage):
        tall = torch.stack([part.amax(2) for part in stage.chunk(grid, 2)], 2)
        return torch.stack([part.amax(3) for part in tall.chunk(grid, 3)], 3)

    return _joined(maps, pool)


# ---------------------------------------------------------------------------------------------------------- walk


def _legs(stations, steps, share):
    following = stations.roll(-1, 0)
    share = share.to(stations.dtype)[:, None]
    return stations[:, None] + share * (following - stations)[:, None]


@mistake("walk", "Stations are met twice: the end of a leg and the beginning of the next are the same place.")
def stations_met_twice(stations, steps, closed):
    legs = _legs(stations, steps, torch.arange(steps + 1) / steps)
    return (legs if closed else legs[:-1]).flatten(0, 1)


@mistake(
    "walk",
    "Your steps are too long: with `steps` places of which the last is the next station, there are steps - 1 gaps.",
)
def linspace_with_both_ends(stations, steps, closed):
    legs = _legs(stations, steps, torch.linspace(0, 1, steps, dtype=torch.float64)).flatten(0, 1)
    return legs if closed else legs[: (len(stations) - 1) * steps + 1]


@mistake("walk", "The last station is missing: an open walk ends in it.")
def last_station_missing(stations, steps, closed):
    legs = _legs(stations, steps, torch.arange(steps, dtype=torch.float64) / steps)
    return (legs if closed else legs[:-1]).flatten(0, 1)


@mistake("walk", "Every leg is walked backwards: at its beginning the share of the next station is 0.")
def legs_backwards(stations, steps, closed):
    legs = _legs(stations, steps, 1 - torch.arange(steps, dtype=torch.float64) / steps).flatten(0, 1)
    return legs if closed else torch.cat([legs[: (len(stations) - 1) * steps], stations[-1:]])


@mistake("walk", "Your closed walk stays open: a last leg leads from the last station to the first.")
def never_closed(stations, steps, closed):
    legs = _legs(stations, steps, torch.arange(steps, dtype=torch.float64) / steps).flatten(0, 1)
    return legs[: (len(stations) - 1) * steps + 1]


@mistake("walk", "Your open walk comes round to the first station: it ends at the last one.")
def always_closed(stations, steps, closed):
    return _legs(stations, steps, torch.arange(steps, dtype=torch.float64) / steps).flatten(0, 1)


@mistake("walk", "You keep the length of z, as a walk on a sphere does. A straight line is asked for.")
def on_the_sphere(stations, steps, closed):
    legs = _legs(stations, steps, torch.arange(steps, dtype=torch.float64) / steps).flatten(0, 1)
    length = stations.norm(dim=1, keepdim=True)
    lengths = _legs(length, steps, torch.arange(steps, dtype=torch.float64) / steps).flatten(0, 1)
    path = legs * lengths / legs.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return path if closed else path[: (len(stations) - 1) * steps + 1]


@variant("walk")
def place_by_place(stations, steps, closed):
    count = len(stations)
    places = []
    for place in range(count * steps if closed else (count - 1) * steps + 1):
        leg, step = divmod(place, steps)
        a, b = stations[leg], stations[(leg + 1) % count]
        places.append(a if step == 0 else a + (b - a) * (step / steps))
    return torch.stack(places)


@variant("walk")
def by_a_table_of_shares(stations, steps, closed):
    count = len(stations)
    places = count * steps if closed else (count - 1) * steps + 1
    position = torch.arange(places, dtype=torch.float64)[:, None] / steps  # in legs from the first station
    apart = (position - torch.arange(count)).abs()
    if closed:
        apart = torch.minimum(apart, count - apart)
    if closed and count == 2:  # either way round leads to the same other station
        apart = (position - torch.arange(2)).abs()
        apart = torch.minimum(apart, 2 - apart)
    return (1 - apart).clamp(min=0).to(stations.dtype) @ stations


# ---------------------------------------------------------------------------------------------------- arithmetic


def _round(y, uniform, scale):
    return torch.cat([y[None], y + scale * (2 * uniform - 1)])


@mistake("arithmetic", "You added the concept that was to be taken away, or took away the one to be added: a - b + c.")
def signs_exchanged(a, b, c, uniform, scale):
    return _round(a.mean(0) + b.mean(0) - c.mean(0), uniform, scale)


@mistake("arithmetic", "You summed the examples. Means are asked for, or three examples count three times.")
def sums_for_means(a, b, c, uniform, scale):
    return _round(a.sum(0) - b.sum(0) + c.sum(0), uniform, scale)


@mistake("arithmetic", "Only the first example of each concept counts in your answer: average all of them.")
def single_examples(a, b, c, uniform, scale):
    return _round(a[0] - b[0] + c[0], uniform, scale)


@mistake("arithmetic", "Your noise is never negative: uniform is in [0, 1), and 2 u - 1 in [-1, 1).")
def noise_of_one_sign(a, b, c, uniform, scale):
    y = a.mean(0) - b.mean(0) + c.mean(0)
    return torch.cat([y[None], y + scale * uniform])


@mistake("arithmetic", "Your noise is half as wide: it is to reach from -scale to scale, not half as far.")
def noise_half_as_wide(a, b, c, uniform, scale):
    y = a.mean(0) - b.mean(0) + c.mean(0)
    return torch.cat([y[None], y + scale * (uniform - 0.5)])


@mistake("arithmetic", "The result itself is missing: its row comes first, without noise.")
def result_missing(a, b, c, uniform, scale):
    return a.mean(0) - b.mean(0) + c.mean(0) + scale * (2 * uniform - 1)


@mistake("arithmetic", "You clipped the result. Nothing says that it stays where z was drawn from.")
def clipped_to_the_cube(a, b, c, uniform, scale):
    return _round(a.mean(0) - b.mean(0) + c.mean(0), uniform, scale).clamp(-1, 1)


@mistake("arithmetic", "You took one mean over all examples: each concept has its own number of them.")
def one_mean_over_all(a, b, c, uniform, scale):
    count = len(a) + len(b) + len(c)
    return _round((a.sum(0) - b.sum(0) + c.sum(0)) * 3 / count, uniform, scale)


@variant("arithmetic")
def by_accumulation(a, b, c, uniform, scale):
    y = torch.zeros_like(a[0])
    for sign, examples in ((1, a), (-1, b), (1, c)):
        for one in examples:
            y = y + sign * one / len(examples)
    noise = torch.cat([torch.zeros_like(y)[None], (uniform - 0.5) * 2 * scale])
    return y + noise


@variant("arithmetic")
def by_a_row_of_weights(a, b, c, uniform, scale):
    weights = torch.tensor([1 / len(a)] * len(a) + [-1 / len(b)] * len(b) + [1 / len(c)] * len(c), dtype=a.dtype)
    y = weights @ torch.cat([a, b, c])
    return torch.cat([y[None], (y - scale) + 2 * scale * uniform])


# --------------------------------------------------------------------------------------------- drop_feature_maps


@mistake(
    "drop_feature_maps",
    "You dropped activations above zero. The maps whose *weights* are above zero go, whatever their activations.",
)
def activations_above_zero(below, above, z, weights):
    return above(below(z).clamp(max=0))


@mistake(
    "drop_feature_maps",
    "Of the maps with positive weights you dropped only the positive activations. They go at every place.",
)
def positive_activations_of_those_maps(below, above, z, weights):
    maps = below(z)
    return above(torch.where((weights > 0)[:, None, None] & (maps > 0), torch.zeros_like(maps), maps))


@mistake("drop_feature_maps", "You dropped the maps that speak against the object: those with positive weights go.")
def negative_weights(below, above, z, weights):
    return above(below(z) * (weights >= 0)[:, None, None])


@mistake("drop_feature_maps", "A map of weight 0 says nothing about the object: it stays.")
def weight_zero_dropped(below, above, z, weights):
    return above(below(z) * (weights < 0)[:, None, None])


@mistake("drop_feature_maps", "You multiplied the maps by their weights. A map is dropped, or stays as it is.")
def maps_times_weights(below, above, z, weights):
    return above(below(z) * weights.clamp(max=0)[:, None, None])


@mistake("drop_feature_maps", "Nothing was dropped: these are the images as they were.")
def nothing_dropped(below, above, z, weights):
    return above(below(z))


@mistake(
    "drop_feature_maps",
    "You put each dropped map's mean in its place. It is set to 0.",
)
def means_for_zeros(below, above, z, weights):
    maps = below(z)
    return above(torch.where((weights > 0)[:, None, None], maps.mean((2, 3), keepdim=True), maps))


@mistake("drop_feature_maps", "Only the map of the largest weight is gone. All with positive weights are dropped.")
def strongest_map_only(below, above, z, weights):
    kept = torch.ones_like(weights)
    if weights.max() > 0:
        kept[weights.argmax()] = 0
    return above(below(z) * kept[:, None, None])


@mistake("drop_feature_maps", "You dropped places where the weighted sum of maps is positive. Whole maps are dropped.")
def places_of_the_object(below, above, z, weights):
    maps = below(z)
    on_object = (maps * weights[:, None, None]).sum(1, keepdim=True) > 0
    return above(maps * ~on_object)


@variant("drop_feature_maps")
def dropped_by_index(below, above, z, weights):
    maps = below(z).clone()
    maps[:, weights > 0] = 0
    return above(maps)


@variant("drop_feature_maps")
def dropped_by_a_sum(below, above, z, weights):
    maps = below(z)
    gone = torch.zeros_like(maps)
    for i, weight in enumerate(weights.tolist()):
        if weight > 0:
            gone[:, i] = maps[:, i]
    return above(maps - gone)


# --------------------------------------------------------------------------------------------------- turn_vector


@mistake("turn_vector", "Your heads turn the other way: the vector points from left to right, right less left.")
def turned_the_other_way(left, right, z, positions):
    return z[:, None] + positions[:, None] * (left.mean(0) - right.mean(0))


@mistake("turn_vector", "You used one face of either kind. The vector is between the means of all of them.")
def one_face_of_either_kind(left, right, z, positions):
    return z[:, None] + positions[:, None] * (right[0] - left[0])


@mistake("turn_vector", "You summed the faces. Their means are asked for.")
def sums_of_faces(left, right, z, positions):
    return z[:, None] + positions[:, None] * (right.sum(0) - left.sum(0))


@mistake("turn_vector", "Your vector has length 1. Its length is part of it: position 1 goes from left to right.")
def vector_of_length_one(left, right, z, positions):
    turn = right.mean(0) - left.mean(0)
    return z[:, None] + positions[:, None] * turn / turn.norm()


@mistake("turn_vector", "Your answers lie between the two means, and are the same for every z: start from z.")
def between_the_means(left, right, z, positions):
    path = left.mean(0) + positions[:, None] * (right.mean(0) - left.mean(0))
    return path.expand(len(z), *path.shape) + 0 * z[:, None]


@mistake("turn_vector", "Latents and positions are exchanged: answer[i, k] is latent i at position k.")
def positions_first(left, right, z, positions):
    return z + positions[:, None, None] * (right.mean(0) - left.mean(0))


@mistake(
    "turn_vector",
    "You took each latent's own turn away first, as one does to set a pose. The turn is only added.",
)
def pose_set_not_added(left, right, z, positions):
    turn = right.mean(0) - left.mean(0)
    along = (z @ turn / turn.square().sum())[:, None]
    return (z - along * turn)[:, None] + positions[:, None] * turn


@mistake("turn_vector", "You made the step half as long: position 1 is the whole way from left to right.")
def half_the_way(left, right, z, positions):
    return z[:, None] + positions[:, None] * (right.mean(0) - left.mean(0)) / 2


@variant("turn_vector")
def latent_by_latent(left, right, z, positions):
    turn = torch.zeros_like(z[0])
    for one in right:
        turn = turn + one / len(right)
    for one in left:
        turn = turn - one / len(left)
    return torch.stack([torch.stack([one + t * turn for t in positions]) for one in z])


@variant("turn_vector")
def by_outer_products(left, right, z, positions):
    turn = right.sum(0) / right.shape[0] - left.sum(0) / left.shape[0]
    return z.unsqueeze(1) + torch.outer(positions, turn).unsqueeze(0)
