"""Whether the diagnoses are to be found anew: once a day, and when the register or somebody's answer changed."""

import hashlib
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Confidence, Label, ThemeAnswer
from pipeline.findings.thresholds import Thresholds
from pipeline.large import is_large, taught
from pipeline.queue import fingerprint

_STAGE = "diagnoses"


def is_due(session: Session, version: int, last: date, thresholds: Thresholds | None) -> bool:
    """Return True the first time for this day, register, thresholds and answers, and note that they are judged now."""
    answers: list[object] = [
        tuple(session.execute(select(func.count(), func.max(table.at))).one()) for table in (ThemeAnswer, Confidence)
    ]
    exact = select(func.count(), func.max(Label.at))
    answers.append(taught(session) if is_large(session) else tuple(session.execute(exact).one()))
    digest = hashlib.sha256(repr((version, last, thresholds, answers)).encode()).hexdigest()
    if not fingerprint.differs(session, _STAGE, digest):
        return False
    fingerprint.keep(session, _STAGE, digest)
    return True
