"""The proxy through which tests see a submission."""

import textwrap

import pytest
import torch

from course_lib.grading.student import Crashed, Failure, Handle, NotImplementedYet, Student, load, local


@pytest.fixture
def make(tmp_path):
    def student(source: str, given: str = "") -> Student:
        path = tmp_path / "answers.py"
        path.write_text("import torch\n" + textwrap.dedent(source))
        (tmp_path / "given.py").write_text("import torch\n" + textwrap.dedent(given))
        return local(load(path, "answers"), load(tmp_path / "given.py", "given"))

    return student


def test_plain_values_come_back_detached(make):
    student = make("def f(x): return {'a': [x.requires_grad_() * 2, 1.5], 'b': (None, 'text', True)}")
    answer = student.f(torch.ones(2))
    assert not answer["a"][0].requires_grad
    assert answer["b"] == (None, "text", True)


@pytest.mark.parametrize(
    "answer", ["object()", "torch.float64", "iter([])", "{1, 2}", "type('T', (torch.Tensor,), {})()", "lambda: 1"]
)
def test_anything_else_is_refused(make, answer):
    with pytest.raises(Failure, match="return tensors or numbers"):
        make(f"def f(): return {answer}").f()


def test_changed_arguments_are_named(make):
    student = make("def f(x, scale):\n    scale.mul_(2)\n    return x * scale")
    with pytest.raises(Failure, match="f changed its argument scale in place"):
        student.f(torch.ones(2), torch.ones(2))
    with pytest.raises(Failure, match="in place"):
        make("def f(xs):\n    xs[0].zero_()\n    return 1.0").f([torch.ones(2)])
    nan = torch.tensor([float("nan")])
    assert torch.isnan(make("def f(x): return x + 1").f(nan)).all()


def test_stub_crash_and_missing_function_are_told_apart(make):
    student = make("def f(): raise NotImplementedError\ndef g(x):\n    y = x\n    return y.no_such_thing")
    with pytest.raises(NotImplementedYet, match="f is not implemented yet"):
        student.f()
    with pytest.raises(Crashed, match=r"g raised AttributeError: .*\(line 5: return y.no_such_thing\)"):
        student.g(torch.ones(1))
    with pytest.raises(Failure, match="h is not defined"):
        student.h()


@pytest.mark.parametrize("leave", ["raise SystemExit(0)", "pytest.skip('no')", "pytest.exit('no')"])
def test_leaving_early_is_a_crash(make, leave):
    with pytest.raises(Crashed):
        make(f"import pytest\ndef f():\n    {leave}").f()


def test_gradients_are_those_of_autograd(make):
    student = make("def f(x, y, n): return (x ** n).sum(-1) + 0 * 1.0")
    x, y = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    weight = torch.tensor([1.0, -2.0], dtype=torch.float64)
    value, (grad_x, grad_y) = student.value_and_grad("f", x, y, 3, cotangent=weight)
    assert torch.equal(value, (x**3).sum(-1))
    assert torch.equal(grad_x, 3 * x**2 * weight[:, None])
    assert torch.equal(grad_y, torch.zeros(2, dtype=torch.float64)), "no dependence is a zero gradient"


def test_a_cut_gradient_is_explained(make):
    for body in ("x.detach() * 2", "torch.tensor(x.tolist())", "(x > 0).double()"):
        with pytest.raises(Failure, match="no gradient"):
            make(f"def f(x): return {body}").value_and_grad("f", torch.ones(2))


def test_given_things_are_handles(make):
    student = make(
        """
        def step(net, optimizer, x):
            optimizer.zero_grad()
            net(x).sum().backward()
            optimizer.step()
            return 0.0
        def build(): return torch.nn.Linear(2, 1)
        """,
        """
        def net(seed):
            torch.manual_seed(seed)
            return torch.nn.Linear(2, 1)
        def sgd(net, lr): return torch.optim.SGD(net.parameters(), lr=lr)
        """,
    )
    net = student.given("net", seed=3)
    before = net.state()
    student.step(net, student.given("sgd", net, lr=0.5), torch.ones(1, 2))
    assert torch.allclose(net.state()["weight"], before["weight"] - 0.5)
    assert torch.equal(net.grads()["bias"], torch.ones(1))
    assert net(torch.ones(4, 2)).shape == (4, 1)
    assert net.training()
    assert isinstance(student.build(), Handle)


def test_a_file_that_does_not_run_names_the_line(tmp_path):
    path = tmp_path / "gan.py"
    for source, words in {
        "x = 1\ndef f(:\n": r"SyntaxError.*line 2",
        "import torch\nboom\n": r"NameError.*line 2: boom",
        "raise SystemExit": "SystemExit",
    }.items():
        path.write_text(source)
        with pytest.raises(Crashed, match=words):
            load(path, "gan")
    path.write_bytes(b"x = '\xff'\n")
    with pytest.raises(Crashed, match="cannot be imported"):
        load(path, "gan")
    with pytest.raises(Failure, match="is missing"):
        load(tmp_path / "none.py", "none")
