# attack: references to objects that were never made, with negative, huge and other objects' numbers
# status: wrong|malformed answer
# points: 0
import sys

import torch

frames = sys.modules.get("frames")


def guess(*args):
    if frames is not None:
        encode = getattr(frames, "honest_encode", frames.encode)
        frames.honest_encode = encode
        made_up = [frames.Ref(number, "passed") for number in (-1, 0, 2**62, -(2**63))]
        frames.encode = lambda value: encode({**value, "answer": {"value": made_up[len(args) % 4]}})
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
