"""How the connectors hold up: against random faults, and against a bare loop of the vendors' clients."""
