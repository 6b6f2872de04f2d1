"""What is posted below an alert: how it developed, how it ended, and that a decision is due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.channel import FollowUp
from alerts.words import Name, day, percent, plain, shortened
from models import OPEN_STATES, Decision, Drift, Notification
from models.vocabulary import COMPANY
from pipeline.feedback.decisions import DECIDING, KINDS
from pipeline.register.document import Register
from pipeline.register.ended import local_day

MOVED = 5
"""Points by which a fall must have grown or shrunk to be posted again."""
STALE = timedelta(weeks=2)
"""What somebody decided is news to the other places within this."""
_ENDS = {
    "drift": {
        "deepened": "{who}: it fell further, to a new level. A new alert reports how far.",
        "replanned": "{who}: closed. The priorities changed, so shares are measured against the new plan from now on.",
        "recovered": "{who}: recovered. The share of the top priorities is back near where it was.",
        "superseded": "{who}: withdrawn. With today's knowledge it would not have been raised.",
        "gone": "{who}: closed. Nobody in this team is at work any more, so its share ends.",
        "intended": "{who}: called planned{by}. The shares since then are the new normal; this alert ends here.",
    },
    "gap": {
        "replanned": "{who}, {key}: closed. The plan changed, or its period is over.",
        "recovered": "{who}, {key}: the gap is closed. Work on it is near its plan.",
        "gone": "{who}, {key}: closed. There are no weeks left to judge.",
        "intended": "{who}, {key}: called intended{by}. The gap is not told again until the plan changes; this alert ends here.",
    },
    "data": {"recovered": "{key}: back. The days since are used again."},
    "plan": {"replanned": "{who}: closed. Another plan was loaded, or the period continues."},
}
_ENDED = {
    "recovered": "{who}: this is over.",
    "superseded": "{who}: withdrawn. With today's knowledge it would not have been raised.",
}
"""The same of a kind that has no words of its own."""
_DECIDED = {
    "acknowledged": "{who}: seen{by}.",
    "snoozed": "{who}: put off{by}. It is asked again on {until}, if it still holds then.",
}
"""What somebody decided that ends nothing: whoever reads the alert elsewhere would look into it once more."""
_MOVED = {
    "drift": "{who}: the fall is now {now} points (it was {before}), since {day}.",
    "gap": "{who}, {key}: the gap is now {now} points (it was {before}), since {day}.",
}


_STANDS = {
    "drift": "{now} of 100 working days have left the top priorities since {day}.",
    "gap": "{share} of 100 working days go to {key}, {plan} were planned.",
}
"""How an alert stands that is asked about again."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the sentences need: how people call scopes and objectives, and which day it is where the company works."""

    names: Mapping[str, str]
    titles: Mapping[str, str]
    today: date
    decided: Mapping[int, Decision] = field(default_factory=dict)

    @classmethod
    def of(cls, register: Register, now: datetime, session: Session | None = None) -> "Said":
        """As the register has it; of a session also what was decided last of each finding."""
        names = {team.key: team.name for team in register.teams} | {COMPANY: "The company"}
        titles = {one.key: one.title for one in register.objectives}
        rows = select(Decision).where(Decision.kind.in_(DECIDING)).order_by(Decision.id)
        decided = {one.drift_id: one for one in session.scalars(rows)} if session else {}
        return cls(names, titles, local_day(register, now), decided)

    def words(self, drift: Drift) -> dict[str, str]:
        """The words of a finding that a sentence may use; an objective by its title, as in the alert."""
        title = self.titles.get(drift.subject)
        return {
            "who": self.names.get(drift.scope, drift.scope),
            "key": drift.subject if title is None else plain((Name(shortened(title)),)),
            "now": str(fall_of(drift)),
            "day": day(drift.start),
            "share": str(percent(drift.after)),
            "plan": str(percent(drift.before)),
            "until": day(drift.snoozed_until) if drift.snoozed_until else "another day",
            "by": self._by(drift),
        }

    def _by(self, drift: Drift) -> str:
        """Where the decision that the drift's state tells of was taken, and by which role; nothing where nobody knows."""
        last = self.decided.get(drift.id)
        return f" {decided_by(last.by)}" if last and KINDS.get(last.kind) == drift.state else ""

    def is_news(self, drift: Drift) -> bool:
        """Whether what was decided of it is news to who has not heard: it was within STALE."""
        last = self.decided.get(drift.id)
        known = last is not None and KINDS.get(last.kind) == drift.state
        return last is not None and known and last.at.date() >= self.today - STALE


def decided_by(by: str) -> str:
    """Where a decision was taken, and on the page by whose role; in Slack the thread names who pressed."""
    if by.startswith("slack:"):
        return "in Slack"
    return f"on the page by {'the leadership' if by == COMPANY else by}"


def fall_of(drift: Drift) -> int:
    """Return a drift's size in points, as it is shown."""
    return percent(drift.before) - percent(drift.after)


def news_about(drift: Drift, row: Notification, said: Said) -> FollowUp | None:
    """Return one sentence about what changed since the last message; None if nothing is worth one."""
    text = _sentence(drift, row, said)
    key, loud = f"drift {drift.id} {drift.state} {fall_of(drift)}", drift.state not in OPEN_STATES
    return FollowUp(key, drift.id, text, loud=loud) if text else None


def _sentence(drift: Drift, row: Notification, said: Said) -> str | None:
    words, ends = said.words(drift), _ENDS.get(drift.kind, _ENDED)
    if drift.state != row.said_state and drift.state in ends:
        old = drift.state == "intended" and (drift.ended_on is None or drift.ended_on < said.today - STALE)
        return None if old else ends[drift.state].format(**words)
    if drift.state in _DECIDED and drift.state != row.said_state and row.said_state and said.is_news(drift):
        return _DECIDED[drift.state].format(**words)
    if drift.state not in ("raised", "acknowledged") or not row.said_state or drift.kind not in _MOVED:
        return None
    if row.said_state == "intended":
        return f"{words['who']}: open again. It is no longer marked as planned. {stands(drift, said)}"
    moved = abs(fall_of(drift) - row.said_fall) >= MOVED
    return _MOVED[drift.kind].format(**words, before=row.said_fall) if moved else None


def stands(drift: Drift, said: Said) -> str:
    """How an open fall or gap stands, in a sentence, and what there is to decide."""
    return f"{_STANDS[drift.kind].format(**said.words(drift))} Continue, reshape or stop?"


def reminder(drift: Drift, decision: int, note: str, today: date) -> FollowUp | None:
    """That a decision is due, from the day on that it was to be taken by; `note` is who and when. None before that day."""
    who, _, when = note.partition(" ")
    if not when or when > today.isoformat():
        return None
    late = when < today.isoformat()
    due = f"a decision was due here on {day(date.fromisoformat(when))}" if late else "today a decision is due here"
    return FollowUp(f"reminder {decision}", drift.id, f"{due}. Continue, reshape or stop?", who)
