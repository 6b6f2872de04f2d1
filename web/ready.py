"""Prepare pages before they are requested: after each cycle the first page, and those viewed recently, are rendered once in the
background, so that what is cached until the next cycle (charts, largest items, sums of effort) is there."""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Collection
from urllib.parse import quote

import httpx
import structlog
from fastapi import FastAPI, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from leeway.app import App, NotReady
from web import data
from web.auth import WITHIN, Viewer

log = structlog.get_logger()
EVERY = 2.0
"""Seconds between checks for a new cycle; a check reads one row by its key."""
MOST = 25
"""Pages of one kind that are read, however many somebody looked at."""
LATELY = 8 * 86_400.0
"""Seconds for which a page that somebody looked at is made ready: who looks once a week finds it so."""
KINDS = ("teams", "objectives", "drifts", "streams", "key-results", "diagnoses", "packs", "steps")
"""Places that keep something for a cycle, by the order in which they are read."""
PLACE = re.compile(rf"/streams/.+|/(?:{'|'.join(KINDS)})(?:/[^/]+)?")


class Looked:
    """Which places somebody looked at lately, for as long as this process lives."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._at = clock, dict[str, float]()

    def at(self, request: Request) -> None:
        """Somebody sees the page of this request; what this process reads itself is no look."""
        path = request.url.path
        if WITHIN not in request.scope and PLACE.fullmatch(path):
            self._at[path] = self._clock()

    def lately(self) -> set[str]:
        """Their paths."""
        since = self._clock() - LATELY
        self._at = {path: at for path, at in list(self._at.items()) if at >= since}  # others may look meanwhile
        return set(self._at)


def keep_ready(web: FastAPI, app: App) -> None:
    """Read the pages now, and again after each cycle, for as long as this process lives."""
    threading.Thread(target=_follow, args=(web, app), daemon=True, name="pages ready").start()


def _follow(web: FastAPI, app: App) -> None:
    cycle, known, pause = -1, -1, threading.Event()
    while True:
        try:
            cycle, _ = data.last_cycle(app)
            if cycle != known:
                asyncio.run(read_pages(web, web.state.looked.lately()))
                known = cycle
        except (SQLAlchemyError, NotReady):  # /readyz says so; pages that are asked for are made when they are
            pass
        except Exception as error:  # whoever asks for the page is told; without this nothing would be ready any more
            log.warning("pages could not be prepared", reason=type(error).__name__)
            known = cycle  # or a page that cannot be made would be tried, with all before it, every two seconds
        pause.wait(EVERY)


async def read_pages(web: ASGIApp, wanted: Collection[str]) -> list[str]:
    """Read the first page and what else is wanted, as one who sees the company; returns the paths that are there."""

    async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
        await web({**scope, WITHIN: Viewer("company")}, receive, send)

    read = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(signed_in), base_url="http://localhost") as client:
        for path in ("/", *_in_order(wanted)):
            if (await client.get(quote(path))).status_code == 200:
                read.append(path)
    return read


def _in_order(paths: Collection[str]) -> list[str]:
    """At most so many of each kind; one team's page comes after what all look at."""
    by_kind: dict[tuple[int, int], list[str]] = {}
    for path in sorted(paths):
        kind = path.split("/")[1]
        by_kind.setdefault((path.startswith("/teams/"), KINDS.index(kind)), []).append(path)
    return [path for key in sorted(by_kind) for path in by_kind[key][:MOST]]
