"""What operations need: counters for the metrics, dead tasks, and pruning."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from leeway.app import App
from models import (
    Ask,
    AuditDraw,
    Cycle,
    DeadTask,
    InterviewAnswer,
    InterviewRound,
    Label,
    Tally,
    UsedLink,
    upsert,
)
from models.changed import rows_changed
from pipeline.cycle import Report
from pipeline.encode.vectors import delete_unused
from pipeline.people.retention import drop_quotes_of_wordless, drop_texts
from pipeline.queue import lease

KEEP = timedelta(days=90)
"""How long cycles, dead tasks, used links and unanswered draws are kept."""
_LONGEST_REASON = 500


def count(sessions: sessionmaker[Session], name: str, label: str, by: float) -> None:
    """Add to a tally."""
    if not by:
        return
    with sessions.begin() as session:
        upsert(session, Tally, [{"name": name, "label": label, "value": 0.0}], ("name", "label"), keep=True)
        statement = update(Tally).where(Tally.name == name, Tally.label == label)
        session.execute(statement.values(value=Tally.value + by))


def bury(sessions: sessionmaker[Session], task: str, about: str, error: BaseException) -> None:
    """Record a task that failed for good. Of errors that may quote people's words only the type is stored."""
    from leeway.errors import expected

    sentence = expected(error) if isinstance(error, Exception) else None
    reason = (sentence or type(error).__name__)[:_LONGEST_REASON]
    with sessions.begin() as session:
        session.add(DeadTask(task=task, about=about[:200], reason=reason, at=datetime.now(UTC)))


def clear_dead(sessions: sessionmaker[Session]) -> int:
    """Clear the dead tasks; returns how many."""
    with sessions.begin() as session:
        return rows_changed(session, delete(DeadTask))


def prune(sessions: sessionmaker[Session], now: datetime) -> int:
    """Delete what is no longer needed; returns how many rows. Shares, drifts, decisions and labels stay."""
    before, rows = now - KEEP, 0
    with sessions.begin() as session:
        newest = select(func.max(Cycle.id)).scalar_subquery()
        labelled = select(Label.work_item_id)
        closed = select(InterviewRound.name).where(InterviewRound.closed_at.is_not(None))
        for statement in (
            delete(Cycle).where(Cycle.finished_at < before, Cycle.id != newest),
            delete(DeadTask).where(DeadTask.at < before),
            delete(UsedLink).where(UsedLink.at < before),
            delete(Ask).where(Ask.sent_at < before),
            delete(InterviewAnswer).where(InterviewAnswer.round.in_(closed) | (InterviewAnswer.at < before)),
            delete(AuditDraw).where(AuditDraw.week < before.date(), AuditDraw.work_item_id.not_in(labelled)),
        ):
            rows += rows_changed(session, statement)
    return rows


def prune_vectors(sessions: sessionmaker[Session]) -> int:
    """Delete vectors of texts that no item has any more; reads every item, so it is for once a day."""
    with sessions.begin() as session:
        return delete_unused(session)


def apply_retention(app: App, report: Report) -> None:
    """Delete words that are older than the retention setting allows; once a day also what nobody needs any more."""
    days, now = app.settings.retention.text_days, datetime.now(UTC)
    daily = lease.due(app.sessions, "prune", now)
    if days is None and not daily:
        return
    with report.stage("retention"):
        if days is not None:
            report.counts["texts_dropped"] = drop_texts(app.sessions, app.now() - timedelta(days=days))
        if daily:
            lease.not_before(app.sessions, "prune", now, timedelta(days=1))
            drop_quotes_of_wordless(app.sessions)
            report.counts["pruned"] = prune(app.sessions, now) + prune_vectors(app.sessions)
