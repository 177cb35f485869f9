import pytest
import scipy.special
import torch
from torch.nn import functional as F

from course_lib.losses import adversarial
from course_lib.losses.feature_matching import feature_matching_loss
from course_lib.losses.semi_supervised import discriminator_logit, supervised_loss, unsupervised_loss


def _logits(n, k, seed=0):
    return 3 * torch.randn(n, k, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("k", [1, 2, 10])
def test_is_the_softmax_of_k_plus_one_classes(k):
    """The definition, by scipy: one logit more, fixed at 0."""
    real, fake, label = _logits(5, k), _logits(7, k, 1), torch.arange(5) % k
    p_real, p_fake = (scipy.special.softmax(F.pad(logits, (0, 1)).numpy(), axis=1) for logits in (real, fake))
    torch.testing.assert_close(torch.sigmoid(discriminator_logit(real)), torch.from_numpy(1 - p_real[:, -1]))
    wanted = -scipy.special.xlogy(1, p_real[:, :-1].sum(1)).mean() - scipy.special.xlogy(1, p_fake[:, -1]).mean()
    assert unsupervised_loss(real, fake).item() == pytest.approx(wanted)
    given_real = p_real[range(5), label] / p_real[:, :-1].sum(1)
    assert supervised_loss(real, label).item() == pytest.approx(-scipy.special.xlogy(1, given_real).mean())


def test_the_three_parts_make_up_the_cross_entropy_of_k_plus_one_classes():
    """-E log p(y | x) - E log p(generated | x), when the unlabelled images are the labelled ones."""
    logits, fake, label = _logits(6, 4), _logits(6, 4, 1), torch.tensor([0, 1, 2, 3, 0, 1])
    whole = F.cross_entropy(F.pad(logits, (0, 1)), label) + F.cross_entropy(F.pad(fake, (0, 1)), torch.full((6,), 4))
    torch.testing.assert_close(supervised_loss(logits, label) + unsupervised_loss(logits, fake), whole)


def test_large_logits_stay_finite():
    big = torch.tensor([[1e4, -1e4], [0.0, 1e4]])
    assert unsupervised_loss(big, -big).isfinite()
    assert unsupervised_loss(-big, big).isfinite()


def test_smoothed_targets_reach_the_discriminator():
    real, fake = _logits(5, 3), _logits(5, 3, 1)
    wanted = F.binary_cross_entropy(1 - F.softmax(F.pad(real, (0, 1)), 1)[:, -1], torch.full((5,), 0.9).double())
    wanted += F.binary_cross_entropy(1 - F.softmax(F.pad(fake, (0, 1)), 1)[:, -1], torch.full((5,), 0.2).double())
    torch.testing.assert_close(unsupervised_loss(real, fake, 0.9, 0.2), wanted)


def test_smoothed_loss_is_cross_entropy_with_soft_targets():
    real, fake = _logits(5, 1).squeeze(1), _logits(8, 1, 1).squeeze(1)
    for alpha, beta in ((1.0, 0.0), (0.9, 0.0), (0.8, 0.3)):
        wanted = sum(
            F.binary_cross_entropy_with_logits(logit, torch.full_like(logit, target))
            for logit, target in ((real, alpha), (fake, beta))
        )
        torch.testing.assert_close(adversarial.smoothed_discriminator_loss(real, fake, alpha, beta), wanted)
    plain = adversarial.discriminator_loss(real, fake)
    torch.testing.assert_close(adversarial.smoothed_discriminator_loss(real, fake), plain)
    big = torch.tensor([1e4, -1e4])
    assert adversarial.smoothed_discriminator_loss(big, big, 0.9, 0.1).isfinite()


def test_feature_matching_compares_means_alone():
    real, fake = _logits(6, 4), _logits(9, 4, 1)
    wanted = torch.cdist(real.mean(0)[None], fake.mean(0)[None]).squeeze() ** 2
    torch.testing.assert_close(feature_matching_loss(real, fake), wanted)
    spread = torch.cat([real + 5, real - 5])
    assert feature_matching_loss(real, spread).item() == pytest.approx(0, abs=1e-12)
