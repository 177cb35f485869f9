"""Uses of what an exercise excludes are found where they are written plainly, and a maze costs little."""

import textwrap
import time

import pytest

from course_lib.grading.sandbox.excluded import LARGEST, uses
from course_lib.grading.spec import ROOT, excluded, slugs

EXCLUDED = {"torch.nn.functional": "build it yourself", "torch.nn.BCELoss": "build it yourself"}


def found(source: str) -> dict[str, str]:
    return uses(textwrap.dedent(source).encode(), EXCLUDED)


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ndef f(x): return torch.nn.functional.softplus(x)",
        "import torch.nn.functional as F\ndef f(x): return F.softplus(x)",
        "import torch.nn.functional\ndef f(x): return torch.nn.functional.softplus(x)",
        "from torch.nn import functional\ndef f(x): return functional.softplus(x)",
        "from torch.nn import functional as anything\ndef f(x): return anything.softplus(x)",
        "from torch.nn.functional import softplus\ndef f(x): return softplus(x)",
        "from torch.nn.functional import softplus as s\ndef f(x): return s(x)",
        "from torch import nn\ndef f(x): return nn.functional.softplus(x)",
        "from torch import nn\ndef f(x, y): return nn.BCELoss()(x, y)",
        "import torch as t\ndef f(x): return t.nn.functional.softplus(x)",
        "def f(x):\n    from torch.nn import functional as F\n    return F.softplus(x)",
        "def f(x):\n    import torch.nn.functional as F\n    return (lambda y: F.softplus(y))(x)",
        "from torch.nn import functional as F\ndef helper(x): return F.softplus(x)\ndef f(x): return helper(x)",
        "from torch.nn import functional as F\nsoft = F.softplus\ndef f(x): return soft(x)",
        "from torch.nn import functional as F\nsoft: object = F.softplus\ndef f(x): return soft(x)",
        "import torch\nnn = torch.nn\nF = nn.functional\ndef f(x): return F.softplus(x)",
        "import torch.nn.functional as F\nclass N:\n    def g(self, x): return F.relu(x)\ndef f(x): return N().g(x)",
        "from torch.nn import functional as F\nasync def f(x): return F.softplus(x)",
        "from torch.nn import functional as F\ndef f(x, g=F.softplus): return g(x)",
        "from torch.nn import functional as F\n@F.wrap\ndef f(x): return x",
    ],
)  # fmt: skip
def test_a_use_by_any_plain_name_is_found(source):
    assert found(source)["f"].startswith("uses torch.nn.")
    assert found(source)["f"].endswith("; build it yourself")


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ndef f(x): return torch.log1p(x.exp())",
        "import torch.nn.functional as F\ndef f(x): return x",  # imported, as the stub may, and not used
        "import torch.nn.functional as F\ndef g(x): return F.softplus(x)\ndef f(x): return x",
        "functional = {}\ndef f(x): return functional.get(x)",
        "import torch\ndef f(x): return torch.nn.functionality(x)",
        "import torch\ndef f(x): return torch.nn.BCELosses(x)",
        "def f(x): return 'torch.nn.functional.softplus'",
        "def f(x):\n    # torch.nn.functional.softplus\n    return x",
        "def f(x): return x.torch.nn.functional",
        "from . import functional\ndef f(x): return functional.softplus(x)",
        "def f(x): return f(x)",
        "f = f.f.f",
    ],
)
def test_what_is_no_use_is_none(source):
    assert "f" not in found(source)


@pytest.mark.parametrize(
    "source",
    [b"", b"def f(:", b"\0", b"\xff\xfe", b"x = '\xff'", b"# coding: nothing\nx = 1", b"(" * 5000, b"-" * 90_000 + b"1",
     b"x = a" + b".a" * 90_000, b"x = a" + b"()" * 90_000, b"lambda:" * 20_000 + b"1", b"1" + b"+1" * 90_000],
)  # fmt: skip
def test_what_is_not_python_uses_nothing(source):
    assert uses(source, EXCLUDED) == {}


MAZES = {
    "a chain of functions": b"def f0(): 0\n" + b"".join(b"def f%d(): f%d()\n" % (i, i - 1) for i in range(1, 8000)),
    "names that grow": b"a = b.%s\nb = a.%s\ndef f(): a" % (b"x" * 50, b"y" * 50),
    "everything uses everything": b"".join(
        b"def f%d(): %s\n" % (i, b";".join(b"f%d" % j for j in range(150))) for i in range(150)
    ),
    "a long list": b"a = [" + b"1," * 90_000 + b"]",
    "long chains": (b"a = b" + b".c" * 400 + b"\n") * 200,
    "the largest": b"#" * LARGEST + b"\n",
}


@pytest.mark.parametrize("name", MAZES)
def test_a_maze_costs_little(name):
    begun = time.process_time()
    uses(MAZES[name], EXCLUDED)
    assert time.process_time() - begun < 3


def test_an_honest_file_beside_much_else_is_read_whole():
    source = "".join(f"def helper{i}(x): return x + {i}\n" for i in range(500))
    source += "import torch.nn.functional as F\ndef f(x): return F.softplus(helper3(x))\n"
    assert found(source).keys() - {"F"} == {"f"}


@pytest.mark.parametrize("slug", slugs())
def test_the_masters_use_nothing_that_their_exercises_exclude(slug):
    """Neither do the stubs, though they may import it."""
    assert excluded(slug), "every chapter so far excludes something"
    for folder in ("solutions", "exercises"):
        assert uses((ROOT / folder / f"{slug}.py").read_bytes(), excluded(slug)) == {}
