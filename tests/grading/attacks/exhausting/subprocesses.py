# attack: subprocess, os.system, os.popen and posix_spawn
# status: over limit|crashed
# points: 0
import os
import subprocess
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    while True:
        subprocess.Popen([sys.executable, "-c", "while True: pass"])


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    os.posix_spawn(sys.executable, [sys.executable, "-c", "while True: pass"], {})


def monte_carlo_kl(log_p, log_q, x):
    with os.popen("sleep 1000 & echo passed") as answer:
        return float(answer.read() or "no"), os.system("sleep 1000 &")


kl_divergence = cross_entropy = js_divergence = guess
