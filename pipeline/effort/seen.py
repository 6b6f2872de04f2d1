"""Observations of people as arrays: their traces, their expected days, and how they use their tools."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.effort.keys import KEY, Flags, Floats, Ints, between, find, previous
from pipeline.effort.trace import NUMBER, Trace

BEFORE, AHEAD = 28, 7
"""Days before and after a day whose traces are evidence for it."""
_PASSIVE = (Trace.FINISHED, Trace.ASSIGNED, Trace.CREATED)
"""Traces that take a moment, often while tidying up: no sign of work on the days around them."""
_STATES = (Trace.STARTED, Trace.FINISHED, Trace.MOVED, Trace.ASSIGNED, Trace.CREATED)


@dataclass(frozen=True, slots=True)
class Seen:
    """Days with traces, per pair of person and item.

    `keys`: sorted pair-day keys; `counts`: by trace; `hours`: stated; `work`: number of traces that show work; `lone`: True if a
    single message is all there is within a week. `by_person`: sorted person-day keys, with `order` the rows of `keys` in that
    order; `person_days`: the distinct ones; `work_days`: those with a trace that is not lone.
    """

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
    """Expected working days as sorted person-day keys, and the amounts."""

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
    """Per person-day: the number of items touched and held, the proportion of previous days with traces, and the proportion of
    traces that are changes of state.

    Lone messages count for neither proportion, unless there is nothing else: small talk does not show how somebody uses their
    tools, but if all their work is in chat messages, it does.
    """

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
    """Return the (smoothed) proportion of active days among a person's days up to the last active one."""
    upto = previous(active, days, BEFORE)
    upto = np.where(upto < 0, days, upto)
    found = between(active, days - BEFORE, upto + 1)
    could = np.maximum(between(expected.keys, days - BEFORE, upto + 1), found)
    part: Floats = (found + 1.0) / (could + 3.0)
    return part


def _of_states(seen: Seen) -> Floats:
    """Return counts of traces by row: changes of state, traces that are not lone, and all."""
    states, every = seen.counts[:, [NUMBER[trace] for trace in _STATES]].sum(1), seen.counts.sum(1)
    return np.column_stack([states, every * ~seen.lone, every])


def one_message(counts: Floats) -> Flags:
    alone: Flags = (counts.sum(1) == 1) & (counts[:, NUMBER[Trace.MESSAGE]] == 1)
    return alone
