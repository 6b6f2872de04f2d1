"""The consensus trap: decisions involve more people and messages than before, and take longer.

A decision, as far as tools record one: a thread that opens with a question, once it has gone silent; a reviewed change, once it
is closed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from connectors.base import SignalKind
from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value
from pipeline.findings.lives import PROGRAM, SAID, Life
from pipeline.findings.work import Floats, Interval
from pipeline.share.estimate import Z90
from pipeline.share.floor import enough

SILENT = timedelta(days=7)
"""Silence after which a thread has ended."""
DECISIONS = 15
"""Fewest decisions per span for a comparison."""
BRIEF = 0.02
"""Shortest duration of a decision, in days, for the logarithm."""
WIDE = 1.8
"""If only a rise by more than this factor would be significant, finding nothing does not mean that there is none."""
USUAL, CROWD, CROWDS = 7, 16, 0.1
"""People up to whom a decision is normal, above whom they are a crowd, and the fraction of crowd decisions that is too much."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision: when it ended, who took part, how many messages and days it took."""

    on: date
    item: int
    people: frozenset[int]
    messages: int
    days: float
    team: str


def consensus_trap(given: Inputs) -> Outcome:
    """For the company and teams: at least `consensus` times as many people per decision as in the weeks before, significantly
    more, and significantly longer; with more messages; and more than 7 people on average or one decision in ten by a crowd."""
    if given.lives is None:
        return Unjudged("nothing is known of what happened on items")
    made = [one for life in given.lives if (one := _decision(life, given.last)) is not None]
    weeks, before = given.thresholds.weeks, given.thresholds.before
    spans = [_in_span(made, given.last, weeks, 0), _in_span(made, given.last, before, weeks)]
    if min(map(len, spans)) < DECISIONS:
        return Unjudged(
            f"{len(spans[0])} threads that ask something and reviewed changes ended in the last {weeks} weeks and "
            f"{len(spans[1])} in the {before} before, and {DECISIONS} are needed in each"
        )
    found = []
    for scope in [COMPANY, *given.large_teams]:
        now, then = ([one for one in some if scope in (COMPANY, one.team)] for some in spans)
        found += [*_slower(given, scope, now, then)] if min(len(now), len(then)) >= DECISIONS else []
    return found or _too_wide(*spans) or []


def _too_wide(now: Sequence[Decided], then: Sequence[Decided]) -> Unjudged | None:
    """Return why nothing found means nothing: durations vary so much that a usual rise would not be significant."""
    days = _ratio(*(np.log([max(one.days, BRIEF) for one in some]) for some in (now, then)))
    if days.high <= WIDE * days.value:
        return None
    return Unjudged(
        f"{len(now)} and {len(then)} decisions took from minutes to weeks, so that only {WIDE:g} times the days and more "
        "would be a sure rise"
    )


def _decision(life: Life, last: date) -> Decided | None:
    said = [event for event in life.events if event.kind in SAID and event.person != PROGRAM]
    people = frozenset(event.person for event in said)
    if life.automated or len(people) < 2:
        return None
    reviewed = any(event.kind == SignalKind.REVIEW for event in said)
    end = life.done_at() if reviewed else said[-1].at if life.asks and not life.stated else None
    if end is None or (not reviewed and last - end.date() < SILENT):
        return None
    team = Counter(event.team for event in said if event.team).most_common(1)
    took = max(0.0, (end - life.made).total_seconds() / 86400)
    return Decided(end.date(), life.item, people, len(said), took, team[0][0] if team else "")


def _in_span(made: Sequence[Decided], last: date, weeks: int, before: int) -> list[Decided]:
    """Return decisions that ended in a span of weeks; a thread's end is known a week later, so spans end a week earlier."""
    end = last - SILENT - timedelta(weeks=before)
    return [one for one in made if end - timedelta(weeks=weeks) < one.on <= end]


def _slower(given: Inputs, scope: str, now: Sequence[Decided], then: Sequence[Decided]) -> Iterator[Found]:
    if not all(_shown(some, given.least_people) for some in (now, then)):
        return
    people, messages, days = (
        _ratio(np.log([max(value(one), BRIEF) for one in now]), np.log([max(value(one), BRIEF) for one in then]))
        for value in (lambda one: len(one.people), lambda one: one.messages, lambda one: one.days)
    )
    count = np.array([len(one.people) for one in now])
    crowds = float((count > CROWD).mean())
    rising = people.value >= given.thresholds.consensus and people.low > 1 and days.low > 1 and messages.value > 1
    if not rising or (count.mean() <= USUAL and crowds < CROWDS):
        return
    values: dict[str, Value] = {
        "people": float(count.mean()),
        "people_before": float(np.mean([len(one.people) for one in then])),
        "took": float(np.median([one.days for one in now])),
        "took_before": float(np.median([one.days for one in then])),
        "messages": float(np.mean([one.messages for one in now])),
        "messages_before": float(np.mean([one.messages for one in then])),
        "count": len(now),
        "crowds": 100 * crowds,
        "weeks": given.thresholds.weeks,
    }
    items = tuple(one.item for one in sorted(now, key=lambda one: -len(one.people)) if len(one.people) > USUAL)[:12]
    since = given.last - SILENT - timedelta(weeks=given.thresholds.weeks)
    yield Found(scope, "", people.value, since, people.low, people.high, values, (), items)


def _shown(some: Sequence[Decided], least: int) -> bool:
    return enough(len({person for one in some for person in one.people if person >= 0}), least)


def _ratio(now: Floats, then: Floats) -> Interval:
    """Return the ratio of two geometric means with its 90 % interval; decisions are the sample."""
    half = Z90 * float(now.var(ddof=1) / len(now) + then.var(ddof=1) / len(then)) ** 0.5
    value = float(now.mean() - then.mean())
    return Interval(*(float(np.exp(one)) for one in (value, value - half, value + half)))
