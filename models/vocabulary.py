"""Words that stand in the database and mean the same everywhere."""

COMPANY = "company"
AUDIT = "audit"
"""Origin of a label that judges the match and does not teach it."""
STREAM, WITH_STREAM = "stream", "with stream"
"""Origins of the label that answers for a whole stream, and of those that the rest of it got with that: those are no answers of
their own, so they fix their items and teach nothing beyond."""

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
"""What became of a finding, as people read it."""
YEARS = range(1970, 2201)
"""Years in which a plan, or a day that somebody asks about, may lie: at the ends of the calendar no day comes before or after."""
