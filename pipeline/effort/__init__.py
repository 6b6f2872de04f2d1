"""Estimate person-days from traces."""
