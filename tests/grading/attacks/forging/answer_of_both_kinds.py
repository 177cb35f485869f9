# attack: a reply that is a value and a trouble at once, with keys of which the judge never heard, or none at all
# status: malformed answer
# points: 0
import itertools
import sys

import torch

REPLIES = itertools.cycle([
    {"value": None, "status": "passed"},
    {"value": True, "points": 10.0, "mistakes": [], "kind": "", "message": "", "line": None, "actual": ""},
    {"status": ["passed"], "kind": {}, "message": 1.5, "line": "<b>1</b>", "actual": None},
    {"status": "passed by unanimous vote", "kind": "", "message": "", "line": -1, "actual": ""},
    {},
    [],
    None,
    "passed",
])  # fmt: skip
frames = sys.modules.get("frames")
if frames is not None:
    encode = getattr(frames, "honest_encode", frames.encode)
    frames.honest_encode = encode

    def forged(value):
        if isinstance(value, dict) and "answer" in value:
            value = {**value, "answer": next(REPLIES)}
        return encode(value)


def guess(*args):
    if frames is not None:
        frames.encode = forged
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
