"""What is said on every face while the last weeks stand and the past is still being read."""

from alerts.words import full_day
from pipeline.ready import FirstWeeks


def first_weeks_note(found: FirstWeeks | None) -> str | None:
    """Since when the weeks stand, what is still to come and what waits for it."""
    if found is None:
        return None
    waiting = f": {found.waiting:,} of {found.items:,} work items wait" if found.waiting else ""
    return (
        f"The weeks since {full_day(found.since)} stand. What came before is still being read and analysed{waiting}. "
        "Drift is looked for once all of it is known."
    )
