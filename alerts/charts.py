"""Charts: one Vega-Lite specification each, the same for the picture (PNG in Slack and mail, SVG on the page) and the page's
interactive drawing. A week is a bar from Monday to the next: a fall within it is drawn where it was; a running week is pale."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from alerts.words import day, percent, short_day

if TYPE_CHECKING:
    from pipeline.match.evaluate import Bin

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_PALE = 0.35


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a chart. Those of `PAGE` are the page's own, so that charts follow its light and dark."""

    ink: str = "#14181f"
    soft: str = "#5a6472"
    line: str = "#e3e7ec"
    brand: str = "#0b5fa5"
    bad: str = "#b3261e"
    none: str = "#c3cad3"
    series: tuple[str, ...] = ("#0b5fa5", "#56a3d9", "#1b9e77", "#d98b2b", "#a569bd", "#8c6d46", "#c85a7c", "#7f9a2f")
    ground: str | None = "#ffffff"


LIGHT = Palette()
MAIL = Palette(ink="#6d7886", soft="#76818f", line="#8a94a033", brand="#2f7fc1", bad="#d0564c", ground=None)
"""Legible on white and on black: a mail's picture cannot know which."""
PAGE = Palette(
    "var(--ink)",
    "var(--soft)",
    "var(--line)",
    "var(--brand)",
    "var(--bad)",
    "var(--off)",
    tuple(f"var(--o{n})" for n in range(1, 9)),
    "var(--card)",
)


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


@dataclass(frozen=True, slots=True)
class Fall:
    """A fall to draw: the day it began and the levels before and since, in parts of one."""

    start: date
    before: float
    after: float


_LIBRARY_BASE = "https://vega.github.io/vega-datasets/"
"""What the library puts before a relative link."""


def svg(chart: Mapping[str, Any]) -> str:
    """A specification as SVG, for the page."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(dict(chart))).replace(f'"{_LIBRARY_BASE}', '"')


def png(chart: Mapping[str, Any], scale: float = 2) -> bytes:
    """A specification as PNG at twice its size, for Slack and mail."""
    import vl_convert

    return _packed(bytes(vl_convert.vegalite_to_png(dict(chart), scale=scale)))


def _packed(picture: bytes) -> bytes:
    """The same PNG with its pixels compressed as far as zlib can: the library hardly compresses, and a mail has 60 KB."""
    kept, pixels, at = [picture[:8]], b"", 8
    while at < len(picture):
        size = int.from_bytes(picture[at : at + 4], "big")
        kind, data = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + size]
        at += 12 + size
        if kind == b"IDAT":
            pixels += data
            continue
        if kind == b"IEND":
            kept.append(_chunk(b"IDAT", zlib.compress(zlib.decompress(pixels), 9)))
        kept.append(_chunk(kind, data))
    return b"".join(kept)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


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
) -> Spec:
    """Weekly share of the top priorities with its 90% interval; the levels before and since each of `falls` drawn and valued.

    Where `linked`, each week leads to its page, at `address`.
    """
    rows = [
        _week_row(one.week, one.complete, address, linked=linked)
        | {
            "share": one.share,
            "low": one.low,
            "high": one.high,
            "truth": one.truth,
            "coverage": one.coverage,
            "middle": (one.week + timedelta(days=3)).isoformat(),
        }
        for one in points
    ]
    highest = max([one.high for one in points] + [fall.before for fall in falls], default=1.0)
    scale = {"domain": [0, min(1.0, (int(10 * highest) + 1.5) / 10)]}
    tooltip = [
        _tip("name", "Week"),
        _tip("share", "Share", ".0%"),
        _tip("low", "at least", ".0%"),
        _tip("high", "at most", ".0%"),
        _tip("coverage", "Days seen", ".0%"),
    ]
    link = {"cursor": "pointer"} if linked else {}
    layers: list[Spec] = [
        {
            "mark": {
                "type": "bar",
                "color": palette.brand,
                "cornerRadiusEnd": 2,
                "binSpacing": 0,
                "stroke": palette.ground,
                "strokeWidth": 0.6,
            }
            | link,
            "encoding": _span()
            | {"y": _share_axis("share", scale), "y2": {"datum": 0}, "tooltip": tooltip, "opacity": _running(0.75)},
        },
        {
            "mark": {"type": "rule", "color": palette.ink, "opacity": 0.55},
            "encoding": {
                "x": {"field": "middle", "type": "temporal"},
                "y": _share_axis("low", scale),
                "y2": {"field": "high"},
            },
        },
    ]
    if any(one.truth is not None for one in points):
        layers.append(
            {
                "mark": {"type": "line", "color": palette.bad, "strokeDash": [5, 4], "interpolate": "monotone"},
                "encoding": {"x": {"field": "middle", "type": "temporal"}, "y": _share_axis("truth", scale)},
            }
        )
    for fall in falls:
        layers += _levels(points, fall, palette, scale)
    weeks = [one.week for one in points]
    note = "by week; thin lines are 90% intervals" + (
        "" if all(one.complete for one in points) else "; the pale week is running"
    )
    return _finish({"data": {"values": rows}, "layer": layers}, title, width, height, palette, weeks, note)


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

    `weeks` are rows {week, objective, share, low, high, complete}. Where `touched`, a week leads to
    its page at `address`, the legend filters and a range of weeks can be chosen.
    """
    order = {key: place for place, key in enumerate(names)}
    held: dict[date, float] = {}
    rows = []
    for row in sorted(weeks, key=lambda row: (row["week"], order.get(row["objective"], -1))):
        if row["objective"] in order:
            below = held.get(row["week"], 0.0)
            held[row["week"]] = below + row["share"]
            rows.append(
                _week_row(row["week"], row["complete"], address, linked=touched)
                | {
                    "objective": names[row["objective"]],
                    "share": row["share"],
                    "from": below,
                    "to": below + row["share"],
                    "low": row["low"],
                    "high": row["high"],
                }
            )
    colours = [palette.series[n % len(palette.series)] for n in range(len(names) - 1)] + [palette.none]
    tooltip = [
        _tip("name", "Week"),
        _tip("objective", "Objective", kind="nominal"),
        _tip("share", "Share", ".0%"),
        _tip("low", "at least", ".0%"),
        _tip("high", "at most", ".0%"),
    ]
    scale = {"domain": [0, 1]}
    params: list[Spec] = [
        {"name": "picked", "select": {"type": "point", "fields": ["objective"]}, "bind": "legend"},
        {"name": "brush", "select": {"type": "interval", "encodings": ["x"]}},
    ]
    pale = {"test": "!datum.complete", "value": _PALE}
    picked = {"test": {"not": {"param": "picked"}}, "value": 0.12}
    legend = {
        "title": None,
        "orient": "bottom",
        "columns": 2 if width > 500 else 1,
        "labelLimit": max(200, width // 2 - 60),
        "symbolType": "square",
    }
    bars: Spec = {
        "mark": {"type": "bar", "stroke": palette.ground, "strokeWidth": 0.5}
        | ({"cursor": "pointer"} if touched else {}),
        "encoding": _span()
        | {
            "y": _share_axis("from", scale),
            "y2": {"field": "to"},
            "tooltip": tooltip,
            "color": {
                "field": "objective",
                "type": "nominal",
                "legend": legend,
                "sort": None,
                "scale": {"domain": list(names.values()), "range": colours},
            },
            "opacity": {"condition": [picked, pale] if touched else pale, "value": 0.92},
        },
    } | ({"params": params} if touched else {})
    points = [WeekPoint(one, 0, 0, 0, 0) for one in held]
    layers = [bars, *(layer for fall in falls for layer in _levels(points, fall, palette, scale))]
    return _finish({"data": {"values": rows}, "layer": layers}, "", width, height, palette, list(held))


def weekly_days(
    weeks: Mapping[date, float],
    width: int = 720,
    height: int = 160,
    palette: Palette = PAGE,
    address: str = "",
    *,
    linked: bool = False,
) -> Spec:
    """Person-days by week, as of a stream of work."""
    rows = [
        _week_row(week, True, address, linked=linked) | {"days": round(days, 1)} for week, days in sorted(weeks.items())
    ]
    link = {"cursor": "pointer"} if linked else {}
    mark = {
        "mark": {"type": "bar", "color": palette.brand, "cornerRadiusEnd": 2} | link,
        "encoding": _span()
        | {
            "y": {"field": "days", "type": "quantitative", "title": None, "axis": {"tickCount": 4}},
            "y2": {"datum": 0},
            "tooltip": [_tip("name", "Week"), _tip("days", "Person-days", ",.0f")],
        },
    }
    return _finish({"data": {"values": rows}, "layer": [mark]}, "", width, height, palette, sorted(weeks))


def reliability(bins: Sequence["Bin"], width: int = 360) -> Spec:
    """How often answers of a confidence are right, beside the line on which they should lie; larger points are more answers."""
    rows = [{"confidence": one.confidence, "right": one.right, "answers": one.count} for one in bins]

    def axis(field: str) -> Spec:
        return {
            "field": field,
            "type": "quantitative",
            "scale": {"domain": [0, 1]},
            "axis": {"format": ".0%"},
            "title": field,
        }

    size = {"field": "answers", "type": "quantitative", "scale": {"range": [30, 500]}}
    at = {"x": axis("confidence"), "y": axis("right")}
    line = {
        "data": {"values": [{"confidence": 0, "right": 0}, {"confidence": 1, "right": 1}]},
        "mark": {"type": "line", "color": LIGHT.soft, "strokeDash": [5, 4]},
        "encoding": at,
    }
    points = {"mark": {"type": "circle", "color": LIGHT.brand, "opacity": 0.9}, "encoding": at | {"size": size}}
    return {"$schema": SCHEMA, "width": width, "height": width, "data": {"values": rows}, "layer": [line, points]}


def _week_row(week: date, complete: bool, address: str, *, linked: bool) -> Spec:
    name = f"{short_day(week)} to {short_day(week + timedelta(days=6))}{'' if complete else ', running'}"
    row = {"week": week.isoformat(), "end": (week + timedelta(days=7)).isoformat(), "complete": complete, "name": name}
    return row | ({"href": f"{address}/weeks/{week}"} if linked else {})


def _span() -> Spec:
    return {"x": {"field": "week", "type": "temporal", "scale": {"type": "utc"}, "title": None}, "x2": {"field": "end"}}


def _share_axis(field: str, scale: Spec) -> Spec:
    axis = {"format": ".0%", "tickCount": 5}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis, "title": None}


def _tip(field: str, title: str, form: str | None = None, kind: str | None = None) -> Spec:
    tip: Spec = {"field": field, "title": title, "type": kind or ("quantitative" if form else "nominal")}
    return tip | ({"format": form} if form else {})


def _running(usual: float) -> Spec:
    return {"condition": {"test": "!datum.complete", "value": _PALE}, "value": usual}


def _levels(points: Sequence[WeekPoint], fall: Fall, palette: Palette, scale: Spec) -> list[Spec]:
    """Both levels as lines with their values, and the day that parts them; only the day where a level is below zero."""
    if not points:
        return []
    first, last = points[0].week, points[-1].week + timedelta(days=7)
    start = min(max(fall.start, first), last)
    x, y = {"field": "x", "type": "temporal"}, {"field": "y", "type": "quantitative", "scale": scale}
    top, near_end = scale["domain"][1], (last - start) < (last - first) / 3
    lines = [
        {"x": first.isoformat(), "x2": start.isoformat(), "y": fall.before},
        {"x": start.isoformat(), "x2": last.isoformat(), "y": fall.after},
    ]
    reach = [max([one.high for one in points if (one.week < start) == early], default=0.0) for early in (True, False)]
    before = {"x": first.isoformat(), "y": max(fall.before, reach[0]), "text": f"{percent(fall.before)}% before"}
    after = {"x": last.isoformat(), "y": max(fall.after, reach[1]), "text": f"{percent(fall.after)}% since"}
    drawn = [
        {
            "data": {"values": [{"x": start.isoformat(), "y": 0, "y2": top}]},
            "mark": {"type": "rule", "color": palette.bad, "strokeWidth": 1.5, "strokeDash": [4, 4]},
            "encoding": {"x": x, "y": y, "y2": {"field": "y2"}},
        },
        *_text(
            {"x": start.isoformat(), "y": top, "text": day(fall.start)},
            palette.bad,
            palette,
            scale,
            align="right" if near_end else "left",
            dx=-5 if near_end else 5,
            dy=3,
            baseline="top",
        ),
    ]
    if fall.before < 0:
        return drawn
    return [
        *drawn,
        {
            "data": {"values": lines},
            "mark": {"type": "rule", "color": palette.ink, "strokeWidth": 2.5},
            "encoding": {"x": x, "x2": {"field": "x2"}, "y": y},
        },
        *_text(before, palette.ink, palette, scale, align="left", dx=4, dy=-4, baseline="bottom", fontWeight=700),
        *_text(after, palette.ink, palette, scale, align="right", dx=-4, dy=-4, baseline="bottom", fontWeight=700),
    ]


def _text(row: Spec, colour: str, palette: Palette, scale: Spec, **mark: Any) -> list[Spec]:
    """A word in the drawing, with a halo of the ground behind it."""
    encoding = {
        "x": {"field": "x", "type": "temporal"},
        "text": {"field": "text"},
        "y": {"field": "y", "type": "quantitative", "scale": scale},
    }
    mark = {"type": "text", "fontSize": 13} | mark
    halo: list[Spec] = (
        [{"color": palette.ground, "stroke": palette.ground, "strokeWidth": 4, "opacity": 0.75}]
        if palette.ground
        else []
    )
    return [
        {"data": {"values": [row]}, "mark": mark | look, "encoding": dict(encoding)}
        for look in [*halo, {"color": colour}]
    ]


def _finish(
    spec: Spec, title: str, width: int, height: int, palette: Palette, weeks: Sequence[date], subtitle: str = ""
) -> Spec:
    """Size, axes and colours; a week's name about every 90 pixels."""
    named = [one.isoformat() for one in weeks]
    values = named[:: max(1, round(len(named) * 90 / max(1, width)))]
    for layer in spec["layer"]:
        layer["encoding"]["x"].setdefault("axis", {"format": "%-d %b", "values": values, "grid": False, "title": None})
    text = {
        "labelColor": palette.soft,
        "titleColor": palette.soft,
        "labelFont": FONT,
        "titleFont": FONT,
        "labelFontSize": 12,
    }
    return {
        "$schema": SCHEMA,
        "width": width,
        "height": height,
        "background": None if palette is PAGE else palette.ground,
        **spec,
        **(
            {
                "title": {
                    "text": title,
                    "anchor": "start",
                    "font": FONT,
                    "fontSize": 14,
                    "color": palette.ink,
                    "subtitle": subtitle,
                    "subtitleColor": palette.soft,
                    "subtitleFont": FONT,
                    "subtitleFontSize": 12,
                }
            }
            if title
            else {}
        ),
        "config": {
            "view": {"stroke": None},
            "font": FONT,
            "axis": text | {"gridColor": palette.line, "domainColor": palette.line, "tickColor": palette.line},
            "legend": text,
            "text": {"font": FONT},
        },
        "padding": {"left": 4, "right": 8, "top": 6, "bottom": 6},
    }
