"""Celery's tasks, each a call of a stage. Only a source's name travels; everything else is asked of the database."""

from datetime import timedelta

import structlog

from connectors.base import SourceError
from leeway.app import NotReady
from leeway.celery_app import celery, the_app
from pipeline import ingest, lease
from pipeline.cycle import Report, analyse_and_record

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
        since = app.now() - timedelta(weeks=app.settings.history.weeks)
        try:
            counts = ingest.pull(app.connectors[source], app.sessions, since)
        except SourceError as error:
            log.warning("pull failed", source=source, reason=str(error))
        else:
            log.info("pulled", source=source, **counts)
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
            app.register()
        except NotReady as error:
            log.warning("nothing to analyse yet", reason=str(error))
            return
        analyse_and_record(
            app.sessions, app.encoder, app.drift_settings(), app.now(), report, lambda stage, done, of: None
        )
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
    sent, failed = the_app().send_digests()
    log.info("digests", sent=sent, failed=failed)
