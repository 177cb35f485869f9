"""What a test may do with a submission: call its functions, ask for gradients, hold handles to modules. Nothing else.

The same calls can be answered by a worker in another process, so only plain values pass: tensors, numbers, strings,
None, and tuples, lists or dicts of those. Networks, optimisers and callables that an exercise is handed come from
`exercises/given/<slug>.py` and stay on the submission's side; the test sees them through a `Handle`.
"""

import importlib.util
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn


class Failure(AssertionError):
    """A submission's answer did not pass. `kind` is a short machine-readable reason, `actual` the answer, if any."""

    def __init__(self, message: str, kind: str, actual: Any = None):
        super().__init__(message)
        self.kind = kind
        self.actual = actual


class NotImplementedYet(Failure):
    """The stub is still there."""

    def __init__(self, name: str):
        super().__init__(f"{name} is not implemented yet", "not implemented")


class Crashed(Failure):
    """The submission raised. `error` is what it raised."""

    def __init__(self, message: str, error: BaseException):
        super().__init__(message, f"crashed: {type(error).__name__}")
        self.error = error


@dataclass(frozen=True)
class Call:
    """One call as the test made it; `results` are the plain values it has brought back so far."""

    name: str
    arguments: dict[str, Any]
    results: list[Any] = field(default_factory=list)


class Handle:
    """A module, optimiser or other object on the submission's side. Calling it gives its output, plain and detached."""

    def __init__(self, name: str, value: Any):
        self._name = name
        self._value = value

    def __call__(self, *args: Any) -> Any:
        with torch.no_grad():
            return plain(self._value(*map(unwrap, args)), self._name)

    def state(self) -> dict[str, Tensor]:
        """Copies of all parameters and buffers, by name."""
        return {name: tensor.detach().clone() for name, tensor in self._value.state_dict().items()}

    def grads(self) -> dict[str, Tensor | None]:
        """Copies of the parameters' gradients by name; None where there is none."""
        return {name: None if p.grad is None else p.grad.detach().clone() for name, p in self._value.named_parameters()}

    def training(self) -> bool:
        """Whether the module is in training mode."""
        return self._value.training

    def __repr__(self) -> str:
        return self._name


class Student:
    """A submission's functions, by name: `student.kl_divergence(p, q)`.

    Every call checks that the arguments came back unchanged, and that the answer is made of plain values.
    Raises Failure (wrong), NotImplementedYet or Crashed; never lets an exception of the submission through as it is.
    """

    def __init__(self, module: ModuleType, given: ModuleType | None = None):
        self._module = module
        self._given = given
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self._run(name, args, kwargs)

    def given(self, name: str, *args: Any, **kwargs: Any) -> Handle:
        """Build what `exercises/given/<slug>.py` calls `name`, on the submission's side."""
        if self._given is None:
            raise LookupError(f"there is no exercises/given file for {name!r}")
        return Handle(name, getattr(self._given, name)(*map(unwrap, args), **kwargs))

    def value_and_grad(
        self, name: str, *args: Any, cotangent: Tensor | None = None, **kwargs: Any
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The value of function `name`, and its gradients in every floating-point tensor among `args`.

        cotangent: of the value's shape, what the value's gradient is multiplied by from the left; ones if not given.
        An argument on which the value does not depend has gradient zero.
        """
        leaves = [
            arg.detach().clone().requires_grad_() if isinstance(arg, Tensor) and arg.is_floating_point() else arg
            for arg in args
        ]
        value = self._run(name, leaves, kwargs, keep_graph=True)
        if not isinstance(value, Tensor):
            raise Failure(f"{name}: expected a tensor, got {describe(value)}", "kind", describe(value))
        if not value.requires_grad:
            raise Failure(
                f"{name}: the result carries no gradient. Something cut it off: .detach(), .item(), .numpy(), "
                "torch.no_grad(), or a new tensor made from numbers.",
                "no gradient",
            )
        inputs = [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.requires_grad]
        try:
            grads = torch.autograd.grad(value, inputs, torch.ones_like(value) if cotangent is None else cotangent,
                                        allow_unused=True)  # fmt: skip
        except RuntimeError as error:
            raise Failure(f"{name}: no gradient could be taken: {first_line(error)}", "no gradient") from None
        grads = tuple(torch.zeros_like(leaf) if g is None else g for leaf, g in zip(inputs, grads, strict=True))
        self.calls[-1].results.extend(grads)
        value = value.detach()
        self.calls[-1].results.append(value)
        return value, grads

    def _run(self, name: str, args: tuple | list, kwargs: dict, keep_graph: bool = False) -> Any:
        function = getattr(self._module, name, None)
        if function is None:
            raise Failure(f"{name} is not defined: the stub's signature must stay", "not defined")
        before = [snapshot(arg) for arg in (*args, *kwargs.values())]
        self.calls.append(Call(name, dict(zip(parameter_names(function, len(args)), args, strict=False)) | kwargs))
        try:
            result = function(*map(unwrap, args), **{key: unwrap(value) for key, value in kwargs.items()})
        except NotImplementedError:
            raise NotImplementedYet(name) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit and pytest.skip too: whatever is raised is an answer
            raise Crashed(crash_message(name, error, self._module), error) from None
        for arg, old in zip((*args, *kwargs.values()), before, strict=True):
            if old is not None and not same(arg, old):
                label = next((key for key, value in self.calls[-1].arguments.items() if value is arg), "an argument")
                raise Failure(
                    f"{name} changed its argument {label} in place; work on a copy (operations ending in _ change "
                    "their tensor)",
                    "modified",
                )
        result = result if keep_graph else plain(result, name)
        self.calls[-1].results.append(result)
        return result


def load(path: Path, name: str) -> ModuleType:
    """Execute the file at `path` as a fresh module called `name`.

    Raises Crashed where it does not run to its end, with the line; Failure where there is no such file.
    """
    if not path.exists():
        raise Failure(f"{path.parent.name}/{path.name} is missing; `course release {path.stem}` writes it", "missing")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    try:
        source = path.read_bytes()
        exec(compile(source, str(path), "exec"), module.__dict__)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        where = f"line {error.lineno}" if isinstance(error, SyntaxError) else frame_of(error, str(path))
        message = f"{path.parent.name}/{path.name} cannot be imported: {type(error).__name__}: {first_line(error)}"
        raise Crashed(f"{message} ({where})" if where else message, error) from None
    return module


def plain(value: Any, name: str) -> Any:
    """`value` with tensors detached and modules as handles. Raises Failure for anything that is not plain."""
    if type(value) in (Tensor, nn.Parameter):
        return value.detach()
    if isinstance(value, nn.Module):
        return Handle(name, value)
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, tuple):
        return tuple(plain(item, name) for item in value)
    if type(value) is list:
        return [plain(item, name) for item in value]
    if type(value) is dict:
        return {key: plain(item, name) for key, item in value.items() if type(key) is str}
    raise Failure(f"{name}: returned {describe(value)}; return tensors or numbers", "kind", describe(value))


def unwrap(value: Any) -> Any:
    return value._value if isinstance(value, Handle) else value


def snapshot(value: Any) -> Any:
    """A copy to compare with later, or None for what is not watched."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, list | tuple) and all(isinstance(item, Tensor) for item in value):
        return [item.detach().clone() for item in value]
    return None


def same(value: Any, old: Any) -> bool:
    if isinstance(old, list):
        return len(value) == len(old) and all(map(same, value, old))
    value = value.detach()
    return value.shape == old.shape and torch.allclose(value, old, rtol=0, atol=0, equal_nan=True)


def describe(value: Any) -> str:
    """A phrase for an error message: what kind of thing came back."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)} and dtype {str(value.dtype).removeprefix('torch.')}"
    if value is None:
        return "None (is there a return?)"
    return {bool: "a bool", int: "an int", float: "a float"}.get(type(value), f"a {type(value).__name__}")


def parameter_names(function: Callable, n: int) -> list[str]:
    code = getattr(function, "__code__", None)
    return list(code.co_varnames[:n]) if code else [f"argument {i + 1}" for i in range(n)]


def first_line(error: BaseException) -> str:
    return (str(error).strip() or "no message").splitlines()[0]


def frame_of(error: BaseException, path: str) -> str:
    """Where in the file `path` the error came from: the deepest line of it on the traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"line {frames[-1].lineno}: {frames[-1].line}" if frames else ""


def crash_message(name: str, error: BaseException, module: ModuleType) -> str:
    where = frame_of(error, getattr(module, "__file__", "") or "")
    return f"{name} raised {type(error).__name__}: {first_line(error)}" + (f" ({where})" if where else "")
