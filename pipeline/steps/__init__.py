"""Steps that must be stable: which cases followed the written way, where others deviated, and whether conformance is falling."""
