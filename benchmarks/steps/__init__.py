"""Evaluation of steps: hand-offs with known truth, and real event logs compared with PM4Py."""
