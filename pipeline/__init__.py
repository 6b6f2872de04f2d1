"""The computation, stage by stage: register, ingest, encode, match, effort, share, drift; cycle runs them all.

The core is pure functions; storage is at the edge (`cycle` and the `stage` modules).
"""
