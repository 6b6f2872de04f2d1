"""The chart of a step: how many of its cases went as written, by week, with the interval."""

from collections.abc import Sequence
from datetime import timedelta

from alerts.chart_frame import PAGE, PALE, Palette, Spec, finish, share_axis, span, tip
from alerts.words import fraction, short_day
from pipeline.steps.conformance import Week
from pipeline.steps.report import Soft


def conformance_by_week(
    weeks: Sequence[Week], soft: Soft | None, width: int, height: int = 180, palette: Palette = PAGE
) -> Spec:
    """A row a week (or weeks that are shown together): a line across it, and a bar for 9 in 10 sure; the running week is pale.
    What softens has its beginning marked."""
    rows = [
        {
            "week": week.first.isoformat(),
            "end": (week.last + timedelta(weeks=1)).isoformat(),
            "part": fraction(week.rate.value),
            "low": fraction(week.rate.low),
            "high": fraction(week.rate.high),
            "cases": week.rate.cases,
            "running": week.running,
            "name": f"{short_day(week.first)} to {short_day(week.last + timedelta(days=6))}",
        }
        for week in weeks
    ]
    scale: Spec = {"domain": [0, 1]}
    tips = [tip("name", "Week"), tip("part", "As written", ".0%"), tip("low", "From", ".0%"), tip("high", "To", ".0%")]
    tips.append(tip("cases", "Cases", ",.0f"))
    pale: Spec = {"condition": {"test": "datum.running", "value": PALE / 2}, "value": 0.25}
    strong: Spec = {"condition": {"test": "datum.running", "value": PALE}, "value": 1}
    band = span() | {"y": share_axis("low", scale), "y2": {"field": "high"}, "opacity": pale, "tooltip": tips}
    line = span() | {"y": share_axis("part", scale), "opacity": strong, "tooltip": tips}
    layers: list[Spec] = [
        {"mark": {"type": "rect", "color": palette.brand}, "encoding": band},
        {"mark": {"type": "rule", "color": palette.brand, "strokeWidth": 3}, "encoding": line},
    ]
    if soft is not None:
        since = {"x": {"field": "since", "type": "temporal", "scale": {"type": "utc"}, "title": None}}
        mark = {"type": "rule", "color": palette.bad, "strokeDash": [4, 3]}
        layers.append({"data": {"values": [{"since": soft.since.isoformat()}]}, "mark": mark, "encoding": since})
    return finish(
        {"data": {"values": rows}, "layer": layers}, "", width, height, palette, [week.first for week in weeks]
    )
