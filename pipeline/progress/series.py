"""The numbers of a key result, or of an objective's outcome, that were kept, as a series."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Measurement
from pipeline.progress.stage import binding_of
from pipeline.register.document import KeyResult, Objective


class Point(NamedTuple):
    """A number and the day it was measured on."""

    day: date
    value: float


def series(session: Session, measured: KeyResult | Objective, since: date = date.min) -> list[Point]:
    """What its present metric gave, from a day on, in order; days without a number are left out."""
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
    """The last try of its present metric, whether it gave a number or not."""
    if measured.metric is None:
        return None
    query = select(Measurement).where(
        Measurement.key_result == measured.key, Measurement.binding == binding_of(measured.metric)
    )
    return session.scalar(query.order_by(Measurement.day.desc()).limit(1))
