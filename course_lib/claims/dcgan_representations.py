"""What the DCGAN paper says that its networks have learnt, measured. Chapter: dcgan_representations.

Claims about digits train networks for every seed. Those about faces look into one stored run, and the seed draws
everything else: latents, faces, labels, random filters, the annotator.
"""

import copy
import functools
from dataclasses import dataclass, replace

import numpy as np
import scipy.stats
import torch
from safetensors.torch import load_file
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, binary_cross_entropy_with_logits

from course_lib import data, models
from course_lib.claims.intervals import above
from course_lib.claims.records import ROOMS
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import ImageSet, avatars
from course_lib.data.sets import to_float
from course_lib.evaluation import duplicates, referee
from course_lib.evaluation.representations import (
    KMeansFeatures,
    calibrated,
    discriminator_features,
    few_labels,
    guided_map,
    linear_svm_accuracy,
)
from course_lib.layers.deconvnet import strongest
from course_lib.metrics import frechet_distance
from course_lib.models.dcgan import DCGAN, PRESETS, Discriminator, dcgan_init
from course_lib.training import runs, steps

RUN = ROOMS.results / "dcgan_representations" / "avatars"  # course train dcgan --data avatars ...: see the page
LONG_HAIR = [f"hair_style {style}" for style in avatars.HAIR_STYLES[5:]]
CHUNK = 250  # images at a time


@functools.cache
def stored_run() -> DCGAN:
    """The DCGAN of avatars of 32 pixels that the page shows, in evaluation mode."""
    model = models.from_record(runs.read_config(RUN))
    model.load_state_dict(load_file(RUN / "weights.safetensors"))
    return model.eval().requires_grad_(False)


def drawn(z: Tensor) -> Tensor:
    """What the stored generator makes of z [N, latent]: [N, 3, 32, 32] on the CPU."""
    return torch.cat([stored_run().sample(len(some), some) for some in z.split(CHUNK)])


def shown(images: Tensor) -> dict[str, Tensor]:
    """What the referee sees: the probability of a hat and of long hair, and the head's turn in degrees, [N] each."""
    found = referee("avatars").predict(images)
    return {"hat": found["hat"], "long": sum(found[style] for style in LONG_HAIR), "yaw": found["yaw"]}


@dataclass(frozen=True)
class Crowd:
    """Latents and what the referee sees in their images."""

    z: Tensor
    seen: dict[str, Tensor]

    def where(self, **wanted: bool) -> Tensor:
        """The latents of which the referee is sure: where(hat=True, long=False), [n, latent]."""
        sure = torch.ones(len(self.z), dtype=torch.bool)
        for name, yes in wanted.items():
            sure &= self.seen[name] > 0.9 if yes else self.seen[name] < 0.1
        return self.z[sure]


@shared_run
def crowd(seed: int, scale: Scale) -> Crowd:
    """3,000 latents of the stored run, drawn by the seed."""
    z = stored_run().noise(scale(3000, least=800))
    return Crowd(z, shown(drawn(z)))


# ----------------------------------------------------------------------------------- features for a classifier


def digits_dcgan(images: ImageSet, seed: int, n: int) -> DCGAN:
    """A small DCGAN after n steps on these images of 16 pixels."""
    model = DCGAN.build(PRESETS["digits"], images)
    for _ in steps(model, images, n, seed=seed):
        pass
    return model.eval()


@shared_run
def digits_run(seed: int, scale: Scale) -> DCGAN:
    """A DCGAN after 500 steps on the 1,437 training digits."""
    return digits_dcgan(data.load("digits", size=16), seed, scale(500))


PER_CLASS = (1, 3, 10, 30)
KINDS = ("trained D", "random D", "k-means", "PCA", "pixels")


@shared_run
def digits_accuracies(seed: int, scale: Scale) -> dict[str, list[float]]:
    """Test accuracies of the linear SVM by kind of features: for 1, 3, 10, 30 labels of each digit, and for all.

    The labelled examples are the same for every kind; the cost is chosen on the validation digits.
    """
    sets = [data.load("digits", split=split, size=16) for split in ("train", "validation", "test")]
    images, labels = [to_float(one.images) for one in sets], [one.labels for one in sets]
    trained = digits_run(seed, scale).discriminator
    random = dcgan_init(copy.deepcopy(trained), PRESETS["digits"].init)
    components = PCA(64, random_state=seed).fit(images[0].flatten(1).numpy())
    clusters = KMeansFeatures.fit(images[0], k=100, seed=seed)
    kinds = {
        "trained D": functools.partial(discriminator_features, calibrated(trained, images[0])),
        "random D": functools.partial(discriminator_features, calibrated(random, images[0])),
        "k-means": clusters,
        "PCA": lambda x: torch.from_numpy(components.transform(x.flatten(1).numpy())),
        "pixels": lambda x: x.flatten(1),
    }
    generator, found = torch.Generator().manual_seed(seed), {}
    draws = [[few_labels(labels[0], n, generator) for _ in range(2)] for n in PER_CLASS]
    draws.append([torch.arange(len(labels[0]))])
    for name, features in kinds.items():
        train, validation, test = zip([features(x) for x in images], labels, strict=True)
        found[name] = [
            float(np.mean([linear_svm_accuracy((train[0][rows], train[1][rows]), test, validation, (0.1, 1.0, 10.0))
                           for rows in several]))
            for several in draws
        ]  # fmt: skip
    return found


def _digits_measurement(seed: int, scale: Scale, against: str, labels: int) -> Measurement:
    found = digits_accuracies(seed, scale)
    arms = {name: values[labels] for name, values in found.items()}
    series = {"labels": [*(10 * n for n in PER_CLASS), 1437], **found}
    return Measurement(arms["trained D"] - arms[against], arms=arms, series=series)


@claim(
    "A trained discriminator's features beat those of random filters: with ten labels of each digit, a linear SVM on "
    "them is right more often.",
    source="Radford et al. (2016), section 5.1; the random filters are those of its figure 5",
    holds=above(0.0),
)
def trained_beats_random(seed: int, scale: Scale) -> Measurement:
    """Test accuracy on digits of 16 pixels with 100 labels, mean of two draws: pooled features of a discriminator
    after 500 steps, less those of one with weights drawn anew."""
    return _digits_measurement(seed, scale, "random D", PER_CLASS.index(10))


@claim(
    "With all labels they beat features learnt by k-means.",
    source="Radford et al. (2016), section 5.1 and table 1: CIFAR-10",
    holds=above(0.0),
)
def trained_beats_k_means(seed: int, scale: Scale) -> Measurement:
    """Test accuracy on digits of 16 pixels with all 1,437 labels: pooled features less one layer of k-means features
    (100 centroids of 5 x 5 patches, over quarters of the image)."""
    return _digits_measurement(seed, scale, "k-means", -1)


@claim(
    "Where labels are few, they beat the pixels.",
    source="Radford et al. (2016), section 5.2 and table 2: SVHN with 1,000 labels; Weekly report section 3.3.2",
    holds=above(0.0),
)
def few_labels_suffice(seed: int, scale: Scale) -> Measurement:
    """Test accuracy on digits of 16 pixels with 100 labels, mean of two draws: pooled features less pixels."""
    return _digits_measurement(seed, scale, "pixels", PER_CLASS.index(10))


@claim(
    "The same in faces: features of the discriminator tell who wears a hat, or glasses, better than random filters.",
    source="Radford et al. (2016), sections 5 and 6.2",
    holds=above(0.0),
)
def trained_beats_random_on_faces(seed: int, scale: Scale) -> Measurement:
    """Test accuracy on avatars of 32 pixels with 200 labels, mean of hat and glasses: pooled features of the stored
    run's discriminator less those of one with weights drawn anew. The seed draws the weights and the labels."""
    faces, unseen = (data.load("avatars", split=split, size=32) for split in ("train", "test"))
    n, trained = scale(200, least=100), stored_run().discriminator
    random = dcgan_init(Discriminator(stored_run().config, faces.shape))
    some, test = to_float(faces.images[torch.randperm(len(faces))[:500]]), to_float(unseen.images[:500])
    components = PCA(100, random_state=seed).fit(some.flatten(1).numpy())
    kinds = {
        "trained D": functools.partial(discriminator_features, calibrated(trained, some)),
        "random D": functools.partial(discriminator_features, calibrated(random, some)),
        "k-means": KMeansFeatures.fit(some, k=100, seed=seed),
        "PCA": lambda x: torch.from_numpy(components.transform(x.flatten(1).numpy())),
        "pixels": lambda x: x.flatten(1),
    }
    rows, arms = torch.randperm(len(faces))[: 2 * n], {}
    for name, features in kinds.items():
        known, held = features(to_float(faces.images[rows])), features(test)
        for what in ("hat", "glasses"):
            column = faces.attribute_names.index(what)
            labels, truth = faces.attributes[rows, column].long(), unseen.attributes[:500, column].long()
            train, validation = (known[:n], labels[:n]), (known[n:], labels[n:])
            arms[f"{name}, {what}"] = linear_svm_accuracy(train, (held, truth), validation, (0.1, 1.0, 10.0))
    means = {name: (arms[f"{name}, hat"] + arms[f"{name}, glasses"]) / 2 for name in ("trained D", "random D")}
    return Measurement(means["trained D"] - means["random D"], arms=arms)


# ------------------------------------------------------------------------------------------------ duplicates


def nearly_the_same(images: Tensor) -> Tensor:
    """Copies as they turn up on the web: contrast, brightness a little off, and noise. [N, C, H, W] in [-1, 1]."""
    gain, shift = (0.04 * (torch.rand(len(images), 1, 1, 1) - 0.5) for _ in range(2))
    return (images * (1 + gain) + shift + 0.02 * torch.randn_like(images)).clamp(-1, 1)


@shared_run
def duplicates_run(seed: int, scale: Scale) -> dict[str, tuple[float, float]]:
    """Precision and recall of 200 planted pairs among 2,200 faces of 16 pixels, by how many of 128 bits may differ."""
    faces = data.load("avatars", size=16, count=10_000)
    people = to_float(faces.images[torch.randperm(len(faces))[: scale(2000, least=400)]])
    planted = scale(200, least=40)
    images = torch.cat([people, nearly_the_same(people[:planted])])
    bits = duplicates.fit(images, steps=scale(400)).bits(images)
    true = torch.stack([torch.arange(planted), torch.arange(planted) + len(people)], 1)
    found = {"0": duplicates.precision_recall(duplicates.collisions(bits), true)}
    for distance in (2, 4, 8, 12):
        found[str(distance)] = duplicates.precision_recall(duplicates.within(bits, distance), true)
    return found


def _duplicates_measurement(seed: int, scale: Scale, which: int) -> Measurement:
    found = duplicates_run(seed, scale)
    arms = {}
    for bits, (precision, recall) in found.items():
        arms |= {f"precision, up to {bits} bits apart": precision, f"recall, up to {bits} bits apart": recall}
    return Measurement(found["0"][which], arms=arms)


@claim(
    "Two images whose codes have the same bits are duplicates, but for less than one pair in a hundred.",
    source="Radford et al. (2016), section 4.1.1",
    holds=above(0.99),
)
def equal_codes_are_precise(seed: int, scale: Scale) -> Measurement:
    """Precision of pairs with equal bits of a denoising autoencoder of 128 code units, 200 planted near-duplicates
    among 2,200 faces of 16 pixels."""
    return _duplicates_measurement(seed, scale, 0)


@claim(
    "Equal codes find most of the near-duplicates.",
    source="Radford et al. (2016), section 4.1.1: the number removed suggests a high recall",
    holds=above(0.5),
)
def equal_codes_have_recall(seed: int, scale: Scale) -> Measurement:
    """Recall of the same: the share of 200 planted pairs whose codes have equal bits."""
    return _duplicates_measurement(seed, scale, 1)


# ------------------------------------------------------------------------------------------------------- walks


def walk(stations: Tensor, steps: int) -> Tensor:
    """Straight from station to station, in equal steps: [K, d] -> [(K - 1) * steps + 1, d]."""
    share = (torch.arange(steps) / steps)[:, None]
    legs = (1 - share) * stations[:-1, None] + share * stations[1:, None]
    return torch.cat([legs.flatten(0, 1), stations[-1:]])


def abruptness(images: Tensor) -> float:
    """The largest step of a walk over its mean step, in Euclidean distance of images [T, C, H, W]: 1 for even steps."""
    lengths = images.diff(dim=0).flatten(1).norm(dim=1)
    return (lengths.max() / lengths.mean().clamp(min=1e-12)).item()


@claim(
    "Abrupt walks betray memorising: between two latents a generator that has seen ten digits jumps, where one that "
    "has seen 1,437 changes step by step.",
    source="Radford et al. (2016), section 6.1; ShortScience summaries; Weekly report section 3.4.1",
    holds=above(1.0),
    scale="log",
)
def abrupt_walks_betray_memorising(seed: int, scale: Scale) -> Measurement:
    """The largest step over the mean step of straight walks of 32 steps between two latents, mean over 100 walks: of a
    DCGAN trained for 500 steps on ten digits, one of each class, over that of one trained on all."""
    digits = data.load("digits", size=16)
    ten = few_labels(digits.labels, 1, torch.Generator().manual_seed(seed))
    few = digits_dcgan(replace(digits, images=digits.images[ten], labels=digits.labels[ten]), seed, scale(500))
    many = digits_run(seed, scale)
    ends = many.noise(2 * scale(100, least=20)).view(-1, 2, many.config.latent)
    arms, curves = {}, {}
    for name, model in (("ten digits", few), ("1,437 digits", many)):
        paths = [model.sample(33, walk(pair, 32)) for pair in ends]
        arms[name] = float(np.mean([abruptness(path) for path in paths]))
        lengths = torch.stack([path.diff(dim=0).flatten(1).norm(dim=1) for path in paths])
        curves[name] = (lengths / lengths.mean(1, keepdim=True)).sort(1, descending=True).values.mean(0)
        met = torch.cat([path[::8] for path in paths]).flatten(1)
        nearest = torch.cdist(met, to_float(digits.images[ten]).flatten(1))
        arms[f"{name}: distance to the nearest of the ten"] = nearest.amin(1).mean().item()
    return Measurement(arms["ten digits"] / arms["1,437 digits"], arms=arms, series=curves)


# ------------------------------------------------------------------------------------------- looking into D


PARTS = ("eyes", "mouth", "glasses", "hat")  # of avatars.PART_NAMES


def share_on(part: Tensor, maps: Tensor) -> float:
    """The share of the energy of maps [N, C, H, W] that lies on a part [N, H, W] in [0, 1]; mean over images."""
    energy = maps.square().sum(1)
    return ((energy * part).sum((1, 2)) / energy.sum((1, 2)).clamp(min=1e-20)).mean().item()


@claim(
    "Guided backpropagation from D's last stage finds the parts of a face: of its energy more lies on eyes, mouth, "
    "glasses and hat than with random filters.",
    source="Radford et al. (2016), section 6.2 and figure 5",
    holds=above(1.0),
    scale="log",
)
def features_find_parts(seed: int, scale: Scale) -> Measurement:
    """Share of the energy of guided maps on eyes, mouth, glasses and hat, from the strongest activation of each of the
    last stage's maps in its own face of 40 unseen ones: the stored run's discriminator over one of random weights."""
    people = avatars.people(torch.randperm(1000)[: scale(40, least=10)] + 2 * 10**9)
    faces, masks = avatars.render(people, 32), avatars.masks(people, 32)
    part = sum(masks[:, avatars.PART_NAMES.index(name)] for name in PARTS).clamp(max=1)
    trained = stored_run().discriminator
    random = dcgan_init(Discriminator(stored_run().config, tuple(faces.shape[1:])))
    arms = {"the parts' area": part.mean().item()}
    for name, network in (("trained D", trained), ("random D", random)):
        network = calibrated(network, faces)
        with torch.no_grad():
            top = network.features(faces)[-1]
        best = top.flatten(2).amax(2).argmax(0)  # the face that excites each map most
        own = torch.eye(len(best))[:, :, None, None]
        arms[name] = share_on(part[best], guided_map(network, faces[best], -1, strongest(top[best] * own)))
    return Measurement(arms["trained D"] / arms["random D"], arms=arms)


# ------------------------------------------------------------------------------------------- looking into G


@shared_run
def annotator(seed: int, scale: Scale) -> nn.Module:
    """A small network that says where a hat is: faces [N, 3, 32, 32] -> logits [N, 1, 16, 16].

    It stands for the person who drew 52 boxes by hand. It learns from the exact masks of 400 avatars with a hat.
    """
    people = avatars.people(torch.randperm(10_000)[: scale(400, least=150)]).replace(hat=1.0)
    faces = avatars.render(people, 32)
    truth = adaptive_avg_pool2d(avatars.masks(people, 32)[:, avatars.PART_NAMES.index("hat")][:, None], 16)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 5, 2, 2), nn.ReLU(), nn.Conv2d(16, 16, 5, padding=2), nn.ReLU(), nn.Conv2d(16, 1, 5, padding=2)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(scale(200, least=60)):
        rows = torch.randint(len(faces), (64,))
        loss = binary_cross_entropy_with_logits(model(faces[rows]), truth[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval().requires_grad_(False)


def halves(stage: str) -> tuple[nn.Sequential, nn.Sequential]:
    """The stored generator cut behind the part of this name: from z to its maps, from there to images."""
    net = stored_run().generator.net
    cut = [name for name, _ in net.named_children()].index(stage) + 1
    return net[:cut], net[cut:]


def object_weights(maps: Tensor, there: Tensor) -> Tensor:
    """How much each map speaks for the object: the weights [C] of a logistic regression over places.

    maps: [N, C, H, W].   there: bool [N, H, W], where the object is. Its places are the positives, and as many places
    elsewhere in the same images, at random, the negatives (Radford et al., 2016, section 6.3.1).
    """
    x, y = [], []
    for features, on in zip(maps.flatten(2).transpose(1, 2), there.flatten(1), strict=True):
        away = (~on).nonzero()[:, 0]
        away = away[torch.randperm(len(away))[: int(on.sum())]]
        x += [features[on], features[away]]
        y += [torch.ones(int(on.sum())), torch.zeros(len(away))]
    fitted = LogisticRegression(max_iter=1000).fit(torch.cat(x).numpy(), torch.cat(y).numpy())
    return torch.from_numpy(fitted.coef_[0]).float()


def without(z: Tensor, stage: str, dropped: Tensor) -> Tensor:
    """Images of z [N, latent] with these maps of a stage, bool [C], set to zero everywhere."""
    below, rest = halves(stage)
    return torch.cat([rest(below(some) * ~dropped[:, None, None]) for some in z.split(CHUNK)])


@dataclass(frozen=True)
class Removal:
    """Images of hats before, with the maps of positive weight dropped, and with as many others; the weights [C]."""

    z: Tensor
    weights: Tensor
    before: Tensor
    after: Tensor
    control: Tensor


@shared_run
def removal(seed: int, scale: Scale, stage: str = "up1") -> Removal:
    """The paper's experiment with hats for windows: 150 samples to fit on, 200 others to look at."""
    hats = crowd(seed, scale).where(hat=True)
    shuffled = hats[torch.randperm(len(hats))]
    fit_z, z = shuffled[:150], shuffled[150:350] if len(hats) > 200 else shuffled[-50:]
    maps, on_hat = halves(stage)[0](fit_z), annotator(seed, scale)(drawn(fit_z)).sigmoid()
    there = adaptive_avg_pool2d(on_hat, maps.shape[2:])[:, 0] > 0.5
    weights = object_weights(maps, there)
    others = torch.zeros(len(weights), dtype=torch.bool)
    others[torch.randperm(len(weights))[: int((weights > 0).sum())]] = True
    nothing = torch.zeros_like(others)
    return Removal(z, weights, *(without(z, stage, dropped) for dropped in (nothing, weights > 0, others)))


def _removal_arms(seed: int, scale: Scale) -> dict[str, float]:
    arms = {}
    for stage in ("up1", "up2"):
        found = removal(seed, scale, stage)
        before, after, control = (shown(images) for images in (found.before, found.after, found.control))
        arms |= {
            f"{stage}: hats gone": (after["hat"] < 0.5).float().mean(),
            f"{stage}: hats gone, as many random maps": (control["hat"] < 0.5).float().mean(),
            f"{stage}: share of maps dropped": (found.weights > 0).float().mean(),
            f"{stage}: hair stays long or short": ((before["long"] > 0.5) == (after["long"] > 0.5)).float().mean(),
            f"{stage}: heads turn by, degrees": (after["yaw"] - before["yaw"]).abs().mean(),
        }
    return arms


@claim(
    "Without the feature maps of positive weight the generator forgets to draw most hats.",
    source="Radford et al. (2016), section 6.3.1: the network mostly forgets to draw windows",
    holds=above(0.5),
)
def hats_are_forgotten(seed: int, scale: Scale) -> Measurement:
    """Of 200 samples with a hat, the share in which the referee sees none once the maps of the generator's 8 x 8 stage
    whose weights are positive are dropped. The seed draws latents, places and the annotator's training."""
    arms = _removal_arms(seed, scale)
    return Measurement(arms["up1: hats gone"], arms=arms)


@claim(
    "It is these maps that count: as many maps at random remove fewer hats.",
    source="a control for Radford et al. (2016), section 6.3.1",
    holds=above(0.0),
)
def hats_need_their_maps(seed: int, scale: Scale) -> Measurement:
    """The same share less that with as many maps dropped at random."""
    arms = _removal_arms(seed, scale)
    return Measurement(arms["up1: hats gone"] - arms["up1: hats gone, as many random maps"], arms=arms)


@dataclass(frozen=True)
class Sums:
    """Results of "hat and short hair - short hair + long hair", [trials, 3, 32, 32] each, by how they were made."""

    images: dict[str, Tensor]
    z: dict[str, Tensor]


@shared_run
def sums(seed: int, scale: Scale) -> Sums:
    """200 trials, each with examples of its own; a single example is the first of the three."""
    people, trials = crowd(seed, scale), scale(200, least=40)
    pools = [people.where(hat=hat, long=long) for hat, long in ((True, False), (False, False), (False, True))]
    a, b, c = (torch.stack([pool[torch.randperm(len(pool))[:9]] for _ in range(trials)]) for pool in pools)
    z = {
        name: a[:, :n].mean(1) - b[:, :n].mean(1) + c[:, :n].mean(1)
        for name, n in (("1 example", 1), ("3 examples", 3), ("9 examples", 9))
    }
    z["1 example, shortened"] = z["1 example"] / 3**0.5
    z["3 examples and noise"] = z["3 examples"] + 0.25 * (2 * torch.rand_like(z["3 examples"]) - 1)
    images = {name: drawn(value) for name, value in z.items()}
    pixels = [drawn(one[:, :3].flatten(0, 1)).unflatten(0, (trials, 3)).mean(1) for one in (a, b, c)]
    images["pixels of 3"] = (pixels[0] - pixels[1] + pixels[2]).clamp(-1, 1)
    return Sums(images, z)


@functools.cache
def real_ones() -> Tensor:
    """The referee's features of real avatars with a hat and long hair, [n, d]."""
    faces = data.load("avatars", size=32)
    hat = faces.attributes[:, faces.attribute_names.index("hat")] > 0
    return referee("avatars").features(to_float(faces.images[hat & (faces.labels >= 5)][:800]))


def _sums_arms(seed: int, scale: Scale) -> dict[str, float]:
    arms = {}
    for name, images in sums(seed, scale).images.items():
        seen = shown(images)
        arms[f"both, {name}"] = ((seen["hat"] > 0.5) & (seen["long"] > 0.5)).float().mean().item()
    return arms


@claim(
    "Averaging three latents makes the arithmetic work more often than single ones do.",
    source="Radford et al. (2016), section 6.3.2: single samples were unstable",
    holds=above(0.0),
)
def averages_beat_single(seed: int, scale: Scale) -> Measurement:
    """Share of 200 results of (hat, short hair) - (short hair) + (long hair) in which the referee sees a hat and long
    hair: means of three latents less single ones."""
    arms = _sums_arms(seed, scale)
    return Measurement(arms["both, 3 examples"] - arms["both, 1 example"], arms=arms)


@claim(
    "Arithmetic on latents gives faces, the same arithmetic on pixels an overlap that is none.",
    source="Radford et al. (2016), section 6.3.2 and figure 7",
    holds=above(1.0),
    scale="log",
)
def latents_beat_pixels(seed: int, scale: Scale) -> Measurement:
    """Frechet distance to real avatars with a hat and long hair, in the referee's features: of 200 sums of pixels over
    that of sums of latents, three examples each."""
    arms = {name: frechet_distance(referee("avatars").features(images), real_ones())
            for name, images in sums(seed, scale).images.items()}  # fmt: skip
    return Measurement(arms["pixels of 3"] / arms["3 examples"], arms=arms | _sums_arms(seed, scale))


POSITIONS = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)


@shared_run
def turns(seed: int, scale: Scale) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Arms and curves of turned heads, along a turn vector and along one between two means of four faces at random."""
    people, n = crowd(seed, scale), scale(100, least=20)
    yaw = people.seen["yaw"]
    left, right, anyone = people.z[yaw < yaw.quantile(0.1)], people.z[yaw > yaw.quantile(0.9)], people.z
    z, positions = people.z[torch.randperm(len(people.z))[:n]], torch.tensor(POSITIONS)

    def four(pool: Tensor) -> Tensor:
        return pool[torch.randperm(len(pool))[:4]].mean(0)

    arms, curves = {}, {}
    for name, vector in (("turn", four(right) - four(left)), ("any", four(anyone) - four(anyone))):
        path = z[:, None] + positions[:, None] * vector  # [n, positions, latent]
        seen = shown(drawn(path.flatten(0, 1)))
        turned = seen["yaw"].view(n, -1)
        curves[name] = (turned - turned[:, 4:5]).mean(0)
        hats = (seen["hat"] > 0.5).view(n, -1)
        arms |= {
            f"{name}: correlation": float(np.mean([scipy.stats.spearmanr(POSITIONS, row).statistic for row in turned])),
            f"{name}: degrees from end to end": (turned[:, -1] - turned[:, 0]).mean().item(),
            f"{name}: hats that stay as they are": (hats == hats[:, 4:5]).float().mean().item(),
        }
    return arms, curves


def _turns_measurement(value: float, arms: dict[str, float], curves: dict[str, Tensor]) -> Measurement:
    return Measurement(value, arms=arms, series={"position": POSITIONS, **curves})


@claim(
    "A turn vector from four faces that look left and four that look right turns other heads.",
    source="Radford et al. (2016), section 6.3.2 and figure 8",
    holds=above(0.0),
)
def heads_turn(seed: int, scale: Scale) -> Measurement:
    """Degrees, seen by the referee, from one end of the vector (position -1) to the other (1), mean over 100 other
    faces; less the same along a vector between two means of four faces at random."""
    arms, curves = turns(seed, scale)
    return _turns_measurement(
        arms["turn: degrees from end to end"] - arms["any: degrees from end to end"], arms, curves
    )


@claim(
    "It does so reliably: for almost every face, the further along the vector the further to the right it looks.",
    source="Radford et al. (2016), figure 8: we were able to reliably transform their pose",
    holds=above(0.9),
)
def heads_turn_reliably(seed: int, scale: Scale) -> Measurement:
    """Spearman's correlation of the position along the vector (nine, from -1 to 1) with the turn that the referee sees,
    mean over the same 100 faces."""
    arms, curves = turns(seed, scale)
    return _turns_measurement(arms["turn: correlation"], arms, curves)
