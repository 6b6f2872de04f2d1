"""What is said below an alert: how it went on, how it ended, and that a decision is due."""

from collections.abc import Mapping
from datetime import datetime

from alerts.channel import FollowUp
from alerts.words import day, percent
from models import Drift, Notification

MOVED = 5
"""Points by which a fall must have grown or shrunk to be said again."""
_ENDS = {
    "drift": {
        "deepened": "{who}: it fell further, to a level of its own. A new alert says how far.",
        "replanned": "{who}: closed. The priorities changed, so shares are measured against the new plan from here on.",
        "recovered": "{who}: recovered. The share of the top priorities is back near where it was.",
        "superseded": "{who}: withdrawn. With what is known now this would not have been raised.",
    },
    "gap": {
        "replanned": "{who}, {key}: closed. The plan changed, or its period is over.",
        "recovered": "{who}, {key}: the gap is closed. Work on it is near its plan.",
        "gone": "{who}, {key}: closed. There are no weeks to judge any more.",
    },
    "data": {"recovered": "{key}: back. The days since are used again."},
    "plan": {"replanned": "{who}: closed. Another plan is loaded, or the period goes on."},
}
_ENDED = {
    "recovered": "{who}: this is over.",
    "superseded": "{who}: withdrawn. With what is known now this would not have been raised.",
}
"""The same of a kind that has no words of its own."""
_MOVED = {
    "drift": "{who}: the fall is now {now} points (it was {before}), since {day}.",
    "gap": "{who}, {key}: the gap is now {now} points (it was {before}), since {day}.",
}


def fall_of(drift: Drift) -> int:
    """A drift's size in points, as it is said."""
    return percent(drift.before) - percent(drift.after)


def news_about(drift: Drift, row: Notification, names: Mapping[str, str]) -> FollowUp | None:
    """One sentence about what changed since the last message; None where nothing is worth one."""
    text = _sentence(drift, row, names)
    return FollowUp(f"drift {drift.id} {drift.state} {fall_of(drift)}", drift.id, text) if text else None


def _sentence(drift: Drift, row: Notification, names: Mapping[str, str]) -> str | None:
    who, fall = names.get(drift.scope, drift.scope), fall_of(drift)
    ends = _ENDS.get(drift.kind, _ENDED)
    if drift.state != row.said_state and drift.state in ends:
        return ends[drift.state].format(who=who, key=drift.subject)
    moved = drift.state in ("raised", "acknowledged") and row.said_state and abs(fall - row.said_fall) >= MOVED
    if not moved or drift.kind not in _MOVED:
        return None
    return _MOVED[drift.kind].format(who=who, key=drift.subject, now=fall, before=row.said_fall, day=day(drift.start))


def reminder(drift: Drift, decision: int, note: str, now: datetime) -> FollowUp | None:
    """That a decision is due, on the day it was to be taken by; `note` is who and when. None before that day."""
    who, _, when = note.partition(" ")
    if not when or when > now.date().isoformat():
        return None
    return FollowUp(f"reminder {decision}", drift.id, "today a decision is due here. Continue, reshape or stop?", who)
