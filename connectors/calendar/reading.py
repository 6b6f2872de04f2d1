"""One calendar to a page: whose time its entries took, what is complete of it, what could not be read."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from connectors.base import Account, Failure, ItemKind, Signal, Span, WorkItem
from connectors.calendar.busy import (
    Person,
    Rules,
    absence_item,
    is_absence,
    is_for_days,
    item_id,
    item_of,
    others_of,
    signals_of,
    take,
    take_away,
    who_counts,
    work_item,
)
from connectors.calendar.parse import Broken, Calendar, Event

_DAY = timedelta(days=1)
EVERYBODY = "*"
"""The name of a calendar whose entries for whole days are everybody's: days on which the company is closed."""


@dataclass(slots=True)
class Reading:
    """What a page holds of a calendar. `broken` are series that could not be read; `series` those that could."""

    items: dict[str, WorkItem] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def ids(self) -> set[str]:
        """Of all items and signals."""
        return {*self.items, *(signal.external_id for signal in self.signals)}


@dataclass(slots=True)
class Reader:
    """Reads a calendar called `name` from `first` to `until`. `covered` are people whose own calendars are listed."""

    name: str
    calendar: Calendar
    covered: frozenset[str]
    rules: Rules
    first: datetime
    until: datetime
    people: dict[str, Person] = field(default_factory=lambda: defaultdict(Person))
    found: Reading = field(default_factory=Reading)
    names: dict[str, str] = field(default_factory=dict)
    _asked: set[tuple[str, str]] = field(default_factory=set)

    @property
    def owner(self) -> str | None:
        """Whose calendar it is; None where it is shared."""
        return self.name.lower() if "@" in self.name else None

    def read(self) -> Reading:
        """All of it."""
        broken: set[str] = set()
        for event in self.calendar.events(self.first - _DAY, self.until):  # all that the first day holds
            if isinstance(event, Broken):
                broken.add(event.uid)
                failure = Failure("calendar", f"calendar {self.name}", item_id(event.uid), event.reason)
                self.found.failures.append(failure)
            elif self.name == EVERYBODY:
                self._closed(event)
            else:
                self._entry(event)
        for address, person in self.people.items():
            kind = "closed" if self.name == EVERYBODY else "absence"
            signals = list(signals_of(address, person, self.calendar.zone, self.until, kind))
            self.found.signals += [signal for signal in signals if signal.at >= self.first]
        for item in {signal.item for signal in self.found.signals} - self.found.items.keys():
            self.found.items[item] = WorkItem("calendar", item, ItemKind.ABSENCE, "")
        used = {signal.item for signal in self.found.signals}
        self.found.items = {id_: item for id_, item in self.found.items.items() if id_ in used}
        self.found.accounts = [
            self._account(address) for address in {signal.account for signal in self.found.signals} if address
        ]
        self.found.series = [item_id(uid) for uid in self.calendar.series if uid not in broken]
        self._complete(broken)
        return self.found

    def _closed(self, event: Event) -> None:
        if is_for_days(event):
            for address in self.covered:
                take_away(self.people[address], event, self.calendar.zone)

    def _entry(self, event: Event) -> None:
        self.names |= {address: name for address, name in event.names.items() if name}
        item = item_of(event, self.owner)
        self._asked |= {(item, address) for address in others_of(event, self.owner, self.covered, self.rules)}
        for address in who_counts(event, self.owner, self.covered, self.rules):
            if is_absence(event, self.owner, self.rules):
                take_away(self.people[address], event, self.calendar.zone)
            else:
                self.found.items[item] = work_item(event, self.owner, self.rules)
                take(self.people[address], event, item, self.calendar.zone)

    def _account(self, address: str) -> Account:
        zone = str(self.calendar.own_zone) if self.calendar.own_zone and address == self.owner else None
        return Account("calendar", address, self.names.get(address, ""), address, time_zone=zone)

    def _complete(self, broken: set[str]) -> None:
        """What is kept of these from `first` on and not on the page has been deleted. A broken series keeps what it has, and so
        does a calendar that holds nothing at all: servers have answered so on a bad day."""
        pairs = set(self._asked)
        if self.owner:
            items = chain.from_iterable((item_id(uid), item_id(uid, self.owner)) for uid in self.calendar.series)
            pairs |= {(item, self.owner) for item in items}
        kept = {item for uid in broken for item in (item_id(uid), item_id(uid, self.owner or ""))}
        self.found.spans = [
            Span(item=item, prefix=f"{item}:{address}:", after=self.first, sure=True)
            for item, address in sorted(pairs)
            if item not in kept
        ]
        if not broken and self.calendar.series:
            kind = "closed" if self.name == EVERYBODY else "absence"
            whose = self.covered if self.name == EVERYBODY else {self.owner} if self.owner else set(self.people)
            self.found.spans += [
                Span(item=absence_item(one, kind), after=self.first, sure=True) for one in sorted(whose)
            ]
