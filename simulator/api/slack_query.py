"""What a call to Slack asks for: its arguments, the stretch of time and the page."""

import base64
import binascii
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request


async def arguments_of(request: Request) -> dict[str, Any]:
    """What a call says in its address and its body, as JSON or as a form."""
    found: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    if "json" in request.headers.get("content-type", ""):
        found |= json.loads(body or b"{}")
    else:
        found |= dict(parse_qsl(body.decode()))
    for key in ("blocks", "attachments", "metadata"):
        if isinstance(found.get(key), str):
            found[key] = json.loads(found[key])
    return found | {"_base": str(request.base_url)} if "filename" in found else found


def within(ts: str, query: dict[str, Any]) -> bool:
    """Return True if the ts lies between `oldest` and `latest`."""
    at, inclusive = float(ts), str(query.get("inclusive", "")).lower() in ("1", "true")
    oldest, latest = float(query.get("oldest") or 0), float(query.get("latest") or "inf")
    return oldest <= at <= latest if inclusive else oldest < at < latest


def paged(key: str, rows: list[Any], query: dict[str, Any]) -> dict[str, Any]:
    """The answer with the rows that `cursor` and `limit` ask for."""
    try:
        start = int(base64.b64decode(query["cursor"])) if query.get("cursor") else 0
    except (binascii.Error, ValueError):
        return {"ok": False, "error": "invalid_cursor"}
    end = start + max(1, min(int(query.get("limit") or 100), 999))
    position = base64.b64encode(str(end).encode()).decode() if end < len(rows) else ""
    return {"ok": True, key: rows[start:end], "response_metadata": {"next_cursor": position}}
