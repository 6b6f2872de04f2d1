"""The contents of a world: the rows that a pull would store, and the truth. World builders add to `Rows`."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.base import Account, Page, Signal, WorkItem
from connectors.text import issue_keys

NEW, BUSY, DONE = "new", "indeterminate", "done"
"""Categories of a Jira status, which the connector translates every name to."""
Item = tuple[str, str]
"""Source and external id."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a team; `part` of a full week."""

    number: int
    email: str
    team: str
    part: float = 1.0

    def account(self, source: str) -> str:
        """Their id in a source."""
        return f"{source}-{self.number}"


@dataclass(frozen=True, slots=True)
class Done:
    """A piece of somebody's day. `key_result` is None for what serves none; `item` where it leaves no trace."""

    day: date
    person: int
    team: str
    key_result: str | None
    person_days: float
    item: Item | None


@dataclass(frozen=True)
class World:
    """One company's half year. `registers` are (loaded on, okrs.yaml), the first plan first; `event_at` is the first day of what
    was planted, None where nothing was. `falls` says whether the top share really falls, so that somebody should be told.
    """

    company: str
    style: str
    event: str
    registers: Sequence[tuple[date, str]]
    pages: Sequence[tuple[str, Page]]
    labels: dict[Item, str | None]
    done: Sequence[Done]
    start: date
    now: datetime
    event_at: date | None
    falls: bool

    @property
    def name(self) -> str:
        """For tables and files."""
        return f"{self.company}-{self.style}-{self.event}"


@dataclass
class Rows:
    """Collects items, signals and labels of a world, as the connectors yield them."""

    people: Sequence[Person]
    items: dict[Item, dict[str, Any]] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    labels: dict[Item, str | None] = field(default_factory=dict)
    status: dict[Item, str] = field(default_factory=dict)
    assignee: dict[Item, int | None] = field(default_factory=dict)
    _count: Any = field(default_factory=lambda: itertools.count(10_000))
    _stamps: set[str] = field(default_factory=set)

    def issue(
        self, key: str, kind: str, title: str | None, text: str | None, parent: Item | None, label: str | None
    ) -> Item:
        """A Jira issue, in nobody's hands yet. The project is the key's first part."""
        item = ("jira", str(next(self._count)))
        self.items[item] = {
            "kind": kind,
            "container": key.split("-")[0],
            "title": title,
            "text": text,
            "key": key,
            "parent": parent[1] if parent else None,
            "mentions": tuple(k for k in issue_keys(title, text) if k != key),
        }
        self.labels[item], self.status[item], self.assignee[item] = label, NEW, None
        return item

    def created(self, item: Item, at: datetime, by: Person | None) -> None:
        """Note when it came to be, once."""
        row = self.items[item]
        if "created_at" not in row:
            row["created_at"] = at
            self._add(item, f"issue:{item[1]}:created", "created", at, by)

    def move(self, item: Item, to: str, at: datetime, by: Person) -> None:
        """A change of status, where it is one."""
        if self.status[item] != to:
            self._add(
                item,
                f"change:{next(self._count)}:0",
                "transition",
                at,
                by,
                detail={"from": self.status[item], "to": to},
            )
            self.status[item] = to

    def assign(self, item: Item, to: Person, at: datetime, *, log: bool = True) -> None:
        """Somebody takes it; without `log` Jira shows only who has it last."""
        before = self.assignee[item]
        if before == to.number:
            return
        if log:
            detail = {"from": f"jira-{before}" if before is not None else None, "to": to.account("jira")}
            self._add(item, f"change:{next(self._count)}:0", "assignment", at, to, detail=detail)
        self.assignee[item] = to.number
        self.items[item]["assignee"] = to.account("jira")

    def comment(self, item: Item, at: datetime, by: Person, text: str) -> None:
        """A comment on an issue."""
        self._add(item, f"comment:{next(self._count)}", "comment", at, by, text=text)

    def log(self, item: Item, at: datetime, by: Person, hours: float) -> None:
        """A worklog, in quarters of an hour."""
        self._add(item, f"worklog:{next(self._count)}", "worklog", at, by, hours=max(0.25, round(4 * hours) / 4))

    def message(
        self, channel: str, at: datetime, by: Person, text: str, thread: Item | None = None, label: str | None = None
    ) -> Item:
        """A message in Slack: a thread of its own with a label, or a reply in one. Returns the thread."""
        while (ts := f"{at.timestamp():.6f}") in self._stamps:
            at += timedelta(microseconds=7)
        self._stamps.add(ts)
        name = f"C{channel.lstrip('#')}:{ts}"
        item = thread or ("slack", name)
        if thread is None:
            self.items[item] = {
                "kind": "message",
                "container": channel,
                "text": text,
                "mentions": issue_keys(text),
                "created_at": at,
            }
            self.labels[item] = label
        self._add(item, name, "message", at, by, text=text)
        return item

    def record(
        self, kind: str, pipeline: str, title: str | None, text: str | None, at: datetime, by: Person, label: str | None
    ) -> Item:
        """A deal or ticket."""
        item = ("hubspot", f"{kind}s:{next(self._count)}")
        self.items[item] = {
            "kind": kind,
            "container": pipeline,
            "title": title,
            "text": text,
            "created_at": at,
            "assignee": by.account("hubspot"),
            "mentions": issue_keys(title, text),
        }
        self.labels[item] = label
        self._add(item, f"{item[1]}:created", "created", at, by)
        return item

    def engagement(
        self,
        kind: str,
        title: str | None,
        text: str | None,
        at: datetime,
        by: Person,
        parent: Item | None,
        label: str | None,
        hours: float | None = None,
    ) -> Item:
        """A call, meeting, e-mail, note or task: on a deal or ticket, else an item of its own."""
        own = ("hubspot", f"{kind}s:{next(self._count)}")
        said = "\n".join(part for part in (title, text) if part) or None
        if parent is None:
            self.items[own] = {
                "kind": kind,
                "container": "",
                "title": title,
                "text": text,
                "created_at": at,
                "mentions": issue_keys(title, text),
            }
            self.labels[own] = label
        self._add(parent or own, own[1], kind, at, by, text=said, hours=hours)
        return parent or own

    def pages(self) -> list[tuple[str, Page]]:
        """One page a source. Issues that nothing ever happened to are not created and left out."""
        last: dict[Item, datetime] = {}
        for signal in self.signals:
            item = (signal.source, signal.item)
            last[item] = max(last.get(item, signal.at), signal.at)
        for item in [one for one in self.items if one in last]:
            self._with_parents(item, last)
        found = []
        for source in ("jira", "slack", "hubspot"):
            items = [
                WorkItem(source, item[1], updated_at=last[item], status=self.status.get(item), **row)
                for item, row in self.items.items()
                if item[0] == source and item in last
            ]
            accounts = [Account(source, one.account(source), f"Person {one.number}", one.email) for one in self.people]
            signals = [signal for signal in self.signals if signal.source == source]
            found.append((source, Page("all", {"read": "all"}, items, signals, accounts)))
        return found

    def _with_parents(self, item: Item, last: dict[Item, datetime]) -> None:
        """A parent is older than what hangs on it, and is pulled with it."""
        row = self.items[item]
        row.setdefault("created_at", last[item])
        name = row.get("parent")
        if name and (above := (item[0], name)) in self.items:
            mine = self.items[above]
            mine["created_at"] = min(mine.get("created_at", row["created_at"]), row["created_at"])
            last.setdefault(above, mine["created_at"])
            self._with_parents(above, last)

    def _add(self, item: Item, name: str, kind: str, at: datetime, by: Person | None, **more: Any) -> None:
        source = item[0]
        text = more.get("text")
        self.signals.append(
            Signal(
                source,
                name,
                item[1],
                kind,
                at.astimezone(UTC),
                by.account(source) if by else None,
                mentions=issue_keys(text),
                **more,
            )
        )


def top_share(done: Sequence[Done], top: frozenset[str], of: dict[str, str]) -> dict[date, float]:
    """True share of person-days on the top priorities, by the week's Monday."""
    mine: dict[date, float] = defaultdict(float)
    whole: dict[date, float] = defaultdict(float)
    for one in done:
        week = one.day - timedelta(days=one.day.weekday())
        whole[week] += one.person_days
        mine[week] += one.person_days * (of.get(one.key_result or "") in top)
    return {week: mine[week] / whole[week] for week in sorted(whole)}
