"""Duplicate effort: active streams of different teams that mean the same, and do not know of each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Meaning, Outcome, Unjudged, Value, enough_weeks
from pipeline.findings.work import Floats, Work

ITEMS, STREAMS = 6, 8
"""Items with words from which a stream's halves say something, and streams of which so many are needed."""
ONE_TEAM = 0.6
"""Part of a stream's work from which it is one team's."""
OF_TEAM = 0.05
"""Part of its team's work from which a stream is worth a talk."""
STRIP = 2_000
"""Streams that are compared with all others at once. Of more, what is usual is told from about so many."""
CHANCE, MAD = 0.1, 0.6745
"""Pairs that may be as near by chance among all of a company's; the median deviation of a normal one of spread 1."""
MOST = 6


@dataclass(frozen=True, slots=True)
class _Own:
    """A stream that is one team's: its place among the meanings, its work, what it mostly serves (-1: nothing)."""

    place: int
    stream: int
    team: str
    work: Work
    serves: int


def duplicate_effort(given: Inputs) -> Outcome:
    """Pairs of streams of different teams whose words are at least `same` times as near as two halves of one stream usually are,
    and nearer to each other than to any other team's.

    Not those that name each other or a third stream, nor those of a key result that the register gives to both teams.
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
    """Cosines of the streams' centres, or of those at some places, once what all streams of the company have in common is taken
    from each."""
    less = _unlike(centres, places)
    return np.asarray(less @ less.T)


def _unlike(centres: Floats, places: Sequence[int] | None) -> Floats:
    less = (centres if places is None else centres[list(places)]) - centres.mean(0)
    less /= np.maximum(np.linalg.norm(less, axis=1, keepdims=True), 1e-9)
    return np.asarray(less)


def _owned(given: Inputs, meaning: Meaning, now: Work) -> Iterator[_Own]:
    """Streams of one team each, of enough people in it, that take a part of its work."""
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
        cells = now.where(at)  # of thousands of streams few come so far
        if cells.of(team).shown(given.least_people):
            best = int(np.argmax(cells.by_result()))
            yield _Own(place, stream, team, cells.of(team), best if best < len(now.key_results) else -1)


def _near(meaning: Meaning, own: Sequence[_Own], least: float) -> list[tuple[int, int, float]]:
    """Pairs of different teams that are near enough, and nearer than the nearest of so many would be by chance; each the other's
    nearest, since streams about everything are near to many."""
    from scipy import special  # slow to import, and who only reads what was found has no need of it

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
    """Return True if nothing says that the two teams know of each other's stream."""
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
    since = max(given.streams[it].since for it in streams)  # from when on it was done twice
    return Found(COMPANY, f"stream:{min(streams)}", strength, since, None, None, values, streams, items)
