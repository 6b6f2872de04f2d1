"""Detect drift: a sustained fall in the share of work on the top priorities. Arrays in, events out; no storage.

At the end of each working day, for windows of several lengths that end on that day, the share in the window is compared with that
of the same people in the same teams in the days before it (composition.py). The difference is divided by its standard error,
which is clustered by person (change_test.py) and so accounts for tasks that span days, part time and absence. The largest ratio
is the statistic of a generalised likelihood ratio test over the unknown day of the change (Siegmund & Venkatraman 1995; Lai
1995). The threshold follows from the accepted number of false alarms a year. docs/drift.md has the figures, tuning.py the
constants.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np

from models.vocabulary import COMPANY
from pipeline.drift.change_test import LEAST_COMMON, changes, likeliest
from pipeline.drift.history import Closed, DriftSettings, Event, History, View
from pipeline.drift.observations import Observations, Priorities
from pipeline.drift.reported import reported
from pipeline.drift.search import Found, Wanted, search
from pipeline.drift.severity import Severity
from pipeline.drift.sums import BASE_LEAST, Positions, Sums
from pipeline.drift.tuning import LEAST_HISTORY, TUNING, Tuning
from pipeline.drift.turnover import Gone, gone_teams, mix_changes
from pipeline.share.dilution import UNDILUTED, Dilution

_log = logging.getLogger(__name__)
__all__ = ["LEAST_HISTORY", "Detector", "DriftSettings", "Event"]


class Detector(History):
    """Walks through the days once; what it raises on a day depends on the days up to it only."""

    def __init__(
        self,
        seen: Observations,
        priorities: Sequence[Priorities],
        settings: DriftSettings | None = None,
        intended: Mapping[str, date] | None = None,
        dilution: Dilution = UNDILUTED,
        tuning: Tuning = TUNING,
    ) -> None:
        """See History."""
        super().__init__(seen, priorities, settings, intended, dilution, tuning)
        self.open: dict[str, Event] = {}
        self.closed: dict[tuple[str, date], Closed] = {}
        """Drifts that are over, by scope and the day they were raised."""
        self.era = 0
        self.resting: dict[str, Event] = {}
        self.ended: dict[str, int] = {}
        self.shifted: dict[str, date] = {}
        self.severity: dict[str, Severity] = {}
        self.loud_since: dict[tuple[str, date], date] = {}
        """First day on which a drift was above low severity, by scope and the day it was raised."""
        self.failed: set[str] = set()
        """Scopes for which a computation failed."""
        self.gone: list[Gone] = gone_teams(self.scopes, seen.total)
        self.mixed = mix_changes(
            self.scopes, seen, self.joined, self.priorities, self.health.bad, self.settings.least_people, self.who
        )

    def run(self) -> list[Event]:
        """Return all events in chronological order."""
        return [event for n in range(len(self.seen.days)) for event in (*self.reported(n), *self.walk(n))]

    def reported(self, position: int) -> list[Event]:
        """Return what is reported on a day regardless of open drifts."""
        return reported(self.seen, self.health, self.mixed, self.gone, position)

    def walk(self, position: int) -> list[Event]:
        """Advance to the next day; return what is raised or ends on it."""
        self._end_of_gone(position)
        return [] if self.health.bad[position] else self._drifts(position, self.seen.days[position])

    def now(self, event: Event, end: date | None = None) -> Event:
        """Return the event with start, shares and absorbers re-estimated on all days, or on those before `end`."""
        view, days, top = self._of(event, end)
        sums, near = view.sums.until(days), int(np.searchsorted(view.usable, self._position(event.start)))
        least = self.tuning.deeper_least if event.base else BASE_LEAST
        first = np.arange(max(least, near - 12), min(near + 12, days - 3) + 1)
        if not len(first):
            return event
        found = changes(sums, first, self._usual(event.scope, sums))
        best, low, high = likeliest(found)
        if found.people[best] < self.settings.least_people:
            return event  # keep the figures from when there were enough people
        fall = Found(found.at(best), 0.0, int(first[low]), int(first[high]))
        current = replace(self._event(event.at, event.scope, view, sums, fall, top), base=event.base)
        followed = self.severity.get(event.scope) if self.open.get(event.scope) == event else None
        return replace(current, severity=followed.now) if followed else current

    def _end_of_gone(self, position: int) -> None:
        """Close the open drift of a team that is gone."""
        for gone in self.gone:
            if gone.told == position:
                self._close(gone.team, self.seen.days[gone.first])
                self.resting.pop(gone.team, None)

    def _drifts(self, position: int, day: date) -> list[Event]:
        era = [one for one in self.priorities if one.start <= day]
        if not era:
            return []
        begin, top = self._begin(era), era[-1].top
        if begin != self.era:
            self.era, self.resting = begin, {}
            self._close_all(day)  # they were measured against priorities that no longer hold
        if era[-1].end is not None and day >= era[-1].end:
            # The plan has run out: nothing drifts from it until a plan with the same priorities holds.
            self.resting |= self.open
            self._close_all(day)
            return []
        self.open, self.resting = self.open | self.resting, {}
        found = [event for name in self.scopes if (event := self._guarded(name, begin, top, position))]
        if COMPANY not in self.open and not any(event.scope == COMPANY for event in found):
            found += self._shifts(begin, era[-1], position)
        return found

    def _guarded(self, name: str, begin: int, top: frozenset[str], position: int) -> Event | None:
        """As _scope, but a failed computation in one scope does not lose the others."""
        try:
            return self._scope(name, begin, top, position)
        except (ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
            if name not in self.failed:
                _log.exception("drift cannot be computed for %s from %s on", name, self.seen.days[position])
            self.failed.add(name)
            return None

    def _scope(self, name: str, begin: int, top: frozenset[str], position: int) -> Event | None:
        day, opened, tuning = self.seen.days[position], self.open.get(name), self.tuning
        view = self._view(name, begin, top)
        sums = view.until(position)
        if opened is not None:
            recovered = self._recovery(name, sums, view.usable, day)
            if recovered is not None:
                self.ended[name] = position
                if name == COMPANY:
                    self._teams_came_back(opened.start, top, position)
                return recovered
            self._follow(opened, view, sums, position)
            # A fallen share may fall further: compare it with its level since the fall.
            view = self._view(name, begin, top, opened.start)
            sums = view.until(position)
        if name == COMPANY:
            self._usual(name, sums)  # needed even if the company has no fall: teams are shrunk towards it
        wanted = self._wanted(name, position, further=opened is not None)
        found = search(sums, partial(self._usual, name, sums), wanted, tuning)
        if found is None or (found.margin < tuning.at_once and self._too_soon(name, position)):
            return None
        if opened and (
            found.margin < tuning.further or found.change.fall < tuning.deeper * (opened.before - opened.after)
        ):
            return None
        if name != COMPANY and self._part_of_the_company(self.seen.days[view.usable[found.change.first]]):
            return None
        event = self._event(day, name, view, sums, found, top)
        if name != COMPANY and event.severity == "low":
            return None  # may be a week's dip of a few people: wait
        if opened is not None:
            self._close(name, event.start)
            event = replace(event, base=opened.start)
        self.open[name] = event
        self.severity[name] = Severity(event.severity, event.size.middle if event.size else 0.0, position)
        if event.severity != "low":
            self.loud_since[name, day] = day
        return event

    def _wanted(self, name: str, position: int, *, further: bool) -> Wanted:
        history = self.tuning.deeper_least if further else BASE_LEAST
        smallest = self.tuning.smallest_fall * self.dilution.told
        alarms = self.settings.company_alarms
        if name != COMPANY:
            alarms = self.settings.team_alarms / self.tuning.few / max(1, int(self.teams_at[position]))
        return Wanted(alarms, smallest, self.settings.least_people, history)

    def _follow(self, opened: Event, view: View, sums: Sums, position: int) -> None:
        """Update the severity of an open drift with today's estimate."""
        first = int(np.searchsorted(view.usable, self._position(opened.start)))
        if not BASE_LEAST <= first <= sums.days - 3:
            return
        change = changes(sums, np.array([first]), self._usual(opened.scope, sums)).at(0)
        followed = self.severity[opened.scope]
        if followed.update(self._grade(opened.scope, sums, change), position, self.tuning) and followed.now != "low":
            self.loud_since.setdefault((opened.scope, opened.at), self.seen.days[position])

    def _too_soon(self, name: str, position: int) -> bool:
        """Return True just after the scope's last drift ended, or after untrustworthy days: only a clear fall is raised then."""
        ended, tuning = self.ended.get(name), self.tuning
        unusual = int(self.health.bad[max(0, position - tuning.wary) : position].sum())
        return (ended is not None and position - ended < tuning.cooldown) or unusual >= tuning.unusual

    def _part_of_the_company(self, start: date) -> bool:
        """Return True if a company drift is open that began around then or earlier: it names the team already."""
        company = self.open.get(COMPANY)
        return company is not None and (start - company.start).days > -14

    def _shifts(self, begin: int, now: Priorities, position: int) -> list[Event]:
        """Return objectives that lost to other objectives while the share of the top priorities held steady."""
        events: list[Event] = []
        alarms = self.settings.company_alarms / max(1, len(now.rank))
        for key in self.seen.objectives:
            if key not in now.rank:
                continue
            view = self._view(COMPANY, begin, frozenset([key]), self.shifted.get(key))
            sums = view.until(position)
            wanted = Wanted(alarms, self.tuning.smallest_shift, self.settings.least_people)
            found = search(sums, partial(self._spread, sums), wanted, self.tuning)
            if found is None or found.change.fall < self.tuning.smallest_shift:
                continue
            whole = self._view(COMPANY, begin, now.top, self.shifted.get(key)).until(position)
            top = changes(whole, np.array([found.change.first]), self._spread(whole)).at(0)
            event = self._event(self.seen.days[position], COMPANY, view, sums, found, frozenset([key]))
            taken = sum(points for name, points in event.absorbed_by if name and points > 0)
            if abs(top.z) > self.tuning.steady or taken < self.tuning.taken * 100 * found.change.fall:
                continue
            self.shifted[key] = event.start
            events.append(replace(event, kind="objective", subject=key))
        return events

    def _recovery(self, name: str, sums: Sums, usable: Positions, day: date) -> Event | None:
        opened, n, after = self.open[name], sums.days, self.tuning.recovered_after
        back = self.seen.days[usable[n - after]]
        start = int(np.searchsorted(usable, self._position(opened.start)))
        if back <= opened.start or not 0 < start < n - after or sums.in_common(start, n - after, n) < LEAST_COMMON:
            return None
        still = max(float(sums.fall(start, first, n)[0]) for first in (n - after, n - after // 2))
        if still > self.tuning.recovered * (opened.before - opened.after):
            return None
        recent = sums.share(n - after, n)
        self._close(name, back)
        # The days of the drift are no baseline for the next one.
        self.set_aside[name] |= self._between(opened.start, back)
        return Event(
            day, "recovery", name, "low", back, opened.after, recent, recent - opened.after, recent - opened.after
        )

    def _close(self, name: str, end: date) -> None:
        """Close an open drift, re-estimated on all its days before `end`: when raised, it rested on its first weeks only."""
        if name not in self.open:
            return
        opened = self.open[name]
        event = self.now(opened, end) if end > opened.start else opened
        self.closed[name, opened.at] = Closed(event, *self.stretches(event, end))
        del self.open[name]

    def _close_all(self, end: date) -> None:
        for name in list(self.open):
            self._close(name, end)

    def _between(self, first: date, end: date) -> set[int]:
        return {p for p, d in enumerate(self.seen.days) if first <= d < end}

    def _teams_came_back(self, began: date, top: frozenset[str], position: int) -> None:
        """Set aside the days of teams that fell and recovered with the company.

        That alert covered them, so these days are neither a baseline nor the start of a team's next fall. A team may recover a
        few days later than the company.
        """
        for team in self.scopes.keys() - {COMPANY, *self.open}:
            view = self._view(team, self.era, top)
            sums = view.until(position)
            start, end = int(np.searchsorted(view.usable, self._position(began))), sums.days
            back = end - self.tuning.recovered_after // 2
            if not 0 < start < back or sums.in_common(start, back, end) < LEAST_COMMON:
                continue
            fell, still = (float(sums.fall(start, *days)[0]) for days in ((start, back), (back, end)))
            if fell >= self.tuning.smallest_fall and still <= self.tuning.recovered * fell:
                self.set_aside[team] |= self._between(began, self.seen.days[view.usable[back]])
