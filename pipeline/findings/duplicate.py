"""Duplicate effort: active streams of different teams that mean the same, and do not refer to each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Meaning, Outcome, Unjudged, Value, enough_weeks
from pipeline.findings.work import Floats, Work

ITEMS, STREAMS = 6, 8
"""Items with words a stream needs for its halves to be compared, and streams needed of this kind."""
ONE_TEAM = 0.6
"""Fraction of a stream's work from which it belongs to one team."""
OF_TEAM = 0.05
"""Fraction of its team's work from which a stream is worth mentioning."""
STRIP = 2_000
"""Streams compared with all others at once. With more, the usual similarity is estimated from a sample of about this size."""
CHANCE, MAD = 0.1, 0.6745
"""Expected number of chance pairs in a whole company; the median absolute deviation of a standard normal."""
MOST = 6


@dataclass(frozen=True, slots=True)
class _Own:
    """A stream of one team: its index among the meanings, its work, the key result it mostly serves (-1: none)."""

    place: int
    stream: int
    team: str
    work: Work
    serves: int


def duplicate_effort(given: Inputs) -> Outcome:
    """Pairs of streams of different teams that are at least `same` times as similar as the halves of one stream usually are, and
    more similar to each other than to any other team's.

    Excludes pairs that refer to each other or to a third stream, and pairs of a key result that the register gives to both teams.
    """
    if given.meaning is None:
        return Unjudged("no vectors of the streams' words are kept")
    weeks = given.thresholds.weeks
    if (missing := enough_weeks(given, weeks)) is not None:
        return missing
    halves = given.meaning.halves[given.meaning.items >= ITEMS]
    if len(halves) < STREAMS:
        return Unjudged(
            f"{len(halves)} streams have {ITEMS} items with words, and {STREAMS} are needed to learn how near the same is"
        )
    usual = float(np.median(halves))
    own = list(_owned(given, given.meaning, given.work.last(weeks)))
    alike = _near(given.meaning, own, given.thresholds.same * usual)
    pairs = [(own[n], own[k], size / usual) for n, k, size in alike if _apart(given, given.meaning, own[n], own[k])]
    pairs.sort(key=lambda pair: -(pair[0].work.total + pair[1].work.total))
    return [_found(given, *pair) for pair in pairs[:MOST]]


def near(centres: Floats, places: Sequence[int] | None = None) -> Floats:
    """Return the cosines between streams' centres (or those at some indices), after removing the mean of all the company's
    streams."""
    less = _unlike(centres, places)
    return np.asarray(less @ less.T)


def _unlike(centres: Floats, places: Sequence[int] | None) -> Floats:
    less = (centres if places is None else centres[list(places)]) - centres.mean(0)
    less /= np.maximum(np.linalg.norm(less, axis=1, keepdims=True), 1e-9)
    return np.asarray(less)


def _owned(given: Inputs, meaning: Meaning, now: Work) -> Iterator[_Own]:
    """Yield streams that belong to one team, with enough of its people, and that take a notable part of its work."""
    large = given.large_teams
    sizes = {key: now.of(key).total for key in large}
    places = {stream: place for place, stream in enumerate(meaning.streams)}
    place_of = {key: now.teams.index(key) for key in large}
    for stream, at in now.places():
        place = places.get(stream)
        team_of, days = now.team[at], now.days[at]
        total = float(days.sum())
        if place is None or meaning.items[place] < 2 or total <= 0:
            continue
        spent = np.bincount(team_of[team_of >= 0], days[team_of >= 0], len(now.teams))
        by_team = {key: float(spent[place_of[key]]) for key in large}
        team = max(by_team, key=lambda key: by_team[key], default="")
        if not team or by_team[team] < ONE_TEAM * total or by_team[team] < OF_TEAM * sizes[team]:
            continue
        cells = now.where(at)  # few of thousands of streams get this far
        if cells.of(team).shown(given.least_people):
            best = int(np.argmax(cells.by_result()))
            yield _Own(place, stream, team, cells.of(team), best if best < len(now.key_results) else -1)


def _near(meaning: Meaning, own: Sequence[_Own], least: float) -> list[tuple[int, int, float]]:
    """Return pairs of different teams that are similar enough, and more than the closest of so many pairs would be by chance.
    They must be mutual nearest neighbours, since streams about everything are close to many."""
    from scipy import special  # slow to import, and readers of the results do not need it

    if not own:
        return []
    less = _unlike(meaning.centres, [one.place for one in own])
    _, teams = np.unique([one.team for one in own], return_inverse=True)
    nearest, strength, others, count = np.zeros(len(own), dtype=np.int64), np.zeros(len(own)), [], 0
    step = -(-len(own) // STRIP)
    for first in range(0, len(own), STRIP):  # ten thousand streams have a hundred million pairs
        alike = less[first : first + STRIP] @ less.T
        apart = teams[first : first + STRIP, None] != teams[None, :]
        others.append(alike[::step][apart[::step]])
        count += int(apart.sum())
        alike[~apart] = -1.0
        nearest[first : first + STRIP], strength[first : first + STRIP] = alike.argmax(1), alike.max(1)
    usual = np.concatenate(others)
    if not len(usual):
        return []
    spread = float(np.median(np.abs(usual - np.median(usual)))) / MAD
    least = max(least, float(np.median(usual) - spread * special.ndtri(CHANCE / (count / 2))))
    mutual = [(n, int(k)) for n, k in enumerate(nearest) if n < k and nearest[k] == n]
    return [(n, k, float(strength[n])) for n, k in mutual if strength[n] >= least]


def _apart(given: Inputs, meaning: Meaning, one: _Own, other: _Own) -> bool:
    """Return True if nothing indicates that the two teams know of each other's stream."""
    if (min(one.stream, other.stream), max(one.stream, other.stream)) in meaning.linked():
        return False
    if one.serves != other.serves or one.serves < 0:
        return True
    key = given.work.key_results[one.serves]
    teams = next(key_result.teams for _, key_result in given.register.key_results() if key_result.key == key)
    return bool(teams) and not {one.team, other.team} <= set(teams)


def _found(given: Inputs, one: _Own, other: _Own, strength: float) -> Found:
    more, less = sorted((one, other), key=lambda it: (-it.work.total, it.stream))
    values: dict[str, Value] = {
        "streams": [f"stream:{more.stream}", f"stream:{less.stream}"],
        "first": f"team:{more.team}",
        "second": f"team:{less.team}",
        "first_days": more.work.total,
        "second_days": less.work.total,
        "weeks": given.thresholds.weeks,
    }
    streams = (more.stream, less.stream)
    items = tuple(item for it in streams for item in given.streams[it].items[:4])
    since = max(given.streams[it].since for it in streams)  # since when it has been done twice
    return Found(COMPANY, f"stream:{min(streams)}", strength, since, None, None, values, streams, items)
