"""Ingestion from the sources into the database."""
