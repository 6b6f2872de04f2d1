"""Working days of countries whose weekend is another, and of who works in shifts."""

from datetime import date

import pytest

from pipeline.register.document import RegisterError, parse
from pipeline.register.schema import Calendar
from pipeline.register.workdays import Workdays

FRIDAY, SATURDAY, SUNDAY = date(2026, 11, 6), date(2026, 11, 7), date(2026, 11, 8)


@pytest.mark.parametrize(
    ("calendar", "off"),
    [
        ({"country": "DE"}, {SATURDAY, SUNDAY}),
        ({"country": "EG"}, {FRIDAY, SATURDAY}),
        ({"country": "MY"}, {SATURDAY, SUNDAY}),
        ({"country": "MY", "subdivision": "KDH", "weekend": ["sun"]}, {SUNDAY}),
        ({}, {SATURDAY, SUNDAY}),
        ({"country": "DE", "weekend": ["Sun"]}, {SUNDAY}),
        ({"weekend": ["friday", "saturday"]}, {FRIDAY, SATURDAY}),
    ],
)
def test_the_weekend_is_the_countrys_unless_the_calendar_has_its_own(
    calendar: dict[str, object], off: set[date]
) -> None:
    workdays = Workdays(Calendar.model_validate(calendar))
    assert {day for day in (FRIDAY, SATURDAY, SUNDAY) if not workdays.is_workday(day)} == off


def test_who_works_in_another_country_has_its_weekend() -> None:
    workdays = Workdays(Calendar(country="DE"))
    assert workdays.is_workday(SUNDAY, "IL")
    assert not workdays.is_workday(FRIDAY, "IL")
    assert workdays.is_workday(SUNDAY, "DE", frozenset({0, 1}))
    week = [date(2026, 11, 13 + n) for n in range(3)]
    assert [workdays.is_workday(day, "MY") for day in week] == [True, False, False]
    kedah = Workdays(Calendar(country="MY", subdivision="KDH"))
    assert [kedah.is_workday(day) for day in week] == [False, False, True]
    assert [workdays.is_workday(day, "MY", subdivision="TRG") for day in week] == [False, False, True]
    assert workdays.weekend(2021, "AE") == {4, 5}  # Saturday and Sunday since 2022
    assert workdays.weekend(2026, "AE") == {5, 6}


def test_a_weekday_that_does_not_exist_is_named_with_its_line() -> None:
    text = "period: {name: Q, start: 2026-04-01, end: 2026-12-31}\ncalendar:\n  weekend: [fryday]\n"
    text += (
        "objectives: [{key: O1, title: Grow, priority: 1, key_results: [{key: O1.1, title: Sell ten more boats}]}]\n"
    )
    with pytest.raises(RegisterError, match=r"line 3: calendar\.weekend\[0\]: 'fryday' is not a day of the week"):
        parse(text)


def test_who_works_all_seven_days_has_no_weekend() -> None:
    workdays = Workdays(Calendar(country="DE"))
    assert all(workdays.is_workday(day, "DE", frozenset()) for day in (FRIDAY, SATURDAY, SUNDAY))


@pytest.mark.parametrize(
    ("calendar", "country", "weekend", "works"),
    [
        ({"country": "HU"}, None, None, True),
        ({"country": "DE"}, "HU", None, True),
        ({"country": "HU"}, "DE", None, False),
        ({"country": "HU", "weekend": ["sat", "sun"]}, None, None, False),  # the company's own
        ({"country": "HU"}, None, frozenset({5, 6}), False),  # the team's own
        ({"country": "HU", "closed": ["2026-12-12"]}, None, None, False),
    ],
)
def test_a_saturday_that_makes_up_for_a_bridge_day_is_worked_glpi_467(
    calendar: dict[str, object], country: str | None, weekend: frozenset[int] | None, works: bool
) -> None:
    workdays = Workdays(Calendar.model_validate(calendar))
    made_up, free, other = date(2026, 12, 12), date(2026, 12, 24), date(2026, 12, 19)
    assert workdays.is_workday(made_up, country, weekend) == works
    assert not workdays.is_workday(other, country, weekend)
    assert works <= (not workdays.is_workday(free, country, weekend))
