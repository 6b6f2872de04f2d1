"""Falls in the share of the top priorities as findings: raised by the detector, explained, and followed until they end."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.drift.detector import Detector, Event
from pipeline.drift.explain import by_team, by_theme, earliest, levels, parts, team_points, teams_to_show
from pipeline.drift.finding import Analysis, End, Found, figures_of
from pipeline.drift.sums import Positions
from pipeline.drift.themes import Theme
from pipeline.drift.turnover import GONE
from pipeline.share.dilution import Size

_NEAR = 21
"""Days by which new labels or late data may move the day or the start of an alarm while it remains the same fall."""
_WITHDRAWN = "superseded"
_ENDS = {"drift": "deepened", "recovery": "recovered", "data": "gone"}
"""The state in which a scope's fall ends, by the kind of the event that follows it."""


def find_falls(analysis: Analysis, rows: Sequence[Drift]) -> list[Found]:
    """Return every fall under the present priorities: open ones with today's figures and explanation, past ones estimated on all
    their days. The explanation of a past fall is computed once, when it ends."""
    detector, found = analysis.detector, []
    falls = [event for event in analysis.events if event.kind == "drift"]
    for event in falls:
        end = _end(analysis.events, event)
        if end is None and event.scope not in detector.open:
            end = ("replanned", detector.seen.days[-1])  # the period is over
        past = detector.closed.get((event.scope, event.at))
        figures = figures_of(past.event if past else event)
        if end is None:
            current = detector.now(detector.open[event.scope])
            explained = _explain(detector, current, analysis.themes, *detector.stretches(current))
            figures = figures_of(current) | {"explanation": explained | _signs(detector, current, explained)}
        elif past and not _was_over(rows, event):
            figures |= {"explanation": _explain(detector, past.event, analysis.themes, past.base, past.span)}
        found.append(Found(event.scope, event.at, figures, end=end))
    return found


def _end(events: Sequence[Event], fall: Event) -> tuple[str, date] | None:
    """Return the end of a fall: the next event of its scope that ends one."""
    place = next(n for n, event in enumerate(events) if event is fall)
    for event in events[place + 1 :]:
        if event.scope == fall.scope and event.kind in _ENDS and (event.kind != "data" or event.subject == GONE):
            return _ENDS[event.kind], event.at
    return None


def same_fall(analysis: Analysis, row: Drift, found: Found) -> int | None:
    """Rank a row as the same fall: same scope and priorities, raised on the same day or close to it; or else a similar start,
    since a diluted fall is raised weeks later than one whose items people labelled."""
    if row.scope != found.scope or row.raised_on < _since(analysis):
        return None
    if row.state == _WITHDRAWN and found.end is None:
        return None  # it was closed, and the people notified know it as over
    apart = abs((row.raised_on - found.raised_on).days)
    if apart <= _NEAR:
        return 0 if apart == 0 else 1
    both = (row.state in OPEN_STATES) == (found.end is None)
    return 2 if both and abs((row.start - found.figures["start"]).days) <= _NEAR else None


def left_fall(analysis: Analysis, row: Drift) -> End:
    """Return the end of a row no longer found: its priorities have changed, or present data would not raise it."""
    since = _since(analysis)
    return ("replanned", since) if row.raised_on < since else (_WITHDRAWN, row.ended_on)


def _since(analysis: Analysis) -> date:
    """Return the day since which the present priorities hold."""
    return analysis.detector.priorities[-1].start


def _was_over(rows: Sequence[Drift], event: Event) -> bool:
    """Return True if this fall was already known to be over."""
    near = [row for row in rows if row.scope == event.scope and abs((row.raised_on - event.at).days) <= _NEAR]
    return any(row.ended_on is not None for row in near)


def _explain(
    detector: Detector, event: Event, themes: Sequence[Theme], base: Positions, span: Positions
) -> dict[str, Any]:
    """Return themes, teams and the full decomposition over the days before and in the fall, to store with the drift."""
    seen = detector.joined if event.scope == COMPANY else detector.seen
    top = detector.priorities[-1].top
    grown = by_theme(themes, seen, event.scope, base, span)
    company = event.scope == COMPANY
    told = teams_to_show(seen, base, span, detector.settings.least_people)
    teams = by_team(seen, top, base, span, told) if company else []
    known = levels(seen, base, span, top, told if company else {event.scope})
    kept = known if company else {event.scope: known[event.scope]} if event.scope in known else {}
    return {
        "levels": kept,
        "themes": grown[:5],
        "teams": team_points(teams),
        "parts": parts(event, grown[:5]),
        "earliest": [],
        "size": _points(event.size),
        "behaviour": _in_points(event.after - event.before),
        "mix": _in_points(event.mix),
    }


def _signs(detector: Detector, event: Event, explained: Mapping[str, Any]) -> dict[str, Any]:
    """Return the earliest signs of an open fall."""
    falling = {row["team"] for row in explained["teams"] if row["points"] <= -1}
    # A team whose own fall is open has one start, here and in its own alert.
    starts = {
        team: detector.now(detector.open[team]).start if team in detector.open else detector.begins(people, event)
        for team, people in detector.scopes.items()
        if team in falling
    }
    # Work seen in the first known week is older than that, and no sign of anything.
    begun = detector.seen.days[0] + timedelta(weeks=1)
    fresh = [row for row in explained["themes"] if date.fromisoformat(row["first_day"]) >= begun]
    return {"earliest": earliest(starts, fresh, event)}


def _points(size: Size | None) -> dict[str, float] | None:
    """Return the corrected size in points: `middle`, the 90 % interval from `low` to `high`, and `certain`."""
    return {name: _in_points(getattr(size, name)) for name in ("middle", "low", "high", "certain")} if size else None


def _in_points(part: float) -> float:
    return round(100 * part, 2)
