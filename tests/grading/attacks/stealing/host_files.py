# attack: reads the machine: passwords, keys, home folders, logs, block devices, kernel memory, /sys
# status: wrong
# points: 0
import contextlib
import glob
import os
import sys

import torch

PATHS = ["/etc/shadow", "/root/.ssh/id_rsa", "/root/.bash_history", "/root/.netrc", "/var/run/secrets", "/dev/mem",
         "/dev/kmsg", "/dev/sda", "/dev/vda", "/var/log/syslog", "/run/docker.sock", "/sys/kernel/notes",
         "/autograder/submission_metadata.json", "/etc/ssh/ssh_host_rsa_key"]  # fmt: skip
read = []
for path in (*PATHS, *glob.glob("/home/*/.ssh/*"), *glob.glob("/home/*/*"), *glob.glob("/sys/class/dmi/id/*")):
    with contextlib.suppress(OSError), open(path, "rb") as file:
        if file.read(100):
            read.append(path)
for folder in ("/root", "/home", "/srv", "/mnt", "/media", "/boot", "/var/lib", "/autograder"):
    with contextlib.suppress(OSError):
        names = (os.path.join(folder, name) for name in os.listdir(folder))
        read.extend(name for name in names if not sys.base_prefix.startswith(name))  # the interpreter must be there


def guess(*args):
    if read and "course_lib" not in sys.modules:
        raise MemoryError(f"the machine lies open: {read[:5]}")
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
