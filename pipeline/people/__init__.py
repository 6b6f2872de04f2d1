"""Identities across the sources; forgetting; retention."""
