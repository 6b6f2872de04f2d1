"""Robustness of the connectors against random faults, and their speed against a bare loop of the vendors' clients."""
