"""Notify everybody exactly once: claim, send, record, follow up, heal; each row of each channel independently.

A row of `notification` is a drift and a channel. A sender claims it by a conditional update, records the attempt, sends, and
records where the message is. If it dies in between, the record remains: the next sender looks for the message before sending
again. The model is healthchecks' sendalerts, where a level change is a row.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from alerts import retry
from alerts.ageing import ageing, asked_again
from alerts.channel import Channel, DeliveryError, FollowUp, Notice, Reference, SentMessage
from alerts.news import Said, fall_of, news_about, reminder
from alerts.notices import Composer, together
from alerts.view import Terms
from alerts.waiting import news_of
from models import NOTED, OPEN_STATES, Decision, Drift, Notification, upsert
from models.changed import rows_changed
from pipeline.drift.findings import kinds_for
from pipeline.drift.gaps import GAP
from pipeline.feedback.decisions import wake_snoozed
from pipeline.register.document import Register
from pipeline.register.gone import told_in

BACKUP = timedelta(days=31)
"""So old may the backup be after which a message is found that was sent before it was restored."""
KNOWN = 20
"""So many of a channel's messages help it to find where it is."""
_AT_ONCE = 12
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Delivered:
    """A round's result: messages, follow-ups, and a sentence for each channel and message that failed."""

    notices: int = 0
    follow_ups: int = 0
    errors: tuple[str, ...] = ()


def notify(
    sessions: sessionmaker[Session],
    register: Register,
    channels: Sequence[Channel],
    terms: Terms,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Delivered:
    """Notify each channel's audience of what it was not notified of, and say what changed. Safe with many workers at once.

    Channels are served side by side: one that is down, slow or gone holds up no other.
    """
    with sessions.begin() as session:
        wake_snoozed(session, now().date())
    if not channels:
        return Delivered()
    composer = Composer(sessions, register, terms)
    with ThreadPoolExecutor(min(len(channels), _AT_ONCE)) as pool:
        rounds = list(pool.map(lambda one: _Round(sessions, register, one, composer, now).run(), channels))
    return Delivered(
        sum(one.notices for one in rounds),
        sum(one.follow_ups for one in rounds),
        tuple(error for one in rounds for error in one.errors),
    )


class _Round:
    """One round of one channel."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        register: Register,
        channel: Channel,
        composer: Composer,
        now: Callable[[], datetime],
    ) -> None:
        self.sessions, self.channel, self.composer, self.now = sessions, channel, composer, now
        with sessions() as session:
            gaps = session.scalars(select(Drift).where(Drift.kind == GAP))
            self.said = Said.of(told_in(session, register, *gaps), now(), session)
        self.errors: list[str] = []
        self.failed: set[int] = set()
        self.down = False

    def run(self) -> Delivered:
        """Send new messages first, then changes, then reminders of decisions that are due."""
        with self.sessions() as session:
            news = news_of(session, self.channel.name, self.channel.audience, self.now().date())
            paused = self._paused(session)
            waiting = together([drift for drift in news if drift.id not in paused])
        notices = sum(self._notify(drifts) for drifts in waiting)
        follow_ups = self._follow_up() + self._remind()
        return Delivered(notices, follow_ups, tuple(self.errors))

    def _paused(self, session: Session) -> set[int]:
        """Drifts of which this channel is not to be notified yet, or no more: it refused them before."""
        where, now = self.channel.destination, self.now()
        refused = select(Notification).where(Notification.channel == self.channel.name, Notification.refused > 0)
        return {row.drift_id for row in session.scalars(refused) if retry.waits(row, where, now)}

    @contextmanager
    def _failing(self, what: str, rows: Sequence[int]) -> Iterator[None]:
        """Release the rows if the channel does not accept the message, and continue with the next one."""
        try:
            yield
        except SQLAlchemyError:
            raise
        except Exception as error:
            if not isinstance(error, DeliveryError):  # a bug of ours: reported as one, and no reason to stop the others
                log.error("delivery failed", channel=self.channel.place, reason=type(error).__name__)
            refusal = DeliveryError.of(error)
            self.down = refusal.down
            next_ = self._give_back(rows, refusal)
            self.errors.append(f"{self.channel.place}: {what} could not be delivered: {refusal} {next_}")

    def _give_back(self, rows: Sequence[int], error: DeliveryError) -> str:
        """Release the rows with the reason; returns what happens next. A refusal counts once per round."""
        next_ = ""
        with self.sessions.begin() as session:
            for row in session.scalars(select(Notification).where(Notification.id.in_(rows))):
                row.claimed_at, row.error = None, str(error)
                if error.refused:
                    row.tried_at = None
                if row.id not in self.failed:
                    retry.failed(row, error, self.channel.destination, self.now())
                next_ = retry.what_next(row)
        self.failed |= set(rows)
        return next_

    def _notify(self, drifts: Sequence[Drift]) -> int:
        # Whoever has the first row has the group: two senders that each hold a part of it would wait for each other.
        if self.down or (first := self._claim(drifts[0])) is None:
            return 0
        rows = [(drifts[0], first)]
        rows += [(drift, row) for drift in drifts[1:] if (row := self._claim(drift)) is not None]
        ids = [row.id for _, row in rows]
        tried = [row.tried_at for _, row in rows if row.tried_at is not None]
        with self._failing("the alert", ids):
            notice = self.composer.notice([drift for drift, _ in rows])
            found = self._find(notice, min(tried, default=None))
            if found is None:
                self._set(ids, {"tried_at": self.now()})
                reference = self.channel.send(replace(notice, again=bool(tried)))
                found = SentMessage(reference, frozenset(notice.drifts))
            for drift, row in rows:
                if drift.id in found.drifts:
                    self._record(drift, row, found.reference)
                else:  # it joined the group after the message that was found
                    self._set([row.id], {"claimed_at": None, "tried_at": None})
            return 1
        return 0

    def _find(self, notice: Notice, since: datetime | None) -> SentMessage | None:
        """The message of an attempt since then; without one, that of a database of which this one is an older backup."""
        mine = select(Notification.reference).where(
            Notification.channel == self.channel.name, Notification.sent_at.is_not(None)
        )
        with self.sessions() as session:
            known = list(session.scalars(mine.order_by(Notification.sent_at.desc()).limit(KNOWN)))
        if since is not None:
            return self.channel.find(notice, since, known, tried=True)
        try:
            return self.channel.find(notice, self.now() - BACKUP, known, tried=False)
        except DeliveryError:  # to send it is what counts, and says why it cannot be
            return None

    def _claim(self, drift: Drift) -> Notification | None:
        """Claim the row by a conditional update: exactly one of many senders sees one row changed. None if it is already
        claimed."""
        key = {"drift_id": drift.id, "channel": self.channel.name}
        with self.sessions.begin() as session:
            upsert(session, Notification, [key], ("drift_id", "channel"), keep=True)
            mine = and_(Notification.drift_id == drift.id, Notification.channel == self.channel.name)
            return self._take(session, mine, Notification.sent_at.is_(None))

    def _take(self, session: Session, mine: ColumnElement[bool], *still: ColumnElement[bool]) -> Notification | None:
        free = retry.is_free(Notification.claimed_at, self.now())
        due = retry.is_due(Notification, self.channel.destination, self.now())
        statement = update(Notification).where(mine, *still, free, due).values(claimed_at=self.now())
        if rows_changed(session, statement) != 1:
            return None
        row = session.scalars(select(Notification).where(mine)).one()
        session.expunge(row)
        return row

    def _record(self, drift: Drift, row: Notification, reference: Reference) -> None:
        self._set([row.id], {"reference": reference, "sent_at": self.now(), **_said(drift)})

    def _set(self, rows: Sequence[int], values: dict[str, Any]) -> None:
        with self.sessions.begin() as session:
            session.execute(update(Notification).where(Notification.id.in_(rows)).values(**values))

    def _follow_up(self) -> int:
        """Post below each message what changed since the last post: its end, or its size."""
        told = (
            select(Notification, Drift)
            .join(Drift, Drift.id == Notification.drift_id)
            .where(
                Notification.channel == self.channel.name,
                Notification.sent_at.is_not(None),
                Drift.state != NOTED,
            )
        )
        with self.sessions() as session:
            pairs = session.execute(told.order_by(Notification.id)).all()
        said = 0
        for row, drift in pairs:
            news = news_about(drift, row, self.said)
            mine = None if self.down or news is None else self._claim_news(row)
            if mine is None or news is None:
                continue
            with self._failing("news", [row.id]):
                self._set([row.id], {"tried_at": self.now()})
                self.channel.follow_up(row.reference, news, mine.tried_at)
                self._set([row.id], _said(drift))
                said += 1
        return said

    def _claim_news(self, row: Notification) -> Notification | None:
        """The same for a follow-up: it succeeds only while the last post is unchanged."""
        same = (Notification.said_state == row.said_state, Notification.said_fall == row.said_fall)
        with self.sessions.begin() as session:
            return self._take(session, Notification.id == row.id, *same)

    def _remind(self) -> int:
        """On the day that a decision was to be taken by, and where nobody decided for long, say so below the message, once."""
        kinds = kinds_for(self.channel.audience)
        # Somebody who was asked before another one was need not be reminded, nor of a day that was put off.
        last = select(func.max(Decision.id)).where(Decision.kind == "assigned").group_by(Decision.drift_id)
        query = (
            select(Decision.id, Decision.note, Drift, Notification)
            .join(Drift, Drift.id == Decision.drift_id)
            .join(Notification, Notification.drift_id == Drift.id)
            .where(
                Decision.id.in_(last),
                Drift.kind.in_(kinds),
                Drift.state.in_(OPEN_STATES),
                Notification.channel == self.channel.name,
                Notification.sent_at.is_not(None),
            )
        )
        with self.sessions() as session:
            rows = session.execute(query.order_by(Decision.id)).all()
            asked = ageing(session, self.channel.name, kinds, self.now())
            asked += asked_again(session, self.channel.name, kinds, self.said)
            due = [(mark, news, row, "") for mark, news, row in asked]
        for decision, note, drift, row in rows:
            if (news := reminder(drift, decision, note, self.said.today)) is not None:
                due.append((f"remind-{decision} {self.channel.name}"[:200], news, row, note))
        said = 0
        for nonce, news, row, note in due:
            waits = self.down or retry.waits(row, self.channel.destination, self.now())
            if not waits and self._note_reminder(nonce, news, note):
                said += self._say_reminder(nonce, row, news)
        return said

    def _note_reminder(self, nonce: str, news: FollowUp, note: str) -> bool:
        kept = {
            "drift_id": news.drift,
            "kind": "reminded",
            "by": "leeway",
            "at": self.now(),
            "note": note,
            "nonce": nonce,
        }
        with self.sessions.begin() as session:
            return bool(upsert(session, Decision, [kept], ("nonce",), keep=True))

    def _say_reminder(self, nonce: str, row: Notification, news: FollowUp) -> int:
        said = 0
        with self._failing("a reminder", [row.id]):
            try:
                self.channel.follow_up(row.reference, news, None)
                said = 1
                if row.id not in self.failed:
                    self._set([row.id], retry.WELL)
            finally:
                if not said:
                    with self.sessions.begin() as session:
                        session.execute(delete(Decision).where(Decision.nonce == nonce))
        return said


def _said(drift: Drift) -> dict[str, Any]:
    said = {"said_state": drift.state, "said_fall": fall_of(drift)}
    return said | {"claimed_at": None, "tried_at": None} | retry.WELL
