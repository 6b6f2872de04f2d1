"""The stored measurements of a key result, or of an objective's outcome, as a series."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Measurement
from pipeline.progress.stage import binding_of
from pipeline.register.document import KeyResult, Objective


class Point(NamedTuple):
    """A number and the day it was measured."""

    day: date
    value: float


def series(session: Session, measured: KeyResult | Objective, since: date = date.min) -> list[Point]:
    """Return the numbers of its present metric since a day, in order; days without a number are omitted."""
    if measured.metric is None:
        return []
    query = select(Measurement.day, Measurement.value).where(
        Measurement.key_result == measured.key,
        Measurement.binding == binding_of(measured.metric),
        Measurement.value.is_not(None),
        Measurement.day >= since,
    )
    rows = session.execute(query.order_by(Measurement.day)).all()
    return [Point(day, value) for day, value in rows if value is not None]


def latest(session: Session, measured: KeyResult | Objective) -> Measurement | None:
    """Return the last attempt to measure its present metric, successful or not."""
    if measured.metric is None:
        return None
    query = select(Measurement).where(
        Measurement.key_result == measured.key, Measurement.binding == binding_of(measured.metric)
    )
    return session.scalar(query.order_by(Measurement.day.desc()).limit(1))
