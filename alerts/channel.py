"""The interface of a channel: a place where people are notified, and the messages it is given."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from alerts.view import AlertView
from connectors.base import Check
from pipeline.drift.finding import Audience

Reference = dict[str, Any]
"""Where a message is, as its channel needs to reply below it; stored as JSON."""


class DeliveryError(Exception):
    """A channel did not take a message; `message` says why without a secret, `fix` what to do.

    `refused`: it was certainly not delivered, so nobody needs to look for it. `down`: the channel takes nothing at all
    now, so the rest waits for the next time. `lasting`: it will not pass by itself, so it is tried with growing pauses.
    """

    def __init__(
        self, message: str, fix: str = "", *, refused: bool = False, down: bool = False, lasting: bool = False
    ) -> None:
        super().__init__(f"{message} {fix}".strip())
        self.message, self.fix, self.refused, self.down, self.lasting = message, fix, refused, down, lasting

    @classmethod
    def of(cls, error: Exception) -> "DeliveryError":
        """Return the error as one of these. A fault of our own is named by its type alone: its message may contain a secret."""
        return error if isinstance(error, cls) else cls(f"unexpected {type(error).__name__}.")


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A team in a message about many: `drift` is its row."""

    drift: int
    name: str
    change: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """Many teams that fell at once, the largest fall first."""

    headline: str
    lines: tuple[GroupLine, ...]
    decision: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One message about one drift or several. `key` names it for good, so that it is found again after a crash.

    `names` are the drifts' names beyond this database, in their order.
    `again` is True where the channel cannot say whether an earlier attempt arrived. `picture` draws the weeks as PNG,
    `narrow` the same as wide as a phone; None where there are none.
    """

    key: str
    drifts: tuple[int, ...]
    content: AlertView | GroupView | str
    picture: Callable[[], bytes | None] = lambda: None
    again: bool = False
    narrow: Callable[[], bytes | None] = lambda: None
    names: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The first line: a subject, or what a notification shows."""
        return (
            self.content
            if isinstance(self.content, str)
            else self.content.title
            if isinstance(self.content, AlertView)
            else self.content.headline
        )


@dataclass(frozen=True, slots=True)
class FollowUp:
    """News about a drift that people were notified of; `person` is the Slack account that is asked, if any. `loud` news (the
    end of the alert, or that it is asked again) must also reach readers who do not open the thread."""

    key: str
    drift: int
    text: str
    person: str = ""
    loud: bool = False


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that was delivered, by this sender or by one that died before it recorded it, and the drifts it is about."""

    reference: Reference
    drifts: frozenset[int]


class Channel(Protocol):
    """A place where an audience is notified. Calls raise DeliveryError and nothing else.

    `name` is the key of its rows: it stays the same while the place moves. `place` is what people call it; `destination`
    is another one as soon as the settings of the place are. Whatever `check` tries goes the way that `send` goes.
    """

    @property
    def name(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def destination(self) -> str: ...
    @property
    def audience(self) -> Audience: ...

    def send(self, notice: Notice) -> Reference:
        """Deliver a message; returns where it is."""

    def find(self, notice: Notice, since: datetime, known: Sequence[Reference], *, tried: bool) -> SentMessage | None:
        """Look for a message that may have been delivered since then; None where there is none, or nobody can know.

        `tried` says that this database knows of an attempt; else only a message is found that a database had of which this one
        is an older backup. `known` are this channel's messages of before, the newest first.
        """

    def follow_up(self, reference: Reference, news: FollowUp, since: datetime | None) -> None:
        """Say it below the message. `since` is set where it may have been said already, from then on: it is not said twice."""

    def check(self) -> Iterator[Check]:
        """Check everything that sending needs, without delivering anything."""


def whole_lines(lines: Sequence[str], room: int, more: str, size: Callable[[str], int] = len) -> str:
    """As many lines as fit into `room`, and a last one that says how many are left out: `more` with {n}.

    >>> whole_lines(["one", "two", "three"], 16, "and {n} more")
    'one\\nand 2 more'
    """
    whole = "\n".join(lines)
    if size(whole) <= room:
        return whole
    kept = list(lines)
    while kept:
        kept.pop()
        shown = "\n".join([*kept, more.format(n=len(lines) - len(kept))])
        if size(shown) <= room:
            return shown
    return more.format(n=len(lines))
