"""Detect drift in the shares."""
