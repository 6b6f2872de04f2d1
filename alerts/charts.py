"""Charts: one Vega-Lite specification each, the same for the picture (PNG in Slack and mail, SVG on the page) and the page's
interactive drawing. A week is a bar from Monday to the next: a fall within it is drawn where it was; a running week is pale."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from alerts.chart_frame import LIGHT, PAGE, PALE, Palette, Spec, finish, planned, running, share_axis, span, text, tip
from alerts.words import day, percent, short_day


@dataclass(frozen=True, slots=True)
class WeekPoint:
    """A week's share with its 90% interval and coverage; `truth` only where it is known, in the demo."""

    week: date
    share: float
    low: float
    high: float
    coverage: float
    truth: float | None = None
    complete: bool = True
    after: bool = False
    """Begun after the plan's end."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A fall to draw: the day it began, the levels before and since, in parts of one, and the day it was over."""

    start: date
    before: float
    after: float
    end: date | None = None


def top_share(
    points: Sequence[WeekPoint],
    falls: Sequence[Fall] = (),
    title: str = "",
    width: int = 720,
    height: int = 260,
    palette: Palette = LIGHT,
    address: str = "",
    *,
    linked: bool = False,
    plan: int | None = None,
) -> Spec:
    """Weekly share of the top priorities with its 90% interval; the levels before and since each of `falls` drawn and valued.

    Where `linked`, each week leads to its page, at `address`. A `plan`, in percent, is drawn as a line.
    """
    rows = [
        _week_row(one.week, one.complete, address, linked=linked, after=one.after) | _share_row(one) for one in points
    ]
    highest = max([one.high for one in points] + [fall.before for fall in falls] + [(plan or 0) / 100], default=1.0)
    scale = {"domain": [0, min(1.0, (int(10 * highest) + 1.5) / 10)]}
    layers = _share_layers(palette, scale, linked=linked)
    if any(one.truth is not None for one in points):
        layers.append(
            {
                "mark": {"type": "line", "color": palette.bad, "strokeDash": [5, 4], "interpolate": "monotone"},
                "encoding": {"x": {"field": "middle", "type": "temporal"}, "y": share_axis("truth", scale)},
            }
        )
    if plan is not None and points:
        layers += planned(points[0].week, points[-1].week + timedelta(days=7), plan, palette, scale)
    for fall in falls:
        layers += _levels(points, fall, palette, scale)
    weeks = [one.week for one in points]
    return finish({"data": {"values": rows}, "layer": layers}, title, width, height, palette, weeks, _note(points))


def _note(points: Sequence[WeekPoint]) -> list[str]:
    """What the thin lines and the pale weeks are, in lines that fit a phone."""
    ended, running_week = any(one.after for one in points), any(not one.complete and not one.after for one in points)
    first = "by week; thin lines are 90% intervals" + (
        "; the pale week is running" if running_week and not ended else ""
    )
    also = ", and the week that is running" if running_week else ""
    return [first, f"pale: weeks after the plan's end{also}"] if ended else [first]


def _share_row(one: WeekPoint) -> Spec:
    return {
        "share": one.share,
        "low": one.low,
        "high": one.high,
        "truth": one.truth,
        "coverage": one.coverage,
        "middle": (one.week + timedelta(days=3)).isoformat(),
    }


def _share_layers(palette: Palette, scale: Spec, *, linked: bool) -> list[Spec]:
    """A bar for each week, and a thin line for its interval."""
    tooltip = [
        tip("name", "Week"),
        tip("share", "Share", ".0%"),
        tip("low", "at least", ".0%"),
        tip("high", "at most", ".0%"),
        tip("coverage", "Days seen", ".0%"),
    ]
    bar: Spec = {"type": "bar", "color": palette.brand, "cornerRadiusEnd": 2, "binSpacing": 0}
    bar |= {"stroke": palette.ground, "strokeWidth": 0.6} | ({"cursor": "pointer"} if linked else {})
    y = {"y": share_axis("share", scale), "y2": {"datum": 0}}
    middle = {"field": "middle", "type": "temporal"}
    return [
        {"mark": bar, "encoding": span() | y | {"tooltip": tooltip, "opacity": running(0.75)}},
        {
            "mark": {"type": "rule", "color": palette.ink, "opacity": 0.55},
            "encoding": {"x": middle, "y": share_axis("low", scale), "y2": {"field": "high"}},
        },
    ]


def stacked_shares(
    weeks: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    falls: Sequence[Fall] = (),
    width: int = 1060,
    height: int = 300,
    palette: Palette = PAGE,
    address: str = "",
    *,
    touched: bool = False,
) -> Spec:
    """Weekly shares stacked by objective, the first of `names` lowest, work on none ('') highest.

    `weeks` are rows {week, objective, share, low, high, complete, after}. Where `touched`, a bar leads to its week's
    and its objective's page at `address`, the legend filters and a range of weeks can be chosen.
    """
    rows, held = _stacked(weeks, names, address, linked=touched)
    scale = {"domain": [0, 1]}
    bars = _stack_bars(names, width, palette, scale, touched=touched)
    points = [WeekPoint(one, 0, 0, 0, 0) for one in held]
    layers = [bars, *(layer for fall in falls for layer in _levels(points, fall, palette, scale))]
    return finish({"data": {"values": rows}, "layer": layers}, "", width, height, palette, held)


def _stacked(
    weeks: Sequence[Mapping[str, Any]], names: Mapping[str, str], address: str, *, linked: bool
) -> tuple[list[Spec], list[date]]:
    """The rows of the drawing, each from where the one below it ends, and the weeks in order. `also` is an objective's page."""
    order = {key: place for place, key in enumerate(names)}
    places = {key: f"objectives/{quote(key, safe='')}" if key else "streams" for key in names}
    held: dict[date, float] = {}
    rows = []
    for row in sorted(weeks, key=lambda row: (row["week"], order.get(row["objective"], -1))):
        if row["objective"] in order:
            below = held.get(row["week"], 0.0)
            held[row["week"]] = below + row["share"]
            rows.append(
                _week_row(row["week"], row["complete"], address, linked=linked, after=row["after"])
                | {
                    "objective": names[row["objective"]],
                    **({"also": f"{address}/{places[row['objective']]}"} if linked else {}),
                    "from": below,
                    "to": below + row["share"],
                    **{name: row[name] for name in ("share", "low", "high")},
                }
            )
    return rows, list(held)


def _stack_bars(names: Mapping[str, str], width: int, palette: Palette, scale: Spec, *, touched: bool) -> Spec:
    """The bars with their colours and legend; what a pointer can do, where `touched`."""
    pale = {"test": "!datum.complete || datum.after", "value": PALE}
    picked = {"test": {"not": {"param": "picked"}}, "value": 0.12}
    mark = {"type": "bar", "stroke": palette.ground, "strokeWidth": 0.5} | ({"cursor": "pointer"} if touched else {})
    tooltip = [
        tip("name", "Week"),
        tip("objective", "Objective", kind="nominal"),
        tip("share", "Share", ".0%"),
        tip("low", "at least", ".0%"),
        tip("high", "at most", ".0%"),
    ]
    encoding = {
        "y": share_axis("from", scale),
        "y2": {"field": "to"},
        "tooltip": tooltip,
        "color": _colour(names, width, palette),
        "opacity": {"condition": [picked, pale] if touched else pale, "value": 0.92},
    }
    params: list[Spec] = [
        {"name": "picked", "select": {"type": "point", "fields": ["objective"]}, "bind": "legend"},
        {"name": "brush", "select": {"type": "interval", "encodings": ["x"]}},
    ]
    return {"mark": mark, "encoding": span() | encoding} | ({"params": params} if touched else {})


def _colour(names: Mapping[str, str], width: int, palette: Palette) -> Spec:
    colours = [palette.series[n % len(palette.series)] for n in range(len(names) - 1)] + [palette.none]
    legend = {
        "title": None,
        "orient": "bottom",
        "columns": 2 if width > 500 else 1,
        "labelLimit": max(200, width // 2 - 60),
        "symbolType": "square",
    }
    scale = {"domain": list(names.values()), "range": colours}
    return {"field": "objective", "type": "nominal", "legend": legend, "sort": None, "scale": scale}


def weekly_days(
    weeks: Mapping[date, float],
    width: int = 720,
    height: int = 160,
    palette: Palette = PAGE,
    address: str = "",
    *,
    linked: bool = False,
    unfinished: Collection[date] = (),
) -> Spec:
    """Person-days by week, as of a stream of work; those of `unfinished` weeks are pale."""
    rows = [
        _week_row(week, week not in unfinished, address, linked=linked) | {"days": round(days, 1)}
        for week, days in sorted(weeks.items())
    ]
    bar: Spec = {"type": "bar", "color": palette.brand, "cornerRadiusEnd": 2} | (
        {"cursor": "pointer"} if linked else {}
    )
    encoding = span() | {
        "y": {"field": "days", "type": "quantitative", "title": None, "axis": {"tickCount": 4}},
        "y2": {"datum": 0},
        "opacity": running(1),
        "tooltip": [tip("name", "Week"), tip("days", "Person-days", ",.0f")],
    }
    mark: Spec = {"mark": bar, "encoding": encoding}
    return finish({"data": {"values": rows}, "layer": [mark]}, "", width, height, palette, sorted(weeks))


def _week_row(week: date, complete: bool, address: str, *, linked: bool, after: bool = False) -> Spec:
    """`after`: begun after the plan's end, and so as pale as the running week."""
    last = week + timedelta(days=6)
    name = f"{short_day(week)} to {short_day(last)} {last.year}{'' if complete else ', running'}"
    row = {"week": week.isoformat(), "end": (week + timedelta(days=7)).isoformat(), "complete": complete, "name": name}
    row |= {"after": True, "name": f"{name}, after the plan's end"} if after else {}
    return row | ({"href": f"{address}/weeks/{week}"} if linked else {})


def _values(points: Sequence[WeekPoint], fall: Fall, start: date, last: date) -> tuple[Spec, Spec]:
    """Both levels in words, above the intervals of their weeks; the second one ends on `last`."""
    first, points = points[0].week, [one for one in points if one.week < last]
    reach = [max([one.high for one in points if (one.week < start) == early], default=0.0) for early in (True, False)]
    before = {"x": first.isoformat(), "y": max(fall.before, reach[0]), "text": f"{percent(fall.before)}% before"}
    until = f"to {short_day(fall.end)}" if fall.end else "since"
    after = {"x": last.isoformat(), "y": max(fall.after, reach[1]), "text": f"{percent(fall.after)}% {until}"}
    return before, after


def _levels(points: Sequence[WeekPoint], fall: Fall, palette: Palette, scale: Spec) -> list[Spec]:
    """Both levels as lines with their values, and the day that parts them; only the day where a level is below zero, and
    only the level since then where it lies before the picture."""
    if not points:
        return []
    first, last = points[0].week, points[-1].week + timedelta(days=7)
    start = min(max(fall.start, first), last)
    over = min(max(fall.end, start), last) if fall.end else last
    x, y = {"field": "x", "type": "temporal"}, {"field": "y", "type": "quantitative", "scale": scale}
    top, near_end = scale["domain"][1], (last - start) < (last - first) / 3
    beside = {"align": "right" if near_end else "left", "dx": -5 if near_end else 5, "dy": 3, "baseline": "top"}
    lines = [
        {"x": first.isoformat(), "x2": start.isoformat(), "y": fall.before},
        {"x": start.isoformat(), "x2": over.isoformat(), "y": fall.after},
    ]
    before, after = _values(points, fall, start, over)
    above = {"dx": 4, "dy": -4, "baseline": "bottom", "fontWeight": 700}
    drawn = [
        {
            "data": {"values": [{"x": start.isoformat(), "y": 0, "y2": top}]},
            "mark": {"type": "rule", "color": palette.bad, "strokeWidth": 1.5, "strokeDash": [4, 4]},
            "encoding": {"x": x, "y": y, "y2": {"field": "y2"}},
        },
        *text({"x": start.isoformat(), "y": top, "text": day(fall.start)}, palette.bad, palette, scale, **beside),
    ]
    if fall.before < 0:
        return drawn if fall.start > first else []
    if fall.start <= first:
        drawn, lines, before = [], lines[1:], {}
        after["text"] += "" if fall.end else f" {day(fall.start)}"
    return [
        *drawn,
        {
            "data": {"values": lines},
            "mark": {"type": "rule", "color": palette.ink, "strokeWidth": 2.5},
            "encoding": {"x": x, "x2": {"field": "x2"}, "y": y},
        },
        *(text(before, palette.ink, palette, scale, align="left", **above) if before else ()),
        *text(after, palette.ink, palette, scale, align="right", **above | {"dx": -4}),
    ]
