"""Resume the detector's walk: what it raises on a day depends on earlier days only, so unchanged days are not walked again.

The detector's state after several of the last days is stored with a fingerprint of everything it depends on. New data may change
days of the last week, and some older ones, so the walk resumes from the latest state whose days are unchanged.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np

from pipeline.drift.detector import Detector, Event
from pipeline.drift.standing import Standing

BACK = (1, 7, 12, 22, 42)
"""Days, counted back from the last one, after which the state is stored."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The detector's state after a day, as text, and a fingerprint of what it depends on."""

    day: date
    digest: str
    standing: str


def walk(detector: Detector, kept: Sequence[Kept] = ()) -> tuple[list[Event], list[Kept]]:
    """Return all events in chronological order, and the states to store in place of `kept`."""
    days = detector.seen.days
    place = {day: n for n, day in enumerate(days)}
    wanted = sorted({len(days) - back for back in BACK if len(days) >= back})
    positions = {one.day: place[one.day] for one in kept if one.day in place}
    digests = _digests(detector, {*wanted, *positions.values()})
    good = {positions[one.day]: one for one in kept if digests.get(positions.get(one.day, -1)) == one.digest}
    begun, events = -1, []
    if good:
        begun = max(good)
        standing = Standing.read(good[begun].standing)
        standing.into(detector)
        events = list(standing.events)
    for position in range(begun + 1, len(days)):
        events += detector.walk(position)
        if position in wanted:
            good[position] = Kept(days[position], digests[position], Standing.of(detector, events).text())
    nearest = {max((one for one in good if one <= position), default=-1) for position in wanted}
    return _in_order(detector, events), [good[position] for position in sorted(nearest) if position >= 0]


def _in_order(detector: Detector, walked: Sequence[Event]) -> list[Event]:
    """Return all events; within each day, what is reported comes before what was found on the walk."""
    by_day: dict[date, list[Event]] = {}
    for event in walked:
        by_day.setdefault(event.at, []).append(event)
    days = enumerate(detector.seen.days)
    return [event for n, day in days for event in (*detector.reported(n), *by_day.get(day, ()))]


def _digests(detector: Detector, positions: Collection[int]) -> Mapping[int, str]:
    """Return, by position, a fingerprint of everything that a walk up to and including it depends on."""
    seen, joined, last = detector.seen, detector.joined, max(positions, default=-1)
    digest = hashlib.sha256(repr(_rests_on(detector)).encode())
    found = {}
    for position in range(last + 1):
        day = (
            seen.days[position],
            bool(detector.health.bad[position]),
            int(detector.teams_at[position]),
            [one for one in detector.gone if one.told == position],
        )
        digest.update(repr(day).encode())
        digest.update(np.ascontiguousarray(seen.effort[:, :, position]).tobytes())
        if joined is not seen:
            digest.update(np.ascontiguousarray(joined.effort[:, :, position]).tobytes())
        if position in positions:
            found[position] = digest.copy().hexdigest()
    return found


def _rests_on(detector: Detector) -> tuple[object, ...]:
    """Return what holds for all days: the code, its settings, and the objectives, teams and people."""
    seen, dilution = detector.seen, detector.dilution
    return (
        _code(),
        astuple(detector.settings),
        astuple(detector.tuning),
        (dilution.kept, dilution.kept_sd, dilution.stretch),
        sorted(detector.intended.items()),
        [(one.start, sorted(one.rank.items()), one.end) for one in detector.priorities],
        (list(seen.objectives), list(seen.teams), [str(one) for one in seen.people]),
    )


@cache
def _code() -> str:
    """Return a fingerprint of the detector's code: a new version walks all days again."""
    found = hashlib.sha256()
    for room in ("pipeline.drift", "pipeline.share"):
        for file in sorted(files(room).iterdir(), key=lambda one: one.name):
            if file.name.endswith(".py"):
                found.update(file.read_bytes())
    return found.hexdigest()
