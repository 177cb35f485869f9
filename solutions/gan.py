"""Exercises of the chapter *Generative adversarial networks*: what the two players minimise, and how each takes a step.

Write the losses from elementary operations of torch (no torch.nn.functional, no loss classes of torch.nn).
The steps may use the losses. Check yourself with `course check gan`.
"""

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def discriminator_loss(real_logit: Tensor, fake_logit: Tensor) -> Tensor:
    """What the discriminator minimises: -V, from logits, in nats.

    L_D = -E_x log D(x) - E_z log(1 - D(G(z))), with D = sigmoid(logit) and each E a mean over examples.   (eq-loss-d)

    real_logit: [N], of images of the data; fake_logit: [M], of generated ones; M may differ from N.
    Returns [], in [0, inf), of their dtype, differentiable in both. Logits of size 1e4 give exact finite values and
    gradients, and so does a logit of 0.
    """
    # BEGIN SOLUTION
    # log D = -log(1 + e^-l) and log(1 - D) = -log(1 + e^l): logaddexp(0, l) never forms e^l alone.
    surprise_real = torch.logaddexp(torch.zeros_like(real_logit), -real_logit)
    surprise_fake = torch.logaddexp(torch.zeros_like(fake_logit), fake_logit)
    return surprise_real.mean() + surprise_fake.mean()
    # END SOLUTION


def saturating_generator_loss(fake_logit: Tensor) -> Tensor:
    """What the generator minimises in the zero-sum game: the part of V that it can change, in nats.

    L_sat = E_z log(1 - D(G(z))), with D = sigmoid(logit).   (eq-loss-saturating)

    fake_logit: [M].
    Returns [], in (-inf, 0], of its dtype, differentiable; exact and finite for logits of size 1e4, gradients too.
    """
    # BEGIN SOLUTION
    return -torch.logaddexp(torch.zeros_like(fake_logit), fake_logit).mean()
    # END SOLUTION


def non_saturating_generator_loss(fake_logit: Tensor) -> Tensor:
    """What the generator minimises in practice, in nats.

    L_ns = -E_z log D(G(z)), with D = sigmoid(logit).   (eq-loss-non-saturating)

    fake_logit: [M].
    Returns [], in [0, inf), of its dtype, differentiable; exact and finite for logits of size 1e4, gradients too.
    """
    # BEGIN SOLUTION
    return torch.logaddexp(torch.zeros_like(fake_logit), -fake_logit).mean()
    # END SOLUTION


def discriminator_step(
    generator: nn.Module, discriminator: nn.Module, optimizer: Optimizer, real: Tensor, noise: Tensor
) -> Tensor:
    """One step of the discriminator: descend its loss on these real images and on G of this noise.   (eq-step-d)

    generator: noise [M, latent] -> images.   discriminator: images -> logits.   optimizer: holds the discriminator's
    parameters.   real: images [N, ...].   noise: [M, latent].
    Takes exactly one optimizer.step() with the gradient of this loss alone, whatever was in .grad before. The generator
    keeps its parameters, and their .grad, as they were. Both networks stay in the mode that they are in.
    Returns the loss before the step, [].
    """
    # BEGIN SOLUTION
    with torch.no_grad():  # G is a constant here
        fake = generator(noise)
    loss = discriminator_loss(discriminator(real), discriminator(fake))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()
    # END SOLUTION


def generator_step(generator: nn.Module, discriminator: nn.Module, optimizer: Optimizer, noise: Tensor) -> Tensor:
    """One step of the generator: descend its non-saturating loss on G of this noise.   (eq-step-g)

    generator: noise [M, latent] -> images.   discriminator: images -> logits.   optimizer: holds the generator's
    parameters.   noise: [M, latent].
    Takes exactly one optimizer.step() with the gradient of this loss alone, whatever was in .grad before. The gradient
    passes through the discriminator, which keeps its parameters, and their .grad, as they were, and which can still be
    trained afterwards. Both networks stay in the mode that they are in.
    Returns the loss before the step, [].
    """
    # BEGIN SOLUTION
    loss = non_saturating_generator_loss(discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))  # through D, but no .grad is left on D's parameters
    optimizer.step()
    return loss.detach()
    # END SOLUTION
