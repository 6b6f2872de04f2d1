"""Celery's tasks, each a call of a stage. Only a source's name travels; everything else is asked of the database."""

from datetime import timedelta

import structlog

from leeway.app import NotReady
from leeway.celery_app import celery, the_app
from pipeline import lease
from pipeline.cycle import Report, analyse_and_record, pull_source

log = structlog.get_logger()
_LONGEST = timedelta(hours=1)


@celery.task(name="leeway.tasks.pull_all")  # type: ignore[untyped-decorator]
def pull_all() -> None:
    """Wake one pull for each source."""
    for name in the_app().connectors:
        pull.delay(name)


@celery.task(name="leeway.tasks.pull")  # type: ignore[untyped-decorator]
def pull(source: str) -> None:
    """Pull one source to its end; nothing happens where another worker is at it."""
    app = the_app()
    with lease.hold(app.sessions, f"pull {source}", _LONGEST) as mine:
        if not mine:
            return
        report = Report()
        budget = timedelta(minutes=app.settings.schedule.backfill_minutes)
        pull_source(source, app.connectors[source], app.sessions, app.since(), report, lambda *_: None, budget)
        for error in report.errors:
            log.warning("pull failed", source=source, reason=error)
        log.info("pulled", source=source, **report.counts)
    analyse.delay()


@celery.task(name="leeway.tasks.analyse")  # type: ignore[untyped-decorator]
def analyse() -> None:
    """Encode, match, effort, shares, drift: whatever is pending."""
    app = the_app()
    with lease.hold(app.sessions, "analyse", _LONGEST) as mine:
        if not mine:
            return
        report = Report()
        try:
            app.refuse_own_mailbox(app.register()[1])
        except NotReady as error:
            log.warning("nothing to analyse yet", reason=str(error))
            return
        analyse_and_record(
            app.sessions, app.encoder, app.drift_settings(), app.now(), report, lambda *_: None, app.directory
        )
        app.drop_texts(report)
        log.info("analysed", seconds=report.seconds, **report.counts)
    speak.delay()


@celery.task(name="leeway.tasks.speak")  # type: ignore[untyped-decorator]
def speak() -> None:
    """Post what nobody was told of."""
    report = Report()
    told = the_app().tell(report)
    log.info("told", alerts=told, errors=report.errors)


@celery.task(name="leeway.tasks.digest")  # type: ignore[untyped-decorator]
def digest() -> None:
    """Send this week's digests that were not sent."""
    sent, failed = the_app().send_digests(due_only=True)
    log.info("digests", sent=sent, failed=failed)
