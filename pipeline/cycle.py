"""One cycle: every stage in order, each doing what is pending. Running it again does nothing twice."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, SourceError
from models import Cycle, KeyResult, Objective, RegisterVersion, Team
from pipeline import identity, ingest
from pipeline.audit import ITEMS
from pipeline.audit_stage import draw_audit
from pipeline.drift import DriftSettings
from pipeline.drift_stage import detect_drift
from pipeline.effort_stage import estimate_effort
from pipeline.encode import Encoder
from pipeline.encode_stage import encode_pending
from pipeline.identity import Directory
from pipeline.match_stage import match_all, needs_match
from pipeline.register import Register, digest, parse
from pipeline.share_stage import weekly_shares
from pipeline.workdays import monday

DAY_IS_OVER = 20
"""The hour, in the organisation's time zone, from which a day counts as complete."""

Progress = Callable[[str, int, int | None], None]
"""Called with a stage's name, how much is done, and of how much (None: unknown)."""


@dataclass(slots=True)
class Report:
    """What a cycle did. `errors` holds one sentence a source that could not be pulled; the rest went on."""

    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 2)


def load_register(session: Session, register: Register, document: str) -> tuple[int, bool]:
    """Make this the current register; returns (version, whether it is new). The same text is the same version."""
    name = digest(document)
    current = session.scalar(select(RegisterVersion).order_by(RegisterVersion.id.desc()).limit(1))
    if current is not None and current.digest == name:
        return current.id, False
    version = RegisterVersion(digest=name, loaded_at=datetime.now(UTC), document=document)
    session.add(version)
    session.flush()
    for team in register.teams:
        session.add(Team(version_id=version.id, key=team.key, name=team.name, lead=team.lead))
    for objective in register.objectives:
        session.add(Objective(version_id=version.id, key=objective.key, title=objective.title,
                              priority=objective.priority, owner=objective.owner))  # fmt: skip
        for key_result in objective.key_results:
            session.add(KeyResult(version_id=version.id, key=key_result.key, objective_key=objective.key,
                                  title=key_result.title, owner=key_result.owner, teams=list(key_result.teams)))  # fmt: skip
    return version.id, True


def current_register(session: Session) -> tuple[int, Register] | None:
    """The newest register version, None where none was loaded."""
    found = session.scalar(select(RegisterVersion).order_by(RegisterVersion.id.desc()).limit(1))
    return (found.id, _parsed(found.document, found.id)) if found else None


@lru_cache(maxsize=8)
def _parsed(document: str, version: int) -> Register:
    """A version never changes, and each page asks for it."""
    return parse(document, f"register version {version}")


def last_complete_day(now: datetime, zone: str) -> date:
    """The last day whose work can be counted."""
    return (now.astimezone(ZoneInfo(zone)) - timedelta(hours=DAY_IS_OVER)).date()


def analyse(
    sessions: sessionmaker[Session], encoder: Encoder, settings: DriftSettings, now: datetime, report: Report,
    progress: Progress, directory: Directory | None = None,
) -> None:  # fmt: skip
    """Everything after the pull: people, encode, match, effort, shares, drift."""
    with sessions() as session:
        found = current_register(session)
    if found is None:
        raise LookupError("No register is loaded. Run `leeway okrs load okrs.yaml`.")
    version, register = found
    with sessions.begin() as session:
        identity.resolve(session, register, directory)
    with report.stage("encode"):
        changed, encoded = encode_pending(sessions, encoder, lambda done, of: progress("encode", done, of))
    report.counts |= {"changed_items": changed, "encoded": encoded}
    last = last_complete_day(now, register.calendar.time_zone)
    with sessions() as session:
        through = session.scalar(select(func.max(Cycle.through)))
        pending = needs_match(session, version, changed)
        # The running cycle is one; another one without an end was killed, perhaps between match and shares.
        open_ = session.scalar(select(func.count()).select_from(Cycle).where(Cycle.finished_at.is_(None))) or 0
    if pending:
        progress("match", 0, None)
        with report.stage("match"):
            report.counts["matched"] = match_all(sessions, register, version, encoder)
    if not pending and open_ <= 1 and through is not None and through >= last:
        return
    progress("effort", 0, None)
    with report.stage("effort"):
        estimate_effort(sessions, register, last)
    progress("share", 0, None)
    with report.stage("share"):
        report.counts["audited"] = draw_audit(
            sessions, register, monday(last) - timedelta(days=7), ITEMS, settings.least_people
        )
        weekly_shares(sessions, register, settings.least_people)
    progress("drift", 0, None)
    with report.stage("drift"):
        detect_drift(sessions, register, last, settings, encoder.name)


def analyse_and_record(
    sessions: sessionmaker[Session], encoder: Encoder, settings: DriftSettings, now: datetime, report: Report,
    progress: Progress, directory: Directory | None = None,
) -> None:  # fmt: skip
    """`analyse`, with a row of what it did."""
    with sessions.begin() as session:
        session.add(row := Cycle(started_at=datetime.now(UTC)))
        session.flush()
        id_ = row.id
    analyse(sessions, encoder, settings, now, report, progress, directory)
    with sessions.begin() as session:
        found = current_register(session)
        row = session.get_one(Cycle, id_)
        row.finished_at, row.seconds, row.counts = datetime.now(UTC), report.seconds, dict(report.counts)
        row.through = last_complete_day(now, found[1].calendar.time_zone) if found else None
        # What a killed one left undone is done now.
        session.execute(delete(Cycle).where(Cycle.finished_at.is_(None), Cycle.id < id_))


def pull_source(
    name: str, connector: Connector, sessions: sessionmaker[Session], since: datetime, report: Report,
    progress: Progress, budget: timedelta | None = None,
) -> None:  # fmt: skip
    """Pull one source; once a day also look for what it does not announce, and try again what was set aside.

    What the source refuses becomes one sentence in the report.
    """
    pulled = 0

    def tell(stream: str, new: int) -> None:
        nonlocal pulled
        pulled += new
        progress(f"pull {name}", pulled, None)

    try:
        counts = ingest.pull(connector, sessions, since, tell, budget)
        if ingest.sweep_is_due(sessions, name):
            progress(f"sweep {name}", 0, None)
            counts["removed"] += ingest.sweep(connector, sessions)["removed"]
            ingest.retry_failed(connector, sessions)
    except SourceError as error:
        report.errors.append(str(error))
        counts = {"signals": pulled, "failures": 0}
    for key, value in counts.items():
        report.counts[key] = report.counts.get(key, 0) + value


def run_cycle(
    connectors: Mapping[str, Connector], sessions: sessionmaker[Session], encoder: Encoder, settings: DriftSettings,
    now: datetime, history: timedelta, progress: Progress = lambda stage, done, of: None,
    directory: Directory | None = None, budget: timedelta | None = None,
) -> Report:  # fmt: skip
    """Pull, then analyse. A source that cannot be pulled is reported and the rest goes on."""
    report = Report()
    for name, connector in connectors.items():
        with report.stage("pull"):
            pull_source(name, connector, sessions, now - history, report, progress, budget)
    analyse_and_record(sessions, encoder, settings, now, report, progress, directory)
    return report
