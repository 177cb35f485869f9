"""What the notes and the papers say of transposed convolution, measured. Chapter: transposed_convolution."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.claims.intervals import above, below, within
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import photos
from course_lib.layers.upsampling import ResizeConv2d, bilinear_init_
from course_lib.metrics import checkerboard_energy, line_excess, psnr

# ------------------------------------------------------------------------------------------- a constant kernel, exactly

PAIRS = tuple((size, stride) for stride in range(2, 7) for size in range(1, 13))


def of_a_constant(weight: Tensor, stride: int, periods: int = 6) -> Tensor:
    """What a transposed convolution makes of an image of ones, far from its edges: [1, O, periods s, periods s].

    weight: [1, O, k, k], float64.
    """
    reach = -(-weight.shape[-1] // stride)  # input pixels that one output pixel sees, along an axis
    ones = torch.ones(1, 1, periods + 2 * reach, periods + 2 * reach, dtype=weight.dtype)
    made = F.conv_transpose2d(ones, weight, stride=stride)
    inner = slice(reach * stride, (reach + periods) * stride)
    return made[..., inner, inner]


NOTHING = 1e-20  # of the mean's power: rounding in float64 leaves less, the mildest checkerboard here far more


@claim(
    "A constant kernel makes checkerboards exactly when the stride does not divide it.",
    source="Odena, Dumoulin and Olah (2016), Deconvolution & Overlap",
    holds=within(1.0, 1.0),
)
def constant_kernel_exactly(seed: int, scale: Scale) -> Measurement:
    """Share of 60 pairs of kernel size (1 to 12) and stride (2 to 6) in which the output of a constant kernel has power
    above rounding at the stride's frequencies if, and only if, the stride does not divide the size. Input and kernel
    are constants drawn anew for every pair."""
    agree, mildest, largest = 0, math.inf, 0.0
    for size, stride in PAIRS:
        level = torch.empty(2, dtype=torch.float64).uniform_(0.1, 2.0).tolist()
        kernel = torch.full((1, 1, size, size), level[0], dtype=torch.float64)
        energy = checkerboard_energy(level[1] * of_a_constant(kernel, stride), stride)
        agree += (energy > NOTHING) == (size % stride != 0)
        if size % stride:
            mildest = min(mildest, energy)
        else:
            largest = max(largest, energy)
    return Measurement(
        agree / len(PAIRS), arms={"mildest checkerboard": mildest, "largest rounding where the stride divides": largest}
    )


@claim(
    "Divisibility protects no other kernel: a layer of random weights makes checkerboards though the stride divides "
    "it, with more power than the mean they stand on.",
    source="Odena, Dumoulin and Olah (2016), Overlap & Learning, Image Generation Results; Aitken et al. (2017)",
    holds=above(1.0),
    scale="log",
)
def random_kernels_too(seed: int, scale: Scale) -> Measurement:
    """Power at the stride's frequencies over the power of the mean, for kernels of size 4 and stride 2 with torch's
    initial weights, 64 channels in and out, all inputs 1: geometric mean over the outputs' channels of one layer. The
    arms are sizes 3, 4 and 5, a resize-convolution of size 3, and a kernel of size 4 that is constant."""
    arms = {}
    for size in (3, 4, 5):
        layer = nn.ConvTranspose2d(64, 64, size, 2, bias=False).double()
        made = of_a_constant(layer.weight.detach().sum(0, keepdim=True), 2)
        arms[f"size {size}"] = _geometric_mean(made)
    resize = ResizeConv2d(64, 64, bias=False).double()
    with torch.no_grad():
        made = resize(torch.ones(1, 64, 8, 8, dtype=torch.float64))[..., 2:-2, 2:-2]
    arms["resize-convolution"] = checkerboard_energy(made, 2)
    arms["constant, size 4"] = checkerboard_energy(of_a_constant(torch.ones(1, 1, 4, 4).double(), 2), 2)
    return Measurement(arms["size 4"], arms=arms)


def _geometric_mean(made: Tensor) -> float:
    """Of the checkerboard energies of the channels of [1, C, H, W]: the mean of one channel may be near 0."""
    energies = [checkerboard_energy(made[:, c : c + 1], 2) for c in range(made.shape[1])]
    return math.exp(sum(map(math.log, energies)) / len(energies))


# ---------------------------------------------------------------------------------------------------- it is no inverse

SIZE = 48  # of a patch, in pixels
RIM = 8  # pixels at each edge that no figure counts: kernels look beyond the edge there


def grey_patches(split: str, count: int, seed: int) -> Tensor:
    """`count` grey patches [N, 1, 48, 48] in [-1, 1] of that split of the photographs, drawn by this seed."""
    return photos.load(split, size=SIZE, channels=1).batch(count, torch.Generator().manual_seed(seed)).image


def gaussian(size: int, deviation: float) -> Tensor:
    """A Gaussian kernel [1, 1, size, size] that sums to 1."""
    line = torch.exp(-((torch.arange(size) - size // 2) ** 2) / (2 * deviation**2))
    square = line[:, None] * line
    return (square / square.sum())[None, None]


def least_squares_inverse(blurred: Tensor, kernel: Tensor, damping: float) -> Tensor:
    """A true deconvolution: the image whose blur is nearest to `blurred`, in periodic surroundings, slightly damped.

    In the Fourier domain conj(K) B / (|K|^2 + damping): Wiener's filter for white noise. [N, 1, H, W] -> the same.
    """
    height, width = blurred.shape[-2:]
    centre = kernel.shape[-1] // 2
    spread = F.pad(kernel, (0, width - kernel.shape[-1], 0, height - kernel.shape[-2])).roll((-centre, -centre), (2, 3))
    response = torch.fft.fft2(spread.flip(2, 3).roll((1, 1), (2, 3)))  # the kernel is laid on unflipped
    return torch.fft.ifft2(response.conj() * torch.fft.fft2(blurred) / (response.abs() ** 2 + damping)).real


@claim(
    "The transpose does not deconvolve: applied to a blurred photograph, the blur's transpose takes it further from "
    "the original.",
    source="Weekly report, July 2019, section 1, which calls it deconvolution; Dumoulin and Visin (2016), chapter 4",
    holds=below(0.0),
)
def transpose_is_no_inverse(seed: int, scale: Scale) -> Measurement:
    """PSNR in dB of the transposed blur of blurred patches less that of the blurred patches themselves, for a Gaussian
    blur of deviation 1.5 pixels; 300 held-out patches. The arm "deconvolved" is a least-squares inverse."""
    image = grey_patches("test", scale(300, least=60), seed)
    kernel, margin = gaussian(9, 1.5), 4
    around = F.pad(image, (margin,) * 4, mode="circular")
    blurred = F.conv2d(around, kernel)
    back = F.conv_transpose2d(F.pad(blurred, (margin,) * 4, mode="circular"), kernel, padding=2 * margin)
    arms = {
        "blurred": psnr(blurred, image, RIM),
        "transposed": psnr(back, image, RIM),
        "deconvolved": psnr(least_squares_inverse(blurred, kernel, 1e-4), image, RIM),
    }
    return Measurement(arms["transposed"] - arms["blurred"], arms=arms)


# --------------------------------------------------------------------------------------------- learned against fixed


def halved(images: Tensor) -> Tensor:
    """Half the resolution: the mean of every 2 x 2 pixels. [N, C, H, W] -> [N, C, H / 2, W / 2]."""
    return F.avg_pool2d(images, 2)


def trained_upsampler(layer: nn.Module, steps: int, seed: int, batch_size: int = 16) -> nn.Module:
    """The layer after that many steps of Adam on the squared error of photographs from their halves.

    layer: [N, 1, 24, 24] -> [N, 1, 48, 48]. The learning rate falls from 3e-3 to 0 along a cosine.
    """
    data, random = photos.load("train", size=SIZE, channels=1), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(layer.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    inner = slice(RIM, -RIM)
    for _ in range(steps):
        image = data.batch(batch_size, random).image
        loss = (layer(halved(image)) - image)[..., inner, inner].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return layer.requires_grad_(False)


def interpolating_layer(size: int) -> nn.ConvTranspose2d:
    """A transposed convolution that doubles one channel and begins as bilinear interpolation."""
    return bilinear_init_(nn.ConvTranspose2d(1, 1, size, 2, (size - 2) // 2))


def least_squares_kernel(images: Tensor, size: int) -> Tensor:
    """The kernel [1, 1, size, size] of stride 2 that restores these images from their halves with the least error.

    A transposed convolution is linear in its kernel: what each weight paints alone is a column of a linear system.
    """
    alone = torch.eye(size**2).view(1, size**2, size, size)
    inner = slice(RIM, -RIM)
    columns = F.conv_transpose2d(halved(images), alone, stride=2, padding=(size - 2) // 2)[..., inner, inner]
    columns = columns.transpose(0, 1).flatten(1).double()
    wanted = images[..., inner, inner].flatten().double()
    return torch.linalg.solve(columns @ columns.T, columns @ wanted).view(1, 1, size, size).float()


class Upsampler(nn.Module):
    """Three convolutions, the last transposed, which learn what bilinear interpolation lacks.

    [N, 1, H, W] -> [N, 1, 2 H, 2 W].
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, 2, 1),
        )  # fmt: skip
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="bilinear") + self.net(x)


@shared_run
def trained_upsamplers(seed: int, scale: Scale) -> dict[str, nn.Module]:
    """Two kernels and a small network, each after 1,000 steps."""
    layers = {"learned 4x4": interpolating_layer(4), "learned 8x8": interpolating_layer(8), "network": Upsampler()}
    return {name: trained_upsampler(layer, scale(1000), seed) for name, layer in layers.items()}


def restored(image: Tensor, layers: dict[str, nn.Module]) -> dict[str, float]:
    """PSNR in dB of images doubled from their halves: by interpolation in three modes, and by the layers."""
    small = halved(image)
    made = {mode: F.interpolate(small, scale_factor=2, mode=mode) for mode in ("nearest", "bilinear", "bicubic")}
    made |= {name: layer(small) for name, layer in layers.items()}
    return {name: psnr(one, image, RIM) for name, one in made.items()}


@claim(
    "Learned up-sampling beats fixed: a trained transposed convolution restores photographs better than bilinear "
    "interpolation, with a kernel of the same 4 x 4 weights.",
    source="Weekly report, July 2019, section 1; Long et al. (2015), section 3.3",
    holds=above(0.0),
)
def learned_beats_bilinear(seed: int, scale: Scale) -> Measurement:
    """PSNR in dB on 500 held-out grey patches doubled from their halves: a 4 x 4 kernel of stride 2, trained for 1,000
    steps from the bilinear one, less bilinear interpolation."""
    arms = restored(grey_patches("test", scale(500, least=100), seed), trained_upsamplers(seed, scale))
    return Measurement(arms["learned 4x4"] - arms["bilinear"], arms=arms)


@claim(
    "A learned kernel of 8 x 8 weights beats bicubic interpolation, which is one kernel of that size.",
    source="Weekly report, July 2019, section 1: learnable against traditional interpolation",
    holds=above(0.0),
)
def learned_beats_bicubic(seed: int, scale: Scale) -> Measurement:
    """PSNR in dB on 500 held-out grey patches: an 8 x 8 kernel of stride 2, trained for 1,000 steps from the bilinear
    one, less bicubic interpolation. The arms give the same difference on patches from where it was trained, and for the
    best 8 x 8 kernel of the held-out patches themselves, by least squares."""
    held_out, seen = (grey_patches(split, scale(500, least=100), seed) for split in ("test", "train"))
    trained, best = trained_upsamplers(seed, scale)["learned 8x8"], interpolating_layer(8).requires_grad_(False)
    best.weight.copy_(least_squares_kernel(held_out, 8))
    arms = {}
    for name, layer, image in (
        ("held out", trained, held_out),
        ("where it was trained", trained, seen),
        ("best for the held-out", best, held_out),
    ):
        by = restored(image, {"layer": layer})
        arms[name] = by["layer"] - by["bicubic"]
    return Measurement(arms["held out"], arms=arms)


# ------------------------------------------------------------------------------------ checkerboards after training


def decoder(kind: str, width: int = 16) -> nn.Sequential:
    """Doubles twice, by layers that are "uneven" (5 x 5, stride 2), "even" (4 x 4, stride 2) or "resize" (5 x 5).

    [N, 1, 12, 12] -> [N, 1, 48, 48].
    """

    def double(inputs: int, outputs: int) -> nn.Module:
        if kind == "uneven":
            return nn.ConvTranspose2d(inputs, outputs, 5, 2, 2, output_padding=1)
        if kind == "even":
            return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
        return ResizeConv2d(inputs, outputs, 5)

    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), double(width, width), nn.ReLU(), double(width, 1)
    )


@claim(
    "Training does not remove the checkerboards of uneven overlap: the output's errors stand out more at the stride's "
    "frequencies than those of resize-convolution.",
    source="Odena, Dumoulin and Olah (2016), Overlap & Learning and Better Upsampling",
    holds=above(1.0),
    scale="log",
)
def resize_after_training(seed: int, scale: Scale) -> Measurement:
    """Line excess (power at multiples of 1/4 cycle a pixel over that of their neighbours) of the errors on 300 held-out
    patches quadrupled by two 5 x 5 transposed convolutions of stride 2 (DCGAN's overlap), over the same for two
    resize-convolutions with 5 x 5 kernels; each trained for 400 steps. "before" is that of outputs before training,
    "bilinear" that of the errors of interpolation."""
    image = grey_patches("test", scale(300, least=60), seed)
    small = halved(halved(image))
    arms = {"bilinear": _inner_excess(F.interpolate(small, scale_factor=4, mode="bilinear") - image)}
    for kind in ("uneven", "even", "resize"):
        torch.manual_seed(seed)
        net = decoder(kind)
        arms[f"{kind}, before"] = _inner_excess(net(small).detach())
        data, random = photos.load("train", size=SIZE, channels=1), torch.Generator().manual_seed(seed)
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
        for _ in range(scale(400)):
            batch = data.batch(16, random).image
            loss = (net(halved(halved(batch))) - batch).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        arms[kind] = _inner_excess(net(small).detach() - image)
    return Measurement(arms["uneven"] / arms["resize"], arms=arms)


def _inner_excess(images: Tensor) -> float:
    return line_excess(images[..., RIM:-RIM, RIM:-RIM], 4)
