"""From a source into the database: each page and its cursor in one transaction, nothing twice, nothing kept that is gone.

The streams of a source are read by a few threads at once, since most of their time is waiting; the pages are stored
by the caller's thread alone, in order within each stream.
"""

import gc
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import structlog
from sqlalchemy import JSON, String, Table, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, Cursor, Page, SourceError
from connectors.base import Failure as SetAside
from models import Account, Failure, Forgotten, Signal, StreamCursor, WorkItem, upsert
from models.base import Base
from pipeline import parts
from pipeline.effort_stage import FROM, day_before
from pipeline.forget import digest_of
from pipeline.work import in_lots

log = structlog.get_logger()
THREADS = 4
"""Streams read at once. The rate limits are shared, so this hides waiting and does not ask for more."""
SWEEP_EVERY = timedelta(hours=24)
SWEEP = "sweep"
"""The name under which the daily sweep keeps its time among the streams."""
_ITEM_NEWS = ("updated_at", "title", "text", "status", "assignee", "parent", "key", "container")
_SIGNAL_NEWS = ("at", "text", "hours", "account", "item")
_TELL_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _End:
    """A stream's thread is done with it: to its end, or with an error."""

    stream: str
    error: Exception | None = None


def pull(
    connector: Connector, sessions: sessionmaker[Session], since: datetime,
    progress: Callable[[str, int], None] | None = None, budget: timedelta | None = None, threads: int = THREADS,
) -> dict[str, int]:  # fmt: skip
    """Pull every stream of a source: first what is new in all of them, then the past, newest first.

    With `budget`, the past is left for the next pull once so much time has gone. Returns {"signals": new or changed
    ones, "failures": items set aside, "removed": items and signals the source no longer has, "unfinished": streams
    whose past is not all read}. A stream that fails keeps its last good cursor and the error is kept with it; the others
    go on, and the first error is raised at the end.
    """
    with _few_collections():
        return _pull(connector, sessions, since, progress, budget, threads)


@contextmanager
def _few_collections() -> Iterator[None]:
    """A page is thousands of small objects without cycles; looking for cycles in them costs a tenth of the pull."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _pull(
    connector: Connector, sessions: sessionmaker[Session], since: datetime,
    progress: Callable[[str, int], None] | None, budget: timedelta | None, threads: int,
) -> dict[str, int]:  # fmt: skip
    counts = {"signals": 0, "failures": 0, "removed": 0, "unfinished": 0}
    enough = time.monotonic() + budget.total_seconds() if budget is not None else None
    streams = connector.streams()
    failed = _in_threads(connector, sessions, streams, counts, progress, None, threads,
                         lambda stream, cursor: connector.pull(stream, cursor, since))  # fmt: skip
    rest = [stream for stream in streams if stream not in failed]
    eta = _Eta(connector.name, since)

    def past(stream: str, cursor: Cursor | None) -> Iterator[Page]:
        return connector.earlier(stream, cursor, since) if cursor else iter(())

    failed |= _in_threads(connector, sessions, rest, counts, progress, enough, threads, past, eta)
    if failed:
        raise next(iter(failed.values()))
    return counts


class _Eta:
    """How far back each stream has come, and how long the rest will take at this pace."""

    def __init__(self, source: str, since: datetime) -> None:
        self._source, self._since, self._began, self._told = source, since, time.monotonic(), time.monotonic()
        self._first: dict[str, datetime] = {}

    def saw(self, page: Page) -> None:
        if page.reached is None:
            return
        first = self._first.setdefault(page.stream, page.reached)
        now = time.monotonic()
        if now - self._told < _TELL_EVERY_SECONDS or page.reached >= first:
            return
        self._told = now
        pace = (first - page.reached) / (now - self._began)
        left = max(timedelta(), page.reached - self._since) / pace
        log.info("backfill", source=self._source, stream=page.stream, back_to=page.reached.date().isoformat(),
                 minutes_left=round(left / 60))  # fmt: skip


def _in_threads(
    connector: Connector, sessions: sessionmaker[Session], streams: Sequence[str], counts: dict[str, int],
    progress: Callable[[str, int], None] | None, enough: float | None, threads: int,
    read: Callable[[str, Cursor | None], Iterator[Page]], eta: _Eta | None = None,
) -> dict[str, SourceError]:  # fmt: skip
    """Read the streams and store their pages; returns the errors by stream. Anything else that is raised stops all."""
    cursors = _cursors(sessions, connector.name, streams)
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for stream in streams:
        waiting.put(stream)
    pages: queue.Queue[Page | _End] = queue.Queue(maxsize=threads)
    stop = threading.Event()

    def put(one: Page | _End) -> bool:
        while not stop.is_set():
            try:
                pages.put(one, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        while not stop.is_set():
            try:
                stream = waiting.get_nowait()
            except queue.Empty:
                return
            error: Exception | None = None
            try:
                for page in read(stream, cursors.get(stream)):
                    if not put(page):
                        return
            except Exception as caught:  # carried to the caller's thread
                error = caught
            put(_End(stream, error))

    # Daemons: one that waits for a rate limit must not keep a stopped process alive.
    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(threads, len(streams)))]
    for worker in workers:
        worker.start()
    failed: dict[str, SourceError] = {}
    left = set(streams)
    with sessions() as session:
        retention = session.scalar(select(WorkItem.id).where(WorkItem.text_dropped).limit(1)) is not None
    try:
        while left:
            if enough is not None and time.monotonic() > enough:
                counts["unfinished"] += len(left)
                break
            try:
                one = pages.get(timeout=1.0)
            except queue.Empty:
                continue
            if isinstance(one, _End):
                left.discard(one.stream)
                if isinstance(one.error, SourceError):
                    failed[one.stream] = one.error
                elif one.error is not None:
                    raise one.error
                _finish(sessions, connector.name, one.stream, str(one.error) if one.error else None, eta is not None)
                continue
            with sessions.begin() as session:
                new, removed = store(session, connector.name, one, retention=retention)
            counts["signals"] += new
            counts["removed"] += removed
            counts["failures"] += len(one.failures)
            if eta:
                eta.saw(one)
            if progress:
                progress(one.stream, new)
    finally:
        stop.set()
    return failed


def retry_failed(connector: Connector, sessions: sessionmaker[Session]) -> dict[str, int]:
    """Read again what was set aside; returns {"read": understood now or gone, "failures": still set aside}."""
    with sessions() as session:
        rows = session.execute(
            select(Failure.stream, Failure.external_id).where(Failure.source == connector.name)
        ).all()
    aside: dict[str, list[str]] = defaultdict(list)
    for stream, record in rows:
        aside[stream].append(record)
    for stream, records in aside.items():
        for page in connector.again(stream, records):
            with sessions.begin() as session:
                store(session, connector.name, page)
    with sessions() as session:
        left = session.scalar(select(func.count()).select_from(Failure).where(Failure.source == connector.name)) or 0
    return {"read": len(rows) - left, "failures": left}


def sweep(connector: Connector, sessions: sessionmaker[Session]) -> dict[str, int]:
    """Take away what the source no longer has and take over silent edits; returns {"signals", "removed"}."""
    counts = {"signals": 0, "removed": 0}
    for page in connector.sweep(_known(sessions, connector.name)):
        with sessions.begin() as session:
            new, removed = store(session, connector.name, page)
        counts["signals"] += new
        counts["removed"] += removed
    with sessions.begin() as session:
        _note_sweep(session, connector.name)
    return counts


def sweep_is_due(sessions: sessionmaker[Session], source: str) -> bool:
    """Whether the last sweep is a day old. The first comes a day after the first pull: until then all is fresh."""
    with sessions() as session:
        last = session.scalar(select(StreamCursor.finished_at).where(
            StreamCursor.source == source, StreamCursor.stream == SWEEP
        ))  # fmt: skip
        first = session.scalar(select(StreamCursor.pulled_at).where(StreamCursor.source == source).limit(1))
        if last is None and first is not None:
            _note_sweep(session, source)
            session.commit()
            return False
    return last is not None and datetime.now(UTC) - last >= SWEEP_EVERY


def _note_sweep(session: Session, source: str) -> None:
    now = datetime.now(UTC)
    row = {"source": source, "stream": SWEEP, "state": {}, "pulled_at": now, "finished_at": now, "error": None}
    upsert(session, StreamCursor, [row], ("source", "stream"))


def _known(sessions: sessionmaker[Session], source: str) -> Iterator[str]:
    """Ids of all items, then of all signals, each in the order of their bytes; read as they are wanted."""
    for table in (WorkItem, Signal):
        with sessions() as session:
            postgresql = session.get_bind().dialect.name == "postgresql"
            column = table.external_id.collate("C") if postgresql else table.external_id
            query = select(table.external_id).where(table.source == source).order_by(column)
            yield from session.scalars(query, execution_options={"yield_per": 5_000})


def store(session: Session, source: str, page: Page, *, retention: bool = True) -> tuple[int, int]:
    """Write one page with its cursor; returns (signals new or changed, items and signals removed).

    `retention` is False where the caller knows that no words were ever dropped.
    """
    door = _Door(session, source)
    left_over = _left_over(session, source, page)
    accounts = door.fit(Account, page.stream, (
        _columns(one) | {"groups": "\n".join(one.groups), "email": (one.email or "").lower() or None} for one in page.accounts
    ))  # fmt: skip
    upsert(session, Account, accounts, ("source", "external_id"), ("name", "email", "bot", "time_zone", "groups"))
    authors = {one.external_id: one.account for one in page.signals} if door.forgotten else {}
    dropped = _dropped(session, source, page) if retention else set()
    items = door.fit(WorkItem, page.stream, (
        _item_row(one, authors.get(one.external_id), door, dropped) for one in page.items
    ))  # fmt: skip
    known = _known_items(session, source, page)
    new_items = upsert(session, WorkItem, items, ("source", "external_id"), _ITEM_NEWS)
    rows = door.fit(Signal, page.stream, (_signal_row(one, dropped) for one in page.signals))
    if door.forgotten:
        rows = [row for row in rows if row["account"] not in door.forgotten]
    news = _news(session, source, [row for row in rows if row["item"] in known]) if known else {}
    changed = upsert(session, Signal, rows, ("source", "external_id"), _SIGNAL_NEWS)
    # An item that is new or changed was stored as stale; others on the page may only have a new signal.
    fresh = {row["external_id"] for row in items} if new_items == len(items) else set()
    removed = _remove(session, source, page.gone, *left_over)
    if changed:
        _mark_stale(session, source, sorted({signal.item for signal in page.signals} - fresh))
        _mark_effort(session, source, news)
    now = datetime.now(UTC)
    _note_failures(session, source, page, door, now)
    if page.cursor is not None:
        cursor = {"source": source, "stream": page.stream, "state": dict(page.cursor), "pulled_at": now}
        upsert(session, StreamCursor, [cursor], ("source", "stream"))
    return changed, removed


def _known_items(session: Session, source: str, page: Page) -> set[str]:
    """Items of the page, and of its signals, that were there before; all days of a new one count anyway."""
    names = sorted({*(one.external_id for one in page.items), *(one.item for one in page.signals)})
    query = select(WorkItem.external_id).where(WorkItem.source == source)
    return {
        id_
        for some in in_lots(names)
        for id_ in session.connection().scalars(query.where(WorkItem.external_id.in_(some)))
    }


def _news(session: Session, source: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, date]:
    """By item, the first day of a signal that is new or not as it was."""
    columns = (Signal.external_id, Signal.at, Signal.hours, Signal.account, Signal.item)
    kept: dict[str, Any] = {}
    for some in in_lots([row["external_id"] for row in rows]):
        found = session.connection().execute(
            select(*columns).where(Signal.source == source, Signal.external_id.in_(some))
        )
        kept |= {row.external_id: row for row in found}
    first: dict[str, date] = {}
    for row in rows:
        was = kept.get(row["external_id"])
        if was is not None and (was.at, was.hours, was.account, was.item) == (
            row["at"], row["hours"], row["account"], row["item"]
        ):  # fmt: skip
            continue
        day = day_before(min(row["at"], was.at) if was is not None else row["at"])
        for item in {row["item"], was.item if was is not None else row["item"]}:
            first[item] = min(day, first.get(item, day))
    return first


def _mark_effort(session: Session, source: str, first: Mapping[str, date]) -> None:
    """Effort is to be estimated again from these days on, by item."""
    by_day: dict[date, list[str]] = defaultdict(list)
    for item, day in first.items():
        by_day[day].append(item)
    for day, items in sorted(by_day.items()):
        # Written also where an earlier day stands: whoever takes the mark off meanwhile must not do so unseen.
        later = or_(WorkItem.effort_from.is_(None), WorkItem.effort_from > day)
        for some in in_lots(sorted(items)):
            session.connection().execute(
                update(WorkItem).where(WorkItem.source == source, WorkItem.external_id.in_(some))
                .values(effort_from=case((later, day), else_=WorkItem.effort_from))
            )  # fmt: skip


def _note_failures(session: Session, source: str, page: Page, door: "_Door", now: datetime) -> None:
    """Keep what was set aside; forget what was understood this time."""
    aside = set(
        session.connection().scalars(
            select(Failure.external_id).where(Failure.source == source, Failure.stream == page.stream)
        )
    )
    for some in in_lots(sorted(aside.intersection(page.read))):
        session.execute(delete(Failure).where(
            Failure.source == source, Failure.stream == page.stream, Failure.external_id.in_(some)
        ))  # fmt: skip
    failures = door.fit(Failure, page.stream, ({**_columns(one), "at": now} for one in (*page.failures, *door.refused)))
    upsert(session, Failure, failures, ("source", "stream", "external_id"))


class _Door:
    """What every row passes: nobody who was forgotten comes in again, and each text is one the database can hold."""

    def __init__(self, session: Session, source: str) -> None:
        kept = set(session.connection().scalars(select(Forgotten.digest)))
        self.forgotten = _Forgotten(source, kept)
        self.refused: list[Any] = []

    def fit(self, table: type[Base], stream: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows with characters dropped that no database stores, and texts cut to the length of their column."""
        texts, lists, longest_id = _shape(table)
        found = []
        for row in rows:
            id_ = row["external_id"]
            if table is Account and id_ in self.forgotten:
                continue
            if len(id_) > longest_id:
                reason = "the id is longer than any this source gives"
                self.refused.append(SetAside(row["source"], stream, id_[:60], reason))
                continue
            for name, longest in texts:
                value = row[name]
                if value:
                    if not value.isascii() or "\x00" in value:
                        row[name] = value = _storable(value)
                    if longest and len(value) > longest:
                        row[name] = value[:longest]
            for name in lists:
                if row[name]:
                    row[name] = _storable(row[name])
            found.append(row)
        return found


@cache
def _shape(table: type[Base]) -> tuple[tuple[tuple[str, int | None], ...], tuple[str, ...], int]:
    """Columns of text with their length, columns of lists and objects, and the longest id."""
    core: Table = table.__table__  # type: ignore[assignment]
    texts = tuple((c.name, c.type.length) for c in core.columns if isinstance(c.type, String) and c.name != "text_hash")
    lists = tuple(c.name for c in core.columns if isinstance(c.type, JSON))
    return texts, lists, dict(texts)["external_id"] or 0


class _Forgotten:
    """Set of the accounts that were forgotten, of which only a digest is kept."""

    def __init__(self, source: str, digests: set[str]) -> None:
        self._source, self._digests = source, digests

    def __bool__(self) -> bool:
        return bool(self._digests)

    def __contains__(self, account: object) -> bool:
        return bool(self._digests) and account is not None and digest_of(self._source, str(account)) in self._digests


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        if value.isascii():
            return value.replace("\x00", "") if "\x00" in value else value
        return value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [_storable(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _storable(one) for name, one in value.items()}
    return value


def _columns(one: Any) -> dict[str, Any]:
    """A dataclass as a row; `asdict` would copy every value deeply."""
    return {name: getattr(one, name) for name in one.__slots__}


def _dropped(session: Session, source: str, page: Page) -> set[str]:
    """Items of the page whose words were deleted after encoding and that have not changed since."""
    versions = {one.external_id: one.updated_at for one in page.items}
    found: set[str] = set()
    for some in in_lots(sorted({*versions, *(signal.item for signal in page.signals)})):
        rows = session.connection().execute(select(WorkItem.external_id, WorkItem.updated_at).where(
            WorkItem.source == source, WorkItem.external_id.in_(some), WorkItem.text_dropped
        ))  # fmt: skip
        found |= {id_ for id_, updated in rows if versions.get(id_, updated) == updated}
    return found


def _item_row(one: Any, author: str | None, door: _Door, dropped: set[str]) -> dict[str, Any]:
    """As a row; by name, since this is done for every item there is."""
    hidden = author is not None and author in door.forgotten  # a message is its author's own words
    gone = one.external_id in dropped
    return {
        "source": one.source, "external_id": one.external_id, "kind": one.kind, "container": one.container,
        "title": None if hidden else one.title, "text": None if hidden or gone else one.text, "key": one.key,
        "parent": one.parent, "labels": list(one.labels), "status": one.status,
        "assignee": None if one.assignee is not None and one.assignee in door.forgotten else one.assignee,
        "mentions": list(one.mentions), "url": one.url, "created_at": one.created_at, "updated_at": one.updated_at,
        "automated": one.automated, "stale": True, "text_dropped": gone,
    }  # fmt: skip


def _signal_row(one: Any, dropped: set[str]) -> dict[str, Any]:
    return {
        "source": one.source, "external_id": one.external_id, "item": one.item, "kind": one.kind, "at": one.at,
        "account": one.account, "hours": one.hours, "text": None if one.item in dropped else one.text,
        "mentions": list(one.mentions), "detail": one.detail if one.detail.__class__ is dict else dict(one.detail),
    }  # fmt: skip


def _remove(session: Session, source: str, gone: Sequence[str], signals: list[int], items: list[int]) -> int:
    """Delete what a complete stretch no longer holds, and what is named as gone; returns how many rows."""
    if not (gone or signals or items):
        return 0
    for some in in_lots(sorted({*gone})):
        items += session.scalars(select(WorkItem.id).where(WorkItem.source == source, WorkItem.external_id.in_(some)))
        signals += session.scalars(select(Signal.id).where(
            Signal.source == source, or_(Signal.external_id.in_(some), Signal.item.in_(some))
        ))  # fmt: skip
    touched: set[str] = set()
    for some in in_lots(items):
        rows = session.execute(select(WorkItem.external_id, WorkItem.parent).where(WorkItem.id.in_(some))).all()
        touched |= {parent for _, parent in rows if parent}
        signals += session.scalars(select(Signal.id).where(
            Signal.source == source, Signal.item.in_([id_ for id_, _ in rows])
        ))  # fmt: skip
    signals = list(dict.fromkeys(signals))
    first: dict[str, date] = {}
    for some in in_lots(signals):
        for item, at in session.execute(
            select(Signal.item, func.min(Signal.at)).where(Signal.id.in_(some)).group_by(Signal.item)
        ):
            touched.add(item)
            first[item] = min(day_before(at), first.get(item, date.max))
        session.execute(delete(Signal).where(Signal.id.in_(some)))
    if first and items:  # what is left of those days is to be split anew, also where the item itself is gone
        parts.add(session, FROM, {min(first.values()).isoformat(): {}})
    _mark_effort(session, source, first)
    for some in in_lots(items):
        session.execute(delete(WorkItem).where(WorkItem.id.in_(some)))
    _mark_stale(session, source, sorted(touched))
    return len(signals) + len(set(items))


def _left_over(session: Session, source: str, page: Page) -> tuple[list[int], list[int]]:
    """Ids of the signals and of the items that lie in a span of the page and are not on it."""
    signals: list[int] = []
    items: list[int] = []
    here = {signal.external_id for signal in page.signals}
    by_item: dict[str, list[Any]] = defaultdict(list)
    for span in page.spans:
        if span.item is not None:
            by_item[span.item].append(span)
        else:
            bounds = [bound for bound in (
                WorkItem.created_at >= span.after if span.after else None,
                WorkItem.created_at < span.before if span.before else None,
            ) if bound is not None]  # fmt: skip
            there = {item.external_id for item in page.items}
            kept = session.execute(select(WorkItem.id, WorkItem.external_id).where(
                and_(WorkItem.source == source, WorkItem.container == span.container, *bounds)
            ))  # fmt: skip
            items += [id_ for id_, name in kept if name not in there]
    for some in in_lots(sorted(by_item)):
        kept_signals = session.connection().execute(select(Signal.id, Signal.external_id, Signal.item, Signal.at).where(
            Signal.source == source, Signal.item.in_(some)
        ))  # fmt: skip
        for id_, name, item, at in kept_signals:
            if name not in here and any(
                name.startswith(span.prefix) and (span.after is None or at >= span.after)
                and (span.before is None or at < span.before) for span in by_item[item]
            ):  # fmt: skip
                signals.append(id_)
    return signals, items


def _mark_stale(session: Session, source: str, external_ids: Sequence[str]) -> None:
    for some in in_lots(external_ids):
        # Also those that are stale: a worker may be encoding them without what is news now, and this waits for it.
        session.connection().execute(
            update(WorkItem).where(WorkItem.source == source, WorkItem.external_id.in_(some)).values(stale=True)
        )


def _cursors(sessions: sessionmaker[Session], source: str, streams: Sequence[str]) -> dict[str, Cursor]:
    with sessions() as session:
        rows = session.scalars(select(StreamCursor).where(StreamCursor.source == source))
        return {row.stream: dict(row.state) for row in rows if row.state and row.stream in set(streams)}


def _finish(sessions: sessionmaker[Session], source: str, stream: str, error: str | None, whole: bool) -> None:
    """Note how a stream ended; `whole` where its past is read too."""
    now = datetime.now(UTC)
    with sessions.begin() as session:
        kept = session.get(StreamCursor, (source, stream))
        if kept is None:
            kept = StreamCursor(source=source, stream=stream, state={}, pulled_at=now)
            session.add(kept)
        kept.error = error
        if error is None and whole:
            kept.finished_at = now
