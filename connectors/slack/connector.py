"""Slack, through `slack_sdk`: messages and threads of the listed channels; never a direct message.

`conversations.history` gives top-level messages only, so a reply to an old thread shows itself only by the
parent's `latest_reply`: the parents of the last `thread_days` are read again and the replies of those that have
news are fetched. Edits and deletions of messages show in the same pass, since a page tells all that a stretch of
time holds; those of replies are found by a daily sweep. A `ts` is an id, kept as a string.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.base import (
    BadAnswer,
    Check,
    Cursor,
    Failure,
    NotFound,
    Page,
    Signal,
    SourceError,
    SourceUnavailable,
    Span,
    Suspect,
    WorkItem,
)
from connectors.limits import Limiter, Rate
from connectors.records import is_outdated, set_aside
from connectors.slack.channels import Channels
from connectors.slack.checks import check
from connectors.slack.client import PAGE_SIZE, SlackClient
from connectors.slack.parse import parse_message
from connectors.slack.people import pull_people
from connectors.slack.reading import Reading, has_news
from connectors.slack.stamps import is_ts, next_ts, oldest_in, stamps_of, time_of
from connectors.times import plausible

RECENT_DAYS = 14
"""What a first pull reads before it turns to the past."""
SWEEP_DAYS = 7
"""Threads that were active within these days are read whole by the sweep."""
_THREAD = "thread"
PARSER = 4
"""Version of parse_message; what an older one read is read again. 2: notices, forwarded words. 3: tables. 4: mails, files."""


class SlackConnector:
    """Messages of the listed channels; a thread is a work item, a message without replies too."""

    name = "slack"

    def __init__(
        self,
        *,
        token: str,
        channels: list[str],
        api_url: str = "https://slack.com/api/",
        thread_days: int = 30,
        timeout: int = 30,
        requests_per_minute: float = 48,
        limiter: Limiter | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.channels = [channel.lstrip("#") for channel in channels]
        self.api_url = api_url.rstrip("/") + "/"
        self._rate, self._now = Rate.per_minute(requests_per_minute), now
        self.client = SlackClient(self.api_url, token, timeout, requests_per_minute, limiter or Limiter())
        self.thread_days, self.tenant = thread_days, self.client.tenant
        self._channels = Channels(self.client, self.channels)
        self._reading = Reading(self.client, self._channels)

    def check(self, since: datetime) -> list[Check]:
        """See connectors.base.Connector."""
        return check(self.client, self._channels, self._rate, self._now, since)

    def joined(self) -> set[str]:
        """Names of the channels that the app is in. Raises SourceError."""
        return {name for name, channel in self._channels.all().items() if channel.get("is_member", True)}

    def names(self) -> list[str]:
        """See connectors.base.Choosable: the channels that the app is in."""
        return sorted(self.joined())

    def people(self) -> Iterator[Page]:
        """See connectors.base.Choosable."""
        return pull_people(self.client)

    def streams(self) -> list[str]:
        """`people`, and one stream a listed channel."""
        self._channels.find()
        return ["people", *(f"channel {name}" for name in self.channels)]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """What is newer than all that is known, newest first. See connectors.base.Connector."""
        if stream == "people":
            yield from pull_people(self.client)
        if stream == "people" or self._channels.is_over(stream, cursor):
            return
        state = dict(cursor or {})
        known = state.get("known", "")
        state["channel"] = self._reading.first_id(stream, state.get("channel"), known)
        first = max(since.timestamp(), self._now() - RECENT_DAYS * 86400)
        bound = state.get("bound") or known or f"{first:.6f}"
        newest, latest = state.get("newest", ""), state.get("latest", "")
        kept = {key: value for key, value in state.items() if key not in ("bound", "newest", "latest", "mark")}
        mark = state.get("mark", "")
        for messages, more in self._reading.history(stream, bound, latest):
            newest = max([newest or "0", *stamps_of(messages)], key=float)
            # No thread is read before this page, so each will be read with all replies up to the newest one here.
            mark = mark or max(
                [newest, *(str(m["latest_reply"]) for m in messages if is_ts(m.get("latest_reply")))], key=float
            )
            yield from self._thread_pages(stream, messages, lambda parent: "")
            after = kept | {"bound": bound, "newest": newest, "latest": oldest_in(messages), "mark": mark}
            if not more:
                after = kept | {"known": newest if newest != "0" else bound}
                begin = {"back": bound, "replied": mark, "replied_next": mark, "parser": PARSER}
                after = after if "back" in kept else begin | after
            yield self._page(stream, messages, after, bound, latest, more)
            latest = oldest_in(messages)

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """Old threads that have news, then the past. See connectors.base.Connector."""
        if stream == "people" or self._channels.is_over(stream, cursor, since.timestamp()):
            return
        state = {**cursor, "channel": self._reading.first_id(stream, cursor.get("channel"), cursor["known"])}
        for page in self._old_threads(stream, state):
            state = dict(page.cursor or state)
            yield page
        if is_outdated(state, PARSER):
            state |= {"parser": PARSER, "back": next_ts(state["known"])}
        back, oldest = state["back"], f"{since.timestamp():.6f}"
        while float(back) > float(oldest):
            for messages, more in self._reading.history(stream, oldest, back):
                yield from self._thread_pages(stream, messages, lambda parent: "")
                after = oldest_in(messages) if more else oldest
                reached = datetime.fromtimestamp(float(after), UTC)
                yield self._page(stream, messages, state | {"back": after}, oldest, back, more, reached)
                back = after

    def _old_threads(self, stream: str, state: Mapping[str, Any]) -> Iterator[Page]:
        """One pass over the parents of `thread_days` that were known before.

        `replied` is the newest reply of the pass before the last one: one that came while a pass ran was perhaps
        too late for its parent's page, so the last pass's own newest cannot be the mark.
        """
        known = state["known"]
        bound = f"{max(float(known) - self.thread_days * 86400, float(state['back'])):.6f}"
        seen, latest = state.get("pass_seen", "0"), state.get("pass_latest", "") or next_ts(known)
        for messages, more in self._reading.history(stream, bound, latest):
            replies = [m["latest_reply"] for m in messages if isinstance(m.get("latest_reply"), str)]
            seen = max([seen, *replies], key=float)
            yield from self._thread_pages(stream, messages, lambda parent: state.get("replied", "0"))
            over = {k: v for k, v in state.items() if k not in ("pass_seen", "pass_latest")}
            after = over | (
                {"pass_seen": seen, "pass_latest": oldest_in(messages)}
                if more
                else {"replied": state.get("replied_next", "0"), "replied_next": seen}
            )
            yield self._page(stream, messages, after, bound, latest, more)
            latest = oldest_in(messages)

    def again(self, stream: str, records: Sequence[str]) -> Iterator[Page]:
        """See connectors.base.Connector. A record is `root/ts`, or `thread/ts` for all replies of a thread."""
        if stream == "people":
            yield from (replace(page, cursor=None) for page in pull_people(self.client))
            return
        for record in records:
            root, _, ts = record.partition("/")
            if root == _THREAD:
                parent = {"ts": ts, "reply_count": 1, "latest_reply": ts}
                yield from self._thread_pages(stream, [parent], lambda parent: "", whole=True)
                continue
            query = {"channel": self._channels.id_of(stream), "oldest": ts, "latest": ts, "inclusive": "true"}
            method = "conversations.history"
            if root != ts:
                method, query = "conversations.replies", query | {"ts": root}
            try:
                found = self.client.ask(method, **query, limit=PAGE_SIZE)["messages"]
            except NotFound:
                yield Page(stream, None, read=[record])
                continue
            except BadAnswer:
                continue  # stays set aside
            page = self._page(stream, [m for m in found if isinstance(m, dict) and m.get("ts") == ts], None)
            yield replace(page, read=page.read if found else [record])

    def confirm(self, stream: str, suspects: Sequence[Suspect]) -> list[str]:
        """Ask for each message by its ts. See connectors.base.Connector."""
        gone = []
        for suspect in suspects:
            channel, _, ts = suspect.external_id.partition(":")
            try:
                self.client.ask("conversations.replies", channel=self._channels.now(channel), ts=ts, limit=1)
            except NotFound:
                gone.append(suspect.external_id)
            except BadAnswer:
                continue
        return gone

    def sweep(self, known: Iterable[str]) -> Iterator[Page]:
        """Threads that were active of late, read whole: edits and deletions of replies show nowhere else."""
        last = {id_.partition(":")[0]: id_.rpartition(":")[2] for id_ in sorted(known)}
        # A workspace that stood still is swept where it stands.
        active = min(self._now(), max(map(float, last.values()), default=self._now())) - SWEEP_DAYS * 86400
        bound = f"{active - self.thread_days * 86400:.6f}"
        failed: SourceError | None = None
        streams = [stream for stream in self.streams()[1:] if not self._channels.is_over(stream, last)]
        self._reading.learn(last)
        for stream in streams:
            try:
                yield from self._swept(stream, bound, active)
            except SourceError as error:  # a channel that was left; the others are swept
                failed = failed or error
        if failed:
            raise failed

    def _swept(self, stream: str, bound: str, active: float) -> Iterator[Page]:
        for messages, _ in self._reading.history(stream, bound, ""):
            alive = [m for m in messages if is_ts(m.get("latest_reply")) and float(m["latest_reply"]) >= active]
            for page in self._thread_pages(stream, alive, lambda parent: "", whole=True):
                yield Page("sweep", {}, page.items, page.signals, spans=page.spans, gone=page.gone)

    def _thread_pages(
        self,
        stream: str,
        messages: Sequence[Mapping[str, Any]],
        known: Callable[[Mapping[str, Any]], str],
        *,
        whole: bool = False,
    ) -> Iterator[Page]:
        """The replies of those of the messages that have newer ones than are known, a page at a time."""
        held: list[dict[str, Any]] = []
        spans: list[Span] = []
        failures: list[Failure] = []
        threads: list[str] = []
        down = 0
        for parent in messages:
            news = known(parent)
            if not has_news(parent, news):
                continue
            try:
                for replies, span in self._reading.thread(stream, parent, news, whole=whole):
                    held += replies
                    spans.append(span)
                    if len(held) >= PAGE_SIZE:
                        yield self._page(stream, held, None, spans=spans)
                        held, spans = [], []
                down = 0
                threads.append(f"{_THREAD}/{parent['ts']}")
            except Exception as error:  # the border around one record: this thread; the channel goes on
                # One thread that cannot be had is its own fault, several in a row are the server's.
                down = down + 1 if isinstance(error, SourceUnavailable) else 0
                if down == 3:
                    raise
                failures.append(set_aside(self.name, stream, f"{_THREAD}/{parent['ts']}", error))
        if spans or failures:
            page = self._page(stream, held, None, spans=spans)
            yield replace(page, failures=[*page.failures, *failures], read=[*page.read, *threads])

    def _page(
        self,
        stream: str,
        messages: Sequence[Mapping[str, Any]],
        cursor: Cursor | None,
        bound: str = "",
        latest: str = "",
        more: bool = False,
        reached: datetime | None = None,
        spans: Sequence[Span] = (),
    ) -> Page:
        """With `bound`, a page of the history, which is all that its stretch of time holds."""
        name, channel = stream.removeprefix("channel "), self._channels.kept_as(stream)
        pairs: list[tuple[WorkItem | None, Signal | None]] = []
        failures: list[Failure] = []
        read: list[str] = []
        gone: list[str] = []
        for message in messages:
            record = f"{message.get('thread_ts') or message.get('ts')}/{message.get('ts')}"
            try:
                item, signal = parse_message(message, name, channel)
                plausible(time_of(str(message["ts"])))
            except Exception as error:  # the border around one record
                failures.append(set_aside(self.name, stream, record, error))
                continue
            read.append(record)
            pairs.append((item, signal))
            if item is None and signal is None:  # a notice, which an older parser may have kept
                gone.append(f"{channel}:{message['ts']}")
        items = [item for item, _ in pairs if item]
        signals = [signal for _, signal in pairs if signal]
        spans = [] if failures else list(spans)
        if bound and not failures:
            spans += self._reading.whole(stream, messages, bound, latest, more)
        for item, signal in pairs:
            if item and not signal:  # a tombstone: its own words are deleted, the replies are not
                spans.append(Span(item=item.external_id, prefix=item.external_id, sure=True))
        return Page(stream, cursor, items, signals, (), failures, read, spans, gone, reached)
