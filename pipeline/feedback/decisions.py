"""People's decisions about a drift (acknowledged, snoozed, intended, assigned) and about an item (its label)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from models import OPEN_STATES, Decision, Drift, KeyResult, Label, ThemeAnswer, WorkItem, upsert
from models.vocabulary import AUDIT, STATES
from pipeline.feedback.labels import keep_one
from pipeline.register.versions import key_now
from pipeline.streams.naming import of_largest

SNOOZE = timedelta(weeks=2)
UNDO = timedelta(days=1)
"""How long a decision can be undone."""
KINDS = {
    "acknowledged": "acknowledged",
    "snoozed": "snoozed",
    "intended": "intended",
    "assigned": None,
    "commented": None,
}
"""The kinds of decision, and the state that each gives an open drift."""
DECIDING = (*(kind for kind, state in KINDS.items() if state is not None), "undone")
"""Kinds that change a drift's state, and the one that takes such a change back."""


class DecisionError(Exception):
    """The decision cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored decision; `new` is False if the same request was already stored."""

    new: bool
    state: str


def decide(
    sessions: sessionmaker[Session], drift_id: int, kind: str, by: str, nonce: str, now: datetime, note: str = ""
) -> Taken:
    """Store a decision about a drift and set the drift's new state. Repeating a `nonce` changes nothing.

    Raises DecisionError for an unknown kind or drift, or for a drift that is over.
    """
    if kind not in KINDS:
        raise DecisionError(f"there is no decision {kind!r}.")
    with sessions.begin() as session:
        drift = session.get(Drift, drift_id)
        if drift is None:
            raise DecisionError("this finding no longer exists.")
        if session.scalar(select(Decision.id).where(Decision.nonce == nonce)) is not None:
            return Taken(False, drift.state)
        if drift.state not in OPEN_STATES and kind != "commented":  # comments often come once it is over
            raise DecisionError(f"this finding is over already: {STATES.get(drift.state, drift.state)}.")
        row = {"drift_id": drift_id, "kind": kind, "by": by[:200], "at": now, "note": note[:500], "nonce": nonce}
        if not upsert(session, Decision, [row], ("nonce",), keep=True):
            return Taken(False, drift.state)
        state = KINDS[kind]
        if state is not None:
            until = (now + SNOOZE).date() if state == "snoozed" else None
            ended = now.date() if state == "intended" else None
            session.execute(
                update(Drift)
                .where(Drift.id == drift_id, Drift.state.in_(OPEN_STATES))
                .values(state=state, snoozed_until=until, ended_on=ended)
            )
        return Taken(True, state or drift.state)


def undo(sessions: sessionmaker[Session], drift_id: int, by: str, nonce: str, now: datetime, of: str = "") -> Taken:
    """Undo the last decision that changed a drift's state, within UNDO: the drift is open again. `of`, the nonce of a decision,
    restricts it to that one, in case somebody made another since. Raises DecisionError."""
    with sessions.begin() as session:
        if session.scalar(select(Decision.id).where(Decision.nonce == nonce)) is not None:
            return Taken(False, session.get_one(Drift, drift_id).state)
        last = session.scalar(
            select(Decision)
            .where(Decision.drift_id == drift_id, Decision.kind.in_(DECIDING))
            .order_by(Decision.at.desc(), Decision.id.desc())
            .limit(1)
        )
        if last is None or last.kind == "undone":
            raise DecisionError("there is no decision to take back.")
        if now - last.at > UNDO:
            raise DecisionError("a decision can be taken back for a day, and this one is older.")
        drift = session.get(Drift, drift_id)
        if drift is None or drift.state != KINDS[last.kind] or (of and last.nonce != of):
            raise DecisionError("something else happened since; it cannot be taken back.")
        row = {"drift_id": drift_id, "kind": "undone", "by": by[:200], "at": now, "note": last.kind, "nonce": nonce}
        upsert(session, Decision, [row], ("nonce",), keep=True)
        drift.state, drift.snoozed_until = "raised", None
        if last.kind == "intended":
            drift.ended_on = None
        return Taken(True, "raised")


def wake_snoozed(session: Session, today: date) -> None:
    """Reopen drifts whose snooze is over."""
    session.execute(
        update(Drift)
        .where(Drift.state == "snoozed", Drift.snoozed_until <= today)
        .values(state="raised", snoozed_until=None)
    )


def label(
    sessions: sessionmaker[Session],
    work_item: int,
    key_result: str | None,
    version: int,
    origin: str,
    now: datetime,
    seen: int = 0,
) -> None:
    """Store the key result that a person assigned to an item; it takes effect in the next cycle. `seen` is the register version
    on the form, mail or modal they used, if another was loaded in the meantime. Raises DecisionError."""
    with sessions.begin() as session:
        if key_result is not None and seen and seen != version:
            chosen, key_result = key_result, key_now(session, key_result, seen)
            if key_result is None:
                raise DecisionError(
                    f"the plan has changed: {chosen} is now a different key result, or none. Choose again."
                )
        if key_result is not None and session.get(KeyResult, (version, key_result)) is None:
            raise DecisionError(f"there is no key result {key_result!r} in the register.")
        try:
            keep_one(session, work_item, key_result, origin, now)
        except LookupError:
            raise DecisionError("this item no longer exists.") from None


def unlabel(sessions: sessionmaker[Session], work_item: int, origin: str) -> bool:
    """Remove a label of this origin; the item is matched again. Return False if there is none."""
    with sessions.begin() as session:
        held = session.get(Label, work_item)
        if held is None or held.origin not in (origin, AUDIT):
            return False
        session.delete(held)
        session.execute(update(WorkItem).where(WorkItem.id == work_item).values(stale=True))
        return True


ANSWERS = ("continue", "reshape", "stop")


def answer_theme(sessions: sessionmaker[Session], theme: str, by: str, answer: str, now: datetime) -> None:
    """Store somebody's answer about a theme; the last one counts. Raises DecisionError."""
    if answer not in ANSWERS:
        raise DecisionError(f"a theme is continued, reshaped or stopped, not {answer!r}.")
    with sessions.begin() as session:
        row = {"theme": of_largest(theme)[:200], "by": by[:64], "answer": answer, "at": now}
        upsert(session, ThemeAnswer, [row], ("theme", "by"))
