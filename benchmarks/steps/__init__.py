"""How well steps are held: hand-offs with known truth, and real event logs beside PM4Py."""
