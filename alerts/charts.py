"""Charts: one specification each, drawn as PNG for Slack and mail. Intervals and coverage are always shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.match.evaluate import Bin

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


SERIES = (BLUE, "#56B4E9", GREEN, ORANGE, "#CC79A7", "#E69F00", "#F0E442", "#8C564B")
NONE = "#D9D9D9"


def svg(chart: Mapping[str, Any]) -> str:
    """A specification as SVG, for the page."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(dict(chart)))


def png(chart: Mapping[str, Any]) -> bytes:
    """A specification as PNG at twice its size, for Slack and mail."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(dict(chart), scale=2))


def stacked_shares(
    weeks: Sequence[Mapping[str, Any]], names: Mapping[str, str], starts: Sequence[date], width: int = 860
) -> dict[str, Any]:
    """Weekly shares stacked by objective, the top three lowest, their sum with its 90 % interval; coverage below.

    `weeks` are rows {week, objective, share, low, high, coverage}; `names` the objectives in order of priority, `""` last.
    """
    import altair as alt

    order = {key: place for place, key in enumerate(names)}
    rows = [
        {"week": row["week"], "objective": names[row["objective"]], "share": row["share"], "order": order[row["objective"]]}
        for row in weeks if row["objective"] in names
    ]  # fmt: skip
    top = [row for row in weeks if row["objective"] == "top"]
    colours = [*[SERIES[n % len(SERIES)] for n in range(len(names) - 1)], NONE]
    marked = [row["week"] for row in top][:: max(1, len(top) // 9)]
    axis = alt.Axis(format="%d %b", grid=False, values=marked)
    week = alt.X("week:T", title=None, axis=axis, scale=alt.Scale(type="utc"))
    scale, percent = alt.Scale(domain=[0, 1]), alt.Axis(format=".0%")
    stack = alt.Chart(alt.InlineData(values=rows)).mark_area(opacity=0.9).encode(
        x=week, y=alt.Y("share:Q", stack="zero", scale=scale, axis=percent, title="share of observed work"),
        color=alt.Color("objective:N", scale=alt.Scale(domain=list(names.values()), range=colours),
                        legend=alt.Legend(title=None, orient="bottom", columns=2, labelLimit=width // 2 - 40)),
        order=alt.Order("order:Q"),
    )  # fmt: skip
    line = alt.Chart(alt.InlineData(values=top)).encode(x=week)
    layers: list[Any] = [
        stack, line.mark_line(color="#111111", strokeWidth=2).encode(y=alt.Y("share:Q", scale=scale)),
        line.mark_rule(color="#111111").encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
    ]  # fmt: skip
    if starts:
        marks = [{"week": start.isoformat()} for start in starts]
        layers.append(alt.Chart(alt.InlineData(values=marks)).mark_rule(color="#111111", strokeWidth=3, strokeDash=[6, 3])
                      .encode(x="week:T"))  # fmt: skip
    bars = line.mark_bar(color=GREY, opacity=0.6, width=max(4, width // (3 * max(1, len(top))))).encode(
        y=alt.Y("coverage:Q", title="coverage", scale=scale, axis=alt.Axis(format=".0%", values=[0, 1]))
    )
    upper = alt.layer(*layers).properties(width=width - 60, height=300)
    chart = alt.vconcat(upper, bars.properties(width=width - 60, height=50)).resolve_scale(x="shared")
    return dict(chart.configure_view(stroke=None).to_dict())


def reliability(bins: Sequence["Bin"], width: int = 360) -> dict[str, Any]:
    """How often answers of a confidence are right, beside the line on which they should lie; larger points are more answers."""
    import altair as alt

    rows = [{"confidence": one.confidence, "right": one.right, "answers": one.count} for one in bins]
    scale, percent = alt.Scale(domain=[0, 1]), alt.Axis(format=".0%")
    x = alt.X("confidence:Q", scale=scale, axis=percent, title="confidence")
    y = alt.Y("right:Q", scale=scale, axis=percent, title="right")
    points = alt.Chart(alt.InlineData(values=rows)).mark_circle(color=BLUE, opacity=0.9).encode(
        x=x, y=y, size=alt.Size("answers:Q", scale=alt.Scale(range=[30, 500]))
    )  # fmt: skip
    even = [{"confidence": 0, "right": 0}, {"confidence": 1, "right": 1}]
    line = alt.Chart(alt.InlineData(values=even)).mark_line(color=GREY, strokeDash=[5, 4]).encode(x=x, y=y)
    return dict(alt.layer(line, points).properties(width=width, height=width).to_dict())


def top_share_png(points: Sequence[WeekPoint], starts: Sequence[date], title: str, width: int = 720) -> bytes:
    """`top_share` as a picture."""
    return png(top_share(points, starts, title, width))


def top_share(points: Sequence[WeekPoint], starts: Sequence[date], title: str, width: int = 720) -> dict[str, Any]:
    """Weekly share of the top three with its 90 % interval and coverage; `starts` are marked as starts of drifts.

    The same for the alert, the digest and a drift's page.
    """
    import altair as alt  # takes a second: only who draws pays

    rows: list[dict[str, Any]] = [
        {"week": p.week.isoformat(), "share": p.share, "low": p.low, "high": p.high, "coverage": p.coverage,
         "truth": p.truth}
        for p in points
    ]  # fmt: skip
    marked = [row["week"] for row in rows][:: max(1, len(rows) // 9)]
    axis = alt.Axis(format="%d %b", grid=False, values=marked)
    week = alt.X("week:T", title=None, axis=axis, scale=alt.Scale(type="utc"))
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
    bars = base.mark_bar(color=GREY, opacity=0.5, width=max(4, width // (4 * max(1, len(points))))).encode(
        y=alt.Y("coverage:Q", title="coverage", scale=scale, axis=alt.Axis(format=".0%", values=[0, 1]))
    )
    upper = alt.layer(*layers).properties(width=width, height=300, title=title)
    chart = alt.vconcat(upper, bars.properties(width=width, height=50)).configure_view(stroke=None)
    return dict(chart.to_dict())
