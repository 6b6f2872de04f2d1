"""Planted and clean cases for the findings."""
