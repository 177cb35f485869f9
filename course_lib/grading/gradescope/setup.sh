#!/usr/bin/env bash
# Makes the container. Gradescope runs this once, as root, where it has unpacked the zip: /autograder/source.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DEBIAN_FRONTEND=noninteractive

apt-get update -qq
apt-get install -y -qq --no-install-recommends python3 python3-venv
# Where a container allows no namespaces, bubblewrap is of no use, and grading says that it ran in the reduced sandbox.
apt-get install -y -qq --no-install-recommends bubblewrap || echo "no bubblewrap: the reduced sandbox it will be"

python=python3
if ! $python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  python=python3.11 # Ubuntu 22.04 has it beside its own 3.10
  apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv
fi
$python -m venv venv
# A build of PyTorch without CUDA is a tenth of the size, where an index of such builds was named.
if [ -s torch-index.txt ]; then
  venv/bin/python -m pip install --quiet --no-cache-dir --no-deps --index-url "$(cat torch-index.txt)" "$(grep '^torch==' libraries.txt)"
fi
venv/bin/python -m pip install --quiet --no-cache-dir --requirement libraries.txt --constraint constraints.txt

# Root's alone: answers, hidden tests, the secret. What runs submissions can be read by the user whom they run as.
chown -R root:root course
chmod -R go-rwx course
chmod go+x . course course/course_lib course/course_lib/grading
chmod -R go+rX course/course_lib/grading/sandbox venv
venv/bin/python -c 'import torch, numpy, scipy, pytest, yaml, packaging'
