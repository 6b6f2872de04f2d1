"""Words that stand in the database and mean the same everywhere."""

COMPANY = "company"
AUDIT = "audit"
"""Origin of a label that judges the match and does not teach it."""
