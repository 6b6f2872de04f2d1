"""Slack's Web API as `slack_sdk` sees it: errors come as HTTP 200 with `ok: false`."""

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulator.api.config import SLACK_TOKEN, ApiConfig
from simulator.api.limits import Limits
from simulator.api.slack_query import arguments_of, paged, within
from simulator.api.slack_rows import BOT_ID, BOT_USER, member, options_in, own_rows, row_of, time_of, user_id
from simulator.company import CHANNELS, STREAM_CHANNELS
from simulator.world import Message, World

EXTRA_CHANNELS = ("general", "random", "leadership")
_NEEDS = {
    "conversations.list": "channels:read",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "users.list": "users:read",
    "usergroups.list": "usergroups:read",
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
}
_BLOCK_LIMIT = 50


class SlackApi:
    """Answers from a World; what is posted is kept in `world.posted` and shows in the channel's history."""

    def __init__(self, world: World, config: ApiConfig) -> None:
        self.world, self.config = world, config
        names = [*CHANNELS.values(), *STREAM_CHANNELS.values(), *EXTRA_CHANNELS]
        self.channels = {f"C{n:08d}": name for n, name in enumerate(dict.fromkeys(names), 1)}
        self.archived: set[str] = set()
        self.left: set[str] = set()
        self.private: set[str] = set()
        self.renamed: dict[str, list[str]] = {}
        self.groups: dict[str, list[int]] = {}
        self.gone: dict[int, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.whispered: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []
        self.limits = Limits(rate=config.slack_per_minute / 60, burst=config.slack_per_minute, speed=config.speed)
        self._kept: dict[str, tuple[list[Message], dict[str, list[Message]], list[float]]] = {}
        self.requests = 0
        self.uploads: dict[str, bytes] = {}
        self.app = Starlette(
            routes=[
                Route("/api/{method}", self._call, methods=["GET", "POST"]),
                Route("/upload/{id}", self._upload, methods=["POST"]),
            ]
        )

    async def _call(self, request: Request) -> Response:
        self.requests += 1
        method = request.path_params["method"]
        scopes = {"x-oauth-scopes": ",".join(sorted(self.config.slack_scopes))}
        if request.headers.get("authorization") != f"Bearer {SLACK_TOKEN}":
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        wait = self.limits.take(method)
        if wait:
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(wait)})
        needed = _NEEDS.get(method)
        if needed and needed not in self.config.slack_scopes:
            answer = {"ok": False, "error": "missing_scope", "needed": needed, "provided": scopes["x-oauth-scopes"]}
            return JSONResponse(answer, headers=scopes)
        handler = getattr(self, "do_" + method.replace(".", "_"), None)
        if handler is None:
            return JSONResponse({"ok": False, "error": "unknown_method"}, headers=scopes)
        arguments = await arguments_of(request)
        if not self.config.frozen:
            self.asked.append((method, {name: str(value) for name, value in arguments.items()}))
        return JSONResponse(handler(arguments), headers=scopes)

    def do_auth_test(self, query: dict[str, Any]) -> dict[str, Any]:
        """auth.test"""
        return {
            "ok": True,
            "url": "https://velora.slack.example/",
            "team": self.config.slack_team[1],
            "user": "leeway",
            "team_id": self.config.slack_team[0],
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
        }

    def do_conversations_list(self, query: dict[str, Any]) -> dict[str, Any]:
        """conversations.list"""
        kinds = str(query.get("types") or "public_channel").split(",")
        if "private_channel" in kinds and "groups:read" not in self.config.slack_scopes:
            return {"ok": False, "error": "missing_scope", "needed": "groups:read"}
        rows = [
            {
                "id": id_,
                "name": name,
                "is_channel": True,
                "is_archived": name in self.archived,
                "is_private": name in self.private,
                "is_member": name not in self.left,
                "previous_names": self.renamed.get(id_, []),
            }
            for id_, name in self.channels.items()
            if ("private_channel" if name in self.private else "public_channel") in kinds
        ]
        if str(query.get("exclude_archived", "")).lower() in ("1", "true"):
            rows = [row for row in rows if not row["is_archived"]]
        return paged("channels", rows, query)

    def do_usergroups_list(self, query: dict[str, Any]) -> dict[str, Any]:
        """usergroups.list"""
        return {
            "ok": True,
            "usergroups": [
                {
                    "id": f"S{n:08d}",
                    "handle": handle,
                    "name": handle.title(),
                    "users": [user_id(number) for number in people],
                }
                for n, (handle, people) in enumerate(self.groups.items())
            ],
        }

    def do_conversations_info(self, query: dict[str, Any]) -> dict[str, Any]:
        """conversations.info"""
        name = self.channels.get(str(query.get("channel")))
        if name is None:
            return {"ok": False, "error": "channel_not_found"}
        channel = {"id": query["channel"], "name": name, "is_channel": True, "is_archived": name in self.archived}
        return {
            "ok": True,
            "channel": channel | {"is_member": name not in self.left, "is_private": name in self.private},
        }

    def do_conversations_members(self, query: dict[str, Any]) -> dict[str, Any]:
        """conversations.members"""
        return paged("members", [user_id(person.number) for person in self.world.people], query)

    def do_users_info(self, query: dict[str, Any]) -> dict[str, Any]:
        """users.info"""
        found = next(
            (row for row in self.do_users_list({"limit": 999})["members"] if row["id"] == query.get("user")), None
        )
        return {"ok": True, "user": found} if found else {"ok": False, "error": "user_not_found"}

    def do_users_list(self, query: dict[str, Any]) -> dict[str, Any]:
        """users.list; without users:read.email the address is missing."""
        shown = "users:read.email" in self.config.slack_scopes
        rows = [member(one, with_address=shown, gone=self.gone.get(one.number, "")) for one in self.world.people]
        rows.append({"id": BOT_USER, "name": "ci", "real_name": "CI", "is_bot": True, "profile": {}})
        return paged("members", rows, query)

    def do_conversations_history(self, query: dict[str, Any]) -> dict[str, Any]:
        """conversations.history: top-level messages, newest first."""
        if query.get("channel") not in self.channels:
            return {"ok": False, "error": "channel_not_found"}
        name = self.channels[query["channel"]]
        if name in self.left:
            return {"ok": False, "error": "not_in_channel"}
        if name in self.private and "groups:history" not in self.config.slack_scopes:
            return {"ok": False, "error": "missing_scope", "needed": "groups:history"}
        roots, replies, times = self._threads(query["channel"])
        oldest, latest = float(query.get("oldest") or 0), float(query.get("latest") or "inf")
        near = roots[bisect_left(times, oldest) : bisect_right(times, latest)]
        found: list[Any] = [message for message in near if within(message.ts, query)][::-1]
        if own := own_rows(self.world.posted, name, query):
            found = sorted([*own, *found], key=time_of, reverse=True)
        query["limit"] = min(int(query.get("limit") or 100), self.config.slack_page)
        answer = paged("messages", found, query)
        answer["messages"] = [
            one if isinstance(one, dict) else row_of(one, replies.get(one.ts, [])) for one in answer["messages"]
        ]
        answer["has_more"] = bool(answer["response_metadata"]["next_cursor"])
        return answer

    def do_chat_postEphemeral(self, query: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """chat.postEphemeral"""
        self.whispered.append(query)
        return {"ok": True, "message_ts": "1900000000.000200"}

    def do_views_open(self, query: dict[str, Any]) -> dict[str, Any]:
        """views.open, with the limits on a modal that Slack documents."""
        view = query["view"]
        view = json.loads(view) if isinstance(view, str) else view
        lists = [some for block in view["blocks"] for some in options_in(block.get("element") or {})]
        if len(view["blocks"]) > 100 or len(view["title"]["text"]) > 24 or any(not 1 <= n <= 100 for n in lists):
            return {"ok": False, "error": "invalid_arguments"}
        self.views.append(view)
        return {"ok": True, "view": {"id": f"V{len(self.views):08d}"}}

    def do_conversations_replies(self, query: dict[str, Any]) -> dict[str, Any]:
        """conversations.replies: the parent always comes first, whatever `oldest` says."""
        if query.get("channel") not in self.channels:
            return {"ok": False, "error": "channel_not_found"}
        roots, replies, times = self._threads(query["channel"])
        place = bisect_left(times, float(query.get("ts") or 0))
        root = next((message for message in roots[place : place + 3] if message.ts == query.get("ts")), None)
        if root is None:  # a reply is answered alone
            one = next((m for rows in replies.values() for m in rows if m.ts == query.get("ts")), None)
            return {"ok": True, "messages": [row_of(one, [])]} if one else self._own_thread(query)
        thread = replies.get(root.ts, [])
        found = [root, *(m for m in sorted(thread, key=lambda m: float(m.ts)) if within(m.ts, query))]
        query["limit"] = min(int(query.get("limit") or 1000), self.config.slack_page)
        answer = paged("messages", found, query)
        answer["messages"] = [row_of(m, thread if m is root else []) for m in answer["messages"]]
        answer["has_more"] = bool(answer["response_metadata"]["next_cursor"])
        return answer

    def _own_thread(self, query: dict[str, Any]) -> dict[str, Any]:
        """The thread below a message that the app itself posted."""
        shown = ("ts", "text", "thread_ts", "metadata")
        found = [
            {name: one[name] for name in shown if name in one} | {"type": "message"}
            for one in self.world.posted
            if query.get("ts") in (one["ts"], one.get("thread_ts"))
        ]
        return paged("messages", found, query) if found else {"ok": False, "error": "thread_not_found"}

    def do_chat_postMessage(self, query: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Slack's own name
        """chat.postMessage, with the limits on blocks that Slack documents."""
        person = str(query.get("channel", ""))
        if person[:1] in "UD" and person[1:] in {user_id(one.number)[1:] for one in self.world.people}:
            return self._direct(f"D{person[1:]}", query)
        channel = self._channel_id(person)
        if channel is None:
            return {"ok": False, "error": "channel_not_found"}
        if self.channels[channel] in self.archived:
            return {"ok": False, "error": "is_archived"}
        if self.channels[channel] in self.left:
            unseen = self.channels[channel] in self.private
            return {"ok": False, "error": "channel_not_found" if unseen else "not_in_channel"}
        blocks = query.get("blocks") or []
        if len(blocks) > _BLOCK_LIMIT or not (blocks or query.get("text")):
            return {"ok": False, "error": "invalid_blocks"}
        ts = f"{1_900_000_000 + len(self.world.posted)}.000100"
        self.world.posted.append({"channel": self.channels[channel], "ts": ts, **query})
        return {"ok": True, "channel": channel, "ts": ts, "message": {"text": query.get("text"), "ts": ts}}

    def _direct(self, channel: str, query: dict[str, Any]) -> dict[str, Any]:
        """A message to one person: a user's id, or that of the conversation that the first answer named."""
        if len(query.get("blocks") or []) > _BLOCK_LIMIT:
            return {"ok": False, "error": "invalid_blocks"}
        ts = f"{1_900_000_000 + len(self.world.posted)}.000100"
        self.world.posted.append({**query, "channel": channel, "ts": ts})
        return {"ok": True, "channel": channel, "ts": ts, "message": {"text": query.get("text"), "ts": ts}}

    def do_chat_update(self, query: dict[str, Any]) -> dict[str, Any]:
        """chat.update"""
        for message in self.world.posted:
            if message["ts"] == query.get("ts"):
                message |= {key: query[key] for key in ("text", "blocks") if key in query}
                return {"ok": True, "channel": query.get("channel"), "ts": message["ts"]}
        return {"ok": False, "error": "message_not_found"}

    def do_files_getUploadURLExternal(self, query: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """files.getUploadURLExternal"""
        id_ = f"F{len(self.uploads) + 1:08d}"
        self.uploads[id_] = b""
        return {"ok": True, "file_id": id_, "upload_url": f"{query['_base']}upload/{id_}"}

    def do_files_completeUploadExternal(self, query: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        """files.completeUploadExternal"""
        files = query.get("files") or []
        files = json.loads(files) if isinstance(files, str) else files
        return {"ok": True, "files": [{"id": file["id"], "title": file.get("title", "")} for file in files]}

    async def _upload(self, request: Request) -> Response:
        self.uploads[request.path_params["id"]] = await request.body()
        return PlainTextResponse("OK")

    def _threads(self, channel: str) -> tuple[list[Message], dict[str, list[Message]], list[float]]:
        """Roots in order of time, replies by root, the roots' times; kept where the world does not change."""
        name = self.channels[channel]
        if self.config.frozen and name in self._kept:
            return self._kept[name]
        roots: list[Message] = []
        replies: dict[str, list[Message]] = defaultdict(list)
        for message in self.world.messages:
            if message.channel == name:
                if message.thread:
                    replies[message.thread].append(message)
                if not message.thread or message.broadcast:
                    roots.append(message)
        roots.sort(key=lambda message: float(message.ts))
        self._kept[name] = (roots, replies, [float(message.ts) for message in roots])
        return self._kept[name]

    def _channel_id(self, name: str) -> str | None:
        wanted = name.lstrip("#")
        return next((id_ for id_, known in self.channels.items() if wanted in (id_, known)), None)
