"""Cost of a large company: see __main__.py."""
