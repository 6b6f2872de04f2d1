"""Load a path's cases from what the connectors stored: the items, their events, and linked items.

An item is linked to a case if either mentions the other (by key or record address), or if one is the parent of the other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from connectors.base import SignalKind
from models import Account, Effort, Person, Signal, WorkItem
from models.session import in_batches
from pipeline.register.membership import Teams, load_teams
from pipeline.register.steps import SAID, Event, Exemption, Path, Place
from pipeline.register.workdays import monday
from pipeline.steps.case import Case, Happened, is_at, same
from pipeline.steps.clock import WorkingClock

_SIGNALS = (Signal.source, Signal.item, Signal.kind, Signal.at, Signal.account, Signal.mentions, Signal.detail)
_Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The cases of a path. `unseen` are fields that it names but no source has ever provided; `never` are statuses and stages
    that it names but no item ever reached; `come_to` are those that items did reach, most frequent first."""

    cases: Sequence[Case]
    unseen: tuple[str, ...]
    never: tuple[str, ...] = ()
    come_to: tuple[str, ...] = ()


def load_cases(session: Session, path: Path, clock: WorkingClock) -> Loaded:
    """Load every case of a path, with its events, oldest first."""
    return _Loader(session, path, clock).loaded()


def people_at_work(session: Session, team: str | None, since: date) -> dict[date, set[int]]:
    """Return, by week (its Monday), the people who worked in a team (or in the company if None), according to effort."""
    teams = load_teams(session)
    found: dict[date, set[int]] = defaultdict(set)
    query = select(Effort.day, Effort.person_id).join(Person, Person.id == Effort.person_id)
    for day, person in session.execute(query.where(Effort.day >= since, Person.forgotten.is_(False)).distinct()):
        if team is None or teams.on(person, day) == team:
            found[monday(day)].add(person)
    return found


class _Loader:
    def __init__(self, session: Session, path: Path, clock: WorkingClock) -> None:
        self.session, self.path, self.clock = session, path, clock
        self.events: tuple[Event, ...] = (path.begin, *path.steps, *([path.end] if path.end else []))
        query = select(WorkItem).where(*_in(path.case))
        self.items = [item for item in session.scalars(query.order_by(WorkItem.id)) if _is_case(item, path.case)]
        self.signals = self._signals([(item.source, item.external_id) for item in self.items])

    @cached_property
    def _teams(self) -> Teams:
        return load_teams(self.session)

    @cached_property
    def _people(self) -> dict[_Name, int]:
        query = select(Account.source, Account.external_id, Account.person_id).where(Account.person_id.is_not(None))
        return {(source, id_): person for source, id_, person in self.session.execute(query) if person is not None}

    @cached_property
    def _programs(self) -> set[_Name]:
        query = select(Account.source, Account.external_id).where(Account.bot)
        return {(source, id_) for source, id_ in self.session.execute(query)}

    def _signals(self, names: Iterable[_Name]) -> dict[_Name, list[Any]]:
        by_source: dict[str, list[str]] = defaultdict(list)
        for source, id_ in names:
            by_source[source].append(id_)
        found: dict[_Name, list[Any]] = defaultdict(list)
        for source, ids in by_source.items():
            for some in in_batches(ids):
                query = select(*_SIGNALS).where(Signal.source == source, Signal.item.in_(some))
                for row in self.session.execute(query.order_by(Signal.at, Signal.external_id)):
                    found[row.source, row.item].append(row)
        return found

    def loaded(self) -> Loaded:
        linked = self._linked()
        theirs = self._signals({(item.source, item.external_id) for some in linked.values() for item in some})
        cases = []
        for item in self.items:
            rows = self.signals[item.source, item.external_id]
            opener = _opener(item, rows)
            own = [self._happened(row, item, opener, own=True) for row in rows]
            others = [
                self._happened(row, one, None, own=False)
                for one in linked[item.id]
                for row in theirs[one.source, one.external_id]
            ]
            links = [_link(one) for one in linked[item.id] if one.created_at]
            filled, came = {one.field for one in own if one.field}, {one.name for one in own if one.name}
            cases.append(
                Case(
                    item.id,
                    item.kind,
                    item.container,
                    sorted([*own, *others], key=lambda one: one.at),
                    item.created_at,
                    links,
                    exempt=any(_exempt(one, item, filled, came) for one in self.path.exempt),
                )
            )
        told = {one.field.casefold() for case in cases for one in case.happened if one.field}
        named = dict.fromkeys(name for event in self.events for name in event.field)
        come_to = Counter(one.name for case in cases for one in case.happened if one.name)
        states = dict.fromkeys(name for event in self.events for name in event.status)
        states |= dict.fromkeys(name for one in self.path.exempt for name in one.status)
        return Loaded(
            cases,
            tuple(name for name in named if name.casefold() not in told),
            tuple(name for name in states if not any(same(name, one) for one in come_to)),
            tuple(name for name, _ in come_to.most_common()),
        )

    def _happened(self, row: Any, item: WorkItem, opener: str | None, *, own: bool) -> Happened:
        detail = row.detail or {}
        to = str(detail.get("to") or "")
        person = self._people.get((row.source, row.account or ""))
        team = self._teams.on(person, self.clock.local(row.at).date()) if person is not None else None
        filled = row.kind == SignalKind.FIELD and detail.get("filled")
        program = detail.get("automated") or (row.source, row.account or "") in self._programs
        return Happened(
            row.at,
            row.kind,
            str(detail.get("name") or (to if row.kind == SignalKind.STAGE else "")),
            "done" if detail.get("closed") else to,
            str(detail.get("field", "")) if filled else "",
            team,
            person,
            own,
            item.source,
            item.container,
            item.kind,
            answers=not (program or (own and row.kind in SAID and row.at <= (item.created_at or _NEVER_YET))),
            by_opener=opener is not None and row.account == opener,
        )

    def _linked(self) -> dict[int, list[WorkItem]]:
        """Return the items linked to each case, in the places that the path names."""
        found: dict[int, dict[int, WorkItem]] = defaultdict(dict)
        places = [place for event in self.events for place in (event.linked, event.on) if place is not None]
        for place in places:
            for case, item in self._links_to(place):
                if item.id != case.id:
                    found[case.id][item.id] = item
        return defaultdict(list, {case: list(some.values()) for case, some in found.items()})

    def _links_to(self, place: Place) -> Iterator[tuple[WorkItem, WorkItem]]:
        others = [item for item in self.session.scalars(select(WorkItem).where(*_in(place))) if _is_case(item, place)]
        by_name = {name: item for item in others for name in _names(item)}
        cases = {name: item for item in self.items for name in _names(item)}
        below = {(item.source, item.external_id): item for item in self.items}
        said = self._said({item.source for item in others})
        for item in others:
            named = [*item.mentions, *said.get((item.source, item.external_id), ())]
            yield from ((cases[name], item) for name in named if name in cases)
            above = below.get((item.source, item.parent or ""))
            if above is not None:
                yield above, item
        for case in self.items:
            rows = self.signals[case.source, case.external_id]
            named = [*case.mentions, *(name for row in rows for name in row.mentions or ())]
            yield from ((case, by_name[name]) for name in named if name in by_name)
            above = by_name.get(f"{case.source}:{case.parent}") if case.parent else None
            if above is not None:
                yield case, above

    def _said(self, sources: set[str]) -> dict[_Name, list[str]]:
        """Return the mentions in signals on items of these sources."""
        found: dict[_Name, list[str]] = defaultdict(list)
        query = select(Signal.source, Signal.item, Signal.mentions).where(
            Signal.source.in_(sorted(sources)), cast(Signal.mentions, Text) != "[]"
        )
        for source, item, mentions in self.session.execute(query):
            found[source, item] += mentions
        return found


def _in(place: Place) -> list[Any]:
    return ([WorkItem.source == place.source] if place.source else []) + (
        [WorkItem.kind.in_(place.kind)] if place.kind else []
    )


def _is_case(item: WorkItem, place: Place) -> bool:
    return is_at(_link(item), place)


_NEVER_YET = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


def _opener(item: WorkItem, rows: Sequence[Any]) -> str | None:
    """Return the account that opened the item, from its first event; None if unknown."""
    if not rows or item.created_at is None:
        return None
    first = rows[0]
    begins = first.kind == SignalKind.CREATED or (first.kind in SAID and first.at <= item.created_at)
    return first.account if begins else None


def _link(item: WorkItem) -> Happened:
    return Happened(
        item.created_at or _NEVER, "", source=item.source, container=item.container, item_kind=item.kind, own=False
    )


def _names(item: WorkItem) -> list[str]:
    """Return the names by which an item may be mentioned: its key, and its source with its id, as in an address."""
    return [*([item.key] if item.key else []), f"{item.source}:{item.external_id}"]


def _exempt(one: Exemption, item: WorkItem, filled: set[str], states: set[str]) -> bool:
    labels = {str(label).casefold() for label in item.labels}
    names = {name.casefold() for name in (item.external_id, item.external_id.rpartition(":")[2], item.key or "")}
    return (
        any(label.casefold() in labels for label in one.label)
        or any(name.casefold() in names for name in one.item)
        or any(same(item.container, name) for name in one.container)
        or any(same(have, name) for have in filled for name in one.field)
        or any(same(have, name) for have in states for name in one.status)
    )
