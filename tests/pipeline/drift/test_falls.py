"""Which row of the database a fall that is found is: people were told of that one."""

from collections.abc import Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from models import Drift
from pipeline.drift.falls import same_fall
from pipeline.drift.finding import Analysis, End, Found

DAY = date(2026, 9, 1)
PLAN = cast(Analysis, SimpleNamespace(detector=SimpleNamespace(priorities=[SimpleNamespace(start=date(2026, 1, 5))])))


def row(raised: date, start: date, state: str = "raised") -> Drift:
    return Drift(kind="drift", scope="company", subject="", raised_on=raised, start=start, state=state)


def found(raised: date, start: date, end: End | None = None) -> Found:
    return Found("company", raised, {"start": start}, end=end)


def fitting(rows: Sequence[Drift], one: Found) -> list[int]:
    """Places of the rows that it may be, the likeliest first."""
    ranks = [(rank, n) for n, one_row in enumerate(rows) if (rank := same_fall(PLAN, one_row, one)) is not None]
    return [n for _, n in sorted(ranks)]


@pytest.mark.parametrize("weeks", [0, 2, 6, 20])
def test_a_fall_that_answers_or_late_data_tell_weeks_earlier_is_the_same_alert_pinot_809(weeks: int) -> None:
    """Raised on day 39 where little was read of it, on day 18 with the answers: it was not withdrawn, and is no second one."""
    told = row(DAY + timedelta(weeks=weeks), DAY - timedelta(weeks=2))
    assert fitting([told], found(DAY, DAY - timedelta(weeks=3))) == [0]


def test_one_that_is_over_is_no_open_one_and_another_start_is_another_fall() -> None:
    late = DAY + timedelta(weeks=10)
    over, start = ("recovered", DAY + timedelta(weeks=6)), DAY - timedelta(weeks=2)
    assert fitting([row(late, start)], found(DAY, start, over)) == []
    assert fitting([row(late, start, "recovered")], found(DAY, start)) == []
    assert fitting([row(late, start, "recovered")], found(DAY, start, over)) == [0]
    assert fitting([row(late, DAY + timedelta(weeks=8))], found(DAY, start)) == []
    assert fitting([row(late, start, "intended")], found(DAY, start)) == []


def test_the_nearer_day_counts_before_the_same_start() -> None:
    rows = [row(DAY + timedelta(weeks=8), DAY - timedelta(weeks=2)), row(DAY + timedelta(days=3), DAY)]
    assert fitting(rows, found(DAY, DAY - timedelta(weeks=2))) == [1, 0]


def test_one_that_was_withdrawn_and_is_found_again_is_told_again() -> None:
    """It is told as a new one, since the old one says that it would not have been raised; it was never told again."""
    told = row(DAY, DAY - timedelta(weeks=2), "superseded")
    assert fitting([told], found(DAY, DAY - timedelta(weeks=2))) == []
    assert fitting([told], found(DAY, DAY - timedelta(weeks=2), ("recovered", DAY))) == [0]
