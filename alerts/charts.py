"""Charts: one Vega-Lite specification each, the same for the picture (PNG in Slack and mail, SVG on the page) and the page's
interactive drawing. A week is a bar from Monday to the next: a fall within it is drawn where it was; a running week is pale."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from alerts.chart_frame import LIGHT, PAGE, Palette, Spec, finish, planned, running, share_axis, span, text, tip
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
        week_row(one.week, one.complete, address, linked=linked, after=one.after) | _share_row(one) for one in points
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
        layers += levels(points, fall, palette, scale)
    weeks = [one.week for one in points]
    return finish({"data": {"values": rows}, "layer": layers}, title, width, height, palette, weeks, _note(points))


def _note(points: Sequence[WeekPoint]) -> list[str]:
    """What the thin lines and the pale weeks are, in lines that fit a phone."""
    ended, running_week = any(one.after for one in points), any(not one.complete and not one.after for one in points)
    first = "by week; thin lines: 9 in 10 sure" + (
        "; the pale week is not complete yet" if running_week and not ended else ""
    )
    also = ", and the week that is not complete yet" if running_week else ""
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
        week_row(week, week not in unfinished, address, linked=linked) | {"days": round(days, 1)}
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


def week_row(week: date, complete: bool, address: str, *, linked: bool, after: bool = False) -> Spec:
    """`after`: begun after the plan's end, and so as pale as the running week."""
    last = week + timedelta(days=6)
    first = short_day(week) if week.year == last.year else f"{short_day(week)} {week.year}"
    name = f"{first} to {short_day(last)} {last.year}{'' if complete else ', running'}"
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


def levels(points: Sequence[WeekPoint], fall: Fall, palette: Palette, scale: Spec) -> list[Spec]:
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
