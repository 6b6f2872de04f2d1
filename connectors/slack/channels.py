"""The channels of a workspace, and the ids of those that are listed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import NotReachable
from connectors.onward import Onward
from connectors.slack.client import PAGE_SIZE, SOURCE, SlackClient, next_of


def is_closed(row: Mapping[str, Any]) -> bool:
    """Return True if a channel is archived and the app was put out of it."""
    return bool(row.get("is_archived")) and not row.get("is_member", True)


class Channels:
    """`listed` are names or ids of channels, without #. Errors are SourceError."""

    def __init__(self, client: SlackClient, listed: Sequence[str]) -> None:
        self._client, self.listed = client, listed
        self._ids: dict[str, str] = {}
        self._first: dict[str, str] = {}
        self._closed: set[str] = set()

    def find(self) -> None:
        """Look up the ids of the listed channels, which may have changed."""
        known = self.all()
        rows = {name: known.get(self.name_of(name, known)) for name in self.listed}
        self._ids = {name: row["id"] for name, row in rows.items() if row}
        self._closed = {name for name, row in rows.items() if row and is_closed(row)}

    def is_over(self, stream: str, cursor: Mapping[str, Any] | None, since: float = math.inf) -> bool:
        """Return True if a channel that was read is archived and has put the app out, as Slack does: nothing comes any more, and
        nobody could let it in. Raises NotReachable where it was not read before, down to `since`."""
        if stream.removeprefix("channel ") not in self._closed:
            return False
        if not cursor or float(cursor.get("back", 0)) > since:
            raise NotReachable(
                SOURCE,
                f"the {stream.replace(' ', ' #', 1)} is archived and the app is not in it.",
                "Unarchive it, invite the app and archive it again once it has been read, or remove it from slack.channels.",
            )
        return True

    def id_of(self, stream: str) -> str:
        """The id of the channel that a stream reads. Raises NotReachable."""
        name = stream.removeprefix("channel ")
        if not self._ids:
            self.find()
        if name not in self._ids:
            raise NotReachable(
                SOURCE,
                f"the channel #{name} does not exist or the app is not in it.",
                f"Check slack.channels and invite the app: /invite in #{name}.",
            )
        return self._ids[name]

    def streams(self) -> list[str]:
        """Of the listed channels that are there."""
        return [f"channel {name}" for name in self._ids]

    def keep(self, stream: str, first: str) -> None:
        """The channel had this id when it was first read: a private one that is shared gets another."""
        self._first[stream] = first

    def kept_as(self, stream: str) -> str:
        """The id that is part of what its messages are called: the first one, or they would be kept twice."""
        return self._first.get(stream) or self.id_of(stream)

    def now(self, kept: str) -> str:
        """The present id of the channel that is kept by this one."""
        return next((self.id_of(stream) for stream, first in self._first.items() if first == kept), kept)

    def all(self) -> dict[str, dict[str, Any]]:
        """Every channel the app can see, by name; direct messages are never asked for. Archived ones are kept, to be
        read to their end."""
        found: dict[str, dict[str, Any]] = {}
        position, onward = "", Onward(SOURCE, "conversations.list")
        kinds = "public_channel,private_channel" if "groups:read" in self._client.granted() else "public_channel"
        while True:
            answer = self._client.ask(
                "conversations.list", types=kinds, exclude_archived="false", limit=PAGE_SIZE, cursor=position
            )
            for channel in answer["channels"]:
                if channel.get("name") and not (channel.get("is_im") or channel.get("is_mpim")):
                    found[channel["name"]] = channel
            position = next_of(answer)
            if not position:
                return found
            onward.to(position)

    @staticmethod
    def name_of(listed: str, known: Mapping[str, Any]) -> str:
        """A channel may be listed by its id, which outlives a new name, or by a name that it had before and none has now."""
        by_id = next((name for name, channel in known.items() if channel["id"] == listed), None)
        if by_id or listed in known:
            return by_id or listed
        had = [name for name, channel in known.items() if listed in (channel.get("previous_names") or [])]
        return had[0] if len(had) == 1 else listed
