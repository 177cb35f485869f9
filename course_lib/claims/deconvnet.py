"""What the papers and the notes say of looking into convolutional networks, measured. Chapter: deconvnet."""

import copy
import functools
from dataclasses import dataclass, replace

import scipy.stats
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, one_hot, pad

from course_lib import data
from course_lib.claims.intervals import above
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import ImageSet, avatars
from course_lib.data.sets import to_float
from course_lib.layers.deconvnet import RULES, SWITCHES, project, strongest
from course_lib.models.convnet import PRESETS, ConvNet
from course_lib.training import steps

LAYERS = ("relu1", "relu2", "relu3")  # of both networks: the rectified maps of each stage


def wearing(what: str, split: str, count: int, views: tuple[str, ...] = ()) -> ImageSet:
    """Avatars of 32 pixels, labelled by whether they wear this ("glasses" or "hat")."""
    faces = data.load("avatars", split=split, size=32, count=count, views=views)
    worn = faces.attributes[:, faces.attribute_names.index(what)].long()
    return replace(faces, labels=worn, classes=(f"no {what}", what))


@shared_run
def faces_run(seed: int, scale: Scale, what: str) -> list[ConvNet]:
    """A classifier of people with and without glasses, or a hat: untrained, and after 400 steps."""
    faces = wearing(what, "train", scale(3000, least=300))
    torch.manual_seed(seed)  # the same first weights whatever they wear
    model = ConvNet.build(PRESETS["avatars"], faces)
    before = copy.deepcopy(model)
    for _ in steps(model, faces, scale(400, least=40), seed=seed):
        pass
    return [before.eval(), model.eval()]


@dataclass(frozen=True)
class DigitsRun:
    """A classifier of digits in training: the steps at which it was looked at, and what it was then."""

    steps: list[int]
    models: list[ConvNet]

    @property
    def trained(self) -> ConvNet:
        return self.models[-1]


LOOKS = (0, 5, 10, 20, 40, 60, 80, 120, 160, 240, 320, 500)


@shared_run
def digits_run(seed: int, scale: Scale) -> DigitsRun:
    """A classifier of digits of 16 pixels, kept at each of LOOKS on its way through 500 steps."""
    digits = data.load("digits", size=16)
    torch.manual_seed(seed)
    model = ConvNet.build(PRESETS["digits"], digits)
    looks = sorted({scale(look) if look else 0 for look in LOOKS})
    kept = [copy.deepcopy(model).eval()]
    for step, _ in steps(model, digits, looks[-1], seed=seed):
        if step in looks:
            kept.append(copy.deepcopy(model).eval())
    return DigitsRun(looks, kept)


@functools.cache
def held_out_digits() -> tuple[Tensor, Tensor]:
    """The digits of 16 pixels that no network here was trained on: images [N, 1, 16, 16] in [-1, 1], labels [N]."""
    sets = [data.load("digits", split=split, size=16) for split in ("validation", "test")]
    return to_float(torch.cat([one.images for one in sets])), torch.cat([one.labels for one in sets])


# --------------------------------------------------------------------------------------------- depth


def relative_change(model: ConvNet, name: str, x: Tensor, changed: Tensor) -> float:
    """How far features move when images change, relative to how far apart those of different images lie.

    x, changed: [N, C, H, W].  Returns the mean Euclidean distance from features(x) to features(changed) over that
    from each row of features(x) to the next: 0 is invariance, 1 is to be as good as another image.
    """
    with torch.no_grad():
        a, b = (model.features(images, name).flatten(1) for images in (x, changed))
    return ((a - b).norm(dim=1).mean() / (a - a.roll(1, 0)).norm(dim=1).mean()).item()


@functools.cache
def turned_faces(n: int) -> tuple[Tensor, Tensor]:
    """n people [n, 3, 32, 32] in [-1, 1], and the same people with heads turned by 10 degrees towards the viewer."""
    crowd = avatars.people(torch.arange(n) + 2 * 10**9)  # as in the test split
    turned = crowd.replace(yaw=crowd.yaw - 10 * crowd.yaw.sign())
    return avatars.render(crowd, 32), avatars.render(turned, 32)


def shifted(x: Tensor, pixels: int) -> Tensor:
    """Images moved to the right by so many pixels; their left edge is repeated."""
    return pad(x, (pixels, 0, 0, 0), mode="replicate")[..., :-pixels]


def _invariance(seed: int, scale: Scale, x: Tensor, changed: Tensor) -> Measurement:
    before, after = faces_run(seed, scale, "hat")
    pools = ("pool1", "pool2", "pool3")
    arms = {name: relative_change(after, name, x, changed) for name in pools}
    arms |= {f"{name}, untrained": relative_change(before, name, x, changed) for name in pools}
    return Measurement(arms["pool1"] / arms["pool3"], arms=arms)


@claim(
    "Invariance to a shift rises with depth: features of the last stage change less than those of the first.",
    source="Zeiler and Fergus (2014), section 4 and figure 5; Papers I've read, caption of figure 2",
    holds=above(1.0),
    scale="log",
)
def shift_moves_the_top_less(seed: int, scale: Scale) -> Measurement:
    """Relative change of the first stage's pooled features when 200 unseen faces of 32 pixels are shifted by 2, over
    that of the last stage's; a network trained to see hats. Relative to the distance of features of different faces."""
    x, _ = turned_faces(200)
    return _invariance(seed, scale, x, shifted(x, 2))


@claim(
    "Invariance to pose rises with depth: a turn of the head changes the last stage less than the first.",
    source="Zeiler and Fergus (2014), section 4: objects with significant pose variation in layer 5",
    holds=above(1.0),
    scale="log",
)
def turn_moves_the_top_less(seed: int, scale: Scale) -> Measurement:
    """The same for heads turned by 10 degrees instead of images shifted."""
    return _invariance(seed, scale, *turned_faces(200))


def purity(model: ConvNet, name: str, images: Tensor, labels: Tensor, top: int = 9) -> float:
    """How often the images that excite a feature map most are of one class.

    Of the `top` images with the largest activations of a map, the share of the most frequent class; the mean over the
    maps that are excited at all.
    """
    with torch.no_grad():
        peak = model.features(images, name).flatten(2).amax(2)  # [N, maps]
    peak = peak[:, peak.amax(0) > 0]
    classes = one_hot(labels[peak.topk(top, 0).indices])  # [top, maps, K]
    return classes.sum(0).amax(1).float().mean().item() / top


@claim(
    "Class specificity rises with depth: the nine digits that excite a map most are of one class more often in the "
    "last stage than in the first.",
    source="Zeiler and Fergus (2014), section 4 and figure 2; Papers I've read, caption of figure 2",
    holds=above(0.0),
)
def top_maps_know_their_class(seed: int, scale: Scale) -> Measurement:
    """Share of the most frequent class among the nine unseen digits with the largest activations of a map, mean over
    maps: that of the third stage less that of the first."""
    run, (x, labels) = digits_run(seed, scale), held_out_digits()
    arms = {name: purity(run.trained, name, x, labels) for name in LAYERS}
    arms |= {f"{name}, untrained": purity(run.models[0], name, x, labels) for name in LAYERS}
    return Measurement(arms["relu3"] - arms["relu1"], arms=arms)


def share_on(part: Tensor, projection: Tensor) -> float:
    """The share of a projection's energy (its squares) that lies on a part: mean over images.

    part: [N, H, W] in [0, 1], how much of each pixel it fills.  projection: [N, C, H, W].
    """
    energy = projection.square().sum(1)
    return ((energy * part).sum((1, 2)) / energy.sum((1, 2)).clamp(min=1e-12)).mean().item()


@functools.cache
def faces_with_both() -> tuple[Tensor, dict[str, Tensor]]:
    """Unseen people who wear glasses and a hat [N, 3, 32, 32] in [-1, 1], and the masks [N, 32, 32] of either."""
    crowd = avatars.people(torch.arange(60) + 2 * 10**9).replace(glasses=1.0, hat=1.0)
    masks = avatars.masks(crowd, 32)
    return avatars.render(crowd, 32), {what: masks[:, avatars.PART_NAMES.index(what)] for what in ("glasses", "hat")}


@claim(
    "Projections exaggerate what is discriminative: of the same faces, a network that tells hats shows more hat and "
    "less glasses than one that tells glasses.",
    source="Zeiler and Fergus (2014), figure 2 (iii); Papers I've read, caption of figure 2",
    holds=above(1.0),
    scale="log",
)
def discriminative_parts_are_exaggerated(seed: int, scale: Scale) -> Measurement:
    """Energy of the deconvnet's projection on the hat over that on the glasses, in a network trained to tell hats, over
    the same ratio in one trained to tell glasses; from the strongest activation of the last stage, 60 unseen faces that
    wear both."""
    x, masks = faces_with_both()
    arms = {"hat's area": masks["hat"].mean().item(), "glasses' area": masks["glasses"].mean().item()}
    for what in ("hat", "glasses"):
        layers = faces_run(seed, scale, what)[1].upto("relu3")
        with torch.no_grad():
            signal = strongest(layers(x))
        arms |= {f"{part}, of the {what} network": share_on(masks[part], project(layers, x, signal)) for part in masks}
    ratios = [arms[f"hat, of the {what} network"] / arms[f"glasses, of the {what} network"] for what in masks]
    return Measurement(ratios[1] / ratios[0], arms=arms)


# ------------------------------------------------------------------------------------------ training


def strongest_projections(model: ConvNet, name: str, images: Tensor) -> Tensor:
    """What excites each feature map of a layer most, over all images, sent down to the pixels: [maps, C, H, W]."""
    layers = model.upto(name)
    with torch.no_grad():
        activations = layers(images)
        best = activations.flatten(2).amax(2).argmax(0)  # the image, for each map
        own = torch.eye(len(best))[:, :, None, None]
        signal = strongest(activations[best] * own)
    return project(layers, images[best], signal)


def progress(run: DigitsRun, name: str, images: Tensor) -> Tensor:
    """How far a layer's projections have come at each look: 0 where they began, 1 where they end.

    The cosine of each map's projection with its last, mean over the maps that end alive, as a share of its way.
    """
    shown = [strongest_projections(model, name, images).flatten(1) for model in run.models]
    alive = shown[-1].norm(dim=1) > 0
    likeness = torch.stack([cosine_similarity(one, shown[-1], dim=1)[alive].mean() for one in shown])
    return (likeness - likeness[0]) / (1 - likeness[0])


def weights_progress(run: DigitsRun, name: str) -> Tensor:
    """The same for a convolution's weights: one less the distance left, as a share of the distance at the beginning."""
    weights = torch.stack([dict(model.layers.named_children())[name].weight.detach().flatten() for model in run.models])
    left = (weights - weights[-1]).norm(dim=1)
    return 1 - left / left[0]


@claim(
    "Lower layers converge first: through training, projections of the first stage are nearer to their final form than "
    "those of the last.",
    source="Zeiler and Fergus (2014), section 4 and figure 4",
    holds=above(0.0),
)
def lower_layers_converge_first(seed: int, scale: Scale) -> Measurement:
    """Progress of the projections of each map's strongest activation towards the final ones (cosine, 0 at the start, 1
    at the end), mean over ten looks between: that of the first stage less that of the third, 500 steps on digits."""
    run, (x, _) = digits_run(seed, scale), held_out_digits()
    curves = {name: progress(run, name, x) for name in LAYERS}
    curves |= {name: weights_progress(run, name) for name in ("conv1", "conv2", "conv3")}
    arms = {name: curve[1:-1].mean().item() for name, curve in curves.items()}
    return Measurement(arms["relu1"] - arms["relu3"], arms=arms, series={"step": run.steps, **curves})


# ------------------------------------------------------------------------------- rectifiers and switches


def correlation(a: Tensor, b: Tensor) -> float:
    """Pearson's correlation over all values of an image, mean over images: [N, ...] twice; 0 for a constant image."""
    a, b = ((one - one.mean(1, keepdim=True)) for one in (a.flatten(1).double(), b.flatten(1).double()))
    return ((a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp(min=1e-12)).mean().item()


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's: that of the ranks, ties sharing theirs."""
    ranks = [torch.from_numpy(scipy.stats.rankdata(one.flatten(1).numpy(), axis=1)) for one in (a, b)]
    return correlation(*ranks)


def between(model: ConvNet, first: str, last: str) -> nn.Sequential:
    """The layers from the one called `first` to the one called `last`, both included."""
    names = [name for name, _ in model.layers.named_children()]
    return model.layers[names.index(first) : names.index(last) + 1]


def rebuilt_features(model: ConvNet, images: Tensor, rule: str) -> float:
    """How well the features of a stage are rebuilt from those of the next one: cosine, mean of both pairs of stages."""
    found = []
    for i in (1, 2):
        layers = between(model, f"relu{i}", f"relu{i + 1}")
        with torch.no_grad():
            below = model.features(images, f"conv{i}")
            signal = layers(below)
        found.append(cosine_similarity(project(layers, below, signal, rule).flatten(1), below.relu().flatten(1)).mean())
    return sum(found).item() / 2


@claim(
    "Reconstructions that are kept positive are the better ones: rectified on the way back, the features of a stage "
    "resemble the true ones more than unrectified.",
    source="Zeiler and Fergus (2014), section 2.1: valid feature reconstructions should be positive too",
    holds=above(0.0),
)
def rectified_features_are_nearer(seed: int, scale: Scale) -> Measurement:
    """Cosine of the features of a stage with those rebuilt from the next, mean of both pairs of stages over unseen
    digits: with the backward rectifier alone less with neither rectifier nor mask."""
    model, (x, _) = digits_run(seed, scale).trained, held_out_digits()
    arms = {rule: rebuilt_features(model, x, rule) for rule in RULES}
    return Measurement(arms["deconvnet"] - arms["linear"], arms=arms)


def effects(table: dict[str, float]) -> tuple[float, float]:
    """The main effects in a table of four: what the backward rectifier adds on average, and what the forward mask."""
    rectifier = (table["deconvnet"] + table["guided"] - table["linear"] - table["gradient"]) / 2
    mask = (table["gradient"] + table["guided"] - table["linear"] - table["deconvnet"]) / 2
    return rectifier, mask


@claim(
    "It is the backward rectifier, not the forward mask, that makes maps forget which class was asked for.",
    source="Mahendran and Vedaldi (2016); Nie et al. (2018)",
    holds=above(0.0),
)
def rectifier_forgets_the_class(seed: int, scale: Scale) -> Measurement:
    """Rank correlation of the maps of two different classes' logits for the same unseen digit: what the rectifier adds
    to it (with and without mask, on average) less what the mask adds."""
    model, (x, labels) = digits_run(seed, scale).trained, held_out_digits()
    own, other = (one_hot((labels + k) % 10, 10).float() for k in (0, 1))
    arms = {
        rule: rank_correlation(project(model.layers, x, own, rule), project(model.layers, x, other, rule))
        for rule in RULES
    }
    rectifier, mask = effects(arms)
    return Measurement(rectifier - mask, arms=arms)


def likeness(model: ConvNet, images: Tensor, rule: str, switches: str) -> float:
    """How much the projection of the strongest activation of the last stage looks like the image: correlation."""
    layers = model.upto("relu3")
    with torch.no_grad():
        signal = strongest(layers(images))
    return correlation(project(layers, images, signal, rule, switches), images)


@shared_run
def likeness_table(seed: int, scale: Scale) -> dict[str, dict[str, float]]:
    """`likeness` for every rule and every kind of switches, of unseen digits: rule -> switches -> correlation."""
    model, (x, _) = digits_run(seed, scale).trained, held_out_digits()
    return {rule: {kind: likeness(model, x, rule, kind) for kind in SWITCHES} for rule in RULES}


@claim(
    "Switches matter: with the true ones the deconvnet's reconstruction resembles the image more than with any others.",
    source="Zeiler and Fergus (2014), section 2.1: switches preserve the structure of the stimulus",
    holds=above(0.0),
)
def switches_matter(seed: int, scale: Scale) -> Measurement:
    """Correlation with the image of the deconvnet's projection of the strongest activation of the last stage, unseen
    digits: with the true switches less the best of upper left, random and another image's switches."""
    table = likeness_table(seed, scale)
    arms = table["deconvnet"]
    best = max(arms[kind] for kind in SWITCHES if kind != "true")
    return Measurement(arms["true"] - best, arms=arms)


@claim(
    "The forward mask can stand in for the switches: with random switches, guided backpropagation resembles the image "
    "more than the deconvnet.",
    source="Springenberg et al. (2015), of networks without pooling",
    holds=above(0.0),
)
def mask_replaces_switches(seed: int, scale: Scale) -> Measurement:
    """Correlation with the image of the projection of the strongest activation of the last stage, random switches,
    unseen digits: that of guided backpropagation less that of the deconvnet."""
    table = likeness_table(seed, scale)
    arms = {f"{rule}, {kind}": table[rule][kind] for kind in ("true", "random") for rule in RULES}
    return Measurement(arms["guided, random"] - arms["deconvnet, random"], arms=arms)


# ------------------------------------------------------------------------------------ random weights


CASCADE = ("logits", "conv3", "conv2", "conv1")


@shared_run
def cascade(seed: int, scale: Scale) -> dict[str, list[float]]:
    """Rank correlation of maps with those of the trained network, as its layers are made random from the top down.

    rule -> one value for each of CASCADE: after that layer and all above it were drawn anew. Of the absolute values of
    maps of the true class's logit, for unseen digits.
    """
    model, (x, labels) = digits_run(seed, scale).trained, held_out_digits()
    signal, found = one_hot(labels, 10).float(), {}
    randomised, models = copy.deepcopy(model), []
    for name in CASCADE:
        dict(randomised.layers.named_children())[name].reset_parameters()
        models.append(copy.deepcopy(randomised))
    for rule in ("gradient", "deconvnet", "guided"):
        kept = project(model.layers, x, signal, rule).abs()
        found[rule] = [rank_correlation(project(one.layers, x, signal, rule).abs(), kept) for one in models]
    return found


def _cascade_measurement(seed: int, scale: Scale, value: float) -> Measurement:
    found = cascade(seed, scale)
    arms = {rule: curve[-2] for rule, curve in found.items()}
    return Measurement(value, arms=arms, series={"layers": range(1, len(CASCADE) + 1), **found})


@claim(
    "Guided maps hardly change under random weights: with every layer but the first drawn anew, their rank correlation "
    "with the trained network's stays above 0.8.",
    source="Adebayo et al. (2018), section 3.1: guided backpropagation is invariant to the weights of higher layers",
    holds=above(0.8),
)
def guided_maps_hardly_change(seed: int, scale: Scale) -> Measurement:
    """Spearman's correlation of absolute guided maps of the true class's logit before and after all weights above the
    first convolution are drawn anew; unseen digits."""
    return _cascade_measurement(seed, scale, cascade(seed, scale)["guided"][-2])


@claim(
    "Guided maps change less under random weights than plain gradients do.",
    source="Adebayo et al. (2018), section 3.1",
    holds=above(0.0),
)
def guided_changes_less_than_gradient(seed: int, scale: Scale) -> Measurement:
    """The same correlation of guided maps less that of gradients."""
    found = cascade(seed, scale)
    return _cascade_measurement(seed, scale, found["guided"][-2] - found["gradient"][-2])
