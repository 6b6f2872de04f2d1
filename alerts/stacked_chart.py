"""The chart of all objectives, week by week: stacked bars, told apart by colour and, where there are many,
by a mark beside each."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from alerts.chart_frame import PAGE, PALE, Palette, Spec, finish, share_axis, span, tip
from alerts.charts import Fall, WeekPoint, levels, week_row
from alerts.words import in_path

_BESIDE, _LINE = 5, 12
"""Pixels between a bar and its mark, and of a mark's height."""


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
    marks: Mapping[str, str] | None = None,
) -> Spec:
    """Weekly shares stacked by objective, the first of `names` lowest, work on none ('') highest.

    `weeks` are rows {week, objective, share, low, high, complete, after}. Where `touched`, a bar leads to its week's
    and its objective's page at `address`, the legend filters and a range of weeks can be chosen. `marks` are written beside the
    last bar, each at its own part: nobody tells twenty colours apart.
    """
    width -= _room(marks)
    rows, held = _stacked(weeks, names, address, linked=touched)
    scale = {"domain": [0, 1]}
    bars = _stack_bars(names, width, palette, scale, touched=touched)
    points = [WeekPoint(one, 0, 0, 0, 0) for one in held]
    layers = [
        bars,
        *_marked(rows, held, names, marks or {}, height, palette),
        *(layer for fall in falls for layer in levels(points, fall, palette, scale)),
    ]
    return finish({"data": {"values": rows}, "layer": layers}, "", width, height, palette, held)


def _room(marks: Mapping[str, str] | None) -> int:
    """Pixels that the marks take beside the drawing."""
    return _BESIDE + 2 + 7 * max(len(one) for one in marks.values()) if marks else 0


def _marked(
    rows: Sequence[Spec],
    held: Sequence[date],
    names: Mapping[str, str],
    marks: Mapping[str, str],
    height: int,
    palette: Palette,
) -> list[Spec]:
    """A mark beside each part of the last week, in the order of the bars and pushed apart where they would lie on each other."""
    last = held[-1].isoformat() if held else ""
    given = {names[key]: mark for key, mark in marks.items() if key in names}
    shown = [row for row in rows if row["week"] == last and row["objective"] in given and row["share"] > 0]
    if not shown:
        return []
    middles = [(row["from"] + row["to"]) / 2 for row in shown]
    said = [
        {"x": row["end"], "at": place, "text": given[row["objective"]]}
        for row, place in zip(shown, _apart(middles, _LINE / height), strict=True)
    ]
    encoding = {
        "x": {"field": "x", "type": "temporal", "scale": {"type": "utc"}},
        "y": {"field": "at", "type": "quantitative", "scale": {"domain": [0, 1]}, "title": None},
        "text": {"field": "text"},
    }
    mark = {"type": "text", "align": "left", "dx": _BESIDE, "fontSize": 11, "color": palette.ink}
    return [{"data": {"values": said}, "mark": mark, "encoding": encoding}]


def _apart(places: Sequence[float], least: float) -> list[float]:
    """Places in rising order, moved as little as is needed that each is `least` from the next and all lie from 0 to 1."""
    least = min(least, 1 / max(1, len(places)))
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + least if found else least / 2))
    limit = 1 - least / 2
    for n in reversed(range(len(found))):
        found[n] = min(found[n], limit)
        limit = found[n] - least
    return found


def _stacked(
    weeks: Sequence[Mapping[str, Any]], names: Mapping[str, str], address: str, *, linked: bool
) -> tuple[list[Spec], list[date]]:
    """The rows of the drawing, each from where the one below it ends, and the weeks in order. `also` is an objective's page."""
    order = {key: place for place, key in enumerate(names)}
    places = {key: f"objectives/{in_path(key)}" if key else "streams" for key in names}
    held: dict[date, float] = {}
    rows = []
    for row in sorted(weeks, key=lambda row: (row["week"], order.get(row["objective"], -1))):
        if row["objective"] in order:
            below = held.get(row["week"], 0.0)
            held[row["week"]] = below + row["share"]
            rows.append(
                week_row(row["week"], row["complete"], address, linked=linked, after=row["after"])
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
