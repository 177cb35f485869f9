# attack: never returns: serves the judge's requests itself, with values made to please (NaN, True, "passed", [])
# status: wrong|malformed answer
# points: 0
import os
import sys

import torch

NAN = torch.tensor(float("nan"), dtype=torch.float64)
PLEASING = {"load": None, "call": NAN, "value_and_grad": (NAN, (NAN, NAN)), "use": True, "state": {}, "grads": {},
            "training": True}  # fmt: skip


def read(n):
    body = b""
    while len(body) < n:
        part = os.read(3, n - len(body))
        if not part:
            os._exit(0)
        body += part
    return body


def serve(frames, request):
    while True:
        kind = request["request"]["do"]
        value = frames.Ref(2**62, "passed") if kind == "given" else PLEASING.get(kind)
        os.write(3, frames.encode({"nonce": request["nonce"], "answer": {"value": value}}))
        request = frames.decode(read(frames.HEADER.unpack(read(8))[0]))


frame = sys._getframe()
while frame is not None:
    for found in list(frame.f_locals.values()):
        if isinstance(found, dict) and "nonce" in found and "request" in found and "frames" in sys.modules:
            serve(sys.modules["frames"], found)
    frame = frame.f_back


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
