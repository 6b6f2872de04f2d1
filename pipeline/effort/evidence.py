"""The features for whether somebody worked on an item on a day; weights/effort.json holds their weights.

They use the four weeks before a day (and one more to decide whether a message is isolated) and the one week after. So new signals
change at most the preceding week, and closing an item late does not rewrite earlier estimates.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.effort.keys import KEY, Flags, Floats, Ints, find, following_day, previous, weekday
from pipeline.effort.seen import AHEAD, BEFORE, Crowd, Seen, one_message
from pipeline.effort.trace import NUMBER, Trace

LONGEST = 120
"""Weekdays at which durations are capped."""
_FAR = 1_000_000

EVIDENCE: dict[str, str] = {
    **{trace: f"log(1 + how often '{trace}' today)" for trace in Trace},
    "stated": "hours on it were stated for today; this is about the rest of the day",
    "begun and finished": "both today",
    "crowded": "touched today: log(1 + items touched today)",
    "words in a crowd": "comments, mentions and messages today, times log(1 + items touched today)",
    "passing": "one message today, and no other trace of the person's within a week before and after",
    "passing, at work": "passing, while something is held or something else was touched that is not passing",
    "passing, near work": "passing, not at work, while something else has traces of the person's within a week",
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
"""A candidate's features and their meaning."""
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
"""Features that also interact with the proportion of the person's days with a trace (Crowd.traced): silence is stronger evidence
about a person who is seldom silent."""
STATED = ("held for", "held, idle", "held, one of many", "held, quiet")
"""Features that also interact with the proportion of the person's traces that are changes of state (Crowd.states): if a person
leaves no others, silence is weak evidence."""
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
"""Features of a person's day for the probability that they worked on nothing visible, and their meaning."""


def item_evidence(
    rows: Ints, at: Ints, seen: Seen, held: Flags, since: Ints, crowd: Crowd
) -> tuple[NDArray[np.float32], Floats]:
    """Return the features of ITEM by row, and the stated hours."""
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
    """Features of isolated messages; `near` are traces within a week, `at_hand` means touched today or held."""
    passing = one_message(counts) & (near == 0)
    busy, close = np.bincount(at, at_hand & ~passing)[at] > 0, np.bincount(at, (near > 0) & ~passing)[at] > 0
    return {
        "passing": passing,
        "passing, at work": passing & busy,
        "passing, near work": passing & ~busy & close,
    }


def _side_by_side(columns: Sequence[NDArray[np.generic]], rows: int) -> NDArray[np.float32]:
    """Stack columns into a table by writing rows and transposing, in an eighth of numpy.column_stack's time."""
    found = np.empty((len(columns), rows), np.float32)
    for n, column in enumerate(columns):
        found[n] = column
    return np.ascontiguousarray(found.T)


def _held_quietly(quiet: Flags, idle: Ints, ahead: Ints, at: Ints, crowd: Crowd) -> dict[str, NDArray[np.generic]]:
    """Features of items that are held, without a trace today."""
    return _silent("held", quiet, idle, ahead) | {
        "held, one of many": quiet * np.log(np.maximum(crowd.held, 1))[at],
        "held, busy": quiet & (crowd.touched[at] > 0),
        "held, quiet": quiet,
    }


def _loose(loose: Flags, idle: Ints, ahead: Ints, at: Ints, crowd: Crowd) -> dict[str, NDArray[np.generic]]:
    """Features of items that are not held, without a trace today."""
    return _silent("loose", loose, idle, ahead) | {
        "loose, new": loose & (idle > LONGEST),
        "loose, busy": loose & (crowd.touched[at] > 0),
    }


def _silent(name: str, quiet: Flags, idle: Ints, ahead: Ints) -> dict[str, NDArray[np.generic]]:
    """Features for how far away the nearest traces are, of an item without one today."""
    return {
        f"{name}, day after": quiet & (idle <= 1),
        f"{name}, days after": quiet & (idle <= 3),
        f"{name}, idle": quiet * np.log1p(np.minimum(idle, LONGEST)),
        f"{name}, day before": quiet & (ahead <= 1),
        f"{name}, days before": quiet & (ahead <= 3),
        f"{name}, week before": quiet & (ahead < _FAR),
    }


def _distances(rows: Ints, seen: Seen) -> tuple[Ints, Ints, Flags]:
    """Return weekdays since the last trace and until the next one (_FAR if none is near), and whether the next only closes."""
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
    """Return the features of NONE by person-day."""
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
