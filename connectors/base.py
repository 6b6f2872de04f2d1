"""Shared by all sources: the records they yield and the errors they raise.

A connector knows one source and no database. It yields pages; whoever consumes them decides what to keep. Each page carries
the cursor that is valid once the page has been stored, so a puller that is killed repeats at most one page.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from connectors.errors import (
    BadAnswer,
    CredentialError,
    NotFound,
    NotReachable,
    RateLimited,
    ScopeError,
    SourceError,
    SourceUnavailable,
    Unexpected,
)
from connectors.metrics import Metrics

__all__ = ["BadAnswer", "CredentialError", "NotFound", "NotReachable", "RateLimited", "ScopeError", "SourceError"]
__all__ += ["SourceUnavailable", "Unexpected"]
Cursor = Mapping[str, Any]
"""A JSON object that only its own connector reads; None stands for the beginning."""


class SignalKind(StrEnum):
    """What happened. The values are stored in databases."""

    CREATED = "created"
    TRANSITION = "transition"
    ASSIGNMENT = "assignment"
    EDIT = "edit"
    COMMENT = "comment"
    WORKLOG = "worklog"
    MESSAGE = "message"
    STAGE = "stage"
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    NOTE = "note"
    TASK = "task"
    COMMIT = "commit"
    REVIEW = "review"
    FIELD = "field"
    """One of the item's listed fields was filled or cleared."""
    ABSENCE = "absence"
    """Somebody is off for `hours` of that day: not an activity, but less capacity."""


class ItemKind(StrEnum):
    """What a work item is. The values are stored in databases; an issue of a custom type is an `ISSUE`."""

    EPIC = "epic"
    STORY = "story"
    TASK = "task"
    BUG = "bug"
    SUBTASK = "sub-task"
    ISSUE = "issue"
    MESSAGE = "message"
    MAIL = "mail"
    DEAL = "deal"
    TICKET = "ticket"
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    NOTE = "note"
    PULL_REQUEST = "pull request"
    COMMIT = "commit"
    ABSENCE = "absence"


class State(StrEnum):
    """The state of a work item. `UNKNOWN` is not `TODO`: a status that cannot be looked up means nothing. `LEFT`: not visible."""

    TODO = "new"
    DOING = "indeterminate"
    DONE = "done"
    UNKNOWN = "unknown"
    LEFT = "left"


class Words(StrEnum):
    """Where the words that describe a work item are."""

    ITEM = "item"
    """Only in the item: comments on it respond to its title."""
    SIGNALS = "signals"
    """Only in its signals: a thread's first message is a signal too."""
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Traits:
    """What the stages need to know of a source, so that none of them asks for a source by its name.

    `label` is what people call it. `keys` finds names of its items in anybody's text (PAY-12), as `WorkItem.key` holds
    them. Items of an `evidence` kind that name another item are evidence for that one; all others are work of their own.
    Items of a `containers` kind hold other items and are not worked on themselves. `customers`: its items are about
    customers. `loggers` print secrets at debug level and are silenced. `metrics` is what it can measure.
    """

    source: str
    label: str
    keys: Callable[[str], Iterable[str]] = lambda _text: ()
    words: Words = Words.BOTH
    evidence: frozenset[ItemKind] = frozenset()
    containers: frozenset[ItemKind] = frozenset({ItemKind.EPIC})
    status: frozenset[SignalKind] = frozenset({SignalKind.TRANSITION})
    customers: bool = False
    loggers: tuple[str, ...] = ()
    metrics: Metrics | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A person's or a bot's account in one source. `groups` are the names of its user groups or teams there."""

    source: str
    external_id: str
    name: str = ""
    email: str | None = None
    bot: bool = False
    time_zone: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What signals are about. Ids are the source's own and never change; `key` is the name people use, `former` older names."""

    source: str
    external_id: str
    kind: str
    container: str
    title: str | None = None
    text: str | None = None
    key: str | None = None
    parent: str | None = None
    labels: tuple[str, ...] = ()
    status: str | None = None
    assignee: str | None = None
    mentions: tuple[str, ...] = ()
    url: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    automated: bool = False
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that happened. `hours` is set only where the source states a duration.

    `item` is the external id of the work item; `detail` holds what a transition or assignment changed.
    """

    source: str
    external_id: str
    item: str
    kind: str
    at: datetime
    account: str | None = None
    hours: float | None = None
    text: str | None = None
    mentions: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """One record that could not be understood; it is set aside with the reason and the rest goes on.

    `external_id` is what `Connector.again` needs to read it once more.
    """

    source: str
    stream: str
    external_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Span:
    """What a page holds completely: whatever else is kept there is missing in the source.

    Missing is not deleted: what is missing is removed once `Connector.confirm` has found that it is not there. A `sure`
    span needs no such proof, since the record itself lists all that belongs to it.
    With `item`: all signals on that item, or only those whose id begins with `prefix`; with `container`: all items of
    it; of the time from `after` (inclusive) to `before` (exclusive), None being open.
    """

    item: str | None = None
    prefix: str = ""
    container: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    sure: bool = False


class Suspect(NamedTuple):
    """A stored signal or, if `item` is its own id, a stored work item, missing from a complete answer."""

    external_id: str
    item: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer of the source held, and the cursor that is right once it is stored (None: as it was).
    `read` names the records that were understood, as Failure.external_id does, so that older failures are forgotten; `gone` items
    and signals that the source no longer has, `left` those that are by now where nothing is listed. `reached`: how far back.
    """

    stream: str
    cursor: Cursor | None
    items: Sequence[WorkItem] = ()
    signals: Sequence[Signal] = ()
    accounts: Sequence[Account] = ()
    failures: Sequence[Failure] = ()
    read: Sequence[str] = ()
    spans: Sequence[Span] = ()
    gone: Sequence[str] = ()
    reached: datetime | None = None
    left: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `leeway check`."""

    name: str
    ok: bool
    found: str
    fix: str = ""


class Choosable(Protocol):
    """A source that can list what is available before anything is configured: for `leeway init`."""

    def names(self) -> list[str]:
        """Return what its token can see and the settings may list: projects, channels, pipelines. Raises SourceError."""
        ...

    def people(self) -> "Iterator[Page]":
        """Yield its accounts with their groups; no pages if it knows none. Raises SourceError."""
        ...


class Connector(Protocol):
    """One source. See docs/connectors.md for how to add one."""

    name: str

    def check(self, since: datetime) -> list[Check]:
        """Check what a pull back to `since` needs, one line per capability. Never raises for what the source refuses."""
        ...

    def streams(self) -> list[str]:
        """Return the names of the independent streams, each with its own cursor. May query the source."""
        ...

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """Yield what is new since the cursor; where there is none, what is recent.

        Pulling again from any page's cursor yields at least all that came after that page; what is
        yielded twice carries the same ids. Raises SourceError.
        """
        ...

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """Yield the rest, newest first and down to `since`: history not read yet, old threads with news.

        May be stopped after any page and continued from its cursor. Raises SourceError.
        """
        ...

    def again(self, stream: str, records: Sequence[str]) -> Iterator[Page]:
        """Read these records once more (Failure.external_id). Raises SourceError."""
        ...

    def sweep(self, known: Iterable[str]) -> Iterator[Page]:
        """Find what a source does not announce: deletions, and edits of what is not read again anyway.

        `known` are the external ids of all items and signals that are kept, in order. Raises SourceError.
        """
        ...

    def confirm(self, stream: str, suspects: Sequence[Suspect]) -> list[str]:
        """Ask for each of these by itself; return the external ids of those that the source says are not there.

        Only a not-found is a deletion: what cannot be read, or is left out of an answer, stays. Raises SourceError. A
        source without this method is believed where it leaves something out.
        """
        ...
