"""Tests, in the rooms of what they test."""

import os

# Two tests run side by side on two cores: libraries that take a thread a core would wait for each other.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
