"""Load the findings' inputs from the database: effort, beliefs, streams, shares, plans, and stopped streams."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Effort, Person, Stream, Theme, ThemeAnswer
from models.session import in_batches
from models.vocabulary import COMPANY
from pipeline.effort.load import whole_since
from pipeline.effort.spent import load_spent
from pipeline.encode.encoder import Encoder
from pipeline.feedback.stream_questions import confirmed_part
from pipeline.findings.found import Inputs, Stop, StreamFacts
from pipeline.findings.load_effort import load_beliefs, streams_of
from pipeline.findings.load_lives import load_lives
from pipeline.findings.load_terms import load_usages
from pipeline.findings.load_words import load_meaning
from pipeline.findings.reports import load_gauges, load_reports
from pipeline.findings.thresholds import Thresholds
from pipeline.findings.work import NO_TEAM, Ints, Later, Work
from pipeline.register.document import Register
from pipeline.register.membership import load_teams
from pipeline.register.versions import plans
from pipeline.register.workdays import monday
from pipeline.share.floor import NOBODY
from pipeline.share.gap import weeks_of
from pipeline.steps.report import path_reports
from pipeline.streams.naming import names_of, of_largest

WEEKS = 26
WEEK = timedelta(weeks=1)
_ITEMS = 12
"""Items of a stream kept as evidence: those with the most recent work."""
_EVIDENCE = 8
"""Number of recent weeks from which evidence is taken."""


def load_inputs(
    session: Session,
    register: Register,
    last: date,
    least_people: int,
    thresholds: Thresholds,
    encoder: Encoder | None = None,
    *,
    happened: bool = True,
    effort: bool = True,
) -> Inputs | None:
    """Load everything up to `last`, the last complete day; None if no whole week is known. Inputs needed only by kinds based on
    events on items (`happened`), or only by those based on `effort`, are omitted if not wanted."""
    if not effort:
        return _of_happened(session, register, last, least_people, thresholds)
    rows = Rows(session, register, last)
    if not rows.weeks:
        return None
    return Inputs(
        last,
        register,
        rows.work(),
        rows.facts(session),
        least_people,
        thresholds,
        plans(session),
        {scope: weeks_of(session, scope, rows.weeks[0], last) for scope in (COMPANY, *rows.teams)},
        rows.stops(session, register),
        lives=load_lives(session, last, thresholds) if happened else None,
        reports=load_reports(session, register, last),
        gauges=load_gauges(session, register, last),
        steps=path_reports(session, register, _end(register, last), least_people),
        meaning=load_meaning(session, encoder.name, last, thresholds.weeks) if encoder else None,
        usages=load_usages(session, register, last, encoder) if encoder else None,
        confirmed=confirmed_part(session, register, last),
    )


def _of_happened(
    session: Session, register: Register, last: date, least_people: int, thresholds: Thresholds
) -> Inputs | None:
    """Load only the inputs of kinds based on events on items; effort is loaded when one of them uses it."""
    weeks = _worked_in(session, last, (min(WEEKS, thresholds.weeks), WEEKS))
    if weeks is None:
        return None
    work = Later(lambda: Rows(session, register, last, weeks).work())
    lives, confirmed = load_lives(session, last, thresholds), confirmed_part(session, register, last)
    return Inputs(last, register, work, {}, least_people, thresholds, lives=lives, confirmed=confirmed)


def load_stops(session: Session, register: Register, last: date) -> tuple[Sequence[date], Sequence[Stop]]:
    """Return the weeks up to `last`, and the streams that somebody stopped, with their work in these weeks."""
    rows = Rows(session, register, last)
    return rows.weeks, rows.stops(session, register) if rows.weeks else ()


def _worked_in(session: Session, last: date, spans: Sequence[int]) -> int | None:
    """Return the first of these numbers of weeks in which anybody worked: if nobody did lately, it matters whether there was work
    before. None if there was none."""
    for weeks in spans:
        first, end = _span(session, last, weeks)
        if session.scalar(select(Effort.day).where(Effort.day >= first, Effort.day < end).limit(1)) is not None:
            return weeks
    return None


def _span(session: Session, last: date, weeks: int) -> tuple[date, date]:
    """Return the first day of the last weeks, as far as they are known completely, and the Monday after them."""
    end = monday(last + timedelta(days=1))
    return max(end - weeks * WEEK, whole_since(session) or date.min), end


def _end(register: Register, last: date) -> datetime:
    """Return when the last complete day ends."""
    return datetime.combine(last + timedelta(days=1), time(), ZoneInfo(register.calendar.time_zone))


class Rows:
    """Effort by person, day and item, with the belief about each item and its stream."""

    def __init__(self, session: Session, register: Register, last: date, weeks: int = WEEKS) -> None:
        first, end = _span(session, last, weeks)
        spent = load_spent(session, first, end)
        self.day, person, self.item, self.days = spent.day, spent.person, spent.item, spent.days
        self.weeks = tuple(date.fromordinal(day) for day in np.unique(self.day - (self.day - 1) % 7).tolist())
        if self.weeks:
            count = (end - self.weeks[0]).days // 7
            self.weeks = tuple(self.weeks[0] + n * WEEK for n in range(count))
        self.teams = tuple(team.key for team in register.teams)
        self.key_results = tuple(key for _, one in register.key_results() for key in [one.key])
        team_of = load_teams(session)
        place = {key: n for n, key in enumerate(self.teams)}
        forgotten = list(session.scalars(select(Person.id).where(Person.forgotten)))
        self.person = np.where(np.isin(person, forgotten), NOBODY, person)
        self.week = (self.day - self.weeks[0].toordinal()) // 7 if self.weeks else self.day
        known, of_row = spent.person_days()
        team = [place.get(team_of.on(*pair) or "", NO_TEAM) for pair in known]
        self.team = np.array(team, dtype=np.int64)[of_row]
        self.items, self.of_item = np.unique(self.item, return_inverse=True)
        self.stream = self._streams(session, first, end)
        self.beliefs = load_beliefs(session, self.items, self.key_results, first, end)

    def _streams(self, session: Session, first: date, end: date) -> Ints:
        """Return the stream of each item; an item without one is its own stream, numbered by its negative id."""
        worked = select(Effort.work_item_id).where(Effort.day >= first, Effort.day < end)
        known = list(streams_of(session, worked))
        found = -self.items
        if known:
            streams, items = zip(*known, strict=True)
            of_item = np.repeat(streams, [len(some) for some in items])
            rows = (self.items, np.concatenate(items))
            _, here, there = np.intersect1d(*rows, assume_unique=True, return_indices=True)
            found[here] = of_item[there]
        return found

    def work(self) -> Work:
        """Return the cells: the work of one person in one week for one team on one stream."""
        from scipy.sparse import csr_array

        keys = (self.person, self.team, self.week, self.stream[self.of_item])
        names, place = zip(*(np.unique(one, return_inverse=True) for one in keys), strict=True)
        sizes = [len(one) for one in names]
        cells, inverse = np.unique(np.ravel_multi_index(place, sizes), return_inverse=True)
        spent = csr_array((self.days, (inverse, self.of_item)), shape=(len(cells), len(self.items)))
        found = np.unravel_index(cells, sizes)
        person, team, week, stream = (one[at] for one, at in zip(names, found, strict=True))
        return Work(self.weeks, self.teams, self.key_results, person, team, week, stream, spent @ self.beliefs)

    def facts(self, session: Session) -> Mapping[int, StreamFacts]:
        """Return the facts of every stream with work."""
        recent = self.week >= len(self.weeks) - _EVIDENCE
        spent = np.bincount(self.of_item[recent], self.days[recent], len(self.items))
        largest: dict[int, list[int]] = defaultdict(list)
        for n in np.argsort(-spent, kind="stable").tolist():
            mine = largest[int(self.stream[n])]
            if spent[n] > 0 and len(mine) < _ITEMS:
                mine.append(int(self.items[n]))
        begun = self._first_days()
        ids = [stream for stream in largest if stream > 0]
        days: dict[int, tuple[date, date]] = {}
        for some in in_batches(ids):
            query = select(Stream.id, Stream.first_day, Stream.last_day).where(Stream.id.in_(some))
            days |= {row.id: (row.first_day, row.last_day) for row in session.execute(query)}
        worked = self._worked_since(session, ids)
        return {
            stream: StreamFacts(*days.get(stream, (begun[stream], begun[stream])), tuple(items), worked.get(stream))
            for stream, items in largest.items()
        }

    def _worked_since(self, session: Session, ids: Sequence[int]) -> dict[int, date]:
        """Return the first day of work on each of these streams; if a theme has the same name, the theme's, which is on its
        page."""
        found = self._first(self.day)
        days = {of_largest(name): first for name, first in session.execute(select(Theme.name, Theme.first_day))}
        for some in in_batches(ids):
            names = session.execute(select(Stream.id, Stream.name).where(Stream.id.in_(some)))
            found |= {id_: days[name] for id_, name in names if name in days}
        return found

    def _first_days(self) -> dict[int, date]:
        """Return the Monday of the first week of work on each stream."""
        return self._first(self.weeks[0].toordinal() + 7 * self.week)

    def _first(self, days: Ints) -> dict[int, date]:
        """Return the first of these days by stream."""
        names, place = np.unique(self.stream[self.of_item], return_inverse=True)
        first = np.full(len(names), date.max.toordinal(), dtype=np.int64)
        np.minimum.at(first, place, days)
        return {name: date.fromordinal(day) for name, day in zip(names.tolist(), first.tolist(), strict=True)}

    def stops(self, session: Session, register: Register) -> Sequence[Stop]:
        """Return what somebody stopped, when (company time), under the name it had then: a stream's or a theme's."""
        found, zone = [], ZoneInfo(register.calendar.time_zone)
        for said in session.scalars(select(ThemeAnswer).where(ThemeAnswer.answer == "stop").order_by(ThemeAnswer.at)):
            ids = set(session.scalars(select(Stream.id).where(Stream.name == said.theme)))
            items: list[int] = next(
                iter(session.scalars(select(Theme.items).where(Theme.name.in_(names_of(said.theme))))), []
            )
            mask = np.isin(self.stream[self.of_item], list(ids)) | np.isin(self.item, items)
            if not mask.any():
                continue
            served = np.zeros((int(mask.sum()), len(self.key_results) + 1))
            served[:, -1] = self.days[mask]
            stream = self.stream[self.of_item][mask]
            work = Work(
                self.weeks,
                self.teams,
                self.key_results,
                self.person[mask],
                self.team[mask],
                self.week[mask],
                stream,
                served,
            )
            main = int(max(np.unique(stream), key=lambda one: float(self.days[mask][stream == one].sum())))
            found.append(Stop(said.theme, said.at.astimezone(zone), main, work))
        return found
