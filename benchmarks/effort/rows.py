"""The input of an effort estimate (traces, states, capacity), and the truth to compare it with."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

PersonDay = tuple[date, int, int]
"""Day, person, item."""
Days = dict[PersonDay, float]


@dataclass(frozen=True, slots=True)
class Item:
    """A work item: `where` is issue, thread or deal; `goal` is what it truly serves ('' for nothing)."""

    id: int
    where: str
    goal: str
    kind: str = "task"


@dataclass(frozen=True, slots=True)
class Trace:
    """Something a person did on an item. `to`: todo, doing or done of a transition, the new person of an assignment."""

    day: date
    person: int
    item: int
    kind: str
    hours: float | None = None
    to: object = None


@dataclass(slots=True)
class Company:
    """The rows of one company and what was truly worked, in person-days."""

    name: str
    first: date
    last: date
    items: dict[int, Item] = field(default_factory=dict)
    traces: list[Trace] = field(default_factory=list)
    capacity: dict[tuple[int, date], float] = field(default_factory=dict)
    truth: Days = field(default_factory=lambda: defaultdict(float))
    top: frozenset[str] = frozenset()
    drift: date | None = None

    def leave(
        self, day: date, person: int, item: int, kind: str, hours: float | None = None, to: object = None
    ) -> None:
        """Note a trace."""
        self.traces.append(Trace(day, person, item, kind, hours, to))


def weekdays(first: date, last: date) -> list[date]:
    """Mondays to Fridays between two days, both included."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]


@dataclass(frozen=True, slots=True)
class Held:
    """An item was with a person from `first` to `last`; `ended` where its state or its assignee changed then."""

    person: int
    item: int
    first: date
    last: date
    ended: bool


def held(company: Company) -> list[Held]:
    """Times in which an item was in progress and assigned to a person; those that are open end with the company's last day."""
    by_item: dict[int, list[Trace]] = defaultdict(list)
    for trace in company.traces:
        if trace.kind in ("transition", "assignment"):
            by_item[trace.item].append(trace)
    return [span for item, changes in by_item.items() for span in _held(item, changes, company.last)]


def _held(item: int, changes: Iterable[Trace], last: date) -> Iterable[Held]:
    person: int | None = None
    doing, since = False, None
    for trace in changes:  # kept in the order in which they happened
        if doing and person is not None and since is not None:
            yield Held(person, item, since, trace.day, ended=True)
        if trace.kind == "assignment":
            person = trace.to if isinstance(trace.to, int) else None
        else:
            doing = trace.to == "doing"
        since = trace.day
    if doing and person is not None and since is not None:
        yield Held(person, item, since, last, ended=False)
