# attack: environment variables that steer pytest, Python and the loader of whatever process comes next
# status: wrong
# points: 0
import ctypes
import os

import torch

libc = ctypes.CDLL(None)
for name, value in {
    "PYTEST_ADDOPTS": "--collect-only -p no:terminal",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_CURRENT_TEST": "test_kl (call)",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSTARTUP": "/tmp/evil.py",
    "PYTHONPATH": "/tmp",
    "LD_PRELOAD": "/tmp/evil.so",
    "COURSE_CACHE": "/dev/full",
}.items():
    os.environ[name] = value
    libc.setenv(name.encode(), value.encode(), 1)


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
