"""The items that somebody may have worked on, for all days at once, in array arithmetic.

A person-day's candidates are the items in progress with that person, and those with a trace of theirs on that day, in the two
weeks before or the week after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.effort.evidence import item_evidence, none_evidence
from pipeline.effort.keys import KEY, Floats, Ints, find
from pipeline.effort.seen import AHEAD, Crowd, Expected, Seen
from pipeline.effort.trace import NUMBER, Trace

_LOOSE = 14
"""Days for which an item not in progress remains a candidate after a trace."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidates, one per row. `at` is the index of the person-day. `evidence` has the columns of ITEM; `nothing`, by person-day,
    those of NONE. `hours` are those stated for the item and day; `capacity` is by person-day."""

    person: Ints
    day: Ints
    item: Ints
    at: Ints
    hours: Floats
    evidence: NDArray[np.float32]
    nothing: NDArray[np.float32]
    capacity: Floats


def candidates(
    traces: Sequence[tuple[int, int, int, Trace, float]],
    held: Sequence[tuple[int, int, int, int]],
    capacity: Mapping[tuple[int, int], float],
    first: int,
    last: int,
) -> Candidates:
    """Return the candidates of all days from `first` to `last`.

    `traces` are (person, day, item, trace, hours), `held` are (person, item, first, last); all days are ordinals.
    """
    left = np.array([(p, d, i, NUMBER[t]) for p, d, i, t, _ in traces], dtype=np.int64).reshape(-1, 4)
    spans = np.array(held, dtype=np.int64).reshape(-1, 4)
    owners, items = np.concatenate([left[:, 0], spans[:, 0]]), np.concatenate([left[:, 2], spans[:, 1]])
    most = int(items.max(initial=0)) + 1
    pairs, pair = np.unique(owners * most + items, return_inverse=True)
    person, item = pairs // most, pairs % most
    seen = Seen.of(pair[: len(left)], left, np.array([h for *_, h in traces], dtype=float), person)
    expected = Expected.of(capacity)
    days = _days(expected, seen, first, last)
    keys, held_since = _held_days(pair[len(left) :], spans, first, last)
    rows, at = _rows(seen, keys, days, person, first, last)
    where, is_held = find(keys, rows)
    since = np.where(is_held, held_since[where] if len(keys) else 0, rows % KEY)
    crowd = Crowd.of(days, at, rows, seen, is_held, expected)
    evidence, hours = item_evidence(rows, at, seen, is_held, since, crowd)
    here, known = find(expected.keys, days)
    amounts = np.where(known, expected.amounts[here] if len(expected.keys) else 0.0, 0.0)
    return Candidates(
        person[rows // KEY],
        rows % KEY,
        item[rows // KEY],
        at,
        hours,
        evidence,
        none_evidence(days, seen, crowd),
        amounts,
    )


def _days(expected: Expected, seen: Seen, first: int, last: int) -> Ints:
    """Return the person-day keys to estimate: those with capacity, and those with stated hours."""
    stated = seen.by_person[seen.hours[seen.order] > 0]
    found = np.unique(np.concatenate([expected.keys, stated]))
    return found[(found % KEY >= first) & (found % KEY <= last)]


def _rows(seen: Seen, held: Ints, days: Ints, person: Ints, first: int, last: int) -> tuple[Ints, Ints]:
    """Return pair-day keys that are near a trace or held, on a day to estimate for that person, and the index of that day."""
    every = np.concatenate([(seen.keys[:, None] + np.arange(-AHEAD, _LOOSE + 1)).ravel(), held])
    rows = np.unique(every[(every % KEY >= first) & (every % KEY <= last)])
    own_day = person[rows // KEY] * KEY + rows % KEY
    at, is_day = find(days, own_day)
    return rows[is_day], at[is_day]


def _held_days(pair: Ints, spans: Ints, first: int, last: int) -> tuple[Ints, Ints]:
    """Return sorted pair-day keys on which the item was held, and since when."""
    low, high = np.maximum(spans[:, 2], first), np.minimum(spans[:, 3], last)
    length = np.maximum(high - low + 1, 0)
    row = np.repeat(np.arange(len(spans)), length)
    step = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    every = pair[row] * KEY + low[row] + step
    keys, place = np.unique(every, return_inverse=True)
    since = np.zeros(len(keys), dtype=np.int64)
    np.maximum.at(since, place, spans[row, 2])
    return keys, since
