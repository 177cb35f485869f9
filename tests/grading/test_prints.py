"""Digests of wrong answers: small, stable against rounding, sensitive to everything else."""

import json
import math

import pytest
import torch

from course_lib.grading import prints


@pytest.mark.parametrize(
    "value", [None, True, 3, -0.0, math.nan, math.inf, "text", torch.tensor([1.0, math.nan, -math.inf]), torch.ones(0),
              {"a": [torch.ones(2, dtype=torch.int64)]}, (1.5, object)])  # fmt: skip
def test_digests_survive_json(value):
    digest = prints.digest(value)
    assert prints.alike(json.loads(json.dumps(digest)), digest)


def test_rounding_is_forgiven_and_nothing_else():
    x = torch.linspace(-2, 5, 30, dtype=torch.float64)
    digest = prints.digest(x)
    assert prints.alike(prints.digest(x * (1 + 1e-6)), digest)
    for other in (x * 1.01, x.float(), x.flip(0), x[None], -x, x.clone().index_fill_(0, torch.tensor([3]), math.nan)):
        assert not prints.alike(prints.digest(other), digest)
    late = x.clone()
    late[-1] += 1  # beyond the entries that are kept: the sum tells
    assert not prints.alike(prints.digest(late), digest)


def test_size_is_bounded():
    assert len(json.dumps(prints.digest(torch.rand(1000, 1000)))) < 400
    huge = torch.ones(1).expand(2**40)
    assert prints.digest(huge)["shape"] == [2**40], "and so is what it takes to make one"


def test_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "gan.json"
    assert prints.read(path) == {}
    for text in ("{", "[1]", '{"t": [{"mistake": 1}]}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="course release gan"):
            prints.read(path)
