"""What the two players of a generative adversarial network minimise. Chapter: gan.

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
