"""How long decisions take: from flagged to decided, from "stop" to work that really stopped."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from leeway.decisions import summary, what
from models import Decision, Drift, Effort, StreamItem, ThemeAnswer
from pipeline.findings.thresholds import Thresholds
from pipeline.findings.velocity import flagged, stopped
from pipeline.register.document import Register
from tests.pipeline.findings.test_stage import LAST, MONDAY, register

__all__ = ["register"]
FLAGGED = date(2026, 6, 1)


def drift(state: str, severity: str = "high", **more: object) -> Drift:
    figures = {"start": FLAGGED, "before": 0.6, "after": 0.4, "low": 0.1, "high": 0.3, "absorbed_by": []}
    row = {"kind": "drift", "scope": "company", "raised_on": FLAGGED, "state": state, "severity": severity}
    return Drift(**(row | figures | more))


def decision(row: Drift, kind: str, day: int, note: str = "") -> Decision:
    at = datetime(2026, 6, day, 9, tzinfo=UTC)
    return Decision(drift_id=row.id, kind=kind, by="company", at=at, note=note, nonce=f"{row.id}{kind}{day}")


def test_what_was_decided_waits_or_ended_by_itself(sessions: sessionmaker[Session], register: Register) -> None:
    with sessions.begin() as session:
        intended, taken_back, *_ = rows = [
            drift("intended"),
            drift("raised", kind="gap", subject="O1", scope="app"),
            drift("replanned", ended_on=date(2026, 6, 15)),
            drift("recovered", ended_on=date(2026, 6, 15)),
            drift("raised", "low"),
        ]
        session.add_all(rows)
        session.flush()
        session.add(decision(intended, "acknowledged", 2))
        session.add(decision(intended, "intended", 5))
        session.add(decision(taken_back, "intended", 3))
        session.add(decision(taken_back, "undone", 4))
        session.add(decision(taken_back, "assigned", 4, "U123 2026-06-20"))
    with sessions() as session:
        found = flagged(session, register)
    assert [(one.days, one.outcome, one.due) for one in found] == [
        (4, "called intended", None),
        (None, "", date(2026, 6, 20)),
        (14, "the plan was changed", None),
    ]
    assert summary(found, ()) == "From flagged to decided: 9 days (median of 2). 1 waits for a decision."
    assert [what(one, register) for one in found[:2]] == [
        "Velora, top priorities: 60% -> 40%",
        "App, Riders: 40% of 60% planned",
    ]
    assert summary((), ()) == "Nothing that needs a decision has been flagged yet."


def test_stopped_is_when_hardly_any_work_is_left(sessions: sessionmaker[Session], register: Register) -> None:
    said = datetime(2026, 6, 2, 9, tzinfo=UTC)
    with sessions.begin() as session:
        session.add(ThemeAnswer(theme="Work 0", by="company", answer="stop", at=said))
        session.add(ThemeAnswer(theme="Work 1", by="company", answer="stop", at=said))
        item = select(StreamItem.work_item_id).where(StreamItem.stream_id == 2)
        session.execute(delete(Effort).where(Effort.work_item_id.in_(item), Effort.day > MONDAY - timedelta(weeks=3)))
    with sessions() as session:
        found = {one.name: one for one in stopped(session, register, LAST, 5, Thresholds())}
        assert stopped(session, register, LAST, 7, Thresholds()) == []  # six people worked on them
    assert (found["Work 0"].stopped, found["Work 1"].stopped) == (None, date(2026, 6, 22))
    said_of = summary((), list(found.values()))
    assert said_of == "From stop to stopped: 20 days (median of 1). 1 goes on after a stop."
