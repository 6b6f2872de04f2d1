"""What a large company costs: see __main__.py."""
