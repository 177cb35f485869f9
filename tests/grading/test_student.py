"""The proxy through which tests see a submission."""

import signal
import textwrap
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest
import torch

from course_lib.grading.sandbox.frames import Ref
from course_lib.grading.student import (
    Contract,
    Crashed,
    Failure,
    Handle,
    NotImplementedYet,
    Student,
    is_of_kind,
    load,
    local,
)  # fmt: skip


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


def test_every_failure_has_the_status_that_reports_show(make):
    student = make(
        """
        def stub(): raise NotImplementedError
        def crash(): return 1 / 0
        def memory(): raise MemoryError
        def kind(): return object()
        def change(x): return x.zero_().sum()
        """
    )
    statuses = {}
    for name, args in {
        "stub": (),
        "crash": (),
        "memory": (),
        "kind": (),
        "change": (torch.ones(2),),
        "none": (),
    }.items():
        with pytest.raises(Failure) as caught:
            getattr(student, name)(*args)
        statuses[name] = (caught.value.status, caught.value.kind)
    assert statuses == {
        "stub": ("not implemented", "not implemented"), "crash": ("crashed", "crashed: ZeroDivisionError"),
        "memory": ("over limit", "over limit: memory"), "kind": ("wrong", "kind"), "change": ("wrong", "modified"),
        "none": ("wrong", "not defined"),
    }  # fmt: skip


def test_a_failure_is_made_afresh_each_time(make):
    """One object that is raised again grows its traceback for ever."""
    student = make("def f(): return 1 / 0")
    caught = []
    for _ in range(2):
        with pytest.raises(Crashed) as one:
            student.f()
        caught.append(one.value)
    assert caught[0] is not caught[1]
    assert caught[0].line == caught[1].line == 2


def test_what_an_exercise_excludes_is_refused_before_it_runs():
    asked = []
    student = Student(lambda request: asked.append(request) or {"value": 1}, excluded={"f": "uses torch.x; build it"})
    with pytest.raises(Failure, match=r"^f: uses torch\.x; build it$") as caught:
        student.f()
    assert caught.value.status == "forbidden"
    assert asked == []
    assert student.g() == 1


KINDS = {
    "Tensor": ([torch.ones(2), torch.tensor(1)], [1.0, None, [torch.ones(1)], "text"]),
    "float": ([1.0, 1, torch.tensor(1.0)], [True, torch.ones(1), "1", None]),
    "int": ([1, torch.tensor(1)], [True, "1", None]),
    "bool": ([True], [1, torch.tensor(True)]),
    "str": (["x"], [b"x", 1]),
    "list[Tensor]": ([[], [torch.ones(1)]], [torch.ones(1), [1], (torch.ones(1),)]),
    "dict[str, Tensor]": ([{}, {"a": torch.ones(1)}], [{"a": 1}, [torch.ones(1)]]),
    "tuple[Tensor, float]": ([(torch.ones(2), 1.0)], [(1.0, torch.ones(2)), (torch.ones(2),), [torch.ones(2), 1.0]]),
    "tuple[list[Tensor], float]": ([([], 1.0)], [[], 1.0]),
    "nn.Module": ([], [torch.ones(1), None]),
    "": ([None, "anything"], []),
    "SomethingElse": ([None, "anything"], []),
}


@pytest.mark.parametrize("declared", KINDS)
def test_an_answer_is_of_the_kind_that_the_stub_declares(declared):
    right, wrong = KINDS[declared]
    assert all(is_of_kind(value, declared) for value in right)
    assert not any(is_of_kind(value, declared) for value in wrong)
    for value in wrong:
        student = Student(lambda request, value=value: {"value": value}, {"f": Contract((), declared)})
        with pytest.raises(Failure, match="f: expected ") as caught:
            student.f()
        assert caught.value.status == "wrong"


def test_arguments_are_shown_by_the_stubs_names():
    student = Student(lambda request: {"value": 1}, {"f": Contract(("p", "q"))})
    student.f(1, 2, 3, scale=4)
    assert student.calls[0].arguments == {"p": 1, "q": 2, "argument 3": 3, "scale": 4}


LIES = {
    "no tuple": 1.0,
    "no gradients": (torch.ones(2), ()),
    "too many": (torch.ones(2), (torch.ones(2), torch.ones(2))),
    "of another shape": (torch.ones(2), (torch.ones(1),)),
    "of another dtype": (torch.ones(2), (torch.ones(2, dtype=torch.float64),)),
    "numbers": (torch.ones(2), (1.0,)),
    "no value": (None, (torch.ones(2),)),
    "a list": [torch.ones(2), [torch.ones(2)]],
}


@pytest.mark.parametrize("name", LIES)
def test_a_gradient_from_a_stranger_is_checked_in_form(name):
    student = Student(lambda request: {"value": LIES[name]})
    with pytest.raises(Failure, match="gradient is no such thing") as caught:
        student.value_and_grad("f", torch.ones(2))
    assert caught.value.status == "malformed answer"


def test_other_answers_from_a_stranger_are_checked_in_form():
    for value in (None, [], {"a": 1}, {"a": None}, torch.ones(1), "text"):
        handle = Handle(Student(lambda request, value=value: {"value": value}), Ref(0, "net"))
        reads = [handle.state, handle.training, *([handle.grads] if value != {"a": None} else [])]
        for read in reads:
            with pytest.raises(Failure) as caught:
                read()
            assert caught.value.status == "malformed answer"
        if not isinstance(value, dict):
            with pytest.raises(Failure, match="was not loaded"):
                Student(lambda request, value=value: {"value": value}).load(source=b"")
            with pytest.raises(Failure, match="net is no such thing"):
                Student(lambda request, value=value: {"value": value}).given("net")


def test_a_state_that_a_test_starts_from_is_never_the_strangers_word():
    """Until its code has run, our own twin answers for what it was handed; afterwards nothing else can."""
    given = ModuleType("given")
    exec("import torch\ndef net(bias): return torch.nn.Linear(1, 1).requires_grad_(False).eval()\n"
         "def twice(net): return torch.nn.Sequential(net, net)", vars(given))  # fmt: skip
    lie = {"weight": torch.full((1, 1), 99.0), "bias": torch.zeros(1)}
    asked = []

    def ask(request):
        asked.append(request["do"])
        replies = {"given": Ref(len(asked), "net"), "state": lie, "training": True, "use": torch.full((1, 1), 99.0)}
        return {"value": replies.get(request["do"], 0.0)}

    student = Student(ask, given=given)
    net = student.given("net", 0.0)
    twice = student.given("twice", net)
    assert net.state()["weight"].item() != 99
    assert net.training() is False
    assert net(torch.ones(1, 1)).item() != 99
    assert twice(torch.zeros(1, 1)).shape == (1, 1)
    student.step(net)
    assert net.state() is not None
    assert net.state()["weight"].item() == 99
    assert net.training() is True
    assert net(torch.ones(1, 1)).item() == 99
    assert student.given("twice", net)(torch.ones(1, 1)).item() == 99, "made of what may have changed"


@pytest.mark.parametrize(
    "caught", ["", "        try:\n            x.sum()\n        except Exception:\n            pass\n"]
)
def test_a_loop_that_never_ends_is_told(tmp_path, monkeypatch, caught):
    monkeypatch.setattr("course_lib.grading.student.PATIENCE", 0.3)
    path = tmp_path / "gan.py"
    path.write_text(f"def f(x):\n    while True:\n{caught or '        pass'}\n\ndef g(x):\n    return x + 1\n")
    student = local(load(path, "endless"))
    with pytest.raises(Crashed, match=r"f raised NoAnswer: within 0\.3 seconds; is there a loop") as told:
        student.f(torch.ones(2))
    assert told.value.line in range(2, 7)
    assert torch.equal(student.g(torch.ones(2)), torch.full((2,), 2.0)), "the next call is none the worse"
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_file_that_never_ends_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("course_lib.grading.student.PATIENCE", 0.3)
    path = tmp_path / "gan.py"
    path.write_text("while True:\n    pass\n")
    with pytest.raises(Crashed, match=r"NoAnswer: within 0\.3 seconds"):
        load(path, "endless")


def test_other_threads_have_no_limit(tmp_path):
    path = tmp_path / "gan.py"
    path.write_text("def g(x):\n    return x + 1\n")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: local(load(path, "threaded")).g(torch.ones(1))).result() == 2
