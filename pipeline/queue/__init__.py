"""The database as queue: chunks, fingerprints, leases, marks."""
