"""Evaluate every kind of diagnosis and reconcile the rows in the database; one that fails does not affect the others."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Diagnosis, Judged
from pipeline.encode.encoder import Encoder
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged
from pipeline.findings.kind import HAPPENED
from pipeline.findings.kinds import KINDS, Kind
from pipeline.findings.load import load_inputs
from pipeline.findings.thresholds import Thresholds
from pipeline.queue.rounding import DIGITS, rounded
from pipeline.register.document import Register

BACK_WITHIN = timedelta(weeks=3)
"""A diagnosis that returns this soon after its end is the same one: figures near a threshold cross it more than once."""
log = structlog.get_logger()


class Failed(Unjudged):
    """The finding itself raised an error."""


def keep_diagnoses(
    session: Session,
    register: Register,
    last: date,
    least_people: int,
    thresholds: Thresholds | None = None,
    kinds: Mapping[str, Kind] = KINDS,
    encoder: Encoder | None = None,
) -> int:
    """Recompute the diagnoses up to `last`, the last complete day; return how many are open. Kinds based on the meaning of
    words need the encoder that produced the vectors."""
    happened, effort = bool(HAPPENED.intersection(kinds)), not HAPPENED.issuperset(kinds)
    given = load_inputs(
        session, register, last, least_people, thresholds or Thresholds(), encoder, happened=happened, effort=effort
    )
    if given is None:
        return 0
    open_ = 0
    for name, outcome in judge(given, kinds).items():
        because = outcome.because if isinstance(outcome, Unjudged) else ""
        session.merge(Judged(kind=name, day=last, because=because, failed=isinstance(outcome, Failed)))
        if not isinstance(outcome, Failed):  # a failure says nothing about existing rows
            open_ += _reconcile(session, name, [] if isinstance(outcome, Unjudged) else outcome, last)
    return open_


def judge(given: Inputs, kinds: Mapping[str, Kind] = KINDS) -> dict[str, Outcome]:
    """Return the outcome of each kind. Errors are logged by kind only: their messages may contain people's words."""
    found: dict[str, Outcome] = {}
    for name, kind in kinds.items():
        try:
            found[name] = kind.judged(given)
        except Exception as error:
            log.error("a finding failed", kind=name, reason=type(error).__name__)
            found[name] = Failed(f"it failed ({type(error).__name__})")
    return found


def _reconcile(session: Session, kind: str, found: Sequence[Found], last: date) -> int:
    """Reconcile the open and recently ended rows of a kind with what was found."""
    known: dict[tuple[str, str], Diagnosis] = {}
    recent = Diagnosis.ended_on.is_(None) | (Diagnosis.ended_on >= last - BACK_WITHIN)
    for row in session.scalars(select(Diagnosis).where(Diagnosis.kind == kind, recent).order_by(Diagnosis.id)):
        older = known.get((row.scope, row.subject))
        if older is not None:
            _end(older, last)
        known[row.scope, row.subject] = row
    # If one subject was found twice, e.g. a stream stopped twice, keep the first.
    single = {(one.scope, one.subject): one for one in reversed(found)}
    for key, one in single.items():
        same = known.pop(key, None)
        if same is None:
            same = Diagnosis(kind=kind, scope=one.scope, subject=one.subject, found_on=last, since=one.since)
            session.add(same)
        _set(same, one, last)
    for left in known.values():
        _end(left, last)
    return len(single)


def _end(row: Diagnosis, last: date) -> None:
    if row.ended_on is None:
        row.ended_on = last


def _set(row: Diagnosis, one: Found, last: date) -> None:
    row.seen_on, row.ended_on = last, None
    row.since = min((day for day in (row.since, one.since) if day is not None), default=None)
    row.strength = rounded(one.strength, DIGITS)
    row.low, row.high = (None if bound is None else rounded(bound, DIGITS) for bound in (one.low, one.high))
    row.figures = {
        name: rounded(value, DIGITS) if isinstance(value, float) else value for name, value in one.values.items()
    }
    row.streams, row.items = list(one.streams), list(one.items)
