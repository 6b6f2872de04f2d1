"""Pull a source into the database: each page with its cursor in one transaction, no duplicates, and deletions applied.

The streams of a source are read by a few threads in parallel, since most of the time is spent waiting; only the caller's
thread stores pages, in order within each stream.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, Cursor, Page
from connectors.errors import SourceError, Unexpected
from models import WorkItem
from pipeline.ingest.border import expected
from pipeline.ingest.confirm import store_page
from pipeline.ingest.cursors import drop_streams, finish, load_cursors
from pipeline.ingest.names import settle_names
from pipeline.ingest.tenants import hold_to_tenant
from pipeline.queue.garbage import few_collections

log = structlog.get_logger()
THREADS = 4
"""Streams read in parallel. Rate limits are shared, so this hides latency without sending more requests."""
_REPORT_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _End:
    """A stream's thread has finished, at the end or with an error."""

    stream: str
    error: SourceError | None = None


def pull(
    connector: Connector,
    sessions: sessionmaker[Session],
    since: datetime,
    progress: Callable[[str, int], None] | None = None,
    budget: timedelta | None = None,
    threads: int = THREADS,
) -> dict[str, int]:
    """Pull every stream of a source: first what is new in all of them, then the past, newest first.

    With `budget`, the rest of the past is left to the next pull once that time has passed. Returns {"signals": new or changed
    ones, "failures": records set aside, "removed": items and signals the source no longer has, "unfinished": streams whose past
    is not completely read}. A stream that fails keeps its last good cursor, and its error is stored; the others continue, and
    the first error is raised at the end.
    """
    with few_collections():
        return _Pull(connector, sessions, since, progress, threads).run(budget)


class _Pull:
    """One pull of one source, and its counts."""

    def __init__(
        self,
        connector: Connector,
        sessions: sessionmaker[Session],
        since: datetime,
        progress: Callable[[str, int], None] | None,
        threads: int,
    ) -> None:
        self.connector, self.sessions, self.since = connector, sessions, since
        self.progress, self.threads = progress, threads
        self.counts = {"signals": 0, "failures": 0, "removed": 0, "unfinished": 0}
        self.begun: set[str] = set()
        """Streams that have a cursor. The horizon of any other stream is stored with its first one."""

    def run(self, budget: timedelta | None) -> dict[str, int]:
        """Pull what is new, then the past until `budget` is spent; return the counts."""
        enough = time.monotonic() + budget.total_seconds() if budget is not None else None
        hold_to_tenant(self.connector, self.sessions)
        with expected(self.connector.name, "the list of streams"):
            streams = self.connector.streams()
        drop_streams(self.sessions, self.connector.name, streams)
        failed = self._read(streams, self._news)
        rest = [stream for stream in streams if stream not in failed]
        failed |= self._read(rest, self._past, enough, _Eta(self.connector.name, self.since))
        settle_names(self.sessions, self.connector.name)
        if failed:
            raise _first_of(failed)
        return self.counts

    def _news(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        return self.connector.pull(stream, cursor, self.since)

    def _past(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        return self.connector.earlier(stream, cursor, self.since) if cursor else iter(())

    def _read(
        self,
        streams: Sequence[str],
        read: Callable[[str, Cursor | None], Iterator[Page]],
        enough: float | None = None,
        eta: "_Eta | None" = None,
    ) -> dict[str, SourceError]:
        """Read the streams in threads and store their pages, until the monotonic time `enough`; return the errors by stream.

        With `eta`, the past is read. An error while storing stops everything.
        """
        source = self.connector.name
        cursors = load_cursors(self.sessions, source, streams)
        self.begun |= set(cursors)
        readers = _Readers(source, streams, cursors, read, self.threads)
        failed: dict[str, SourceError] = {}
        left = set(streams)
        retention = _drops_texts(self.sessions)
        try:
            while left:
                if enough is not None and time.monotonic() > enough:
                    self.counts["unfinished"] += len(left)
                    break
                one = readers.take()
                if isinstance(one, _End):
                    left.discard(one.stream)
                    if one.error is not None:
                        failed[one.stream] = one.error
                    why = str(one.error) if one.error else None
                    finish(self.sessions, source, one.stream, why, self.since if eta else None)
                elif one is not None:
                    new = self._store(one, retention=retention)
                    if eta:
                        eta.saw(one)
                if self.progress and not isinstance(one, _End):  # also while waiting, so that the callback can abort
                    self.progress(*((one.stream, new) if one else ("", 0)))
        finally:
            readers.stop.set()
        return failed

    def _store(self, page: Page, *, retention: bool) -> int:
        """Store a page and count its contents; return the number of new signals. A stream's first cursor is stored with its
        horizon."""
        begins = page.cursor is not None and page.stream not in self.begun
        horizon = self.since.date() if begins else None
        new, removed = store_page(self.connector, self.sessions, page, retention=retention, horizon=horizon)
        if begins:
            self.begun.add(page.stream)
        self.counts["signals"] += new
        self.counts["removed"] += removed
        self.counts["failures"] += len(page.failures)
        return new


def _first_of(failed: Mapping[str, SourceError]) -> SourceError:
    """Return the first error, with the names of the other failed streams added."""
    error, others = next(iter(failed.values())), list(failed)[1:]
    if others:
        error.args = (f"{error} Also stopped: {', '.join(others)}; `leeway status` says why.",)
    return error


class _Eta:
    """Tracks how far back each stream has been read, and estimates the time left."""

    def __init__(self, source: str, since: datetime) -> None:
        self._source, self.since, self._began, self._reported = source, since, time.monotonic(), time.monotonic()
        self._first: dict[str, datetime] = {}

    def saw(self, page: Page) -> None:
        if page.reached is None:
            return
        first = self._first.setdefault(page.stream, page.reached)
        now = time.monotonic()
        if now - self._reported < _REPORT_EVERY_SECONDS or page.reached >= first:
            return
        self._reported = now
        pace = (first - page.reached) / (now - self._began)
        left = max(timedelta(), page.reached - self.since) / pace
        log.info(
            "backfill",
            source=self._source,
            stream=page.stream,
            back_to=page.reached.date().isoformat(),
            minutes_left=round(left / 60),
        )


def _drops_texts(sessions: sessionmaker[Session]) -> bool:
    """Return True if texts have been deleted after encoding."""
    with sessions() as session:
        return session.scalar(select(WorkItem.id).where(WorkItem.text_dropped).limit(1)) is not None


class _Readers:
    """Threads that read streams one after the other, until `stop` is set."""

    def __init__(
        self,
        source: str,
        streams: Sequence[str],
        cursors: Mapping[str, Cursor],
        read: Callable[[str, Cursor | None], Iterator[Page]],
        threads: int,
    ) -> None:
        self._source, self._cursors, self._read = source, cursors, read
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for stream in streams:
            self._waiting.put(stream)
        self._pages: queue.Queue[Page | _End] = queue.Queue(maxsize=threads)
        self.stop = threading.Event()
        # Daemon threads: one waiting for a rate limit must not keep a stopped process alive.
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(min(threads, len(streams)))]
        for worker in workers:
            worker.start()

    def take(self) -> Page | _End | None:
        """Return the next page or the end of a stream; None after a second without either."""
        try:
            return self._pages.get(timeout=1.0)
        except queue.Empty:
            return None

    def _put(self, one: Page | _End) -> bool:
        while not self.stop.is_set():
            try:
                self._pages.put(one, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def _work(self) -> None:
        while not self.stop.is_set():
            try:
                stream = self._waiting.get_nowait()
            except queue.Empty:
                return
            error: SourceError | None = None
            last = ""
            try:
                with expected(self._source, stream):
                    for page in self._read(stream, self._cursors.get(stream)):
                        last = page.read[-1] if page.read else last
                        if not self._put(page):
                            return
            except Unexpected as caught:
                error = caught.after(last)
            except SourceError as caught:  # passed to the caller's thread
                error = caught
            except Exception as caught:  # raised while reporting an error, e.g. logging to a full disk
                error = Unexpected(self._source, stream, caught)
            self._put(_End(stream, error))
