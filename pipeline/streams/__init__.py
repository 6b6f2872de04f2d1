"""Streams: work that belongs together, found again day after day under the same name."""
