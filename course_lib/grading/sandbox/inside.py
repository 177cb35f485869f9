"""The submission's side: load its file, call its functions, take gradients, keep what it builds.

The same class answers in the learner's own process and in a worker behind the boundary: a request is a dict of plain
values, and so is the reply. What is checked here is for the learner's sake (a changed argument, an object that is no
plain value). Nothing here decides a verdict: in a worker, the submission can change every line of it.

This file is read on both sides of the boundary, so it imports torch, numpy and the standard library only.
"""

import errno
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import torch
from torch import Tensor, nn

MESSAGE = 1000  # characters of an exception's own words


class Trouble(Exception):
    """What is wrong with an answer. status: as in `records.STATUSES`; kind: a short machine-readable reason."""

    def __init__(self, message: str, kind: str, status: str = "wrong", line: int | None = None, actual: str = ""):
        super().__init__(message)
        self.reply = {"status": status, "kind": kind, "message": message, "line": line, "actual": actual}


class Inside:
    """A submission's module, what its exercises are handed, and the objects that stay here. `answer` does it all."""

    def __init__(
        self,
        module: ModuleType | None = None,
        given: ModuleType | None = None,
        ref: Callable | None = None,
        uses: Callable | None = None,
    ):
        """ref: makes the stand-in for object number n called name, ref(n, name). uses: see `excluded.uses`."""
        self.module, self.given, self.ref, self.uses = module, given, ref, uses
        self.kept: list[Any] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """{"value": what was asked for}, or {"status", "kind", "message", "line", "actual"} of what went wrong."""
        try:
            return {"value": getattr(self, f"do_{request['do']}")(**request["with"])}
        except Trouble as trouble:
            return trouble.reply

    def do_load(
        self, source: bytes, path: str, name: str, given: bytes | None, excluded: dict[str, str]
    ) -> dict[str, str]:
        """Execute the submission's file, and what it is handed, afresh; all that was kept goes.

        Returns function -> sentence, for functions that use what is excluded.
        """
        uses = self.uses(source, excluded)
        torch.default_generator.manual_seed(0)  # torch.manual_seed asks every kind of device: 4 ms
        numpy.random.seed(0)
        self.kept = []
        self.given = execute(given, f"given/{path}", "given") if given is not None else None
        self.module = execute(source, path, name)
        return uses

    def do_call(self, name: str, args: list, kwargs: dict) -> Any:
        return self.plain(self.run(name, args, kwargs), name)

    def do_value_and_grad(self, name: str, args: list, kwargs: dict, cotangent: Tensor | None) -> tuple:
        leaves = [
            arg.detach().clone().requires_grad_() if isinstance(arg, Tensor) and arg.is_floating_point() else arg
            for arg in args
        ]
        value = self.run(name, leaves, kwargs)
        if not isinstance(value, Tensor):
            raise Trouble(f"{name}: expected a tensor, got {describe(value)}", "kind", actual=describe(value))
        if not value.requires_grad:
            raise Trouble(
                f"{name}: the result carries no gradient. Something cut it off: .detach(), .item(), .numpy(), "
                "torch.no_grad(), or a new tensor made from numbers.",
                "no gradient",
            )
        inputs = [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.requires_grad]
        try:
            grads = torch.autograd.grad(
                value, inputs, torch.ones_like(value) if cotangent is None else cotangent, allow_unused=True
            )
        except RuntimeError as error:
            raise Trouble(f"{name}: no gradient could be taken: {first_line(error)}", "no gradient") from None
        grads = tuple(torch.zeros_like(leaf) if g is None else g for leaf, g in zip(inputs, grads, strict=True))
        return self.plain((value, grads), name)

    def do_given(self, name: str, args: list, kwargs: dict) -> Any:
        return self.keep(name, self.guarded(name, lambda: getattr(self.given, name)(*map(self.real, args), **kwargs)))

    def do_use(self, number: int, args: list) -> Any:
        with torch.no_grad():
            return self.plain(
                self.guarded("it", lambda: self.kept[number](*map(self.real, args))), "what the test was handed"
            )

    def do_state(self, number: int) -> dict[str, Tensor]:
        return {name: tensor.detach().clone() for name, tensor in self.kept[number].state_dict().items()}

    def do_grads(self, number: int) -> dict[str, Tensor | None]:
        parameters = self.kept[number].named_parameters()
        return {name: None if p.grad is None else p.grad.detach().clone() for name, p in parameters}

    def do_training(self, number: int) -> bool:
        return self.kept[number].training

    def run(self, name: str, args: list, kwargs: dict) -> Any:
        """The submission's function `name`, its arguments watched."""
        function = getattr(self.module, name, None)
        if function is None:
            raise Trouble(f"{name} is not defined: the stub's signature must stay", "not defined")
        args = [self.real(arg) for arg in args]
        kwargs = {key: self.real(value) for key, value in kwargs.items()}
        before = [snapshot(arg) for arg in (*args, *kwargs.values())]
        result = self.guarded(name, lambda: function(*args, **kwargs))
        names = [*parameter_names(function, len(args)), *kwargs]
        for label, arg, old in zip(names, (*args, *kwargs.values()), before, strict=True):
            if old is not None and not same(arg, old):
                raise Trouble(
                    f"{name} changed its argument {label} in place; work on a copy (operations ending in _ change "
                    "their tensor)",
                    "modified",
                )
        return result

    def guarded(self, name: str, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except NotImplementedError:
            raise Trouble(f"{name} is not implemented yet", "not implemented", "not implemented") from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit and pytest.skip too: whatever is raised is an answer
            raise crash(f"{name} raised", error, self.module) from None

    def real(self, value: Any) -> Any:
        """References and lists of them as the objects they stand for."""
        if type(value) is list:
            return [self.real(item) for item in value]
        number = getattr(value, "number", None)
        return value if number is None or isinstance(value, Tensor) else self.kept[number]

    def keep(self, name: str, value: Any) -> Any:
        self.kept.append(value)
        return self.ref(len(self.kept) - 1, name)

    def plain(self, value: Any, name: str, depth: int = 0) -> Any:
        """`value` with tensors detached and modules kept. Raises Trouble for anything that is not plain."""
        if type(value) in (Tensor, nn.Parameter):
            return value.detach()
        if isinstance(value, nn.Module):
            return self.keep(name, value)
        if value is None or type(value) in (bool, int, float, str):
            return value
        if depth < 10:
            if isinstance(value, tuple):
                return tuple([self.plain(item, name, depth + 1) for item in value])
            if type(value) is list:
                return [self.plain(item, name, depth + 1) for item in value]
            if type(value) is dict and all(type(key) is str for key in value):
                return {key: self.plain(item, name, depth + 1) for key, item in value.items()}
        raise Trouble(f"{name}: returned {describe(value)}; return tensors or numbers", "kind", actual=describe(value))


def execute(source: bytes, path: str, name: str) -> ModuleType:
    """A fresh module with this source. Raises Trouble where it does not run to its end, with the line."""
    module = ModuleType(name)
    module.__file__ = path
    module.__course_source__ = source
    sys.modules[name] = module  # dataclasses look up where they were made
    try:
        exec(compile(source, path, "exec"), module.__dict__)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        label = "/".join(Path(path).parts[-2:])
        raise crash(f"{label} cannot be imported:", error, module) from None
    return module


def crash(subject: str, error: BaseException, module: ModuleType | None) -> Trouble:
    """What the submission raised, as trouble: the line of its own file, and whether it had run out of something."""
    name = str(getattr(type(error), "__name__", "an exception"))[:100]
    line, text = where(error, module)
    message = f"{subject} {name}: {first_line(error)}"
    if line is not None:
        message += f" (line {line}: {text})" if text else f" (line {line})"
    limit = exhausted(error)
    if limit:
        return Trouble(message, f"over limit: {limit}", "over limit", line)
    return Trouble(message, f"crashed: {name}", "crashed", line)


def exhausted(error: BaseException) -> str | None:
    """Which limit an exception speaks of, if any."""
    text = first_line(error)
    if isinstance(error, MemoryError) or "can't allocate memory" in text or "not enough memory" in text:
        return "memory"
    if "can't start new thread" in text:
        return "threads"
    if isinstance(error, OSError):
        number = error.errno
        return {errno.EAGAIN: "processes", errno.EFBIG: "files", errno.ENOSPC: "files", errno.EMFILE: "open files",
                errno.ENOMEM: "memory"}.get(number)  # fmt: skip
    return None


def where(error: BaseException, module: ModuleType | None) -> tuple[int | None, str]:
    """The deepest line of the submission's own file on the traceback, and its text."""
    path = getattr(module, "__file__", None)
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno, ""
    line, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == path:
            line = frame.tb_lineno
        frame = frame.tb_next
    source = getattr(module, "__course_source__", b"")
    lines = source.decode("utf-8", "replace").splitlines() if isinstance(source, bytes) else []
    return line, lines[line - 1].strip()[:200] if line and line <= len(lines) else ""


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, whatever its __str__ does."""
    try:
        text = str(error)[: 10 * MESSAGE].strip()
    except BaseException:
        text = ""
    return (text or "no message").splitlines()[0][:MESSAGE]


def snapshot(value: Any) -> Any:
    """A copy to compare with later, or None for what is not watched."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, list | tuple) and value and all(isinstance(item, Tensor) for item in value):
        return [item.detach().clone() for item in value]
    return None


def same(value: Any, old: Any) -> bool:
    if isinstance(old, list):
        return len(value) == len(old) and all(map(same, value, old))
    value = value.detach()
    return (
        value.shape == old.shape
        and value.dtype == old.dtype
        and torch.allclose(value, old, rtol=0, atol=0, equal_nan=True)
    )


def describe(value: Any) -> str:
    """A phrase for an error message: what kind of thing came back."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)} and dtype {str(value.dtype).removeprefix('torch.')}"
    if value is None:
        return "None (is there a return?)"
    return {bool: "a bool", int: "an int", float: "a float"}.get(type(value), f"a {type(value).__name__}")


def parameter_names(function: Callable, n: int) -> list[str]:
    code = getattr(function, "__code__", None)
    names = list(code.co_varnames[: min(n, code.co_argcount)]) if code else []
    return names + [f"number {i + 1}" for i in range(len(names), n)]
