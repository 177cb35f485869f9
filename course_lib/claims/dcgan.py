"""What the paper and the notes say of DCGAN's guidelines, measured on digits. Chapter: dcgan.

One run for each seed and arm: the paper's settings with one guideline undone. All arms of a seed see the same images in
the same order and the same z. The claims share these runs.
"""

import io
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from course_lib import models
from course_lib.claims.intervals import above
from course_lib.claims.statements import FULL, Measurement, Scale, claim, shared_run
from course_lib.data import ImageSet, digits
from course_lib.data.sets import to_float, to_uint8
from course_lib.evaluation.referees import referee
from course_lib.files import write_whole
from course_lib.metrics.frechet import frechet_distance
from course_lib.models.dcgan import DCGAN, Config
from course_lib.training import steps
from course_lib.training.engine import draw

SIZE = 16  # pixels: three halvings down to a grid of 2 x 2
STEPS, LOOKS = 420, 21
COUNT = 500  # samples at each look

# Small, and impatient: the paper's rate of 2e-4 would need more steps than these runs have.
GUIDED = Config(
    latent=32, generator=(64, 32, 16), discriminator=(16, 32, 64), kernel=3, batch_size=64, learning_rate=1e-3
)
ARMS = {
    "guidelines": GUIDED,
    "beta1 = 0.9": replace(GUIDED, betas=(0.9, 0.999)),
    "norm everywhere": replace(GUIDED, output_norm=True, input_norm=True),
    "no norm in G": replace(GUIDED, generator_norm=False),
    "pooling": replace(GUIDED, downsampling="max_pool", upsampling="nearest"),
    "ReLU in D": replace(GUIDED, discriminator_activation="relu"),
}


@dataclass(frozen=True)
class Run:
    """A run's looks: at which steps, and the Fréchet distance at each; and its last samples [500, 1, 16, 16].

    spread: mean distance in pixels between two of them, over that between two real digits.
    """

    step: list[int]
    frechet: list[float]
    samples: Tensor
    spread: float

    @property
    def late(self) -> Tensor:
        """The Fréchet distances of the last third."""
        return torch.tensor(self.frechet[-(len(self.frechet) // 3) :])

    @property
    def end(self) -> float:
        """Geometric mean of the Fréchet distance over the last third."""
        return self.late.log().mean().exp().item()

    @property
    def swing(self) -> float:
        """How far the Fréchet distance jumps from look to look in the last third: mean |log ratio| of neighbours."""
        return self.late.log().diff().abs().mean().item()


@shared_run
def run(seed: int, scale: Scale, arm: str) -> Run:
    """Train one arm on digits of 16 pixels, and look every twenty steps."""
    data, real = _real()
    model = DCGAN(ARMS[arm], data.shape)
    count = scale(STEPS, least=LOOKS)
    every = count // LOOKS
    at, distances = [], []
    for step, _ in steps(model, data, count, seed=seed):
        if step % every == 0:
            samples = draw(model, COUNT, seed)
            at.append(step)
            distances.append(frechet_distance(referee("digits").features(samples), real))
    pixels = to_float(data.images[:COUNT])
    spread = torch.pdist(samples.flatten(1)).mean() / torch.pdist(pixels.flatten(1)).mean()
    return Run(at, distances, samples, spread.item())


@cache
def _real() -> tuple[ImageSet, Tensor]:
    """The training digits, and their features."""
    data = digits.load(size=SIZE)
    return data, referee("digits").features(to_float(data.images))


def compared(seed: int, scale: Scale, arm: str, what: str) -> Measurement:
    """An arm against the guidelines: the ratio of `end` or of `swing`, with the curves of the arm."""
    guided, other = run(seed, scale, "guidelines"), run(seed, scale, arm)
    value = getattr(other, what) / getattr(guided, what)
    arms = {"guidelines": getattr(guided, what), arm: getattr(other, what)}
    if what == "end":
        arms |= {"spread of samples, guidelines": guided.spread, f"spread of samples, {arm}": other.spread}
    return Measurement(value, arms=arms, series={"step": guided.step, "guidelines": guided.frechet, arm: other.frechet})


@claim(
    "Leaving beta1 at 0.9 makes training oscillate.",
    source="Radford et al. (2016), section 4; ShortScience summaries; Weekly report, July 2019, section 3.2",
    holds=above(1.0),
    scale="log",
)
def momentum_oscillates(seed: int, scale: Scale) -> Measurement:
    """Swing of the Fréchet distance with beta1 = 0.9 over that with 0.5: the mean |log ratio| of looks twenty
    steps apart, over the last third of 420 steps on 16-pixel digits."""
    return compared(seed, scale, "beta1 = 0.9", "swing")


@claim(
    "Leaving beta1 at 0.9 ends farther from the data than 0.5.",
    source="Radford et al. (2016), section 4: 'oscillation and instability'",
    holds=above(1.0),
    scale="log",
)
def momentum_ends_farther(seed: int, scale: Scale) -> Measurement:
    """Fréchet distance with beta1 = 0.9 over that with 0.5, each its geometric mean over the last third of 420 steps on
    16-pixel digits."""
    return compared(seed, scale, "beta1 = 0.9", "end")


@claim(
    "Batch normalisation in G's output and D's input as well makes the samples oscillate.",
    source="Radford et al. (2016), section 3; Papers I've read; Weekly report, July 2019, section 3.1",
    holds=above(1.0),
    scale="log",
)
def norm_everywhere_oscillates(seed: int, scale: Scale) -> Measurement:
    """Swing of the Fréchet distance with batch normalisation in every layer over that with the guidelines: the mean
    |log ratio| of looks twenty steps apart, over the last third of 420 steps on 16-pixel digits."""
    return compared(seed, scale, "norm everywhere", "swing")


@claim(
    "Batch normalisation in G's output and D's input as well ends farther from the data.",
    source="Radford et al. (2016), section 3; Papers I've read; Weekly report, July 2019, section 3.1",
    holds=above(1.0),
    scale="log",
)
def norm_everywhere_hurts(seed: int, scale: Scale) -> Measurement:
    """Fréchet distance with batch normalisation in every layer over that with the guidelines, each its geometric mean
    over the last third of 420 steps on 16-pixel digits."""
    return compared(seed, scale, "norm everywhere", "end")


@claim(
    "A deep generator needs batch normalisation: without it, it ends farther from the data.",
    source="Radford et al. (2016), section 3; GAN paper notes; Papers I've read",
    holds=above(1.0),
    scale="log",
)
def norm_helps_the_generator(seed: int, scale: Scale) -> Measurement:
    """Fréchet distance without batch normalisation in G (with biases instead) over that with it, each its geometric
    mean over the last third of 420 steps on 16-pixel digits. G has a projection and three doublings."""
    return compared(seed, scale, "no norm in G", "end")


@claim(
    "Strides learn better than fixed resampling: with max pooling in D and pixels repeated in G it ends farther from "
    "the data.",
    source="Radford et al. (2016), section 3; all five notes",
    holds=above(1.0),
    scale="log",
)
def pooling_hurts(seed: int, scale: Scale) -> Measurement:
    """Fréchet distance with max pooling in D and nearest-neighbour up-sampling in G over that with strides in both,
    each its geometric mean over the last third of 420 steps on 16-pixel digits. Kernels and the number of
    weights are the same."""
    return compared(seed, scale, "pooling", "end")


@claim(
    "A leaky rectifier in D is better than a plain one: with ReLU it ends farther from the data.",
    source="Radford et al. (2016), section 3: the leaky one was found 'to work well'; all five notes",
    holds=above(1.0),
    scale="log",
)
def plain_rectifier_hurts(seed: int, scale: Scale) -> Measurement:
    """Fréchet distance with ReLU in D over that with a leaky one of slope 0.2, each its geometric mean over the last
    third of 420 steps on 16-pixel digits."""
    return compared(seed, scale, "ReLU in D", "end")


ROW = 12  # samples of an arm in the gallery


def gallery(path: Path) -> None:
    """The last samples of every arm at seed 0, a row each in the order of ARMS, as the page shows them."""
    store(torch.cat([run(0, FULL, arm).samples[:ROW] for arm in ARMS]), path, ROW)


def portraits(trained: Path, folder: Path) -> None:
    """Of a run directory: 64 samples, and two walks between latents, as the page shows them."""
    model, _, _ = models.load_run(trained)
    generator = torch.Generator().manual_seed(5)
    ends = 2 * torch.rand(2, 2, model.config.latent, generator=generator) - 1
    walks = [torch.lerp(a, b, t) for a, b in ends for t in torch.linspace(0, 1, 8)]
    store(draw(model, 64), folder / "samples.webp", 8)
    store(model.sample(16, torch.stack(walks)), folder / "walks.webp", 8)


def store(images: Tensor, path: Path, columns: int) -> None:
    """Images [N, C, H, W] in [-1, 1] side by side, without gaps, as a lossless WebP."""
    rows = to_uint8(images).unflatten(0, (-1, columns))
    sheet = rows.permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2).squeeze(2)
    buffer = io.BytesIO()
    Image.fromarray(sheet.numpy()).save(buffer, "webp", lossless=True, quality=100, method=6)
    write_whole(path, buffer.getvalue())


def stored(path: Path, side: int) -> Tensor:
    """What `store` wrote, images of `side` pixels: [N, C, side, side] in [-1, 1]; C = 1 where all are grey."""
    levels = torch.from_numpy(np.array(Image.open(path).convert("RGB")))
    images = levels.unflatten(1, (-1, side)).unflatten(0, (-1, side)).permute(0, 2, 4, 1, 3).flatten(0, 1)
    grey = bool((images == images[:, :1]).all())
    return to_float(images[:, :1] if grey else images)
