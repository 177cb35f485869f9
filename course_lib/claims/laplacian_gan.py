"""What the paper and the notes say of Laplacian pyramids of adversarial networks, measured. Chapter: laplacian_gan."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from course_lib.claims.intervals import above, below
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import ImageSet, avatars, photos
from course_lib.data.sets import to_float
from course_lib.layers import pyramid
from course_lib.metrics import sliced_wasserstein
from course_lib.models.laplacian_gan import LAPGAN, Config
from course_lib.training import steps
from course_lib.training.engine import apart

# A small pyramid of 4 -> 8 -> 16 pixels, for a chain that has no need to memorise.
LONG = Config(
    levels=2, latent=64, generator_units=256, discriminator_units=256, generator_maps=16, discriminator_maps=16,
    generator_kernels=(3, 3, 3), discriminator_kernel=3, dropout=0.0, optimizer="adam", learning_rate=1e-3,
    batch_size=32, average=0.99,
)  # fmt: skip
MANY = 2000  # training images
# 4 -> 8 pixels, and images so few that they can be memorised.
SHORT = replace(LONG, levels=1)
# One GAN for the whole image: a pyramid of no halvings, its weights about as many as SHORT has in all its levels.
SINGLE = replace(SHORT, levels=0, generator_units=206, discriminator_units=205)
FEW = 32


@claim(
    "A Laplacian pyramid gives the image back to float precision, whatever way of doubling it was built with.",
    source="GAN paper notes, Laplacian Pyramid; Denton et al. (2015), section 3.2",
    holds=below(1e-6),
)
def pyramid_is_invertible(seed: int, scale: Scale) -> Measurement:
    """Largest difference of a pixel, of range [-1, 1], after three halvings and their inverse in float32: the largest
    over photographs and four ways of doubling, one a network with random weights."""
    image = photos.load(size=64).batch(scale(64), torch.Generator().manual_seed(seed)).image
    channels = image.shape[1]
    network = nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, channels, 3, padding=1))

    def random_network(x: Tensor, height: int, width: int) -> Tensor:
        with torch.no_grad():
            return network(pyramid.repeat(x, height, width))

    def nothing(x: Tensor, height: int, width: int) -> Tensor:
        return x.new_zeros(*x.shape[:2], height, width)

    ways = {
        "Burt and Adelson": pyramid.expand, "repeated pixels": pyramid.repeat, "random network": random_network,
        "zeros": nothing,
    }  # fmt: skip
    arms = {
        name: (pyramid.reconstruct(pyramid.laplacian_pyramid(image, 3, up=up), up) - image).abs().max().item()
        for name, up in ways.items()
    }
    return Measurement(max(arms.values()), arms=arms)


def faces(split: str, size: int, count: int, seed: int) -> ImageSet:
    """`count` avatars, of which ones the seed decides."""
    whole = avatars.load(split, size=size, count=MANY if split == "train" else 1000)
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(seed))[:count]
    return replace(whole, images=whole.images[order], labels=None, attributes=None)


def train(config: Config, data: ImageSet, length: int, seed: int) -> LAPGAN:
    torch.manual_seed(seed)
    model = LAPGAN(config, data.shape)
    for _ in steps(model, data, length, seed=seed):
        pass
    return model


def chain_of(model: LAPGAN, n: int, seed: int) -> list[Tensor]:
    """[I_0, ..., I_K]: n samples of the chain, in evaluation mode."""
    with apart(model, seed):
        return model.chain(model.noise(n))


def nearest(samples: Tensor, known: Tensor) -> float:
    """Median over samples [N, ...] of the Euclidean distance to the nearest of the known images [M, ...]."""
    return torch.cdist(samples.flatten(1), known.flatten(1)).min(1).values.median().item()


def nearness(samples: Tensor, train: Tensor, held_out: Tensor) -> float:
    """`nearest` among the training images over `nearest` among as many held-out ones: 0 for copies of training images.

    Where the samples know nothing of either, the two sets are alike, and it is 1 up to chance.
    """
    return nearest(samples, train) / nearest(samples, held_out[: len(train)])


@shared_run
def memory(seed: int, scale: Scale) -> dict[str, float]:
    """`nearness` after 1,500 steps on 32 images of 8 x 8 pixels: of both models' samples, of the pyramid's coarsest
    images, and of held-out real images, which have none to remember."""
    data, unseen = faces("train", 8, FEW, seed), to_float(faces("test", 8, 1000, seed).images)
    known, others, fresh = to_float(data.images), unseen[:FEW], unseen[FEW:]
    pyramids = train(SHORT, data, scale(1500), seed)
    image, coarse = chain_of(pyramids, len(fresh), seed)
    single = chain_of(train(SINGLE, data, scale(1500), seed), len(fresh), seed)[0]
    return {
        "pyramid": nearness(image, known, others),
        "one GAN": nearness(single, known, others),
        "pyramid, coarsest level": nearness(coarse, pyramid.reduce(known), pyramid.reduce(others)),
        "held-out images": nearness(fresh, known, others),
        "pyramid, distance": sliced_wasserstein(image, fresh),
        "one GAN, distance": sliced_wasserstein(single, fresh),
    }


@claim(
    "On few images a pyramid of GANs memorises less than one GAN of like size: its samples lie farther from them.",
    source="GAN paper notes, Thinking (3); Denton et al. (2015), section 3.3",
    holds=above(1.0),
    scale="log",
)
def independent_levels_memorise_less(seed: int, scale: Scale) -> Measurement:
    """Samples' median distance to the nearest of 32 training images over that to the nearest of 32 held-out ones, for
    a pyramid of 4 and 8 pixels; over the same for one GAN of 8 x 8 pixels. Both after 1,500 steps."""
    found = memory(seed, scale)
    return Measurement(found["pyramid"] / found["one GAN"], arms=found)


@claim(
    "The coarsest level is an ordinary GAN, and memorises all the same: its images lie nearer to training images.",
    source="Denton et al. (2015), section 3.3, on the hazard that independent training is to avert",
    holds=below(1.0),
    scale="log",
)
def coarsest_level_memorises(seed: int, scale: Scale) -> Measurement:
    """Median distance of the coarsest images, of 4 x 4 pixels, to the nearest of 32 halved training images, over that
    to the nearest of 32 held-out ones; after 1,500 steps."""
    found = memory(seed, scale)
    names = ("pyramid, coarsest level", "held-out images")
    return Measurement(found[names[0]], arms={name: found[name] for name in names})


@shared_run
def chains(seed: int, scale: Scale) -> dict[str, float]:
    """Sliced Wasserstein distances from held-out images after 400 steps: of images, and of finest differences, that
    begin with real images halved once or twice, or with noise alone."""
    model = train(LONG, faces("train", 16, MANY, seed), scale(400), seed)
    unseen = to_float(faces("test", 16, 1000, seed).images)
    known, real = unseen[:500], unseen[500:]
    begin = pyramid.gaussian_pyramid(known, 2)
    with apart(model, seed):
        noise = model.noise(len(known))  # the same for all three
        drawn = {"I_1 real": model.refine(begin[1], noise[:1]), "I_2 real": model.refine(begin[2], noise[:2]),
                 "nothing real": model.chain(noise)}  # fmt: skip
    real_band = pyramid.laplacian_pyramid(real, 1)[0]
    found = {"held-out images": sliced_wasserstein(known, real)}
    found["band, held-out images"] = sliced_wasserstein(pyramid.laplacian_pyramid(known, 1)[0], real_band)
    for name, images in drawn.items():
        found[name] = sliced_wasserstein(images[0], real)
        found[f"band, {name}"] = sliced_wasserstein(images[0] - pyramid.low_pass(images[1], images[0]), real_band)
    return found


@claim(
    "Errors accumulate along the chain: images are worse when they begin with noise than with a real coarse image.",
    source="Papers I've read, DCGAN; Radford et al. (2016), section 2.2",
    holds=above(1.0),
    scale="log",
)
def errors_accumulate(seed: int, scale: Scale) -> Measurement:
    """Sliced Wasserstein distance from held-out avatars of 16 x 16 pixels: of the whole chain's images, over that of
    images that the finest level alone has refined from real ones halved."""
    found = chains(seed, scale)
    names = ("held-out images", "I_1 real", "I_2 real", "nothing real")
    return Measurement(found["nothing real"] / found["I_1 real"], arms={name: found[name] for name in names})


@claim(
    "A level that is shown generated images also draws its own differences worse than one shown real images.",
    source="Papers I've read, DCGAN: noise introduced in chaining multiple models",
    holds=above(1.0),
    scale="log",
)
def differences_get_worse_too(seed: int, scale: Scale) -> Measurement:
    """Sliced Wasserstein distance of the finest level's differences from real ones: shown generated images, over shown
    real ones halved and doubled. The same noise, the same weights."""
    found = chains(seed, scale)
    names = tuple(f"band, {name}" for name in ("held-out images", "I_1 real", "I_2 real", "nothing real"))
    return Measurement(
        found["band, nothing real"] / found["band, I_1 real"], arms={name: found[name] for name in names}
    )
