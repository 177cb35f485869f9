# attack: a reply sent while the file is imported, before the request that it answers has been made
# status: malformed answer
# points: 0
import contextlib
import os
import struct

import torch


def text(content):
    return b"s" + struct.pack("<I", len(content)) + content


def key(content):
    return struct.pack("<I", len(content)) + content


ANSWER = b"d" + struct.pack("<I", 1) + key(b"value") + b"T"
BODY = b"d" + struct.pack("<I", 2) + key(b"nonce") + b"b" + key(bytes(16)) + key(b"answer") + ANSWER
with contextlib.suppress(OSError):
    os.write(3, (struct.pack("<Q", len(BODY)) + BODY) * 30)


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
