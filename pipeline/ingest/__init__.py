"""From the sources into the database."""
