"""How sure the owners of key results are, week by week, and where that parts from the number and the work."""
