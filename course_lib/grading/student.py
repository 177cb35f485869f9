"""What a test may do with a submission: call its functions, ask for gradients, hold handles to modules. Nothing else.

The submission may be in this process or in a worker behind the boundary; the tests cannot tell. Only plain values pass:
tensors, numbers, strings, None, and tuples, lists or dicts of those. Networks, optimisers and callables that an
exercise is handed come from `exercises/given/<slug>.py` and stay on the submission's side; the test sees a `Handle`.
"""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from torch import Tensor

from course_lib.grading.sandbox.frames import Ref
from course_lib.grading.sandbox.inside import Inside, Trouble, describe, execute, parameter_names

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""A request to `sandbox.inside.Inside.answer`, wherever that is, and its reply."""

T = TypeVar("T")
PATIENCE = 20.0  # seconds for an answer in this process; the boundary has its own limits


class Failure(AssertionError):
    """A submission's answer did not pass.

    kind: a short machine-readable reason. actual: the answer, if any. status: as in `records.STATUSES`.
    line: of the submission's file. what, why: what was compared and the test's own advice, set by `expect`.
    """

    what = why = ""

    def __init__(self, message: str, kind: str, actual: Any = None, status: str = "wrong", line: int | None = None):
        super().__init__(message)
        self.kind, self.actual, self.status, self.line = kind, actual, status, line


class NotImplementedYet(Failure):
    """The stub is still there."""


class Crashed(Failure):
    """The submission raised."""


def failure(reply: dict[str, Any]) -> Failure:
    """What `Inside.answer` says of trouble, as an exception to raise. Made afresh each time: tracebacks grow."""
    kind = {"not implemented": NotImplementedYet, "crashed": Crashed}.get(reply["status"], Failure)
    return kind(reply["message"], reply["kind"], reply["actual"] or None, reply["status"], reply["line"])


@dataclass(frozen=True)
class Contract:
    """What a stub's signature says of a function: its parameters' names, and what it returns ("" if unknown)."""

    parameters: tuple[str, ...]
    returns: str = ""


@dataclass(frozen=True)
class Call:
    """One call as the test made it; `results` are the plain values it has brought back so far."""

    name: str
    arguments: dict[str, Any]
    results: list[Any] = field(default_factory=list)


class Handle:
    """A module, optimiser or other object on the submission's side. Calling it gives its output, plain and detached.

    What a submission was handed has a twin here, built from the same code. Until the submission has run, the twin
    answers: so a state that a test starts from is never the submission's word.
    """

    def __init__(self, student: "Student", ref: Ref, twin: Ref | None = None):
        self._student, self._ref, self._twin = student, ref, twin
        self._made = student._generation

    def __call__(self, *args: Any) -> Any:
        answer = self._student._ask("use", number=self._ref.number, args=[ref_of(arg) for arg in args])
        if not self._clean() or any(isinstance(arg, Handle) and not arg._clean() for arg in args):
            return answer
        return self._student._ask_twins("use", number=self._twin.number, args=[twin_of(arg) for arg in args])

    def state(self) -> dict[str, Tensor]:
        """Copies of all parameters and buffers, by name."""
        return self._read("state", lambda value: is_dict_of(value, Tensor))

    def grads(self) -> dict[str, Tensor | None]:
        """Copies of the parameters' gradients by name; None where there is none."""
        return self._read("grads", lambda value: is_dict_of(value, Tensor | None))

    def training(self) -> bool:
        """Whether the module is in training mode."""
        return self._read("training", lambda value: isinstance(value, bool))

    def _read(self, what: str, has_form: Callable[[Any], bool]) -> Any:
        if self._clean():
            return self._student._ask_twins(what, number=self._twin.number)
        value = self._student._ask(what, number=self._ref.number)
        if not has_form(value):
            raise Failure(f"{self}: its {what} is no such thing", "malformed", status="malformed answer")
        return value

    def _clean(self) -> bool:
        return self._twin is not None and self._made == self._student._generation

    def __repr__(self) -> str:
        return self._ref.name


class Student:
    """A submission's functions, by name: `student.kl_divergence(p, q)`.

    Every call checks that the arguments came back unchanged, that the answer is made of plain values and that it is of
    the kind which the contract declares. Raises Failure, with a status; never lets an exception of the submission
    through as it is.
    """

    def __init__(
        self, ask: Ask, contracts: dict[str, Contract] | None = None, given: ModuleType | None = None,
        excluded: dict[str, str] | None = None,
    ):  # fmt: skip
        """given: our own copy of what exercises are handed, for twins; None where the submission is trusted.

        excluded: function -> a sentence, for functions that use what their exercise excludes.
        """
        self._send, self._contracts, self._excluded = ask, contracts or {}, excluded or {}
        self._twins = Inside(given=given, ref=Ref) if given is not None else None
        self._generation = 0  # of the state over there: it may change with every call
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self._call("call", name, args, kwargs)

    def load(self, **file: Any) -> None:
        """Have the submission's file executed over there. Raises Failure where it does not run to its end."""
        excluded = self._ask("load", **file)
        if not is_dict_of(excluded, str):
            raise Failure("the file was not loaded", "malformed", status="malformed answer")
        self._excluded = excluded

    def given(self, name: str, *args: Any, **kwargs: Any) -> Handle:
        """Build what `exercises/given/<slug>.py` calls `name`, on the submission's side."""
        made = self._ask("given", name=name, args=[ref_of(arg) for arg in args], kwargs=kwargs)
        if not isinstance(made, Handle):
            raise Failure(f"{name} is no such thing", "malformed", status="malformed answer")
        if self._twins is not None and all(arg._clean() for arg in args if isinstance(arg, Handle)):
            request = {"name": name, "args": [twin_of(arg) for arg in args], "kwargs": kwargs}
            made._twin = self._twins.answer({"do": "given", "with": request})["value"]
        return made

    def value_and_grad(
        self, name: str, *args: Any, cotangent: Tensor | None = None, **kwargs: Any
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The value of function `name`, and its gradients in every floating-point tensor among `args`.

        cotangent: of the value's shape, what the value's gradient is multiplied by from the left; ones if not given.
        An argument on which the value does not depend has gradient zero.
        """
        value, grads = self._call("value_and_grad", name, args, kwargs, cotangent=cotangent)
        return value, grads

    def _call(self, do: str, name: str, args: tuple, kwargs: dict, **more: Any) -> Any:
        names = self._contracts[name].parameters if name in self._contracts else ()
        labels = [*names[: len(args)], *(f"argument {i + 1}" for i in range(len(names), len(args)))]
        call = Call(name, dict(zip(labels, args, strict=True)) | kwargs)
        self.calls.append(call)
        if name in self._excluded:
            raise Failure(f"{name}: {self._excluded[name]}", "forbidden", status="forbidden")
        self._generation += 1
        kwargs = {key: ref_of(value) for key, value in kwargs.items()}
        answer = self._ask(do, name=name, args=[ref_of(arg) for arg in args], kwargs=kwargs, **more)
        if do == "value_and_grad":
            leaves = [arg for arg in args if isinstance(arg, Tensor) and arg.is_floating_point()]
            if not is_value_and_grad(answer, leaves):
                raise Failure(f"{name}: its gradient is no such thing", "malformed", status="malformed answer")
            call.results.extend(answer[1])
            call.results.append(answer[0])
            return answer
        call.results.append(answer)
        self._check_kind(name, answer)
        return answer

    def _check_kind(self, name: str, answer: Any) -> None:
        returns = self._contracts[name].returns if name in self._contracts else ""
        if not is_of_kind(answer, returns):
            wanted = "a tensor" if returns == "Tensor" else returns
            raise Failure(f"{name}: expected {wanted}, got {describe(answer)}", "kind", describe(answer))

    def _ask(self, do: str, **with_: Any) -> Any:
        reply = self._send({"do": do, "with": with_})
        if "value" not in reply:
            raise failure(reply)
        return self._mine(reply["value"])

    def _ask_twins(self, do: str, **with_: Any) -> Any:
        return self._twins.answer({"do": do, "with": with_})["value"]

    def _mine(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return Handle(self, value)
        if isinstance(value, list | tuple):
            return type(value)(map(self._mine, value))
        if isinstance(value, dict):
            return {key: self._mine(item) for key, item in value.items()}
        return value


def local(module: ModuleType, given: ModuleType | None = None, contracts: dict[str, Contract] | None = None,
          excluded: dict[str, str] | None = None) -> Student:  # fmt: skip
    """A submission in this process, for code that is trusted: the learner's own, the master, mistakes and variants."""
    if contracts is None:
        functions = {name: value for name, value in vars(module).items() if callable(value)}
        contracts = {name: Contract(tuple(parameter_names(one, 99))) for name, one in functions.items()}
    answer = Inside(module, given, Ref).answer
    return Student(lambda request: in_time(lambda: answer(request)), contracts, excluded=excluded)


class NoAnswer(BaseException):
    """Raised in code that takes too long; no Exception, so that it is not caught in passing."""


def in_time(work: Callable[[], T]) -> T:
    """What `work` gives. Raises NoAnswer in it after PATIENCE seconds: a loop without end must not hang the check.

    Only on the main thread, where the system has alarms; elsewhere there is no limit.
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        return work()

    def ring(*_: object) -> None:
        raise NoAnswer(f"within {PATIENCE:g} seconds; is there a loop that never ends?")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def load(path: Path, name: str) -> ModuleType:
    """Execute the file at `path` as a fresh module called `name`.

    Raises Crashed where it does not run to its end, with the line; Failure where there is no such file.
    """
    if not path.exists():
        told = f"{path.parent.name}/{path.name} is missing; `course release {path.stem}` writes it"
        raise Failure(told, "missing", status="missing")
    try:
        return in_time(lambda: execute(path.read_bytes(), str(path), name))
    except Trouble as trouble:
        raise failure(trouble.reply) from None


def ref_of(value: Any) -> Any:
    """Handles, and lists of them, as references that the other side understands."""
    if isinstance(value, list):
        return [ref_of(item) for item in value]
    return value._ref if isinstance(value, Handle) else value


def twin_of(value: Any) -> Any:
    return value._twin if isinstance(value, Handle) else value


def is_dict_of(value: Any, kind: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, kind) for item in value.values())


def is_value_and_grad(answer: Any, leaves: list[Tensor]) -> bool:
    """A tensor and, for each leaf, a tensor of its shape and dtype."""
    if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Tensor)):
        return False
    grads = answer[1]
    return (
        isinstance(grads, tuple)
        and len(grads) == len(leaves)
        and all(
            isinstance(grad, Tensor) and grad.shape == leaf.shape and grad.dtype == leaf.dtype
            for grad, leaf in zip(grads, leaves, strict=True)
        )
    )


def is_of_kind(value: Any, returns: str) -> bool:
    """Whether `value` is what this annotation declares; an annotation that is not known here declares nothing."""
    if returns.startswith("tuple[") and not returns.endswith("...]"):
        parts = returns.removeprefix("tuple[").removesuffix("]").split(", ")
        if any("[" in part for part in parts):
            return isinstance(value, tuple)
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(is_of_kind, value, parts))
    scalar = isinstance(value, Tensor) and value.ndim == 0  # counts as a number
    match returns:
        case "Tensor":
            return isinstance(value, Tensor)
        case "float" | "int":
            return scalar or (isinstance(value, int | float) and not isinstance(value, bool))
        case "bool":
            return isinstance(value, bool)
        case "str":
            return isinstance(value, str)
        case "nn.Module" | "Module":
            return isinstance(value, Handle)
        case "list[Tensor]":
            return isinstance(value, list) and all(isinstance(item, Tensor) for item in value)
        case "dict[str, Tensor]":
            return is_dict_of(value, Tensor)
    return True
