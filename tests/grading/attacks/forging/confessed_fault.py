# attack: answers with the right nonce that the grader is at fault, which must never lower a score
# status: malformed answer
# points: 0
import os
import sys
import time


def guess(*args):
    frame = sys._getframe()
    while frame is not None:
        for value in frame.f_locals.values():
            if isinstance(value, dict) and "nonce" in value and "frames" in sys.modules:
                reply = {"status": "grader fault", "kind": "grader fault", "message": "bwrap died", "line": None, "actual": ""}
                os.write(3, sys.modules["frames"].encode({"nonce": value["nonce"], "answer": reply}))
                time.sleep(3600)
        frame = frame.f_back
    raise RuntimeError("found no nonce")


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
