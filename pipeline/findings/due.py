"""Decide whether the diagnoses must be recomputed: once a day, and when the register or people's answers changed."""

import hashlib
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Confidence, Label, ThemeAnswer
from pipeline.findings.thresholds import Thresholds
from pipeline.large import is_large, taught
from pipeline.queue import fingerprint
from pipeline.register.document import Register

_EFFORT, _HAPPENED = "diagnoses", "diagnoses of what happened"


def effort_is_due(session: Session, version: int, last: date, thresholds: Thresholds | None) -> bool:
    """Return True the first time for this day, register, thresholds and answers, and record that they are judged now."""
    return _differs(session, _EFFORT, (version, last, thresholds, _answers(session)))


def happened_is_due(
    session: Session, version: int, register: Register, last: date, thresholds: Thresholds | None
) -> bool:
    """The same for kinds based on events on items. In a large company, where these are half of the reading, neither wording of
    the register nor answers trigger them: they do not change the events."""
    reasons: list[object] = [last, thresholds, register.teams]
    if not is_large(session):
        reasons += [version, _answers(session)]
    return _differs(session, _HAPPENED, tuple(reasons))


def _answers(session: Session) -> list[object]:
    answers: list[object] = [
        tuple(session.execute(select(func.count(), func.max(table.at))).one()) for table in (ThemeAnswer, Confidence)
    ]
    exact = select(func.count(), func.max(Label.at))
    answers.append(taught(session) if is_large(session) else tuple(session.execute(exact).one()))
    return answers


def _differs(session: Session, stage: str, reasons: tuple[object, ...]) -> bool:
    digest = hashlib.sha256(repr(reasons).encode()).hexdigest()
    if not fingerprint.differs(session, stage, digest):
        return False
    fingerprint.keep(session, stage, digest)
    return True
