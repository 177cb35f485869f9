# attack: a kilobyte that decompresses to gigabytes, and a string format as wide as memory
# status: over limit|crashed
# points: 0
import sys
import zlib

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")

BOMB = zlib.compress(zlib.compress(bytes(20_000_000), 9), 9)  # 120 bytes


def guess(*args):
    return b"".join([zlib.decompress(zlib.decompress(BOMB)) for _ in range(100)])


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return f"{1:>4000000000}"


def monte_carlo_kl(log_p, log_q, x):
    return "A" * (1 << 40), [0] * (1 << 40)


kl_divergence = cross_entropy = js_divergence = guess
