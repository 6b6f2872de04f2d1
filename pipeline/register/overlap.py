"""What loading a plan does to the one still running: only one plan is active, so an annual plan replaces a quarterly one."""

from collections.abc import Sequence
from datetime import date

from pipeline.register.ended import ran_out
from pipeline.register.sameness import same_objective, same_period, same_top
from pipeline.register.schema import Period, Register

_NAMED = 6
"""How many ending objectives are listed by title before the rest are counted."""


def replaces_running(before: Register, after: Register, today: date) -> bool:
    """Return True if `after` is a different plan than `before`, which has begun and has not ended."""
    running = before.period.start <= today and not ran_out(before, today)
    return running and not same_period(before.period, after.period)


def overlap(before: Period, after: Period) -> bool:
    """Return True if two periods have a day in common."""
    return before.start <= after.end and after.start <= before.end


def what_it_replaces(before: Register, after: Register, today: date) -> list[str]:
    """Describe what loading `after` does to the running plan; empty if none is running or it is the same plan."""
    if not replaces_running(before, after, today):
        return []
    old, new = before.period, after.period
    if not overlap(old, new):
        return [
            f"{_named(old)} is still running. Leeway measures against one plan at a time: once {new.name} is loaded, work counts "
            f"towards {new.name}, although it begins on {new.start}. To follow {old.name} to its end, load the new plan then."
        ]
    found = [
        f"{_named(new)} overlaps {_named(old)}, which is running. Leeway measures against one plan at a time: {new.name} "
        f"replaces {old.name}, and weeks of both are measured against {new.name}."
    ]
    return found + _ends(before, after) + _baseline(before, after, today)


def _ends(before: Register, after: Register) -> list[str]:
    gone = [one for one in before.objectives if not any(same_objective(one, other) for other in after.objectives)]
    kept = len(before.objectives) - len(gone)
    stay = {0: "No objective", 1: "One objective"}.get(kept, f"{kept} objectives") + f" of {before.period.name}"
    asked = f"{stay} {'is' if kept < 2 else 'are'} in {after.period.name} too"
    if not gone:
        return [f"{asked}, and nothing ends."]
    return [
        f"{asked}. What ends: {_titles([one.title for one in gone])}. Work on {'it' if len(gone) == 1 else 'them'} counts for "
        f"other objectives or for none. To keep both plans, write these into the file of {after.period.name} and load that."
    ]


def _titles(titles: Sequence[str]) -> str:
    named = ", ".join(f"“{title}”" for title in titles[:_NAMED])
    return f"{named} and {len(titles) - _NAMED} more" if len(titles) > _NAMED else named


def _baseline(before: Register, after: Register, today: date) -> list[str]:
    if same_top(before, after):
        return []
    since = after.period.start if after.period.start > before.period.start else today
    return [f"The top priorities change: a new baseline begins on {since}, and an open drift ends as replanned."]


def _named(period: Period) -> str:
    return f"{period.name} ({period.start} to {period.end})"
