# attack: steps that do nothing, for tests which ask only that something stays as it was
# status: wrong
# points: 0
# chapter: gan
import torch


def discriminator_step(generator, discriminator, optimizer, real, noise):
    return torch.zeros((), dtype=noise.dtype)


def generator_step(generator, discriminator, optimizer, noise):
    return torch.zeros((), dtype=noise.dtype)
