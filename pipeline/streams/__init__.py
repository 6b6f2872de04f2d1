"""Streams: work that belongs together, recognised from day to day under the same name."""
