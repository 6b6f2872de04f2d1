"""Placeholder work: tickets opened, renamed or closed in bulk without other signs of work, believed to serve key results."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from connectors.base import SignalKind, State
from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value
from pipeline.findings.lives import Event, Life, within
from pipeline.register.workdays import monday
from pipeline.share.floor import enough

SETTLED = 14
"""Days within which work planned in a meeting would have begun."""
TOGETHER = timedelta(minutes=30)
"""Longest pause between two tickets of one burst."""
MACHINE = 4.0
"""Median pause in seconds below which a program did it: an import, a migration, a tracker rule."""
OLD = timedelta(days=60)
"""Tickets closed this long after creation are tidied up, rather than created to be closed."""
WORKED = 0.3
"""Fraction of a burst's tickets with work on them from which it was a real plan."""
SERVES = 0.5
"""Mean probability of serving a key result from which the burst flatters the shares."""


def placeholder_work(given: Inputs) -> Outcome:
    """For the company only: bursts of at least `bulk` tickets by one account at human pace, hardly any with another sign of work,
    and believed to serve key results."""
    if given.lives is None:
        return Unjudged("nothing is known of what happened on items")
    if not any(life.stated for life in given.lives):
        return Unjudged("no source with tickets is read")
    days = 7 * given.thresholds.weeks
    by_hand = defaultdict(list)
    for life in given.lives:
        if life.automated:
            continue
        for event in life.events:
            if event.person >= 0 and _bulk(life, event) and within(event.at, given.last, days, SETTLED):
                by_hand[event.person, _what(event)].append((event.at, life))
    bursts = [one for rows in by_hand.values() for one in _bursts(rows, given.thresholds.bulk) if _is_empty(one)]
    if not bursts or not given.work.last(given.thresholds.weeks).shown(given.least_people):
        return []
    return [_found(given, bursts)]


def _what(event: Event) -> str:
    return event.kind if event.kind != SignalKind.TRANSITION else State.DONE


def _bulk(life: Life, event: Event) -> bool:
    """Return True if the event opens, renames, or closes a recent item."""
    if event.kind == SignalKind.TRANSITION:
        return event.to == State.DONE and event.at - life.made < OLD
    return life.stated and event.kind in (SignalKind.CREATED, SignalKind.EDIT)


def _bursts(rows: Sequence[tuple[datetime, Life]], least: int) -> Iterator[list[tuple[datetime, Life]]]:
    """Yield runs without a longer pause, with enough different tickets, slower than a machine."""
    run: list[tuple[datetime, Life]] = []
    for row in [*sorted(rows, key=lambda row: (row[0], row[1].item)), None]:
        if run and (row is None or row[0] - run[-1][0] > TOGETHER):
            gaps = [(b[0] - a[0]).total_seconds() for a, b in pairwise(run)]
            if len({life.item for _, life in run}) >= least and median(gaps) > MACHINE:
                yield run
            run = []
        if row is not None:
            run.append(row)


def _is_empty(burst: Sequence[tuple[datetime, Life]]) -> bool:
    """Return True if hardly any of its tickets had work, and they are believed to serve key results."""
    lives = {life.item: life for _, life in burst}.values()
    worked = sum(_worked(life) for life in lives)
    return worked <= WORKED * len(lives) and sum(life.serves for life in lives) >= SERVES * len(lives)


def _worked(life: Life) -> bool:
    """Return True if it has events other than opening, renaming, assigning and closing, or was in progress for over a day."""
    begun = [event.at for event in life.events if event.kind == SignalKind.TRANSITION and event.to == State.DOING]
    ended = [event.at for event in life.events if event.kind == SignalKind.TRANSITION and event.to == State.DONE]
    silent = (SignalKind.CREATED, SignalKind.EDIT, SignalKind.ASSIGNMENT, SignalKind.TRANSITION)
    if any(event.kind not in silent for event in life.events):
        return True
    return bool(begun) and (not ended or max(ended) - min(begun) > timedelta(days=1))


def _found(given: Inputs, bursts: Sequence[Sequence[tuple[datetime, Life]]]) -> Found:
    lives = {life.item: life for burst in bursts for _, life in burst}
    largest = max(bursts, key=len)
    people = {person for life in lives.values() for person in life.people()}
    on = given.work.last(given.thresholds.weeks)
    planned = float((on.days - on.off).sum())
    days = sum(life.days * life.serves for life in lives.values())
    values: dict[str, Value] = {
        "count": len(lives),
        "times": len(bursts),
        "week": f"day:{monday(largest[0][0].date()).isoformat()}",
        "part": 100 * min(1.0, days / planned) if planned > 0 else 0.0,
        "weeks": given.thresholds.weeks,
    }
    # With few people behind it, the list of tickets would point at them.
    shown = enough(len(people), given.least_people)
    items = tuple(sorted(lives, key=lambda item: -lives[item].serves)[:12]) if shown else ()
    if not shown:
        values["few"] = 1
    since = min(at for burst in bursts for at, _ in burst).date()
    return Found(COMPANY, "", float(len(lives)), since, None, None, values, (), items)
