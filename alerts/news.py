"""What is said below an alert: how it went on, how it ended, and that a decision is due."""

from collections.abc import Mapping
from datetime import datetime

from alerts.channel import FollowUp
from alerts.words import day, percent
from models import Drift, Notification

MOVED = 5
"""Points by which a fall must have grown or shrunk to be said again."""
_ENDS = {
    "deepened": "{who}: it fell further, to a level of its own. A new alert says how far.",
    "replanned": "{who}: closed. The priorities changed, so shares are measured against the new plan from here on.",
    "recovered": "{who}: recovered. The share of the top priorities is back near where it was.",
    "superseded": "{who}: withdrawn. With what is known now this would not have been raised.",
}


_GAP_ENDS = {
    "replanned": "{who}, {key}: closed. The plan changed, or its period is over.",
    "recovered": "{who}, {key}: the gap is closed. Work on it is near its plan.",
    "gone": "{who}, {key}: closed. There are no weeks to judge any more.",
}
"""The same of a gap to the plan of an objective."""


def fall_of(drift: Drift) -> int:
    """A drift's size in points, as it is said."""
    return percent(drift.before) - percent(drift.after)


def news_about(drift: Drift, row: Notification, names: Mapping[str, str]) -> FollowUp | None:
    """One sentence about what changed since the last message; None where nothing is worth one."""
    text = _sentence(drift, row, names)
    return FollowUp(f"drift {drift.id} {drift.state} {fall_of(drift)}", drift.id, text) if text else None


def _sentence(drift: Drift, row: Notification, names: Mapping[str, str]) -> str | None:
    changed = drift.state != row.said_state
    if drift.kind == "data":
        back = changed and drift.state == "recovered"
        return f"{drift.subject}: back. The days since are used again." if back else None
    who, fall = names.get(drift.scope, drift.scope), fall_of(drift)
    if drift.kind == "gap":
        if changed and drift.state in _GAP_ENDS:
            return _GAP_ENDS[drift.state].format(who=who, key=drift.subject)
        if drift.state in ("raised", "acknowledged") and row.said_state and abs(fall - row.said_fall) >= MOVED:
            return f"{who}, {drift.subject}: the gap is now {fall} points (it was {row.said_fall}), since {day(drift.start)}."
        return None
    if changed and drift.state in _ENDS:
        return _ENDS[drift.state].format(who=who)
    if drift.state in ("raised", "acknowledged") and row.said_state and abs(fall - row.said_fall) >= MOVED:
        return f"{who}: the fall is now {fall} points (it was {row.said_fall}), since {day(drift.start)}."
    return None


def reminder(drift: Drift, decision: int, note: str, now: datetime) -> FollowUp | None:
    """That a decision is due, on the day it was to be taken by; `note` is who and when. None before that day."""
    who, _, when = note.partition(" ")
    if not when or when > now.date().isoformat():
        return None
    return FollowUp(f"reminder {decision}", drift.id, "today a decision is due here. Continue, reshape or stop?", who)
