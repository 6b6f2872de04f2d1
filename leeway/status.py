"""`leeway status`: the current state, from the database alone."""

import time
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from alerts.charts import WeekPoint
from alerts.figures import standing
from alerts.first_weeks import first_weeks_note
from alerts.gaps import short
from alerts.gone_teams import gone_teams
from alerts.plan_end import end_advice
from alerts.plan_turn import plan_turn
from alerts.weeks import last_week, points, weekly
from alerts.words import amount, fraction, plain
from leeway.app import App
from leeway.database_state import clock_fault
from leeway.goals import goals_status
from leeway.interview import interview_status
from leeway.judging import judge_status
from leeway.measuring import measuring_status
from leeway.nothing_yet import REGISTER, nothing_yet
from leeway.okrs_challenge import breaks
from leeway.open_findings import open_findings
from leeway.pack_mail import undelivered_packs
from leeway.pulse import pulse_status
from leeway.status_text import SHOWN
from leeway.undelivered import undelivered_digests
from leeway.volume import volumes
from models import Capacity, Cycle, Effort, Failure, Signal, StreamCursor, Tenant, WorkItem
from models.vocabulary import COMPANY
from pipeline.drift.stage import detectable_points
from pipeline.drift.tuning import LEAST_HISTORY
from pipeline.ingest.cursors import SWEEP
from pipeline.match.told_by import told_by
from pipeline.people.identity import Unresolved, unresolved
from pipeline.ready import first_weeks, pending
from pipeline.register.ended import local_day
from pipeline.register.versions import current_register
from pipeline.share.floor import enough

_SAY_EVERY, _LOOK_EVERY = 10.0, 1.0


def status_of(app: App) -> dict[str, Any]:
    """Return sources with lag and errors, pending work, recent weeks, open drifts, failures and unknown accounts."""
    with app.sessions() as session:
        sources = _sources(session, app)
        cycle = _last_cycle(session)
        waits_for = _waits_for(session, app, cycle)
        # Before a cycle knows everybody's team, people who are in okrs.yaml would be said to be in none.
        unknown = [] if waits_for else unresolved(session, app.directory)
        return {
            "complete": not waits_for,
            "waits_for": waits_for,
            "days_known": days_known(session),
            "days_needed": LEAST_HISTORY,
            "detectable_points": _detectable(app, session),
            "told_by": told_by(session).value,
            "plan_turn": _plan_turn(session),
            "teams_gone": _teams_gone(session),
            "watches": _watches(session),
            "plan_ended": _plan_ended(app, session),
            "first_weeks": first_weeks_note(first_weeks(session)),
            **sources,
            "failures": session.scalar(select(func.count()).select_from(Failure)),
            "last_cycle": {"finished_at": cycle.finished_at, "seconds": cycle.seconds} if cycle else None,
            "weeks": [_week(one) for one in points(weekly(session, COMPANY))[-6:]],
            "plan": _planned(session),
            "goals": goals_status(app, session),
            "cascade_breaks": [{"key": one.key, "message": one.message} for one in breaks(app, session)],
            "metrics": measuring_status(session),
            "pulse": pulse_status(app, session),
            "interview": interview_status(app, session),
            "judge": judge_status(session, app.settings.judge),
            "open_drifts": open_findings(app, session),
            "digests_not_taken": undelivered_digests(app),
            "packs_not_taken": undelivered_packs(app),
            # Busiest first, but without the volume: no figure about one person, here neither.
            "unresolved_accounts": [
                {"source": u.source, "account": u.external_id, "name": u.name} for u in unknown[:SHOWN]
            ],
            "unresolved": _unattributed(session, unknown, app.settings.drift.least_people),
        }


def _teams_gone(session: Session) -> list[str]:
    found = current_register(session)
    return list(gone_teams(session, found[1])) if found else []


def _watches(session: Session) -> bool:
    """Whether there are top priorities whose share can fall, as far as a register is loaded."""
    found = current_register(session)
    return found is None or bool(found[1].top())


def sources_of(app: App) -> dict[str, Any]:
    """Of the status what is known of the sources alone: `sources`, `pending_items`, `set_aside`."""
    with app.sessions() as session:
        return _sources(session, app)


def _sources(session: Session, app: App) -> dict[str, Any]:
    now = datetime.now(UTC)
    registered = current_register(session) is not None
    return {
        "sources": (sources := _lags(session, app, now)),
        "clock": clock_fault(session, now),
        "nothing_yet": None if sources else nothing_yet(app, session, registered=registered, now=now),
        "pending_items": session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale)),
        "set_aside": _set_aside(session),
    }


def _lags(session: Session, app: App, now: datetime) -> dict[str, dict[str, Any]]:
    """By source, its signals (None where too few people left them), its streams, the minutes since the slowest of them was
    pulled, its errors, and whether it is still configured."""
    counts = volumes(session, app.settings.drift.least_people)
    sources: dict[str, dict[str, Any]] = {}
    streams = select(StreamCursor).where(StreamCursor.stream != SWEEP)  # the daily sweep is no stream that can lag
    tenants = {one.source: one.label for one in session.scalars(select(Tenant))}
    for cursor in session.scalars(streams.order_by(StreamCursor.source, StreamCursor.stream)):
        one = sources.setdefault(
            cursor.source,
            {"signals": counts.get(cursor.source, 0), "streams": 0, "minutes_since_pull": None, "errors": []}
            | {"configured": cursor.source in app.connectors, "tenant": tenants.get(cursor.source)},
        )
        one["streams"] += 1
        if cursor.finished_at:
            minutes = round((now - cursor.finished_at).total_seconds() / 60)
            one["minutes_since_pull"] = max(one["minutes_since_pull"] or 0, minutes)
        if cursor.error and cursor.error not in one["errors"]:
            one["errors"].append(cursor.error)
    return sources


def _week(one: WeekPoint) -> dict[str, Any]:
    return {
        "week": one.week,
        "top_share": fraction(one.share),
        "low": fraction(one.low),
        "high": fraction(one.high),
        "coverage": fraction(one.coverage),
        "complete": one.complete,
    }


def _planned(session: Session) -> list[dict[str, Any]]:
    """The company's planned objectives with their gap over the last four whole weeks, in the whole numbers of every face."""
    found = current_register(session)
    stands = standing(session, found[1], COMPANY) if found else None
    return [
        {
            "objective": part.key,
            "plan": part.plan,
            "share": g.share,
            "gap": g.points,
            "low": g.low,
            "high": g.high,
            "person_days": g.person_days,
            "first": g.first,
            "last": g.last,
            "text": short(g),
        }
        for part in (stands.parts if stands else ())
        if (g := part.four_weeks) is not None
    ]


def _last_cycle(session: Session) -> Cycle | None:
    return session.scalar(select(Cycle).where(Cycle.finished_at.is_not(None)).order_by(Cycle.id.desc()).limit(1))


def _waits_for(session: Session, app: App, cycle: Cycle | None) -> list[str]:
    """What is still to be read or analysed; empty where what status says is of everything."""
    reading = select(StreamCursor.source, func.count()).where(
        StreamCursor.finished_at.is_(None),
        StreamCursor.error.is_(None) | (StreamCursor.error == ""),
        StreamCursor.stream != SWEEP,
    )
    found = [
        f"{amount(count, 'feed')} of {source}"
        for source, count in session.execute(reading.group_by(StreamCursor.source)).all()
    ]
    begun = set(session.scalars(select(StreamCursor.source).distinct()))
    found += [f"the first pull of {name}" for name in app.connectors if name not in begun]
    if waiting := pending(session):
        found.append(amount(waiting, "work item"))
    if cycle is None:
        found.append("the first analysis" if current_register(session) else REGISTER)
    return found


def wait_until_complete(app: App, seconds: float, console: Console) -> dict[str, Any]:
    """The status once nothing is waited for, or after so many seconds; says every ten what is waited for."""
    deadline, said = time.monotonic() + seconds, 0.0
    while True:
        with app.sessions() as session:
            waits_for = _waits_for(session, app, _last_cycle(session))
        now = time.monotonic()
        if waits_for and now - said >= _SAY_EVERY:
            console.print(f"waiting for {', '.join(waits_for)}", markup=False)
            said = now
        if not waits_for or now >= deadline:
            return status_of(app)
        time.sleep(min(_LOOK_EVERY, deadline - now))


def _detectable(app: App, session: Session) -> int | None:
    found = current_register(session)
    if found is None or not days_known(session):
        return None
    return detectable_points(session, found[1], datetime.now(UTC).date(), app.drift_settings())


def _plan_turn(session: Session) -> str | None:
    """Return a sentence comparing the first weeks of a new plan with those before it; None in all other weeks."""
    found, week = current_register(session), last_week(session, COMPANY)
    turn = plan_turn(session, found[1], COMPANY, week) if found and week else None
    return plain(turn.words()) if turn else None


def _plan_ended(app: App, session: Session) -> str | None:
    """That the plan has run out, what it means and what to do; None while it holds."""
    found = current_register(session)
    return end_advice(found[1], local_day(found[1], app.now())) if found else None


def days_known(session: Session) -> int:
    """Return the number of working days with effort; below LEAST_HISTORY nothing is raised yet."""
    days = select(Capacity.day).distinct().subquery()
    worked = exists().where(Effort.day == days.c.day)  # a look in the index for each day, not all effort
    return session.scalar(select(func.count()).select_from(days).where(worked)) or 0


def _set_aside(session: Session) -> list[dict[str, Any]]:
    """Records that could not be understood: how many a source and stream, with the newest reason."""
    query = select(Failure.source, Failure.stream, func.count(), func.max(Failure.at)).group_by(
        Failure.source, Failure.stream
    )
    rows = []
    for source, stream, count, newest in session.execute(query.order_by(Failure.source, Failure.stream)).all():
        one = session.scalars(
            select(Failure)
            .where(Failure.source == source, Failure.stream == stream)
            .order_by(Failure.at.desc())
            .limit(1)
        ).one()
        rows.append(
            {
                "source": source,
                "stream": stream,
                "records": count,
                "newest": newest,
                "example": one.external_id,
                "reason": one.reason,
            }
        )
    return rows


def _unattributed(session: Session, unknown: list[Unresolved], least: int) -> dict[str, Any]:
    """How much hangs on accounts that nobody knows, and how few of them hold half of it: None where these are fewer than `least`,
    since the busiest of them are named beside it."""
    total = sum(one.signals for one in unknown)
    half, held = 0, 0
    while total and held < total / 2:
        held += unknown[half].signals
        half += 1
    signals = session.scalar(select(func.count()).select_from(Signal)) if enough(len(unknown), least) else 0
    return {
        "accounts": len(unknown),
        "share_of_signals": fraction(total / signals) if signals else None,
        "hold_half": half if enough(half, least) else None,
    }
