"""What the two players of a generative adversarial network minimise. Chapters: gan, improved_gan.

Everything is computed from logits: with D(x) = sigmoid(l), log D(x) = logsigmoid(l) and log(1 - D(x)) = logsigmoid(-l),
which stay finite and exact, gradients too, where sigmoid(l) has rounded to 0 or 1. Logits are float tensors of any
shape, one number per example, and the expectations are means over them; every loss is [] in nats.
"""

from torch import Tensor
from torch.nn.functional import logsigmoid


def value(real_logit: Tensor, fake_logit: Tensor) -> Tensor:
    """V(D, G) = E_x log D(x) + E_z log(1 - D(G(z))): in (-inf, 0]; D maximises it, G minimises it.

    Source: Goodfellow et al. (2014), equation 1.
    """
    return logsigmoid(real_logit).mean() + logsigmoid(-fake_logit).mean()


def discriminator_loss(real_logit: Tensor, fake_logit: Tensor) -> Tensor:
    """-V(D, G) = -E_x log D(x) - E_z log(1 - D(G(z))): in [0, inf), 2 log 2 where D = 1/2 everywhere.

    The two expectations are *added*, as Algorithm 1 of Goodfellow et al. (2014) ascends V. Goodfellow's tutorial (2016,
    equation 8) writes J^(D) with a factor 1/2 before each: the mean of two cross-entropies, half of what is here.
    """
    return -value(real_logit, fake_logit)


def smoothed_discriminator_loss(
    real_logit: Tensor, fake_logit: Tensor, alpha: float = 1.0, beta: float = 0.0
) -> Tensor:
    """The cross-entropies with target alpha for data and beta for generated examples: in [0, inf).

    -E_x [alpha log D(x) + (1 - alpha) log(1 - D(x))] - E_z [beta log D(G(z)) + (1 - beta) log(1 - D(G(z)))].

    The best D is (alpha p_data + beta p_G) / (p_data + p_G). One-sided smoothing has alpha < 1 and beta = 0; with
    alpha = 1 and beta = 0 it is `discriminator_loss`. Source: Salimans et al. (2016), section 3.4.
    """
    on_real = alpha * logsigmoid(real_logit) + (1 - alpha) * logsigmoid(-real_logit)
    on_fake = beta * logsigmoid(fake_logit) + (1 - beta) * logsigmoid(-fake_logit)
    return -on_real.mean() - on_fake.mean()


def saturating_loss(fake_logit: Tensor) -> Tensor:
    """E_z log(1 - D(G(z))): in (-inf, 0], the part of V that G can change; the zero-sum game.

    Its slope in the logit of each example is -sigmoid(l) / n: it vanishes where D is sure that the example is fake.
    Source: Goodfellow et al. (2014), equation 1 and Algorithm 1.
    """
    return logsigmoid(-fake_logit).mean()


def non_saturating_loss(fake_logit: Tensor) -> Tensor:
    """-E_z log D(G(z)): in [0, inf), what G minimises in practice.

    Its slope in the logit of each example is -(1 - sigmoid(l)) / n: the largest where D is sure that it is fake.
    Source: Goodfellow et al. (2014), section 3, last paragraph.
    """
    return -logsigmoid(fake_logit).mean()
