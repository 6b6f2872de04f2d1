"""Prometheus metrics, all read from the database at each scrape: correct for any number of processes, even after they died."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from alerts.waiting import untold
from alerts.weeks import TOP, last_week
from leeway.volume import volumes
from models import (
    OPEN_STATES,
    Chunk,
    Cycle,
    DeadTask,
    Drift,
    Failure,
    Lease,
    Notification,
    Share,
    StreamCursor,
    Tally,
    WorkItem,
)
from models.vocabulary import COMPANY
from pipeline.ingest.cursors import SWEEP

WOKEN = "beat woke the workers"
"""Name under which beat's last wake-up is stored."""


class DatabaseCollector:
    """Yields every metric family; one without a value yields no sample."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        least: int,
        now: datetime | None = None,
        sources: Collection[str] | None = None,
    ) -> None:
        self.sessions, self._least, self._now, self._sources = sessions, least, now, sources

    def collect(self) -> Iterator[Metric]:
        """Called by the registry at each scrape."""
        now = self._now or datetime.now(UTC)
        with self.sessions() as session:
            yield from _sources(session, now, self._sources)
            known = {source: count for source, count in volumes(session, self._least).items() if count is not None}
            yield _gauge(
                "signals", "Signals in the database, for sources in which enough people left some.", "source", known
            )
            yield from _pending(session)
            yield from _cycle(session, now)
            yield from _alerts(session)
            yield from _counters(session)


def exposition(
    sessions: sessionmaker[Session], least: int, now: datetime | None = None, sources: Collection[str] | None = None
) -> bytes:
    """The page that Prometheus scrapes, without figures of fewer than `least` people; `now` is the present by default, and
    `sources` are those that are configured: another one does not lag."""
    registry = CollectorRegistry()
    registry.register(DatabaseCollector(sessions, least, now, sources))
    return generate_latest(registry)


def _gauge(name: str, about: str, label: str, values: dict[str, Any]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"leeway_{name}", about, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], float(value))
    return family


def _sources(session: Session, now: datetime, sources: Collection[str] | None) -> Iterator[Metric]:
    read = select(StreamCursor).where(StreamCursor.stream != SWEEP)
    streams = list(session.scalars(read if sources is None else read.where(StreamCursor.source.in_(sources))))
    lag: dict[str, float] = {}
    errors: dict[str, int] = {}
    unread = dict.fromkeys(set(sources or ()) - {one.source for one in streams}, 1)
    for one in streams:
        unread[one.source] = unread.get(one.source, 0) + (one.finished_at is None)
        errors[one.source] = errors.get(one.source, 0) + bool(one.error)
        if one.finished_at:
            lag[one.source] = max(lag.get(one.source, 0.0), (now - one.finished_at).total_seconds())
    yield _gauge("source_lag_seconds", "Time since the slowest stream of a source was fully read.", "source", lag)
    yield _gauge("source_streams_failing", "Streams whose last pull ended in an error.", "source", errors)
    about = "Streams never fully read, which have no lag; a source that was never pulled counts as one."
    yield _gauge("source_streams_unread", about, "source", unread)
    aside = dict(session.execute(select(Failure.source, func.count()).group_by(Failure.source)).all())
    yield _gauge("set_aside", "Records that could not be understood.", "source", aside)


def _pending(session: Session) -> Iterator[Metric]:
    marks = {"encode": WorkItem.stale, "match": WorkItem.unmatched, "effort": WorkItem.effort_from.is_not(None)}
    counts = {
        name: session.scalar(select(func.count()).select_from(WorkItem).where(mark)) or 0
        for name, mark in marks.items()
    }
    yield _gauge("pending_items", "Work items that wait for a stage.", "stage", counts)
    parts = dict(session.execute(select(Chunk.stage, func.count()).group_by(Chunk.stage)).all())
    yield _gauge("pending_parts", "Chunks of the open cycle that are not done.", "stage", parts)


def _cycle(session: Session, now: datetime) -> Iterator[Metric]:
    last = session.scalar(select(Cycle).where(Cycle.finished_at.is_not(None)).order_by(Cycle.id.desc()).limit(1))
    open_ = session.scalar(select(func.min(Cycle.started_at)).where(Cycle.finished_at.is_(None)))
    if last is not None and last.finished_at is not None:
        yield GaugeMetricFamily(
            "leeway_cycle_finished_seconds", "Unix time at which the last cycle ended.", last.finished_at.timestamp()
        )
        yield _gauge("cycle_stage_seconds", "Duration of each stage of the last cycle.", "stage", last.seconds)
    age = (now - open_).total_seconds() if open_ else 0.0
    yield GaugeMetricFamily("leeway_cycle_open_seconds", "How long a cycle has been open; 0 if none is.", age)
    # Of the week that status and the page show: of a week's first days too little is seen yet.
    shown = Share.scope == COMPANY, Share.objective == TOP, Share.week == last_week(session, COMPANY)
    coverage = session.scalar(select(Share.coverage).where(*shown))
    if coverage is not None:
        yield GaugeMetricFamily(
            "leeway_coverage_ratio", "Observed over expected person-days, last whole week.", coverage
        )
    woken = session.get(Lease, WOKEN)
    if woken is not None:
        yield GaugeMetricFamily(
            "leeway_woken_seconds", "Unix time at which beat last woke the workers.", woken.until.timestamp()
        )


def _alerts(session: Session) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "leeway_open_drifts", "Drifts and data faults that are still open.", labels=["kind", "severity"]
    )
    query = select(Drift.kind, Drift.severity, func.count()).where(Drift.state.in_(OPEN_STATES))
    for kind, severity, count in session.execute(query.group_by(Drift.kind, Drift.severity)):
        family.add_metric([kind, severity], count)
    yield family
    told = dict(
        session.execute(
            select(Drift.kind, func.count(func.distinct(Drift.id)))
            .join(Notification, Notification.drift_id == Drift.id)
            .where(Notification.sent_at.is_not(None))
            .group_by(Drift.kind)
        ).all()
    )
    yield _gauge("alerts_posted", "Drifts, shifts and data faults that a channel was notified of.", "kind", told)
    yield GaugeMetricFamily(
        "leeway_alerts_untold", "Raised drifts about which somebody is still to be notified.", len(untold(session))
    )
    dead = session.scalar(select(func.count()).select_from(DeadTask)) or 0
    yield GaugeMetricFamily("leeway_dead_tasks", "Tasks that failed for good and were not cleared.", dead)


def _counters(session: Session) -> Iterator[Metric]:
    tasks = CounterMetricFamily("leeway_tasks", "Tasks that ended.", labels=["task", "outcome"])
    waits = CounterMetricFamily(
        "leeway_rate_limit_wait_seconds", "Time spent waiting for a vendor's rate limit.", labels=["task"]
    )
    for row in session.scalars(select(Tally).order_by(Tally.name, Tally.label)):
        if row.name == "tasks":
            task, _, outcome = row.label.rpartition(" ")
            tasks.add_metric([task, outcome], row.value)
        elif row.name == "rate_limit_wait_seconds":
            waits.add_metric([row.label], row.value)
    yield tasks
    yield waits
