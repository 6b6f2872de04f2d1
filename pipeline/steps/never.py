"""Report a status that the register names but no item ever reached: most likely the source spells it differently."""

from collections.abc import Sequence

_MOST_NAMED, _LONGEST = 8, 40


def never_said(name: str, come_to: Sequence[str]) -> str:
    """Return a sentence that says so and lists the statuses and stages that items did reach."""
    there = ", ".join(f"“{one[:_LONGEST]}”" for one in come_to[:_MOST_NAMED])
    others = " and others" if len(come_to) > _MOST_NAMED else ""
    known = f"there are {there}{others}" if there else "none is known yet"
    return f"Nothing ever reached the status or stage “{name[:_LONGEST]}” ({known}): write it as the source does."
