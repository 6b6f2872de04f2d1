"""Celery's tasks, each calling a stage. A task carries only a source's name and, for the logs, its run; everything else,
including what is pending, comes from the database."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from celery import Task
from sqlalchemy.exc import IntegrityError, InterfaceError, InternalError, OperationalError, SQLAlchemyError

from alerts.asking import Round
from leeway.app import App, NotReady
from leeway.celery_app import STALE_SECONDS, STOP, celery, the_app
from leeway.digest import send_digests
from leeway.errors import UNKNOWN, database_fault
from leeway.goals import look_daily
from leeway.interview import interview_is_due, run_interview
from leeway.judging import judge_streams, round_is_due
from leeway.measuring import measure as measure_all
from leeway.measuring import measuring_is_due
from leeway.metrics import WOKEN
from leeway.notify import notify_pending
from leeway.operations import apply_retention, bury, count
from leeway.pack_mail import send_packs
from leeway.progress import Pace
from leeway.pulse import pulse_is_due, send_pulse
from leeway.stopping import Show, Stopped
from migrations import UpgradeError
from models.session import DatabaseUnfit
from pipeline.cycle import Analysis, Report, pull_source
from pipeline.findings.thresholds import Thresholds
from pipeline.queue import lease

log = structlog.get_logger()
_UNFIT = (UpgradeError, DatabaseUnfit)
"""What is said of a database that none of ours can be kept in."""


def _why(error: Exception) -> str:
    """What the log says of it: what a database is known to say, and of all that may carry people's words only the kind."""
    if isinstance(error, _UNFIT):
        return str(error)
    fault = database_fault(error)
    return " ".join(fault) if fault and fault[1] != UNKNOWN else type(error).__name__


class LeewayTask(Task):  # type: ignore[misc]
    """Retries what may pass by itself, such as a database restart, and logs it; the rest is recorded as a dead task."""

    # Not every error of the database: a statement that it cannot read will never pass.
    autoretry_for = (OperationalError, InterfaceError, InternalError, IntegrityError, OSError)
    retry_backoff = 2
    retry_backoff_max = 120
    retry_jitter = True
    max_retries = 8

    def on_retry(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Say it; a stage that tries for minutes looks idle otherwise."""
        log.warning("task failed and will be retried", task=self.name, reason=_why(exc))

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Keep it for `leeway doctor`; without a database the log has to do."""
        log.error("task failed for good", task=self.name, reason=_why(exc))
        try:
            bury(the_app().sessions, self.name, str(args[0]) if args else "", exc)
        except (SQLAlchemyError, *_UNFIT):
            log.error("and it could not be recorded", task=self.name)


@contextmanager
def _counted(app: App, task: str, run: str) -> Iterator[None]:
    """Bind the run to the logs, and count how the task ended and how long it waited for rate limits. One that stops because its
    worker is told to has ended: what it left is pending, and is gone on with at the next wake."""
    structlog.contextvars.bind_contextvars(run=run or uuid.uuid4().hex[:8], task=task)
    waited, outcome = app.limiter.waited, "failed"
    try:
        yield
        outcome = "done"
    except Stopped:
        outcome = "stopped"
        log.info("stopped", left="the next wake-up resumes it")
    finally:
        try:
            count(app.sessions, "tasks", f"{task} {outcome}", 1)
            count(app.sessions, "rate_limit_wait_seconds", task, app.limiter.waited - waited)
        except SQLAlchemyError as error:
            log.warning("not counted", reason=_why(error))
        structlog.contextvars.unbind_contextvars("run", "task")


def _send(task: Any, *words: str) -> None:
    task.apply_async(words, expires=STALE_SECONDS)


@celery.task(base=LeewayTask, name="leeway.tasks.wake")  # type: ignore[untyped-decorator]
def wake() -> None:
    """Wake whoever has something to do: sources that are due, and every stage, which sees for itself what is pending."""
    app, run, now = the_app(), uuid.uuid4().hex[:8], datetime.now(UTC)
    lease.not_before(app.sessions, WOKEN, now)
    for name in app.connectors:
        if lease.due(app.sessions, f"next pull {name}", now):
            _send(pull, name, run)
    for stage in (encode, analyse, measure, speak, digest, judge, ask):
        _send(stage)


@celery.task(base=LeewayTask, name="leeway.tasks.pull")  # type: ignore[untyped-decorator]
def pull(source: str, run: str = "") -> None:
    """Pull one source: what is new, then the past for as long as the schedule allows; nothing where another worker is at it."""
    app = the_app()
    if source not in app.connectors:  # taken from the settings since it was woken
        return
    with _counted(app, f"pull {source}", run), lease.hold(app.sessions, f"pull {source}") as mine:
        if not mine or not lease.due(app.sessions, f"next pull {source}", datetime.now(UTC)):
            return
        report = Report()
        budget = timedelta(minutes=app.settings.schedule.backfill_minutes)
        pull_source(
            source, app.connectors[source], app.sessions, app.since(), report, STOP.heard_in(lambda *_: None), budget
        )
        for error in report.errors:
            log.warning("pull failed", source=source, reason=error)
        log.info("pulled", source=source, **report.counts)
        # More of the past is waiting: go on as soon as somebody is woken.
        pause = 0 if report.counts.get("unfinished") and not report.errors else app.settings.schedule.pull_minutes
        lease.not_before(app.sessions, f"next pull {source}", datetime.now(UTC), timedelta(minutes=pause))
    _send(encode, run)


@celery.task(base=LeewayTask, name="leeway.tasks.encode")  # type: ignore[untyped-decorator]
def encode(run: str = "") -> None:
    """Encode batches of changed items until none is free."""
    app = the_app()
    with _counted(app, "encode", run), _one_writer(app, "encode") as mine:
        if not mine:
            return
        report = Report()
        _analysis(app).encode(report, _pace())
        if report.counts["changed_items"] or run:  # what follows a pull is said also where another worker was quicker
            log.info("encoded", seconds=report.seconds, **report.counts)
    _send(analyse, run)


@celery.task(base=LeewayTask, name="leeway.tasks.analyse")  # type: ignore[untyped-decorator]
def analyse(run: str = "") -> None:
    """Join the open cycle: match, effort, shares, drift; whatever is pending and free."""
    app, finished = the_app(), False
    with _counted(app, "analyse", run), _one_writer(app, "analyse") as mine:
        if not mine:
            return
        try:
            register = app.register()[1]
            app.refuse_own_mailbox(register)
        except NotReady as error:
            log.warning("nothing to analyse yet", reason=str(error))
            return
        report = Report()
        finished = _analysis(app, app.thresholds(register)).join(report, _pace())
        if finished:
            apply_retention(app, report)
        if report.seconds or run:
            log.info("analysed", finished=finished, seconds=report.seconds, **report.counts)
    if finished:
        _send(speak, run)


@celery.task(base=LeewayTask, name="leeway.tasks.speak")  # type: ignore[untyped-decorator]
def speak(run: str = "") -> None:
    """Post what nobody was notified of yet."""
    app, report = the_app(), Report()
    with _counted(app, "speak", run):
        try:
            told = notify_pending(app, report)
        except NotReady:
            return
        if told or report.errors or run:
            log.info("told", alerts=told, errors=report.errors)


@celery.task(base=LeewayTask, name="leeway.tasks.digest")  # type: ignore[untyped-decorator]
def digest(run: str = "") -> None:
    """Send this week's digests, and the packs whose time has come, that were not sent."""
    app = the_app()
    if not app.settings.smtp.host:
        return
    with _counted(app, "digest", run):
        for name, send in (("digests", send_digests), ("packs", send_packs)):
            sent, failed = send(app, due_only=True)
            if sent or failed:
                log.info(name, sent=sent, failed=failed)


@celery.task(base=LeewayTask, name="leeway.tasks.judge")  # type: ignore[untyped-decorator]
def judge(run: str = "") -> None:
    """Ask the judge about streams, where one is set and it is time; nothing waits for it."""
    app = the_app()
    if round_is_due(app):
        with _counted(app, "judge", run):
            judge_streams(app)


@celery.task(base=LeewayTask, name="leeway.tasks.measure")  # type: ignore[untyped-decorator]
def measure(run: str = "") -> None:
    """Measure key results that were not measured today, and once a day look whether goals differ; nothing waits for it."""
    app = the_app()
    if measuring_is_due(app):
        with _counted(app, "measure", run), lease.hold(app.sessions, "measure") as mine:
            counts = measure_all(app) if mine else {}
            if any(counts.values()):
                log.info("measured", **counts)
            if mine:
                look_daily(app)


@celery.task(base=LeewayTask, name="leeway.tasks.ask")  # type: ignore[untyped-decorator]
def ask(run: str = "") -> None:
    """Ask owners how sure they are, and the leadership its three questions, where it is time; rows say who was asked."""
    app = the_app()
    if pulse_is_due(app):
        with _counted(app, "ask", run):
            _log_asked("pulse", send_pulse(app, due_only=True))
    if interview_is_due(app):
        with _counted(app, "interview", run):
            _log_asked("interview", run_interview(app))


def _log_asked(kind: str, found: Round) -> None:
    if found.asked or found.reminded or found.errors:
        log.info("asked", kind=kind, asked=found.asked, reminded=found.reminded, errors=len(found.errors))


def _pace() -> Show:
    return STOP.heard_in(Pace(lambda text: log.info("progress", at=text)))


def _analysis(app: App, thresholds: Thresholds | None = None) -> Analysis:
    return Analysis(
        app.sessions, app.encoder, app.drift_settings(), app.now(), app.connectors, app.directory, thresholds
    )


@contextmanager
def _one_writer(app: App, stage: str) -> Iterator[bool]:
    """PostgreSQL's row locks let many workers in; SQLite lets one."""
    if app.engine.dialect.name == "postgresql":
        yield True
        return
    with lease.hold(app.sessions, stage) as mine:
        yield mine
