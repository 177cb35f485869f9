"""A classifier that is a discriminator as well: K + 1 classes, one of them "generated". Chapter: improved_gan.

A softmax does not change when all of its logits are shifted, so the logit of the class "generated" may be fixed at 0.
What is left are the K logits l [N, K] of an ordinary classifier, with Z(x) = sum_k exp(l_k(x)):

    p(y = k | x) = exp(l_k) / (Z + 1),   p(generated | x) = 1 / (Z + 1),   D(x) = Z / (Z + 1) = sigmoid(log Z)

so that log Z is the logit of D, and everything else is in `adversarial`. With K = 1 it is an ordinary discriminator.
Source: Salimans et al. (2016), section 5. Losses are [] in nats.
"""

from torch import Tensor
from torch.nn import functional as F

from course_lib.losses import adversarial


def discriminator_logit(class_logits: Tensor) -> Tensor:
    """log Z(x), the logit of D(x) = Z / (Z + 1): [N, K] -> [N]. Finite whatever the size of the logits."""
    return class_logits.logsumexp(1)


def supervised_loss(class_logits: Tensor, label: Tensor) -> Tensor:
    """-E log p(y | x, y <= K): the cross-entropy among the K real classes, in [0, inf).

    class_logits: [N, K] of labelled images.   label: int64 [N].
    """
    return F.cross_entropy(class_logits, label)


def unsupervised_loss(real_logits: Tensor, fake_logits: Tensor, alpha: float = 1.0, beta: float = 0.0) -> Tensor:
    """-E_x log D(x) - E_z log(1 - D(G(z))): the game's own loss, from class logits [N, K] of both; in [0, inf).

    alpha, beta: targets of real and of generated images where they are smoothed. The authors' code halves it; their
    equation, like this, does not.
    """
    return adversarial.smoothed_discriminator_loss(
        discriminator_logit(real_logits), discriminator_logit(fake_logits), alpha, beta
    )
