"""Behind a reverse proxy: under a path (`web.url`, or X-Forwarded-Prefix of a trusted one), whether or not the proxy strips it.

The routes know no prefix. It is stripped from requests and added to responses: here for redirects, in the templates for links
(`Rooted`). HEAD is also answered here, as GET without a body.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from fastapi import Request
from jinja2.ext import Extension
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ROOT = "leeway.root"
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_LINK = re.compile(r'\b(href|src|action)="/(?!/)')


def root_of(request: Request) -> str:
    """The path that the page is under, "" or like "/leeway"."""
    return str(request.scope.get(_ROOT, ""))


class Rooted(Extension):
    """Puts the path of the page before every link of a template that begins with a slash."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Called by Jinja before it compiles a template."""
        return _LINK.sub(r'\1="{{ root }}/', source)


class Proxied:
    """ASGI middleware, to be the outermost: it must see who really connects."""

    def __init__(self, app: ASGIApp, url: str, trusted: Sequence[str]) -> None:
        self.app, self.trusted = app, trusted
        self.prefix = urlsplit(url).path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the prefix off the path, and put it before redirects."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        root = self._forwarded(scope) or self.prefix
        head = scope["method"] == "HEAD"
        path = scope["path"]
        if root and (path == root or path.startswith(f"{root}/")):
            path = path[len(root) :] or "/"
        inner = {
            **scope,
            "path": path,
            "raw_path": path.encode(),
            "method": "GET" if head else scope["method"],
            _ROOT: root,
        }

        async def outwards(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                target = headers.get("location", "")
                if root and target.startswith("/") and not target.startswith("//"):
                    headers["location"] = root + target
            elif message["type"] == "http.response.body" and head:
                message = {**message, "body": b""}
            await send(message)

        await self.app(inner, receive, outwards)

    def _forwarded(self, scope: Scope) -> str:
        """Return X-Forwarded-Prefix from a trusted proxy; from anybody else it could hijack links."""
        given = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
        client = (scope.get("client") or ("",))[0]
        return given if given and _PREFIX.fullmatch(given) and is_trusted(client, self.trusted) else ""


def is_trusted(client: str, trusted: Sequence[str]) -> bool:
    """Return True if an address is one of `trusted`, or in one of its networks; "*" trusts everybody."""
    if "*" in trusted:
        return True
    try:
        address = ip_address(client)
    except ValueError:
        return client in trusted
    return any(address in ip_network(one, strict=False) for one in trusted if one != client) or client in trusted
