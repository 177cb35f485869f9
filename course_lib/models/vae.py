"""Variational autoencoder (Kingma and Welling, 2014). Chapter: vae.

An encoder guesses which codes z an image may have come from, a decoder says how likely the image is given a code, and
both climb the same lower bound on log p(x).
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
from course_lib.losses import likelihood
from course_lib.training import Optimize, Recipe, TrainingConfig, at_least


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Defaults are the paper's for MNIST (section 5) unless a comment says otherwise."""

    latent: int = 20  # dimension of z, the largest but one of figure 2
    hidden: int = 500  # tanh units in each hidden layer of encoder and decoder
    depth: int = 1  # hidden layers (appendix C); with 0 and a Gaussian decoder this is probabilistic PCA
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"  # p(x | z): appendix C.1 for MNIST, C.2 for Frey faces
    beta: float = 1.0  # weight of the divergence; other values than 1 are Higgins et al. (2017), equation 4
    samples: int = 1  # L of equation 7; 1 is enough where the batch holds about 100 images (section 2.3)
    batch_size: int = 100  # M (section 2.3)
    learning_rate: float = 1e-3  # of Adam, which needs no search; the paper took Adagrad with the best of three rates

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "latent", "hidden", "samples")
        at_least(self, 0, "depth", "beta")
        if self.likelihood not in ("bernoulli", "gaussian"):
            raise CourseError(f"likelihood must be bernoulli or gaussian, not {self.likelihood}")


# Reduced, so that one CPU core makes recognisable digits in seconds, and faces of 32 pixels in minutes. Grey levels are
# numbers, hence the Gaussian decoder; with `binarize` the digits are black and white, and "bernoulli" is for them.
PRESETS = {
    "digits": Config(latent=16, hidden=256, likelihood="gaussian"),
    "avatars": Config(latent=64, likelihood="gaussian"),
}

IWAE_SAMPLES = 64  # K of the bound that `evaluate` reports


def mlp(inputs: int, hidden: int, depth: int, outputs: int) -> nn.Sequential:
    """Linear maps with `depth` hidden layers of tanh units between them: [..., inputs] -> [..., outputs]."""
    widths = [inputs, *[hidden] * depth]
    layers = [part for a, b in itertools.pairwise(widths) for part in (nn.Linear(a, b), nn.Tanh())]
    return nn.Sequential(*layers, nn.Linear(widths[-1], outputs))


class Encoder(nn.Module):
    """image [N, C, H, W] in [-1, 1] -> mu, log_var [N, latent]: the parameters of q(z | x) = N(mu, diag sigma^2)."""

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        self.net = mlp(math.prod(shape), config.hidden, config.depth, 2 * config.latent)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        assert x.shape[1:] == self.shape, f"images must be [N, {', '.join(map(str, self.shape))}], not {list(x.shape)}"
        mu, log_var = self.net(x.flatten(1)).float().chunk(2, dim=1)
        return mu, log_var


class Decoder(nn.Module):
    """z [..., latent] -> [..., C, H, W]: logits of white pixels, or the means of a Gaussian's, in units of x."""

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.latent, self.shape = config.latent, shape
        self.net = mlp(config.latent, config.hidden, config.depth, math.prod(shape))

    def forward(self, z: Tensor) -> Tensor:
        assert z.shape[-1] == self.latent, f"z must be [..., {self.latent}], not {list(z.shape)}"
        return self.net(z).float().unflatten(-1, self.shape)


class VAE(Recipe):
    """Algorithm 1 with the estimator of equation 10. `shape` is that of one image, (C, H, W)."""

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        if len(shape) != 3:
            raise CourseError(f"this variational autoencoder is for images [C, H, W], not for data of shape {shape}")
        self.config = config
        self.encoder = Encoder(config, shape)
        self.decoder = Decoder(config, shape)
        if config.likelihood == "gaussian":
            # The paper's decoder has a variance for each pixel. Where a pixel is black in every image that variance
            # tends to 0 and the density to infinity, so all pixels share one here.
            self.log_var = nn.Parameter(torch.zeros(()))

    def configure_optimizers(self) -> dict[str, Optimizer]:
        networks = [*self.encoder.parameters(), *self.decoder.parameters()]
        groups = [{"params": networks, "lr": self.config.learning_rate}]
        if self.config.likelihood == "gaussian":
            # Adam moves a number by about its rate a step, and this one has far to go before codes are worth anything.
            groups.append({"params": [self.log_var], "lr": 10 * self.config.learning_rate})
        return {"vae": Adam(groups)}

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        return optimize("vae", self.loss, next_batch())

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Minus the bound [] in nats per image, and its two parts."""
        mu, log_var = self.encoder(batch.image)
        z = self.reparameterize(mu, log_var, self.config.samples)
        explained = self.log_likelihood(batch.image, z).mean()
        divergence = likelihood.kl_to_standard_normal(mu, log_var).sum(1).mean()
        return self.config.beta * divergence - explained, {"log_likelihood": explained, "kl": divergence}

    def reparameterize(self, mu: Tensor, log_var: Tensor, samples: int) -> Tensor:
        """z ~ q(z | x), by a path that gradients take to mu and log_var: [N, latent] twice -> [samples, N, latent]."""
        noise = self.randn(len(mu), samples, mu.shape[1]).transpose(0, 1)
        return mu + torch.exp(log_var / 2) * noise

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z) in nats per image: x [N, C, H, W] in [-1, 1], z [..., N, latent] -> [..., N]."""
        if self.config.likelihood == "gaussian":
            return likelihood.gaussian_log_likelihood(x, self.decoder(z), self.log_var)
        return likelihood.bernoulli_log_likelihood((x + 1) / 2, self.decoder(z))

    def mean(self, z: Tensor) -> Tensor:
        """The mean of p(x | z), in [-1, 1]: z [..., latent] -> [..., C, H, W]. A Gaussian's is cut off there."""
        if self.config.likelihood == "gaussian":
            return self.decoder(z).clamp(-1, 1)
        return 2 * torch.sigmoid(self.decoder(z)) - 1

    @torch.no_grad()
    def log_weights(self, x: Tensor, samples: int) -> Tensor:
        """log p(x, z_k) / q(z_k | x) with z_k drawn from q(z | x): x [N, C, H, W] -> [samples, N], in nats.

        Their mean over k estimates the ELBO, `likelihood.importance_weighted_bound` of them the IWAE bound.
        """
        mu, log_var = self.encoder(x)
        rows = []
        for _ in range(samples):  # one at a time: all of them together would hold `samples` batches of activations
            z = self.reparameterize(mu, log_var, 1)
            rows.append(self.log_likelihood(x, z) + likelihood.standard_normal_log_ratio(z, mu, log_var))
        return torch.cat(rows)

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> dict[str, Tensor]:
        """The ELBO (beta = 1, whatever training took), its two parts, and the IWAE bound, in nats per image."""
        log_weights = self.log_weights(batch.image, IWAE_SAMPLES)
        elbo = log_weights.mean()
        kl = likelihood.kl_to_standard_normal(*self.encoder(batch.image)).sum(1).mean()
        return {
            "elbo": elbo,
            f"iwae_{IWAE_SAMPLES}": likelihood.importance_weighted_bound(log_weights).mean(),
            "log_likelihood": elbo + kl,
            "kl": kl,
        }

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """The mean of p(x | z) at the mean of q(z | x): [N, C, H, W] in [-1, 1] -> the same."""
        return self.mean(self.encoder(x)[0])

    @torch.no_grad()
    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """The mean of p(x | z) for n draws z ~ N(0, I), or for z [n, latent]: [n, C, H, W] in [-1, 1].

        It is not a draw from p(x | z): that would add the noise of independent pixels.
        """
        return self.mean(self.randn(n, self.config.latent) if z is None else z)
