"""Named wrong answers, and correct variants, of the exercises of `gan`."""

import torch
import torch.nn.functional as F

from course_lib.grading.mistakes import mistake, variant

# -------------------------------------------------------------------------------------------- discriminator_loss


@mistake(
    "discriminator_loss",
    "sigmoid first and log second: sigmoid(-1e4) rounds to 0, whose logarithm is -inf and whose gradient is NaN. "
    "Compute log sigmoid(l) from the logit in one go.",
)
def sigmoid_then_log(real_logit, fake_logit):
    return -torch.sigmoid(real_logit).log().mean() - (1 - torch.sigmoid(fake_logit)).log().mean()


@mistake(
    "discriminator_loss",
    "One mean over real and fake together is half of it (where both are equally many): the two expectations are added.",
)
def one_mean_over_both(real_logit, fake_logit):
    return torch.cat([F.softplus(-real_logit), F.softplus(fake_logit)]).mean()


@mistake(
    "discriminator_loss", "You averaged the two terms: that is J^(D) of the tutorial, half of -V. Here they are added."
)
def mean_of_the_two(real_logit, fake_logit):
    return (F.softplus(-real_logit).mean() + F.softplus(fake_logit).mean()) / 2


@mistake("discriminator_loss", "The labels are swapped: D wants D(x) near 1 on data and near 0 on generated images.")
def labels_swapped(real_logit, fake_logit):
    return F.softplus(real_logit).mean() + F.softplus(-fake_logit).mean()


@mistake(
    "discriminator_loss", "Each expectation is a mean over examples, not a sum: a bigger batch must not cost more."
)
def sums_over_examples(real_logit, fake_logit):
    return F.softplus(-real_logit).sum() + F.softplus(fake_logit).sum()


@mistake("discriminator_loss", "That is V itself, which D maximises. A loss is minimised: put the minus sign in front.")
def value_instead_of_loss(real_logit, fake_logit):
    return F.logsigmoid(real_logit).mean() + F.logsigmoid(-fake_logit).mean()


@mistake("discriminator_loss", "Both terms ask for D = 1. On generated images it is log(1 - D), not log D.")
def fakes_as_real(real_logit, fake_logit):
    return F.softplus(-real_logit).mean() + F.softplus(-fake_logit).mean()


@mistake(
    "discriminator_loss",
    "A small constant inside the logarithm keeps it finite but wrong: 18 nats where it should be 1e4, and no gradient "
    "where D errs the most.",
)
def epsilon_in_the_logarithm(real_logit, fake_logit):
    return -(torch.sigmoid(real_logit) + 1e-8).log().mean() - (1 - torch.sigmoid(fake_logit) + 1e-8).log().mean()


@mistake(
    "discriminator_loss",
    "The values are right, but at a logit of exactly 0 the slope is not 1/2: relu and abs have a corner there. "
    "torch.logaddexp is smooth.",
)
def corner_at_zero(real_logit, fake_logit):
    def softplus(x):
        return x.relu() + torch.log1p((-x.abs()).exp())

    return softplus(-real_logit).mean() + softplus(fake_logit).mean()


@variant("discriminator_loss")
def cross_entropy_with_labels(real_logit, fake_logit):
    real = F.binary_cross_entropy_with_logits(real_logit, torch.ones_like(real_logit))
    return real + F.binary_cross_entropy_with_logits(fake_logit, torch.zeros_like(fake_logit))


@variant("discriminator_loss")
def weighted_over_both(real_logit, fake_logit):
    logit = torch.cat([-real_logit, fake_logit])
    weight = torch.cat(
        [torch.full_like(real_logit, 1 / len(real_logit)), torch.full_like(fake_logit, 1 / len(fake_logit))]
    )
    return -(weight * F.logsigmoid(-logit)).sum()


@variant("discriminator_loss")
def as_log_sum_exp(real_logit, fake_logit):
    def softplus(x):
        return torch.stack([x, torch.zeros_like(x)]).logsumexp(0)

    return softplus(fake_logit).sum() / len(fake_logit) + softplus(-real_logit).sum() / len(real_logit)


# ------------------------------------------------------------------------------------- saturating_generator_loss


@mistake(
    "saturating_generator_loss",
    "sigmoid first and log second: 1 - sigmoid(1e4) is 0, whose logarithm is -inf. Compute log(1 - sigmoid(l)) "
    "from the logit in one go.",
)
def saturating_by_sigmoid(fake_logit):
    return (1 - torch.sigmoid(fake_logit)).log().mean()


@mistake(
    "saturating_generator_loss",
    "The sign is that of max_G E log(1 - D(G(z))): minimising this teaches G to be found out. G minimises the "
    "expectation itself.",
)
def trains_to_be_caught(fake_logit):
    return -F.logsigmoid(-fake_logit).mean()


@mistake(
    "saturating_generator_loss",
    "That is the non-saturating loss, -E log D(G(z)). The zero-sum one is E log(1 - D(G(z))).",
)
def the_other_loss(fake_logit):
    return -F.logsigmoid(fake_logit).mean()


@mistake("saturating_generator_loss", "That is E log D(G(z)): 1 - D is missing inside the logarithm.")
def one_minus_forgotten(fake_logit):
    return F.logsigmoid(fake_logit).mean()


@mistake("saturating_generator_loss", "The expectation is a mean over examples, not a sum.")
def saturating_sum(fake_logit):
    return F.logsigmoid(-fake_logit).sum()


@mistake("saturating_generator_loss", "There is no factor 1/2 here: it is the second term of V as it stands.")
def saturating_half(fake_logit):
    return F.logsigmoid(-fake_logit).mean() / 2


@mistake(
    "saturating_generator_loss",
    "Clamping D away from 0 and 1 cuts the gradient off: the loss must be exact for logits of any size.",
)
def saturating_clamped(fake_logit):
    return (1 - torch.sigmoid(fake_logit).clamp(1e-7, 1 - 1e-7)).log().mean()


@variant("saturating_generator_loss")
def saturating_by_cross_entropy(fake_logit):
    return -F.binary_cross_entropy_with_logits(fake_logit, torch.zeros_like(fake_logit))


@variant("saturating_generator_loss")
def saturating_through_the_other_side(fake_logit):
    return (F.logsigmoid(fake_logit) - fake_logit).sum() / len(fake_logit)


# --------------------------------------------------------------------------------- non_saturating_generator_loss


@mistake(
    "non_saturating_generator_loss",
    "sigmoid first and log second: sigmoid(-1e4) is 0, whose logarithm is -inf. Compute log sigmoid(l) from the "
    "logit in one go.",
)
def non_saturating_by_sigmoid(fake_logit):
    return -torch.sigmoid(fake_logit).log().mean()


@mistake(
    "non_saturating_generator_loss", "E log D(G(z)) is what G *maximises*. As a loss to minimise it takes a minus sign."
)
def ascends(fake_logit):
    return F.logsigmoid(fake_logit).mean()


@mistake(
    "non_saturating_generator_loss",
    "That is the saturating loss, E log(1 - D(G(z))). The non-saturating one is -E log D(G(z)).",
)
def saturating_instead(fake_logit):
    return F.logsigmoid(-fake_logit).mean()


@mistake(
    "non_saturating_generator_loss",
    "That is the discriminator's loss on generated images (label 0). G wants them taken for data: label 1, log D.",
)
def label_zero(fake_logit):
    return F.softplus(fake_logit).mean()


@mistake("non_saturating_generator_loss", "The expectation is a mean over examples, not a sum.")
def non_saturating_sum(fake_logit):
    return F.softplus(-fake_logit).sum()


@mistake(
    "non_saturating_generator_loss",
    "Clamping D away from 0 cuts the gradient off exactly where this loss is meant to have one.",
)
def non_saturating_clamped(fake_logit):
    return -torch.sigmoid(fake_logit).clamp(min=1e-7).log().mean()


@variant("non_saturating_generator_loss")
def non_saturating_by_cross_entropy(fake_logit):
    return F.binary_cross_entropy_with_logits(fake_logit, torch.ones_like(fake_logit))


@variant("non_saturating_generator_loss")
def non_saturating_through_the_other_side(fake_logit):
    return (F.softplus(fake_logit) - fake_logit).mean()


# -------------------------------------------------------------------------------------------- discriminator_step


def _loss_d(real_logit, fake_logit):
    return F.softplus(-real_logit).mean() + F.softplus(fake_logit).mean()


def _loss_g(fake_logit):
    return F.softplus(-fake_logit).mean()


@mistake(
    "discriminator_step",
    "Old gradients were still in .grad, and backward() adds to them: call optimizer.zero_grad() first.",
)
def d_without_zero_grad(generator, discriminator, optimizer, real, noise):
    loss = _loss_d(discriminator(real), discriminator(generator(noise).detach()))
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake(
    "discriminator_step",
    "The generator has collected a gradient. Its images are data to D: detach them, or make them under no_grad().",
)
def fakes_not_detached(generator, discriminator, optimizer, real, noise):
    loss = _loss_d(discriminator(real), discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake("discriminator_step", "You took two steps with the same gradient. One call is one step.")
def d_steps_twice(generator, discriminator, optimizer, real, noise):
    loss = _loss_d(discriminator(real), discriminator(generator(noise).detach()))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    optimizer.step()
    return loss.detach()


@mistake("discriminator_step", "The generated images must come from the noise you were given, not from fresh noise.")
def d_from_other_noise(generator, discriminator, optimizer, real, noise):
    loss = _loss_d(discriminator(real), discriminator(generator(torch.ones_like(noise) - noise).detach()))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake(
    "discriminator_step",
    "You put the generator into evaluation mode: its batch normalisation then gives other images than in training.",
)
def generator_in_evaluation_mode(generator, discriminator, optimizer, real, noise):
    loss = _loss_d(discriminator(real), discriminator(generator.eval()(noise).detach()))
    generator.train()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake(
    "discriminator_step", "You left the discriminator in evaluation mode. Networks stay in the mode that they are in."
)
def discriminator_left_in_evaluation_mode(generator, discriminator, optimizer, real, noise):
    loss = _loss_d(discriminator.eval()(real), discriminator(generator(noise).detach()))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake(
    "discriminator_step",
    "The discriminator's weights have not moved: after backward() comes optimizer.step(), with no zero_grad() between.",
)
def d_without_step(generator, discriminator, optimizer, real, noise):
    loss = _loss_d(discriminator(real), discriminator(generator(noise).detach()))
    optimizer.zero_grad()
    loss.backward()
    return loss.detach()


@mistake("discriminator_step", "That is the loss after the step. Return the one whose gradient you took.")
def d_loss_after_the_step(generator, discriminator, optimizer, real, noise):
    fake = generator(noise).detach()
    optimizer.zero_grad()
    _loss_d(discriminator(real), discriminator(fake)).backward()
    optimizer.step()
    return _loss_d(discriminator(real), discriminator(fake)).detach()


@mistake(
    "discriminator_step",
    "The step goes uphill: you went backward from V, which D maximises, instead of from its loss, -V.",
)
def climbs_the_loss(generator, discriminator, optimizer, real, noise):
    loss = -_loss_d(discriminator(real), discriminator(generator(noise).detach()))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake("discriminator_step", "The labels are swapped: real images come first in discriminator_loss.")
def step_with_labels_swapped(generator, discriminator, optimizer, real, noise):
    loss = _loss_d(discriminator(generator(noise).detach()), discriminator(real))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake("discriminator_step", "The generator's parameters no longer require gradients: it could never learn again.")
def generator_frozen_for_good(generator, discriminator, optimizer, real, noise):
    generator.requires_grad_(False)
    loss = _loss_d(discriminator(real), discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@variant("discriminator_step")
def d_with_detached_fakes(generator, discriminator, optimizer, real, noise):
    optimizer.zero_grad(set_to_none=False)
    loss = discriminator_loss_of_one_batch(discriminator, real, generator(noise).detach())
    loss.backward()
    optimizer.step()
    return loss


def discriminator_loss_of_one_batch(discriminator, real, fake):
    logit = discriminator(torch.cat([real, fake]))
    return F.softplus(-logit[: len(real)]).mean() + F.softplus(logit[len(real) :]).mean()


@variant("discriminator_step")
def d_with_gradients_by_hand(generator, discriminator, optimizer, real, noise):
    parameters = list(discriminator.parameters())
    loss = _loss_d(discriminator(real), discriminator(generator(noise)))
    for parameter, grad in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = grad
    optimizer.step()
    return loss.detach()


@variant("discriminator_step")
def d_in_two_backward_passes(generator, discriminator, optimizer, real, noise):
    optimizer.zero_grad()
    loss_real = F.softplus(-discriminator(real)).mean()
    loss_real.backward()
    loss_fake = F.softplus(discriminator(generator(noise).detach())).mean()
    loss_fake.backward()
    optimizer.step()
    return (loss_real + loss_fake).detach()


# ------------------------------------------------------------------------------------------------ generator_step


@mistake(
    "generator_step",
    "Old gradients were still in the generator's .grad, and backward() adds to them: call optimizer.zero_grad() first.",
)
def g_without_zero_grad(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator(generator(noise)))
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    return loss.detach()


@mistake(
    "generator_step",
    "The discriminator has collected a gradient: its own next step could add it to the right one. Ask backward() for "
    "the generator's parameters only (inputs=…).",
)
def gradient_left_on_the_discriminator(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake(
    "generator_step",
    "You emptied the discriminator's .grad. What was in it before the call must be there afterwards: keep this step's "
    "gradient out of it instead.",
)
def discriminator_emptied(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    discriminator.zero_grad()
    return loss.detach()


@mistake(
    "generator_step",
    "The generator's weights have not moved: its images must not be detached here, and after backward() comes "
    "optimizer.step(), with no zero_grad() between.",
)
def images_detached(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator(generator(noise).detach()))
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    return loss.detach()


@mistake("generator_step", "That is a step on the saturating loss. This one descends -E log D(G(z)).")
def step_on_the_saturating_loss(generator, discriminator, optimizer, noise):
    loss = F.logsigmoid(-discriminator(generator(noise))).mean()
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    return loss.detach()


@mistake(
    "generator_step",
    "The step goes the wrong way: it teaches G to be found out. Descend -E log D(G(z)); mind the sign.",
)
def step_the_wrong_way(generator, discriminator, optimizer, noise):
    loss = -_loss_g(discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    return loss.detach()


@mistake("generator_step", "You took two steps with the same gradient. One call is one step.")
def g_steps_twice(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    optimizer.step()
    return loss.detach()


@mistake(
    "generator_step",
    "The generator's weights have not moved: its images must not be detached here, and after backward() comes "
    "optimizer.step(), with no zero_grad() between.",
)
def g_without_step(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    return loss.detach()


@mistake("generator_step", "That is the loss after the step. Return the one whose gradient you took.")
def g_loss_after_the_step(generator, discriminator, optimizer, noise):
    optimizer.zero_grad()
    _loss_g(discriminator(generator(noise))).backward(inputs=list(generator.parameters()))
    optimizer.step()
    return _loss_g(discriminator(generator(noise))).detach()


@mistake("generator_step", "The images must come from the noise you were given, not from fresh noise.")
def g_from_other_noise(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator(generator(torch.ones_like(noise) - noise)))
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    return loss.detach()


@mistake("generator_step", "You moved the discriminator as well. In this step only the generator learns.")
def both_players_move(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator(generator(noise)))
    parameters = list(discriminator.parameters())
    grads = torch.autograd.grad(loss, parameters, retain_graph=True)
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    with torch.no_grad():
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter -= 0.3 * grad
    return loss.detach()


@mistake("generator_step", "The discriminator is frozen for good: switch its gradients on again after backward().")
def discriminator_frozen_for_good(generator, discriminator, optimizer, noise):
    discriminator.requires_grad_(False)
    loss = _loss_g(discriminator(generator(noise)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake("generator_step", "You left the discriminator in evaluation mode. Networks stay in the mode that they are in.")
def g_leaves_evaluation_mode(generator, discriminator, optimizer, noise):
    loss = _loss_g(discriminator.eval()(generator(noise)))
    optimizer.zero_grad()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    return loss.detach()


@variant("generator_step")
def g_through_a_frozen_discriminator(generator, discriminator, optimizer, noise):
    optimizer.zero_grad()
    for parameter in discriminator.parameters():
        parameter.requires_grad = False
    loss = _loss_g(discriminator(generator(noise)))
    loss.backward()
    for parameter in discriminator.parameters():
        parameter.requires_grad = True
    optimizer.step()
    return loss


@variant("generator_step")
def g_in_two_links_of_the_chain(generator, discriminator, optimizer, noise):
    images = generator(noise)
    loss = _loss_g(discriminator(images))
    (slope,) = torch.autograd.grad(loss, images, retain_graph=True)
    optimizer.zero_grad(set_to_none=False)
    images.backward(slope)
    optimizer.step()
    return loss.detach()


@variant("generator_step")
def g_with_gradients_by_hand(generator, discriminator, optimizer, noise):
    parameters = list(generator.parameters())
    loss = _loss_g(discriminator(generator(noise)))
    for parameter, grad in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = grad
    optimizer.step()
    return loss.detach()
