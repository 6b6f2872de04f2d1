"""Words stored in the database, with the same meaning everywhere."""

COMPANY = "company"
AUDIT = "audit"
"""Origin of a label that evaluates the match and does not train it."""
STREAM, WITH_STREAM = "stream", "with stream"
"""Origins of the label that answers for a whole stream, and of those its other items inherited: the latter are no answers of
their own, so they fix their items' match and train nothing."""

STATES = {
    "raised": "open",
    "acknowledged": "open, seen",
    "snoozed": "open, asked again later",
    "intended": "planned",
    "recovered": "recovered",
    "gone": "closed",
    "deepened": "fell further",
    "replanned": "closed by a new plan",
    "superseded": "withdrawn",
}
"""What became of a finding, in words for people."""
YEARS = range(1970, 2201)
"""Years in which a plan or a queried day may lie: at the ends of the calendar a date has no day before or after it."""
