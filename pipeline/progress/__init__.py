"""Progress of key results: measured once a day, kept as a series, forecast to the end of the period."""
