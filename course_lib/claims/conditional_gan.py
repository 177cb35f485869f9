"""What the notes and the papers say of conditional GANs, measured. Chapter: conditional_gan."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from course_lib import data
from course_lib.claims.intervals import above, below, within
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import ImageSet
from course_lib.evaluation.referees import Referee, referee
from course_lib.metrics import frechet_distance
from course_lib.models.conditional_gan import PRESETS, ConditionalGAN, Config
from course_lib.training.engine import Engine, apart

EACH = 100  # generated digits of every class
FACES = 500
LOOKED_AT = ("hat", "glasses", "yaw", "hair_style long")


def play(config: Config, source: ImageSet, steps: int, seed: int, y: Tensor) -> Tensor:
    """Train for so many steps, then draw an image for each y; the same z for every configuration of a seed."""
    torch.manual_seed(seed)
    model = ConditionalGAN.build(config, source)
    engine = Engine(model, source, seed=seed)
    for _ in range(steps):
        engine.step()
    engine.check()
    with engine.sampling(), apart(model, seed):
        pieces = zip(model.noise(len(y)).split(250), y.split(250), strict=True)
        return torch.cat([model.sample(len(some), z=noise, y=some) for noise, some in pieces])


def right_ones(judge: Referee, images: Tensor, label: Tensor) -> Tensor:
    """bool [N]: does the referee read each image as its label?"""
    return judge.classify(images) == label


def spread(features: Tensor) -> float:
    """Mean Euclidean distance between two different rows of features [N, d]; 0 for fewer than two."""
    return torch.pdist(features).mean().item() if len(features) > 1 else 0.0


def diversity(judge: Referee, images: Tensor, label: Tensor, known: Tensor, known_label: Tensor) -> float:
    """How far apart images of one class lie in the referee's features, over the same for known images of that class:
    the mean over classes. Only images that the referee reads as their class count: nonsense is no diversity."""
    ratios = []
    for k in known_label.unique():
        spreads = []
        for some, of in ((images, label), (known, known_label)):
            mine = some[of == k]
            mine = mine[right_ones(judge, mine, of[of == k])]
            spreads.append(spread(judge.features(mine)) if len(mine) else 0.0)
        ratios.append(spreads[0] / spreads[1])
    return sum(ratios) / len(ratios)


def distance_by_class(judge: Referee, images: Tensor, label: Tensor, known: Tensor, known_label: Tensor) -> float:
    """Fréchet distance in the referee's features between images of a class and known ones: the mean over classes."""
    found = [
        frechet_distance(judge.features(images[label == k]), judge.features(known[known_label == k]))
        for k in known_label.unique()
    ]
    return sum(found) / len(found)


def information(asked: Tensor, read: Tensor, classes: int) -> float:
    """Mutual information in bits of two columns of classes [N], from their counts (reads a little high)."""
    joint = torch.bincount(asked * classes + read, minlength=classes**2).view(classes, classes) / len(asked)
    independent = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return torch.special.xlogy(joint, joint / independent).nansum().item() / math.log(2)


@shared_run
def digits(seed: int, scale: Scale) -> dict[str, dict[str, float]]:
    """Four ways of showing D the class, after 300 steps each on digits of 16 x 16 pixels: what the referee says."""
    source, judge = data.load("digits", size=16), referee("digits")
    real = source.rows(slice(0, len(source)))
    unseen = data.load("digits", split="test", size=16)
    unseen = unseen.rows(slice(0, len(unseen)))
    asked = torch.arange(10).repeat_interleave(EACH)
    found = {"real, unseen": {"accuracy": right_ones(judge, unseen.image, unseen.label).float().mean().item()}}
    for way in ("concat", "embed", "projection", "none"):
        config = replace(PRESETS["digits"], show_discriminator=way)
        if way == "embed":
            config = replace(config, show_generator="embed")
        images = play(config, source, scale(300), seed, asked)
        read = judge.classify(images)
        found[way] = {
            "accuracy": (read == asked).float().mean().item(),
            "information": information(asked, read, 10),
            "distance": distance_by_class(judge, images, asked, real.image, real.label),
            "diversity": diversity(judge, images, asked, real.image, real.label),
        }
    return found


@claim(
    "An independent classifier reads in a generated digit the class that was asked for.",
    source="Weekly report, section 4.1; Mirza and Osindero (2014), section 4.1",
    holds=above(0.9),
)
def classifier_agrees(seed: int, scale: Scale) -> Measurement:
    """Share of 1,000 generated digits that the referee reads as asked, y concatenated in both networks."""
    found = digits(seed, scale)
    return Measurement(
        found["concat"]["accuracy"], arms={name: found[name]["accuracy"] for name in ("concat", "real, unseen")}
    )


@claim(
    "Diversity within a class is kept: samples of a class lie about as far apart as real images of it.",
    source="Mirza and Osindero (2014), section 3.2: G draws from p(x | y), not one image for each y",
    holds=within(0.8, 1.25),
)
def diversity_is_kept(seed: int, scale: Scale) -> Measurement:
    """Mean distance in the referee's features between two samples of one class, over that of real images of the class:
    the mean over classes, of images that the referee reads as asked. y concatenated."""
    found = digits(seed, scale)
    ways = ("concat", "embed", "projection")
    return Measurement(found["concat"]["diversity"], arms={way: found[way]["diversity"] for way in ways})


@claim(
    "Where D is not shown y, G ignores what is asked for: the class comes out right no more often than by chance.",
    source="Weekly report, section 4.2; Mirza and Osindero (2014), section 3.2",
    holds=below(0.2),
)
def blind_discriminator(seed: int, scale: Scale) -> Measurement:
    """Share of 1,000 generated digits that the referee reads as asked, where G is shown y and D is not."""
    found = digits(seed, scale)
    return Measurement(
        found["none"]["accuracy"],
        arms={"D without y": found["none"]["accuracy"], "D with y": found["concat"]["accuracy"],
              "bits about y, D without y": found["none"]["information"],
              "bits about y, D with y": found["concat"]["information"]},
    )  # fmt: skip


@claim(
    "With classes, a fully connected layer before the concatenation changes little: accuracy stays within 5 points.",
    source='Weekly report, section 4.2: "a fully connected layer if needed"',
    holds=within(-0.05, 0.05),
)
def layer_changes_little(seed: int, scale: Scale) -> Measurement:
    """Share of digits read as asked: with a layer of 32 units before y in both networks, minus with y itself."""
    found = digits(seed, scale)
    arms = {"layer": found["embed"]["accuracy"], "direct": found["concat"]["accuracy"]}
    return Measurement(arms["layer"] - arms["direct"], arms=arms)


@claim(
    "Within each class, a projection discriminator brings samples nearer to real images than concatenation does.",
    source="Miyato and Koyama (2018), section 5.1",
    holds=below(1.0),
    scale="log",
)
def projection_is_nearer(seed: int, scale: Scale) -> Measurement:
    """Fréchet distance in the referee's features between samples and real images of a class, the mean over classes:
    with projection over with concatenation, after as many steps."""
    found = digits(seed, scale)
    arms = {way: found[way]["distance"] for way in ("projection", "concat")}
    return Measurement(arms["projection"] / arms["concat"], arms=arms)


@claim(
    "What constant maps add is partly no condition: with a bias in D's first layer, projection comes nearer as well.",
    source="This chapter, after the claim above did not hold",
    holds=below(1.0),
    scale="log",
)
def bias_brings_projection_nearer(seed: int, scale: Scale) -> Measurement:
    """Fréchet distance within classes, as above, of projection with a bias in D's first layer over that without."""
    source, judge = data.load("digits", size=16), referee("digits")
    real, asked = source.rows(slice(0, len(source))), torch.arange(10).repeat_interleave(EACH)
    arms = {}
    for name, first_bias in (("projection, bias", True), ("projection", False)):
        config = replace(PRESETS["digits"], show_discriminator="projection", first_bias=first_bias)
        images = play(config, source, scale(300), seed, asked)
        arms[name] = distance_by_class(judge, images, asked, real.image, real.label)
    return Measurement(arms["projection, bias"] / arms["projection"], arms=arms)


def agreement(judge: Referee, images: Tensor, asked: dict[str, Tensor]) -> dict[str, float]:
    """Correlation over images of what was asked for with what the referee reads, for each attribute."""
    read = judge.predict(images)
    return {name: torch.corrcoef(torch.stack([value, read[name]]))[0, 1].item() for name, value in asked.items()}


@claim(
    "An independent network sees the attributes that were asked for, at least half as surely as those of real faces.",
    source="Mirza and Osindero (2014), section 3.2, where y may be any auxiliary information",
    holds=above(0.5),
)
def attributes_agree(seed: int, scale: Scale) -> Measurement:
    """Correlation of what was asked with what the referee reads, over the same for unseen real faces: the mean of hat,
    glasses, yaw and long hair. 600 steps on avatars of 32 x 32 pixels; the conditions are those of the real faces."""
    source, judge = data.load("avatars", size=32), referee("avatars")
    unseen = data.load("avatars", split="test", size=32).rows(slice(0, FACES))
    config = PRESETS["avatars"]
    columns = {name: unseen.attributes[:, source.attribute_names.index(name)] for name in config.attributes}
    images = play(config, source, scale(600), seed, torch.stack(list(columns.values()), 1))
    asked = {name: columns[name] for name in LOOKED_AT}
    drawn, real = agreement(judge, images, asked), agreement(judge, unseen.image, asked)
    arms = {name: drawn[name] for name in LOOKED_AT} | {f"{name}, real": real[name] for name in LOOKED_AT}
    return Measurement(sum(drawn[name] / real[name] for name in LOOKED_AT) / len(LOOKED_AT), arms=arms)
