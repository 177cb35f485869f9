import pytest
import torch

from course_lib import data, training
from course_lib.errors import CourseError
from course_lib.evaluation import referee
from course_lib.evaluation.referees import STORED, store
from course_lib.models import convnet, gan


def _test_images(name, size):
    split = data.load(name, size=size, split="test")
    return split.rows(slice(0, len(split)))


def test_digits_are_told_apart_at_any_size():
    judge = referee("digits")
    assert "digits" in judge.name
    for size in (8, 16, 32):
        batch = _test_images("digits", size)
        assert (judge.classify(batch.image) == batch.label).float().mean() > 0.97
    assert judge.probabilities(batch.image).sum(1).allclose(torch.ones(len(batch.image)))
    assert judge.features(batch.image).shape == (len(batch.image), 64)
    assert judge.features(batch.image).min() >= 0  # after the rectifier


def test_an_image_is_judged_alone():
    judge, images = referee("digits"), _test_images("digits", 16).image[:9]
    torch.testing.assert_close(judge.features(images)[4:5], judge.features(images[4:5]))
    assert not judge.features(images.requires_grad_()).requires_grad


@pytest.mark.slow
def test_attributes_of_avatars_are_read():
    judge, batch = referee("avatars"), _test_images("avatars", 32)
    found = judge.predict(batch.image)
    truth = dict(zip(judge.attribute_names, batch.attributes.T, strict=True))
    assert list(found) == list(data.load("avatars", count=1).attribute_names)
    for name, least in {"glasses": 0.9, "hat": 0.98, "hair_style long": 0.97, "background stripes": 0.97}.items():
        assert ((found[name] > 0.5) == (truth[name] > 0.5)).float().mean() > least, name
    assert torch.corrcoef(torch.stack([found["yaw"], truth["yaw"]]))[0, 1] > 0.85
    assert (found["yaw"] - truth["yaw"]).abs().mean() < 7  # degrees


def test_a_run_can_be_a_referee(tmp_path, monkeypatch):
    digits = data.load("digits")
    torch.manual_seed(0)
    config = convnet.Config(channels=(4,), kernels=(3,), strides=(1,), pooled=(1,), pool=2, hidden=(), batch_size=8)
    training.train(convnet.ConvNet(config, (1, 8, 8), 10), digits, tmp_path / "run", steps=2)
    judge = referee(tmp_path / "run")
    images = torch.rand(3, 1, 8, 8) * 2 - 1
    assert judge.features(images).shape == (3, 4)  # without a hidden layer: means over the image
    monkeypatch.setattr("course_lib.evaluation.referees.STORED", tmp_path / "stored")
    store(tmp_path / "run", "mine")
    torch.testing.assert_close(referee("mine").probabilities(images), judge.probabilities(images), atol=2e-3, rtol=0)


def test_bad_input(tmp_path):
    judge = referee("digits")
    with pytest.raises(CourseError, match=r"judges images \[N, 1, H, W\], not \[2, 3, 8, 8\]"):
        judge.features(torch.zeros(2, 3, 8, 8))
    with pytest.raises(CourseError, match="knows no attributes"):
        judge.predict(torch.zeros(2, 1, 8, 8))
    with pytest.raises(CourseError, match="did you mean digits"):
        referee("digit")
    with pytest.raises(CourseError, match="no run directory"):
        referee(tmp_path)
    torch.manual_seed(0)
    training.train(gan.GAN(gan.Config(latent=2, hidden=4, batch_size=4), (1, 8, 8)), data.load("digits"),
                   tmp_path / "gan", steps=1)  # fmt: skip
    with pytest.raises(CourseError, match="only a convnet or an attribute_net can judge"):
        referee(tmp_path / "gan")


def test_stored_weights_stay_small():
    assert sum(path.stat().st_size for path in STORED.rglob("*")) < 1_000_000
