"""Key result owners' confidence, week by week, and where it disagrees with the number and the work."""
