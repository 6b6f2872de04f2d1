"""The end of a cycle: streams and the audit, then drift, questions and diagnoses. In chunks for several workers.

Streams come first, because they name what replaced an objective's work and what a diagnosis is about. Drift with its themes, and
the diagnoses that depend on effort and quote themes, are one chunk; questions, and the diagnoses that depend on events on items
(half of the reading), are another. Chunks are idempotent, and deleted only when done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from models import Chunk
from pipeline.drift import due
from pipeline.drift.detector import DriftSettings
from pipeline.drift.stage import detect_drift
from pipeline.encode.encoder import Encoder
from pipeline.feedback.asking import keep_questions
from pipeline.findings.due import effort_is_due, happened_is_due
from pipeline.findings.kind import HAPPENED
from pipeline.findings.kinds import KINDS
from pipeline.findings.stage import keep_diagnoses
from pipeline.findings.thresholds import Thresholds
from pipeline.queue import chunks
from pipeline.register.document import Register
from pipeline.register.workdays import monday
from pipeline.share.audit import ITEMS
from pipeline.share.audit_store import draw_audit
from pipeline.streams.stage import keep_streams

STREAMS, DRIFT = "streams", "drift"
_STREAMS, _AUDIT, _EFFORT, _HAPPENED = "1 streams", "2 audit", "1 effort", "2 happened"


@dataclass(frozen=True, slots=True)
class Ending:
    """What the last two stages need; `last` is the last complete day."""

    sessions: sessionmaker[Session]
    encoder: Encoder
    settings: DriftSettings
    thresholds: Thresholds | None
    version: int
    register: Register
    last: date

    def plan(self, session: Session, stage: str) -> None:
        """Queue the chunks of a stage."""
        detail: dict[str, Any] = {}
        if stage == DRIFT:  # decided once: results of one chunk must not make the other search
            detail = {"looks": due.is_due(session, self.version, self.last, self.settings)}
        names = (_STREAMS, _AUDIT) if stage == STREAMS else (_EFFORT, _HAPPENED)
        chunks.add(session, stage, dict.fromkeys(names, detail))

    def run(self, chunk: Chunk) -> Mapping[str, int]:
        """Run a chunk; return counts. A chunk of an older release, which did everything at once, is run as a whole."""
        counts: dict[str, int] = {}
        known = chunk.name in (_STREAMS, _AUDIT, _EFFORT, _HAPPENED)
        if chunk.name == _AUDIT or not known:
            week = monday(self.last) - timedelta(days=7)
            least = self.settings.least_people
            counts["audited"] = draw_audit(self.sessions, self.register, week, ITEMS, least)
        if chunk.name == _STREAMS or not known:
            with self.sessions.begin() as session:
                keep_streams(session, self.encoder.name, self.last)
        looks = bool(chunk.detail.get("looks", True))
        if chunk.name == _EFFORT or not known:
            self._effort(counts, looks)
        if chunk.name == _HAPPENED or not known:
            self._happened(counts, looks)
        return counts

    def _effort(self, counts: dict[str, int], looks: bool) -> None:
        if looks:
            detect_drift(self.sessions, self.register, self.last, self.settings, self.encoder.name)
            with self.sessions.begin() as session:
                due.note_looked(session, self.version, self.last, self.settings)
        with self.sessions.begin() as session:
            if effort_is_due(session, self.version, self.last, self.thresholds):
                self._diagnose(session, counts, happened=False)

    def _happened(self, counts: dict[str, int], looks: bool) -> None:
        with self.sessions.begin() as session:
            if looks:
                keep_questions(session, self.register, self.last, self.encoder.name)
            if happened_is_due(session, self.version, self.register, self.last, self.thresholds):
                self._diagnose(session, counts, happened=True)

    def _diagnose(self, session: Session, counts: dict[str, int], *, happened: bool) -> None:
        kinds = {name: kind for name, kind in KINDS.items() if (name in HAPPENED) == happened}
        given = (session, self.register, self.last, self.settings.least_people, self.thresholds, kinds, self.encoder)
        counts["diagnoses"] = counts.get("diagnoses", 0) + keep_diagnoses(*given)
