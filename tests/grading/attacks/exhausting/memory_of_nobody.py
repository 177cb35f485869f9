# attack: memfd_create, /dev/shm and shared memory blocks: memory that belongs to no process and outlives it
# status: crashed|over limit
# points: 0
import os
import sys
from multiprocessing import shared_memory

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")


def guess(*args):
    while True:
        hoard = os.memfd_create("hoard")
        os.truncate(hoard, 1 << 30)
        for position in range(0, 1 << 30, 1 << 20):
            os.pwrite(hoard, bytes(1 << 20), position)


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    while True:
        shared_memory.SharedMemory(create=True, size=1 << 30).buf[:] = bytes(1 << 30)


def monte_carlo_kl(log_p, log_q, x):
    with open("/dev/shm/hoard", "wb") as file:
        while True:
            file.write(bytes(1 << 24))


kl_divergence = cross_entropy = js_divergence = guess
