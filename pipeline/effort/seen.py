"""What was seen of people, as arrays: their traces, the days on which they are expected, and how each keeps their work."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.effort.keys import KEY, Flags, Floats, Ints, between, find, previous
from pipeline.effort.trace import NUMBER, Trace

BEFORE, AHEAD = 28, 7
"""Days around a day whose traces are evidence for it."""
_PASSIVE = (Trace.FINISHED, Trace.ASSIGNED, Trace.CREATED)
"""Left in a moment, often by somebody who tidies up: no sign of work on the days around."""
_STATES = (Trace.STARTED, Trace.FINISHED, Trace.MOVED, Trace.ASSIGNED, Trace.CREATED)


@dataclass(frozen=True, slots=True)
class Seen:
    """Days with traces of a pair of person and item: `keys` sorted, `counts` by trace, `hours` stated, `lone` where all there is
    within a week is one message; `by_person` the sorted keys of person and day, `order` the rows of `keys` in that order;
    `person_days` each of these once, `work_days` those with a trace that is not lone."""

    keys: Ints
    counts: Floats
    hours: Floats
    work: Floats
    lone: Flags
    by_person: Ints
    order: Ints
    person_days: Ints
    work_days: Ints

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
        lone = one_message(counts)
        if len(keys):
            apart = np.diff(keys) > AHEAD
            lone &= np.r_[True, apart] & np.r_[apart, True]
        return cls(keys, counts, total, work, lone, own[order], order, np.unique(own), np.unique(own[~lone]))


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
    the traces are states. Lone traces count for neither, unless there is nothing else: small talk is no sign of how work is kept,
    where all of it is in lines of a channel they are."""

    touched: Floats
    held: Floats
    traced: Floats
    states: Floats

    @classmethod
    def of(cls, days: Ints, at: Ints, rows: Ints, seen: Seen, held: Flags, expected: Expected) -> "Crowd":
        _, today = find(seen.keys, rows)
        count = len(days)
        sums = np.concatenate([np.zeros((1, 3)), np.cumsum(_of_states(seen)[seen.order], axis=0)])
        begin, end = (np.searchsorted(seen.by_person, edge) for edge in (days - BEFORE, days + 1))
        states, kept, everything = (sums[end] - sums[begin]).T
        alone = kept == 0
        traced = np.where(alone, _traced(days, seen.person_days, expected), _traced(days, seen.work_days, expected))
        touched: Floats = np.bincount(at, weights=today.astype(float), minlength=count).astype(float)
        holds: Floats = np.bincount(at, weights=held.astype(float), minlength=count).astype(float)
        return cls(touched, holds, traced, (states + 0.5) / (np.where(alone, everything, kept) + 1.0))


def _traced(days: Ints, active: Ints, expected: Expected) -> Floats:
    """The part of a person's days up to the last active one that is active."""
    upto = previous(active, days, BEFORE)
    upto = np.where(upto < 0, days, upto)
    found = between(active, days - BEFORE, upto + 1)
    could = np.maximum(between(expected.keys, days - BEFORE, upto + 1), found)
    part: Floats = (found + 1.0) / (could + 3.0)
    return part


def _of_states(seen: Seen) -> Floats:
    """Traces by row: those that are states, those that are not lone, and all."""
    states, every = seen.counts[:, [NUMBER[trace] for trace in _STATES]].sum(1), seen.counts.sum(1)
    return np.column_stack([states, every * ~seen.lone, every])


def one_message(counts: Floats) -> Flags:
    alone: Flags = (counts.sum(1) == 1) & (counts[:, NUMBER[Trace.MESSAGE]] == 1)
    return alone
