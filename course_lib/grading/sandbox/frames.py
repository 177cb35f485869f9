"""Values as bytes, and back: the only language between the judge and a submission.

A frame is eight bytes of length (little-endian) and one value. A value is a letter for its kind and its content:

    N          None              T, F       true, false
    i  int64   (8 bytes)         f  float64 (8 bytes)
    s  length  UTF-8             b  length  bytes
    l, u  count  values          a list, a tuple
    d  count  (text value)…      a dict whose keys are strings
    t  dtype  axes  sizes  data  a dense tensor: a byte from DTYPES, a byte, uint32 each, then the numbers in order
    h  number  text              a reference to an object that stays on the submission's side

`decode` trusts nothing: every length is checked against what is there before anything is made of it, depth and number
of values are bounded, dtypes come from a list. Nothing is unpickled, evaluated or looked up by name.

This file is read on both sides of the boundary, so it imports torch and the standard library only.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

DTYPES = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip
MAX_BYTES = 64 * 2**20  # of a frame
MAX_VALUES = 10_000
MAX_DEPTH = 16
MAX_AXES = 8

HEADER = struct.Struct("<Q")
_INT, _FLOAT, _COUNT = struct.Struct("<q"), struct.Struct("<d"), struct.Struct("<I")


class Malformed(ValueError):
    """Bytes that are no frame, or a value that no frame can hold."""


@dataclass(frozen=True)
class Ref:
    """An object that stays where it was made: its number there, and what to call it."""

    number: int
    name: str


def encode(value: Any) -> bytes:
    """`value` as a frame, header included. Raises Malformed for what the format does not hold."""
    parts: list[bytes] = []
    _write(value, parts, 0, count(1))
    body = b"".join(parts)
    if len(body) > MAX_BYTES:
        raise Malformed(f"{len(body):,} bytes are more than the {MAX_BYTES:,} that a message may have")
    return HEADER.pack(len(body)) + body


def _write(value: Any, parts: list[bytes], depth: int, values: Iterator[int]) -> None:
    if depth > MAX_DEPTH:
        raise Malformed(f"nested more than {MAX_DEPTH} deep")
    if next(values) > MAX_VALUES:
        raise Malformed(f"more than {MAX_VALUES:,} values")
    if value is None:
        parts.append(b"N")
    elif type(value) is bool:
        parts.append(b"T" if value else b"F")
    elif type(value) is int:
        if not -(2**63) <= value < 2**63:
            raise Malformed("an integer of more than 64 bits")
        parts += b"i", _INT.pack(value)
    elif type(value) is float:
        parts += b"f", _FLOAT.pack(value)
    elif type(value) is str:
        parts += b"s", *_sized(_utf8(value))
    elif type(value) is bytes:
        parts += b"b", *_sized(value)
    elif type(value) in (list, tuple):
        parts += b"l" if type(value) is list else b"u", _COUNT.pack(len(value))
        for item in value:
            _write(item, parts, depth + 1, values)
    elif type(value) is dict:
        parts += b"d", _COUNT.pack(len(value))
        for key, item in value.items():
            if type(key) is not str:
                raise Malformed("a dict's keys must be strings")
            parts += _sized(_utf8(key))
            _write(item, parts, depth + 1, values)
    elif type(value) in (Tensor, nn.Parameter):
        try:
            parts += b"t", _tensor_bytes(value)
        except RuntimeError as error:  # nested, or escaped from inside a function being vmapped: no numbers to have
            raise Malformed(f"a tensor without values of its own: {error}") from None
    elif type(value) is Ref:
        parts += b"h", _INT.pack(value.number), *_sized(_utf8(value.name))
    else:
        raise Malformed(f"a {type(value).__name__} is no plain value")


def _sized(content: bytes) -> tuple[bytes, bytes]:
    return _COUNT.pack(len(content)), content


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Malformed("text that is not Unicode (a lone surrogate)") from None


def _tensor_bytes(tensor: Tensor) -> bytes:
    if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.dtype not in DTYPES:
        raise Malformed(f"a tensor of layout {tensor.layout}, device {tensor.device}, dtype {tensor.dtype}")
    if _extent(tensor.shape) * tensor.element_size() > MAX_BYTES or tensor.ndim > MAX_AXES:
        raise Malformed(f"a tensor of shape {list(tensor.shape)} is too large")
    head = bytes([DTYPES.index(tensor.dtype), tensor.ndim]) + b"".join(_COUNT.pack(size) for size in tensor.shape)
    # A copy: one number, or none, counts as contiguous whatever its stride, and has no view as bytes then.
    plain = tensor.detach().resolve_neg().clone(memory_format=torch.contiguous_format)
    return head + plain.reshape(-1).view(torch.uint8).numpy().tobytes()


def _extent(shape: Iterable[int]) -> int:
    """Of a tensor that is empty too: its other sizes are bounded as well, for torch multiplies them for its strides."""
    return prod(max(size, 1) for size in shape)


def decode(body: bytes | bytearray) -> Any:
    """The value of a frame's body (without its header). Raises Malformed for anything but exactly one value."""
    reader = _Reader(body)
    value = reader.value(0)
    if reader.at != len(body):
        raise Malformed(f"{len(body) - reader.at} bytes too many")
    return value


class _Reader:
    def __init__(self, body: bytes | bytearray):
        self.body, self.at, self.values = memoryview(body), 0, 0

    def take(self, n: int) -> memoryview:
        if n > len(self.body) - self.at:
            raise Malformed("cut short")
        self.at += n
        return self.body[self.at - n : self.at]

    def count(self) -> int:
        return _COUNT.unpack(self.take(4))[0]

    def text(self) -> str:
        try:
            return str(self.take(self.count()), "utf-8")
        except UnicodeDecodeError:
            raise Malformed("text that is not UTF-8") from None

    def items(self) -> range:
        """Indices of a container's items. Each takes a byte at least, so an impossible count ends here."""
        n = self.count()
        if n > len(self.body) - self.at:
            raise Malformed("cut short")
        return range(n)

    def value(self, depth: int) -> Any:
        self.values += 1
        if depth > MAX_DEPTH or self.values > MAX_VALUES:
            raise Malformed("nested too deep" if depth > MAX_DEPTH else "too many values")
        match bytes(self.take(1)):
            case b"N":
                return None
            case b"T":
                return True
            case b"F":
                return False
            case b"i":
                return _INT.unpack(self.take(8))[0]
            case b"f":
                return _FLOAT.unpack(self.take(8))[0]
            case b"s":
                return self.text()
            case b"b":
                return bytes(self.take(self.count()))
            case b"l":
                return [self.value(depth + 1) for _ in self.items()]
            case b"u":
                return tuple([self.value(depth + 1) for _ in self.items()])
            case b"d":
                result = {}
                for _ in self.items():
                    key = self.text()
                    if key in result:
                        raise Malformed("the same key twice")
                    result[key] = self.value(depth + 1)
                return result
            case b"t":
                return self.tensor()
            case b"h":
                return Ref(_INT.unpack(self.take(8))[0], self.text())
            case kind:
                raise Malformed(f"unknown kind of value {kind!r}")

    def tensor(self) -> Tensor:
        code, axes = self.take(2)
        if code >= len(DTYPES) or axes > MAX_AXES:
            raise Malformed("a tensor of unknown dtype or of too many axes")
        dtype = DTYPES[code]
        shape = [self.count() for _ in range(axes)]
        if _extent(shape) * dtype.itemsize > MAX_BYTES:
            raise Malformed("a tensor too large")
        data = self.take(prod(shape) * dtype.itemsize)
        if not len(data):
            return torch.empty(shape, dtype=dtype)
        if dtype is torch.bool and bytes(data).translate(None, b"\0\1"):
            raise Malformed("truth values other than 0 and 1")
        return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)
