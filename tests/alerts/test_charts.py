"""What the drawings say of a fall that began inside them, and of one that began before."""

import json
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from alerts.chart_frame import drawable, svg
from alerts.charts import Fall, WeekPoint, top_share, weekly_days
from alerts.digest import _first_drawn

FIRST = date(2026, 9, 21)
WEEKS = [WeekPoint(FIRST + timedelta(weeks=n), 0.4, 0.3, 0.5, 0.9, None, complete=True) for n in range(9)]


def words(start: date) -> set[str]:
    spec = top_share(WEEKS, [Fall(start, 0.78, 0.39)])
    rows = [row for layer in spec["layer"] for row in layer.get("data", {}).get("values", [])]
    return {row["text"] for row in rows if "text" in row}


def test_a_week_that_is_not_over_is_pale_in_a_streams_chart_too() -> None:
    spec = weekly_days({FIRST: 10.0, FIRST + timedelta(weeks=1): 2.0}, unfinished=[FIRST + timedelta(weeks=1)])
    assert [row["complete"] for row in spec["data"]["values"]] == [True, False]
    assert "opacity" in spec["layer"][0]["encoding"]


def test_the_level_of_a_fall_that_is_over_ends_with_it() -> None:
    start, end = WEEKS[3].week, WEEKS[5].week
    drawn = json.dumps(top_share(WEEKS, [Fall(start, 0.78, 0.39, end)]))
    assert f'"x": "{start}", "x2": "{end}", "y": 0.39' in drawn
    assert f"39% to {end.day} {end:%b}" in drawn
    assert "39% since" not in drawn


def test_a_fall_is_drawn_with_its_day_and_both_levels() -> None:
    assert words(date(2026, 10, 19)) == {"78% before", "19 October", "39% since"}


@pytest.mark.parametrize("start", [date(2026, 9, 7), FIRST])
def test_of_a_fall_before_the_picture_only_the_level_since_then_is_drawn(start: date) -> None:
    assert words(start) == {f"39% since {start.day} September"}


@pytest.mark.parametrize(
    ("since", "first"),
    [
        (None, date(2026, 9, 21)),
        (date(2026, 10, 19), date(2026, 9, 21)),
        (date(2026, 9, 9), date(2026, 8, 24)),  # two weeks before it
        (date(2026, 3, 2), date(2026, 8, 3)),  # sixteen at most
    ],
)
def test_the_digests_picture_begins_before_the_fall(since: date | None, first: date) -> None:
    stands: Any = SimpleNamespace(week=date(2026, 11, 16), since=since)
    assert _first_drawn(stands) == first


def test_a_chart_across_two_years_says_where_the_year_begins() -> None:
    def axis(first: date) -> Any:
        weeks = [replace(WEEKS[0], week=first + timedelta(weeks=n)) for n in range(9)]
        spec = top_share(weeks, width=720)
        assert svg(spec).count(">2027<") == ("2027" in str(spec["layer"][0]["encoding"]["x"]["axis"].get("labelExpr")))
        return spec["layer"][0]["encoding"]["x"]["axis"], spec["data"]["values"][0]["name"]

    inside, name = axis(date(2026, 9, 21))
    assert "labelExpr" not in inside
    assert name == "21 Sep to 27 Sep 2026"
    across, name = axis(date(2026, 12, 28))  # the last week of 2026 is its 53rd, and ends in 2027
    assert '["2026-12-28", "2027-01-04"]' in across["labelExpr"]
    assert name == "28 Dec to 3 Jan 2027"


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("🚀 Grow in Köln – Ελλάδα", "Grow in Köln – Ελλάδα"),
        ("成長 2027", "the objective"),
        ("متجرنا", "the objective"),
        ("🚀", "the objective"),
    ],
)
def test_a_picture_has_no_letters_that_a_server_cannot_draw(name: str, drawn: str) -> None:
    assert drawable(name, "the objective") == drawn
