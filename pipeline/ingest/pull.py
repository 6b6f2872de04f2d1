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
        return _pull(connector, sessions, since, progress, budget, threads)


def _pull(
    connector: Connector,
    sessions: sessionmaker[Session],
    since: datetime,
    progress: Callable[[str, int], None] | None,
    budget: timedelta | None,
    threads: int,
) -> dict[str, int]:
    counts = {"signals": 0, "failures": 0, "removed": 0, "unfinished": 0}
    enough = time.monotonic() + budget.total_seconds() if budget is not None else None
    hold_to_tenant(connector, sessions)
    with expected(connector.name, "the list of streams"):
        streams = connector.streams()
    drop_streams(sessions, connector.name, streams)
    failed = _in_threads(
        connector,
        sessions,
        streams,
        counts,
        progress,
        None,
        threads,
        lambda stream, cursor: connector.pull(stream, cursor, since),
        since=since,
    )
    rest = [stream for stream in streams if stream not in failed]
    eta = _Eta(connector.name, since)

    def past(stream: str, cursor: Cursor | None) -> Iterator[Page]:
        return connector.earlier(stream, cursor, since) if cursor else iter(())

    failed |= _in_threads(connector, sessions, rest, counts, progress, enough, threads, past, eta)
    settle_names(sessions, connector.name)
    if failed:
        raise _first_of(failed)
    return counts


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


def _in_threads(
    connector: Connector,
    sessions: sessionmaker[Session],
    streams: Sequence[str],
    counts: dict[str, int],
    progress: Callable[[str, int], None] | None,
    enough: float | None,
    threads: int,
    read: Callable[[str, Cursor | None], Iterator[Page]],
    eta: _Eta | None = None,
    since: datetime | None = None,
) -> dict[str, SourceError]:
    """Read the streams and store their pages; return the errors by stream. An error while storing stops everything."""
    cursors = load_cursors(sessions, connector.name, streams)
    readers = _Readers(connector.name, streams, cursors, read, threads)
    failed: dict[str, SourceError] = {}
    left = set(streams)
    begun = set(cursors)
    retention = _drops_texts(sessions)
    try:
        while left:
            if enough is not None and time.monotonic() > enough:
                counts["unfinished"] += len(left)
                break
            one = readers.take()
            if isinstance(one, _End):
                left.discard(one.stream)
                if one.error is not None:
                    failed[one.stream] = one.error
                why = str(one.error) if one.error else None
                finish(sessions, connector.name, one.stream, why, eta.since if eta else None)
            elif one is not None:
                new = _store(connector, sessions, one, retention, counts, since, begun)
                if eta:
                    eta.saw(one)
            if progress and not isinstance(one, _End):  # also while waiting, so that the callback can abort
                progress(*((one.stream, new) if one else ("", 0)))
    finally:
        readers.stop.set()
    return failed


def _drops_texts(sessions: sessionmaker[Session]) -> bool:
    """Return True if texts have been deleted after encoding."""
    with sessions() as session:
        return session.scalar(select(WorkItem.id).where(WorkItem.text_dropped).limit(1)) is not None


def _store(
    connector: Connector,
    sessions: sessionmaker[Session],
    page: Page,
    retention: bool,
    counts: dict[str, int],
    since: datetime | None,
    begun: set[str],
) -> int:
    """Store a page and count its contents; return the number of new signals. `since` becomes the horizon of the page's stream
    with its first cursor; the stream has then `begun`."""
    begins = page.cursor is not None and page.stream not in begun
    horizon = since.date() if begins and since is not None else None
    new, removed = store_page(connector, sessions, page, retention=retention, horizon=horizon)
    if horizon is not None:
        begun.add(page.stream)
    counts["signals"] += new
    counts["removed"] += removed
    counts["failures"] += len(page.failures)
    return new


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
