"""Shared by all charts: palette, text and frame, and rendering as SVG or PNG."""

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from textwrap import wrap
from typing import Any

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
PALE, MARGIN = 0.35, 40
"""Opacity of what is pale; pixels that the axis takes beside the drawing."""
COLOURS = 20
"""Colours of objectives in style.css. Any two are apart also for who sees no red, green or blue (test_charts.py says how far)."""
_LETTERS = 0x0530
"""Latin, Greek and Cyrillic lie below it."""
PHONE = (290, 170)
"""Width and height of a mail's drawing: with its axis it fills a phone of 375 pixels, so that its words can be read there."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a chart. Those of `PAGE` are the page's own, so that charts follow its light and dark."""

    ink: str = "#14181f"
    soft: str = "#5a6472"
    line: str = "#e3e7ec"
    brand: str = "#0b5fa5"
    bad: str = "#b3261e"
    none: str = "#c3cad3"
    ground: str | None = "#ffffff"
    series: tuple[str, ...] = ()


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
    "var(--card)",
    tuple(f"var(--o{n + 1})" for n in range(COLOURS)),
)
_LIBRARY_BASE = "https://vega.github.io/vega-datasets/"
"""What the library puts before a relative link."""


def svg(chart: Mapping[str, Any]) -> str:
    """A specification as SVG, for the page."""
    import vl_convert

    return lean(str(vl_convert.vegalite_to_svg(dict(chart))).replace(f'"{_LIBRARY_BASE}', '"'))


def lean(drawn: str) -> str:
    """The same drawing in a third of the bytes: what each mark is called is told of the whole picture, and places are told to a
    tenth of a pixel."""
    without = re.sub(r' aria-(?:label|roledescription|hidden)="[^"]*"| role="graphics-[a-z]+"', "", drawn)
    return re.sub(
        r' (?:d|transform|x2?|y2?|width|height)="[^"]*"',
        lambda place: re.sub(r"(\d\.\d)\d+", r"\1", place[0]),
        without,
    )


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


def text(row: Spec, colour: str, palette: Palette, scale: Spec, **mark: Any) -> list[Spec]:
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


def planned(first: date, end: date, plan: int, palette: Palette, scale: Spec) -> list[Spec]:
    """What is planned, in percent, as a line from one day to another with its value at the right."""
    row = {"x": first.isoformat(), "x2": end.isoformat(), "y": plan / 100}
    across = {
        "data": {"values": [row]},
        "mark": {"type": "rule", "color": palette.ink, "strokeWidth": 2, "strokeDash": [7, 4]},
        "encoding": {
            "x": {"field": "x", "type": "temporal"},
            "x2": {"field": "x2"},
            "y": {"field": "y", "type": "quantitative", "scale": scale},
        },
    }
    said = {"x": end.isoformat(), "y": plan / 100, "text": f"{plan}% planned"}
    return [
        across,
        *text(said, palette.ink, palette, scale, align="right", dx=-4, dy=-4, baseline="bottom", fontWeight=700),
    ]


def finish(
    spec: Spec,
    title: str,
    width: int,
    height: int,
    palette: Palette,
    weeks: Sequence[date],
    subtitle: Sequence[str] = (),
) -> Spec:
    """Size, axes and colours; a week's name about every 90 pixels."""
    axis = _axis(weeks[:: max(1, round(len(weeks) * 90 / max(1, width)))])
    for layer in spec["layer"]:
        layer["encoding"]["x"].setdefault("axis", axis)
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
        **({"title": _title(title, subtitle, palette, width + MARGIN)} if title else {}),
        "config": {
            "view": {"stroke": None},
            "font": FONT,
            "axis": text | {"gridColor": palette.line, "domainColor": palette.line, "tickColor": palette.line},
            "legend": text,
            "text": {"font": FONT},
        },
        "padding": {"left": 4, "right": 8, "top": 6, "bottom": 6},
    }


def drawable(text: str, instead: str) -> str:
    """A name from outside in letters that every server can draw: without emoji, and `instead` of one in Chinese or Arabic, which
    would be a row of boxes. The message around the picture has the name."""
    kept = "".join(c for c in text if ord(c) < _LETTERS or 0x2000 <= ord(c) < 0x2070)
    lost = any(c.isalpha() for c in set(text) - set(kept))
    return instead if lost or not kept.strip() else " ".join(kept.split())


def _axis(named: Sequence[date]) -> Spec:
    """Days and months; below the first of each year its number, where there is more than one."""
    axis: Spec = {"format": "%-d %b", "values": [one.isoformat() for one in named], "grid": False, "title": None}
    first = {one.year: one.isoformat() for one in reversed(named)}
    if len(first) > 1:
        year = f"indexof({json.dumps(sorted(first.values()))}, utcFormat(datum.value, '%Y-%m-%d')) >= 0"
        axis["labelExpr"] = f"{year} ? [datum.label, utcFormat(datum.value, '%Y')] : datum.label"
    return axis


def _title(text: str, subtitle: Sequence[str], palette: Palette, width: int) -> Spec:
    """In lines that fit so many pixels: a longer one would make the picture wider, and all its words smaller on a phone."""
    return {
        "text": wrap(text, int(width / 7.8)),
        "anchor": "start",
        "font": FONT,
        "fontSize": 14,
        "color": palette.ink,
        "subtitle": [line for one in subtitle for line in wrap(one, int(width / 6.2))],
        "subtitleColor": palette.soft,
        "subtitleFont": FONT,
        "subtitleFontSize": 12,
    }


def span() -> Spec:
    return {"x": {"field": "week", "type": "temporal", "scale": {"type": "utc"}, "title": None}, "x2": {"field": "end"}}


def share_axis(field: str, scale: Spec) -> Spec:
    axis = {"format": ".0%", "tickCount": 5}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis, "title": None}


def tip(field: str, title: str, form: str | None = None, kind: str | None = None) -> Spec:
    tip: Spec = {"field": field, "title": title, "type": kind or ("quantitative" if form else "nominal")}
    return tip | ({"format": form} if form else {})


def running(usual: float) -> Spec:
    return {"condition": {"test": "!datum.complete || datum.after", "value": PALE}, "value": usual}
