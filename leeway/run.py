"""`leeway run`: cycles in this process, with progress output."""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from rich.console import Console

from alerts.words import amount
from leeway.app import App, NotReady
from leeway.digest import send_digests
from leeway.errors import expected
from leeway.goals import look_daily
from leeway.interview import run_interview
from leeway.judging import judge_streams
from leeway.measuring import measure
from leeway.notify import notify_pending
from leeway.operations import apply_retention
from leeway.pack_mail import send_packs
from leeway.progress import Pace, stage_progress
from leeway.pulse import send_pulse
from leeway.stopping import Stopped, when_told
from pipeline.cycle import Report, run_cycle

log = structlog.get_logger()


def run_once(app: App, progress: Callable[[str, int, int | None], None], budget: timedelta | None = None) -> Report:
    """Run one whole cycle, then report what is new. Raises NotReady if nothing is configured.

    With `budget`, no source spends longer on its history in this cycle.
    """
    report = look_once(app, progress, budget)
    with report.stage("measure"):
        report.counts |= measure(app) | look_daily(app)
    with report.stage("speak"):
        report.counts["alerts"] = notify_pending(app, report)
        report.errors.extend(send_pulse(app, due_only=True).errors)
        report.errors.extend(run_interview(app).errors)
    with report.stage("judge"):  # last, since nothing waits for it
        report.counts["judged"] = judge_streams(app)
    return report


def look_once(app: App, progress: Callable[[str, int, int | None], None], budget: timedelta | None = None) -> Report:
    """As run_once, but nobody is notified."""
    if not app.connectors:
        raise NotReady("no source is configured. Add [jira], [slack] or [hubspot] to leeway.toml (`leeway init`).")
    _, register = app.register()
    app.refuse_own_mailbox(register)
    report = run_cycle(
        app.connectors,
        app.sessions,
        app.encoder,
        app.drift_settings(),
        app.now(),
        timedelta(weeks=app.settings.history.weeks),
        progress,
        app.directory,
        budget,
        app.thresholds(register),
    )
    apply_retention(app, report)
    return report


def run_one(app: App, console: Console) -> Report:
    """Run one cycle, with progress bars on a terminal."""
    with stage_progress(console) as show:
        return run_once(app, show)


def run_forever(app: App, console: Console) -> None:
    """Run cycles until told to stop; a stop finishes the current page or chunk, and the next start resumes with the rest."""
    stop = threading.Event()

    when_told(lambda *_: stop.set(), "SIGTERM", "SIGHUP")
    console.print(f"Running every {amount(app.settings.schedule.pull_minutes, 'minute')}. Ctrl-C stops.")
    went_well = False
    while not stop.is_set():
        app.refresh()
        try:
            unfinished = _cycle(app, stop)
        except Stopped:
            log.info("stopped during a cycle", left="the next start resumes it")
            return
        except Exception as error:
            sentence = expected(error)
            if sentence is None or not went_well:  # errors of the first cycle end the command at once
                raise
            log.error("cycle ended", reason=sentence)  # such as a database restart: the next cycle resumes
            stop.wait(60)
            continue
        went_well = True
        if not unfinished:  # more history is waiting: continue at once
            stop.wait(app.settings.schedule.pull_minutes * 60)


def _cycle(app: App, stop: threading.Event) -> bool:
    """Run a cycle and send the mails that are due; returns True if more history is waiting. Raises Stopped."""
    pace = Pace(lambda text: log.info("progress", at=text))

    def show(stage: str, done: int, of: int | None) -> None:
        if stop.is_set():
            raise Stopped
        pace(stage, done, of)

    report = run_once(app, show, timedelta(minutes=app.settings.schedule.backfill_minutes))
    for error in report.errors:
        log.warning("cycle", error=error)
    log.info("cycle", seconds=round(sum(report.seconds.values()), 1), **report.counts)
    if app.settings.smtp.host:
        for name, send in (("digests", send_digests), ("packs", send_packs)):
            sent, failed = send(app, due_only=True)
            if sent or failed:
                log.info(name, sent=sent, failed=failed)
    return bool(report.counts.get("unfinished"))
