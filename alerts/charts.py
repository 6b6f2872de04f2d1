"""Charts: one specification each, drawn as PNG for Slack and mail. Intervals and coverage are always shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

# Okabe & Ito's palette, which most colour-blind people can tell apart.
BLUE, ORANGE, GREY, GREEN = "#0072B2", "#D55E00", "#777777", "#009E73"


@dataclass(frozen=True, slots=True)
class WeekPoint:
    """A week's share with its interval and coverage; `truth` only where it is known, in the demo."""

    week: date
    share: float
    low: float
    high: float
    coverage: float
    truth: float | None = None


def top_share_png(points: Sequence[WeekPoint], starts: Sequence[date], title: str, width: int = 720) -> bytes:
    """Weekly share of the top three with its 90 % interval and coverage; `starts` are marked as starts of drifts."""
    import altair as alt  # takes a second: only who draws pays
    import vl_convert

    rows: list[dict[str, Any]] = [
        {"week": p.week.isoformat(), "share": p.share, "low": p.low, "high": p.high, "coverage": p.coverage,
         "truth": p.truth}
        for p in points
    ]  # fmt: skip
    week = alt.X("week:T", title=None, axis=alt.Axis(format="%d %b", grid=False))
    percent = alt.Axis(format=".0%")
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=week)
    layers: list[Any] = [
        base.mark_area(opacity=0.2, color=BLUE).encode(
            y=alt.Y("low:Q", title="share of work on the top three", scale=scale, axis=percent), y2="high:Q"
        ),
        base.mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE)).encode(y=alt.Y("share:Q", scale=scale)),
    ]
    if any(p.truth is not None for p in points):
        layers.append(base.mark_line(color=GREY, strokeDash=[5, 4]).encode(y=alt.Y("truth:Q", scale=scale)))
    if starts:
        marks = [{"week": start.isoformat(), "label": f"drift since {start.day} {start:%b}"} for start in starts]
        rule = alt.Chart(alt.InlineData(values=marks)).encode(x="week:T")
        layers += [rule.mark_rule(color=ORANGE, strokeWidth=2),
                   rule.mark_text(color=ORANGE, align="left", dx=5, dy=-130, fontSize=12).encode(text="label:N")]  # fmt: skip
    bars = base.mark_bar(color=GREY, opacity=0.5, width=max(4, width // (3 * max(1, len(points))))).encode(
        y=alt.Y("coverage:Q", title="coverage", scale=scale, axis=alt.Axis(format=".0%", values=[0, 1]))
    )
    upper = alt.layer(*layers).properties(width=width, height=300, title=title)
    chart = alt.vconcat(upper, bars.properties(width=width, height=50)).configure_view(stroke=None)
    return vl_convert.vegalite_to_png(chart.to_dict(), scale=2)
