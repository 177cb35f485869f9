# attack: a pool of sixty-four processes, and the semaphores and shared memory that go with it
# status: over limit|crashed
# points: 0
import multiprocessing
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def work(n):
    return sum(range(n))


def guess(*args):
    with multiprocessing.get_context("fork").Pool(64) as pool:
        return sum(pool.map(work, [10**9] * 64))


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
