"""Load the effort of a stretch of days as arrays."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Effort
from models.columns import floats, integers, joined

_DAYS = 10_000_000
"""Larger than the ordinal of any day."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Effort as parallel arrays: day (`date.toordinal`), person, work item and person-days."""

    day: NDArray[np.int64]
    person: NDArray[np.int64]
    item: NDArray[np.int64]
    days: NDArray[np.float64]

    def where(self, mask: NDArray[np.bool_]) -> "Spent":
        """Return only these rows."""
        return Spent(self.day[mask], self.person[mask], self.item[mask], self.days[mask])

    def person_days(self) -> tuple[list[tuple[int, date]], NDArray[np.int64]]:
        """Return each distinct (person, day), and for each row the index of its own."""
        known, place = np.unique(self.person * _DAYS + self.day, return_inverse=True)
        return [(key // _DAYS, date.fromordinal(key % _DAYS)) for key in known.tolist()], place


def load_spent(session: Session, first: date, end: date) -> Spent:
    """Return the effort from `first` to the day before `end`, ordered by day."""
    query = select(Effort.day, joined(Effort.person_id), joined(Effort.work_item_id), joined(Effort.person_days))
    query = query.where(Effort.day >= first, Effort.day < end).group_by(Effort.day)
    names, days = [np.zeros((3, 0), dtype=np.int64)], [np.zeros(0)]
    for day, people, items, amounts in session.execute(query.order_by(Effort.day)):
        person = integers(people)
        names.append(np.stack([np.full(len(person), day.toordinal()), person, integers(items)]))
        days.append(floats(amounts))
    of_day, person, item = np.concatenate(names, 1)
    return Spent(of_day, person, item, np.concatenate(days))
