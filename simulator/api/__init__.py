"""The three vendors' HTTP APIs over a World."""
