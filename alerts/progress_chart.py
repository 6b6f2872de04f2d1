"""The charts of a key result: its number with the forecast to the period's end, and its share of work by week."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from alerts.chart_frame import PAGE, Palette, Spec, finish, share_axis, span, tip
from alerts.words import fraction, short_day
from pipeline.progress.forecast import Forecast
from pipeline.register.figures import beside

_X: Spec = {"field": "day", "type": "temporal", "scale": {"type": "utc"}, "title": None}


def number_by_day(
    points: Sequence[tuple[date, float]],
    end: date,
    target: float | None,
    ahead: Forecast | None,
    width: int,
    height: int = 180,
    palette: Palette = PAGE,
) -> Spec:
    """A series as a line, the target as a dashed one, and the interval in which 90 of 100 paths end as a fan."""
    rows = [
        {"day": day.isoformat(), "value": value, "said": beside(value, target), "name": short_day(day)}
        for day, value in points
    ]
    y = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 4}}
    layers: list[Spec] = []
    first, (last, now) = points[0][0], points[-1]
    if ahead is not None and last < end:
        fan = [{"day": last.isoformat(), "low": now, "high": now}, {"day": end.isoformat(), **_ends(ahead)}]
        band = {"x": dict(_X), "y": y | {"field": "low"}, "y2": {"field": "high"}}
        area = {"type": "area", "color": palette.brand, "opacity": 0.18}
        layers.append({"data": {"values": fan}, "mark": area, "encoding": band})
    if target is not None:
        across = [{"day": day.isoformat(), "value": target} for day in (first, end)]
        dashes = {"type": "line", "color": palette.soft, "strokeDash": [4, 3]}
        layers.append({"data": {"values": across}, "mark": dashes, "encoding": {"x": dict(_X), "y": y}})
    seen = {"x": dict(_X), "y": y, "tooltip": [tip("name", "Day"), tip("said", "Number")]}
    line = {"type": "line", "color": palette.brand, "point": {"color": palette.brand, "size": 18}}
    layers.append({"data": {"values": rows}, "mark": line, "encoding": seen})
    weeks = [first + timedelta(weeks=n) for n in range(max(1, (end - first).days // 7 + 1))]
    return finish({"layer": layers}, "", width, height, palette, weeks)


def confidence_by_week(
    said: Sequence[tuple[date, int]], width: int, height: int = 120, palette: Palette = PAGE
) -> Spec:
    """How sure the owner was, from 1 to 10, week by week; weeks without an answer are left out."""
    rows = [{"day": week.isoformat(), "value": value, "name": f"week of {short_day(week)}"} for week, value in said]
    y = {
        "field": "value",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [1, 10]},
        "axis": {"tickCount": 4},
    }
    seen = {"x": dict(_X), "y": y, "tooltip": [tip("name", "Week"), tip("value", "Of 10", ".0f")]}
    line = {"type": "line", "color": palette.brand, "point": {"color": palette.brand, "size": 24}}
    layer = {"data": {"values": rows}, "mark": line, "encoding": seen}
    return finish({"layer": [layer]}, "", width, height, palette, [week for week, _ in said])


def _ends(ahead: Forecast) -> dict[str, float]:
    return {"low": ahead.low, "high": ahead.high}


def work_by_week(shares: Mapping[date, float], width: int, height: int = 120, palette: Palette = PAGE) -> Spec:
    """The part of the company's work by whole week."""
    rows = [
        {
            "week": week.isoformat(),
            "end": (week + timedelta(weeks=1)).isoformat(),
            "share": fraction(share),
            "name": f"{short_day(week)} to {short_day(week + timedelta(days=6))}",
        }
        for week, share in sorted(shares.items())
    ]
    encoding = span() | {
        "y": share_axis("share", {"domainMin": 0}),
        "y2": {"datum": 0},
        "tooltip": [tip("name", "Week"), tip("share", "Of the work", ".0%")],
    }
    mark = {"mark": {"type": "bar", "color": palette.brand, "cornerRadiusEnd": 2}, "encoding": encoding}
    return finish({"data": {"values": rows}, "layer": [mark]}, "", width, height, palette, sorted(shares))
