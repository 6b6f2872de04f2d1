"""Slack as a channel: a post in one channel of a workspace, follow-ups in its thread, an earlier post found by its metadata."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from itertools import islice
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from alerts.channel import DeliveryError, FollowUp, Notice, Reference, SentMessage
from alerts.retry import destination
from alerts.slack import Faces, escape, grouped, message, metadata, plain_message, told_in
from alerts.view import AlertView
from connectors.base import Check
from connectors.network import why
from connectors.slack import codes
from connectors.slack.client import vendor
from pipeline.drift.finding import Audience

CHANNEL = "slack"
"""Name of the channel for alerts, whose buttons `web/slack.py` answers."""
SECONDS = 10
PAGE = 200
SKEW = timedelta(minutes=10)
"""How much the clocks of Slack and of a worker may differ."""
_FIXES = {
    "channel_not_found": "there is no such channel, or it is private and the app is not in it. Check the name, then /invite "
    "the app.",
    "not_in_channel": "the app is not in the channel. /invite it there.",
    "is_archived": "the channel is archived. Unarchive it, or set another one in the settings.",
    "missing_scope": "the token lacks the scope {needed}. Add it at api.slack.com/apps, OAuth & Permissions, and reinstall.",
    "restricted_action": "the workspace lets only some people post there. Ask its admins, or set another channel.",
    "restricted_action_thread_locked": "the thread is locked.",
    "thread_not_found": "the alert was deleted there.",
    "cannot_reply_to_message": "the alert was deleted there.",
}
_GONE = {"is_archived", "channel_not_found", "not_in_channel"}


class _Refused(DeliveryError):
    """Slack refused; `code` is its error code."""

    def __init__(self, code: str, needed: str = "") -> None:
        if code in codes.NO_TOKEN:
            why = codes.wrong_token(code)
            text = f"Slack rejects the token ({why}). Copy the bot token from api.slack.com/apps into slack.token."
        else:
            text = _FIXES.get(code, f"Slack answered {code}.").format(needed=needed)
        no_token, lasts = code in codes.NO_TOKEN, code not in codes.NO_TOKEN | codes.TRANSIENT
        super().__init__(text, refused=code not in codes.TRANSIENT, down=no_token, lasting=lasts)
        self.code = code


def slack_client(token: str, api_url: str) -> WebClient:
    """Return the vendor's client for posting. An interrupted request may have arrived, so only rate-limited ones are repeated
    blindly."""
    client = vendor(token, api_url.rstrip("/") + "/", SECONDS)
    client.retry_handlers = [RateLimitErrorRetryHandler(max_retry_count=2)]
    return client


@dataclass(slots=True)
class SlackChannel:
    """`channel` is a name or an id, as in the settings."""

    client: WebClient
    channel: str
    audience: Audience = "company"
    faces: Faces = field(default_factory=Faces)
    name: str = ""
    _id: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.name = self.name or (CHANNEL if self.audience == "company" else f"{CHANNEL} {self.audience}")

    @property
    def place(self) -> str:
        """As people call it."""
        return f"Slack channel #{self.channel.lstrip('#')}"

    @property
    def destination(self) -> str:
        """See Channel."""
        return destination((self.client.base_url, self.client.token, self.channel))

    def send(self, notice: Notice) -> Reference:
        """Post it, with the chart where the app may upload files."""
        picture = self._upload(notice.picture())
        try:
            return self._post(notice, picture)
        except _Refused as error:
            if not picture or error.code != "invalid_blocks":  # a file may not be shown before Slack is done with it
                raise
            return self._post(notice, None)

    def _post(self, notice: Notice, picture: str | None) -> Reference:
        if isinstance(notice.content, AlertView):
            arguments = message(notice.content, notice.drifts[0], self.faces, picture, notice.names)
        elif isinstance(notice.content, str):
            arguments = plain_message(notice.content, notice.drifts, notice.names)
        else:
            arguments = grouped(notice.content, notice.drifts, self.faces, notice.names)
        try:
            answer = self._call("chat_postMessage", channel=self._known_id() or self.channel, **arguments)
        except _Refused as error:
            if error.code != "channel_not_found" or self._known_id() or not self._id_of_settings():
                raise
            answer = self._call("chat_postMessage", channel=self._known_id(), **arguments)  # it was renamed
        return {"channel": str(answer["channel"]), "ts": str(answer["ts"])}

    def find(self, notice: Notice, since: datetime, known: Sequence[Reference], *, tried: bool) -> SentMessage | None:
        """The post about these drifts, by the metadata in the channel's history since the attempt, on whatever page; without an
        attempt among the newest messages.

        None where the app may not read there: better twice than never.
        """
        for id_ in self._places(known):
            try:
                posts = self._history("conversations_history", since, channel=id_)
                for one in posts if tried else islice(posts, 2 * PAGE):
                    own = not tried and any(one.get("ts") == other.get("ts") for other in known)
                    if not own and (told := told_in(one, notice, tried)):
                        return SentMessage({"channel": id_, "ts": str(one["ts"])}, told)
            except _Refused as error:
                if error.code not in (*_GONE, "missing_scope"):
                    raise
        return None

    def follow_up(self, reference: Reference, news: FollowUp, since: datetime | None) -> None:
        """Reply in the thread; in the channel of the settings where that of the thread is gone."""
        place, thread = str(reference["channel"]), str(reference["ts"])
        if since is not None and self._replied(place, thread, news.key, since):
            return
        text = f"<@{news.person}>: {escape(news.text)}" if news.person else escape(news.text)
        about = metadata([news.drift])
        about["event_payload"]["reply"] = news.key
        arguments = {"text": text, "metadata": about, "unfurl_links": False}
        in_channel = {"reply_broadcast": True} if news.loud else {}
        try:
            self._call("chat_postMessage", channel=place, thread_ts=thread, **arguments, **in_channel)
        except _Refused as error:
            elsewhere = self._id_of_settings() if error.code in _GONE else ""
            if not elsewhere or elsewhere == place:
                raise
            self._call("chat_postMessage", channel=elsewhere, **arguments)

    def check(self) -> Iterator[Check]:
        """Check that the app may post in the channel and find its posts there; nothing is posted."""
        name = f"channel #{self.channel.lstrip('#')}"
        try:
            scopes = _scopes(self._call("auth_test"))
            found = self._look_up()
        except DeliveryError as error:
            yield Check(name, False, error.message, error.fix or "Check slack.token and slack.api_url.")
            return
        if scopes and "chat:write" not in scopes:
            yield Check(name, False, "the token lacks the scope chat:write.", "Add it, and reinstall the app.")
        elif found is None or not found.get("is_member", True):
            fix = f"Check the name in the settings, and invite the app: /invite in {name[8:]}."
            yield Check(name, False, "not there, or the app is not in it", fix)
        elif found.get("is_archived"):
            yield Check(name, False, "archived", "Unarchive it, or set another channel in the settings.")
        else:
            needed = "groups:history" if found.get("is_private") else "channels:history"
            blind = bool(scopes) and needed not in scopes
            yield Check(
                name,
                True,
                "the app is in it"
                + (f"; without the scope {needed} an alert may be posted twice after a crash" if blind else ""),
            )

    def _upload(self, picture: bytes | None) -> str | None:
        """Id of the uploaded chart. Without the scope files:write the alert goes without it."""
        if picture is None:
            return None
        try:
            answer = self._call(
                "files_upload_v2", content=picture, filename="shares.png", title="Weekly share of the top priorities"
            )
            return str(answer["files"][0]["id"])
        except (DeliveryError, KeyError, IndexError):
            return None

    def _replied(self, place: str, thread: str, key: str, since: datetime) -> bool:
        try:
            replies = self._history("conversations_replies", since, channel=place, ts=thread)
            return any(((one.get("metadata") or {}).get("event_payload") or {}).get("reply") == key for one in replies)
        except _Refused:
            return False

    def _history(self, method: str, since: datetime, **where: str) -> Iterator[dict[str, Any]]:
        oldest = f"{(since - SKEW).timestamp():.6f}"
        return self._rows("messages", method, limit=PAGE, oldest=oldest, include_all_metadata=True, **where)

    def _places(self, known: Sequence[Reference]) -> list[str]:
        """Where a post may stand: in the channel of the settings, and where those before it are."""
        own = self._id_of_settings()
        return list(
            dict.fromkeys([*([own] if own else []), *(str(one["channel"]) for one in known if "channel" in one)])
        )

    def _known_id(self) -> str:
        """The channel's id if it needs no asking: a name may change between two posts."""
        return self._id or (self.channel if _is_id(self.channel) else "")

    def _id_of_settings(self) -> str:
        if not self._known_id():
            found = self._look_up()
            self._id = str(found["id"]) if found else ""
        return self._known_id()

    def _look_up(self) -> dict[str, Any] | None:
        """The channel as Slack describes it, private ones too, from whatever page of the list; None where it is not shown."""
        if _is_id(self.channel):
            try:
                return dict(self._call("conversations_info", channel=self.channel)["channel"])
            except _Refused as error:
                if error.code == "channel_not_found":
                    return None
                raise
        wanted = self.channel.lstrip("#")
        for kinds in ("public_channel,private_channel", "public_channel"):
            try:
                rows = self._channels(kinds)
                return _of_name(list(rows), wanted)
            except _Refused as error:
                if error.code != "missing_scope":
                    raise
        return None

    def _channels(self, kinds: str) -> Iterator[dict[str, Any]]:
        return self._rows("channels", "conversations_list", types=kinds, limit=999)

    def _rows(self, name: str, method: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """All rows of that name, from one page of answers after another."""
        cursor = ""
        while True:
            answer = self._call(method, **arguments, cursor=cursor or None)
            yield from answer[name]
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    def _call(self, method: str, **arguments: Any) -> Any:
        return call(self.client, method, **arguments)


def call(client: WebClient, method: str, **arguments: Any) -> Any:
    """Call Slack; its errors become ours, without the token. Raises DeliveryError."""
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return getattr(client, method)(**given)
    except SlackApiError as error:
        raise _error(error) from None
    except (SlackClientError, OSError, HTTPException, ValueError, RecursionError) as error:
        what, fix = why(error, "Check slack.api_url and the network.")
        raise DeliveryError(f"no usable answer from Slack ({what}).", fix, down=True) from None


def _error(error: SlackApiError) -> DeliveryError:
    response: Any = error.response
    data = getattr(response, "data", response)
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    status = getattr(response, "status_code", 200)
    if status == 429 or code == "ratelimited":
        return DeliveryError("Slack's rate limit is used up.", refused=True, down=True)
    if status >= 500 or not code.replace("_", "").isalnum() or len(code) > 60:
        return DeliveryError(f"Slack answers {status} with something that is not JSON.", down=True)
    return _Refused(code, str(data.get("needed", "?"))[:60])


def _scopes(answer: Any) -> set[str]:
    """The scopes that were granted; empty where Slack does not say."""
    for name, value in getattr(answer, "headers", {}).items():
        if name.lower() == "x-oauth-scopes":
            text = value[0] if isinstance(value, list) else value
            return {one for one in str(text).replace(" ", "").split(",") if one}
    return set()


def _of_name(rows: Sequence[dict[str, Any]], wanted: str) -> dict[str, Any] | None:
    """The channel of that name, else the one that was renamed from it."""
    now = [row for row in rows if row.get("name") == wanted]
    had = now or [row for row in rows if wanted in (row.get("previous_names") or [])]
    return had[0] if len(had) == 1 else None


def _is_id(channel: str) -> bool:
    """Return True for a channel's id: upper case, which no name can be."""
    return len(channel) >= 9 and channel[0] in "CGD" and channel.isalnum() and channel.isupper()
