"""One cycle: every stage in order, each doing what is pending, with any number of workers. Cycles are idempotent, and a cycle
that was killed resumes where it stopped."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, SourceError
from models import Chunk, Cycle, WorkItem
from pipeline.drift import due
from pipeline.drift.detector import DriftSettings
from pipeline.effort import stage as effort_stage
from pipeline.encode.encoder import Encoder
from pipeline.encode.stage import encode_pending
from pipeline.ending import DRIFT, STREAMS, Ending
from pipeline.findings.thresholds import Thresholds
from pipeline.ingest import pull as ingest
from pipeline.ingest.cursors import drop_sources
from pipeline.ingest.sweep import retry_failed, sweep, sweep_is_due
from pipeline.match import stage as match_stage
from pipeline.people import identity
from pipeline.people.identity import Directory
from pipeline.queue import chunks
from pipeline.ready import Ready, seen_until
from pipeline.register.document import Register
from pipeline.register.versions import current_register
from pipeline.register.workdays import history_begins, last_complete_day
from pipeline.share import stage as share_stage
from pipeline.share.undiluted import settle

Progress = Callable[[str, int, int | None], None]
"""Called with a stage's name, how much is done, and of how much (None: unknown)."""


def _tell(progress: Progress, stage: str, done: int) -> None:
    progress(stage, done, None)


@dataclass(slots=True)
class Report:
    """The result of a cycle. `errors` has one sentence per source that could not be pulled; the others continued."""

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


STAGES = ("match", "span", "effort", "share", STREAMS, DRIFT)
"""The stages after encoding, in order; each waits for the previous one."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The stages after the pull. `sources` are the configured ones: drift is only searched for once each has been read to its
    end, since a partial history would mislead.

    Any number of workers may `join`: each takes chunks of the current stage, and the one that finishes the last chunk opens the
    next stage.
    """

    sessions: sessionmaker[Session]
    encoder: Encoder
    settings: DriftSettings
    now: datetime
    sources: Collection[str] = ()
    directory: Directory | None = None
    thresholds: Thresholds | None = None

    @property
    def _ready(self) -> Ready:
        return Ready(self.now, self.sources)

    def encode(self, report: Report, progress: Progress = lambda *_: None) -> None:
        """Encode what is pending and free; before the first cycle only the last weeks, so that they are analysed soon."""
        with report.stage("encode"):
            changed, encoded = encode_pending(
                self.sessions, self.encoder, lambda done, of: progress("encode", done, of), self._ready.may_begin
            )
        for name, count in (("changed_items", changed), ("encoded", encoded)):
            report.counts[name] = report.counts.get(name, 0) + count

    def is_left(self) -> bool:
        """Return True if anything is left to encode."""
        with self.sessions() as session:
            return bool(session.scalar(select(exists().where(WorkItem.stale))))

    def join(self, report: Report, progress: Progress = lambda *_: None) -> bool:
        """Work on the open cycle, or open one if anything is pending, until it is done or other workers hold the remaining
        chunks.

        Returns True if nothing is left. Raises LookupError if no register is loaded.
        """
        with self.sessions() as session:
            found = current_register(session)
        if found is None:
            raise LookupError("No register is loaded. Run `leeway okrs load okrs.yaml`.")
        version, register = found
        while True:
            with self.sessions.begin() as session:
                if not chunks.alone(session, "cycle"):
                    return False
                stage = self._advance(session, version, register, report)
            if stage is None:
                return True
            progress(stage, 0, None)
            began = time.perf_counter()
            work = self._worker(stage, version, register, report)
            done = chunks.take(self.sessions, stage, work, partial(_tell, progress, stage))
            report.seconds[stage] = round(report.seconds.get(stage, 0.0) + time.perf_counter() - began, 2)
            with self.sessions() as session:
                if not done and chunks.left(session, stage):
                    return False  # other workers hold the last chunks, and will continue

    def _advance(self, session: Session, version: int, register: Register, report: Report) -> str | None:
        """Return the stage with pending chunks, opening stages and cycles as needed; None when all is done."""
        last = last_complete_day(self.now, register.calendar.time_zone)
        row = session.scalar(select(Cycle).where(Cycle.finished_at.is_(None)).order_by(Cycle.id).limit(1))
        if row is None:
            if self.sources:
                drop_sources(session, self.sources)
            identity.resolve(session, register, self.directory, last)
            if not self._pending(session, version, register, last):
                return None
            row = Cycle(started_at=datetime.now(UTC), stage=STAGES[0])
            session.add(row)
            self._plan(session, STAGES[0], version, register, last)
        # A stage stays open only while it has chunks: anything requested in the meantime waits.
        found, looked = row.stage == STREAMS, row.stage == DRIFT
        while row.stage is not None:
            if chunks.left(session, row.stage):
                return row.stage
            place = STAGES.index(row.stage) + 1
            if place == len(STAGES):
                row.stage, row.finished_at = None, datetime.now(UTC)
                row.through = last if looked and self._ready.can_judge(session) else None
                row.seconds, row.counts = dict(report.seconds), dict(report.counts)
                break
            row.stage = STAGES[place]
            if row.stage != DRIFT or found:  # streams name what drift absorbs, so drift needs them
                self._plan(session, row.stage, version, register, last)
        return None

    def _pending(self, session: Session, version: int, register: Register, last: date) -> bool:
        if self._ready.is_behind(session):
            return False
        return (
            match_stage.is_pending(session, version, self.encoder)
            or effort_stage.is_pending(session, register, last)
            or share_stage.is_pending(session, version, self.settings.least_people, self.settings.unseen)
            or (seen_until(session) != last and self._ready.can_judge(session))
        )

    def _plan(self, session: Session, stage: str, version: int, register: Register, last: date) -> None:
        if stage == "match":
            due.note_news(session, match_stage.plan(session, version, self.encoder))
        elif stage == "span":
            effort_stage.plan_spans(session, register)
        elif stage == "effort":
            effort_stage.plan_days(session, register, last)
        elif stage == "share":
            share_stage.plan(session, version, self.settings.least_people, self.settings.unseen)
        elif stage == DRIFT:
            self._ending(version, register).plan(session, stage)
        else:
            settle(session, register)  # the shares are complete; later stages read the corrected ones
            if self._ready.can_judge(session):
                self._ending(version, register).plan(session, stage)

    def _ending(self, version: int, register: Register) -> Ending:
        last = last_complete_day(self.now, register.calendar.time_zone)
        return Ending(self.sessions, self.encoder, self.settings, self.thresholds, version, register, last)

    def _worker(self, stage: str, version: int, register: Register, report: Report) -> chunks.RunChunk:
        last = last_complete_day(self.now, register.calendar.time_zone)
        least = self.settings.least_people

        def match(session: Session, chunk: Chunk) -> None:
            count = match_stage.run_chunk(session, chunk, register, version, self.encoder)
            report.counts["matched"] = report.counts.get("matched", 0) + count

        def end(_session: Session, chunk: Chunk) -> None:
            for name, found in self._ending(version, register).run(chunk).items():
                report.counts[name] = report.counts.get(name, 0) + found

        return {
            "match": match,
            "span": lambda session, chunk: effort_stage.run_item_chunk(session, chunk, register),
            "effort": lambda session, chunk: effort_stage.run_week_chunk(session, chunk, register, last),
            "share": lambda session, chunk: share_stage.run_chunk(
                session, chunk, register, least, self.settings.unseen
            ),
            STREAMS: end,
            DRIFT: end,
        }[stage]


def pull_source(
    name: str,
    connector: Connector,
    sessions: sessionmaker[Session],
    since: datetime,
    report: Report,
    progress: Progress,
    budget: timedelta | None = None,
) -> None:
    """Pull one source; once a day, also sweep for unannounced deletions and retry failed items.

    An error of the source becomes one sentence in the report.
    """
    pulled = 0

    def tell(stream: str, new: int) -> None:
        nonlocal pulled
        pulled += new
        progress(f"pull {name}", pulled, None)

    counts = {"signals": 0, "failures": 0, "removed": 0}
    try:
        counts = ingest.pull(connector, sessions, since, tell, budget)
    except SourceError as error:
        report.errors.append(str(error))
        counts["signals"] = pulled
    try:  # even if a stream failed, the others' deletions are swept
        if sweep_is_due(sessions, name):
            progress(f"sweep {name}", 0, None)
            counts["removed"] += sweep(connector, sessions)["removed"]
            retry_failed(connector, sessions)
    except SourceError as error:
        if str(error) not in report.errors:
            report.errors.append(str(error))
    for key, value in counts.items():
        report.counts[key] = report.counts.get(key, 0) + value


def run_cycle(
    connectors: Mapping[str, Connector],
    sessions: sessionmaker[Session],
    encoder: Encoder,
    settings: DriftSettings,
    now: datetime,
    history: timedelta,
    progress: Progress = lambda stage, done, of: None,
    directory: Directory | None = None,
    budget: timedelta | None = None,
    thresholds: Thresholds | None = None,
) -> Report:
    """Pull, then analyse. A source that cannot be pulled is reported, and the others continue."""
    report = Report()
    for name, connector in connectors.items():
        with report.stage("pull"):
            pull_source(name, connector, sessions, history_begins(now, history), report, progress, budget)
    analysis = Analysis(sessions, encoder, settings, now, connectors, directory, thresholds)
    analysis.encode(report, progress)
    if analysis.join(report, progress) and analysis.is_left():  # the last weeks are done; now the past
        analysis.encode(report, progress)
        analysis.join(report, progress)
    return report
