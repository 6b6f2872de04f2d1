"""What the drawings say of a fall that began inside them, and of one that began before."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from alerts.chart_frame import COLOURS, PAGE, drawable, svg
from alerts.charts import Fall, WeekPoint, top_share, weekly_days
from alerts.digest import _first_drawn
from alerts.stacked_chart import stacked_shares
from web.drawing import chart_names

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
    assert name == "28 Dec 2026 to 3 Jan 2027"


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


MANY = [f"O{n}" for n in range(1, 20)]
"""More objectives than anybody tells apart by colours."""
SIGHT = {
    "usual": np.eye(3),
    "no red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "no blue": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}
"""How linear RGB is seen (Machado, Oliveira and Fernandes 2009, severity 1)."""


def seen(colour: str, sight: str) -> Any:
    """A colour in Oklab (Ottosson 2020), in hundredths, as it is seen."""
    rgb = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    cones = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
    lab = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    return 100 * (lab @ np.cbrt(cones @ np.clip(SIGHT[sight] @ linear, 0, 1)))


def test_no_two_of_twenty_objectives_have_one_colour_whatever_colours_somebody_sees() -> None:
    style = (Path(__file__).parents[2] / "web/static/style.css").read_text(encoding="utf-8")
    assert "@media screen and (prefers-color-scheme: dark)" in style  # paper is light (outline #2124, httrack #1158)
    sets = [dict(re.findall(r"--(o\d+|off): (#\w{6});", part)) for part in style.split("prefers-color-scheme: dark", 1)]
    for colours in sets:  # light, and dark
        assert len(colours) == COLOURS + 1 == len(set(colours.values()))
        for sight in SIGHT:
            for one, other in combinations(colours.values(), 2):
                assert np.linalg.norm(seen(one, sight) - seen(other, sight)) > 5, (one, other, sight)


def many_weeks() -> list[dict[str, Any]]:
    shares = [0.001 if n < 12 else 0.16 for n in range(18)] + [0.0] + [0.028]
    held = zip([*MANY, ""], shares, strict=True)
    row = {"week": FIRST, "low": 0.0, "high": 1.0, "complete": True, "after": False}
    return [row | {"objective": key, "share": share} for key, share in held]


def test_many_objectives_are_named_beside_their_parts_and_no_name_lies_on_another() -> None:
    marks = {key: key for key in MANY} | {"": "none"}
    names = {key: f"{key} is wanted" for key in MANY} | {"": "On no objective"}
    spec = stacked_shares(many_weeks(), names, (), 1000, 280, PAGE, marks=marks)
    (words,) = [layer["data"]["values"] for layer in spec["layer"] if layer["mark"]["type"] == "text"]
    assert [row["text"] for row in words] == [*MANY[:18], "none"]  # O19 has no part to stand beside
    heights = [row["at"] * 280 for row in words]
    assert all(later - one >= 11.99 for one, later in pairwise(heights))
    assert min(heights) >= 0
    assert max(heights) <= 280
    drawn = stacked_shares(many_weeks(), names, (), 1000, 280, PAGE)
    assert "text" not in {layer["mark"]["type"] for layer in drawn["layer"]}
    assert float(re.findall(r'<svg[^>]* width="([\d.]+)"', svg(spec))[0]) <= 1000 + 52


def test_two_objectives_whose_titles_begin_alike_have_two_names_in_a_chart() -> None:
    title = "Grow the enterprise business with partners in "
    objectives = [SimpleNamespace(key=f"grow-{where}", priority=2, title=title + where) for where in ("DACH", "UK")]
    register: Any = SimpleNamespace(objectives=objectives)
    short = chart_names(register, {}, 38)
    assert len(set(short.values())) == 3
    assert short["grow-UK"].startswith("grow-UK Grow the")
    assert chart_names(register, {}, 60)["grow-UK"] == f"2 {title}UK"
