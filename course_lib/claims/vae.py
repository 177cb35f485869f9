"""What the papers and the notes say of variational autoencoders, measured. Chapter: vae."""

import itertools
from dataclasses import replace

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from course_lib.claims.intervals import above, below
from course_lib.claims.statements import Measurement, Scale, claim, shared_run
from course_lib.data import digits
from course_lib.data.sets import to_float
from course_lib.losses.likelihood import importance_weighted_bound, kl_to_standard_normal
from course_lib.models import gan
from course_lib.models.vae import PRESETS, VAE, Config
from course_lib.training import steps
from course_lib.training.engine import draw

LINEAR = Config(latent=8, depth=0, likelihood="gaussian", learning_rate=5e-3, schedule="cosine")


def trained(config: Config, count: int, seed: int) -> VAE:
    """A VAE after that many steps on the digits, in evaluation mode; the same seed gives the same first weights."""
    data = digits.load()
    torch.manual_seed(seed)
    model = VAE(config, data.shape)
    for _ in steps(model, data, count, seed=seed):
        pass
    return model.eval()


def held_out() -> Tensor:
    """The test digits [N, 1, 8, 8] in [-1, 1]."""
    return to_float(digits.load("test").images)


@torch.no_grad()
def exact_log_likelihood(model: VAE, x: Tensor) -> Tensor:
    """log p(x) of a linear VAE in closed form: x = W z + b + sigma e is Gaussian with covariance W W^T + sigma^2 I.

    x: [N, C, H, W] -> [N], in nats. Source: Tipping and Bishop (1999), section 3.
    """
    (linear,) = model.decoder.net
    covariance = linear.weight @ linear.weight.T + model.log_var.exp() * torch.eye(len(linear.bias))
    return MultivariateNormal(linear.bias.double(), covariance.double()).log_prob(x.flatten(1).double())


def bounds(model: VAE, x: Tensor, sizes: tuple[int, ...], samples: int) -> list[float]:
    """The mean over images of the IWAE bound with k samples, for each k of sizes: k = 1 is the ELBO.

    All are computed from the same `samples` importance weights of each image, cut into groups of k.
    """
    log_weights = model.log_weights(x, samples).double()
    return [importance_weighted_bound(log_weights.unflatten(0, (-1, k)).transpose(0, 1)).mean().item() for k in sizes]


@claim(
    "In order: the ELBO lies below the importance-weighted bounds of 4, 16 and 64 samples, and all lie below log p(x).",
    source="Burda et al. (2016), theorem 1",
    holds=above(0.0),
)
def bounds_in_order(seed: int, scale: Scale) -> Measurement:
    """The smallest step of the ladder ELBO, IWAE of 4, 16, 64 samples, exact log p(x), in nats per held-out digit, for
    a linear VAE whose encoder is half trained (300 steps); log p(x) is in closed form."""
    sizes = (1, 4, 16, 64)
    model = trained(replace(LINEAR, schedule="constant", learning_rate=2e-3), scale(300), seed)
    x = held_out()
    ladder = [*bounds(model, x, sizes, scale(1024, least=64)), exact_log_likelihood(model, x).mean().item()]
    gaps = [b - a for a, b in itertools.pairwise(ladder)]
    names = ("ELBO", "IWAE 4", "IWAE 16", "IWAE 64", "exact")
    return Measurement(min(gaps), arms=dict(zip(names, ladder, strict=True)))


@claim(
    "A linear VAE's bound becomes exact: trained to the end, its ELBO lies within 0.1 nats of log p(x).",
    source="Lucas et al. (2019), on linear VAEs",
    holds=below(0.1),
)
def linear_bound_is_tight(seed: int, scale: Scale) -> Measurement:
    """log p(x) in closed form less the ELBO, mean over held-out digits in nats, for linear encoder and decoder after
    3,000 steps."""
    model, x = trained(LINEAR, scale(3000), seed), held_out()
    exact = exact_log_likelihood(model, x).mean().item()
    (elbo,) = bounds(model, x, (1,), 256)
    return Measurement(exact - elbo, arms={"ELBO": elbo, "exact": exact})


def active_units(model: VAE, x: Tensor) -> int:
    """How many latents say something of the image: the variance over images of their means exceeds 0.01.

    Source: Burda et al. (2016), section 5.2.
    """
    with torch.no_grad():
        return int((model.encoder(x)[0].var(0) > 0.01).sum())


BETAS = (0.25, 1.0, 4.0, 16.0)


@shared_run
def beta_run(seed: int, scale: Scale, beta: float) -> VAE:
    """The preset for digits with another weight on the divergence, after 1,000 steps."""
    return trained(replace(PRESETS["digits"], beta=beta), scale(1000), seed)


@claim(
    "A heavier divergence collapses units: fewer of the 16 are active at beta = 4 than at beta = 1.",
    source="Burda et al. (2016), section 5.2; Higgins et al. (2017), section 2",
    holds=above(0.0),
)
def units_collapse(seed: int, scale: Scale) -> Measurement:
    """Units active at beta = 1 less those active at beta = 4 (variance over test digits of their means above 0.01)."""
    x = held_out()
    models = [beta_run(seed, scale, beta) for beta in BETAS]
    active = [active_units(model, x) for model in models]
    with torch.no_grad():
        divergence = [kl_to_standard_normal(*model.encoder(x)).mean(0).sort(descending=True).values for model in models]
        error = [((model.reconstruct(x) - x) ** 2).mean() for model in models]
    return Measurement(
        active[1] - active[2],
        arms={f"beta = {beta:g}": count for beta, count in zip(BETAS, active, strict=True)},
        series={"beta": BETAS, "kl by unit": torch.stack(divergence), "error": torch.stack(error)},
    )


def edges(images: Tensor) -> float:
    """Mean squared difference of neighbouring pixels: falls when images are blurred. [N, C, H, W] -> a number."""
    across, down = images.diff(dim=3), images.diff(dim=2)
    return ((across**2).mean() + (down**2).mean()).item() / 2


@claim(
    "A VAE's samples are blurrier than those of a GAN whose generator has layers of the same widths.",
    source="Introduction to generative models (slides), VAE results; Larsen et al. (2016), section 1",
    holds=below(1.0),
    scale="log",
)
def blurrier_than_a_gan(seed: int, scale: Scale) -> Measurement:
    """Mean squared difference of neighbouring pixels in a VAE's samples (means of p(x | z)) over that in a GAN's, both
    after 1,500 steps on digits, with generators of 32, 256, 256 and 64 units. The arms are relative to the data's."""
    data, size = digits.load(), gan.PRESETS["digits"]
    torch.manual_seed(seed)
    adversarial = gan.GAN(size, data.shape)
    for _ in steps(adversarial, data, scale(1500), seed=seed):
        pass
    config = replace(PRESETS["digits"], latent=size.latent, hidden=size.hidden, depth=2)
    model, x = trained(config, scale(1500), seed), to_float(data.images)
    assert [p.shape for p in model.decoder.parameters()] == [p.shape for p in adversarial.generator.parameters()]
    samples = draw(model, 2000, seed)
    noisy = samples + (model.log_var / 2).exp().detach() * torch.randn(samples.shape)
    kinds = {"GAN": draw(adversarial, 2000, seed), "VAE": samples, "VAE, pixels drawn": noisy,
             "VAE, reconstructions": model.reconstruct(x)}  # fmt: skip
    arms = {name: edges(images) / edges(x) for name, images in kinds.items()}
    return Measurement(arms["VAE"] / arms["GAN"], arms=arms)


ARMS = {"neither": (False, 0.0), "noise": (True, 0.0), "divergence": (False, 1.0), "both": (True, 1.0)}


@claim(
    "With as many latents as pixels, noise and divergence together still lose information, and neither does alone: the "
    "error with both is more than twice that with either.",
    source="Introduction to generative models (slides), VAE loss function, which blames the dimension of z",
    holds=above(2.0),
    scale="log",
)
def only_together_they_lose(seed: int, scale: Scale) -> Measurement:
    """Mean squared error of held-out digits, each decoded from a code of 64 numbers, with noise and divergence, over
    the larger of the errors with noise alone and with the divergence alone; after 1,500 steps."""
    data, x = digits.load(), held_out()
    errors = {}
    for name, (noisy, beta) in ARMS.items():
        torch.manual_seed(seed)  # the same first weights in all arms
        model = VAE(replace(PRESETS["digits"], latent=64), data.shape)
        optimizer, random = model.configure_optimizers()["vae"], torch.Generator().manual_seed(seed)

        def code(images: Tensor, model: VAE = model, noisy: bool = noisy) -> tuple[Tensor, Tensor]:
            mu, log_var = model.encoder(images)
            z = model.reparameterize(mu, log_var, 1)[0] if noisy else mu
            return z, kl_to_standard_normal(mu, log_var).sum(1)

        for _ in range(scale(1500)):
            batch = data.batch(100, random).image
            z, divergence = code(batch)
            loss = (beta * divergence - model.log_likelihood(batch, z)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            errors[name] = ((model.decoder(code(x)[0]) - x) ** 2).mean().item()
    return Measurement(errors["both"] / max(errors["noise"], errors["divergence"]), arms=errors)


def gradient_estimates(model: VAE, x: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """Single-sample estimates of the gradient in mu of E_q log p(x | z): by the path and by the score function.

    x: [N, C, H, W].  Returns two tensors [samples, N, latent] with one expectation.
    """
    with torch.no_grad():
        mu, log_var = model.encoder(x)
        z = model.reparameterize(mu, log_var, samples)
    leaf = z.clone().requires_grad_()
    value = model.log_likelihood(x, leaf)
    (path,) = torch.autograd.grad(value.sum(), leaf)  # dz/dmu = 1
    score = value.detach()[..., None] * (z - mu) * torch.exp(-log_var)
    return path, score


@claim(
    "Throughout training, the gradient along the sample's path has less than a hundredth of the variance of the score "
    "function's.",
    source="Kingma and Welling (2014), section 2.2",
    holds=below(0.01),
    scale="log",
)
def path_gradient_varies_less(seed: int, scale: Scale) -> Measurement:
    """Variance of the single-sample gradient of the log-likelihood in mu, summed over latents and averaged over 100
    digits, by the path over that by the score function: the largest ratio met at six points of the preset's 1,000
    steps."""
    data = digits.load()
    x = data.batch(100, torch.Generator().manual_seed(seed)).image
    model = VAE(PRESETS["digits"], data.shape)
    looks = [scale(step) if step else 0 for step in (0, 100, 200, 400, 700, 1000)]
    ratios = [_ratio_of_variances(model, x)]
    for step, _ in steps(model, data, looks[-1], seed=seed):
        if step in looks:
            ratios.append(_ratio_of_variances(model, x))
    return Measurement(
        max(ratios), arms={"start": ratios[0], "end": ratios[-1]}, series={"step": looks, "ratio": ratios}
    )


def _ratio_of_variances(model: VAE, x: Tensor) -> float:
    path, score = gradient_estimates(model, x, 200)
    return (path.var(0).sum() / score.var(0).sum()).item()
