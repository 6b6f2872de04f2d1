"""`leeway doctor`: what is stuck, and how to fix it. `leeway check` is for before a run; this is for when one makes no
progress."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from alerts.words import ago, amount
from leeway.app import App
from leeway.broker import fault, tried, uses_workers
from leeway.celery_app import QUEUES, STALE_SECONDS, wake_holds
from leeway.check import CheckRow
from leeway.database_state import faults
from leeway.errors import READ_ONLY
from leeway.interview import interview_status
from leeway.metrics import WOKEN
from leeway.pulse import pulse_status
from leeway.status_text import people_asked
from leeway.undelivered import alert_rows, digest_rows, pack_rows
from models import Chunk, Cycle, DeadTask, Failure, Lease, StreamCursor, WorkItem, may_only_be_read
from pipeline.ingest.cursors import SWEEP
from pipeline.ingest.tenants import refused_tenant

LONG_OPEN = timedelta(hours=2)
LONG_QUEUE = 1_000
_PATIENCE = {"pull": 3_600, "encode": 3_600, "analyse": 3_600, "speak": 180}
"""Seconds that the oldest message of a queue may wait; alerts and wake-ups are short tasks, so a longer wait means starvation."""
_MISSED_WAKES = 10
_SHOWN = 5


def diagnose(app: App, only: str | None = None) -> list[CheckRow]:
    """Return a row for each check; those that are not `ok` are stuck. `only` names one part."""
    from sqlalchemy.exc import SQLAlchemyError

    from leeway.errors import database_fault, expected

    found: list[CheckRow] = []
    for name, look in _PARTS.items():
        if only not in (None, name):
            continue
        try:
            found += look(app, datetime.now(UTC))
        except SQLAlchemyError as error:
            said = database_fault(error) or (expected(error) or type(error).__name__, "Fix this first.")
            found.append(CheckRow(name, "connection" if name == "database" else "database", False, *said))
            break
    return found


def names() -> tuple[str, ...]:
    """Parts that `only` may name."""
    return tuple(_PARTS)


def _database(app: App, _now: datetime) -> Iterator[CheckRow]:
    with app.sessions() as session:
        session.execute(select(1))
    if may_only_be_read(app.engine):
        yield CheckRow("database", "connection", False, "answers, but is read-only", READ_ONLY)
        return
    yield CheckRow("database", "connection", True, "answers, newest version")
    for name, found, fix in faults(app):
        yield CheckRow("database", name, False, found, fix)


def _broker(app: App, now: datetime) -> Iterator[CheckRow]:
    if not uses_workers(app):
        yield CheckRow("broker", "redis", True, "not set; `leeway run` needs none")
        return
    import redis

    try:
        server = tried(app.settings.broker, 3)
        waiting = {queue: (int(server.llen(queue)), server.lindex(queue, -1)) for queue in QUEUES}
    except redis.RedisError as error:
        found, fix = fault(error)
        yield CheckRow("broker", "redis", False, found, f"{fix} Nothing is lost: pending work is in the database.")
        return
    for queue, (count, oldest) in waiting.items():
        age = _age(app, oldest, now)
        late = count > LONG_QUEUE or age > _PATIENCE[queue]
        found = f"{amount(count, 'message')} {'waits' if count == 1 else 'wait'}"
        found += f", the oldest for {ago(age / 60)}" if count and age >= 60 else ""
        fix = f"Start a separate worker for it: leeway worker --queue {queue}" if late else ""
        yield CheckRow("broker", f"queue {queue}", not late, found, fix)


def _age(app: App, message: Any, now: datetime) -> float:
    """Return for how many seconds a message has waited. Celery records when it expires, not when it was sent."""
    try:
        headers = json.loads(message)["headers"]
        expires = datetime.fromisoformat(headers["expires"])
    except (TypeError, ValueError, KeyError):
        return 0.0
    life = wake_holds(app.settings) if headers.get("task", "").endswith(".wake") else STALE_SECONDS
    expires = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
    return max(0.0, (now - expires).total_seconds() + life)


def _workers(app: App, _now: datetime) -> Iterator[CheckRow]:
    if not uses_workers(app):
        return
    from leeway.celery_app import celery

    try:
        queues = celery.control.inspect(timeout=3).active_queues() or {}
    except Exception as error:  # kombu raises the transport's own kinds; the broker's row says more
        yield CheckRow(
            "workers", "answer", False, f"could not be queried ({type(error).__name__})", "See the broker above."
        )
        return
    served = {queue["name"] for of_worker in queues.values() for queue in of_worker}
    for queue in QUEUES:
        ok = queue in served
        fix = "" if ok else f"Start one: leeway worker --queue {queue}. A busy one may answer late."
        yield CheckRow("workers", queue, ok, "served" if ok else "no worker serves it", fix)


def _beat(app: App, now: datetime) -> Iterator[CheckRow]:
    if not uses_workers(app):
        return
    with app.sessions() as session:
        woken = session.get(Lease, WOKEN)
    ago = (now - woken.until).total_seconds() if woken else None
    ok = ago is not None and ago <= _MISSED_WAKES * app.settings.schedule.wake_seconds + 60
    found = "never woke the workers" if ago is None else f"woke the workers {round(ago)} s ago"
    yield CheckRow(
        "beat",
        "wakes",
        ok,
        found,
        ""
        if ok
        else "Start it: leeway worker --beat; its first wake-up comes within a minute. It needs a worker for the queue speak, "
        "and clocks that agree to within ten minutes.",
    )


def _sources(app: App, now: datetime) -> Iterator[CheckRow]:
    late = timedelta(minutes=4 * app.settings.schedule.pull_minutes + app.settings.schedule.backfill_minutes)
    with app.sessions() as session:
        for name in app.connectors:
            query = select(StreamCursor).where(StreamCursor.source == name, StreamCursor.stream != SWEEP)
            streams = list(session.scalars(query))
            error = next((f"{one.stream}: {one.error}" for one in streams if one.error), None)
            ends = [one.finished_at for one in streams if one.finished_at is not None]
            reading = [one.stream for one in streams if one.finished_at is None and not one.error]
            aside = session.scalar(select(func.count()).select_from(Failure).where(Failure.source == name)) or 0
            if (refused := refused_tenant(session, name)) is not None:
                yield CheckRow("sources", name, False, refused.message, refused.fix)
            elif error:
                yield CheckRow(
                    "sources", name, False, error, "`leeway check` tests it; the pull is retried automatically."
                )
            elif not streams:
                fix = "Is a worker for the queue pull running, or `leeway run`?"
                yield CheckRow("sources", name, False, "never pulled", fix)
            elif reading:
                yield CheckRow(
                    "sources",
                    name,
                    True,
                    f"reading the history of {len(reading)} of {len(streams)} streams; drift detection follows",
                )
            elif now - min(ends) > late:
                minutes = round((now - min(ends)).total_seconds() / 60)
                yield CheckRow(
                    "sources",
                    name,
                    False,
                    f"last fully read {ago(minutes)} ago",
                    "Check its log for rate-limit waits, or start a worker for the queue pull.",
                )
            else:
                told = f", {amount(aside, 'record')} set aside (`leeway sync --retry-failed`)" if aside else ""
                yield CheckRow("sources", name, True, f"read {ago((now - min(ends)).total_seconds() / 60)} ago{told}")


def _cycle(app: App, now: datetime) -> Iterator[CheckRow]:
    with app.sessions() as session:
        open_ = session.scalar(select(Cycle).where(Cycle.finished_at.is_(None)).order_by(Cycle.id).limit(1))
        stale = session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale)) or 0
        parts = dict(session.execute(select(Chunk.stage, func.count()).group_by(Chunk.stage)).all())
    yield CheckRow("cycle", "encoding", True, f"{stale} work items waiting")
    if open_ is None:
        yield CheckRow("cycle", "analysis", True, "no cycle is open")
        return
    left = ", ".join(f"{count} of {stage}" for stage, count in sorted(parts.items()))
    old = now - open_.started_at > LONG_OPEN
    about = f"open since {open_.started_at:%Y-%m-%d %H:%M} UTC, in {open_.stage}; left: {left}"
    yield CheckRow(
        "cycle",
        "analysis",
        not old,
        about,
        "Is a worker for the queue analyse running, or `leeway run`? Its log shows what fails." if old else "",
    )


def _tasks(app: App, _now: datetime) -> Iterator[CheckRow]:
    with app.sessions() as session:
        rows = list(session.scalars(select(DeadTask).order_by(DeadTask.id.desc()).limit(_SHOWN)))
        count = session.scalar(select(func.count()).select_from(DeadTask)) or 0
    for row in rows:
        yield CheckRow(
            "tasks",
            f"{row.task.rpartition('.')[2]} {row.about}".strip(),
            False,
            f"failed for good at {row.at:%Y-%m-%d %H:%M} UTC: {row.reason}",
            "Its work is still pending and is retried at the next wake-up. `leeway doctor --clear` clears it.",
        )
    if not rows:
        yield CheckRow("tasks", "dead", True, "none")
    elif count > _SHOWN:
        yield CheckRow("tasks", "dead", False, f"{count - _SHOWN} more", "`leeway doctor --clear` clears them.")


def _pulse(app: App, _now: datetime) -> Iterator[CheckRow]:
    with app.sessions() as session:
        found = pulse_status(app, session)
    yield from _asked("pulse", found, "off" if found is None else f"in the week of {found['week']}")


def _interview(app: App, _now: datetime) -> Iterator[CheckRow]:
    with app.sessions() as session:
        found = interview_status(app, session)
    yield from _asked(
        "interview", found, "none is open" if found is None else f"in {found['round']}, open until {found['closes']}"
    )


def _asked(part: str, found: dict[str, Any] | None, when: str) -> Iterator[CheckRow]:
    """Yield whom a round of questions did not reach, and how many people it did."""
    if found is None:
        yield CheckRow(part, "questions", True, when)
        return
    for one in found["failed"][:_SHOWN]:
        yield CheckRow(part, one["of"], False, f"{one['why']} {one['next']}", one["fix"])
    yield CheckRow(part, "questions", True, f"{people_asked(found['asked'])} {when}")


_PARTS: dict[str, Callable[[App, datetime], Iterator[CheckRow]]] = {
    "database": _database,
    "broker": _broker,
    "workers": _workers,
    "beat": _beat,
    "sources": _sources,
    "cycle": _cycle,
    "tasks": _tasks,
    "alerts": alert_rows,
    "digests": digest_rows,
    "packs": pack_rows,
    "pulse": _pulse,
    "interview": _interview,
}
