# attack: two hundred bytes that decompress to a gigabyte, and a string format as wide as memory
# status: over limit|timed out
# points: 0
import base64
import sys
import zlib

import torch

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")

BOMB = base64.b85decode(
    "c-pJD_4baT-cm-1wu}GUoJ7uuX!Y{?XkPTl@L9b;Y^jsx%yYgMZg+a+TUjS8+r$vqv4W-0T=D1p;%OhI=I^tq|7ZViu1{OyjJSRAwz@ie3=9kh"
    "PWb+xd$zWh@$jwVch9}E0}2_GwV(F>ygBf}+l12FmOz1oFM4L?b!Y5Y=K1$OpUVssam#=DH8Fb|>z%ro|96V{fg%!ns}BMx1`k0VAlV=W=43!P"
    "63CoUnNgWhnNgWhnNb-+GL}(sQ9o`mos0MLuj9X;^Y__xgP$x(X`Ai?0M|r2J^"
)


def guess(*args):
    return torch.zeros(())


def js_divergence(p, q):
    return "A" * (1 << 40), [0] * (1 << 40)


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return f"{1:>4000000000}"


def monte_carlo_kl(log_p, log_q, x):
    return zlib.decompress(zlib.decompress(zlib.decompress(BOMB)))


kl_divergence = cross_entropy = guess
