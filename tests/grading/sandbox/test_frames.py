"""Values as bytes: what goes in comes back; bytes of any kind are a value or Malformed, in little time and memory."""

import enum
import math
import random
import string
import struct
import time
import tracemalloc
from collections import namedtuple

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.grading.sandbox import frames
from course_lib.grading.sandbox.frames import DTYPES, MAX_AXES, MAX_BYTES, MAX_DEPTH, MAX_VALUES, Malformed, Ref

COUNT = struct.Struct("<I").pack
INT32 = 2**32 - 1
LETTERS = [letter.encode() for letter in "NTFifsbludth"]


def back(value):
    """Through the format and out of it."""
    frame = frames.encode(value)
    (length,) = frames.HEADER.unpack(frame[: frames.HEADER.size])
    assert length == len(frame) - frames.HEADER.size
    return frames.decode(frame[frames.HEADER.size :])


def body(value) -> bytes:
    return frames.encode(value)[frames.HEADER.size :]


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.clone(memory_format=torch.contiguous_format).reshape(-1).view(torch.uint8).numpy().tobytes()


def identical(a, b) -> bool:
    """The same to the last bit, and of the same types."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and bits(a) == bits(b)
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(identical(a[key], b[key]) for key in a)
    return a == b


@st.composite
def tensors(draw):
    """Of every dtype and layout in memory, of any bits: NaN, infinities, negative zeros among them."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    n = math.prod(shape) * dtype.itemsize
    data = draw(st.binary(min_size=n, max_size=n))
    if dtype is torch.bool:
        data = bytes(one & 1 for one in data)
    flat = torch.frombuffer(bytearray(data), dtype=dtype) if data else torch.empty(0, dtype=dtype)
    tensor = flat.reshape(shape)
    match draw(st.integers(0, 3)):
        case 1:
            return tensor.movedim(0, -1) if tensor.ndim else tensor
        case 2 if tensor.ndim:
            return tensor[::2]
        case 3:
            return tensor.unsqueeze(0).expand(3, *shape)
    return tensor


plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20),
    st.binary(max_size=20), tensors(), st.builds(Ref, st.integers(-(2**63), 2**63 - 1), st.text(max_size=9)),
)  # fmt: skip
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_what_goes_in_comes_back(value):
    assert identical(back(value), value)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_and_shape(dtype):
    for shape in ((), (0,), (3, 0, 2), (1,), (2, 3), (1,) * MAX_AXES):
        tensor = torch.arange(math.prod(shape)).reshape(shape).to(dtype)
        assert identical(back(tensor), tensor)
        if tensor.ndim > 1:
            assert identical(back(tensor.transpose(0, 1)), tensor.transpose(0, 1).contiguous())
    if dtype.is_floating_point:
        odd = torch.tensor([math.nan, math.inf, -math.inf, -0.0, 0.0, 1e-45], dtype=torch.float64).to(dtype)
        assert identical(back(odd), odd)


def test_a_tensor_that_came_back_is_nobody_elses():
    """Writable, plain, without a gradient, and none of the sender's memory."""
    sent = nn.Parameter(torch.ones(3))
    got = back(sent)
    assert type(got) is torch.Tensor
    assert not got.requires_grad
    got += 1
    assert sent.tolist() == [1, 1, 1]
    assert identical(back(torch.arange(2)[1::2]), torch.tensor([1])), (
        "one number with a stride is a tensor like another"
    )
    negated = torch.ones(2, dtype=torch.complex64).conj().imag  # read with a sign that is not in memory
    assert identical(back(negated), torch.tensor([-0.0, -0.0]))


def nested(depth: int):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


def test_limits_are_the_same_on_both_sides():
    assert back(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(Malformed, match="deep"):
        frames.encode(nested(MAX_DEPTH + 1))
    with pytest.raises(Malformed, match="deep"):
        frames.decode(b"l" + COUNT(1) + body(nested(MAX_DEPTH)))

    many = [None] * (MAX_VALUES - 1)
    assert back(many) == many
    with pytest.raises(Malformed, match="values"):
        frames.encode([*many, None])
    with pytest.raises(Malformed, match="values"):
        frames.decode(b"l" + COUNT(MAX_VALUES) + b"N" * MAX_VALUES)

    axes = torch.zeros((1,) * (MAX_AXES + 1))
    with pytest.raises(Malformed, match="too large"):
        frames.encode(axes)
    head = bytes([DTYPES.index(torch.uint8), MAX_AXES + 1])
    with pytest.raises(Malformed, match="too many axes"):
        frames.decode(b"t" + head + COUNT(1) * (MAX_AXES + 1) + b"\0")

    largest = b"b" * (MAX_BYTES - 5)  # less its own letter and length
    assert len(back(largest)) == len(largest)
    for value in (largest + b"b", [largest, None], "x" * MAX_BYTES, torch.zeros(MAX_BYTES + 1, dtype=torch.uint8)):
        with pytest.raises(Malformed):
            frames.encode(value)
    with pytest.raises(Malformed, match="64 bits"):
        frames.encode(2**63)
    assert back([2**63 - 1, -(2**63)]) == [2**63 - 1, -(2**63)]


Pair = namedtuple("Pair", "a b")
Sub = type("Sub", (torch.Tensor,), {})
escaped = []
torch.vmap(lambda x: escaped.append(x) or x)(torch.ones(2))

STRANGE = {
    "an object": object(),
    "a set": {1},
    "bytearray": bytearray(b"x"),
    "complex": 1j,
    "an int by another name": enum.IntEnum("E", "ONE").ONE,
    "a float by another name": numpy.float64(1.0),
    "a str by another name": type("S", (str,), {})("x"),
    "bytes by another name": type("B", (bytes,), {})(b"x"),
    "a list by another name": type("L", (list,), {})(),
    "a dict by another name": type("D", (dict,), {})(),
    "a named tuple": Pair(1, 2),
    "a reference by another name": type("R", (Ref,), {})(1, "x"),
    "a dict of numbers": {1: 2},
    "keys by another name": {type("S", (str,), {})("x"): 1},
    "a lone surrogate": "\ud800",
    "a lone surrogate as a key": {"\ud800": 1},
    "a lone surrogate as a name": Ref(1, "\ud800"),
    "a subclass of Tensor": torch.ones(2).as_subclass(Sub),
    "a sparse tensor": torch.eye(2).to_sparse(),
    "a sparse row tensor": torch.eye(2).to_sparse_coo(),
    "a tensor without memory": torch.ones(2, device="meta"),
    "a complex tensor": torch.ones(2, dtype=torch.complex64),
    "a tensor that escaped from vmap": escaped[0],
    "a number of many zeros": torch.ones(1).expand(2**40),
    "an empty tensor of a huge shape": torch.empty(0, 2**40),
    "an empty tensor of many huge axes": torch.empty(0, 2**20, 2**20),
    "an array": numpy.ones(2),
    "a module": nn.Linear(1, 1),
    "a type": int,
}


@pytest.mark.parametrize("name", STRANGE)
def test_anything_else_is_refused_before_it_is_sent(name):
    for value in (STRANGE[name], [STRANGE[name]], {"key": (STRANGE[name],)}):
        with pytest.raises(Malformed):
            frames.encode(value)


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(Malformed):
        frames.encode(endless)
    wide = [1] * 100
    for _ in range(10):
        wide = [wide] * 100
    with pytest.raises(Malformed):
        frames.encode(wide)


U8, F64, BOOL = (bytes([DTYPES.index(dtype)]) for dtype in (torch.uint8, torch.float64, torch.bool))
CRAFTED = {
    "nothing": b"",
    "an unknown letter": b"x",
    "bytes too many": b"NN",
    "half an integer": b"i\0\0",
    "half a float": b"f\0",
    "half a length": b"s\0\0",
    "a text that is not there": b"s" + COUNT(INT32),
    "bytes that are not there": b"b" + COUNT(INT32),
    "a list that is not there": b"l" + COUNT(INT32),
    "a tuple that is not there": b"u" + COUNT(INT32),
    "a dict that is not there": b"d" + COUNT(INT32),
    "a list within a list that is not there": (b"l" + COUNT(3)) * 9,
    "text that is not UTF-8": b"s" + COUNT(2) + b"\xc3\x28",
    "a surrogate spelt in UTF-8": b"s" + COUNT(3) + b"\xed\xa0\x80",
    "an overlong zero": b"s" + COUNT(2) + b"\xc0\x80",
    "the same key twice": b"d" + COUNT(2) + (COUNT(1) + b"kN") * 2,
    "a key that is no text": b"d" + COUNT(1) + COUNT(1) + b"\xffN",
    "a key without a value": b"d" + COUNT(1) + COUNT(1) + b"k",
    "an unknown dtype": b"t" + bytes([len(DTYPES), 0]) + b"\0" * 8,
    "no axes": b"t" + U8,
    "axes that are not there": b"t" + U8 + b"\x08" + COUNT(1),
    "a tensor that is not there": b"t" + F64 + b"\x01" + COUNT(2**20),
    "a tensor larger than a frame": b"t" + F64 + b"\x01" + COUNT(INT32),
    "a tensor of many huge axes": b"t" + F64 + b"\x08" + COUNT(INT32) * 8,
    "an empty tensor of huge axes": b"t" + F64 + b"\x08" + COUNT(0) + COUNT(INT32) * 7,
    "an empty tensor of a huge axis": b"t" + U8 + b"\x02" + COUNT(0) + COUNT(INT32),
    "half a tensor": b"t" + U8 + b"\x01" + COUNT(4) + b"\0\0",
    "a truth value of two": b"t" + BOOL + b"\x01" + COUNT(2) + b"\1\2",
    "half a reference": b"h" + b"\0" * 8,
    "a reference without its name": b"h" + b"\0" * 8 + COUNT(5) + b"abc",
    "depth without end": (b"l" + COUNT(1)) * 60_000 + b"N",
    "digits without end": b"9" * 60_000,
    "JSON": b'{"value": 1}',
    "a pickle": b"\x80\x04\x95.",
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_bytes_are_malformed_at_once_and_cost_nothing(name):
    tracemalloc.start()
    try:
        begun = time.perf_counter()
        with pytest.raises(Malformed):
            frames.decode(CRAFTED[name])
        took, memory = time.perf_counter() - begun, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert took < 0.5
    assert memory < 2**20


def test_the_largest_frames_take_little_time():
    """What a stranger may send is read outside its own time: a frame of all kinds of ones, of the full size."""
    n = MAX_BYTES - 20
    for dtype in (torch.bool, torch.uint8):
        head = b"t" + bytes([DTYPES.index(dtype), 1]) + COUNT(n)
        begun = time.process_time()
        assert frames.decode(head + b"\1" * n).sum() == n
        assert time.process_time() - begun < 1.5
    begun = time.process_time()
    with pytest.raises(Malformed, match="truth"):
        frames.decode(b"t" + BOOL + b"\1" + COUNT(n) + b"\1" * (n - 1) + b"\2")
    with pytest.raises(Malformed, match="values"):
        frames.decode(b"l" + COUNT(n) + b"N" * n)
    assert time.process_time() - begun < 1.5


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_value_or_malformed(data):
    _read(data)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_frame_that_was_changed_is_a_value_or_malformed(data):
    whole = body(data.draw(values))
    at = data.draw(st.integers(0, len(whole)))
    match data.draw(st.integers(0, 2)):
        case 0 if at < len(whole):
            _read(whole[:at] + bytes([whole[at] ^ (1 << data.draw(st.integers(0, 7)))]) + whole[at + 1 :])
        case 1:
            _read(whole[:at])
        case _:
            _read(whole[:at] + data.draw(st.binary(min_size=1, max_size=9)) + whole[at:])


def _read(data: bytes) -> bool:
    """Whether it is a value. There is but one way to write each: whatever is read is written as it was."""
    try:
        value = frames.decode(data)
    except Malformed:
        return False
    assert body(value) == data
    return True


def test_twenty_thousand_broken_frames():
    """Letters and lengths that nearly fit, cut, flipped and spliced: quicker than they come, and never an error."""
    source = random.Random(20261122)
    whole = [body(value) for value in _examples(source)]
    begun, accepted = time.process_time(), 0
    for _ in range(20_000):
        data = bytearray(source.choice(whole))
        for _ in range(source.randint(1, 4)):
            at = source.randrange(len(data) + 1)
            match source.randrange(6):
                case 0 if at < len(data):
                    data[at] ^= 1 << source.randrange(8)
                case 1:
                    del data[at : at + source.randint(1, 9)]
                case 2:
                    data[at:at] = source.choice(LETTERS) + COUNT(source.choice([0, 1, 7, INT32]))
                case 3:
                    data[at:at] = source.choice(whole)
                case 4:
                    data[at : at + 4] = COUNT(source.choice([0, 1, 2, 255, 2**16, INT32]))
                case _:
                    data[at:at] = source.randbytes(source.randint(1, 8))
        accepted += _read(bytes(data))
    assert 200 < accepted < 19_000, "the changes are neither harmless nor hopeless"
    assert time.process_time() - begun < 20


def _examples(source: random.Random) -> list:
    tensor = torch.arange(24).reshape(2, 3, 4)
    found = [None, True, 7, -0.5, "Ω text", b"bytes", Ref(3, "net"), [], (), {}, torch.empty(0, 3)]
    found += [tensor.to(dtype) for dtype in DTYPES]
    for nesting in (list, tuple, list):
        inner = source.sample(found, 10)
        found += [nesting(source.sample(inner, 2)) for _ in range(10)]
        found += [dict(zip(source.sample(string.ascii_letters, 2), source.sample(inner, 2), strict=True))]
    return found
