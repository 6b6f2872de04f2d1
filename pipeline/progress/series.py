"""The numbers of a key result that were kept, as a series."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Measurement
from pipeline.progress.stage import binding_of
from pipeline.register.document import KeyResult


class Point(NamedTuple):
    """A number and the day it was measured on."""

    day: date
    value: float


def series(session: Session, key_result: KeyResult, since: date = date.min) -> list[Point]:
    """What its present metric gave, from a day on, in order; days without a number are left out."""
    if key_result.metric is None:
        return []
    query = select(Measurement.day, Measurement.value).where(
        Measurement.key_result == key_result.key,
        Measurement.binding == binding_of(key_result.metric),
        Measurement.value.is_not(None),
        Measurement.day >= since,
    )
    rows = session.execute(query.order_by(Measurement.day)).all()
    return [Point(day, value) for day, value in rows if value is not None]


def latest(session: Session, key_result: KeyResult) -> Measurement | None:
    """The last try of its present metric, whether it gave a number or not."""
    if key_result.metric is None:
        return None
    query = select(Measurement).where(
        Measurement.key_result == key_result.key, Measurement.binding == binding_of(key_result.metric)
    )
    return session.scalar(query.order_by(Measurement.day.desc()).limit(1))
