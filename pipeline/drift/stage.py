"""Advance the detector over the history and reconcile the findings in the database with its results."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from models import Drift, Walked, upsert
from pipeline.drift.detector import Detector, DriftSettings, Event
from pipeline.drift.finding import Analysis, reconcile
from pipeline.drift.findings import KINDS
from pipeline.drift.observations import Observations, Priorities, observe
from pipeline.drift.theme_stage import current_themes, keep_themes
from pipeline.drift.walk import Kept, walk
from pipeline.register.document import Register
from pipeline.register.versions import between_periods, planned_since
from pipeline.share.company import company_dilution
from pipeline.share.undiluted import load_usual

_KEPT_DIGITS = 2
"""The dilution is rounded to hundredths, so that a day's new data does not force all earlier days to be walked again."""


def detector_for(
    session: Session,
    register: Register,
    seen: Observations,
    settings: DriftSettings,
    intended: Mapping[str, date] | None = None,
) -> Detector:
    """Return a detector for the register's present priorities, from when they first held until the period's end."""
    rank = {objective.key: objective.priority for objective in register.objectives}
    end, idle = register.period.end + timedelta(days=1), between_periods(session, register)
    plan = Priorities(planned_since(session, register), rank, end, idle)
    read = company_dilution(session, register)
    kept, spread = round(read.kept, _KEPT_DIGITS), round(read.kept_sd, _KEPT_DIGITS)
    dilution = replace(read, kept=kept, kept_sd=spread, stretch=load_usual(session).stretch)
    return Detector(seen, [plan], settings, intended, dilution)


def detectable_points(session: Session, register: Register, last: date, settings: DriftSettings) -> int | None:
    """Return the fall of the company's top share, in points, detected within eight weeks with 80 % power; None if unknown."""
    seen = observe(session, register, last)
    part = detector_for(session, register, seen, settings).detectable() if seen is not None else None
    return None if part is None else min(99, round(100 * part))


def intended_starts(session: Session) -> dict[str, date]:
    """Return, by scope, the start of the latest fall that somebody marked as intended."""
    meant = (Drift.kind == "drift", Drift.state == "intended")
    rows = session.execute(select(Drift.scope, Drift.start).where(*meant).order_by(Drift.start))
    return {row.scope: row.start for row in rows}


def detect_drift(
    sessions: sessionmaker[Session], register: Register, last: date, settings: DriftSettings, model: str
) -> list[Event]:
    """Search for drift on every day up to `last`, reconcile the findings, and return all events in order."""
    with sessions() as session:
        seen = observe(session, register, last)
        if seen is None:
            return []
        themes = current_themes(session, model, last, settings.least_people)
        intended = intended_starts(session)
        detector = detector_for(session, register, seen, settings, intended)
        kept = [Kept(row.day, row.digest, row.standing) for row in session.scalars(select(Walked))]
    events, kept = walk(detector, kept)
    with sessions.begin() as session:
        session.execute(delete(Walked))
        upsert(session, Walked, [asdict(one) for one in kept], ("day",))
        keep_themes(session, themes, last, settings.least_people)
        analysis = Analysis(session, register, last, settings, detector, events, themes)
        for kind, finding in KINDS.items():
            reconcile(analysis, kind, finding)
    return events
