"""Messages as Slack answers them: a channel's history and the replies of one thread, a page at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from connectors.base import BadAnswer, NotFound, Span
from connectors.onward import Onward
from connectors.slack.channels import Channels
from connectors.slack.client import PAGE_SIZE, SOURCE, SlackClient, next_of
from connectors.slack.stamps import is_ts, just_after, oldest_in, stamps_of, time_of

LONG_THREAD = 200
"""Threads of more replies are read on from what is known; shorter ones whole, which shows deletions at once."""


class Reading:
    """Streams are `channel NAME`. Errors are SourceError."""

    def __init__(self, client: SlackClient, channels: Channels) -> None:
        self._client, self._channels = client, channels
        self._limited: set[str] = set()

    def history(self, stream: str, oldest: str, latest: str) -> Iterator[tuple[list[dict[str, Any]], bool]]:
        """Pages of top-level messages, newest first, and whether more follow. Raises BadAnswer where the way on is lost.

        Only an answer without a cursor ends the walk: a page may hold nothing and still have more behind it.
        """
        channel, position = self._channels.id_of(stream), ""
        onward = Onward(SOURCE, f"{stream}: conversations.history")
        while True:
            query = {"channel": channel, "limit": PAGE_SIZE, "oldest": oldest, "latest": latest, "cursor": position}
            answer = self._client.ask("conversations.history", **query)
            messages = [m for m in answer["messages"] if isinstance(m, dict) and is_ts(m.get("ts"))]
            if answer.get("is_limited"):  # a free workspace hides what is old, which deletes nothing
                self._limited.add(stream)
            position = next_of(answer)
            more = bool(position or answer.get("has_more"))
            if messages or not more:
                yield messages, more
            if not more:
                return
            if messages:  # a bound that is known outlives a cursor, which expires
                latest, position = oldest_in(messages), ""
            elif not position:
                raise BadAnswer(SOURCE, f"{stream}: conversations.history has more but no cursor to it.")
            onward.to(latest, position)

    def thread(
        self, stream: str, parent: Mapping[str, Any], news: str, *, whole: bool
    ) -> Iterator[tuple[list[dict[str, Any]], Span]]:
        """Replies of one thread, a page at a time, each with the stretch of time that it holds completely."""
        channel, kept = self._channels.id_of(stream), self._channels.kept_as(stream)
        root, partly = parent["ts"], bool(news) and int(parent["reply_count"]) > LONG_THREAD and not whole
        after, position, oldest = (news if partly else root), "", (news if partly else "")
        onward = Onward(SOURCE, f"{stream}: conversations.replies")
        while True:
            query = {"channel": channel, "ts": root, "limit": PAGE_SIZE, "cursor": position, "oldest": oldest}
            answer = self._client.ask("conversations.replies", **query)
            replies = [m for m in answer["messages"] if isinstance(m, dict) and m.get("ts") != root]
            position = next_of(answer)
            last = max([after, *stamps_of(replies)], key=float)
            bound = just_after(last) if position else None
            yield replies, Span(item=f"{kept}:{root}", after=just_after(after), before=bound)
            after = last
            if not position:
                return
            onward.to(position)

    def first_id(self, stream: str, kept: str | None, known: str) -> str:
        """The id by which the channel's messages are kept, and are from now on. `kept` is the one that the cursor names.

        A channel that has another id now, but holds the newest message that is `known`, is the same; else it is a new one of
        the same name.
        """
        first = present = self._channels.id_of(stream)
        if kept and kept != present and known:
            with suppress(NotFound):
                found = self._client.ask("conversations.replies", channel=present, ts=known, limit=1)["messages"]
                first = kept if any(isinstance(m, dict) and m.get("ts") == known for m in found) else present
        self._channels.keep(stream, first)
        return first

    def learn(self, newest: Mapping[str, str]) -> None:
        """The same for all channels, where no cursor is at hand: from the newest ts that is kept of each id."""
        present = {stream: self._channels.id_of(stream) for stream in self._channels.streams()}
        strange = newest.keys() - {*present.values()}
        for stream in [stream for stream, id_ in present.items() if strange and id_ not in newest]:
            any(self.first_id(stream, id_, newest[id_]) == id_ for id_ in sorted(strange))

    def whole(
        self, stream: str, messages: Sequence[Mapping[str, Any]], bound: str, latest: str, more: bool
    ) -> list[Span]:
        """The stretch of time that a page of the history holds completely, from `bound` on where none follows."""
        if not more and stream in self._limited:
            return []
        first = oldest_in(messages) if more else bound
        return [
            Span(
                container=f"#{stream.removeprefix('channel ')}",
                after=time_of(first) if more else just_after(bound),
                before=time_of(latest) if latest else None,
            )
        ]


def has_news(parent: Mapping[str, Any], known: str) -> bool:
    """Return True if a thread has replies that are newer than the one that is known."""
    latest = parent.get("latest_reply")
    if not parent.get("reply_count") or not is_ts(latest):
        return False
    return not known or float(str(latest)) > float(known)
