"""The database as a queue: chunks, fingerprints, leases, marks."""
