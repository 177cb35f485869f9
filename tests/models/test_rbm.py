"""The Boltzmann machine against sums over all of its states, and autograd of the exact log-likelihood."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from course_lib import data, models
from course_lib.errors import CourseError
from course_lib.models.rbm import PRESETS, RBM, Config
from course_lib.training import Engine, steps, train
from course_lib.training.engine import draw

SHAPE = (1, 2, 2)
IMAGES = torch.tensor([[1, 1, 1, -1], [1, 1, -1, -1], [-1, -1, 1, 1], [-1, 1, -1, 1]]).float().view(4, *SHAPE)


def _model(shape=SHAPE, hidden=3, spread=1.5, **changes) -> RBM:
    """A small machine with weights far enough from 0 that its units depend on each other."""
    torch.manual_seed(0)
    model = RBM(Config(**{"hidden": hidden, "batch_size": 4, "sample_steps": 20, **changes}), shape)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, spread)
    return model


def _states(units: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=units)))


def _joint(model) -> torch.Tensor:
    """p(v, h) of every pair of states, float64 [2^visible, 2^hidden], by nothing but the energy."""
    weight, b, c = (parameter.detach().double() for parameter in model.parameters())
    v, h = _states(weight.shape[1]).double(), _states(weight.shape[0]).double()
    energy = -(v @ b)[:, None] - (h @ c)[None] - v @ weight.T @ h.T
    return torch.softmax(-energy.flatten(), 0).view_as(energy)


def _log_partition(model) -> float:
    weight, b, c = (parameter.detach().double().numpy() for parameter in model.parameters())
    return math.log(
        sum(
            math.exp(b @ v + c @ h + h @ weight @ v)
            for v in _states(weight.shape[1]).numpy()
            for h in _states(weight.shape[0]).numpy()
        )
    )


def _kernel(model) -> torch.Tensor:
    """Where one Gibbs step leads: p(v' | v) = sum over h of p(h | v) p(v' | h), [2^visible, 2^visible]."""
    joint = _joint(model)
    return (joint / joint.sum(1, keepdim=True)) @ (joint / joint.sum(0)).T


def _exact_gradient(model, image) -> dict[str, torch.Tensor]:
    """Of the mean of -log p(v), by autograd through the sum over all states."""
    v, states = ((image.flatten(1) + 1) / 2), _states(image[0].numel())
    loss = (model.free_energy(v) + torch.logsumexp(-model.free_energy(states), 0)).mean()
    names = [name for name, _ in model.named_parameters()]
    return dict(zip(names, torch.autograd.grad(loss, list(model.parameters())), strict=True))


def _flat(gradients) -> torch.Tensor:
    return torch.cat([gradients[name].detach().flatten() for name in ("weight", "visible_bias", "hidden_bias")])


def _chi_square(v, probability) -> float:
    """How well states v [n, visible] agree with probabilities [2^visible]; those too rare to count are pooled."""
    visible = v.shape[1]
    counts = np.bincount((v @ 2.0 ** torch.arange(visible - 1, -1, -1)).long(), minlength=2**visible)
    expected = len(v) * probability.numpy() / probability.sum().item()
    common = expected >= 10
    if common.all():
        return stats.chisquare(counts, expected).pvalue
    observed = np.append(counts[common], counts[~common].sum())
    return stats.chisquare(observed, np.append(expected[common], expected[~common].sum())).pvalue


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 4, 5)])
def test_shapes(shape):
    model = _model(shape, hidden=7)
    images = model.sample(5)
    assert images.shape == (5, *shape)
    assert images.abs().max() <= 1
    assert not images.requires_grad
    assert model.free_energy(model.binary(images)).shape == (5,)


def test_what_it_is_not_for():
    with pytest.raises(CourseError, match="for images"):
        RBM(Config(), (2,))
    with pytest.raises(AssertionError, match=r"images must be \[N, \*\(1, 2, 2\)\]"):
        _model().binary(torch.zeros(3, 1, 2, 3))
    for changes, message in [({"k": 0}, "k must be at least 1"), ({"momentum": 1.0}, "momentum must lie in")]:
        with pytest.raises(CourseError, match=message):
            Config(**changes)


def test_the_free_energy_sums_the_hidden_units_out():
    model = _model()
    expected = -_joint(model).sum(1).log() - _log_partition(model)
    torch.testing.assert_close(model.free_energy(_states(4)).double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("shape", "hidden"), [((1, 2, 2), 3), ((1, 2, 1), 5), ((1, 2, 3), 6), ((1, 3, 1), 1)])
def test_the_partition_function_is_the_sum_over_all_states(shape, hidden):
    model = _model(shape, hidden)
    with torch.no_grad():
        assert model.log_partition().item() == pytest.approx(_log_partition(model), abs=1e-4)
        log_p = -model.free_energy(_states(math.prod(shape))) - model.log_partition()
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_too_many_states_are_refused():
    model = RBM(Config(hidden=17), (1, 5, 5))
    assert not model.enumerable
    with pytest.raises(CourseError, match=r"2\^17 states are too many"):
        model.log_partition()


def test_the_conditionals_are_those_of_the_joint_distribution():
    model, joint = _model(), _joint(_model())
    given_v = (joint / joint.sum(1, keepdim=True)) @ _states(3).double()
    given_h = (joint / joint.sum(0)).T @ _states(4).double()
    torch.testing.assert_close(model.hidden_probability(_states(4)).double(), given_v, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model.visible_probability(_states(3)).double(), given_h, rtol=1e-4, atol=1e-5)


def test_the_pseudo_likelihood_conditions_each_pixel_on_all_others():
    model = _model()
    p = _joint(model).sum(1).view(2, 2, 2, 2)
    expected = sum((p / p.sum(i, keepdim=True)).log() for i in range(4)).flatten()
    with torch.no_grad():
        found = model.pseudo_log_likelihood(_states(4))
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


def test_gibbs_steps_leave_the_distribution_as_it_is():
    model, n = _model(), 20_000
    p = _joint(model).sum(1)
    torch.manual_seed(1)
    v = _states(4)[torch.multinomial(p, n, replacement=True)]
    for steps_taken in (1, 3):
        v = model.gibbs(v, steps_taken)
        assert _chi_square(v, p) > 1e-3


def test_one_gibbs_step_goes_where_the_kernel_says():
    model = _model()
    kernel = _kernel(model)
    torch.manual_seed(1)
    for state in (0, 6, 15):
        v = model.gibbs(_states(4)[state].expand(20_000, 4), 1)
        assert _chi_square(v, kernel[state]) > 1e-3
        assert _chi_square(v, _joint(model).sum(1)) < 1e-6  # the chain still knows where it began


N = 40_000
# The statistics lie in [0, 1], so a mean of N draws has a standard deviation of at most 1 / (2 sqrt(N)); five of them.
TOLERANCE = 5 / (2 * math.sqrt(N))


def _estimate(model) -> torch.Tensor:
    torch.manual_seed(1)
    gradients, _ = model.contrastive_divergence(data.Batch(IMAGES.repeat(N // 4, 1, 1, 1)))
    return _flat(gradients)


def test_with_many_steps_contrastive_divergence_is_the_exact_gradient():
    model = _model(spread=3.0, k=40)
    assert (_estimate(model) - _flat(_exact_gradient(model, IMAGES))).abs().max() < TOLERANCE


@pytest.mark.parametrize("k", [1, 2])
def test_with_few_steps_it_is_biased_by_as_much_as_the_chain_remembers(k):
    """Expected by propagating the data through the kernel's table: near to that, and far from the exact gradient."""
    model = _model(spread=3.0, k=k)
    joint = _joint(model)
    start = torch.zeros(16, dtype=torch.float64)
    start[((IMAGES.flatten(1) + 1) / 2 @ 2.0 ** torch.arange(3, -1, -1)).long()] = 0.25
    v, h = _states(4).double(), (joint / joint.sum(1, keepdim=True)) @ _states(3).double()
    change = start @ torch.linalg.matrix_power(_kernel(model), k) - start  # of the distribution, by k steps
    expected = torch.cat([(h.T @ (change[:, None] * v)).flatten(), change @ v, change @ h])
    estimate = _estimate(model)
    assert (estimate - expected).abs().max() < TOLERANCE
    assert (estimate - _flat(_exact_gradient(model, IMAGES))).abs().max() > 4 * TOLERANCE


def test_persistent_chains_forget_where_they_began():
    model = _model(spread=3.0, batch_size=N, persistent=True, k=1)

    def optimize(name, loss_of, batch):
        return loss_of(batch)[1]

    torch.manual_seed(1)
    batch = data.Batch(IMAGES.repeat(N // 4, 1, 1, 1))
    for _ in range(40):
        model.training_step(lambda: batch, optimize)
    exact = _flat(_exact_gradient(model, IMAGES))
    assert (_flat(model.contrastive_divergence(batch)[0]) - exact).abs().max() < TOLERANCE
    assert _chi_square(model.chains, _joint(model).sum(1)) > 1e-3


def test_pieces_of_a_batch_share_one_step_of_the_chains():
    model = _model(persistent=True)
    before = model.chains.clone()
    assert set(before.unique().tolist()) == {0.0, 1.0}
    model.contrastive_divergence(data.Batch(IMAGES))
    assert torch.equal(model.chains, before)


def test_gradients_go_downhill_and_come_in_float32_under_autocast():
    model, seen = _model(k=40), {}

    def optimize(name, loss_of, batch):
        gradients, terms = loss_of(batch)
        seen.update(gradients)
        return terms

    batch = data.Batch(IMAGES.repeat(5000, 1, 1, 1))
    v = model.binary(IMAGES)
    before = (-model.free_energy(v) - model.log_partition()).mean().item()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = model.training_step(lambda: batch, optimize)
    assert seen.keys() == dict(model.named_parameters()).keys()
    assert terms.keys() == {"reconstruction", "free_energy_gap"}
    for name, parameter in model.named_parameters():
        assert seen[name].dtype == torch.float32
        assert seen[name].shape == parameter.shape
        parameter.data.sub_(0.1 * seen[name])
    assert (-model.free_energy(v) - model.log_partition()).mean().item() > before + 0.01


def test_grey_is_tossed_anew_and_black_and_white_are_certain():
    model = _model((1, 1, 3))
    torch.manual_seed(0)
    drawn = model.binary(torch.tensor([-1.0, -0.5, 1.0]).expand(10_000, 1, 1, 3))
    assert drawn.unique().tolist() == [0, 1]
    mean = drawn.mean(0)
    assert mean[0] == 0
    assert mean[2] == 1
    assert mean[1].item() == pytest.approx(0.25, abs=0.02)


def test_only_the_weights_decay():
    model = _model(weight_decay=0.3)
    decays = {
        id(parameter): group["weight_decay"]
        for group in model.configure_optimizers()["rbm"].param_groups
        for parameter in group["params"]
    }
    assert decays == {id(model.weight): 0.3, id(model.visible_bias): 0, id(model.hidden_bias): 0}


def test_chains_are_kept_but_not_averaged():
    engine = Engine(RBM(Config(hidden=4, persistent=True, average=0.9), (1, 8, 8)), data.load("digits"))
    engine.step()
    assert "chains" in engine.state()[0]["weights"]
    assert engine.averages.keys() == {"weight", "visible_bias", "hidden_bias"}


def test_a_run_goes_on_as_if_it_had_not_stopped(tmp_path):
    finals = []
    for out, stops in (("one", (6,)), ("two", (3, 6))):
        for stop in stops:
            torch.manual_seed(0)
            model = RBM(Config(hidden=8, persistent=True, average=0.9, sample_steps=5), (1, 8, 8))
            train(model, data.load("digits"), tmp_path / out, steps=stop, resume=stop > 3 and len(stops) > 1)
        finals.append((model.state_dict(), (tmp_path / out / "samples" / "000006.png").read_bytes()))
    assert all(torch.equal(value, finals[1][0][name]) for name, value in finals[0][0].items())
    assert finals[0][1] == finals[1][1]


def test_the_likelihood_of_unseen_digits_rises():
    """Exact, with 8 hidden units; in the end above that of independent pixels, which no hidden unit is needed for."""
    source = data.load("digits", binarize="dynamic")
    held_out = data.load("digits", split="validation", binarize="dynamic")
    torch.manual_seed(0)
    model = RBM(Config(hidden=8, learning_rate=0.2), source.shape)
    batch = held_out.rows(slice(None))
    found = [model.evaluate(batch)["log_likelihood"].item()]
    for step, _ in steps(model, source, 400):
        if step % 200 == 0:
            found.append(model.evaluate(batch)["log_likelihood"].item())
    white, v = (data.load("digits").images / 255.0).mean(0).flatten().clamp(1e-3, 1 - 1e-3), model.binary(batch.image)
    independent = (v @ white.log() + (1 - v) @ (1 - white).log()).mean().item()
    assert found[0] == pytest.approx(-64 * math.log(2), abs=1)
    assert found == sorted(found)
    assert found[-1] > independent + 1


@pytest.mark.slow
def test_the_preset_learns_digits():
    """Its samples lie nearer to digits than pixels drawn each for itself, and all ten digits are among them."""
    from sklearn.linear_model import LogisticRegression

    source = data.load("digits")
    torch.manual_seed(0)
    model = RBM(PRESETS["digits"], source.shape)
    before = model.evaluate(data.load("digits", split="validation").rows(slice(None)))["pseudo_log_likelihood"]
    for _ in steps(model, source, 1000):
        pass
    after = model.evaluate(data.load("digits", split="validation").rows(slice(None)))["pseudo_log_likelihood"]
    assert after > before + 20
    real = data.sets.to_float(source.images).flatten(1)
    classifier = LogisticRegression(max_iter=300, C=0.01).fit(real.numpy(), source.labels.numpy())
    samples = draw(model, 300).flatten(1)
    assert np.bincount(classifier.predict(samples.numpy()), minlength=10).min() >= 5
    shuffled = torch.stack([column[torch.randperm(len(column))] for column in real.T], dim=1)[:300]
    distance = [torch.cdist(x, real).min(1).values.mean().item() for x in (samples, shuffled)]
    assert distance[0] < 0.8 * distance[1]


def test_it_is_found_by_its_name():
    assert models.recipe_class(models.load("rbm")) is RBM
