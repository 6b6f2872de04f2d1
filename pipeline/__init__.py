"""What we compute, stage by stage: register, ingest, encode, match, effort, share, drift; cycle runs them all.

Pure functions first, storage at the rim (`cycle` and the `*_stage` modules).
"""
