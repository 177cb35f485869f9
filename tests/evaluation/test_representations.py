"""The protocol of pooled features, on data whose answer is known and on files of the published sets' form."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
import tyro
from datasets import Dataset, Features, Image, Value
from PIL import Image as Picture
from torch import nn
from torch.nn.functional import conv_transpose2d

from course_lib.data import ImageSet, downloads
from course_lib.errors import CourseError
from course_lib.evaluation.representations import (
    KMeansFeatures,
    calibrated,
    discriminator_features,
    few_labels,
    guided_map,
    linear_svm_accuracy,
    main,
    pooled_features,
    protocol,
)
from course_lib.models.dcgan import DCGAN, Config, Discriminator, dcgan_init
from course_lib.training import train

SMALL = Config(latent=4, generator=(8, 4), discriminator=(4, 8), kernel=3, batch_size=8)


def _discriminator(shape: tuple[int, ...] = (1, 16, 16)) -> Discriminator:
    torch.manual_seed(0)
    return dcgan_init(Discriminator(SMALL, shape), 0.2).eval()


def _squares(n: int, split: str = "train") -> ImageSet:
    """Bright squares in the upper left or in the lower right: two classes."""
    generator = torch.Generator().manual_seed({"train": 0, "validation": 1, "test": 2}[split])
    labels = torch.arange(n) % 2
    images = torch.randint(0, 60, (n, 1, 16, 16), generator=generator)
    for image, label in zip(images, labels, strict=True):
        corner = 9 * int(label)
        image[:, corner : corner + 6, corner : corner + 6] += 180
    return ImageSet(images.to(torch.uint8), labels, "squares", split, ("upper", "lower"))


def test_features_are_maxima_of_blocks_in_order():
    stages = [torch.randn(2, 3, 8, 12), torch.randn(2, 5, 4, 4)]
    found = pooled_features(stages)
    assert found.shape == (2, 16 * 8)
    first = stages[0].unfold(2, 2, 2).unfold(3, 3, 3).amax((4, 5))
    torch.testing.assert_close(found, torch.cat([first.flatten(1), stages[1].flatten(1)], 1))


def test_the_papers_width():
    assert 16 * sum((128, 128, 256, 256, 512, 512)) == 28_672


def test_features_do_not_depend_on_what_else_is_in_the_batch():
    network, images = _discriminator(), torch.randn(300, 1, 16, 16)
    torch.testing.assert_close(
        discriminator_features(network, images)[290:], discriminator_features(network, images[290:])
    )


def test_calibration_normalises_and_leaves_the_network_as_it_was():
    network, images = _discriminator(), 3 + 2 * torch.randn(200, 1, 16, 16)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    ready = calibrated(network, images)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    inputs = []
    ready.stages[1][1].register_forward_hook(lambda layer, given, out: inputs.append(out))
    ready.features(images)
    torch.testing.assert_close(inputs[0].mean((0, 2, 3)), torch.zeros(8), atol=1e-3, rtol=0)
    torch.testing.assert_close(inputs[0].std((0, 2, 3)), ready.stages[1][1].weight.detach().abs(), atol=1e-2, rtol=0.01)
    assert not ready.training


def test_svm_finds_what_is_linear_and_only_that():
    x = torch.randn(400, 6)
    linear, chance = (x[:, 0] > 0).long(), torch.randint(0, 2, (400,))
    assert linear_svm_accuracy((x[:200], linear[:200]), (x[200:], linear[200:])) > 0.95
    assert 0.3 < linear_svm_accuracy((x[:200], chance[:200]), (x[200:], chance[200:])) < 0.7


def test_the_cost_does_not_depend_on_the_features_scale():
    x, y = torch.randn(120, 5), torch.arange(120) % 3
    x[:, :3] += 2.0 * torch.eye(3)[y]
    found = [linear_svm_accuracy((k * x[:60] + k, y[:60]), (k * x[60:] + k, y[60:]), costs=(1.0,)) for k in (1, 1000)]
    assert found[0] == found[1] > 0.6


def test_the_cost_is_chosen_on_the_validation_examples():
    x = torch.randn(40, 30)
    y = (x[:, 0] + 1.5 * torch.randn(40) > 0).long()
    held = torch.randn(500, 30)
    truth = (held[:, 0] > 0).long()
    single = {c: linear_svm_accuracy((x, y), (held, truth), costs=(c,)) for c in (1e-3, 1e3)}
    chosen = linear_svm_accuracy((x, y), (held, truth), (held, truth), (1e-3, 1e3))
    assert single[1e-3] != single[1e3]
    assert chosen == max(single.values())


def test_one_label_of_each_class_is_enough_to_run():
    x, y = torch.eye(3), torch.arange(3)
    assert linear_svm_accuracy((x, y), (x, y)) == 1


def test_few_labels_are_balanced_and_distinct():
    labels = torch.tensor([0] * 5 + [1] * 9 + [2] * 7)
    rows = few_labels(labels, 4, torch.Generator().manual_seed(0))
    assert labels[rows].bincount().tolist() == [4, 4, 4]
    assert len(set(rows.tolist())) == 12
    with pytest.raises(CourseError, match="class 0 has 5"):
        few_labels(labels, 6, torch.Generator())


def test_k_means_features_tell_textures_apart():
    rows = torch.arange(12) % 2 * 2.0 - 1
    across = rows[:, None].expand(12, 12) + 0.1 * torch.randn(40, 1, 12, 12)
    images = torch.cat([across, across.transpose(2, 3)])
    labels = torch.arange(80) // 40
    features = KMeansFeatures.fit(images, k=6, side=3, patches=500)(images)
    assert features.shape == (80, 24)
    even = torch.arange(80) % 2 == 0
    assert linear_svm_accuracy((features[even], labels[even]), (features[~even], labels[~even])) == 1
    torch.testing.assert_close(KMeansFeatures.fit(images, k=6, side=3, patches=500)(images), features)


def test_guided_map_is_a_transposed_convolution_behind_both_conditions():
    network = _discriminator((1, 8, 8))
    images, layer = torch.randn(3, 1, 8, 8), network.stages[0][0]
    a = layer(images).detach()
    signal = torch.randn(a.shape)
    down = conv_transpose2d(signal.clamp(min=0) * (a > 0), layer.weight, stride=2, padding=1, output_padding=1)
    torch.testing.assert_close(guided_map(network, images, 0, signal), down)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_guided_map_goes_through_every_stage_with_the_leak_in_the_value():
    network = _discriminator((1, 8, 8))
    images = torch.randn(2, 1, 8, 8)
    top = []
    network.stages[1][0].register_forward_hook(lambda layer, given, out: top.append(given[0]))
    guided_map(network, images, -1, torch.ones(2, 8, 2, 2))
    torch.testing.assert_close(top[0].detach(), network.features(images)[0].detach())
    assert isinstance(network.stages[0][-1], nn.LeakyReLU)


def test_the_protocol_reads_where_a_square_is():
    load = {split: _squares(60, split) for split in ("train", "validation", "test")}.get
    assert protocol(_discriminator(), load) == [1.0]
    found = protocol(_discriminator(), load, labels=2, repeats=3)
    assert len(found) == 3
    assert min(found) > 0.8
    with pytest.raises(CourseError, match="is for images"):
        protocol(_discriminator((1, 8, 8)), load)


def test_the_command_on_files_of_cifars_form(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    small = downloads.CIFAR10.__class__(
        **{**vars(downloads.CIFAR10), "counts": {"train": 60, "test": 20}, "held_out": 20}
    )
    monkeypatch.setattr(downloads, "CIFAR10", small)
    rng = np.random.default_rng(0)
    for split, count in small.counts.items():
        rows = {"img": [], "label": []}
        for i in range(count):
            pixels = rng.integers(0, 60, (32, 32, 3), dtype=np.uint8)
            corner = 18 * (i % 2)
            pixels[corner : corner + 12, corner : corner + 12] += 180
            buffer = io.BytesIO()
            Picture.fromarray(pixels).save(buffer, "PNG")
            rows["img"].append({"bytes": buffer.getvalue(), "path": None})
            rows["label"].append(i % 2)
        kept = Dataset.from_dict(rows, features=Features({"img": Image(), "label": Value("int64")}))
        kept.to_parquet(tmp_path / f"{split}-0.parquet")
    cifar = downloads.cifar10(source=str(tmp_path))
    model = DCGAN.build(Config(latent=4, generator=(8, 4, 4), discriminator=(4, 4, 8), kernel=3, batch_size=8), cifar)
    run = tmp_path / "run"
    _run(model, cifar, run)
    tyro.cli(main, args=[str(run), "--data", "cifar10", "--labels", "10", "--repeats", "2", "--source", str(tmp_path)])
    said = capsys.readouterr().out
    assert "256 features" in said
    assert "over 2 draws" in said
    assert float(said.split("accuracy ")[1].split("%")[0]) > 80


def test_a_missing_run_is_told_in_one_line():
    command = [sys.executable, "-m", "course_lib.evaluation.representations", "nowhere", "--data", "digits"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, "nowhere is no run directory: it has no config.json\n")


def _run(model: DCGAN, images: ImageSet, out) -> None:
    train(model, images, out, steps=1, log_every=1, sample_every=1, evaluate_every=1, checkpoint_every=1)
