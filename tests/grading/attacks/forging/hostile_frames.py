# attack: frames that strain the parser: unknown kinds and dtypes, 255 axes, impossible counts, deep nests, bytes left over
# status: malformed answer
# points: 0
import builtins
import struct
import sys

import torch

COUNT = struct.Struct("<I")
BODIES = [
    b"",
    b"z",
    b"N" * 100,
    b"t" + bytes([255, 1]) + COUNT.pack(1) + bytes(8),
    b"t" + bytes([0, 255]) + COUNT.pack(1) * 255 + bytes(8),
    b"t" + bytes([0, 8]) + COUNT.pack(0) + COUNT.pack(2**32 - 1) * 7,
    b"t" + bytes([0, 2]) + COUNT.pack(2**31) * 2,
    b"t" + bytes([9, 1]) + COUNT.pack(4) + b"\x02\xff\x00\x01",
    b"s" + COUNT.pack(2**32 - 1) + b"short",
    b"s" + COUNT.pack(2) + b"\xc3\x28",
    b"l" + COUNT.pack(2**32 - 1),
    (b"l" + COUNT.pack(1)) * 100_000 + b"N",
    b"l" + COUNT.pack(1_000_000) + b"N" * 1_000_000,
    b"d" + COUNT.pack(2) + 2 * (COUNT.pack(1) + b"a" + b"N"),
    b"h" + struct.pack("<q", -1) + COUNT.pack(2**32 - 1),
    b"i" + bytes(3),
]
frames = sys.modules.get("frames")


def guess(*args):
    builtins.attempts = getattr(builtins, "attempts", 0) + 1
    if frames is not None:
        body = BODIES[(builtins.attempts + len(args)) % len(BODIES)]
        frames.encode = lambda value: struct.pack("<Q", len(body)) + body
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
