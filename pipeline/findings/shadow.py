"""The shadow roadmap: large, lasting streams that serve no key result, together as large as a roadmap of their own."""

from datetime import timedelta

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value, enough_weeks, of
from pipeline.findings.work import Interval, Work, less, part
from pipeline.register.versions import in_force_since

SERVES_NOTHING = 0.5
"""Fraction of a stream's work on no key result from which it serves none."""
LEAST_WEEKS = 4
"""Fewest weeks of a plan for judging anything a shadow of it."""
OF_TEAM = 0.1
"""Fraction of a team's work from which one of its streams is large: teams have few."""


def shadow_roadmap(given: Inputs) -> Outcome:
    """For the company if such streams exceed `shadow` of its work, and their lower bound half of that; for a team if they
    significantly outweigh its work on key results."""
    # Work for an earlier plan serves nothing in this one's terms, and is not a shadow roadmap.
    begun = in_force_since(given.plans, given.register)
    weeks = min(given.thresholds.weeks, (given.last + timedelta(days=1) - begun).days // 7)
    if weeks < LEAST_WEEKS:
        return Unjudged(f"the plan is younger than {LEAST_WEEKS} weeks")
    if (missing := enough_weeks(given, weeks)) is not None:
        return missing
    found = []
    for scope in given.scopes:
        work = given.work.of(scope)
        now = work.last(weeks)
        if not now.shown(given.least_people):
            continue
        streams = _shadows(given, now, weeks, given.thresholds.stream_part if scope == COMPANY else OF_TEAM)
        if not streams or not now.on(streams).shown(given.least_people):
            continue
        size = _part_of(now, streams)
        planned = part(now, now.days - now.off)
        larger = less(size, planned).low > 0
        if larger or (
            scope == COMPANY and size.value > given.thresholds.shadow and size.low > given.thresholds.shadow / 2
        ):
            found.append(_found(given, scope, work, weeks, streams, size, planned, larger))
    return found


def _shadows(given: Inputs, now: Work, weeks: int, large: float) -> list[int]:
    """Return streams in the window that serve nothing, are large and last, the largest first. Those of too few people are
    excluded."""
    found = []
    begun = now.weeks[-1] - timedelta(weeks=weeks // 2)
    for stream, days in sorted(now.by_stream().items(), key=lambda pair: -pair[1]):
        if days < large * now.total:
            break
        cells = now.on([stream])
        lasts = int((cells.by_week() > 0).sum()) >= weeks // 2 and given.streams[stream].first <= begun
        if lasts and float(cells.off.sum()) >= SERVES_NOTHING * days and cells.shown(given.least_people):
            found.append(stream)
    return found


def _part_of(work: Work, streams: list[int]) -> Interval:
    return part(work, np.where(np.isin(work.stream, streams), work.off, 0.0))


def _found(
    given: Inputs,
    scope: str,
    work: Work,
    weeks: int,
    streams: list[int],
    size: Interval,
    planned: Interval,
    larger: bool,
) -> Found:
    earlier = work.last(weeks, weeks)
    known = weeks == given.thresholds.weeks and earlier.total > 0 and int((earlier.by_week() > 0).sum()) >= weeks // 2
    before = _part_of(earlier, streams).value if known else None
    trend = (
        "as before"
        if before is None or abs(size.value - before) < 0.05
        else "rising"
        if size.value > before
        else "falling"
    )
    values: dict[str, Value] = {
        "streams": [f"stream:{one}" for one in streams[:3]],
        "count": len(streams),
        "planned": 100 * planned.value,
        "weeks": weeks,
        "trend": trend,
        "larger": int(larger),
    }
    since = min(given.streams[one].since for one in streams)
    items = tuple(item for one in streams for item in given.streams[one].items[:4])
    return Found(scope, "", since=since, values=values, streams=tuple(streams), items=items, **of(size))
