"""Near-duplicates by codes: on bits and pairs that were written down by hand."""

import torch

from course_lib.evaluation.duplicates import Autoencoder, collisions, fit, precision_recall, within

BITS = torch.tensor([[1, 0, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]], dtype=torch.bool)


def test_collisions_are_all_pairs_of_equal_bits():
    assert collisions(BITS).tolist() == [[0, 1], [0, 4], [1, 4]]
    assert collisions(torch.eye(3, dtype=torch.bool)).shape == (0, 2)


def test_within_counts_bits():
    assert within(BITS, 0).tolist() == [[0, 1], [0, 4], [1, 4]]
    assert within(BITS, 1).tolist() == [[0, 1], [0, 2], [0, 4], [1, 2], [1, 4], [2, 4]]
    assert len(within(BITS, 4)) == 10


def test_precision_and_recall_by_hand():
    found, true = torch.tensor([[0, 1], [0, 2], [3, 4]]), torch.tensor([[0, 1], [3, 4], [5, 6], [7, 8]])
    assert precision_recall(found, true) == (2 / 3, 2 / 4)
    assert precision_recall(torch.empty(0, 2, dtype=torch.int64), true) == (1.0, 0.0)


def test_an_autoencoder_learns_to_restore_and_equal_images_collide():
    torch.manual_seed(0)
    patterns = torch.rand(3, 1, 6, 6) * 2 - 1
    images = patterns[torch.arange(60) % 3]
    model = fit(images, code=16, steps=150, batch=20)
    with torch.no_grad():
        error = (model(images) - images).square().mean()
    assert error < 0.2 * images.var()
    pairs = collisions(model.bits(images))
    assert {tuple(pair) for pair in pairs.tolist()} >= {(0, 3), (1, 4), (2, 5)}
    assert not model.training


def test_bits_say_which_units_are_on():
    model = Autoencoder(torch.zeros(1, 2, 2), code=5)
    images = torch.randn(7, 1, 2, 2)
    assert torch.equal(model.bits(images), model.encoder(images) > 0)
