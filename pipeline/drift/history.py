"""What a detector knows about each scope apart from the walk through the days: people, baseline, noise, and figures of a fall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from models.vocabulary import COMPANY
from pipeline.drift import data_health
from pipeline.drift.change_test import Change, changes, likeliest
from pipeline.drift.composition import standardised
from pipeline.drift.lineage import joined
from pipeline.drift.noise import Spread, spread
from pipeline.drift.observations import Observations, Priorities, pauses
from pipeline.drift.search import Found
from pipeline.drift.severity import Grade, assess
from pipeline.drift.sums import BASE_LEAST, BASE_MOST, WEEK, Array, Positions, Sums, codes, team_codes
from pipeline.drift.tuning import LEAST_HISTORY, TUNING, Tuning
from pipeline.share.dilution import UNDILUTED, Dilution, Size
from pipeline.share.estimate import UNSEEN, Z90

UNKNOWN = timedelta(days=5)
"""Longest gap between usable days that counts as days off (a long weekend); a longer one is missing data."""
FOUR_IN_FIVE = 0.84
"""Standard errors by which a true effect must exceed the threshold to be detected with a power of 80 %."""


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """Accepted false alarms a year, for the company and for all teams together; least people; proportion of unseen work.

    A gap to the plan is reported from `gap_points` (a fraction) on, once it has lasted `gap_weeks`.
    """

    company_alarms: float = 0.4
    team_alarms: float = 0.25
    least_people: int = 5
    unseen: float = UNSEEN
    gap_points: float = 0.04
    gap_weeks: int = 4


@dataclass(frozen=True, slots=True)
class Event:
    """An event to report. Shares are fractions; `low` and `high` are the 90 % interval of the true change (after - before).

    `before` and `after` of a drift are shares of the same people in the same teams; `mix` is the rest of the observed change,
    which comes from changes in who is present. `size` is the fall corrected for dilution (dilution.py). `absorbed_by` holds
    [objective or '', points], largest first; the points sum to the fall. `subject` is the source of a data fault or the objective
    of a shift. `start_low` and `start_high` are the 90 % interval of the start. `base` is the first day of the baseline of a
    further fall; None if the baseline is not limited.
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
    mix: float = 0.0
    size: Size | None = None
    base: date | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """A drift that is over, estimated on all its days, and the positions of the days before and in it."""

    event: Event
    base: Positions
    span: Positions


@dataclass(frozen=True)
class View:
    """A scope on its usable days: their positions, the effort on them, and its cumulative sums."""

    usable: Positions
    effort: Array
    sums: Sums

    def until(self, position: int) -> Sums:
        """Return the sums up to and including a position."""
        return self.sums.until(int(np.searchsorted(self.usable, position, "right")))


class History:
    """For each scope: its people, its baseline, its noise, and the figures of a fall in it."""

    def __init__(
        self,
        seen: Observations,
        priorities: Sequence[Priorities],
        settings: DriftSettings | None = None,
        intended: Mapping[str, date] | None = None,
        dilution: Dilution = UNDILUTED,
        tuning: Tuning = TUNING,
    ) -> None:
        """`intended`: by scope, the start of a fall that was intended; earlier days are no longer a baseline.

        A fall that the company intended applies to its teams too. `dilution`: how a true share is read in this company.
        """
        self.intended = dict(intended or {})
        self.dilution, self.tuning = dilution, tuning
        self.seen, self.settings = seen, settings or DriftSettings()
        self.joined = joined(seen)
        """Effort for the company scope, in which people's rows continue when their team is renamed, merged or split."""
        self.priorities = sorted(priorities, key=lambda one: one.start)
        self.health = self._without_pauses(data_health.check(seen))
        names = np.array(seen.teams)
        self._team_codes, self.who = team_codes(seen.teams), codes(seen.people)
        self.scopes: dict[str, Positions] = {COMPANY: np.arange(len(names))}
        for team in sorted(set(seen.teams) - {""}):
            people = np.flatnonzero(names == team)
            if len(people) >= self.settings.least_people:
                self.scopes[team] = people
        self.teams_at = self._at_work([people for name, people in self.scopes.items() if name != COMPANY])
        """Number of teams, by position, that worked within the days of a baseline; later ones do not count yet."""
        self.set_aside: dict[str, set[int]] = {name: set() for name in self.scopes}
        self.usual_of_company: Spread | None = None
        self._views: dict[tuple[object, ...], View] = {}
        self._efforts: dict[tuple[object, ...], tuple[Array, Array]] = {}
        self._spreads: dict[tuple[int, int], Spread] = {}

    def _without_pauses(self, health: data_health.Health) -> data_health.Health:
        """Exclude days between two plans: they are neither a fall from the first nor a baseline of the second."""
        free = [any(first <= day < end for first, end in pauses(self.priorities)) for day in self.seen.days]
        return replace(health, bad=health.bad | np.array(free, bool)) if any(free) else health

    def _at_work(self, teams: Sequence[Positions]) -> Positions:
        found = np.zeros(len(self.seen.days), dtype=np.int64)
        for people in teams:
            worked = np.concatenate([[0], np.cumsum(self.seen.total[people].any(0))])
            found += worked[1:] > worked[np.maximum(0, np.arange(len(found)) + 1 - BASE_MOST)]
        return found

    def _begin(self, era: Sequence[Priorities]) -> int:
        """Return the first position since which the top priorities are the present ones: re-planning is no drift."""
        start = era[-1].start
        for one in reversed(era):
            if one.top != era[-1].top:
                break
            start = one.start
        return self._position(start)

    def _position(self, day: date) -> int:
        return sum(one < day for one in self.seen.days)

    def _view(self, name: str, begin: int, looked_at: frozenset[str], since: date | None = None) -> View:
        """Return all usable days of the scope, including days after the present one; callers cut them off."""
        for scope in (COMPANY, name):
            if scope in self.intended:
                begin = max(begin, self._position(self.intended[scope]))
        if since is not None:
            begin = max(begin, self._position(since))
        key = (name, begin, looked_at, len(self.set_aside[name]))
        if key not in self._views:
            aside = self.set_aside[name]
            usable = np.array(
                [p for p in np.flatnonzero(~self.health.bad) if p >= begin and p not in aside], dtype=np.int64
            )
            effort, total = self._effort(name, begin, usable)
            rows = np.array([key in looked_at for key in self.seen.names])
            # The rise of single things is tested for the company only: teams are many and small.
            others = effort[~rows] if name == COMPANY and len(looked_at) > 1 else None
            people = self.scopes[name]
            who = None if self.who is None else self.who[people]
            sums = Sums.of(effort[rows].sum(0), total, others, self._team_codes[people], who)
            self._views[key] = View(usable, effort, sums)
        return self._views[key]

    def _effort(self, name: str, begin: int, usable: Positions) -> tuple[Array, Array]:
        """Return the scope's effort on these days and its total, shared by all objectives under test."""
        key = (name, begin, len(self.set_aside[name]))
        if key not in self._efforts:
            seen = self.joined if name == COMPANY else self.seen
            effort = seen.effort[:, self.scopes[name]][:, :, usable]
            self._efforts[key] = effort, effort.sum(0)
        return self._efforts[key]

    def _usual(self, name: str, sums: Sums) -> Spread:
        """Return the variation of people's shares; a team's is shrunk towards the company's."""
        own = self._spread(sums)
        if name == COMPANY:
            self.usual_of_company = own
        return own.borrow(self.usual_of_company) if name != COMPANY and self.usual_of_company else own

    def _spread(self, sums: Sums) -> Spread:
        """Estimate the variation on the days before the longest window, if there are enough."""
        last = max(sums.days - self.tuning.last, min(sums.days - self.tuning.first, 3 * BASE_LEAST))
        # Updating once a week is enough, and five times as fast.
        last = max(min(last, BASE_LEAST), last - last % WEEK)
        key = (id(sums.whole), last)
        if key not in self._spreads:
            self._spreads[key] = spread(sums, max(0, last - BASE_MOST), last)
        return self._spreads[key]

    def _grade(self, name: str, sums: Sums, change: Change) -> Grade:
        return assess(
            sums, change, self.tuning.sure if name == COMPANY else self.tuning.team_sure, self.dilution, self.tuning
        )

    def _event(self, day: date, name: str, view: View, sums: Sums, found: Found, top: frozenset[str]) -> Event:
        change, at = found.change, [self.seen.days[p] for p in view.usable]
        half, size = Z90 * change.error, self.dilution.size(change.fall, change.error, change.before)
        return Event(
            day,
            "drift",
            name,
            self._grade(name, sums, change).severity(self.tuning),
            at[change.first],
            change.before,
            change.after,
            -max(size.high, change.fall + half),
            -min(size.low, change.fall - half),
            self._absorbed(view, sums.days, change.first, top),
            "",
            self._may_begin(at, found.earliest),
            at[found.latest],
            change.mix,
            size,
        )

    def _may_begin(self, at: Sequence[date], place: int) -> date:
        """Return the first day on which a change seen at `place` in the days `at` may have begun: the first missing day, if more
        than a few days before it are missing."""
        if place == 0 or at[place] - at[place - 1] <= UNKNOWN:
            return at[place]
        begin, worked = at[place - 1] + timedelta(days=1), {day.weekday() for day in at}
        while begin.weekday() not in worked:
            begin += timedelta(days=1)
        return begin

    def _absorbed(self, view: View, last: int, first: int, fell: frozenset[str]) -> tuple[tuple[str, float], ...]:
        """Return the points gained by everything else; they sum to the fall."""
        base = view.effort[:, :, max(0, first - BASE_MOST) : first].sum(2)
        span = view.effort[:, :, first:last].sum(2)
        gained = 100 * standardised(base, span)[0].sum(1)
        names = self.seen.names
        return tuple((names[o], round(float(gained[o]), 2)) for o in np.argsort(-gained) if names[o] not in fell)

    def _of(self, event: Event, end: date | None = None) -> tuple[View, int, frozenset[str]]:
        """Return the view, its number of days and the top priorities of an event, up to the last day or the day before `end`."""
        last = self.seen.days[-1] if end is None else self.seen.days[self._position(end) - 1]
        era = [one for one in self.priorities if one.start <= last]
        view = self._view(event.scope, self._begin(era), era[-1].top, event.base)
        return view, int(np.searchsorted(view.usable, self._position(last), "right")), era[-1].top

    def stretches(self, event: Event, end: date | None = None) -> tuple[Positions, Positions]:
        """Return the positions of the days before and since the event's start on which its shares (see `now`) are based."""
        view, days, _ = self._of(event, end)
        first = int(np.searchsorted(view.usable, self._position(event.start)))
        return view.usable[max(0, first - BASE_MOST) : first], view.usable[first:days]

    def detectable(self) -> float | None:
        """Return the smallest true fall of the company's share, as a fraction, that is detected within eight weeks with 80 %
        power.

        Computed from this company's own noise; None while the history is too short.
        """
        days = self.seen.days
        era = [one for one in self.priorities if days and one.start <= days[-1]]
        if not era:
            return None
        sums = self._view(COMPANY, self._begin(era), era[-1].top).sums
        if sums.days < LEAST_HISTORY:
            return None
        window = np.array([min(self.tuning.last, sums.days - BASE_LEAST)])
        error = float(changes(sums, sums.days - window, self._usual(COMPANY, sums)).error[0])
        ways = 0 if sums.others is None else len(sums.others)
        needed = self.tuning.threshold(self.settings.company_alarms, window.astype(float), ways)[0] + FOUR_IN_FIVE
        return float(needed * error / self.dilution.told)

    def begins(self, people: Positions, event: Event) -> date | None:
        """Return when the fall most likely began among these people; None if they show no clear fall."""
        view, _, top = self._of(event)
        rows = np.array([key in top for key in self.seen.names])
        part = self.seen.effort[:, people][:, :, view.usable]
        sums = Sums.of(part[rows].sum(0), part.sum(0), teams=self._team_codes[people])
        near = int(np.searchsorted(view.usable, self._position(event.start)))
        first = np.arange(max(BASE_LEAST, near - 20), min(near + 20, sums.days - 3) + 1)
        if not len(first):
            return None
        found = changes(sums, first, spread(sums, max(0, int(first[0]) - BASE_MOST), int(first[0])))
        best, _, _ = likeliest(found)
        return self.seen.days[view.usable[first[best]]] if found.z[best] >= self.tuning.plain else None
