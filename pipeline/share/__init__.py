"""Estimate shares with intervals from person-days and matches."""
