"""What the engine costs, how fast each system trains, how long a checkpoint takes. Run by `make bench`."""

import statistics
import time
from dataclasses import replace

import pytest
import torch

from course_lib import data, models
from course_lib.losses import adversarial
from course_lib.training import Engine, checkpoints, frozen, train
from course_lib.training.engine import draw

STEPS = 20  # in a round


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def _recipe(name, set_name="digits", **options):
    module = models.load(name)
    data_set = data.load(set_name, **options)
    config = module.PRESETS.get(set_name, module.Config())
    return models.recipe_class(module).build(config, data_set), data_set


def _bare_gan(model, data_set):
    """The same algorithm, written out: what a reader of the paper would write, and nothing beside it."""
    optimizers = model.configure_optimizers()
    random = torch.Generator().manual_seed(0)
    n = model.config.batch_size

    def step():
        real = data_set.batch(n, random).image
        with torch.no_grad():
            fake = model.generator(torch.randn(n, model.config.latent))
        loss = adversarial.discriminator_loss(model.discriminator(real), model.discriminator(fake))
        optimizers["discriminator"].zero_grad()
        loss.backward()
        optimizers["discriminator"].step()
        with frozen(model.discriminator):
            logit = model.discriminator(model.generator(torch.randn(n, model.config.latent)))
        loss = adversarial.non_saturating_loss(logit)
        optimizers["generator"].zero_grad()
        loss.backward()
        optimizers["generator"].step()

    return step


def _bare_vae(model, data_set):
    optimizer = model.configure_optimizers()["vae"]
    random = torch.Generator().manual_seed(0)

    def step():
        loss, _ = model.loss(data_set.batch(model.config.batch_size, random))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


@pytest.mark.parametrize(("name", "bare"), [("gan", _bare_gan), ("vae", _bare_vae)])
def bench_engine_overhead(benchmark, name, bare):
    """Median over pairs of rounds, taken in turns, of the time on the processor."""
    recipe, data_set = _recipe(name)
    bare_step = bare(*_recipe(name))
    engine = Engine(recipe, data_set)

    def timed(step):
        began = time.process_time()  # of this process alone, whatever else the machine does
        for _ in range(STEPS):
            step()
        return time.process_time() - began

    timed(bare_step), timed(engine.step)
    pairs = []
    for i in range(60):  # who comes first must not matter
        first, second = (bare_step, engine.step) if i % 2 else (engine.step, bare_step)
        one, two = timed(first), timed(second)
        pairs.append((one, two) if i % 2 else (two, one))
    engine.check()
    ratio = statistics.median(whole / alone for alone, whole in pairs)
    benchmark.extra_info.update(
        what=f"engine overhead, {name} on digits", value=f"{100 * (ratio - 1):+.1f}%",
        note=f"a bare step takes {statistics.median(alone for alone, _ in pairs) / STEPS * 1e3:.2f} ms",
    )  # fmt: skip
    benchmark.pedantic(timed, args=(engine.step,), rounds=1)


SYSTEMS = [
    *((name, "digits", {}) for name in models.names()),
    ("gan", "avatars", {"size": 32, "count": 512}),
    ("vae", "avatars", {"size": 32, "count": 512}),
]


@pytest.mark.parametrize(("name", "set_name", "options"), SYSTEMS, ids=[f"{a}-{b}" for a, b, _ in SYSTEMS])
def bench_training_step(benchmark, name, set_name, options):
    recipe, data_set = _recipe(name, set_name, **options)
    engine = Engine(recipe, data_set)
    benchmark.pedantic(engine.step, rounds=20, warmup_rounds=3)
    engine.check()
    rate = recipe.config.batch_size / benchmark.stats.stats.median
    shape = "x".join(map(str, data_set.shape))
    benchmark.extra_info.update(
        what=f"training, {name} on {set_name} ({shape})", value=f"{rate:,.0f} images/s",
        note=f"batch of {recipe.config.batch_size}, {sum(p.numel() for p in recipe.parameters()):,} parameters",
    )  # fmt: skip


@pytest.mark.parametrize("name", models.names())
def bench_sampling(benchmark, name):
    recipe, _ = _recipe(name)
    benchmark.pedantic(draw, args=(recipe, 64), rounds=3, warmup_rounds=1)
    benchmark.extra_info.update(
        what=f"sampling, {name} on digits", value=f"{64 / benchmark.stats.stats.median:,.0f} images/s"
    )


def _trained():
    recipe, data_set = _recipe("gan")
    recipe.config = replace(recipe.config, average=0.999)
    engine = Engine(recipe, data_set)
    engine.step()
    return engine


def bench_checkpoint(benchmark, tmp_path):
    engine = _trained()
    benchmark.pedantic(lambda: checkpoints.save_checkpoint(tmp_path, 1, *engine.state()), rounds=10, warmup_rounds=1)
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    benchmark.extra_info.update(
        what="writing a checkpoint, gan on digits", value=f"{benchmark.stats.stats.median * 1e3:,.0f} ms",
        note=f"{size / 2**20:.1f} MiB, on the disk",
    )  # fmt: skip


def bench_resume(benchmark, tmp_path):
    engine = _trained()
    checkpoints.save_checkpoint(tmp_path, 1, *engine.state())

    def resume():
        found = checkpoints.newest(tmp_path)
        engine.load_state(found.tensors, found.groups, found.step)

    benchmark.pedantic(resume, rounds=10, warmup_rounds=1)
    benchmark.extra_info.update(
        what="reading it back", value=f"{benchmark.stats.stats.median * 1e3:,.0f} ms", note="checksums included"
    )


def bench_run_directory(benchmark, tmp_path):
    """All that `train` adds to the steps themselves, as it stands by default: metrics, samples, checkpoints."""
    steps = 400
    recipe, data_set = _recipe("gan")
    engine = Engine(recipe, data_set)
    for _ in range(20):
        engine.step()
    began = time.process_time()
    for _ in range(steps):
        engine.step()
    alone = time.process_time() - began
    began = time.process_time()
    benchmark.pedantic(lambda: train(_recipe("gan")[0], data_set, tmp_path, steps=steps), rounds=1)
    whole = time.process_time() - began
    benchmark.extra_info.update(
        what=f"a run directory, gan on digits, {steps} steps", value=f"{100 * (whole / alone - 1):+.0f}%",
        note="logs every 50 steps; samples and checkpoints every 200, and at both ends",
    )  # fmt: skip
