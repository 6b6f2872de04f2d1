"""Slack, through `slack_sdk`: messages and threads of the listed channels; never a direct message.

`conversations.history` gives top-level messages only, so a reply to an old thread shows itself only by the
parent's `latest_reply`: the parents of the last `thread_days` are read again and the replies of those that have
news are fetched. Edits and deletions of messages show in the same pass, since a page tells all that a stretch of
time holds; those of replies are found by a daily sweep. A `ts` is an id, kept as a string.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import (
    BadAnswer,
    Check,
    Cursor,
    Failure,
    NotFound,
    NotReachable,
    Page,
    Signal,
    SourceError,
    SourceUnavailable,
    Span,
    Suspect,
    WorkItem,
)
from connectors.checks import clock_row, listed_rows, span
from connectors.limits import Limiter, Rate
from connectors.records import is_outdated, set_aside
from connectors.slack.client import SCOPE_PAGE, SlackClient
from connectors.slack.parse import parse_message, parse_user
from connectors.times import plausible

PAGE_SIZE = 200
RECENT_DAYS = 14
"""What a first pull reads before it turns to the past."""
SWEEP_DAYS = 7
"""Threads that were active within these days are read whole by the sweep."""
LONG_THREAD = 200
"""Threads of more replies are read on from what is known; shorter ones whole, which shows deletions at once."""
SCOPES = {
    "channels:read": "find the listed channels",
    "channels:history": "read their messages",
    "users:read": "tell people from bots",
    "users:read.email": "know one person across the sources",
    "chat:write": "post the alert",
}
OPTIONAL_SCOPES = {
    "groups:read": "find listed private channels",
    "groups:history": "read the messages of listed private channels",
    "files:write": "put the chart into the alert",
    "usergroups:read": "take teams from user groups where okrs.yaml lists no members",
}
_TS = re.compile(r"\d{1,12}\.\d{1,6}")
_THREAD = "thread"
PARSER = 2
"""Version of parse_message; what an older one read is read again. 2: notices, forwarded words, replies below notices."""


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
        self.thread_days = thread_days
        self._rate, self._now = Rate.per_minute(requests_per_minute), now
        self.client = SlackClient(self.api_url, token, timeout, requests_per_minute, limiter or Limiter())
        self._ids: dict[str, str] = {}
        self._limited: set[str] = set()

    def check(self, since: datetime) -> list[Check]:
        """See connectors.base.Connector."""
        try:
            answer = self.client.ask("auth.test")
        except SourceError as error:
            return [Check("token", False, error.message, error.fix)]
        checks = [Check("token", True, f"{answer.get('user')} in {answer.get('team')}"), clock_row(self.client.skew)]
        for scope, purpose in SCOPES.items():
            fix = "" if scope in self.client.scopes else f"Add it at {SCOPE_PAGE}."
            checks.append(Check(f"scope {scope}", scope in self.client.scopes, f"to {purpose}", fix))
        for scope, purpose in OPTIONAL_SCOPES.items():
            given = "to" if scope in self.client.scopes else "not granted; only needed to"
            checks.append(Check(f"scope {scope}", True, f"{given} {purpose}"))
        try:
            known = self._all_channels()
        except SourceError as error:
            return [*checks, Check("channels", False, error.message, error.fix)]
        joined = {name for name, channel in known.items() if channel.get("is_member", True)}
        fix = "Check the name, and invite the app in the channel: /invite."
        listed = [self._name_of(name, known) for name in self.channels]
        checks += listed_rows("channel", listed, joined, fix)
        if joined & set(listed) and self.client.scopes >= set(SCOPES):
            checks.append(self._volume(sorted(joined & set(listed)), known, since))
        return checks

    def _volume(self, names: Sequence[str], known: Mapping[str, Any], since: datetime) -> Check:
        """Slack does not count: the time that each channel's newest page spans tells how dense it is."""
        pages = threads = 0.0
        for name in names:
            try:
                answer = self.client.ask(
                    "conversations.history",
                    channel=known[name]["id"],
                    limit=PAGE_SIZE,
                    oldest=f"{since.timestamp():.6f}",
                )
            except SourceError as error:
                return Check("data", False, f"#{name}: {error.message}", error.fix)
            stamps = [float(m["ts"]) for m in answer["messages"]]
            whole = 1.0
            if answer.get("has_more") and len(stamps) > 1:
                whole = max(1.0, (self._now() - since.timestamp()) / max(1.0, max(stamps) - min(stamps)))
            pages += whole
            threads += whole * sum(bool(m.get("reply_count")) for m in answer["messages"])
        return Check(
            "data",
            True,
            f"about {pages:.0f} pages and {threads:.0f} threads in the window; the backfill "
            f"takes at least {span(max(pages, threads), self._rate)}",
        )

    def joined(self) -> set[str]:
        """Names of the channels that the app is in. Raises SourceError."""
        return {name for name, channel in self._all_channels().items() if channel.get("is_member", True)}

    def names(self) -> list[str]:
        """See connectors.base.Choosable: the channels that the app is in."""
        return sorted(self.joined())

    def people(self) -> Iterator[Page]:
        """See connectors.base.Choosable."""
        return self._pull_people()

    def streams(self) -> list[str]:
        """`people`, and one stream a listed channel."""
        known = self._all_channels()
        self._ids = {
            name: known[self._name_of(name, known)]["id"]
            for name in self.channels
            if self._name_of(name, known) in known
        }
        return ["people", *(f"channel {name}" for name in self.channels)]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """What is newer than all that is known, newest first. See connectors.base.Connector."""
        if stream == "people":
            yield from self._pull_people()
            return
        state = dict(cursor or {})
        known = state.get("known", "")
        first = max(since.timestamp(), self._now() - RECENT_DAYS * 86400)
        bound = state.get("bound") or known or f"{first:.6f}"
        newest, latest = state.get("newest", ""), state.get("latest", "")
        kept = {key: value for key, value in state.items() if key not in ("bound", "newest", "latest", "mark")}
        mark = state.get("mark", "")
        for messages, more in self._history(stream, bound, latest):
            newest = max([newest or "0", *_stamps(messages)], key=float)
            # No thread is read before this page, so each will be read with all replies up to the newest one here.
            mark = mark or max(
                [newest, *(str(m["latest_reply"]) for m in messages if _is_ts(m.get("latest_reply")))], key=float
            )
            yield from self._thread_pages(stream, messages, lambda parent: "")
            after = kept | {"bound": bound, "newest": newest, "latest": _oldest(messages), "mark": mark}
            if not more:
                after = kept | {"known": newest if newest != "0" else bound}
                begin = {"back": bound, "replied": mark, "replied_next": mark, "parser": PARSER}
                after = after if "back" in kept else begin | after
            yield self._page(stream, messages, after, bound, latest, more)
            latest = _oldest(messages)

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """Old threads that have news, then the past. See connectors.base.Connector."""
        if stream == "people":
            return
        state = dict(cursor)
        for page in self._old_threads(stream, state):
            state = dict(page.cursor or state)
            yield page
        if is_outdated(state, PARSER):
            state |= {"parser": PARSER, "back": _after(state["known"])}
        back, oldest = state["back"], f"{since.timestamp():.6f}"
        while float(back) > float(oldest):
            for messages, more in self._history(stream, oldest, back):
                yield from self._thread_pages(stream, messages, lambda parent: "")
                after = _oldest(messages) if more else oldest
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
        seen, latest = state.get("pass_seen", "0"), state.get("pass_latest", "") or _after(known)
        for messages, more in self._history(stream, bound, latest):
            replies = [m["latest_reply"] for m in messages if isinstance(m.get("latest_reply"), str)]
            seen = max([seen, *replies], key=float)
            yield from self._thread_pages(stream, messages, lambda parent: state.get("replied", "0"))
            over = {k: v for k, v in state.items() if k not in ("pass_seen", "pass_latest")}
            after = over | (
                {"pass_seen": seen, "pass_latest": _oldest(messages)}
                if more
                else {"replied": state.get("replied_next", "0"), "replied_next": seen}
            )
            yield self._page(stream, messages, after, bound, latest, more)
            latest = _oldest(messages)

    def again(self, stream: str, records: Sequence[str]) -> Iterator[Page]:
        """See connectors.base.Connector. A record is `root/ts`, or `thread/ts` for all replies of a thread."""
        if stream == "people":
            yield from (replace(page, cursor=None) for page in self._pull_people())
            return
        for record in records:
            root, _, ts = record.partition("/")
            if root == _THREAD:
                parent = {"ts": ts, "reply_count": 1, "latest_reply": ts}
                yield from self._thread_pages(stream, [parent], lambda parent: "", whole=True)
                continue
            query = {"channel": self._id(stream), "oldest": ts, "latest": ts, "inclusive": "true"}
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
            read = page.read if found else [record]
            yield replace(page, read=read)

    def confirm(self, stream: str, suspects: Sequence[Suspect]) -> list[str]:
        """Ask for each message by its ts. See connectors.base.Connector."""
        gone = []
        for suspect in suspects:
            channel, _, ts = suspect.external_id.partition(":")
            try:
                self.client.ask("conversations.replies", channel=channel, ts=ts, limit=1)
            except NotFound:
                gone.append(suspect.external_id)
            except BadAnswer:
                continue
        return gone

    def sweep(self, known: Iterable[str]) -> Iterator[Page]:
        """Threads that were active of late, read whole: edits and deletions of replies show nowhere else."""
        active = self._now() - SWEEP_DAYS * 86400
        newest = max((id_.rpartition(":")[2] for id_ in known), default="")
        if newest:  # a workspace that stood still is swept where it stands
            active = min(active, float(newest) - SWEEP_DAYS * 86400)
        bound = f"{active - self.thread_days * 86400:.6f}"
        failed: SourceError | None = None
        for stream in self.streams()[1:]:
            try:
                yield from self._swept(stream, bound, active)
            except SourceError as error:  # a channel that was left; the others are swept
                failed = failed or error
        if failed:
            raise failed

    def _swept(self, stream: str, bound: str, active: float) -> Iterator[Page]:
        for messages, _ in self._history(stream, bound, ""):
            alive = [m for m in messages if _is_ts(m.get("latest_reply")) and float(m["latest_reply"]) >= active]
            for page in self._thread_pages(stream, alive, lambda parent: "", whole=True):
                yield Page("sweep", {}, page.items, page.signals, spans=page.spans, gone=page.gone)

    def _pull_people(self) -> Iterator[Page]:
        groups = self._groups()
        position = ""
        while True:
            answer = self.client.ask("users.list", limit=PAGE_SIZE, cursor=position)
            accounts, failures = [], []
            for user in answer["members"]:
                try:
                    accounts.append(parse_user(user, groups))
                except Exception as error:  # the border around one record
                    id_ = str(user.get("id", "?")) if isinstance(user, dict) else "?"
                    failures.append(set_aside(self.name, "people", id_, error))
            yield Page("people", {}, accounts=accounts, failures=failures, read=[a.external_id for a in accounts])
            position = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not position:
                return

    def _groups(self) -> dict[str, list[str]]:
        """Handles of the user groups that each user is in; none without the scope."""
        if "usergroups:read" not in self.client.scopes:
            return {}
        found: dict[str, list[str]] = {}
        for group in self.client.ask("usergroups.list", include_users="true")["usergroups"]:
            for user in group.get("users") or []:
                found.setdefault(user, []).append(str(group.get("handle") or group.get("name")))
        return found

    def _history(self, stream: str, oldest: str, latest: str) -> Iterator[tuple[list[dict[str, Any]], bool]]:
        """Pages of top-level messages, newest first, and whether more follow. Raises BadAnswer where the way on is lost.

        Only an answer without a cursor ends the walk: a page may hold nothing and still have more behind it.
        """
        channel, position = self._id(stream), ""
        while True:
            query = {"channel": channel, "limit": PAGE_SIZE, "oldest": oldest, "latest": latest, "cursor": position}
            answer = self.client.ask("conversations.history", **query)
            messages = [m for m in answer["messages"] if isinstance(m, dict) and _is_ts(m.get("ts"))]
            if answer.get("is_limited"):  # a free workspace hides what is old, which deletes nothing
                self._limited.add(stream)
            position = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            more = bool(position or answer.get("has_more"))
            if messages or not more:
                yield messages, more
            if not more:
                return
            if messages:  # a bound that is known outlives a cursor, which expires
                latest, position = _oldest(messages), ""
            elif not position:
                raise BadAnswer(self.name, f"{stream}: conversations.history has more and does not say where.")

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
            if not _has_news(parent, news):
                continue
            try:
                for replies, span in self._thread(stream, parent, news, whole=whole):
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

    def _thread(
        self, stream: str, parent: Mapping[str, Any], news: str, *, whole: bool
    ) -> Iterator[tuple[list[dict[str, Any]], Span]]:
        """Replies of one thread, a page at a time, each with the stretch of time that it holds completely."""
        channel = self._id(stream)
        root, partly = parent["ts"], bool(news) and int(parent["reply_count"]) > LONG_THREAD and not whole
        after, position, oldest = (news if partly else root), "", (news if partly else "")
        while True:
            query = {"channel": channel, "ts": root, "limit": PAGE_SIZE, "cursor": position, "oldest": oldest}
            answer = self.client.ask("conversations.replies", **query)
            replies = [m for m in answer["messages"] if isinstance(m, dict) and m.get("ts") != root]
            position = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            last = max([after, *_stamps(replies)], key=float)
            bound = _just_after(last) if position else None
            yield replies, Span(item=f"{channel}:{root}", after=_just_after(after), before=bound)
            after = last
            if not position:
                return

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
        name, channel = stream.removeprefix("channel "), self._id(stream)
        pairs: list[tuple[WorkItem | None, Signal | None]] = []
        failures: list[Failure] = []
        read: list[str] = []
        gone: list[str] = []
        for message in messages:
            record = f"{message.get('thread_ts') or message.get('ts')}/{message.get('ts')}"
            try:
                item, signal = parse_message(message, name, channel)
                plausible(_at(str(message["ts"])))
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
        if bound and not failures and (more or stream not in self._limited):
            first = _oldest(messages) if more else bound
            spans += [
                Span(
                    container=f"#{name}",
                    after=_at(first) if more else _just_after(bound),
                    before=_at(latest) if latest else None,
                )
            ]
        for item, signal in pairs:
            if item and not signal:  # a tombstone: its own words are deleted, the replies are not
                spans.append(Span(item=item.external_id, prefix=item.external_id, sure=True))
        return Page(stream, cursor, items, signals, (), failures, read, spans, gone, reached)

    def _id(self, stream: str) -> str:
        name = stream.removeprefix("channel ")
        if not self._ids:
            self.streams()
        if name not in self._ids:
            raise NotReachable(
                self.name,
                f"the channel #{name} is not there or the app is not in it.",
                f"Check slack.channels and invite the app: /invite in #{name}.",
            )
        return self._ids[name]

    def _all_channels(self) -> dict[str, dict[str, Any]]:
        """Every channel the app can see, by name; direct messages are never asked for. Archived ones are kept, to be
        read to their end."""
        found: dict[str, dict[str, Any]] = {}
        position = ""
        if not self.client.scopes:
            self.client.ask("auth.test")
        kinds = "public_channel,private_channel" if "groups:read" in self.client.scopes else "public_channel"
        while True:
            answer = self.client.ask(
                "conversations.list", types=kinds, exclude_archived="false", limit=PAGE_SIZE, cursor=position
            )
            for channel in answer["channels"]:
                if not (channel.get("is_im") or channel.get("is_mpim")):
                    found[channel["name"]] = channel
            position = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not position:
                return found

    @staticmethod
    def _name_of(listed: str, known: Mapping[str, Any]) -> str:
        """A channel may be listed by its id, which outlives a new name."""
        return next((name for name, channel in known.items() if channel["id"] == listed), listed)


def _has_news(parent: Mapping[str, Any], known: str) -> bool:
    latest = parent.get("latest_reply")
    if not parent.get("reply_count") or not _is_ts(latest):
        return False
    return not known or float(str(latest)) > float(known)


def _is_ts(value: Any) -> bool:
    return isinstance(value, str) and bool(_TS.fullmatch(value))


def _stamps(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [message["ts"] for message in messages if _is_ts(message.get("ts"))]


def _oldest(messages: Sequence[Mapping[str, Any]]) -> str:
    return min(_stamps(messages), key=float, default="")


def _at(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _just_after(ts: str) -> datetime:
    return _at(ts) + timedelta(microseconds=1)


def _after(ts: str) -> str:
    """The next possible ts: `latest` is exclusive, and this message's own parent is to be read again."""
    whole, _, part = ts.partition(".")
    return f"{int(whole) + 1}.000000" if part == "999999" else f"{whole}.{int(part or 0) + 1:06d}"
