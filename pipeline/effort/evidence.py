"""The evidence that somebody was at an item on a day, as numbers: what weights/effort.json weighs.

It lies in the four weeks before a day and the one week after: so news change at most the week before them, and closing an
item late does not rewrite what was estimated of it before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.effort.keys import KEY, Flags, Floats, Ints, between, find, following_day, previous, weekday
from pipeline.effort.trace import NUMBER, Trace

BEFORE, AHEAD = 28, 7
"""Days around a day whose traces are evidence for it."""
LONGEST = 120
"""Weekdays after which longer is no longer told apart."""
_FAR = 1_000_000
_PASSIVE = (Trace.FINISHED, Trace.ASSIGNED, Trace.CREATED)
"""Left in a moment, often by somebody who tidies up: no sign of work on the days around."""
_STATES = (Trace.STARTED, Trace.FINISHED, Trace.MOVED, Trace.ASSIGNED, Trace.CREATED)

EVIDENCE: dict[str, str] = {
    **{trace: f"log(1 + how often '{trace}' today)" for trace in Trace},
    "stated": "hours on it were stated for today; this is about the rest of the day",
    "begun and finished": "both today",
    "crowded": "touched today: log(1 + items touched today)",
    "words in a crowd": "comments, mentions and messages today, times log(1 + items touched today)",
    "passing": "one message today, and no other trace of the person's within a week before and after",
    "passing, at work": "passing, while something is held or something else was touched that is not passing",
    "held": "in progress and assigned to the person",
    "held, touched": "held, and a trace today",
    "closing ahead": "the next trace within a week only closes, assigns or creates",
    "recent": "log(1 + traces of work in the week before)",
    "coming": "log(1 + traces of work in the week after)",
    "held for": "held: log(1 + weekdays since then)",
    "held, day after": "held, no trace today, one on the weekday before",
    "held, days after": "held, no trace today, one within three weekdays before",
    "held, idle": "held, no trace today: log(1 + weekdays since the last one)",
    "held, day before": "held, no trace today, one on the next weekday",
    "held, days before": "held, no trace today, one within three weekdays",
    "held, week before": "held, no trace today, one within a week",
    "held, one of many": "held, no trace today: log of how many are held",
    "held, busy": "held, no trace today, but one on something else",
    "held, quiet": "held, no trace today",
    "loose, day after": "not held, no trace today, one on the weekday before",
    "loose, days after": "not held, no trace today, one within three weekdays before",
    "loose, idle": "not held, no trace today: log(1 + weekdays since the last one)",
    "loose, new": "not held, no trace up to today",
    "loose, day before": "not held, no trace today, one on the next weekday",
    "loose, days before": "not held, no trace today, one within three weekdays",
    "loose, week before": "not held, no trace today, one within a week",
    "loose, busy": "not held, no trace today, but one on something else",
}
"""What each number of a candidate says."""
TRACED = (
    "held, touched",
    "held for",
    "held, day after",
    "held, days after",
    "held, idle",
    "held, days before",
    "held, week before",
    "held, one of many",
    "held, busy",
    "held, quiet",
    "loose, idle",
)
"""These once more, times the part of the person's days that have a trace: silence says more of who is seldom silent."""
STATED = ("held for", "held, idle", "held, one of many", "held, quiet")
"""These once more, times the part of the person's traces that are states: where nothing else is kept, silence says little."""
ITEM = (*EVIDENCE, *(f"{name} x traced" for name in TRACED), *(f"{name} x states" for name in STATED))
NONE = {
    "always": "the person is at nothing that is seen",
    "silent": "no trace of theirs today",
    "surprise": "weekdays of the silence, times -log of a silent day's chance with this person",
    "run": "log(1 + weekdays of the silence around today)",
    "no end": "the silence goes on for four weekdays or more",
    "silent x traced": "silent, times the part of the person's days that have a trace",
    "touched": "log(1 + items touched today)",
}
"""What each number of a person's day says of the chance that they were at nothing that is seen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Days with traces of a pair of person and item: `keys` sorted, `counts` by trace, `hours` stated; `of_person` the sorted
    keys of person and day, `order` the rows of `keys` in that order."""

    keys: Ints
    counts: Floats
    hours: Floats
    work: Floats
    by_person: Ints
    order: Ints
    person_days: Ints

    @classmethod
    def of(cls, pair: Ints, left: Ints, hours: Floats, person: Ints) -> "Seen":
        keys, row = np.unique(pair * KEY + left[:, 1], return_inverse=True)
        counts = np.zeros((len(keys), len(Trace)))
        np.add.at(counts, (row, left[:, 3]), 1)
        total = np.zeros(len(keys))
        np.add.at(total, row, hours)
        work = counts.sum(1) - counts[:, [NUMBER[trace] for trace in _PASSIVE]].sum(1)
        own = person[keys // KEY] * KEY + keys % KEY if len(keys) else keys
        order = np.argsort(own, kind="stable")
        return cls(keys, counts, total, work, own[order], order, np.unique(own))


@dataclass(frozen=True, slots=True)
class Expected:
    """Days on which a person is expected to work, as sorted keys, and how much."""

    keys: Ints
    amounts: Floats

    @classmethod
    def of(cls, capacity: Mapping[tuple[int, int], float]) -> "Expected":
        found = sorted((person * KEY + day, amount) for (person, day), amount in capacity.items())
        return cls(
            np.array([key for key, _ in found], dtype=np.int64), np.array([amount for _, amount in found], dtype=float)
        )


@dataclass(frozen=True, slots=True)
class Crowd:
    """Of each person's day: how many items were touched and are held, how much of the days before has traces, and how much of
    the traces are states."""

    touched: Floats
    held: Floats
    traced: Floats
    states: Floats

    @classmethod
    def of(cls, days: Ints, at: Ints, rows: Ints, seen: Seen, held: Flags, expected: Expected) -> "Crowd":
        _, today = find(seen.keys, rows)
        count = len(days)
        before = days - BEFORE
        upto = previous(seen.person_days, days, BEFORE)
        upto = np.where(upto < 0, days, upto)
        active = between(seen.person_days, before, upto + 1)
        could = np.maximum(between(expected.keys, before, upto + 1), active)
        sums = np.concatenate([np.zeros((1, 2)), np.cumsum(_of_states(seen)[seen.order], axis=0)])
        begin, end = (np.searchsorted(seen.by_person, edge) for edge in (before, days + 1))
        states, everything = (sums[end] - sums[begin]).T
        touched: Floats = np.bincount(at, weights=today.astype(float), minlength=count).astype(float)
        holds: Floats = np.bincount(at, weights=held.astype(float), minlength=count).astype(float)
        return cls(touched, holds, (active + 1.0) / (could + 3.0), (states + 0.5) / (everything + 1.0))


def _of_states(seen: Seen) -> Floats:
    return np.column_stack([seen.counts[:, [NUMBER[trace] for trace in _STATES]].sum(1), seen.counts.sum(1)])


def item_evidence(
    rows: Ints, at: Ints, seen: Seen, held: Flags, since: Ints, crowd: Crowd
) -> tuple[NDArray[np.float32], Floats]:
    """The numbers of ITEM by row, and the hours that were stated."""
    day = rows % KEY
    place, today = find(seen.keys, rows)
    counts, hours = np.zeros((len(rows), len(Trace))), np.zeros(len(rows))
    counts[today], hours[today] = seen.counts[place[today]], seen.hours[place[today]]
    found = dict(zip(Trace, np.log1p(counts).T, strict=True))
    work = np.concatenate([[0.0], np.cumsum(seen.work)])

    def of_work(begin: Ints, end: Ints) -> Floats:
        low, high = (np.searchsorted(seen.keys, rows - day + edge) for edge in (begin, end))
        total: Floats = np.log1p(work[high] - work[low])
        return total

    many = np.log1p(crowd.touched)[at]
    age = weekday(day) - weekday(since)
    idle, ahead, closing = _distances(rows, seen)
    recent, coming = of_work(day - 7, day), of_work(day + 1, day + 1 + AHEAD)
    found |= {
        "stated": hours > 0,
        "begun and finished": (counts[:, NUMBER[Trace.STARTED]] > 0) & (counts[:, NUMBER[Trace.FINISHED]] > 0),
        "crowded": today * many,
        "words in a crowd": (found[Trace.COMMENT] + found[Trace.MENTION] + found[Trace.MESSAGE]) * many,
        "held": held,
        "held, touched": held & today,
        "closing ahead": closing,
        "recent": recent,
        "coming": coming,
        "held for": held * np.log1p(np.clip(age, 0, LONGEST)),
    }
    found |= _in_passing(counts, recent + coming, today | held, at)
    found |= _held_quietly(held & ~today, np.minimum(idle, np.where(held, np.maximum(age, 0), idle)), ahead, at, crowd)
    found |= _loose(~held & ~today, idle, ahead, at, crowd)
    traced, states = crowd.traced[at], crowd.states[at]
    found |= {f"{name} x traced": found[name] * traced for name in TRACED}
    found |= {f"{name} x states": found[name] * states for name in STATED}
    return _side_by_side([found[name] for name in ITEM], len(rows)), hours


def _in_passing(counts: Floats, near: Floats, at_hand: Flags, at: Ints) -> dict[str, NDArray[np.generic]]:
    """Of what is said once; `near` are traces within a week, `at_hand` is touched today or held."""
    passing = (counts.sum(1) == 1) & (counts[:, NUMBER[Trace.MESSAGE]] == 1) & (near == 0)
    others = np.bincount(at, at_hand & ~passing)
    return {"passing": passing, "passing, at work": passing & (others[at] > 0)}


def _side_by_side(columns: Sequence[NDArray[np.generic]], rows: int) -> NDArray[np.float32]:
    """The columns as one table, each written at once and the whole turned round: an eighth of numpy.column_stack's time."""
    found = np.empty((len(columns), rows), np.float32)
    for n, column in enumerate(columns):
        found[n] = column
    return np.ascontiguousarray(found.T)


def _held_quietly(quiet: Flags, idle: Ints, ahead: Ints, at: Ints, crowd: Crowd) -> dict[str, NDArray[np.generic]]:
    """Of items that are held without a trace today."""
    return _silent("held", quiet, idle, ahead) | {
        "held, one of many": quiet * np.log(np.maximum(crowd.held, 1))[at],
        "held, busy": quiet & (crowd.touched[at] > 0),
        "held, quiet": quiet,
    }


def _loose(loose: Flags, idle: Ints, ahead: Ints, at: Ints, crowd: Crowd) -> dict[str, NDArray[np.generic]]:
    """Of items that are not held, without a trace today."""
    return _silent("loose", loose, idle, ahead) | {
        "loose, new": loose & (idle > LONGEST),
        "loose, busy": loose & (crowd.touched[at] > 0),
    }


def _silent(name: str, quiet: Flags, idle: Ints, ahead: Ints) -> dict[str, NDArray[np.generic]]:
    """How far the nearest traces are of an item without one today."""
    return {
        f"{name}, day after": quiet & (idle <= 1),
        f"{name}, days after": quiet & (idle <= 3),
        f"{name}, idle": quiet * np.log1p(np.minimum(idle, LONGEST)),
        f"{name}, day before": quiet & (ahead <= 1),
        f"{name}, days before": quiet & (ahead <= 3),
        f"{name}, week before": quiet & (ahead < _FAR),
    }


def _distances(rows: Ints, seen: Seen) -> tuple[Ints, Ints, Flags]:
    """Weekdays since the last trace and until the next one, _FAR where there is none near, and whether that only closes."""
    day, today = rows % KEY, weekday(rows % KEY)
    if not len(seen.keys):
        far = np.full(len(rows), _FAR)
        return far, far, np.zeros(len(rows), dtype=bool)
    last = np.searchsorted(seen.keys, rows) - 1
    key = seen.keys[last]
    near = (last >= 0) & (key // KEY == rows // KEY) & (rows - key <= BEFORE)
    idle = np.where(near, today - weekday(key % KEY), _FAR)
    following = np.minimum(np.searchsorted(seen.keys, rows, side="right"), len(seen.keys) - 1)
    key = seen.keys[following]
    near = (key // KEY == rows // KEY) & (key > rows) & (key % KEY - day <= AHEAD)
    return idle, np.where(near, weekday(key % KEY) - today, _FAR), near & (seen.work[following] <= 0)


def none_evidence(days: Ints, seen: Seen, crowd: Crowd) -> NDArray[np.float32]:
    """The numbers of NONE by person's day."""
    today = weekday(days % KEY)
    last, following = previous(seen.person_days, days, BEFORE), following_day(seen.person_days, days, AHEAD)
    back = np.where(last < 0, 40, np.minimum(today - weekday(last % KEY), 40)) - 1
    ahead = np.where(following < 0, 5, weekday(following % KEY) - today - 1)
    silent = crowd.touched == 0
    run = silent * np.maximum(back + ahead + 1, 0)
    found = {
        "always": np.ones(len(days)),
        "silent": silent,
        "surprise": np.minimum(run, 15) * -np.log(1 - np.minimum(crowd.traced, 0.97)),
        "run": np.log1p(run),
        "no end": silent & (ahead >= 4),
        "silent x traced": silent * crowd.traced,
        "touched": np.log1p(crowd.touched),
    }
    return _side_by_side([found[name] for name in NONE], len(days))
