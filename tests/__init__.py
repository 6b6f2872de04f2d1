"""Tests, in the rooms of what they test."""

import os
import signal

# Two tests run side by side on two cores: libraries that take a thread a core would wait for each other.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# A suite that runs in the background has Ctrl-C ignored, and so would have all that it starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
