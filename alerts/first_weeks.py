"""The note on every face while recent weeks are shown and earlier history is still being read."""

from alerts.words import full_day
from pipeline.ready import FirstWeeks


def first_weeks_note(found: FirstWeeks | None) -> str | None:
    """Return since when weeks are shown, what is still to come, and what waits for it."""
    if found is None:
        return None
    waiting = f": {found.waiting:,} of {found.items:,} work items wait" if found.waiting else ""
    return (
        f"The weeks since {full_day(found.since)} stand. Earlier weeks are still being read and analysed{waiting}. "
        "Drift detection starts once all of it is known."
    )
