# attack: threads until there are no more
# status: over limit
# points: 0
import sys
import threading
import time

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    while True:
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
