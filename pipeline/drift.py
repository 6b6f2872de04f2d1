"""Drift: a sustained fall of the share of work on the top priorities. Arrays in, events out; knows no storage.

At the end of each working day, for every window of the last FIRST to LAST working days, the share in the window is
compared with the share in up to BASE_MOST days before it, and the difference is divided by its standard error. The
error is clustered by person (each person's own change is one observation), so tasks that last for days, part time and
absence are in it. The largest of these ratios is the statistic of a generalised likelihood ratio test over the day of
the change (Siegmund & Venkatraman 1995; Lai 1995), made comparable between small and large organisations by the t
distribution. The threshold follows from the wanted number of false alarms a year. docs/drift.md has the figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pipeline import health
from pipeline.share import Z90

Array = NDArray[np.float64]
Positions = NDArray[np.int64]
COMPANY = "company"
FIRST, LAST = 8, 30
"""Shortest and longest window in working days. Eight: a dip of one week must not carry an alarm by itself."""
BASE_LEAST, BASE_MOST = 20, 65
"""Working days of history before a window: at least four weeks, at most thirteen."""
RECENT = 4
"""The fall must still be there in the last days: a dip that has ended is no drift."""
STILL, SETTLED = 0.65, 20
"""Until so many days have passed, what follows the first week must show this part of its fall."""
UNFADED = 0.85
"""Below this part of the first week's fall, a young drift is of low severity until it has settled."""
PERSISTS = 1.7
"""... and be a fall by itself, by so many standard errors."""
CLEAR, AT_ONCE = 10, 0.7
"""A fall younger than two weeks is raised at once only where it is this much clearer than it needs to be."""
SMALLEST_FALL = 0.03
POOL = 12.0
"""How much a team's own spread is drawn towards the company's, in degrees of freedom."""
FLOOR = 0.008
"""Least standard error: people who all did one thing have no spread, but are not certain to go on so."""
LOOKS = 70.0
"""Effective number of independent looks a year, see `threshold`."""
RECOVERED_AFTER = 10


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """How often an alarm may be false, a year: for the company, and for all teams taken together."""

    company_alarms: float = 0.4
    team_alarms: float = 1.2
    least_people: int = 5


@dataclass(frozen=True, slots=True)
class Priorities:
    """From `start` on (until the next one) these objectives have these ranks."""

    start: date
    rank: Mapping[str, int]

    @property
    def top(self) -> frozenset[str]:
        """Objectives of rank one to three."""
        return frozenset(key for key, rank in self.rank.items() if rank <= 3)


@dataclass(frozen=True)
class Observations:
    """Daily effort: `effort` is (objectives + none, people, working days) in person-days, none last.

    `teams` by person. `by_source` is (sources, days); `expected` person-days by day, where known.
    """

    days: Sequence[date]
    objectives: Sequence[str]
    teams: Sequence[str]
    effort: Array
    sources: Sequence[str] = ()
    by_source: Array = field(default_factory=lambda: np.zeros((0, 0)))
    expected: Array | None = None

    @cached_property
    def total(self) -> Array:
        """(people, days)"""
        summed: Array = self.effort.sum(0)
        return summed


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to say. Shares are parts of one; `low` and `high` bound the change (after - before) with 90 %.

    `absorbed_by` holds [objective or '', points], the largest first; the points add up to the fall. `subject` is the
    source of a data fault, or the objective of a shift.
    """

    at: date
    kind: str
    scope: str
    severity: str
    start: date
    before: float
    after: float
    low: float
    high: float
    absorbed_by: tuple[tuple[str, float], ...] = ()
    subject: str = ""


def threshold(alarms_a_year: float) -> float:
    """Statistic above which to raise, for a wanted number of false alarms of one scope a year.

    The maximum over windows and days behaves like that of LOOKS independent normal ratios a year (Bonferroni's bound,
    the effective number measured by benchmarks/drift on organisations without an event).
    """
    return float(stats.norm.isf(min(0.5, max(alarms_a_year, 1e-4) / LOOKS)))


class _Sums:
    """Running sums by person over the usable days, so that any window is a subtraction."""

    def __init__(self, top: Array, total: Array) -> None:
        zero = np.zeros((len(top), 1))
        self.top = np.concatenate([zero, np.cumsum(top, 1)], 1)
        self.total = np.concatenate([zero, np.cumsum(total, 1)], 1)
        self.days = top.shape[1]

    def ratio(self, first: int, last: int) -> float:
        """Share in the half-open range of positions."""
        total = float((self.total[:, last] - self.total[:, first]).sum())
        return float((self.top[:, last] - self.top[:, first]).sum()) / total if total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class _Changes:
    """For several first days at once, the time from there to the end against the time before; arrays of one length."""

    first: Positions
    before: Array
    after: Array
    error: Array
    z: Array
    gain: Array
    spread: Array

    def at(self, i: int) -> "Change":
        """One of them."""
        return Change(
            int(self.first[i]), float(self.before[i]), float(self.after[i]), float(self.error[i]), float(self.z[i])
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A change at position `first`; `z` is positive for a fall."""

    first: int
    before: float
    after: float
    error: float
    z: float


def changes(sums: _Sums, first: Positions, lent: Array | None = None) -> _Changes:
    """Compare the time from each of `first` to the end with up to BASE_MOST days before it.

    `lent` is the variance of one person's change, by window, which small teams borrow from the whole company.
    """
    base = np.maximum(0, first - BASE_MOST)
    top0, all0 = sums.top[:, first] - sums.top[:, base], sums.total[:, first] - sums.total[:, base]
    top1, all1 = sums.top[:, [-1]] - sums.top[:, first], sums.total[:, [-1]] - sums.total[:, first]
    n0, n1 = np.maximum(all0.sum(0), 1e-9), np.maximum(all1.sum(0), 1e-9)
    before, after = top0.sum(0) / n0, top1.sum(0) / n1
    active = np.maximum((all1 > 0).sum(0), 2)
    residual = (top1 - after * all1) / n1 - (top0 - before * all0) / n0
    variance, freedom = (residual**2).sum(0) * active / (active - 1), (active - 1).astype(float)
    both = (all0 > 1) & (all1 > 1)
    own = np.where(both, top1 / np.maximum(all1, 1e-9) - top0 / np.maximum(all0, 1e-9), 0.0)
    count = np.maximum(both.sum(0), 2)
    spread = np.maximum(((own**2).sum(0) - own.sum(0) ** 2 / count) / (count - 1), 0.01)
    if lent is not None:
        borrowed = lent * ((all1 / n1) ** 2).sum(0)
        variance = (POOL * borrowed + freedom * variance) / (POOL + freedom)
        freedom = freedom + POOL
    error = np.sqrt(variance + FLOOR**2)
    fall = before - after
    z = -stats.norm.ppf(np.clip(stats.t.sf(fall / error, freedom), 1e-300, 1 - 1e-16))
    gain = fall * np.abs(fall) * n0 * n1 / (n0 + n1)
    return _Changes(first, before, after, error, z, gain, spread)


class Detector:
    """Walks through the days once; what it says on a day rests on the days up to it."""

    def __init__(
        self, seen: Observations, priorities: Sequence[Priorities], settings: DriftSettings | None = None,
        intended: Mapping[str, date] | None = None,
    ) -> None:  # fmt: skip
        """`intended` gives, by scope, the start of a fall that was meant: what came before it is no baseline any more.

        What was meant for the company holds for its teams.
        """
        self.intended = dict(intended or {})
        self.seen, self.settings = seen, settings or DriftSettings()
        self.priorities = sorted(priorities, key=lambda one: one.start)
        self.health = health.check(seen)
        names = np.array(seen.teams)
        self.scopes: dict[str, Positions] = {COMPANY: np.arange(len(names))}
        for team in sorted(set(seen.teams) - {""}):
            people = np.flatnonzero(names == team)
            if len(people) >= self.settings.least_people:
                self.scopes[team] = people
        self.open: dict[str, Event] = {}
        self._set_aside: dict[str, set[int]] = {name: set() for name in self.scopes}
        self._lent: dict[int, float] = {}

    def run(self) -> list[Event]:
        """All events in the order of saying them."""
        events: list[Event] = []
        for position, day in enumerate(self.seen.days):
            events += self._faults(position)
            if not self.health.bad[position]:
                events += self._drifts(position, day)
        return events

    def now(self, event: Event) -> Event:
        """The event with start, shares and absorbers as the whole history up to the last day tells them."""
        era = [one for one in self.priorities if one.start <= self.seen.days[-1]]
        aside = self._set_aside[event.scope]
        usable = np.array(
            [p for p in np.flatnonzero(~self.health.bad) if p >= self._begin(era) and p not in aside], dtype=np.int64
        )
        usable = self._since_intended(event.scope, usable)
        top = np.array([key in era[-1].top for key in [*self.seen.objectives, ""]])
        part = self.seen.effort[:, self.scopes[event.scope]][:, :, usable]
        sums = _Sums(part[top].sum(0), part.sum(0))
        near = sum(self.seen.days[p] < event.start for p in usable)
        first = np.arange(max(BASE_LEAST, near - 12), min(near + 12, sums.days - 3) + 1)
        if not len(first):
            return event
        found = changes(sums, first)
        best = found.at(int(np.argmax(found.gain)))
        start = self.seen.days[usable[best.first]]
        return _drift(event.at, event.scope, start, best, self._absorbed(part, top, best))

    def _faults(self, position: int) -> list[Event]:
        return [
            Event(self.seen.days[position], "data", COMPANY, "medium", self.seen.days[fault.first], fault.before,
                  fault.after, 0.0, 0.0, subject=fault.what)
            for fault in self.health.faults if fault.told == position
        ]  # fmt: skip

    def _drifts(self, position: int, day: date) -> list[Event]:
        era = [one for one in self.priorities if one.start <= day]
        if not era:
            return []
        begin = self._begin(era)
        usable = np.flatnonzero(~self.health.bad[: position + 1])
        usable = usable[usable >= begin]
        top = np.array([key in era[-1].top for key in [*self.seen.objectives, ""]])
        found = (self._scope(name, usable, top, day) for name in self.scopes)
        return [event for event in found if event]

    def _begin(self, era: Sequence[Priorities]) -> int:
        """First position since which the priorities are what they are now: re-planning is no drift."""
        start = era[-1].start
        for one in reversed(era):
            if one.rank != era[-1].rank:
                break
            start = one.start
        return sum(day < start for day in self.seen.days)

    def _scope(self, name: str, usable: Positions, top: NDArray[np.bool_], day: date) -> Event | None:
        aside = self._set_aside[name]
        if aside:
            usable = np.array([p for p in usable if p not in aside], dtype=np.int64)
        usable = self._since_intended(name, usable)[-(BASE_MOST + LAST + 12) :]
        if len(usable) < BASE_LEAST + FIRST:
            return None
        part = self.seen.effort[:, self.scopes[name]][:, :, usable]
        sums = _Sums(part[top].sum(0), part.sum(0))
        if name in self.open:
            return self._recovery(name, sums, usable, day)
        best = self._best(name, sums)
        rate = self.settings.company_alarms
        if name != COMPANY:
            rate = self.settings.team_alarms / max(1, len(self.scopes) - 1)
        if best is None or best.z < threshold(rate) or best.before - best.after < SMALLEST_FALL:
            return None
        surest, best = best.z, _most_likely(sums)
        age = sums.days - best.first
        if age < FIRST or not _lasts(sums, best):
            return None  # it began within the last days: a dip of a week looks the same so far
        if age < CLEAR and surest < threshold(rate) + AT_ONCE:
            return None
        start = self.seen.days[usable[best.first]]
        if name != COMPANY and self._part_of_the_company(start):
            return None
        event = _drift(day, name, start, best, self._absorbed(part, top, best))
        if age < SETTLED and _fades(sums, best):
            event = replace(event, severity="low")
        self.open[name] = event
        return event

    def _since_intended(self, name: str, usable: Positions) -> Positions:
        starts = [self.intended[scope] for scope in (COMPANY, name) if scope in self.intended]
        if not starts:
            return usable
        return np.array([p for p in usable if self.seen.days[p] >= max(starts)], dtype=np.int64)

    def _best(self, name: str, sums: _Sums) -> Change | None:
        """The window with the largest statistic among those in which the fall lasts."""
        first = np.arange(max(BASE_LEAST, sums.days - LAST), sums.days - FIRST + 1)
        lent = None
        if name != COMPANY:
            lent = np.array([self._lent.get(sums.days - f, 0.1) for f in first.tolist()])
        found = changes(sums, first, lent)
        if name == COMPANY:
            self._lent = {sums.days - f: s for f, s in zip(first.tolist(), found.spread.tolist(), strict=True)}
        for i in np.argsort(-found.z):
            if _lasts(sums, found.at(int(i))):
                return found.at(int(i))
        return None

    def _part_of_the_company(self, start: date) -> bool:
        """A company drift is open that began about then or before: the team is named in that one."""
        company = self.open.get(COMPANY)
        return company is not None and (start - company.start).days > -14

    def _absorbed(self, part: Array, top: NDArray[np.bool_], change: Change) -> tuple[tuple[str, float], ...]:
        """Points gained by everything that is no top objective; together they are the fall."""
        names = [*self.seen.objectives, ""]
        base = part[:, :, max(0, change.first - BASE_MOST) : change.first].sum((1, 2))
        span = part[:, :, change.first :].sum((1, 2))
        gained = 100 * (span / span.sum() - base / base.sum())
        return tuple((names[o], round(float(gained[o]), 2)) for o in np.argsort(-gained) if not top[o])

    def _recovery(self, name: str, sums: _Sums, usable: Positions, day: date) -> Event | None:
        opened, n = self.open[name], sums.days
        back = self.seen.days[usable[n - RECOVERED_AFTER]]
        recent, last = sums.ratio(n - RECOVERED_AFTER, n), sums.ratio(n - RECOVERED_AFTER // 2, n)
        bound = opened.before - 0.35 * (opened.before - opened.after)
        if back <= opened.start or min(recent, last) < bound:
            return None
        del self.open[name]
        # The days of the drift are no baseline for the next one.
        self._set_aside[name] |= {p for p, d in enumerate(self.seen.days) if opened.start <= d < back}
        return Event(
            day, "recovery", name, "low", back, opened.after, recent, recent - opened.after, recent - opened.after
        )


def _lasts(sums: _Sums, change: Change) -> bool:
    """The fall is still there: in the last days, and in what follows its first week."""
    n, week = sums.days, change.first + 5
    half = (change.before + change.after) / 2
    if sums.ratio(n - RECENT, n) > half or sums.ratio(min(n - RECENT + 1, week), n) > half:
        return False
    if n - change.first >= SETTLED:
        return True
    # After a dip people finish what they began in it, so the share comes back over days: wait and see.
    first_week = change.before - sums.ratio(change.first, min(week, n))
    later = min(n - RECENT + 1, week)
    still = change.before - sums.ratio(later, n)
    error = float(changes(sums, np.array([later])).error[0])
    return still >= STILL * first_week and still >= PERSISTS * error


def _fades(sums: _Sums, change: Change) -> bool:
    """What follows the first week is a smaller fall than that week: perhaps a dip that people are still leaving."""
    week = min(change.first + 5, sums.days - RECENT + 1)
    first_week = change.before - sums.ratio(change.first, week)
    return change.before - sums.ratio(week, sums.days) < UNFADED * first_week


def _most_likely(sums: _Sums) -> Change:
    """The first day that fits best, among all near ones: the raised window began where it was surest, not truest."""
    first = np.arange(max(BASE_LEAST, sums.days - LAST - 10), sums.days - 3)
    found = changes(sums, first)
    return found.at(int(np.argmax(found.gain)))


def _drift(day: date, scope: str, start: date, change: Change, absorbed: tuple[tuple[str, float], ...]) -> Event:
    fall = change.after - change.before
    severity = "high" if fall <= -0.15 else "medium" if fall <= -0.07 else "low"
    half = Z90 * change.error
    return Event(day, "drift", scope, severity, start, change.before, change.after, fall - half, fall + half, absorbed)
