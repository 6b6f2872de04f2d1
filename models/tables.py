"""What we keep, in the order in which it comes to be: register, people, work, matches, effort, shares, drifts."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class RegisterVersion(Base):
    """One loaded okrs.yaml. `document` is the file as it was; the rows below are for queries."""

    __tablename__ = "register_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    loaded_at: Mapped[datetime]
    document: Mapped[str] = mapped_column(Text)


class Team(Base):
    """A team of a register version."""

    __tablename__ = "team"
    version_id: Mapped[int] = mapped_column(ForeignKey("register_version.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    lead: Mapped[str | None] = mapped_column(String(200))


class Objective(Base):
    """An objective of a register version; priority 1 is top."""

    __tablename__ = "objective"
    version_id: Mapped[int] = mapped_column(ForeignKey("register_version.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(500))
    priority: Mapped[int]
    owner: Mapped[str | None] = mapped_column(String(200))


class KeyResult(Base):
    """A key result of an objective."""

    __tablename__ = "key_result"
    version_id: Mapped[int] = mapped_column(ForeignKey("register_version.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    objective_key: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(500))
    owner: Mapped[str | None] = mapped_column(String(200))
    teams: Mapped[list[Any]] = mapped_column(default=list)


class Person(Base):
    """Somebody who works here; a team is needed before their effort counts for one.

    `forgotten` stands for all of a team's people who were forgotten together: a sum of past effort without a name.
    """

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    team: Mapped[str | None] = mapped_column(String(64))
    capacity: Mapped[float] = mapped_column(default=1.0)
    bot: Mapped[bool] = mapped_column(default=False)
    forgotten: Mapped[bool] = mapped_column(default=False)


class Account(Base):
    """A person's or bot's account in one source. `groups` are names of groups there, one a line."""

    __tablename__ = "account"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(300), default="")
    email: Mapped[str | None] = mapped_column(String(320))
    bot: Mapped[bool] = mapped_column(default=False)
    time_zone: Mapped[str | None] = mapped_column(String(64))
    groups: Mapped[str] = mapped_column(Text, default="")


class Forgotten(Base):
    """An account that must not come in again; only a digest of its id is kept."""

    __tablename__ = "forgotten"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)


class StreamCursor(Base):
    """Where the next pull of a stream begins; written in the same transaction as the page before it."""

    __tablename__ = "stream_cursor"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    stream: Mapped[str] = mapped_column(String(200), primary_key=True)
    state: Mapped[dict[str, Any]]
    pulled_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class Failure(Base):
    """An item that could not be understood and was set aside."""

    __tablename__ = "failure"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    stream: Mapped[str] = mapped_column(String(200), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


ALL_OF_IT = date(1, 1, 1)
"""`effort_from` of a new work item: all days on which anything happened on it."""


class WorkItem(Base):
    """An issue, thread, deal or ticket. Three marks say what is pending: `stale` when it or a signal on it changed since
    it was encoded, `unmatched` when it was encoded since it was matched, `effort_from` the first day whose effort its news
    can change. `text_dropped` when its words were deleted after encoding (retention), so that its vector must be kept."""

    __tablename__ = "work_item"
    __table_args__ = (
        UniqueConstraint("source", "external_id"), Index("ix_work_item_stale", "stale"),
        Index("ix_work_item_unmatched", "unmatched"), Index("ix_work_item_effort_from", "effort_from"),
        Index("ix_work_item_parent", "source", "parent"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(128))
    key: Mapped[str | None] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(64))
    container: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str | None] = mapped_column(String(128))
    title: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    labels: Mapped[list[Any]] = mapped_column(default=list)
    status: Mapped[str | None] = mapped_column(String(200))
    assignee: Mapped[str | None] = mapped_column(String(128))
    mentions: Mapped[list[Any]] = mapped_column(default=list)
    url: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    automated: Mapped[bool] = mapped_column(default=False)
    stale: Mapped[bool] = mapped_column(default=True)
    unmatched: Mapped[bool] = mapped_column(default=True)
    effort_from: Mapped[date | None] = mapped_column(default=ALL_OF_IT)
    text_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    text_dropped: Mapped[bool] = mapped_column(default=False)


class Signal(Base):
    """One thing that happened on a work item (`item` is its external id in the same source)."""

    __tablename__ = "signal"
    __table_args__ = (UniqueConstraint("source", "external_id"), Index("ix_signal_item", "source", "item"))
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(200))
    item: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(index=True)
    account: Mapped[str | None] = mapped_column(String(128))
    hours: Mapped[float | None]
    text: Mapped[str | None] = mapped_column(Text)
    mentions: Mapped[list[Any]] = mapped_column(default=list)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Vector(Base):
    """float16 vector of one distinct text under one model."""

    __tablename__ = "vector"
    text_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Match(Base):
    """Probabilities over key results of a work item; what is missing to 1 is the probability of none (`none`)."""

    __tablename__ = "match"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("register_version.id", ondelete="CASCADE"))
    probabilities: Mapped[dict[str, Any]]
    none: Mapped[float] = mapped_column(default=0.0)
    evidence: Mapped[list[Any]]


class Label(Base):
    """What a person said an item serves (None: no key result). `origin` tells an audit from a correction."""

    __tablename__ = "label"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    key_result: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]


class AuditDraw(Base):
    """An item that was drawn at random, in proportion to effort, to judge a team's shares of a week by."""

    __tablename__ = "audit_draw"
    week: Mapped[date] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), index=True)


class Question(Base):
    """An item that is worth a person's label, the most telling first."""

    __tablename__ = "question"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    rank: Mapped[int]


class Effort(Base):
    """Person-days of one person on one day on one work item."""

    __tablename__ = "effort"
    day: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    person_days: Mapped[float]


class Span(Base):
    """An item was in progress and assigned to a person from `first` to `last`, both included."""

    __tablename__ = "span"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    first: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[date] = mapped_column(primary_key=True, index=True)


class DayWork(Base):
    """Effort of one person on one day by objective ('' for none) and by source: what the detector reads, so that a cycle
    costs what is new. Written with the shares of its week."""

    __tablename__ = "day_work"
    day: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    by_objective: Mapped[dict[str, Any]]
    by_source: Mapped[dict[str, Any]]


class Capacity(Base):
    """What a person was expected to work on a day, in person-days, before absence is known."""

    __tablename__ = "capacity"
    day: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    expected: Mapped[float]


class Share(Base):
    """Share of the observed effort of a week (its Monday) on an objective, with a 90 % interval.

    `scope` is `company` or a team's key; `objective` is a key, '' for work that serves none, or `top`.
    """

    __tablename__ = "share"
    week: Mapped[date] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    objective: Mapped[str] = mapped_column(String(64), primary_key=True)
    share: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    coverage: Mapped[float]
    person_days: Mapped[float]


class Theme(Base):
    """A cluster of work that serves no key result."""

    __tablename__ = "theme"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    first_day: Mapped[date]
    person_days: Mapped[float]
    recent_person_days: Mapped[float]
    teams: Mapped[list[Any]]
    items: Mapped[list[Any]]


OPEN_STATES = ("raised", "acknowledged", "snoozed")
"""States of a drift that is not over. It ends as recovered, intended, deepened (a further fall took its place), replanned
(the priorities changed) or superseded (with what became known, it would not have been raised)."""
NOTED = "noted"
"""State of what is said once and has no life of its own: a shift between objectives."""


class Drift(Base):
    """A sustained change of a share (kind `drift`), a shift between objectives (`objective`, `subject` is the one that lost)
    or a fault of the data (`data`, `subject` is the source). `start_low` and `start_high` bound the start with 90 %.

    `message_ts` is set once it was told; `claimed_at` while somebody tries.

    `said` holds what the last message in its thread said, so that the next one says only what changed.
    """

    __tablename__ = "drift"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    scope: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(16))
    raised_on: Mapped[date]
    ended_on: Mapped[date | None]
    start: Mapped[date]
    start_low: Mapped[date | None]
    start_high: Mapped[date | None]
    before: Mapped[float]
    after: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    absorbed_by: Mapped[list[Any]]
    explanation: Mapped[dict[str, Any]] = mapped_column(default=dict)
    channel: Mapped[str | None] = mapped_column(String(64))
    message_ts: Mapped[str | None] = mapped_column(String(64))
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    snoozed_until: Mapped[date | None]
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Decision(Base):
    """What somebody decided about a drift: acknowledged, snoozed, intended, assigned. `by` is their account or role.

    `nonce` names the request, so that one that comes twice is kept once.
    """

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    drift_id: Mapped[int] = mapped_column(ForeignKey("drift.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
    nonce: Mapped[str] = mapped_column(String(200), unique=True)


class ThemeAnswer(Base):
    """What a lead or the COO said about a theme: continue, reshape or stop. By name, since themes are found anew."""

    __tablename__ = "theme_answer"
    theme: Mapped[str] = mapped_column(String(200), primary_key=True)
    by: Mapped[str] = mapped_column(String(64), primary_key=True)
    answer: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]


class Secret(Base):
    """A key that this installation made for itself, to sign links and sessions."""

    __tablename__ = "secret"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class UsedLink(Base):
    """A one-time link that was followed."""

    __tablename__ = "used_link"
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class Digest(Base):
    """A weekly digest that was sent; one a week and recipient."""

    __tablename__ = "digest"
    week: Mapped[date] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(String(64), primary_key=True)
    sent_at: Mapped[datetime]


class Lease(Base):
    """Who works on something that only one at a time may; see pipeline/lease.py."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]


class Part(Base):
    """A piece of a stage that is pending; whoever does it deletes it in the transaction that holds the results."""

    __tablename__ = "part"
    __table_args__ = (UniqueConstraint("stage", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Basis(Base):
    """A digest of what a stage's results rest on beside the data; where it differs, all of them are made again."""

    __tablename__ = "basis"
    stage: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    items: Mapped[int] = mapped_column(default=0)


class DeadTask(Base):
    """A task that failed for good, with the reason; kept until somebody looks (`leeway doctor`)."""

    __tablename__ = "dead_task"
    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(String(100))
    about: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Tally(Base):
    """A count that only grows, by name and label: what many processes did, for the metrics."""

    __tablename__ = "tally"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[float]


class Cycle(Base):
    """One run of all stages, with what each took and did. `stage` is the one in hand; `through` is the last day that
    drift was looked for."""

    __tablename__ = "cycle"
    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    through: Mapped[date | None]
    stage: Mapped[str | None] = mapped_column(String(32))
    seconds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
