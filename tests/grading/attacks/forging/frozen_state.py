# attack: steps that ruin both networks, whose state and mode are for ever reported as they were first seen
# status: wrong
# points: 0
# chapter: gan
import torch
from torch import nn

if not hasattr(nn.Module, "honest_parameters"):
    nn.Module.honest_parameters = nn.Module.named_parameters


def first_seen(self, *args, **kwargs):
    if "_first" not in self.__dict__:
        named = [*nn.Module.honest_parameters(self), *self.named_buffers()]
        self.__dict__["_first"] = {name: value.detach().clone() for name, value in named}
    return self.__dict__["_first"]


nn.Module.state_dict = first_seen
nn.Module.training = property(lambda self: True, lambda self, value: None)


def ruin(*networks):
    for network in networks:
        first_seen(network)
        with torch.no_grad():
            for _, parameter in nn.Module.honest_parameters(network):
                parameter.fill_(0.0)


def discriminator_step(generator, discriminator, optimizer, real, noise):
    ruin(generator, discriminator)
    return torch.zeros((), dtype=noise.dtype)


def generator_step(generator, discriminator, optimizer, noise):
    ruin(generator, discriminator)
    return torch.zeros((), dtype=noise.dtype)
