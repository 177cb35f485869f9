"""Restricted Boltzmann machine trained by contrastive divergence (Hinton, 2002). Chapter: markov_chain.

Black and white pixels v and hidden units h share an energy, and p(v, h) = exp(-E(v, h)) / Z. Nobody can sum Z, so the
gradient of log p(v) is estimated: raise the probability of the data, lower that of where a few Gibbs steps lead.

"The guide" is Hinton, *A practical guide to training restricted Boltzmann machines* (2010).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, logsigmoid, softplus
from torch.optim import SGD, Optimizer

from course_lib.data import Batch
from course_lib.errors import CourseError
from course_lib.training import Optimize, Recipe, TrainingConfig, at_least


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Defaults are the guide's, or Tieleman's (2008) for MNIST, unless a comment says otherwise."""

    hidden: int = 500  # hidden units, as Tieleman took for MNIST
    k: int = 1  # Gibbs steps for each update: CD-k
    # Persistent CD (Tieleman): the chains go on from update to update instead of starting at the data. Each process has
    # as many of them as a batch has examples.
    persistent: bool = False
    batch_size: int = 100  # the guide, section 4: 10 to 100
    learning_rate: float = 0.05  # the guide, section 7, names no figure, only updates a thousandth of the weights' size
    momentum: float = 0.5  # the guide, section 9, goes up to 0.9 later
    weight_decay: float = 1e-4  # of the weights alone, not of the biases (the guide, section 10)
    sample_steps: int = 1000  # Gibbs steps from noise to a sample; ours

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "hidden", "k", "sample_steps")
        at_least(self, 0, "weight_decay")
        if not 0 <= self.momentum < 1:
            raise CourseError(f"momentum must lie in [0, 1), not {self.momentum}")


# Reduced, so that one CPU core trains it in seconds; drawing the pictures on the way takes as long.
PRESETS = {"digits": Config(hidden=256, learning_rate=0.2, average=0.99, sample_steps=500)}

ENUMERABLE = 16  # units of the smaller layer up to which all its states are summed over


class RBM(Recipe):
    """E(v, h) = -(b v + c h + h W v), with v in {0, 1}^visible and h in {0, 1}^hidden. `shape` is (C, H, W).

    A grey pixel is taken as the probability of white and drawn anew each time it is looked at.
    """

    averaged = ("weight", "visible_bias", "hidden_bias")  # not the chains: their average is no state

    def __init__(self, config: Config, shape: tuple[int, ...]) -> None:
        super().__init__()
        if len(shape) != 3:
            raise CourseError(f"this Boltzmann machine is for images [C, H, W], not for data of shape {shape}")
        self.config, self.shape = config, shape
        visible = math.prod(shape)
        self.weight = nn.Parameter(0.01 * torch.randn(config.hidden, visible))  # the guide, section 8
        self.visible_bias = nn.Parameter(torch.zeros(visible))  # until `prepare`
        self.hidden_bias = nn.Parameter(torch.zeros(config.hidden))
        if config.persistent:
            self.register_buffer("chains", torch.rand(config.batch_size, visible).round())

    def configure_optimizers(self) -> dict[str, Optimizer]:
        groups = [
            {"params": [self.weight], "weight_decay": self.config.weight_decay},
            {"params": [self.visible_bias, self.hidden_bias]},
        ]
        return {"rbm": SGD(groups, lr=self.config.learning_rate, momentum=self.config.momentum)}

    def prepare(self, batch: Batch) -> None:
        """Each visible bias begins at log p / (1 - p), with p the share of white in that pixel (the guide, section 8),
        one white and one black example added, or a pixel that is always black would begin at minus infinity."""
        white = ((batch.image.flatten(1) + 1) / 2).sum(0)
        self.visible_bias.copy_(torch.logit((white + 1) / (len(batch.image) + 2)))

    def training_step(self, next_batch: Callable[[], Batch], optimize: Optimize) -> dict[str, Tensor]:
        batch = next_batch()
        # The statistics of data and model nearly cancel, and bfloat16 would leave little but its rounding.
        with torch.autocast(self.device.type, enabled=False):
            if self.config.persistent:
                self.chains.copy_(self.gibbs(self.chains, self.config.k))
            return optimize("rbm", self.contrastive_divergence, batch)

    @torch.no_grad()
    def contrastive_divergence(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """An estimate of the gradient of -log p(v), by the names of the parameters, and what to watch.

        Biased where the chains have not forgotten where they started: the reconstructions of CD-k, after k steps.
        """
        data = self.binary(batch.image)
        model = self.chains if self.config.persistent else self.gibbs(data, self.config.k)
        raised, lowered = self.statistics(data), self.statistics(model)
        reconstruction = self.visible_probability(self.hidden_probability(data))
        return {name: lowered[name] - raised[name] for name in raised}, {
            "reconstruction": (reconstruction - data).square().sum(1).mean(),  # falls even where learning goes wrong
            "free_energy_gap": self.free_energy(data).mean() - self.free_energy(model).mean(),
        }

    def statistics(self, v: Tensor) -> dict[str, Tensor]:
        """Means over v [N, visible] of -dE/dparameter given v, by name: of h v, v and h."""
        h = self.hidden_probability(v)
        return {"weight": h.T @ v / len(v), "visible_bias": v.mean(0), "hidden_bias": h.mean(0)}

    def hidden_probability(self, v: Tensor) -> Tensor:
        """p(h_j = 1 | v): [N, visible] -> [N, hidden]."""
        return torch.sigmoid(linear(v, self.weight, self.hidden_bias))

    def visible_probability(self, h: Tensor) -> Tensor:
        """p(v_i = 1 | h): [N, hidden] -> [N, visible]."""
        return torch.sigmoid(linear(h, self.weight.T, self.visible_bias))

    def gibbs(self, v: Tensor, steps: int) -> Tensor:
        """Draw h given v, then v given h, `steps` times: [N, visible] -> [N, visible], 0 or 1."""
        for _ in range(steps):
            h = self.toss(self.hidden_probability(v))
            v = self.toss(self.visible_probability(h))
        return v

    def toss(self, probability: Tensor) -> Tensor:
        """1 with this probability, else 0: [N, units] -> [N, units]."""
        return (self.rand(*probability.shape) < probability).to(probability)

    def binary(self, image: Tensor) -> Tensor:
        """image [N, C, H, W] in [-1, 1] -> v [N, visible], 0 or 1; a grey pixel is tossed."""
        assert image.shape[1:] == self.shape, f"images must be [N, *{self.shape}], not {list(image.shape)}"
        return self.toss((image.flatten(1) + 1) / 2)

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v) = -log of the sum over h of exp(-E(v, h)), in nats (the guide, section 16.1): [N, visible] -> [N]."""
        return -v @ self.visible_bias - softplus(linear(v, self.weight, self.hidden_bias)).sum(1)

    @property
    def enumerable(self) -> bool:
        return min(self.weight.shape) <= ENUMERABLE

    def log_partition(self) -> Tensor:
        """log Z [], exact, by the sum over all states of the smaller layer; the other's sum is in closed form."""
        hidden, visible = self.weight.shape
        units = min(hidden, visible)
        if units > ENUMERABLE:
            raise CourseError(f"2^{units} states are too many to sum over: take a layer of {ENUMERABLE} units or fewer")
        states = (torch.arange(2**units, device=self.device)[:, None] >> torch.arange(units, device=self.device)) & 1
        states = states.to(self.weight)
        if visible <= hidden:
            return torch.logsumexp(-self.free_energy(states), 0)
        given_h = softplus(linear(states, self.weight.T, self.visible_bias)).sum(1)
        return torch.logsumexp(states @ self.hidden_bias + given_h, 0)

    def pseudo_log_likelihood(self, v: Tensor) -> Tensor:
        """The sum over pixels of log p(v_i | all others) in nats: no Z is needed. [N, visible] -> [N].

        It is no bound on log p(v), and mostly far above it.
        """
        field = linear(v, self.weight, self.hidden_bias)
        energy, total = self.free_energy(v), torch.zeros_like(v[:, 0])
        for i, change in enumerate((1 - 2 * v).T):  # pixel i turns to the other colour
            flipped = -v @ self.visible_bias - change * self.visible_bias[i]
            flipped = flipped - softplus(field + change[:, None] * self.weight[:, i]).sum(1)
            total += logsigmoid(flipped - energy)
        return total

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> dict[str, Tensor]:
        """The exact log-likelihood in nats per image where Z can be summed, else the pseudo-log-likelihood."""
        v = self.binary(batch.image)
        if self.enumerable:
            return {"log_likelihood": -self.free_energy(v).mean() - self.log_partition()}
        return {"pseudo_log_likelihood": self.pseudo_log_likelihood(v).mean()}

    @torch.no_grad()
    def sample(self, n: int, z: Tensor | None = None) -> Tensor:
        """n images [n, C, H, W] in [-1, 1], by Gibbs steps from noise: the last step's p(v_i = 1 | h), not tossed.

        z: uniform in [0, 1), [n, visible]; rounded, it is where the chains start.
        """
        z = self.rand(n, self.weight.shape[1]) if z is None else z
        v = self.gibbs(z.round(), self.config.sample_steps - 1)
        h = self.toss(self.hidden_probability(v))
        return 2 * self.visible_probability(h).unflatten(1, self.shape) - 1
