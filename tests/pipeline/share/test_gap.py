"""The gap to the plan: plan less share over whole weeks, its interval, its person-days; and the plan that is only suggested."""

from datetime import date, timedelta

import pytest

from pipeline.share.estimate import Z90
from pipeline.share.gap import WeekShare, gap, suggested

MONDAY = date(2026, 9, 28)


def weeks(*shares: float, half: float = 0.08, days: float = 100.0) -> list[WeekShare]:
    return [
        WeekShare(MONDAY + timedelta(weeks=n), share, share - half, share + half, days)
        for n, share in enumerate(shares)
    ]


def test_it_is_plan_less_share_weighted_by_the_work_with_its_days_and_window() -> None:
    rows = [*weeks(0.2), WeekShare(MONDAY + timedelta(weeks=1), 0.3, 0.2, 0.4, 300.0)]
    found = gap("company", "O1", 0.4, rows)
    assert found is not None
    assert (found.share, found.size) == (pytest.approx(0.275), pytest.approx(0.125))
    assert found.person_days == pytest.approx(50)
    assert (found.first, found.last, found.weeks) == (MONDAY, date(2026, 10, 11), 2)


def test_many_weeks_are_only_a_little_surer_than_one() -> None:
    one, eight = (gap("company", "O1", 0.4, weeks(*[0.2] * n)) for n in (1, 8))
    assert one is not None
    assert eight is not None
    assert (one.low, one.high) == (pytest.approx(0.12), pytest.approx(0.28))
    assert 0.85 * (one.high - one.low) < eight.high - eight.low < one.high - one.low


def test_an_interval_that_was_cut_at_nothing_is_as_wide_as_its_longer_side() -> None:
    found = gap("company", "O1", 0.4, [WeekShare(MONDAY, 0.01, 0.0, 0.09, 100.0)])
    assert found is not None
    assert found.low == pytest.approx(0.4 - 0.09)
    assert found.high == pytest.approx(0.4)
    assert Z90 > 1


def test_without_work_there_is_no_gap() -> None:
    assert gap("company", "O1", 0.4, []) is None
    assert gap("company", "O1", 0.4, weeks(0.2, days=0.0)) is None


def test_a_suggestion_keeps_what_the_objectives_had_together_and_leans_towards_rank() -> None:
    found = suggested({"O1": 1, "O2": 2, "O3": 3}, {"O1": 0.1, "O2": 0.3, "O3": 0.2, "": 0.4})
    assert found == {"O1": 0.2, "O2": 0.25, "O3": 0.15}
    assert sum(found.values()) == pytest.approx(0.6)


def test_nothing_is_suggested_where_nothing_is_known() -> None:
    assert suggested({"O1": 1}, {}) == {}
    assert suggested({}, {"O1": 0.5}) == {}
