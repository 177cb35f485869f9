"""Deep convolutional generative adversarial network (Radford et al., 2016). Chapter: dcgan.

The game of `gan.py`, played by two convolutional networks: the generator doubles the side of a small grid of features
until it is an image, the discriminator halves the side of an image until it is such a grid.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from course_lib.data import Batch
from course_lib.errors import CourseError
from course_lib.layers.upsampling import ResizeConv2d
from course_lib.losses import adversarial
from course_lib.training import Optimize, Recipe, TrainingConfig, at_least, frozen

Activation = Literal["relu", "leaky_relu"]


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Defaults are the paper's for 64 x 64 images (section 4, figure 1); where it is silent, those of its code.

    Of biases there are only batch norm's, as in the code. The switches below undo the guidelines one at a time.
    """

    latent: int = 100  # dimension of z
    noise: Literal["uniform", "normal"] = "uniform"  # z: U(-1, 1) as in figure 1, or N(0, I)
    generator: tuple[int, ...] = (1024, 512, 256, 128)  # feature maps, from the smallest grid up
    discriminator: tuple[int, ...] = (128, 256, 512, 1024)  # feature maps, from the image down
    kernel: int = 5  # side of every kernel; the code's, the paper does not say
    slope: float = 0.2  # of the leaky rectifier below 0
    init: float = 0.02  # standard deviation of the weights at the beginning, and of batch norm's gains around 1
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 0.0  # the code adds 1e-5 times the weights to their gradient, the paper says nothing of it

    upsampling: Literal["transposed", "nearest"] = "transposed"  # nearest: copy each pixel, then convolve
    downsampling: Literal["strided", "max_pool"] = "strided"  # max_pool: convolve, then keep the largest of 2 x 2
    generator_norm: bool = True  # batch normalisation in G, but for its output
    discriminator_norm: bool = True  # in D, but for its first layer
    output_norm: bool = False  # at G's output too
    input_norm: bool = False  # at D's first layer too
    generator_activation: Activation = "relu"
    discriminator_activation: Activation = "leaky_relu"
    head: Literal["flatten", "average"] = "flatten"  # average: D's last maps become their means over the grid
    hidden: int = 0  # units of a fully connected hidden layer in each network; 0 for none

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "latent", "kernel")
        at_least(self, 0, "slope", "init", "weight_decay", "hidden")
        if self.kernel % 2 == 0:
            raise CourseError(f"kernel must be odd, so that a stride of 2 halves every side, not {self.kernel}")
        if not self.generator or not self.discriminator or min(*self.generator, *self.discriminator, 1) < 1:
            raise CourseError("generator and discriminator must list one width or more, each at least 1")


# Reduced: on two CPU cores digits take a minute or two, avatars a few minutes. The last four want a GPU.
_SMALL = {"latent": 64, "generator": (128, 64, 32), "discriminator": (32, 64, 128), "batch_size": 64}
_MIDDLE = {"generator": (512, 256, 128), "discriminator": (128, 256, 512)}
PRESETS = {
    # Two guidelines are bent. Weights of 0.02 are faint where there are few maps; and batch norm hides from D how pale
    # an image is: with both, some seeds stay grey.
    "digits": Config(
        latent=32, generator=(64, 32), discriminator=(32, 64), kernel=3, batch_size=64, learning_rate=1e-3,
        init=0.05, discriminator_norm=False,
    ),
    "avatars": Config(**_SMALL, learning_rate=5e-4, average=0.99),
    "photos": Config(**_SMALL, learning_rate=5e-4, average=0.99),
    "cifar10": Config(**_MIDDLE),
    "svhn": Config(**_MIDDLE),
    "celeba": Config(),
}  # fmt: skip


class Reshape(nn.Module):
    """[N, C * H * W] -> [N, C, H, W]."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, self.shape)


class Generator(nn.Module):
    """z [N, latent] -> image [N, C, H, W] in (-1, 1). `shape` is (C, H, W).

    net: project (z to the smallest grid), up1, up2, ..., and output. All but the last are normalised, and rectified.
    """

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.latent, self.shape = config.latent, shape
        grid = smallest_grid(shape, len(config.generator))
        act = activation(config.generator_activation, config.slope)
        units = config.generator[0] * math.prod(grid)
        hidden, inputs = [], config.latent
        if config.hidden:
            hidden, inputs = [nn.Linear(inputs, config.hidden), act], config.hidden
        parts = {
            # Each unit has statistics of its own here, as in the authors' code: the grid is made after them.
            "project": nn.Sequential(
                *hidden,
                nn.Linear(inputs, units, bias=not config.generator_norm),
                nn.BatchNorm1d(units) if config.generator_norm else nn.Identity(),
                Reshape(config.generator[0], *grid),
                act,
            )
        }
        for i, (a, b) in enumerate(itertools.pairwise(config.generator), 1):
            norm = config.generator_norm
            parts[f"up{i}"] = nn.Sequential(upsample(a, b, config, bias=not norm), *batch_norm(b, norm), act)
        last = upsample(config.generator[-1], shape[0], config, bias=False)
        parts["output"] = nn.Sequential(last, *batch_norm(shape[0], config.output_norm), nn.Tanh())
        self.net = nn.Sequential()
        for name, part in parts.items():
            self.net.add_module(name, part)

    def forward(self, z: Tensor) -> Tensor:
        assert z.shape[1:] == (self.latent,), f"z must be [N, {self.latent}], not {list(z.shape)}"
        return self.net(z)


class Discriminator(nn.Module):
    """image [N, C, H, W] in [-1, 1] -> logit [N]; sigmoid(logit) is D(x), the probability of being data.

    stages: each halves the sides and ends in an activation; what they answer is what `features` returns.
    """

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        grid = smallest_grid(shape, len(config.discriminator))
        act = activation(config.discriminator_activation, config.slope)
        self.stages = nn.ModuleList()
        for i, (a, b) in enumerate(itertools.pairwise((shape[0], *config.discriminator))):
            norm = config.discriminator_norm if i > 0 else config.input_norm
            bias = i > 0 and not norm
            self.stages.append(nn.Sequential(downsample(a, b, config, bias=bias), *batch_norm(b, norm), act))
        average = config.head == "average"
        units = config.discriminator[-1] * (1 if average else math.prod(grid))
        head = [nn.AdaptiveAvgPool2d(1)] if average else []
        head.append(nn.Flatten())
        if config.hidden:
            head += [nn.Linear(units, config.hidden), act]
            units = config.hidden
        self.head = nn.Sequential(*head, nn.Linear(units, 1, bias=False))

    def features(self, x: Tensor) -> list[Tensor]:
        """What each stage answers: [N, C_i, H / 2^i, W / 2^i] for i = 1, 2, ..."""
        assert x.shape[1:] == self.shape, f"images must be [N, {', '.join(map(str, self.shape))}], not {list(x.shape)}"
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x)[-1]).squeeze(1).float()


class DCGAN(Recipe):
    """One step of D and one of G in turns, on losses from logits. `shape` is that of one image, (C, H, W)."""

    averaged = ("generator",)

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config, shape)
        self.discriminator = Discriminator(config, shape)
        dcgan_init(self, config.init)

    def configure_optimizers(self) -> dict[str, Optimizer]:
        settings = {
            "lr": self.config.learning_rate,
            "betas": self.config.betas,
            "weight_decay": self.config.weight_decay,
        }
        return {
            "discriminator": Adam(self.discriminator.parameters(), **settings),
            "generator": Adam(self.generator.parameters(), **settings),
        }

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        batch = next_batch()
        terms = optimize("discriminator", self.discriminator_step, batch)
        return terms | optimize("generator", self.generator_step, batch)

    def discriminator_step(self, batch: Batch) -> Tensor:
        """The discriminator's loss [] on real images and as many generated ones; it reaches no weight of G.

        The two pass through D apart: batch normalisation gives each the statistics of its own kind.
        """
        with torch.no_grad():
            fake = self.generator(self.noise(len(batch.image)))
        return adversarial.discriminator_loss(self.discriminator(batch.image), self.discriminator(fake))

    def generator_step(self, batch: Batch) -> Tensor:
        """The generator's loss [], non-saturating, on as many of its images; its gradient reaches no weight of D."""
        with frozen(self.discriminator):
            return adversarial.non_saturating_loss(self.discriminator(self.generator(self.noise(len(batch.image)))))

    def noise(self, n: int) -> Tensor:
        """z [n, latent], uniform on [-1, 1) or standard normal."""
        if self.config.noise == "normal":
            return self.randn(n, self.config.latent)
        return 2 * self.rand(n, self.config.latent) - 1

    @torch.no_grad()
    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """G(z): n images [n, C, H, W] in (-1, 1), from z [n, latent] where given.

        In evaluation mode batch normalisation uses its running statistics, so an image depends on its own z alone.
        (The authors' code keeps those of the batch.)
        """
        return self.generator(self.noise(n) if z is None else z)


def dcgan_init(network: nn.Module, std: float = 0.02) -> nn.Module:
    """Draw all weights from N(0, std^2) and batch norm's gains from N(1, std^2); shifts and biases become 0.

    Source: Radford et al. (2016), section 4; the gains are those of its code. Returns the network.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, std)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    return network


def upsample(inputs: int, outputs: int, config: Config, *, bias: bool) -> nn.Module:
    """[N, inputs, H, W] -> [N, outputs, 2 H, 2 W]."""
    if config.upsampling == "nearest":
        return ResizeConv2d(inputs, outputs, config.kernel, bias=bias)
    return nn.ConvTranspose2d(
        inputs, outputs, config.kernel, stride=2, padding=config.kernel // 2, output_padding=1, bias=bias
    )


def downsample(inputs: int, outputs: int, config: Config, *, bias: bool) -> nn.Module:
    """[N, inputs, 2 H, 2 W] -> [N, outputs, H, W]."""
    if config.downsampling == "max_pool":
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, config.kernel, padding=config.kernel // 2, bias=bias), nn.MaxPool2d(2)
        )
    return nn.Conv2d(inputs, outputs, config.kernel, stride=2, padding=config.kernel // 2, bias=bias)


def batch_norm(maps: int, wanted: bool) -> list[nn.Module]:
    return [nn.BatchNorm2d(maps)] if wanted else []


def activation(name: Activation, slope: float) -> nn.Module:
    return nn.ReLU() if name == "relu" else nn.LeakyReLU(slope)


def smallest_grid(shape: tuple[int, ...], stages: int) -> tuple[int, int]:
    """(H, W) of the grid that `stages` doublings make an image of this shape (C, H, W) from.

    Raises CourseError where the sides cannot be halved as often.
    """
    if len(shape) != 3:
        raise CourseError(f"DCGAN is for images [C, H, W], not for data of shape {shape}")
    height, width = shape[1:]
    if height % 2**stages or width % 2**stages:
        raise CourseError(
            f"images of {height}x{width} cannot be halved {stages} times: choose a size that is a multiple of "
            f"{2**stages} (--image-size), or fewer widths (--set)"
        )
    return height // 2**stages, width // 2**stages
