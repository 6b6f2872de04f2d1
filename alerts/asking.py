"""Ask people by name, once per round: claim, send, record, remind once; each person independently.

A row of `ask` is a question, a round and an address. A sender claims it by a conditional update, records the attempt, sends, and
records where the message is. What may have arrived is not sent again if it would show twice: a mail keeps its Message-ID
and is repeated; a direct message is not, since people's direct messages are never read to look for it. Its reminder then
contains the whole question.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from alerts import retry
from alerts.channel import DeliveryError, Reference
from alerts.mail import without
from models import Ask, upsert
from models.changed import rows_changed

REMIND = timedelta(days=2)
"""After this long, people who have not answered are reminded once."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one person. `subject` and `text` open it; `blocks` are what Slack shows, `lines` what a mail lists, `link`
    where it is answered by mail. `account` is the person's in Slack, empty where it goes by mail."""

    kind: str
    round: str
    recipient: str
    subject: str
    text: str
    lines: tuple[str, ...] = ()
    blocks: Sequence[dict[str, Any]] = ()
    account: str = ""
    link: str = ""
    about: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        """The permanent name of the message."""
        return f"{self.kind} {self.round}"


class Way(Protocol):
    """How a question reaches somebody. Calls raise only DeliveryError. `repeats`: a message sent twice shows once."""

    repeats: bool

    def destination(self, question: Question) -> str:
        """Identifies the destination, so that a change of settings is noticed: see alerts.retry."""

    def ready(self) -> None:
        """Raise DeliveryError if nothing can be sent now."""

    def ask(self, question: Question) -> Reference:
        """Send it; returns where the message is."""

    def remind(self, question: Question, reference: Reference) -> None:
        """Remind once, below the message; repeat the whole question if it is not known to have arrived."""


@dataclass(slots=True)
class Round:
    """A round's result: how many were asked and reminded, and a sentence for each failure."""

    asked: int = 0
    reminded: int = 0
    errors: list[str] = field(default_factory=list)


def ask_all(
    sessions: sessionmaker[Session],
    pairs: Iterable[tuple[Question, Way]],
    now: Callable[[], datetime],
    waits: Callable[[Question], bool],
) -> Round:
    """Ask everyone not yet asked in this round, and remind once those who, by `waits`, have not answered. Safe to run
    concurrently."""
    found, down = Round(), dict[int, DeliveryError | None]()
    for question, way in pairs:
        if id(way) not in down:
            down[id(way)] = _down(way)
            if error := down[id(way)]:
                found.errors.append(f"{question.kind}: {error} It will be retried.")
        if down[id(way)] is not None:
            continue
        with _failing(sessions, question, way, found, down, now):
            found.asked += _ask(sessions, question, way, now)
        if down[id(way)] is None and waits(question):
            with _failing(sessions, question, way, found, down, now):
                found.reminded += _remind(sessions, question, way, now)
    return found


def _down(way: Way) -> DeliveryError | None:
    try:
        way.ready()
    except DeliveryError as error:
        return error
    return None


@contextmanager
def _failing(
    sessions: sessionmaker[Session],
    question: Question,
    way: Way,
    found: Round,
    down: dict[int, DeliveryError | None],
    now: Callable[[], datetime],
) -> Iterator[None]:
    """Record one failure and continue with the next. Permanent refusals are retried with growing pauses."""
    try:
        yield
    except SQLAlchemyError:
        raise
    except Exception as error:
        if not isinstance(error, DeliveryError):  # a bug of ours: reported as one, and no reason to stop the others
            log.error("a question failed", kind=question.kind, reason=type(error).__name__)
        refusal = DeliveryError.of(error)
        if refusal.down:
            down[id(way)] = refusal
        found.errors.append(f"{question.kind} to {question.recipient}: {refusal}")
        with sessions.begin() as session:
            row = session.get_one(Ask, (question.kind, question.round, question.recipient))
            row.claimed_at = None
            row.tried_at = None if refusal.refused else row.tried_at
            retry.failed(row, refusal, way.destination(question), now(), without(question.recipient, str(refusal)))


def _row(question: Question) -> tuple[Any, ...]:
    return Ask.kind == question.kind, Ask.round == question.round, Ask.recipient == question.recipient


def _set(sessions: sessionmaker[Session], question: Question, values: dict[str, Any]) -> None:
    with sessions.begin() as session:
        session.execute(update(Ask).where(*_row(question)).values(**values))


def _ask(sessions: sessionmaker[Session], question: Question, way: Way, now: Callable[[], datetime]) -> int:
    if (tried := _claim(sessions, question, way, now())) is None:
        return 0
    if tried and not way.repeats:
        _set(sessions, question, {"sent_at": now(), "claimed_at": None, "reference": {}})
        return 0
    _set(sessions, question, {"tried_at": now()})
    reference = way.ask(question)
    _set(sessions, question, {"sent_at": now(), "claimed_at": None, "reference": reference} | retry.WELL)
    return 1


def _claim(sessions: sessionmaker[Session], question: Question, way: Way, at: datetime) -> bool | None:
    """Claim the row by a conditional update. Returns True if an earlier sender died after trying, None if it is already
    claimed."""
    key = {"kind": question.kind, "round": question.round, "recipient": question.recipient}
    with sessions.begin() as session:
        rows = [key | {"about": question.about, "reference": {}} | retry.WELL]
        upsert(session, Ask, rows, ("kind", "round", "recipient"), keep=True)
        free = retry.is_free(Ask.claimed_at, at)
        due = retry.is_due(Ask, way.destination(question), at)
        mine = update(Ask).where(*_row(question), Ask.sent_at.is_(None), free, due).values(claimed_at=at)
        if rows_changed(session, mine) != 1:
            return None
        return session.scalar(select(Ask.tried_at).where(*_row(question))) is not None


def _remind(sessions: sessionmaker[Session], question: Question, way: Way, now: Callable[[], datetime]) -> int:
    """Claimed by being noted: at most one, whatever happens, unless it was certainly not delivered."""
    at = now()
    with sessions.begin() as session:
        due = (Ask.sent_at <= at - REMIND, Ask.reminded_at.is_(None))
        mine = update(Ask).where(*_row(question), *due).values(reminded_at=at)
        if rows_changed(session, mine) != 1:
            return 0
        reference = session.scalars(select(Ask.reference).where(*_row(question))).one()
    way.remind(question, reference)
    return 1
