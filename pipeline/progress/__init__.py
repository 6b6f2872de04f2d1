"""Progress of key results: measured once a day, stored as a series, forecast to the end of the period."""
