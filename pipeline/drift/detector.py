"""Drift: a sustained fall of the share of work on the top priorities. Arrays in, events out; knows no storage.

At the end of each working day, for every window of the last FIRST to LAST working days, the share in the window is
compared with the share in the days before it, and the difference is divided by its standard error, which is clustered
by person (changes.py), so tasks that last for days, part time and absence are in it. The largest of these ratios is the
statistic of a generalised likelihood ratio test over the day of the change (Siegmund & Venkatraman 1995; Lai 1995). The
threshold follows from the wanted number of false alarms a year. docs/drift.md has the figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from scipy import special

from models.vocabulary import COMPANY
from pipeline.drift import data_health
from pipeline.drift.change_test import (
    BASE_LEAST,
    BASE_MOST,
    Array,
    Change,
    Positions,
    Spread,
    Sums,
    changes,
    likeliest,
    spread,
)
from pipeline.drift.observations import Observations, Priorities
from pipeline.share.estimate import UNSEEN, Z90

FIRST, LAST = 8, 40
"""Shortest and longest window in working days. Eight: a dip of one week must not carry an alarm by itself."""
RECENT = 4
"""The fall must still be there in the last days: a dip that has ended is no drift."""
STILL, SETTLED = 0.65, 20
"""Until so many days have passed, what follows the first week must show this part of its fall ..."""
PERSISTS = 1.7
"""... and be a fall by itself, by so many standard errors."""
WEEK, SURE, TEAM_SURE = 5, 2.5, 3.5
"""A drift is of low severity unless what is left of it without its worst week is a fall by so many standard errors."""
CLEAR, AT_ONCE = 10, 0.7
"""A fall younger than two weeks is raised at once only where it is this much clearer than it needs to be."""
GATHERING = 1.6
"""While the last days are lower still than the fall by so many standard errors, another change is under way: wait."""
COOLDOWN = 20
"""So many days after a drift of the scope ended, only a clear fall is raised."""
UNUSUAL, WARY = 3, 20
"""The same holds where so many of the last days could not be trusted: people come back to what was left lying."""
PLAIN = 2.5
"""A part's own fall is plain from so many standard errors on."""
LEAST_HISTORY = BASE_LEAST + FIRST
"""Working days that must be known before anything is raised."""
SMALLEST_FALL = 0.03
SMALLEST_SHIFT = 0.05
STEADY = 1.5
"""The top share stands, beside a shift between objectives, where its own change is not surer than this."""
TAKEN = 0.6
"""So much of what an objective lost must have gone to other objectives: else it is no shift between them."""
DEEPER_LEAST, DEEPER, FURTHER = 15, 0.75, 0.45
"""Days that a drift must have been there before it can fall further; by which part of its own fall, and how clearly."""
LOOKS = 1700.0
"""Working days in a year's effective number of independent looks, see `threshold`."""
WAYS = 0.6
"""By how much each other thing that is looked at adds to them."""
RECOVERED_AFTER = 10


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """How often an alarm may be false, a year: for the company, and for all teams taken together; and what is measured."""

    company_alarms: float = 0.4
    team_alarms: float = 0.25
    least_people: int = 5
    unseen: float = UNSEEN


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to say. Shares are parts of one; `low` and `high` bound the change (after - before) with 90 %.

    `absorbed_by` holds [objective or '', points], the largest first; the points add up to the fall. `subject` is the
    source of a data fault, or the objective of a shift. `start_low` and `start_high` bound the start with 90 %.
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
    start_low: date | None = None
    start_high: date | None = None


def threshold(alarms_a_year: float, days: Array, ways: int = 0) -> Array:
    """Statistic above which to raise, by length of the window, for a wanted number of false alarms of one scope a year.

    A year holds many short stretches and few long ones, so a short window must be surer for the same number of false
    alarms (the penalty for scale of Dümbgen & Spokoiny 2001). `ways` is how many other things are looked at as what took the
    place. LOOKS and WAYS are measured on organisations without an event.
    """
    chance = max(alarms_a_year, 1e-4) * days / (LOOKS * (1 + WAYS * ways))
    found: Array = -special.ndtri(np.minimum(0.5, chance))
    return found


@dataclass(frozen=True, slots=True)
class _Found:
    """A fall that is worth raising: as it fits best, how far its surest window is above the threshold, and the first and
    last position that fit nearly as well as its start."""

    change: Change
    margin: float
    earliest: int
    latest: int


@dataclass(frozen=True)
class _View:
    """What a scope shows on the days that can be used: their positions, effort there, and its running sums."""

    usable: Positions
    effort: Array
    sums: Sums

    def until(self, position: int) -> Sums:
        """The sums up to a position and with it."""
        return self.sums.until(int(np.searchsorted(self.usable, position, "right")))


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
        self.health = data_health.check(seen)
        names = np.array(seen.teams)
        self.scopes: dict[str, Positions] = {COMPANY: np.arange(len(names))}
        for team in sorted(set(seen.teams) - {""}):
            people = np.flatnonzero(names == team)
            if len(people) >= self.settings.least_people:
                self.scopes[team] = people
        self.open: dict[str, Event] = {}
        self._set_aside: dict[str, set[int]] = {name: set() for name in self.scopes}
        self._company: Spread | None = None
        self._era = 0
        self._ended: dict[str, int] = {}
        self._shifted: dict[str, date] = {}
        self._views: dict[tuple[object, ...], _View] = {}

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
        last = len(self.seen.days) - 1
        era = [one for one in self.priorities if one.start <= self.seen.days[last]]
        view = self._view(event.scope, self._begin(era), era[-1].top)
        near = int(np.searchsorted(view.usable, self._position(event.start)))
        first = np.arange(max(BASE_LEAST, near - 12), min(near + 12, view.sums.days - 3) + 1)
        if not len(first):
            return event
        found = changes(view.sums, first, self._usual(event.scope, view.sums))
        best, low, high = likeliest(found)
        fall = _Found(found.at(best), 0.0, int(first[low]), int(first[high]))
        return self._event(event.at, event.scope, view, view.sums, fall, era[-1].top)

    def stretches(self, event: Event) -> tuple[Positions, Positions]:
        """Positions of the days before and since the event's start that its shares were taken from, as `now` gives it."""
        era = [one for one in self.priorities if one.start <= self.seen.days[-1]]
        usable = self._view(event.scope, self._begin(era), era[-1].top).usable
        first = int(np.searchsorted(usable, self._position(event.start)))
        return usable[max(0, first - BASE_MOST) : first], usable[first:]

    def begins(self, people: Positions, event: Event) -> date | None:
        """When the fall most likely began among these people; None where theirs is not clear."""
        era = [one for one in self.priorities if one.start <= self.seen.days[-1]]
        view = self._view(event.scope, self._begin(era), era[-1].top)
        rows = np.array([key in era[-1].top for key in self.seen.names])
        part = self.seen.effort[:, people][:, :, view.usable]
        sums = Sums.of(part[rows].sum(0), part.sum(0))
        near = int(np.searchsorted(view.usable, self._position(event.start)))
        first = np.arange(max(BASE_LEAST, near - 20), min(near + 20, sums.days - 3) + 1)
        if not len(first):
            return None
        found = changes(sums, first, spread(sums, max(0, int(first[0]) - BASE_MOST), int(first[0])))
        best, _, _ = likeliest(found)
        return self.seen.days[view.usable[first[best]]] if found.z[best] >= PLAIN else None

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
        begin, top = self._begin(era), era[-1].top
        if begin != self._era:
            self._era = begin
            self.open.clear()  # measured against priorities that hold no more
        found = [event for name in self.scopes if (event := self._scope(name, begin, top, position))]
        if COMPANY not in self.open and not any(event.scope == COMPANY for event in found):
            found += self._shifts(begin, era[-1], position)
        return found

    def _begin(self, era: Sequence[Priorities]) -> int:
        """First position since which the priorities are what they are now: re-planning is no drift."""
        start = era[-1].start
        for one in reversed(era):
            if one.rank != era[-1].rank:
                break
            start = one.start
        return self._position(start)

    def _position(self, day: date) -> int:
        return sum(one < day for one in self.seen.days)

    def _view(self, name: str, begin: int, looked_at: frozenset[str], since: date | None = None) -> _View:
        """All days of the scope that can be used, those after the present one too: callers cut."""
        for scope in (COMPANY, name):
            if scope in self.intended:
                begin = max(begin, self._position(self.intended[scope]))
        if since is not None:
            begin = max(begin, self._position(since))
        key = (name, begin, looked_at, len(self._set_aside[name]))
        if key not in self._views:
            aside = self._set_aside[name]
            usable = np.array(
                [p for p in np.flatnonzero(~self.health.bad) if p >= begin and p not in aside], dtype=np.int64
            )
            effort = self.seen.effort[:, self.scopes[name]][:, :, usable]
            rows = np.array([key in looked_at for key in self.seen.names])
            # Teams are many and small; the company alone is asked what one thing gained.
            others = effort[~rows] if name == COMPANY and len(looked_at) > 1 else None
            self._views[key] = _View(usable, effort, Sums.of(effort[rows].sum(0), effort.sum(0), others))
        return self._views[key]

    def _scope(self, name: str, begin: int, top: frozenset[str], position: int) -> Event | None:
        day, opened = self.seen.days[position], self.open.get(name)
        view = self._view(name, begin, top)
        sums = view.until(position)
        rate = self.settings.company_alarms
        if name != COMPANY:
            rate = self.settings.team_alarms / max(1, len(self.scopes) - 1)
        if opened is not None:
            recovered = self._recovery(name, sums, view.usable, day)
            if recovered is not None:
                self._ended[name] = position
                return recovered
            # What has fallen may fall further: measured against its own level since then.
            view = self._view(name, begin, top, opened.start)
            sums = view.until(position)
        found = self._search(name, sums, rate, DEEPER_LEAST if opened else BASE_LEAST)
        if found is None or (found.margin < AT_ONCE and self._too_soon(name, position)):
            return None
        if opened and (found.margin < FURTHER or found.change.fall < DEEPER * (opened.before - opened.after)):
            return None
        if name != COMPANY and self._part_of_the_company(self.seen.days[view.usable[found.change.first]]):
            return None
        event = self._event(day, name, view, sums, found, top)
        if name != COMPANY and event.severity == "low":
            return None  # a week's dip of a few people: wait
        self.open[name] = event
        return event

    def _too_soon(self, name: str, position: int) -> bool:
        """Only a clear fall is raised just after the scope's last drift ended, or after days that tell nothing."""
        ended = self._ended.get(name)
        unusual = int(self.health.bad[max(0, position - WARY) : position].sum())
        return (ended is not None and position - ended < COOLDOWN) or unusual >= UNUSUAL

    def _search(self, name: str, sums: Sums, alarms: float, history: int = BASE_LEAST) -> _Found | None:
        """The fall that is to be raised on the last day of the sums; None where there is none."""
        first = np.arange(max(history, sums.days - LAST), sums.days - FIRST + 1)
        if not len(first):
            return None
        usual = self._usual(name, sums)
        found = changes(sums, first, usual)
        ways = 0 if sums.others is None else len(sums.others)
        clear = found.sure - threshold(alarms, (sums.days - first).astype(float), ways)
        order = [int(i) for i in np.argsort(-clear) if clear[i] >= 0]
        surest = next((i for i in order if _lasts(sums, found.at(i), usual)), None)
        if surest is None or found.at(surest).fall < SMALLEST_FALL:
            return None
        near = np.arange(max(history, sums.days - LAST - 10), sums.days - 3)
        around = changes(sums, near, usual)
        best, low, high = likeliest(around)
        change = around.at(best)
        age = sums.days - change.first
        if age < FIRST or not _lasts(sums, change, usual):
            return None  # it began within the last days: a dip of a week looks the same so far
        if age < CLEAR and clear[surest] < AT_ONCE:
            return None
        if age > FIRST and clear[surest] < AT_ONCE:
            fresh = np.arange(max(change.first + 3, sums.days - FIRST + 1), sums.days - 2)
            if len(fresh) and changes(sums, fresh, usual, change.first).z.max() > GATHERING:
                return None
        return _Found(change, float(clear[surest]), int(near[low]), int(near[high]))

    def _usual(self, name: str, sums: Sums) -> Spread:
        """What people's shares do from stretch to stretch, from the days before the longest window where there are
        enough; a team's is drawn towards the company's."""
        last = max(sums.days - LAST, min(sums.days - FIRST, 3 * BASE_LEAST))
        own = spread(sums, max(0, last - BASE_MOST), last)
        if name == COMPANY:
            self._company = own
        return own.borrow(self._company) if name != COMPANY and self._company else own

    def _part_of_the_company(self, start: date) -> bool:
        """A company drift is open that began about then or before: the team is named in that one."""
        company = self.open.get(COMPANY)
        return company is not None and (start - company.start).days > -14

    def _event(self, day: date, name: str, view: _View, sums: Sums, found: _Found, top: frozenset[str]) -> Event:
        change, at = found.change, [self.seen.days[p] for p in view.usable]
        half = Z90 * change.error
        severity = _severity(sums, change, SURE if name == COMPANY else TEAM_SURE)
        return Event(
            day, "drift", name, severity, at[change.first], change.before, change.after, -change.fall - half,
            -change.fall + half, self._absorbed(view, sums.days, change.first, top), "", at[found.earliest], at[found.latest],
        )  # fmt: skip

    def _absorbed(self, view: _View, last: int, first: int, fell: frozenset[str]) -> tuple[tuple[str, float], ...]:
        """Points gained by everything but what fell; together they are the fall."""
        base = view.effort[:, :, max(0, first - BASE_MOST) : first].sum((1, 2))
        span = view.effort[:, :, first:last].sum((1, 2))
        gained = 100 * (span / span.sum() - base / base.sum())
        names = self.seen.names
        return tuple((names[o], round(float(gained[o]), 2)) for o in np.argsort(-gained) if names[o] not in fell)

    def _shifts(self, begin: int, now: Priorities, position: int) -> list[Event]:
        """Objectives that lost to other objectives, while the share of the top priorities stands."""
        events: list[Event] = []
        alarms = self.settings.company_alarms / max(1, len(now.rank))
        for key in self.seen.objectives:
            if key not in now.rank:
                continue
            view = self._view(COMPANY, begin, frozenset([key]), self._shifted.get(key))
            sums = view.until(position)
            found = self._search(COMPANY, sums, alarms)
            if found is None or found.change.fall < SMALLEST_SHIFT:
                continue
            whole = self._view(COMPANY, begin, now.top, self._shifted.get(key)).until(position)
            top = changes(whole, np.array([found.change.first]), self._usual(COMPANY, whole)).at(0)
            event = self._event(self.seen.days[position], COMPANY, view, sums, found, frozenset([key]))
            taken = sum(points for name, points in event.absorbed_by if name and points > 0)
            if abs(top.z) > STEADY or taken < TAKEN * 100 * found.change.fall:
                continue
            self._shifted[key] = event.start
            events.append(replace(event, kind="objective", subject=key))
        return events

    def _recovery(self, name: str, sums: Sums, usable: Positions, day: date) -> Event | None:
        opened, n = self.open[name], sums.days
        back = self.seen.days[usable[n - RECOVERED_AFTER]]
        recent, last = sums.share(n - RECOVERED_AFTER, n), sums.share(n - RECOVERED_AFTER // 2, n)
        bound = opened.before - 0.35 * (opened.before - opened.after)
        if back <= opened.start or min(recent, last) < bound:
            return None
        del self.open[name]
        # The days of the drift are no baseline for the next one.
        self._set_aside[name] |= {p for p, d in enumerate(self.seen.days) if opened.start <= d < back}
        return Event(
            day, "recovery", name, "low", back, opened.after, recent, recent - opened.after, recent - opened.after
        )


def _lasts(sums: Sums, change: Change, usual: Spread) -> bool:
    """The fall is still there: in the last days, and in what follows its first week."""
    n, week = sums.days, change.first + WEEK
    half = (change.before + change.after) / 2
    if sums.share(n - RECENT, n) > half or sums.share(min(n - RECENT + 1, week), n) > half:
        return False
    if n - change.first >= SETTLED:
        return True
    # After a dip people finish what they began in it, so the share comes back over days: wait and see.
    first_week = change.before - sums.share(change.first, min(week, n))
    later = min(n - RECENT + 1, week)
    still = change.before - sums.share(later, n)
    error = float(changes(sums, np.array([later]), usual).error[0])
    return still >= STILL * first_week and still >= PERSISTS * error


def _severity(sums: Sums, change: Change, sure: float) -> str:
    """By what is left of the fall without its worst week, so that a dip alone is never more than low."""
    first, last = change.first, sums.days
    if last - first < WEEK + RECENT:
        return "low"
    weeks = np.arange(first, last - WEEK + 1)
    total = sums.total.sum(0)
    top = sums.top.sum(0)
    rest = (total[last] - total[first]) - (total[weeks + WEEK] - total[weeks])
    share = ((top[last] - top[first]) - (top[weeks + WEEK] - top[weeks])) / np.maximum(rest, 1e-9)
    left = change.before - float(share.max())
    if left < sure * change.error * ((last - first) / (last - first - WEEK)) ** 0.5:
        return "low"
    return "high" if left >= 0.15 else "medium" if left >= 0.07 else "low"
